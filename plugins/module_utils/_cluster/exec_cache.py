# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Memory that all workers of a playbook share: credentials of plugins, got once and used until they
expire.

Every task runs in a new worker, forked from the process that imported this file. The memory is an
anonymous map made at import, so a worker sees what another stored, and nothing of it is ever on a
disk. A process that was not forked from another (a module run) simply has a map of its own.
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# Credentials are 1 to 10 KiB each; only pages that were written take up memory.
_SIZE = 4 * 1024 * 1024
_HEADER = struct.Struct("<Q")
_LOCK_RANGE = 1 << 30

# Taken for expired a little early, so that the request still arrives in time.
_SKEW_SECONDS = 10.0
_SHORT_WAIT_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 0.05

Value = dict[str, Any]


class SharedCache:
    """A small map from key to JSON value, shared by a process and all its forks.

    Locks are record locks of the kernel: they belong to a process and end with it, so that a worker
    killed while it holds one never blocks the others.
    """

    def __init__(self, size: int = _SIZE) -> None:
        self._memory = mmap.mmap(-1, size)
        self._size = size
        self._lock_file = _empty_file()
        self._threads = threading.RLock()
        # A thread of the parent may hold the lock in the moment of the fork; the child has no such
        # thread.
        os.register_at_fork(after_in_child=self._forget_threads)

    def _forget_threads(self) -> None:
        self._threads = threading.RLock()

    def get(self, key: str) -> Value | None:
        """The value stored under a key, or None where there is none or it has expired."""
        with self._locked(0, _SHORT_WAIT_SECONDS) as held:
            entry = self._read().get(key) if held else None
        if entry is None or _is_over(entry):
            return None
        value: Value = entry["value"]
        return value

    def put(self, key: str, value: Value, expires: float | None) -> None:
        """Store a value until a time (seconds since the epoch), or for the life of the playbook."""
        with self._locked(0, _SHORT_WAIT_SECONDS) as held:
            if not held:
                return
            entries = {name: entry for name, entry in self._read().items() if not _is_over(entry)}
            entries.pop(key, None)
            entries[key] = {"value": value, "expires": expires}
            self._write(entries)

    def once(
        self,
        key: str,
        make: Callable[[], tuple[Value, float | None]],
        *,
        rejected: Value | None = None,
        patience: float,
    ) -> Value:
        """The value under a key; where there is none, one process makes it while the others wait
        for it.

        Args:
            key: see ``keys.key_of``.
            make: makes the value and says when it expires (None: not before the playbook ends).
            rejected: a value not to be used again, which the server refused; another one that
                somebody has stored meanwhile is taken.
            patience: how many seconds to wait for another process that is making it; after that it
                is made here.
        """
        found = self._usable(key, rejected)
        if found is not None:
            return found
        with self._locked(_position(key), patience):
            found = self._usable(key, rejected)
            if found is None:
                found, expires = make()
                self.put(key, found, expires)
        return found

    def _usable(self, key: str, rejected: Value | None) -> Value | None:
        found = self.get(key)
        return None if found == rejected else found

    @contextmanager
    def _locked(self, position: int, patience: float) -> Iterator[bool]:
        """Hold the lock at a position: yields False where it could not be had in time."""
        end = time.monotonic() + patience
        if not self._threads.acquire(timeout=patience):
            yield False
            return
        try:
            held = self._lock(position, end)
            try:
                yield held
            finally:
                if held:
                    fcntl.lockf(self._lock_file, fcntl.LOCK_UN, 1, position)
        finally:
            self._threads.release()

    def _lock(self, position: int, end: float) -> bool:
        pause = 0.002
        while True:
            try:
                fcntl.lockf(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, position)
                return True
            except OSError:
                if time.monotonic() + pause > end:
                    return False
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _read(self) -> dict[str, Any]:
        (length,) = _HEADER.unpack_from(self._memory, 0)
        if not 0 < length <= self._size - _HEADER.size:
            return {}
        try:
            entries = json.loads(self._memory[_HEADER.size : _HEADER.size + length])
        except ValueError:  # its writer was killed half-way
            return {}
        return entries if isinstance(entries, dict) else {}

    def _write(self, entries: dict[str, Any]) -> None:
        content = json.dumps(entries).encode()
        while len(content) > self._size - _HEADER.size and entries:
            del entries[next(iter(entries))]
            content = json.dumps(entries).encode()
        _HEADER.pack_into(self._memory, 0, 0)
        self._memory[_HEADER.size : _HEADER.size + len(content)] = content
        _HEADER.pack_into(self._memory, 0, len(content))


def _position(key: str) -> int:
    return 1 + int(key[:15], 16) % _LOCK_RANGE


def _is_over(entry: dict[str, Any]) -> bool:
    expires = entry["expires"]
    return expires is not None and time.time() >= expires - _SKEW_SECONDS


def _empty_file() -> int:
    """A nameless file, always empty, to lock."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("everynode-lock", os.MFD_CLOEXEC)
    descriptor, path = tempfile.mkstemp(prefix="everynode-lock-")
    os.unlink(path)
    return descriptor


#: Made when the action plugin is imported: in the main process, before any fork.
SHARED = SharedCache()
