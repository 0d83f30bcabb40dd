# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Staged rollouts: begun, taken up again, ended, or undone where they fail."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import EverynodeError, RolloutError
from .._base.words import count_of
from .._cluster.applying import Applied
from .._cluster.connection import Cluster
from .._cluster.failures import is_trouble
from .._cluster.objects import How
from .._cluster.revisions import Revision
from .._cluster.user_agent import user_agent
from .._nodes.readiness import BY_NODE, excused_in_words
from .._spec.rollout import Plan
from . import foreseeing, history, placing, reverting, staged, waiting
from .annotation import has_state
from .held import Held
from .lost import LostError, foreign
from .patience import Patience
from .stage_failures import after_failure, failed, in_the_way, let_go
from .staged import Staged, Task
from .stages import Stages
from .state import (
    HALTED,
    HOLDING,
    PAUSED,
    PROMOTING,
    REBUILD,
    REVERTING,
    STAGED,
    State,
    state_of,
)
from .turns import kept_plan

__all__ = ["Staged", "State", "abandon", "carry_out", "has_state", "state_of"]

_RESUME, _BACK, _OTHER = "resume", "back", "other"


def carry_out(
    cluster: Cluster,
    live: dict[str, Any],
    intent: dict[str, Any],
    plan: Plan | None,
    how: How,
    patience: Patience,
    deadline: Deadline,
    progress: waiting.Progress,
    *,
    proceed: bool = False,
) -> Staged:
    """Bring a DaemonSet to what a task wants of it, in the steps of a plan.

    Call it where the task has a plan and its template is another than the live one, and wherever
    the object remembers a rollout (`has_state`). With ``how.dry_run`` nothing is written; what
    would be refused is refused.

    Args:
        cluster: the connection.
        live: the DaemonSet as it is.
        intent: all that the task wants.
        plan: the task's; None goes on with the one that the object remembers.
        how: whose fields, force, adopt, and whether nothing is written.
        patience: what to put up with.
        deadline: the task's.
        progress: takes lines for a person who waits.
        proceed: take the place of a rollout that is unfinished (``on_unfinished_rollout``).

    Raises:
        RolloutError: it failed, and was undone, paused or left as the plan wants; or the rollout
            that the object remembers is in the way. The details say what is.
        ConflictError: other managers own what would have to change; nothing was changed.
        ClusterError: the server could not be asked, or refused.
    """
    found = state_of(live)
    held = Held(cluster, live, how, deadline, progress)
    if found is not None and found.manager != how.manager:
        raise in_the_way(
            held,
            f"it was begun under the field manager {found.manager}, and the task has {how.manager}",
            f"Give field_manager: {found.manager}.",
        )
    if found is not None and found.kind == PAUSED and not proceed:
        from . import pausing

        return pausing.found(cluster, live, intent, how, patience, deadline)
    is_new = found is None or found.kind == PAUSED
    is_rebuild = found is not None and found.kind == REBUILD
    if is_rebuild or (is_new and plan is not None and plan.rebuild):
        from . import rebuilding

        return rebuilding.carry_out(
            cluster, live, intent, plan, how, patience, deadline, progress, proceed=proceed
        )
    task = Task(held, live, intent, how, patience)
    if found is None or found.kind == PAUSED:
        return _begin(task, plan or Plan())
    return _found(task, found, plan, proceed)


def abandon(
    cluster: Cluster,
    live: dict[str, Any],
    how: How,
    deadline: Deadline,
    progress: waiting.Progress,
    patience: Patience | None = None,
) -> Applied:
    """End the rollout that a DaemonSet remembers: the touched nodes go back, and the strategy.

    Raises:
        RolloutError: there is nothing to go back to, or somebody else changed the object.
        ClusterError: the server could not be asked.
    """
    found = state_of(live)
    if found is None:
        return Applied(live, live, False)
    if how.dry_run:
        return Applied(live, live, True)
    if found.kind == PAUSED:
        from . import pausing

        return pausing.resume(cluster, live, how, deadline)
    if found.kind == REBUILD:
        from . import rebuilding

        return rebuilding.abandon(cluster, live, how, deadline, progress, patience or Patience())
    held = Held(cluster, live, how, deadline, progress)
    plan = Plan.from_dict(found.plan)
    _revert(held, plan, patience or Patience(), "a rollback was asked for")
    return Applied(live, held.live, True, held.warnings)


