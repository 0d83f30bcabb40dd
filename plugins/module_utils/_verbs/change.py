# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One change of a DaemonSet, from the guard beforehand to the end of its rollout: the flow that
``daemonset`` and ``node_agent`` share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._base.deadline import Deadline
from .._base.errors import Fault, RolloutError
from .._cluster import fieldset, managers, objects
from .._cluster.applying import Applied, apply
from .._cluster.compare import align, differences
from .._rollout import waiting
from .._rollout.annotation import has_state
from .._spec.fields import CHANGE_CAUSE
from .settling import settle
from .verb import Task

if TYPE_CHECKING:
    from .._spec.rollout import Plan

ROLLOUT_SPEC: dict[str, dict[str, Any]] = {
    "rollout": {"type": "dict"},
    "on_failure": {"type": "str", "choices": ["fail", "pause", "rollback"]},
    "on_unfinished_rollout": {"type": "str", "choices": ["wait", "fail", "proceed"]},
}
_CHANGING = ("present", "patched", "restarted")


@dataclass(frozen=True)
class Wish:
    """What a task wants of its DaemonSet.

    Attributes:
        intent_of: gives all that our field manager wants, for the live object.
        how: how that is applied.
        plan: the stages of its rollout, if it has any.
        prepare: is called before anything is written, and makes what the pods need.
        note: is told what became of the DaemonSet, before its rollout is waited for.
    """

    intent_of: Callable[[dict[str, Any] | None], dict[str, Any]]
    how: objects.How
    plan: Plan | None = None
    prepare: Callable[[], None] | None = None
    note: Callable[[Applied], None] | None = None

    def ready(self) -> None:
        """Make what the pods need."""
        if self.prepare is not None:
            self.prepare()


# A module is compiled anew in each task, so what few tasks need is imported where it is used.


def faults(params: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with the parameters of a rollout."""
    state = params["state"]
    found = waiting.check_patience(params)
    if params["on_unfinished_rollout"] is not None and state not in _CHANGING:
        problem = f"only states {', '.join(_CHANGING)} take it, not {state}"
        found.append(Fault("on_unfinished_rollout", problem))
    if params["rollout"] is not None or params["on_failure"] is not None:
        from .._spec.rollout_parameter import read_plan

        found += read_plan(params)[1]
    return found


def plan_of(params: Mapping[str, Any]) -> Plan | None:
    """The stages that a task asks for; its parameters are checked."""
    if params["rollout"] is None:
        return None
    from .._spec.rollout_parameter import read_plan

    return read_plan(params)[0]


def carry_out(
    task: Task, wish: Wish, live: dict[str, Any] | None, deadline: Deadline
) -> tuple[Applied, dict[str, Any]]:
    """Make the DaemonSet what the task wants, and see its rollout to the end.

    Args:
        task: the task.
        wish: what it wants.
        live: the DaemonSet as it is, or None where there is none.
        deadline: the task's.

    Returns:
        what became of the DaemonSet, and the result of the task.
    """
    if live is not None and (wish.plan is not None or has_state(live)):
        from . import staged_change

        return staged_change.carry_out(task, wish, live, deadline)
    intent = wish.intent_of(live)
    if (
        live is not None
        and task.params["on_unfinished_rollout"] is not None
        and template_differs(intent, live, wish.how.manager)
    ):
        from . import guard

        found = guard.before_change(task, wish.how, live, intent, deadline)
        intent = intent if found is live else wish.intent_of(found)
        live = found
    return plainly(task, wish, intent, live, deadline)


def plainly(
    task: Task, wish: Wish, intent: dict[str, Any], live: dict[str, Any] | None, deadline: Deadline
) -> tuple[Applied, dict[str, Any]]:
    """Apply what the task wants, and leave the rest to the controller; see `carry_out`."""
    wish.ready()
    restarts: dict[str, Any] | None
    if live is None:
        applied, restarts = made(task, intent, wish.how, deadline)
    else:
        applied = apply(task.cluster, intent, live, wish.how, deadline)
        restarts = restarts_by(task, applied, deadline)
    if applied.changed and applied.before is not None:
        from . import guard

        task.warnings.extend(guard.warnings(task, applied.before, applied.after))
    if wish.note is not None:
        wish.note(applied)
    return applied, finish(task, wish.how, applied, restarts, deadline)


def made(
    task: Task, intent: dict[str, Any], how: objects.How, deadline: Deadline
) -> tuple[Applied, dict[str, Any]]:
    """Make a DaemonSet where there is none; which pods restart by it is the second."""
    from .._rollout import forecast, taking_over

    applied, pods = taking_over.create(task.cluster, intent, how, deadline)
    return applied, forecast.of_new(task.cluster, applied.after, deadline, pods)


def restarts_by(task: Task, applied: Applied, deadline: Deadline) -> dict[str, Any] | None:
    """Which pods restart by a change; None where nothing changed."""
    if not applied.changed:
        return None
    from .._rollout import forecast

    return forecast.restarts(task.cluster, applied.before, applied.after, deadline)


def finish(
    task: Task,
    how: objects.How,
    applied: Applied,
    restarts: dict[str, Any] | None,
    deadline: Deadline,
) -> dict[str, Any]:
    """The result of a plain change, once its rollout has ended.

    Args:
        task: the task.
        how: how it was applied.
        applied: the change.
        restarts: which pods restart by it.
        deadline: the task's.
    """
    return settle(
        task,
        applied,
        deadline,
        restarts=restarts,
        failed=lambda error: _failed(task, how, applied, deadline, error),
    )


def _failed(
    task: Task, how: objects.How, applied: Applied, deadline: Deadline, error: RolloutError
) -> None:
    """Do what the task asks for where its rollout does not end well; the failure tells of it."""
    asked = task.params.get("on_failure")
    if asked not in ("rollback", "pause"):
        return
    from .._rollout import undoing, unheard

    trouble = unheard.behind(error, task.cluster, applied.after, deadline)
    if trouble is not error:
        told = "That says nothing about the new template, so nothing was taken back"
        error.message += f" {told}: {trouble.message}"
        error.advice = f"{trouble.advice} Then run the task again.".strip()
        return
    how = replace(how, resource_version=None, create_namespace=False)
    if asked == "pause":
        undoing.pause(task.cluster, applied, how, deadline, error)
        return
    patience = waiting.patience_of(task.params)
    undoing.roll_back(task.cluster, applied, how, patience, deadline, task.progress, error)


def with_change_cause(
    task: Task, intent: dict[str, Any], live: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The intent with its change cause: the new one where the template changes, else the one that
    stands.
    """
    cause = task.params["change_cause"]
    if cause is None:
        return intent
    stays = (
        live is not None
        and not has_state(live)
        and not template_differs(intent, live, task.params["field_manager"])
    )
    if live is not None and stays:
        cause = (live["metadata"].get("annotations") or {}).get(CHANGE_CAUSE)
    if cause is None:
        return intent
    metadata = intent["metadata"]
    annotations = {**(metadata.get("annotations") or {}), CHANGE_CAUSE: cause}
    return {**intent, "metadata": {**metadata, "annotations": annotations}}


def template_differs(intent: dict[str, Any], live: Mapping[str, Any], manager: str) -> bool:
    """Whether applying the intent may change the template, or what we own of it."""
    path = ("f:spec", "f:template")
    wanted = fieldset.subset(fieldset.set_of_intent(intent), path)
    owned = fieldset.subset(managers.applied_set(live, manager), path)
    if wanted != owned:
        return True
    template = {"spec": {"template": intent["spec"].get("template", {})}}
    return bool(differences(align(template, live), live))
