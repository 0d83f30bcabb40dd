# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test cluster, by way of the project's own tool."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.environments import places

_TOOL = places.CHECKOUT / "tools" / "cluster" / "cluster"


@dataclass(frozen=True)
class Cluster:
    """A running control plane with simulated nodes, and its API server's audit log."""

    name: str
    kubeconfig: Path
    audit_log: Path

    def set_nodes(self, count: int) -> None:
        """Make it so many nodes."""
        _tool("nodes", str(count), "--name", self.name)

    def stop(self, component: str) -> None:
        """Kill one of its programs."""
        _tool("stop-component", self.name, component)

    def start(self, component: str) -> None:
        """Start it again, and wait until it works."""
        _tool("start-component", self.name, component)


@contextlib.contextmanager
def running(name: str, *, nodes: int, audit_log: Path) -> Iterator[Cluster]:
    """A cluster of that name, gone afterwards. Raises RuntimeError with what the tool said."""
    try:
        printed = _tool("up", "--name", name, "--nodes", str(nodes), "--audit-log", str(audit_log))
        yield Cluster(name, Path(printed.splitlines()[-1]), audit_log)
    finally:
        _tool("down", "--name", name)


def _tool(*arguments: str) -> str:
    """Run the cluster tool and return what it printed as its result."""
    done = subprocess.run([_TOOL, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"`cluster {' '.join(arguments)}` failed:\n{done.stderr}")
    return done.stdout
