# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose turn it is: the nodes of a stage, by what the plan says and what is done already. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._spec.rollout import Plan, stages_of
from .state import HOLDING, State


@dataclass(frozen=True)
class Cut:
    """The nodes as one stage sees them.

    Attributes:
        outdated: all that have no new pod yet, and whose turn has not come.
        again: those of earlier stages that are not well any more, to be proven again first.
        now: those whose turn it is: to be replaced, or to be proven where the new pod is there.
        sizes: how many nodes each stage has.
        updated: how many of all have a new pod.
    """

    outdated: Sequence[str]
    again: Sequence[str]
    now: Sequence[str]
    sizes: Sequence[int]
    updated: int

    @property
    def total(self) -> int:
        """How many nodes there are."""
        return sum(self.sizes)

    @property
    def done(self) -> int:
        """How many of them have had their turn."""
        return self.total - len(self.outdated)


def kept_plan(plan: Plan) -> dict[str, Any]:
    """A plan as the state keeps it: without the command, which may hold secrets."""
    kept = plan.as_dict()
    kept.pop("verify", None)
    return kept


def next_stage(state: State) -> int:
    """The stage that comes next, or is to be taken up again."""
    return state.stage + 1 if state.phase == HOLDING else max(state.stage, 1)


def holds(plan: Plan, state: State) -> bool:
    """Whether the plan wants no more than what is done already."""
    until = plan.until_stage
    return until is not None and state.phase == HOLDING and state.stage >= until


def renumbered(plan: Plan, state: State, turn: Cut) -> State:
    """The state in terms of this plan: where it has other stages than the plan before, those count
    as done that the nodes which are done make up.

    Args:
        plan: the plan.
        state: the rollout's state.
        turn: the nodes, by this plan.
    """
    if has_same_stages(plan, state):
        return state
    reached = itertools.accumulate(turn.sizes)
    complete = sum(1 for _size in itertools.takewhile(lambda size: size <= turn.done, reached))
    return state.at(HOLDING, stage=complete, stages=len(turn.sizes))


def has_same_stages(plan: Plan, state: State) -> bool:
    """Whether the stages of a state are those of this plan, or none has begun."""
    return not state.stage or _stages(Plan.from_dict(state.plan)) == _stages(plan)


def _stages(plan: Plan) -> tuple[Any, ...]:
    """What of a plan says which stages there are."""
    return plan.stages, dict(plan.canary), plan.order_by


def cut(
    plan: Plan,
    state: State,
    standing: Mapping[str, str],
    labels: Mapping[str, Mapping[str, str]],
    stage: int,
    unwell: Container[str] = (),
    failed: Container[str] = (),
) -> Cut:
    """Whose turn it is in a stage.

    Nodes that are done count as those of the first stages, whatever their names: so a stage that is
    taken up again goes on where it was, though nodes have come and gone.

    Args:
        plan: the plan.
        state: the rollout's state; without a hash, no node is done.
        standing: the revision of each node's pod.
        labels: those of each node, where the plan goes by them.
        stage: which one, counted from 1.
        unwell: nodes whose pod is not ready any more.
        failed: nodes that were put up with: they have had their turn, so that the stages after it
            have no more nodes for that.
    """
    batches = stages_of(plan, [(node, labels.get(node, {})) for node in standing])
    order = [node for batch in batches for node in batch]
    # What another rollout has touched before this one took its place comes first.
    order.sort(key=lambda node: standing[node] not in state.earlier)
    updated = [node for node in order if _is_done(state, standing[node])]
    new = set(updated)
    done = [node for node in order if node in new or node in failed]
    outdated = [node for node in order if node not in new and node not in failed]
    sizes = [len(batch) for batch in batches]
    before, until = sum(sizes[: stage - 1]), sum(sizes[:stage])
    again = [node for node in done[:before] if node in unwell and node not in failed]
    now = [node for node in done[before:] if node not in failed]
    now += outdated[: max(0, until - len(done))]
    return Cut(outdated, again, now, sizes, len(updated))


def _is_done(state: State, revision: str) -> bool:
    return state.hash is not None and revision == state.hash
