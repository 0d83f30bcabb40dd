# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a DaemonSet in a word, from the object alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._base.errors import RolloutError
from .._base.words import count_of
from .._nodes.readiness import verdict
from .._rollout.remembered import steps
from .._rollout.state import HALTED, PAUSED, REBUILD, state_of

# What needs somebody's attention first, by which lists are sorted.
STATES = (
    "deleting",
    "rebuilding",
    "paused",
    "staged",
    "observing",
    "updating",
    "starting",
    "no_nodes",
    "ready",
)


def rollout_of(daemonset: Mapping[str, Any]) -> dict[str, Any]:
    """The rollout as a result shows it: the controller's numbers, and the steps it is taken in."""
    return verdict(daemonset).as_result() | steps(daemonset)


def state_word(daemonset: Mapping[str, Any]) -> str:
    """One of `STATES`.

    A DaemonSet that no node is eligible for is ready for a wait, but is told apart here. One with
    the strategy OnDelete and pods of another template is ready for a wait as well, since the
    controller does nothing; here it is starting while pods are not available.
    """
    if daemonset["metadata"].get("deletionTimestamp"):
        return "deleting"
    step = _step(daemonset)
    if step is not None:
        return step
    found = verdict(daemonset)
    if found.state != "ready":
        return found.state
    if found.counts["desired"] == 0:
        return "no_nodes"
    return "starting" if found.counts["available"] < found.counts["desired"] else "ready"


def in_words(daemonset: Mapping[str, Any], rollout: Mapping[str, Any]) -> str:
    """The state in a sentence without a full stop; ``rollout`` is that of `rollout_of`."""
    message = str(rollout["message"])
    if rollout["ready"] and state_word(daemonset) == "starting":
        pods = count_of(rollout["desired"], "pod is", "pods are")
        message += f"; {rollout['available']} of {pods} available"
    return message


def _step(daemonset: Mapping[str, Any]) -> str | None:
    """The word for a rollout in several steps; None where there is none."""
    try:
        state = state_of(daemonset)
    except RolloutError:
        # What another version of this collection remembers is a rollout of some kind.
        return "staged"
    if state is None:
        return None
    if state.kind == REBUILD:
        return "rebuilding"
    return "paused" if state.kind == PAUSED or state.phase == HALTED else "staged"
