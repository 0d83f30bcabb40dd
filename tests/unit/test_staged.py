# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Staged rollouts, without a cluster: what is remembered, whose turn it is, how many at a time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import RolloutError
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.trouble import Trouble
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout import staged
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.annotation import (
    ANNOTATION,
    has_state,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.node_work import (
    NodeOutcome,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.state import (
    FAILED,
    HOLDING,
    PROMOTING,
    ROLLING,
    STAGED,
    State,
    state_of,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.turns import (
    cut,
    holds,
    kept_plan,
    next_stage,
    renumbered,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.rollout import Check, Plan

_ORDER: dict[str, Any] = {"label": "pool", "values": ["a"], "stages": {"a": [1]}}


def _live(text: str | None) -> dict[str, Any]:
    annotations = {} if text is None else {ANNOTATION: text}
    return {"metadata": {"namespace": "kube", "name": "agent", "annotations": annotations}}


def test_a_state_is_read_as_it_was_written() -> None:
    state = State(
        STAGED,
        ROLLING,
        stage=2,
        stages=3,
        plan={"stages": [1, "50%"]},
        verifies=True,
        run="abc",
        manager="everynode",
        revision="agent-1",
        owned={"f:spec": {"f:hostNetwork": {}}},
        digest="d",
        hash="h",
        earlier=["g"],
        strategy={"type": "OnDelete"},
        why="because",
    )
    assert state_of(_live(state.as_text())) == state
    assert state_of(_live(State(STAGED, HOLDING).as_text())) == State(STAGED, HOLDING)


def test_what_is_not_known_is_left_out() -> None:
    text = json.dumps({"version": 1, "kind": "staged", "phase": "rolling", "later": 1})
    assert state_of(_live(text)) == State(STAGED, ROLLING)


def test_no_state() -> None:
    assert state_of(None) is None
    assert state_of(_live(None)) is None
    assert state_of({"metadata": {"name": "agent"}}) is None
    assert not has_state(_live(None))


_JUNK: list[Any] = [None, True, 7, -7, "x", "", ["x"], [], [[]], {"x": 1}, {"stages": 3}, 1.5]


@pytest.mark.parametrize("junk", _JUNK, ids=repr)
def test_whatever_somebody_writes_into_it_is_read_or_refused(junk: Any) -> None:
    plan = {"stages": [1, "50%"], "canary": {"a": "b"}, "order_by": _ORDER, "max_failures": 1}
    sound = {"version": 1, "kind": "staged", "phase": "holding", "stage": 1, "plan": plan}
    changed = [{**sound, key: junk} for key in State.__dataclass_fields__]
    changed += [{**sound, "plan": {**plan, key: junk}} for key in Plan.__dataclass_fields__]
    changed += [{**sound, "plan": {**plan, "order_by": {**_ORDER, key: junk}}} for key in _ORDER]
    standing = {f"node-{number}": "old" for number in range(3)}
    for content in changed:
        try:
            found = state_of(_live(json.dumps(content)))
        except RolloutError:
            continue
        assert found is not None
        plan_found = Plan.from_dict(found.plan)
        turn = cut(plan_found, found, standing, {"node-1": {"pool": "a"}}, 1)
        renumbered(Plan(), found, turn)
        holds(plan_found, found)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "1", "{}", '{"version": 2}', '{"version": 1}', '{"version": 1, "kind": "x"}'],
)
def test_a_state_that_cannot_be_read_is_refused(text: str) -> None:
    assert has_state(_live(text))
    with pytest.raises(RolloutError, match=ANNOTATION):
        state_of(_live(text))


def _cut(
    stage: int, done: int, total: int = 10, plan: Plan | None = None, **state: Any
) -> tuple[list[str], list[int]]:
    standing = {f"n{n}": "new" if n < done else "old" for n in range(total)}
    remembered = State(STAGED, ROLLING, hash="new", **state)
    turn = cut(plan or Plan(stages=(1, "50%")), remembered, standing, {}, stage)
    return list(turn.now), list(turn.sizes)


@pytest.mark.parametrize(
    ("stage", "done", "now"),
    [
        (1, 0, ["n0"]),
        (2, 1, ["n1", "n2", "n3", "n4", "n5"]),
        (3, 6, ["n6", "n7", "n8", "n9"]),
        # Taken up again: what was under way is proven, and the rest of the stage follows.
        (2, 3, ["n1", "n2", "n3", "n4", "n5"]),
        (2, 6, ["n1", "n2", "n3", "n4", "n5"]),
        # More are done than the stage has, since a node joined in the wrong moment.
        (1, 2, ["n0", "n1"]),
        # There are more stages than nodes.
        (9, 8, ["n8", "n9"]),
        (9, 10, []),
    ],
)
def test_whose_turn_it_is(stage: int, done: int, now: list[str]) -> None:
    assert _cut(stage, done) == (now, [1, 5, 4])


def test_those_that_are_done_count_whatever_their_names() -> None:
    standing = {"a": "old", "b": "old", "z": "new"}
    turn = cut(Plan(stages=(1, 1)), State(STAGED, ROLLING, hash="new"), standing, {}, 1)
    assert turn.now == ["z"]
    turn = cut(Plan(stages=(1, 1)), State(STAGED, ROLLING, hash="new"), standing, {}, 2)
    assert turn.now == ["a"]
    assert turn.outdated == ["a", "b"]


def test_what_was_touched_before_comes_first() -> None:
    standing = {"a": "old", "b": "old", "c": "other"}
    state = State(STAGED, ROLLING, hash="new", earlier=["other"])
    assert cut(Plan(stages=(1,)), state, standing, {}, 1).now == ["c"]


def test_without_a_hash_no_node_is_done() -> None:
    turn = cut(Plan(), State(STAGED, HOLDING), {"a": "", "b": "x"}, {}, 1)
    assert turn.now == turn.outdated == ["a", "b"]


@pytest.mark.parametrize(
    ("phase", "stage", "following"),
    [(HOLDING, 0, 1), (HOLDING, 2, 3), (ROLLING, 2, 2), (FAILED, 1, 1), (PROMOTING, 0, 1)],
)
def test_which_stage_comes_next(phase: str, stage: int, following: int) -> None:
    assert next_stage(State(STAGED, phase, stage=stage)) == following


@pytest.mark.parametrize(
    ("until", "phase", "stage", "held"),
    [
        (None, HOLDING, 5, False),
        (1, HOLDING, 0, False),
        (1, HOLDING, 1, True),
        (1, HOLDING, 2, True),
        (1, ROLLING, 1, False),
    ],
)
def test_when_there_is_no_more_to_do(until: int | None, phase: str, stage: int, held: bool) -> None:
    assert holds(Plan(until_stage=until), State(STAGED, phase, stage=stage)) is held


def test_a_command_is_not_kept() -> None:
    plan = Plan(stages=(1,), verify=Check(("check", "secret")))
    assert kept_plan(plan) == {"stages": [1]}


_ROLLING = "RollingUpdate"


@pytest.mark.parametrize(
    ("strategy", "wanted", "count"),
    [
        ({}, None, 1),
        ({"type": _ROLLING, "rollingUpdate": {"maxUnavailable": 3}}, None, 3),
        ({"type": _ROLLING, "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": 0}}, None, 3),
        ({"type": _ROLLING, "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 4}}, None, 4),
        ({"type": _ROLLING, "rollingUpdate": {"maxUnavailable": "0%", "maxSurge": "5%"}}, None, 1),
        ({"type": "OnDelete"}, None, 1),
        # What others have left of it does not count.
        ({"type": "OnDelete", "rollingUpdate": {"maxUnavailable": 3}}, None, 1),
        ({"type": "OnDelete"}, 2, 2),
        ({"type": _ROLLING, "rollingUpdate": {"maxUnavailable": 3}}, "50%", 5),
    ],
)
def test_how_many_pods_at_a_time(
    strategy: dict[str, Any], wanted: int | str | None, count: int
) -> None:
    live = {"status": {"desiredNumberScheduled": 10}}
    assert staged.at_once(live, strategy, wanted) == count


def test_reasons_are_grouped_by_cause() -> None:
    pull = Trouble("ImagePull", "not found", False)
    crash = Trouble("CrashLoop", "exit code 1", False)
    outcomes = [NodeOutcome(f"n{n}", trouble=pull) for n in range(7)]
    outcomes += [NodeOutcome("m", trouble=crash), NodeOutcome("well", updated=True)]
    found = staged.reasons_of(outcomes)
    assert [(one["cause"], one["count"], len(one["nodes"])) for one in found] == [
        ("ImagePull", 7, 5),
        ("CrashLoop", 1, 1),
    ]
    assert staged.in_words(found) == (
        "ImagePull on n0, n1, n2, n3, n4 and 2 more (not found); CrashLoop on m (exit code 1)"
    )


def test_a_template_is_known_by_its_content() -> None:
    template = {"metadata": {"labels": {"a": "1"}}, "spec": {"containers": []}}
    older = {
        "spec": {"containers": []},
        "metadata": {"labels": {"a": "1"}, "creationTimestamp": None},
    }
    other = {"metadata": {"labels": {"a": "2"}}, "spec": {"containers": []}}
    assert staged.digest_of(template) == staged.digest_of(older)
    assert staged.digest_of(template) != staged.digest_of(other)


@pytest.mark.parametrize(("pod", "updated"), [("new", 1), ("", 0)], ids=["pod", "no-pod"])
def test_a_node_that_failed_takes_its_place_in_the_stage(pod: str, updated: int) -> None:
    state = State(STAGED, HOLDING, stage=1, hash="new")
    standing = {"a": pod, "b": "old", "c": "old"}
    turn = cut(Plan(stages=(1,)), state, standing, {}, 2, unwell={"a"}, failed={"a"})
    assert (turn.again, turn.now, turn.outdated) == ([], ["b"], ["b", "c"])
    assert (turn.updated, turn.done, turn.total) == (updated, 1, 3)
