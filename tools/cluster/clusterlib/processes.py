# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting, finding and ending the processes of clusters.

Every process carries the state folder of its cluster in its environment, where the kernel shows
it. So none is ever lost, whatever became of the command that started it, and none is mistaken:
there are no files with process numbers that could be out of date.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .console import ClusterError

_CLUSTER = "EVERYNODE_TEST_CLUSTER"
_COMPONENT = "EVERYNODE_TEST_COMPONENT"
_KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR", "LANG")
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_END_SECONDS = 60.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Running:
    """A live process of a cluster; `fingerprint` is that of the command it was started with."""

    pid: int
    folder: Path
    component: str
    fingerprint: str


def start(folder: Path, component: str, fingerprint: str, command: list[str], log: Path) -> None:
    """Start one component in the background, its output in `log` (the one before is kept)."""
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    environment[_CLUSTER] = str(folder)
    environment[_COMPONENT] = f"{component} {fingerprint}"
    if log.exists():
        os.replace(log, log.with_suffix(".previous.log"))
    with open(log, "wb") as output, _without_interrupts():
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        # For a moment the kernel does not show a new process's environment yet. Who cleans up
        # after an interrupt must not look just then.
        while _read(process.pid) is None and process.poll() is None:
            time.sleep(0.001)


def running(folder: Path) -> list[Running]:
    """The live processes of the cluster whose state folder this is."""
    return [process for process in _all() if process.folder == folder]


def folders_with_processes(parent: Path) -> set[Path]:
    """The state folders below `parent` of which any process lives, also where they are deleted."""
    return {process.folder for process in _all() if process.folder.parent == parent}


def stop(processes: Iterable[Running]) -> None:
    """Kill these processes and wait until they are gone.

    Killing loses nothing, what etcd has acknowledged it has written; asked politely, the API server
    would wait for its watchers first.
    """
    left = {process.pid: process for process in processes}
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + _END_SECONDS
    while left:
        if time.monotonic() > deadline:
            raise ClusterError(f"processes that cannot be killed: {sorted(left)}")
        time.sleep(_POLL_SECONDS)
        left = {pid: old for pid, old in left.items() if _read(pid) == old}


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Put off what would end this command until the block is done."""
    arrived: list[int] = []
    old = {number: signal.getsignal(number) for number in _INTERRUPTS}
    for number in _INTERRUPTS:
        signal.signal(number, lambda number, _frame: arrived.append(number))
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
        for late in arrived:
            signal.raise_signal(late)


def _all() -> list[Running]:
    if not Path("/proc/self/environ").exists():
        raise ClusterError("the test cluster runs on Linux only: there is no /proc here")
    found = (_read(int(entry)) for entry in os.listdir("/proc") if entry.isdigit())
    return [process for process in found if process is not None]


def _read(pid: int) -> Running | None:
    """What the kernel tells of a process; None for one that is not ours, or is dead."""
    try:
        environ = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        # Ended meanwhile, a zombie, or another user's.
        return None
    if _CLUSTER.encode() not in environ:
        return None
    pairs = (item.partition("=") for item in os.fsdecode(environ).split("\0"))
    variables = {key: value for key, _, value in pairs}
    if _CLUSTER not in variables or _COMPONENT not in variables:
        return None
    component, _, fingerprint = variables[_COMPONENT].partition(" ")
    return Running(pid, Path(variables[_CLUSTER]), component, fingerprint)
