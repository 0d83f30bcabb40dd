# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode of a staged rollout: which nodes would come in which stage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._base.errors import ForbiddenError
from .._base.words import count_of
from .._cluster.applying import Applied
from .._spec.rollout import Plan
from . import fates, staged, surroundings
from .held import ON_DELETE, Held
from .patience import Patience
from .staged import Staged, Task
from .state import REBUILD, STAGED, State
from .turns import cut, holds, next_stage, renumbered


def forward(task: Task, plan: Plan, state: State, final: Applied | None = None) -> Staged:
    """Check mode of what goes forward; ``final`` is what it comes to, where that is known."""
    held = task.held
    final = final or held.predict(task.intent, partial=task.how.partial)
    begins = state.hash is None
    if begins:
        # There may be pods of the template already, such as of a rollout that was paused.
        there = fates.hashes(held.cluster, final.after, held.deadline)
        state = replace(state, hash=next(iter(there), None))
    told = stages(held, plan, task.patience, state, begins=begins)
    is_held = told.pop("holds")
    if is_held:
        final = held.predict(held.with_strategy(ON_DELETE))
    changed = begins or not is_held or bool(told["restarts"]["pods"])
    return Staged(
        Applied(
            task.before,
            final.after,
            changed,
            [*held.warnings, *final.warnings],
            final.rewritten,
        ),
        {"kind": STAGED, "phase": "check", **told},
        finished=not is_held,
        patience=task.patience,
    )


def back(task: Task, found: State) -> Staged:
    """Check mode of what goes back."""
    held = task.held
    final = held.predict(task.intent, partial=task.how.partial)
    return Staged(
        Applied(task.before, final.after, True, final.warnings, final.rewritten),
        {"kind": STAGED, "phase": "check", **going_back(held, found)},
        patience=task.patience,
    )


def stages(
    held: Held, plan: Plan, patience: Patience, state: State, *, begins: bool
) -> dict[str, Any]:
    """What a run would do: ``stage`` (the first that it would do), ``stages``, ``plan`` (the nodes
    by stage), ``restarts``, ``updated`` (how many have the new template already), and ``holds``
    (whether it would stop before the end).
    """
    try:
        standing = surroundings.standing(held)
    except ForbiddenError:
        told = "which pods would restart is not known: listing pods is forbidden"
        return {"restarts": {"pods": 0, "nodes": [], "message": told}, "holds": False}
    around = surroundings.look_around(held, plan, patience)
    if begins and plan.goes_by_labels:
        surroundings.refuse_unmatched(held, plan, around.labels, standing)
    standing = {node: one for node, one in standing.items() if node not in around.excused}
    turn = cut(plan, state, standing, around.labels, 1)
    state = renumbered(plan, state, turn)
    stage = next_stage(state)
    # A stage that was begun is seen to its end.
    last = len(turn.sizes) if plan.until_stage is None else max(plan.until_stage, stage)
    if holds(plan, state):
        last = stage - 1
    plans = []
    left = list(turn.outdated)
    done = turn.done
    for number in range(stage, min(last, len(turn.sizes)) + 1):
        size = max(0, sum(turn.sizes[:number]) - done)
        plans.append(left[:size])
        left, done = left[size:], done + len(left[:size])
    nodes = [node for batch in plans for node in batch]
    return {
        "stage": stage,
        "stages": len(turn.sizes),
        "plan": [staged.named(batch) for batch in plans],
        "restarts": restarts(nodes, f" in {count_of(len(plans), 'stage')}" if nodes else ""),
        # The controller counts those of the template that stands.
        "updated": turn.updated,
        "holds": bool(left),
    }


def going_back(held: Held, state: State) -> dict[str, Any]:
    """What a rollback would restart: ``restarts``."""
    try:
        standing = surroundings.standing(held)
    except ForbiddenError:
        standing = {}
    if state.kind == REBUILD:
        nodes = list(standing)
        return {"restarts": restarts(nodes, ", after all of them have ended")}
    hashes = {one for one in (state.hash, *state.earlier) if one}
    nodes = [node for node, one in standing.items() if one in hashes]
    return {"restarts": restarts(nodes, ", those that the rollout has touched")}


def restarts(nodes: list[str], how: str) -> dict[str, Any]:
    """The key ``restarts`` of a result."""
    count = len(nodes)
    told = "no pod restarts"
    if count:
        told = f"{count_of(count, 'pod restarts', 'pods restart')}{how}"
    return {"pods": count, "nodes": staged.named(nodes)["nodes"], "message": told}
