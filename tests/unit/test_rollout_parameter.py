# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parameter ``rollout``: what it takes, what it refuses, and which nodes come when."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.rollout import (
    Check,
    Order,
    Plan,
    stages_of,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.rollout_parameter import (
    read_plan,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.shares import share_of

_EVERYTHING: dict[str, Any] = {
    "stages": [1, "10%", "050%"],
    "until_stage": 2,
    "canary_node_selector": {"pool": "canary"},
    "order_by": {"label": "pool", "values": ["a", "b"], "stages": {"b": ["50%"]}},
    "soak_seconds": 30,
    "max_pod_restarts": 1,
    "max_failures": "5%",
    "max_unavailable": 2,
    "verify": {"command": ["agent", "--check"], "container": "agent", "timeout_seconds": 5},
    "on_failure": "pause",
}
_PLAN = Plan(
    stages=(1, "10%", "050%"),
    until_stage=2,
    canary={"pool": "canary"},
    order_by=Order("pool", ("a", "b"), {"b": ("50%",)}),
    soak_seconds=30,
    max_failures="5%",
    max_pod_restarts=1,
    verify=Check(("agent", "--check"), "agent", 5),
    max_unavailable=2,
    on_failure="pause",
)


def _params(**given: Any) -> dict[str, Any]:
    return {"state": "present", "wait": True, "wait_timeout": 600, **given}


def _faults(**given: Any) -> dict[str, str]:
    plan, faults = read_plan(_params(**given))
    assert (plan is None) == (bool(faults) or given.get("rollout") is None)
    assert len({fault.path for fault in faults}) == len(faults)
    return {fault.path: fault.problem for fault in faults}


def test_a_command_may_take_as_long_as_the_task_has() -> None:
    assert _faults(rollout={"verify": ["true"]}, wait_timeout=20) == {}


@pytest.mark.parametrize(
    ("rollout", "expected"),
    [
        (_EVERYTHING, _PLAN),
        ({"stages": [1]}, Plan(stages=(1,))),
        ({"stages": ["3"]}, Plan(stages=(3,))),
        ({"stages": [1], "soakSeconds": "10"}, Plan(stages=(1,), soak_seconds=10)),
        ({"stages": None, "soak_seconds": 5}, Plan(soak_seconds=5)),
        ({"verify": ["true"]}, Plan(verify=Check(("true",)))),
        ({"verify": ["sleep", 1]}, Plan(verify=Check(("sleep", "1")))),
        ({"verify": {"command": ["true"], "container": ""}}, Plan(verify=Check(("true",)))),
        ({"rebuild": True}, Plan(rebuild=True)),
        ({"rebuild": True, "on_failure": "fail"}, Plan(rebuild=True, on_failure="fail")),
        ({"rebuild": False, "stages": [1]}, Plan(stages=(1,))),
        ({"canary_node_selector": {"gpu": "yes"}}, Plan(canary={"gpu": "yes"})),
        ({"max_failures": "10%", "stages": [2]}, Plan(stages=(2,), max_failures="10%")),
    ],
)
def test_what_is_written_is_the_plan(rollout: dict[str, Any], expected: Plan) -> None:
    written = json.dumps(rollout)
    assert read_plan(_params(rollout=rollout)) == (expected, [])
    assert json.dumps(rollout) == written


@pytest.mark.parametrize("plan", [_PLAN, Plan(), Plan(rebuild=True), Plan(verify=Check(("a",)))])
def test_a_plan_is_kept_as_json(plan: Plan) -> None:
    assert Plan.from_dict(json.loads(json.dumps(plan.as_dict()))) == plan


def test_what_is_the_default_is_not_kept() -> None:
    assert Plan().as_dict() == {}
    assert Plan(stages=(1,), soak_seconds=3).as_dict() == {"stages": [1], "soak_seconds": 3}


def test_what_another_version_keeps_is_left_out() -> None:
    assert Plan.from_dict({"stages": [1], "moon": "full"}) == Plan(stages=(1,))


@pytest.mark.parametrize(
    ("rollout", "path", "problem"),
    [
        ({}, "rollout", "is empty"),
        (["1"], "rollout", "expects a dictionary, got a list"),
        ({"stages": []}, "rollout.stages", "is empty"),
        ({"stages": 1}, "rollout.stages", "expects a list, got a whole number"),
        ({"stages": [1, 0]}, "rollout.stages[1]", "0 is not allowed: give a number of nodes"),
        ({"stages": [1, "0%"]}, "rollout.stages[1]", "'0%' is not allowed"),
        ({"stages": ["101%"]}, "rollout.stages[0]", "'101%' is not allowed"),
        ({"stages": ["ten"]}, "rollout.stages[0]", "'ten' is not allowed"),
        ({"stages": [True]}, "rollout.stages[0]", "expects a whole number or text, got true"),
        ({"stages": [0.1]}, "rollout.stages[0]", "expects a whole number or text, got 0.1"),
        ({"stages": [1, None]}, "rollout.stages[1]", "is empty"),
        ({"stagse": [1]}, "rollout.stagse", "unknown field, did you mean stages?"),
        ({"moon": 1}, "rollout.moon", "unknown field"),
        ({"stages": [1], "until_stage": 0}, "rollout.until_stage", "must be 1 or more"),
        ({"until_stage": "two"}, "rollout.until_stage", "expects a whole number, got 'two'"),
        ({"soak_seconds": -1}, "rollout.soak_seconds", "must be 0 or more"),
        ({"soak_seconds": 600}, "rollout.soak_seconds", "not less than wait_timeout, which is 600"),
        ({"max_pod_restarts": -1}, "rollout.max_pod_restarts", "must be 0 or more"),
        ({"max_failures": -1}, "rollout.max_failures", "-1 is not allowed"),
        ({"max_failures": "some"}, "rollout.max_failures", "'some' is not allowed"),
        ({"max_unavailable": 0}, "rollout.max_unavailable", "0 is not allowed"),
        ({"on_failure": "retry"}, "rollout.on_failure", "allowed: fail, pause, rollback"),
        ({"canary_node_selector": {}}, "rollout.canary_node_selector", "is empty"),
        ({"canary_node_selector": {"a": None}}, "rollout.canary_node_selector.a", "is empty"),
        ({"canary_node_selector": {"a": []}}, "rollout.canary_node_selector.a", "got a list"),
        (
            {"canary_node_selector": {"a b": "c"}},
            "rollout.canary_node_selector['a b']",
            "label key",
        ),
        ({"canary_node_selector": {"a": "-"}}, "rollout.canary_node_selector.a", "label value"),
        ({"order_by": {"label": "a b"}}, "rollout.order_by.label", "is not a valid label key"),
        ({"order_by": {"label": "a", "values": ["b c"]}}, "rollout.order_by.values[0]", "value"),
        (
            {"order_by": {"label": "a", "stages": {"b c": [1]}}},
            "rollout.order_by.stages['b c']",
            "is not a valid label value",
        ),
        ({"order_by": {}}, "rollout.order_by.label", "is missing"),
        ({"order_by": {"label": True}}, "rollout.order_by.label", "expects text, got a boolean"),
        (
            {"order_by": {"label": "pool", "values": ["a", "b", "a"]}},
            "rollout.order_by.values[2]",
            "a is there twice",
        ),
        (
            {"order_by": {"label": "pool", "stages": {"a": [1, "x"]}}},
            "rollout.order_by.stages.a[1]",
            "'x' is not allowed",
        ),
        ({"order_by": {"label": "p", "stages": {"a": []}}}, "rollout.order_by.stages.a", "empty"),
        ({"verify": "true"}, "rollout.verify", "expects a list of words"),
        ({"verify": []}, "rollout.verify", "is missing"),
        ({"verify": {}}, "rollout.verify.command", "is missing"),
        ({"verify": {"comand": ["a"]}}, "rollout.verify.comand", "did you mean command?"),
        ({"verify": ["a", None]}, "rollout.verify[1]", "is empty"),
        (
            {"verify": {"command": ["a"], "timeout_seconds": 0}},
            "rollout.verify.timeout_seconds",
            "is not a number of seconds",
        ),
        (
            {"verify": {"command": ["a"], "timeout_seconds": 601}},
            "rollout.verify.timeout_seconds",
            "is more than wait_timeout",
        ),
        ({"rebuild": True, "stages": [1]}, "rollout.stages", "excludes rebuild"),
        ({"rebuild": True, "verify": ["a"]}, "rollout.verify", "excludes rebuild"),
        (
            {"rebuild": True, "canary_node_selector": {"a": "b"}},
            "rollout.canary_node_selector",
            "excludes rebuild",
        ),
        ({"rebuild": "maybe"}, "rollout.rebuild", "expects"),
    ],
)
def test_what_is_wrong_is_told_with_its_path(rollout: Any, path: str, problem: str) -> None:
    faults = _faults(rollout=rollout)
    assert list(faults) == [path]
    assert problem in faults[path]


def test_all_faults_are_told_at_once() -> None:
    faults = _faults(
        rollout={
            "stages": [0, "x"],
            "until_stage": 0,
            "verify": [],
            "order_by": {"values": ["a"]},
            "unknown_thing": 1,
        },
        on_failure="rollback",
        wait=False,
    )
    assert set(faults) == {
        "rollout",
        "on_failure",
        "rollout.stages[0]",
        "rollout.stages[1]",
        "rollout.until_stage",
        "rollout.verify",
        "rollout.order_by.label",
        "rollout.unknown_thing",
    }


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({"on_failure": "rollback"}, []),
        ({"on_failure": "fail", "wait": False}, []),
        ({"on_failure": "pause", "wait": False}, ["on_failure"]),
        ({"on_failure": "rollback", "state": "patched"}, []),
        ({"on_failure": "rollback", "state": "restarted"}, ["on_failure"]),
        ({"rollout": {"stages": [1]}, "state": "patched"}, []),
        ({"rollout": {"stages": [1]}, "state": "absent"}, ["rollout"]),
        ({"rollout": {"stages": [1]}, "wait": False}, ["rollout"]),
        ({"rollout": {"stages": [1]}, "on_failure": "fail"}, ["on_failure"]),
        ({"rollout": {"stages": [1]}, "wait_timeout": 0}, []),
    ],
)
def test_what_a_task_says_beside_it(given: dict[str, Any], paths: list[str]) -> None:
    _plan, faults = read_plan(_params(**given))
    assert [fault.path for fault in faults] == paths