def _begin(task: Task, plan: Plan) -> Staged:
    held = task.held
    reverting.refuse_without_history(held, 1)
    # What the server would refuse or a manager holds is told before anything is written.
    final = held.predict(task.intent, partial=task.how.partial)
    placing.refuse_elsewhere(held, final.after["spec"]["template"])
    if task.how.dry_run:
        return foreseeing.forward(task, plan, State(STAGED, HOLDING), final)
    held.observed()
    stable = staged.standing_revision(held.cluster, held.live, held.deadline)
    wanted = held.predict(held.with_template(task.intent)).after["spec"]["template"]
    earlier = held.state
    remembered = held.remembered()
    if earlier is not None:
        # The user's strategy is the one that the state has kept.
        remembered |= {
            "strategy": earlier.strategy,
            "strategy_owned": earlier.strategy_owned,
        }
    # Written with the first step, before the object is touched.
    held.state = State(
        kind=STAGED,
        phase=HOLDING,
        plan=kept_plan(plan),
        verifies=plan.verify is not None,
        by=user_agent(os.environ),
        revision=stable.name,
        digest=staged.digest_of(wanted),
        **remembered,
    )
    return _go_on(task, plan, stable)


def _found(task: Task, found: State, plan: Plan | None, proceed: bool) -> Staged:
    """What becomes of a staged rollout that is there already."""
    held = task.held
    if plan is not None and plan.rebuild:
        raise in_the_way(held, "it excludes a rebuild", "Let it end first, or roll it back.")
    try:
        stable = reverting.stable_of(held)
    except RolloutError:
        if not proceed:
            raise
        # What stands is what there is to go back to.
        return _begin(task, plan or Plan.from_dict(found.plan))
    held.may_stand(staged.digest_of(stable.template))
    trial = held.predict(held.with_template(task.intent)).after["spec"]["template"]
    wish = _wish(trial, found, stable)
    if not proceed:
        _refuse_foreign(held, found, stable)
    elif staged.digest_of(held.template) not in (found.digest, staged.digest_of(stable.template)):
        # Somebody else's, who may hold what has to go between the stages.
        held.try_template(stable.template, found.owned)
    if wish == _BACK:
        return _go_back(task, found, stable)
    if wish == _RESUME:
        return _take_up(task, found, plan, stable, proceed)
    if not proceed:
        raise in_the_way(
            held,
            "the task wants a template that is neither the new nor the stable one",
            "Let it end first, or roll it back; or have the task's definition take its place with"
            " on_unfinished_rollout: proceed.",
        )
    placing.refuse_elsewhere(held, trial)
    earlier = [one for one in dict.fromkeys([*found.earlier, found.hash or ""]) if one]
    chosen = plan or Plan.from_dict(found.plan)
    state = found.at(
        HOLDING,
        stage=0,
        stages=0,
        plan=kept_plan(chosen),
        verifies=chosen.verify is not None,
        digest=staged.digest_of(trial),
        hash=None,
        earlier=earlier,
        by=user_agent(os.environ),
        why="",
    )
    if task.how.dry_run:
        return foreseeing.forward(task, chosen, state)
    held.state = state
    return _go_on(task, chosen, stable)


def _wish(wanted: Mapping[str, Any], found: State, stable: Revision) -> str:
    if staged.digest_of(wanted) == found.digest:
        return _RESUME
    return _BACK if history.same_template(wanted, stable.template) else _OTHER


def _refuse_foreign(held: Held, found: State, stable: Revision) -> None:
    """Refuse to write over what somebody else has changed since the state was written.

    Raises:
        LostError: somebody did.
    """
    is_new = staged.digest_of(held.template) == found.digest
    changed = []
    if not is_new and not staged.is_template_of(held.template, stable):
        changed.append("spec.template")
    # Before the first pod and after the last one the strategy is the user's.
    strategy_may_differ = found.phase in (PROMOTING, REVERTING) or found.hash is None
    if held.strategy.get("type") != "OnDelete" and not strategy_may_differ:
        changed.append("spec.updateStrategy")
    if changed:
        raise foreign(held.name, changed, held.live)


