# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The states ``paused`` and ``resumed``: a rolling update stops, and goes on."""

from __future__ import annotations

from typing import Any

from .._base.deadline import Deadline
from .._base.words import count_of
from .._nodes.readiness import verdict
from .._rollout import forecast, pausing, waiting
from .._rollout.remembered import steps
from .._rollout.state import HALTED, HOLDING, PAUSED, REBUILD, state_of
from .daemonset import how_of
from .settling import changed_all_the_same, result_of, settle, tell
from .verb import Task


def pause(task: Task, live: dict[str, Any], deadline: Deadline) -> dict[str, Any]:
    """Have no further pod of a DaemonSet replaced."""
    state = state_of(live)
    applied = pausing.pause(task.cluster, live, how_of(task), deadline)
    tell(task, applied)
    after = applied.after
    if applied.changed and task.params["wait"] and not task.check_mode:
        # Until then the controller may replace some more.
        after = changed_all_the_same(
            True, lambda: waiting.until_observed(task.cluster, after, deadline, task.progress)
        )
    found = verdict(live if task.check_mode else after).as_result()
    pods = count_of(found["desired"], "pod is", "pods are")
    told = f"it is paused: {found['updated']} of {pods} updated"
    where: dict[str, Any] = {"kind": PAUSED, "phase": HALTED}
    if state is not None and state.kind != PAUSED:
        # The controller counts the pods of the former template.
        # A run that has only just begun does not know yet how many stages there are.
        told = f"it is paused at stage {state.stage}"
        told += f" of {state.stages}" if state.stages else ""
        where |= {"kind": state.kind, "stage": state.stage, "stages": state.stages}
    rollout = {**found, "ready": False, "state": HALTED, "message": told, **where}
    return result_of(task, applied, after, rollout)


def resume(task: Task, live: dict[str, Any], deadline: Deadline) -> dict[str, Any]:
    """Have a paused rollout go on; a plain one is waited for where the task waits."""
    state = state_of(live)
    going_on: list[dict[str, Any]] = []
    applied = pausing.resume(task.cluster, live, how_of(task), deadline, going_on.append)
    if state is not None and state.kind != PAUSED:
        tell(task, applied)
        rollout = {**verdict(applied.after).as_result(), **steps(applied.after)}
        phase = HOLDING if state.phase == HALTED else state.phase
        what = "rebuild" if state.kind == REBUILD else "rollout"
        told = f"the next run of the task with its definition goes on with the {what}"
        rollout |= {"state": phase, "phase": phase, "message": told}
        return result_of(task, applied, applied.after, rollout)
    restarts = None
    if applied.changed:
        at = going_on[0]["metadata"]["resourceVersion"] if going_on else None
        restarts = forecast.restarts(task.cluster, live, applied.after, deadline, at=at)
    return settle(task, applied, deadline, restarts=restarts)
