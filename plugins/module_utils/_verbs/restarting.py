# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state ``restarted``: every pod of one DaemonSet is replaced."""

from __future__ import annotations

from typing import Any

from .._base.deadline import Deadline
from .._base.errors import EverynodeError
from .._cluster.applying import Applied
from .._nodes.readiness import verdict
from .._rollout import forecast, guarding, restart, waiting
from .._rollout.annotation import has_state
from .._rollout.remembered import steps
from . import guard
from .settling import result_of, settle
from .verb import Task

CHANGE = "restart it"


def carry_out(task: Task, live: dict[str, Any], deadline: Deadline) -> dict[str, Any]:
    """Restart a DaemonSet, but not in the middle of a rollout, unless the task says so."""
    key = task.params["restart_key"]
    if not restart.is_restarted_for(live, key):
        live = guarded(task, live, deadline)
    elif has_state(live):
        return _left_alone(task, live)
    applied = restart.once(task.cluster, live, key, task.check_mode, deadline)
    restarts = None
    if restart.is_on_delete(live):
        applied, restarts = replaced(task, applied, deadline)
    elif applied.changed:
        restarts = forecast.restarts(task.cluster, live, applied.after, deadline)
    return settle(task, applied, deadline, restarts=restarts)


def _left_alone(task: Task, live: dict[str, Any]) -> dict[str, Any]:
    """The result for a DaemonSet that was restarted before, and is in several steps since."""
    task.warnings.append(_not_completed(live))
    rollout = {**verdict(live).as_result(), **steps(live)}
    return result_of(task, Applied(live, live, False), live, rollout)


def _not_completed(live: dict[str, Any]) -> str:
    metadata, why = live["metadata"], steps(live)["message"]
    return (
        f"DaemonSet {metadata['namespace']}/{metadata['name']} was restarted for this restart_key"
        f" before. Pods that this has not replaced yet are left alone, since {why}."
    )


def replaced(
    task: Task, applied: Applied, deadline: Deadline
) -> tuple[Applied, dict[str, Any] | None]:
    """Under OnDelete, replace the pods that do not bear the mark yet, where the task waits.

    Returns:
        the same with what became of the pods, and which ones restart.
    """
    from .._rollout import restarting

    if has_state(applied.after):
        applied.warnings.append(_not_completed(applied.after))
        return applied, None
    if not task.params["wait"]:
        if applied.changed:
            applied.warnings.append(restart.pods_stay(applied.after))
        restarts = forecast.restarts(task.cluster, applied.before, applied.after, deadline)
        return applied, restarts if applied.changed else None
    try:
        applied, restarts = restarting.replace_pods(
            task.cluster,
            applied,
            task.params["restart_key"],
            waiting.patience_of(task.params),
            task.check_mode,
            deadline,
            task.progress,
        )
    except EverynodeError as error:
        error.details.setdefault("changed", applied.changed)
        raise
    return applied, restarts if applied.changed else None


def guarded(task: Task, live: dict[str, Any], deadline: Deadline) -> dict[str, Any]:
    """The DaemonSet once it may be restarted.

    A rollout whose pods are all updated is none any more, even where they are not available: a
    restart may be what they need.

    Raises:
        ConflictError: it is in the middle of a staged rollout, or paused.
        RolloutError: its rollout is not finished, or did not end well; nothing was changed.
    """
    refuse_steps(live)
    if not guarding.is_rolling(live):
        return live
    return guard.hold(task, live, CHANGE, deadline, unless_told=guarding.WAIT)


def refuse_steps(live: dict[str, Any]) -> None:
    """Refuse to restart a DaemonSet in the middle of a rollout in several steps.

    Raises:
        ConflictError: it is.
    """
    if has_state(live):
        from . import staged_change

        staged_change.refuse(live, "be restarted")
