# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``daemonset`` with ``on_selector_change``: a DaemonSet made anew, as its selector is another."""

from __future__ import annotations

from typing import Any

from .._base.deadline import Deadline
from .._base.errors import Fault, InputError
from .._cluster import daemonsets
from .._cluster.applying import Applied
from .._rollout import fates, forecast, replacing
from .._rollout.annotation import has_state
from .._spec import build
from . import change, daemonset, guard
from .verb import Task


def carry_out(
    task: Task, draft: build.Draft, live: dict[str, Any] | None, policy: str, deadline: Deadline
) -> tuple[Applied, dict[str, Any]]:
    """Put a new DaemonSet in the place of the old one, and see its rollout to the end.

    Args:
        task: the task.
        draft: what it asks for.
        live: the DaemonSet with the other selector; None where an earlier run has deleted it.
        policy: what happens to the old one's pods.
        deadline: the task's.

    Returns:
        what became of the DaemonSet, and the result of the task.
    """
    how = daemonset.how_of(task)
    intent = change.with_change_cause(task, build.complete(draft, None), live)
    if live is None:
        applied, restarts = change.made(task, intent, how, deadline)
        return applied, change.finish(task, how, applied, restarts, deadline)
    if task.params["rollout"] is not None:
        problem = "the DaemonSet is made anew, which cannot be done in stages"
        raise InputError([Fault("rollout", problem)])
    if has_state(live):
        from . import staged_change

        staged_change.refuse(live, "be made anew")
    live = guard.hold(task, live, "make it anew", deadline)
    keeps_pods = policy == "Orphan"
    if keeps_pods:
        pods, _version = daemonsets.pods_of(task.cluster, live, deadline)
    else:
        ended = fates.some(task.cluster, live, deadline)
    replacement = replacing.Replacement(live, intent, policy)
    applied = replacing.carry_out(task.cluster, replacement, how, deadline, task.progress)
    if keeps_pods:
        restarts = forecast.of_new(task.cluster, applied.after, deadline, pods)
    else:
        restarts = forecast.after_all_ended(applied.after, ended)
    return applied, change.finish(task, how, applied, restarts, deadline)
