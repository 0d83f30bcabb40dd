# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A DaemonSet that is not in a run's hands any more, and who took it."""

from __future__ import annotations

from typing import Any

from .._base.errors import RolloutError
from .._cluster import fieldset, managers
from .state import MANAGER, state_of


class LostError(RolloutError):
    """The DaemonSet is not in this run's hands any more, so that it must not touch it again.

    Attributes:
        found: the DaemonSet as it was found, where somebody else has changed its update strategy
            and nothing more: then the template is still this run's to put back.
    """

    found: dict[str, Any] | None = None


def foreign(name: str, changed: list[str], live: dict[str, Any]) -> LostError:
    """The failure of a rollout into which somebody else has written."""
    last = _last_writer(changed, live)
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


def _last_writer(changed: list[str], live: dict[str, Any]) -> dict[str, Any] | None:
    """The manager who has written last what was changed; of what was only removed, last at all.

    Times are whole seconds: of those in the same one, it was not the rollout's own manager.
    """
    entries = [
        one
        for one in managers.entries(live)
        if one.get("time") and not one.get("subresource") and one.get("manager") != MANAGER
    ]
    paths = [tuple(f"f:{name}" for name in one.split(".")) for one in changed]
    writers = [
        one
        for one in entries
        if any(fieldset.subset(one.get("fieldsV1") or {}, path) for path in paths)
    ]
    state = state_of(live)
    own = state.manager if state else ""
    return max(
        writers or entries,
        key=lambda one: (str(one["time"]), one.get("manager") != own),
        default=None,
    )