def _nodes(count: int, **labels: str) -> list[tuple[str, dict[str, str]]]:
    return [(f"node-{index}", dict(labels)) for index in range(count)]


def _pools(**sizes: int) -> list[tuple[str, dict[str, str]]]:
    return [
        (f"{pool}-{index}", {"pool": pool}) for pool, size in sizes.items() for index in range(size)
    ]


@pytest.mark.parametrize(
    ("stages", "count", "sizes"),
    [
        ((1,), 3, [1, 1, 1]),
        ((1, "10%", "50%"), 100, [1, 10, 50, 39]),
        ((1, "10%"), 5, [1, 1, 1, 1, 1]),
        (("30%",), 10, [3, 3, 3, 1]),
        (("100%",), 7, [7]),
        ((20,), 7, [7]),
        ((1,), 0, []),
        ((2, 3), 11, [2, 3, 3, 3]),
        (("33%", "100%"), 10, [3, 7]),
    ],
)
def test_sizes_are_those_of_the_serial_of_a_play(
    stages: tuple[int | str, ...], count: int, sizes: list[int]
) -> None:
    found = stages_of(Plan(stages=stages), _nodes(count))
    assert [len(stage) for stage in found] == sizes
    named = [name for stage in found for name in stage]
    assert sorted(named) == sorted(name for name, _labels in _nodes(count))


