# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Staged rollouts that fail, or stand in a task's way: what is done then, and told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._base.errors import EverynodeError, RolloutError
from .._base.words import count_of
from .._cluster.failures import is_trouble
from .._nodes.readiness import verdict
from .._spec.rollout import FAIL, PAUSE, Plan
from . import reverting, staged, unheard
from .held import Held
from .lost import LostError
from .patience import Patience
from .remembered import steps
from .staged import StageError
from .stages import Stages
from .state import FAILED, HALTED, REVERTING, STAGED, State


def after_failure(
    held: Held, stages: Stages, plan: Plan, patience: Patience, error: EverynodeError
) -> RolloutError:
    """Do what the plan wants after a failure; the failure of the task."""
    state = stages.state
    error = unheard.behind(error, held.cluster, held.live, held.deadline)
    if is_trouble(error):
        return _interrupted(held, stages, error)
    # What the state keeps is without evidence: a log or an answer may quote secrets.
    if isinstance(error, StageError):
        why, reasons, kept = error.message, error.reasons, error.brief
    else:
        why, reasons = f"{error.message} {error.advice}".strip(), []
        kept = f"stage {state.stage} could not go on ({error.kind})"
    told: dict[str, Any] = {"touched": staged.named(stages.touched)}
    try:
        if plan.on_failure in (PAUSE, FAIL):
            reverting.give_time(held)
            if state.hash is not None:
                stages.stand_stable()
            phase = HALTED if plan.on_failure == PAUSE else FAILED
            held.write(stages.state.at(phase, why=kept))
            outcome = "paused" if plan.on_failure == PAUSE else "failed"
        else:
            told["rolled_back"] = reverting.revert(held, plan, patience, kept, stages.touched)
            outcome = "rolled_back"
    except LostError as lost:
        lost.details.setdefault("changed", True)
        let_go(held, stages, lost)
        return lost
    except EverynodeError as second:
        failure = failed(held, state, why, reasons, "unfinished", told)
        failure.message += f" It could not be undone yet: {second.message}"
        is_back = held.state is not None and held.state.phase == REVERTING
        goes_on = "it rolls back" if is_back else "it goes on from there"
        failure.advice = f"{second.advice} Run the task again: {goes_on}.".strip()
        return failure
    return failed(held, state, why, reasons, outcome, told)


def _interrupted(held: Held, stages: Stages, error: EverynodeError) -> RolloutError:
    """The failure of a rollout that stays where it is, as after a kill: nothing is known against
    the new template, and what would take it back would run into the same trouble.
    """
    state = stages.state
    touched = {"touched": staged.named(stages.touched)}
    # Such as that the controller has not seen what was written.
    reasons = (error.details.get("rollout") or {}).get("reasons") or []
    interrupted = failed(held, state, error.message, reasons, "unfinished", touched)
    interrupted.message = (
        f"The staged rollout of DaemonSet {held.name} was interrupted at stage {state.stage}:"
        f" {error.message} That says nothing about the new template, so nothing was taken back."
    )
    goes_on = "Run the task again: it goes on from there."
    interrupted.advice = f"{error.advice} {goes_on}".strip()
    return interrupted


def let_go(held: Held, stages: Stages, lost: LostError) -> None:
    """Put the former template back where somebody else has changed the strategy, so that the
    controller does not bring the new one to every node.
    """
    if lost.found is None:
        return
    held.regain(lost.found)
    try:
        if stages.take_back():
            lost.message += " The former template was put back."
    except EverynodeError as error:
        lost.message += f" The new template stands, as it could not be put back: {error.message}"


def failed(
    held: Held,
    state: State,
    why: str,
    reasons: list[dict[str, Any]],
    outcome: str,
    told: dict[str, Any],
) -> RolloutError:
    """The failure of a staged rollout.

    Args:
        held: the DaemonSet as it was left.
        state: the rollout's state when it failed.
        why: a clause with the evidence.
        reasons: why nodes failed, grouped by cause.
        outcome: ``rolled_back``, ``paused``, ``failed``, or ``unfinished`` where that could not be.
        told: more keys for the result: ``touched``, ``rolled_back``.
    """
    back = told.get("rolled_back", told if outcome == "rolled_back" else {})
    ended = why if why.endswith(("?", ".")) else f"{why}."
    message = f"The staged rollout of DaemonSet {held.name} failed: {ended}"
    advice = "Mend the cause, then run the task again."
    if held.deadline.passed():
        advice = "Mend the cause, or give it more time with wait_timeout; then run the task again."
    if outcome == "rolled_back":
        message += f" It was rolled back{_who_is_back(back)}."
        told = {"touched": told.get("touched", {"count": 0, "nodes": []}), "rolled_back": back}
    elif outcome == "paused":
        message += (
            " It is paused: the touched nodes keep the new template, the others the former one."
        )
        advice = (
            "Have it go on with state: resumed and the task once more, or go back with the former"
            " definition or daemonset_rollback."
        )
    elif outcome == "failed":
        message += " Everything was left as it is, and the next run tries again."
    return RolloutError(
        message,
        advice=advice,
        details={
            "changed": True,
            "rollout": {
                **verdict(held.live).as_result(),
                "ready": False,
                "state": outcome,
                "message": why,
                "kind": STAGED,
                "phase": outcome,
                "stage": state.stage,
                "stages": state.stages,
                "reasons": reasons,
                **told,
            },
        },
    )


def in_the_way(held: Held, why: str, advice: str) -> RolloutError:
    """The refusal of a task because of the rollout that the object remembers."""
    return RolloutError(
        f"DaemonSet {held.name} has a rollout that has not ended: {why}. Nothing was changed.",
        advice=advice,
        details={"rollout": {**verdict(held.live).as_result(), **steps(held.live), "ready": False}},
    )


def _who_is_back(back: Mapping[str, Any]) -> str:
    """What a rollback has come to, as the end of a sentence, and one more."""
    count, left = int(back.get("count", 0)), back.get("left")
    told = ""
    if count:
        had = count_of(
            count,
            "node that it had touched runs the former template again",
            "nodes that it had touched run the former template again",
        )
        told = f": {had}, and no other node was touched"
    elif not left:
        told = ": no node has a pod of the new template"
    if left:
        told += f". On {', '.join(left['nodes'])} the pod could not be replaced in time"
    return told
