# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A DaemonSet that is not in a run's hands any more, and who took it."""

from __future__ import annotations

from typing import Any

from .._base.errors import RolloutError
from .._cluster import managers
from .state import MANAGER


class LostError(RolloutError):
    """The DaemonSet is not in this run's hands any more, so that it must not touch it again.

    Attributes:
        found: the DaemonSet as it was found, where somebody else has changed its update strategy
            and nothing more: then the template is still this run's to put back.
    """

    found: dict[str, Any] | None = None


def foreign(name: str, changed: list[str], live: dict[str, Any]) -> LostError:
    """The failure of a rollout into which somebody else has written."""
    entries = [one for one in managers.entries(live) if not one.get("subresource")]
    ours = (MANAGER,)
    last = max(
        (one for one in entries if one.get("time") and one.get("manager") not in ours),
        key=lambda one: str(one["time"]),
        default=None,
    )
    who = f" (last written by {last['manager']} at {last['time']})" if last else ""
    undo = "Undo that change"
    if "spec.updateStrategy" in changed:
        undo += ", so that spec.updateStrategy.type is OnDelete again until the rollout has ended"
    lost = LostError(
        f"Somebody else changed {' and '.join(changed)} of DaemonSet {name}{who} during its"
        " rollout. Nothing of that was overwritten, and the task has stopped.",
        advice=f"{undo}, then run the task again; or have the task's definition take its place with"
        " on_unfinished_rollout: proceed.",
    )
    if changed == ["spec.updateStrategy"]:
        lost.found = live
    return lost
