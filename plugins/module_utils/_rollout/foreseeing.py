# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode of a staged rollout: which nodes would come in which stage."""

from __future__ import annotations

from typing import Any

from .._base.errors import ForbiddenError
from .._base.words import count_of
from .._cluster import daemonsets
from .._nodes.pods import is_ending, node_of, revision_of
from .._spec.rollout import Plan
from . import fates, staged
from .held import Held
from .patience import Patience
from .state import State
from .surroundings import look_around
from .turns import cut, holds, next_stage


def stages(held: Held, plan: Plan, patience: Patience, state: State) -> dict[str, Any]:
    """What a run would do: ``stage`` (the first that it would do), ``stages``, ``plan`` (the nodes
    by stage), ``restarts``, and ``holds`` (whether it would stop before the end).
    """
    try:
        standing = _standing(held)
    except ForbiddenError:
        told = "which pods would restart is not known: listing pods is forbidden"
        return {"restarts": {"pods": 0, "nodes": [], "message": told}, "holds": False}
    around = look_around(held, plan, patience)
    standing = {node: one for node, one in standing.items() if node not in around.excused}
    stage = next_stage(state)
    plans, turn = [], cut(plan, state, standing, around.labels, stage)
    last = len(turn.sizes) if plan.until_stage is None else plan.until_stage
    if holds(plan, state):
        last = stage - 1
    left = list(turn.outdated)
    done = len(standing) - len(left)
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
        "holds": bool(left),
    }


def going_back(held: Held, state: State) -> dict[str, Any]:
    """What a rollback would restart: ``restarts``."""
    try:
        standing = _standing(held)
    except ForbiddenError:
        standing = {}
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


def _standing(held: Held) -> dict[str, str]:
    """The revision of each node's pod: of one that has not ended, and not of its successor."""
    pods, _version = daemonsets.pods_of(held.cluster, held.live, held.deadline)
    ending = {node_of(pod): pod for pod in pods if is_ending(pod) and node_of(pod)}
    standing = {**ending, **fates.standing_on(pods)}
    return {node: revision_of(pod) for node, pod in standing.items()}
