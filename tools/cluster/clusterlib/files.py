# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that several processes share: locks, and writes that are never seen half done."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from .console import say
from .layout import cache


@contextlib.contextmanager
def lock(name: str, what: str) -> Iterator[None]:
    """Hold the lock called `name`; `what` tells a user who has to wait for whom.

    The kernel lets go of it when the process ends, however it ends. The file stays: removing it
    would let two processes lock two different files of one name.
    """
    folder = cache() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / name, "a", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another process that {what} ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def write_atomically(path: Path, content: str, mode: int = 0o600) -> None:
    """Replace the file at `path` in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(content)
    os.replace(temporary, path)
