# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A folder with the logs of a DaemonSet's pods: one file for each container of each node."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO

_BLOCK = 65536
_FOLDER_MODE = 0o700
_DRAFT_MODE = 0o600
# Most file systems take names of 255 bytes, and a node's name may have 253.
_LONGEST_NAME = 255
_LONGEST_CONTAINER = 63
_HASH_CHARACTERS = 8
# What names in Kubernetes are made of, and no more: the server says what they are.
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]|^[.-]")


def file_names(logs: Sequence[tuple[str, str, str]], *, previous: bool) -> list[str]:
    """The name of each log's file, no two the same.

    It is ``NODE.CONTAINER.log``, or ``NODE_POD.CONTAINER.log`` where there are logs of several pods
    of a node: names in Kubernetes have no underscores, and those of containers no dots.

    Args:
        logs: node, pod and container of each.
        previous: whether they are of the containers before the last restart.
    """
    pods: dict[str, set[str]] = {}
    for node, pod, _container in logs:
        pods.setdefault(node, set()).add(pod)
    ending = ".previous.log" if previous else ".log"
    names = []
    for node, pod, container in logs:
        tail = f".{_safe(container, _LONGEST_CONTAINER)}{ending}"
        stem = node if node and len(pods[node]) == 1 else f"{node}_{pod}"
        names.append(_safe(stem, _LONGEST_NAME - len(tail)) + tail)
    return names


def _safe(name: str, room: int) -> str:
    """A name that is a file's; where something has to be left out, a hash says what."""
    kept = _UNSAFE.sub("_", name)
    if kept == name and len(kept) <= room:
        return kept
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:_HASH_CHARACTERS]
    return f"{kept[: room - _HASH_CHARACTERS - 1]}-{digest}"


def problem_of(path: str) -> str | None:
    """Why logs cannot be written to this folder, a clause; None where it seems that they can."""
    place = os.path.abspath(path)
    while not os.path.lexists(place) and place != os.path.dirname(place):
        place = os.path.dirname(place)
    if not os.path.isdir(place):
        what = "" if place == os.path.abspath(path) else f"{place} "
        return f"{what}is not a folder"
    if not os.access(place, os.W_OK | os.X_OK):
        return f"nothing may be written to {place} by this user"
    return None


@dataclass(frozen=True)
class Draft:
    """A file that is being written, and has no name yet that anybody would look for."""

    file: BinaryIO
    name: str | None


class Folder:
    """Where logs are written to. Nothing is ever written outside of it, links in it or not.

    Args:
        path: the folder; it and those above it are made, for this user alone, where they are
            missing.
        mode: the permissions of the files.
        check_mode: compare only, and write nothing.

    Raises:
        OSError: it cannot be made or used.
    """

    def __init__(self, path: str, mode: int, *, check_mode: bool):
        self.path = path
        self._mode = mode
        self._check_mode = check_mode
        self._descriptor: int | None = None
        if not check_mode:
            os.makedirs(path, mode=_FOLDER_MODE, exist_ok=True)
        if os.path.isdir(path):
            self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Forget the folder."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """A file to write to, which is gone in the end unless it was placed.

        Raises:
            OSError: it cannot be made.
        """
        if self._check_mode:
            with tempfile.TemporaryFile() as file:
                yield Draft(file, None)
            return
        name = f".everynode-{secrets.token_hex(8)}.tmp"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(
            name, "w+b", opener=lambda path, _flags: self._open(path, flags, _DRAFT_MODE)
        ) as file:
            try:
                yield Draft(file, name)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=self._descriptor)

    def place(self, draft: Draft, name: str) -> bool:
        """Give a draft its name, at once and whole; whether that changes anything.

        What is no file there, such as a link, is replaced, never followed.

        Raises:
            OSError: it cannot be.
        """
        draft.file.flush()
        found = self._existing(name)
        if found is not None:
            with found:
                same_mode = stat.S_IMODE(os.fstat(found.fileno()).st_mode) == self._mode
                if _is_same(found, draft.file):
                    if not same_mode and not self._check_mode:
                        os.fchmod(found.fileno(), self._mode)
                    return not same_mode
        if draft.name is not None:
            os.fchmod(draft.file.fileno(), self._mode)
            os.replace(draft.name, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
        return True

    def _existing(self, name: str) -> BinaryIO | None:
        """The file of that name; None where there is none, or none that can be compared.

        Raises:
            IsADirectoryError: it is a folder, which nothing replaces.
        """
        if self._descriptor is None:
            return None
        # Without the last flag, opening a named pipe would wait for who writes to it.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            descriptor = self._open(name, flags)
        except OSError:
            return None
        kind = os.fstat(descriptor).st_mode
        if stat.S_ISREG(kind):
            return open(descriptor, "rb")
        os.close(descriptor)
        if stat.S_ISDIR(kind):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
        return None

    def _open(self, name: str, flags: int, mode: int = 0) -> int:
        return os.open(name, flags, mode, dir_fd=self._descriptor)


def _is_same(one: BinaryIO, other: BinaryIO) -> bool:
    if os.fstat(one.fileno()).st_size != os.fstat(other.fileno()).st_size:
        return False
    one.seek(0)
    other.seek(0)
    return all(ours == theirs for ours, theirs in zip(_blocks(one), _blocks(other), strict=True))


def _blocks(file: BinaryIO) -> Iterable[bytes]:
    return iter(lambda: file.read(_BLOCK), b"")