def test_nodes_come_in_the_order_of_their_numbers() -> None:
    found = stages_of(Plan(stages=(1, 1, "100%")), reversed(_nodes(12)))
    assert found == [["node-0"], ["node-1"], [f"node-{index}" for index in range(2, 12)]]


def test_canaries_are_a_stage_of_their_own() -> None:
    nodes = [*_nodes(8), ("odd", {"canary": "yes"}), ("even", {"canary": "yes", "a": "b"})]
    plan = Plan(stages=("50%",), canary={"canary": "yes"})
    found = stages_of(plan, nodes)
    assert found[0] == ["even", "odd"]
    assert [len(stage) for stage in found] == [2, 5, 3]


def test_canaries_that_match_no_node_are_no_stage() -> None:
    assert stages_of(Plan(canary={"a": "b"}), _nodes(2)) == [["node-0", "node-1"]]


def test_pools_come_in_their_order_each_with_its_stages() -> None:
    plan = Plan(
        stages=("50%",), order_by=Order("pool", ("test", "none", "db"), {"test": (1, "100%")})
    )
    nodes = [("alone", {}), *_pools(web=2, app=2, db=2, test=3)]
    assert stages_of(plan, nodes) == [
        ["test-0"],
        ["test-1", "test-2"],
        ["db-0"],
        ["db-1"],
        ["app-0"],
        ["app-1"],
        ["web-0"],
        ["web-1"],
        ["alone"],
    ]


def test_a_canary_of_a_pool_has_had_its_turn() -> None:
    plan = Plan(stages=("50%",), canary={"pool": "a"}, order_by=Order("pool"))
    assert stages_of(plan, _pools(a=1, b=4)) == [["a-0"], ["b-0", "b-1"], ["b-2", "b-3"]]


@pytest.mark.parametrize(
    ("value", "total", "down", "up"),
    [(3, 10, 3, 3), ("3", 2, 3, 3), ("10%", 25, 2, 3), ("0%", 9, 0, 0), ("100%", 9, 9, 9)],
)
def test_shares(value: int | str, total: int, down: int, up: int) -> None:
    assert share_of(value, total) == down
    assert share_of(value, total, up=True) == up
