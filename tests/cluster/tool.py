# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster tool's command line, and a look from outside at what it runs."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.environments import places

_TOOL = places.CHECKOUT / "tools" / "cluster" / "cluster"
_WAIT_SECONDS = 120.0
_TCP_LISTEN = "0A"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the tool, whatever comes of it."""
    return subprocess.run([_TOOL, *arguments], capture_output=True, text=True, check=False)


def tool(*arguments: str) -> str:
    """Run the tool, which must succeed; what it printed on stdout."""
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start the tool in the background."""
    return subprocess.Popen(
        [_TOOL, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@dataclass(frozen=True)
class Cluster:
    """A cluster by name and kubeconfig."""

    name: str
    kubeconfig: Path

    @classmethod
    def up(cls, name: str, *arguments: str) -> Cluster:
        """Have it up."""
        printed = tool("up", "--name", name, *arguments)
        return cls(name, Path(printed.splitlines()[-1]))

    @property
    def folder(self) -> Path:
        """Where its state is."""
        return self.kubeconfig.parent

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """What kubectl prints as the administrator."""
        return kubectl(self.kubeconfig, *arguments, stdin=stdin)

    def get(self, *arguments: str) -> Any:
        """What `kubectl get` finds, parsed."""
        return json.loads(self.kubectl("get", *arguments, "--output=json"))

    def processes(self) -> dict[str, int]:
        """Its live processes, name -> process number, found by what their command lines name."""
        return {name: pid for pid, name in _processes_naming(self.folder)}


def kubectl(kubeconfig: Path, *arguments: str, stdin: str | None = None) -> str:
    """What kubectl prints with this kubeconfig; AssertionError with its message if it fails."""
    program = tool("path", "kubectl").strip()
    done = subprocess.run(
        [program, f"--kubeconfig={kubeconfig}", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def eventually(holds: Callable[[], Any]) -> Any:
    """The first true answer; AssertionError if there is none in time."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        answer = holds()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"still {answer!r} after {_WAIT_SECONDS} s"
        time.sleep(0.1)


def listening_addresses(pids: list[int]) -> list[str]:
    """The local addresses, as the kernel writes them, on which these processes listen."""
    inodes = {inode for pid in pids for inode in _socket_inodes(pid)}
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _TCP_LISTEN and fields[9] in inodes:
                found.append(fields[1])
    return found


def _processes_naming(folder: Path) -> list[tuple[int, str]]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            arguments = (entry / "cmdline").read_text().split("\0")
        except OSError:
            continue  # Ended meanwhile.
        if any(f"{folder}/" in argument for argument in arguments[1:]):
            found.append((int(entry.name), Path(arguments[0]).name))
    return found


def _socket_inodes(pid: int) -> list[str]:
    targets = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            targets.append(str(link.readlink()))
        except OSError:
            continue  # Closed meanwhile.
    return [target[len("socket:[") : -1] for target in targets if target.startswith("socket:[")]
