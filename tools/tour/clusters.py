# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster of the tour: one that it starts, or the user's own."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from .telling import TourError

TOOL = Path(__file__).resolve().parents[1] / "cluster" / "cluster"
NAME = "demo"
_NODES = 5


@dataclass(frozen=True)
class Cluster:
    """Where the tour takes place. `kubectl` is the command that fits it."""

    kubeconfig: Path
    kubectl: str
    own: bool


def started() -> Cluster:
    """The tour's own control plane, with simulated nodes; that of the last tour if it runs."""
    printed = _tool("up", "--name", NAME, "--nodes", str(_NODES))
    return Cluster(Path(printed.splitlines()[-1]), _tool("path", "kubectl").strip(), own=False)


def of_the_user(kubeconfig: str) -> Cluster:
    """The cluster that a kubeconfig of the user's leads to. Raises TourError without a file."""
    path = Path(kubeconfig).expanduser().absolute()
    if not path.is_file():
        raise TourError(f"There is no kubeconfig file {path}.")
    return Cluster(path, "kubectl", own=True)


def _tool(*arguments: str) -> str:
    """Run the cluster tool; what it prints besides its answer goes on to the user."""
    done = subprocess.run([TOOL, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise TourError(f"`tools/cluster/cluster {' '.join(arguments)}` failed: see above.")
    return done.stdout
