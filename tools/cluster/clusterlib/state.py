# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remembered of a cluster between two commands: its file state.json."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from . import layout
from .files import write_atomically


@dataclass
class State:
    """`versions` are those of the programs; `ready` tells that the cluster once was up completely.

    `nodes` is how many were asked for last, for a cluster that has to be made anew.
    """

    versions: str
    ports: dict[str, int]
    audit_log: str | None
    nodes: int = 0
    ready: bool = False

    def save(self, folder: Path) -> None:
        """Write it into the cluster's state folder."""
        write_atomically(folder / "state.json", json.dumps(asdict(self), indent=2) + "\n")


def load(folder: Path) -> State | None:
    """The state in this folder; None if there is none that can be read."""
    try:
        return State(**json.loads((folder / "state.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def ports_of_all() -> set[int]:
    """The ports of every cluster, running or not."""
    states = (load(layout.clusters() / name) for name in layout.cluster_names())
    return {port for state in states if state for port in state.ports.values()}
