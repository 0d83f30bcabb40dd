# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change in stages, and any change of a DaemonSet that remembers such a rollout."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ConflictError, RolloutError
from .._cluster.applying import Applied, apply
from .._nodes.readiness import verdict
from .._nodes.trouble import MAX_NODES_NAMED
from .._rollout import forecast, guarding, staging, unfinished, waiting
from .._rollout.annotation import has_state
from .._rollout.held import ON_DELETE
from .._rollout.remembered import steps
from .._rollout.state import HALTED, PAUSED, REBUILD, STAGED
from . import change, guard
from .change import Wish
from .settling import changed_all_the_same, foretold, result_of, settle, tell
from .verb import Task
from .verify_container import warn_of_unknown


def carry_out(
    task: Task, wish: Wish, live: dict[str, Any], deadline: Deadline
) -> tuple[Applied, dict[str, Any]]:
    """Bring the DaemonSet to what the task wants in the stages of its plan, or as far as the object
    and the plan allow; see `staging.carry_out`.

    Returns:
        what became of the DaemonSet, and the result of the task.
    """
    refuse_in_passing(task, live)
    if _takes_over_pause(task, wish, live):
        return _over_pause(task, wish, live, deadline)
    intent = wish.intent_of(live)
    if not has_state(live):
        if not change.template_differs(intent, live, wish.how.manager):
            return change.plainly(task, wish, intent, live, deadline)
        trial = apply(task.cluster, intent, live, replace(wish.how, dry_run=True), deadline)
        if forecast.same(live, trial.after):
            return change.plainly(task, wish, intent, live, deadline)
        if task.params["on_unfinished_rollout"] is None:
            task.warnings.extend(guarding.overtaken(live))
        live = guard.hold(task, live, guard.TEMPLATE, deadline)
        intent = wish.intent_of(live)
    if wish.plan is not None:
        templates = (intent["spec"].get("template") or {}, live["spec"]["template"])
        warn_of_unknown(task, wish.plan.verify, "rollout.verify.container", *templates)
    if wish.prepare is not None and not task.check_mode:
        # What would be refused is, before anything that the pods need is made.
        _staged(task, replace(wish, how=replace(wish.how, dry_run=True)), intent, live, deadline)
        wish.ready()
    elif wish.prepare is not None:
        wish.ready()
    done = _staged(task, wish, intent, live, deadline)
    applied = done.applied
    if not done.finished:
        tell(task, applied)
        return applied, result_of(task, applied, applied.after, _stopped(task, done))
    return applied, _ended(task, done, deadline)


def _ended(task: Task, done: staging.Staged, deadline: Deadline) -> dict[str, Any]:
    """The result of a rollout that has come to its end, once the DaemonSet is ready."""
    applied = done.applied
    restarts = done.report.get("restarts")
    if task.check_mode and applied.changed and restarts is None:
        restarts = forecast.restarts(task.cluster, applied.before, applied.after, deadline)

    def tell_steps(error: RolloutError) -> None:
        error.details["rollout"] = {**done.report, **error.details["rollout"]}

    result = settle(
        task,
        applied,
        deadline,
        restarts=restarts,
        failed=tell_steps,
        patience=done.patience,
    )
    message = done.report.get("message")
    ended = result["rollout"]["message"]
    excused = result["rollout"].get("excused")
    result["rollout"] |= done.report
    if excused is not None:
        result["rollout"]["excused"] = _together(done.report.get("excused"), excused)
    result["rollout"]["message"] = f"{message}; {ended}" if message else ended
    return result


def _takes_over_pause(task: Task, wish: Wish, live: dict[str, Any]) -> bool:
    """Whether a plain rolling update is to take the place of one that is paused. One that may have
    to be rolled back goes in one stage, so that only the nodes that it has touched go back.
    """
    state = staging.state_of(live)
    return (
        state is not None
        and state.kind == PAUSED
        and state.manager == wish.how.manager
        and wish.plan is None
        and task.params["on_unfinished_rollout"] == guarding.PROCEED
        and task.params["on_failure"] != "rollback"
    )


