# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The states ``paused`` and ``resumed``: a rolling update stops, and goes on."""

from __future__ import annotations

from typing import Any

from .._base.deadline import Deadline
from .._base.words import count_of
from .._nodes.readiness import verdict
from .._rollout import forecast, pausing
from .._rollout.state import PAUSED, state_of
from .daemonset import how_of
from .settling import result_of, settle, tell
from .verb import Task


def pause(task: Task, live: dict[str, Any], deadline: Deadline) -> dict[str, Any]:
    """Have no further pod of a DaemonSet replaced."""
    applied = pausing.pause(task.cluster, live, how_of(task), deadline)
    tell(task, applied)
    found = verdict(live).as_result()
    pods = count_of(found["desired"], "pod is", "pods are")
    told = f"it is paused: {found['updated']} of {pods} updated"
    rollout = {**found, "ready": False, "state": "paused", "message": told}
    return result_of(task, applied, applied.after, rollout)


def resume(task: Task, live: dict[str, Any], deadline: Deadline) -> dict[str, Any]:
    """Have a paused rollout go on; a plain one is waited for where the task waits."""
    state = state_of(live)
    applied = pausing.resume(task.cluster, live, how_of(task), deadline)
    if state is not None and state.kind != PAUSED:
        tell(task, applied)
        told = "the next run of the task with its definition goes on with the rollout"
        rollout = {**verdict(applied.after).as_result(), "ready": False, "state": "holding"}
        return result_of(task, applied, applied.after, {**rollout, "message": told})
    restarts = None
    if applied.changed:
        restarts = forecast.restarts(task.cluster, live, applied.after, deadline)
    return settle(task, applied, deadline, restarts=restarts)
