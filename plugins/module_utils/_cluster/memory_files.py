# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that libraries insist on reading from a path, kept in memory instead of on a disk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def readable_file(content: bytes) -> Iterator[str]:
    """A path under which this process can read the content, until the block ends.

    On Linux the file is anonymous memory, reached through ``/proc/self/fd``. Where that is missing
    it is a temporary file of mode 0600, removed at the end of the block.
    """
    descriptor = _memory_descriptor()
    if descriptor is None:
        with _disk_file(content) as path:
            yield path
        return
    try:
        _write_all(descriptor, content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _memory_descriptor() -> int | None:
    if not hasattr(os, "memfd_create") or not os.path.isdir("/proc/self/fd"):
        return None
    try:
        return os.memfd_create("everynode", os.MFD_CLOEXEC)
    except OSError:  # a sandbox that forbids the call
        return None


@contextmanager
def _disk_file(content: bytes) -> Iterator[str]:
    descriptor, path = tempfile.mkstemp(prefix="everynode-")
    try:
        try:
            _write_all(descriptor, content)
        finally:
            os.close(descriptor)
        yield path
    finally:
        os.unlink(path)


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