def _over_pause(
    task: Task, wish: Wish, live: dict[str, Any], deadline: Deadline
) -> tuple[Applied, dict[str, Any]]:
    """Put what the task wants in the place of a rolling update that is paused.

    It goes on only once the new template is there, so that no further pod gets the one that was
    paused; and then with all else that the task wants, such as its update strategy.
    """
    wish.ready()
    how = replace(wish.how, resource_version=None)
    dry = replace(how, dry_run=True)
    as_before = unfinished.resumed(task.cluster, Applied(live, live, False), dry, deadline).after
    if task.check_mode:
        applied = apply(task.cluster, wish.intent_of(as_before), live, wish.how, deadline)
        applied = replace(applied, changed=True)
        at = None
    else:
        intent = wish.intent_of(live)
        intent = {**intent, "spec": {**intent["spec"], "updateStrategy": dict(ON_DELETE)}}
        put = apply(task.cluster, intent, live, wish.how, deadline)
        at = str(put.after["metadata"]["resourceVersion"])
        goes_on = unfinished.resumed(task.cluster, put, how, deadline).after
        rest = changed_all_the_same(
            True,
            lambda: apply(task.cluster, wish.intent_of(goes_on), goes_on, how, deadline),
        )
        applied = replace(put, after=rest.after, changed=True)
        applied = replace(applied, warnings=[*put.warnings, *rest.warnings])
    restarts = forecast.restarts(task.cluster, live, applied.after, deadline, at=at)
    if wish.note is not None:
        wish.note(applied)
    return applied, change.finish(task, wish.how, applied, restarts, deadline)


def _stopped(task: Task, done: staging.Staged) -> dict[str, Any]:
    """What a result says of a rollout that has not come to its end."""
    told = {**verdict(done.applied.after).as_result(), "ready": False}
    if "restarts" in done.report:
        told |= foretold(task, done.applied.after, done.report["restarts"])
    if task.check_mode and "restarts" in told:
        # Under OnDelete the controller's words are not about this rollout.
        told["message"] = told["restarts"]["message"]
    return told | {"state": str(done.report.get("phase")), **done.report}


def _together(first: dict[str, Any] | None, second: dict[str, Any]) -> dict[str, Any]:
    """Nodes that the stages left out, and those that the wait at their end excused."""
    if first is None:
        return second
    nodes = [*first["nodes"], *(node for node in second["nodes"] if node not in first["nodes"])]
    twice = len(first["nodes"]) + len(second["nodes"]) - len(nodes)
    return {
        "count": first["count"] + second["count"] - twice,
        "nodes": nodes[:MAX_NODES_NAMED],
        "why": f"{first['why']}; {second['why']}",
        # The wait looks at all that lack their pod.
        "reasons": second["reasons"] or first["reasons"],
    }


def _staged(
    task: Task, wish: Wish, intent: dict[str, Any], live: dict[str, Any], deadline: Deadline
) -> staging.Staged:
    return staging.carry_out(
        task.cluster,
        live,
        intent,
        wish.plan,
        wish.how,
        waiting.patience_of(task.params),
        deadline,
        task.progress,
        proceed=task.params["on_unfinished_rollout"] == guarding.PROCEED,
    )


def refuse_in_passing(task: Task, live: dict[str, Any]) -> None:
    """Refuse to go on with a rollout in several steps where the task does not wait.

    Raises:
        RolloutError: there is one, and the task does not wait.
    """
    state = staging.state_of(live)
    if task.params["wait"] or state is None or state.kind == PAUSED:
        return
    raise RolloutError(
        f"DaemonSet {live['metadata']['namespace']}/{live['metadata']['name']} has a rollout that"
        f" has not ended ({state.kind}, {state.phase}), and this task does not wait, so that it"
        " cannot go on with it. Nothing was changed.",
        advice="Run it with wait: true.",
        details={"rollout": {**verdict(live).as_result(), **steps(live)}},
    )


def refuse(live: dict[str, Any], wanted: str) -> None:
    """Refuse what cannot be done to a DaemonSet that remembers a rollout.

    Args:
        live: the DaemonSet.
        wanted: what the task would do, such as ``be restarted``.

    Raises:
        ConflictError: it remembers one.
    """
    state = staging.state_of(live)
    if state is None:
        return
    kinds = {STAGED: "in the middle of a staged rollout", REBUILD: "in the middle of a rebuild"}
    what = f"{kinds[state.kind]} ({state.phase})" if state.kind in kinds else "paused"
    advice = "End that first: run the task that began it again, or put the former definition back."
    if state.phase == HALTED:
        advice = "Have it go on first with state: resumed."
    metadata = live["metadata"]
    raise ConflictError(
        f"DaemonSet {metadata['namespace']}/{metadata['name']} is {what}, so it cannot {wanted}."
        " Nothing was changed.",
        advice=advice,
        details={"rollout": {**verdict(live).as_result(), **steps(live)}},
    )