def _take_up(
    task: Task, found: State, plan: Plan | None, stable: Revision, proceed: bool
) -> Staged:
    """Go on with a rollout whose template the task wants as well."""
    held = task.held
    if found.phase == HALTED and not proceed:
        raise in_the_way(
            held,
            f"it is paused{': ' + found.why if found.why else ''}",
            "Have it go on with state: resumed, or go back with the former definition or"
            " daemonset_rollback.",
        )
    if plan is None and found.verifies:
        raise in_the_way(
            held,
            "its plan has a command in rollout.verify, which is not kept on the object",
            "Run the task with its rollout again.",
        )
    chosen = plan or Plan.from_dict(found.plan)
    if task.how.dry_run and found.phase == REVERTING:
        return foreseeing.back(task, found)
    if task.how.dry_run:
        return foreseeing.forward(task, chosen, found)
    if found.phase == REVERTING:
        told = _revert(held, chosen, task.patience, found.why)
        raise failed(held, found, found.why, [], "rolled_back", told)
    return _go_on(task, chosen, stable)


def _go_back(task: Task, found: State, stable: Revision) -> Staged:
    """Roll back, as the task wants the stable template; then all else that it wants."""
    held = task.held
    if task.how.dry_run:
        return foreseeing.back(task, found)
    chosen = Plan.from_dict(found.plan)
    told = _revert(held, chosen, task.patience, "a task wanted the former template")
    applied = held.put(lambda: task.intent, partial=task.how.partial)
    return Staged(
        Applied(task.before, held.live, True, held.warnings, applied.rewritten),
        {
            "kind": STAGED,
            "phase": "rolled_back",
            "rolled_back": told,
            "message": f"the staged rollout was rolled back on {count_of(told['count'], 'node')}",
        },
        patience=task.patience,
    )


def _revert(held: Held, plan: Plan, patience: Patience, why: str) -> dict[str, Any]:
    """Go back, as `reverting.revert` does; a failure says that the next run goes on with it."""
    try:
        return reverting.revert(held, plan, patience, why)
    except EverynodeError as error:
        error.details.setdefault("changed", held.has_written)
        if is_trouble(error):
            error.advice = f"{error.advice} Run the task again: it goes on going back.".strip()
        raise


def _go_on(task: Task, plan: Plan, stable: Revision) -> Staged:
    held = task.held
    stages = Stages(held, task.intent, plan, task.patience, stable)
    try:
        is_done = stages.run()
    except LostError as error:
        error.details.setdefault("changed", held.has_written)
        let_go(held, stages, error)
        raise
    except EverynodeError as error:
        if not held.has_written:
            raise
        raise after_failure(held, stages, plan, task.patience, error) from error
    if is_done:
        try:
            stages.promote(partial=task.how.partial)
        except EverynodeError as error:
            error.details["changed"] = True
            if not isinstance(error, LostError):
                told = "All nodes have their new pods; the next run of the task ends the rollout."
                error.advice = f"{error.advice} {told}".strip()
            raise
    return Staged(
        Applied(task.before, held.live, held.has_written, held.warnings),
        _report(held.state, stages),
        finished=is_done,
        patience=stages.patience_for_failed(),
    )


def _report(state: State | None, stages: Stages) -> dict[str, Any]:
    """What stages that went well tell; without a state they have all been done."""
    report: dict[str, Any] = {
        "kind": STAGED,
        "phase": "done" if state is None else state.phase,
        "touched": staged.named(stages.touched),
    }
    if state is not None:
        done, total = stages.done
        report |= {
            "stage": state.stage,
            "stages": state.stages,
            # The controller counts those of the template that stands.
            "updated": done,
            "message": f"stage {state.stage} of {state.stages} is done, {done} of"
            f" {count_of(total, 'pod is', 'pods are')} updated; the rollout stops here until the"
            " task runs again with a rollout that has no until_stage, or a later one",
        }
    nodes = stages.nodes
    if nodes.excused:
        excused = [(node, BY_NODE) for node in nodes.excused]
        report["excused"] = excused_in_words(excused, nodes.why_excused())
    if nodes.failed:
        report["failed"] = staged.reasons_of(nodes.failed.values())
    return report
