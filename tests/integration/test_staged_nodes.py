# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes come when, what a new pod has to show, nodes that are not Ready, and many nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.api import MERGE, Api, eventually
from tests.integration.held import back_again
from tests.integration.stages import BROKEN, NEW, OLD, Scene, scene
from tests.integration.verbs import Tasks

_POOLS = {"node-0": "edge", "node-1": "edge", "node-2": "core", "node-3": "core", "node-4": None}


def _label(api: Api, node: str, **labels: str | None) -> None:
    body = {"metadata": {"labels": labels}}
    api.request("PATCH", f"/api/v1/nodes/{node}", body=body, kind=MERGE)


@pytest.fixture
def pools(api: Api) -> Iterator[None]:
    for node, pool in _POOLS.items():
        _label(api, node, pool=pool)
    yield
    for node in _POOLS:
        _label(api, node, pool=None)


@pytest.fixture
def agent(api: Api, tasks: Tasks) -> Iterator[Scene]:
    with scene(api, tasks) as made:
        yield made


@pytest.mark.usefixtures("pools")
def test_the_canaries_come_first(agent: Scene) -> None:
    plan = {"stages": ["100%"], "canary_node_selector": {"pool": "core"}}
    agent.ok(NEW, rollout={**plan, "until_stage": 1})
    assert agent.on(NEW) == {"node-2", "node-3"}
    agent.ok(NEW, rollout=plan)
    agent.ended(NEW)


@pytest.mark.usefixtures("pools")
def test_pools_one_after_the_other_each_in_its_own_stages(agent: Scene) -> None:
    order: dict[str, Any] = {"label": "pool", "values": ["edge"], "stages": {"edge": [1]}}
    plan = {"stages": ["100%"], "order_by": order}
    tried = agent.tasks.ok(check=True, **agent.wish(NEW, rollout=plan))
    assert [stage["nodes"] for stage in tried.result["rollout"]["plan"]] == [
        ["node-0"],
        ["node-1"],
        ["node-2", "node-3"],
        ["node-4"],
    ]
    for until, nodes in ((2, {"node-0", "node-1"}), (3, {"node-0", "node-1", "node-2", "node-3"})):
        agent.ok(NEW, rollout={**plan, "until_stage": until})
        assert agent.on(NEW) == nodes
    agent.ok(NEW, rollout=plan)
    agent.ended(NEW)


def test_other_nodes_do_not_come_in_stages(agent: Scene) -> None:
    pool = {"key": "pool", "operator": "NotIn", "values": ["edge"]}
    required = {"node_selector_terms": [{"match_expressions": [pool]}]}
    affinity = {"node_affinity": {"required_during_scheduling_ignored_during_execution": required}}
    _label(agent.api, "node-4", pool="edge")
    try:
        refused = agent.fails(NEW, affinity=affinity, rollout={"stages": [1]})
        assert refused.writes == []
        assert "no more on 1 node (node-4)" in refused.result["msg"]
        toleration = [{"key": "example.test/new", "operator": "Exists"}]
        agent.ok(NEW, tolerations=toleration, rollout={"stages": [1, "100%"]})
        assert agent.restarts() == {f"node-{number}": 1 for number in range(5)}
        agent.ok(NEW, tolerations=toleration, node_selector={"pool": "edge"})
        agent.api.settled(agent.tasks.namespace, "agent")
        refused = agent.fails(OLD, tolerations=toleration, rollout={"stages": [1]})
        assert "also on 4 nodes (node-0, node-1, node-2, node-3)" in refused.result["msg"]
        assert (
            "4 nodes"
            in agent.tasks.run(
                check=True, **agent.wish(OLD, tolerations=toleration, rollout={"stages": [1]})
            ).result["msg"]
        )
    finally:
        _label(agent.api, "node-4", pool=None)


def test_labels_cannot_be_gone_by_without_the_right_to_see_them(agent: Scene) -> None:
    namespace = agent.tasks.namespace
    rules = [
        {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["get", "watch", "patch"]},
        {"apiGroups": ["apps"], "resources": ["controllerrevisions"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch", "delete"]},
    ]
    mine = {"impersonate_user": agent.api.user_with(rules, namespace, "narrow")}
    refused = agent.fails(
        NEW, rollout={"stages": [1], "canary_node_selector": {"pool": "core"}}, **mine
    )
    assert "listing nodes is forbidden" in refused.result["msg"]
    assert refused.writes == []
    # Stages by number need no more than this.
    agent.ok(NEW, rollout={"stages": [1, "100%"]}, **mine)
    agent.ended(NEW)


def test_a_right_that_is_missing_later_leaves_what_is_done(agent: Scene) -> None:
    agent.ok(NEW, rollout={"stages": [1, "100%"], "until_stage": 1})
    rules = [{"apiGroups": ["apps"], "resources": ["*"], "verbs": ["get", "list", "patch"]}]
    mine = {"impersonate_user": agent.api.user_with(rules, agent.tasks.namespace, "narrower")}
    refused = agent.fails(NEW, rollout={"stages": [1, "100%"]}, **mine)
    assert "pods" in refused.result["msg"]
    assert refused.writes == []
    assert agent.on(NEW) == {"node-0"}
    agent.ok(NEW, rollout={"stages": [1, "100%"]})
    agent.ended(NEW)


def test_a_command_in_a_container_that_is_not_there_fails_at_once(agent: Scene) -> None:
    plan = {"stages": [1, "100%"], "verify": {"command": ["true"], "container": "agnt"}}
    told = "rollout.verify.container: the template has no container agnt"
    assert told in agent.ok(NEW, rollout=plan, check=True).warnings
    failed = agent.fails(NEW, rollout=plan)
    assert told in failed.warnings
    # Not when the time was over.
    assert "stage 1 of 2 failed: VerifyFailed on node-0" in failed.result["msg"]
    agent.ended(OLD)
    assert agent.restarts() == {"node-0": 2}
    assert "verify.container" not in agent.ok(OLD, rollout=plan).warnings


def test_a_command_in_the_new_pod_says_that_it_is_well(agent: Scene) -> None:
    well = ["sh", "-c", 'test "$NODE_NAME" != node-3']
    failed = agent.fails(NEW, rollout={"stages": [2, "100%"], "verify": well})
    assert "VerifyFailed on node-3" in failed.result["msg"]
    agent.ended(OLD)
    agent.ok(NEW, rollout={"stages": [1, "100%"], "verify": {"command": ["true"]}})
    agent.ended(NEW)


def test_nodes_that_are_not_ready_are_left_out_where_the_task_allows(agent: Scene) -> None:
    _label(agent.api, "node-1", **{"everynode.kubernetes/kubelet": "not-ready"})

    def is_down() -> bool | None:
        node = agent.api.request("GET", "/api/v1/nodes/node-1")
        conditions = {one["type"]: one["status"] for one in node["status"]["conditions"]}
        return conditions["Ready"] != "True" or None

    try:
        eventually(is_down, "the node is not Ready")
        done = agent.ok(NEW, rollout={"stages": [2, "100%"]}, ignore_not_ready_nodes="1")
        assert done.result["rollout"]["excused"]["nodes"] == ["node-1"]
        (reason,) = done.result["rollout"]["excused"]["reasons"]
        assert (reason["cause"], reason["nodes"]) == ("NodeNotReady", ["node-1"])
        assert agent.on(NEW) >= {"node-0", "node-2", "node-3", "node-4"}
        assert agent.remembered == {}
    finally:
        _label(agent.api, "node-1", **{"everynode.kubernetes/kubelet": "running"})
        back_again(agent.api, "node-1")


def test_a_node_that_goes_in_the_middle_of_it_is_left_out_as_well(agent: Scene) -> None:
    def go(line: str) -> None:
        if "stage 1 of" in line:
            _label(agent.api, "node-1", **{"everynode.kubernetes/kubelet": "not-ready"})

    wish = agent.wish(
        NEW,
        rollout={"stages": [1, "100%"], "soak_seconds": 1},
        ignore_not_ready_nodes="1",
        progress_deadline_seconds=10,
    )
    try:
        done = agent.tasks.ok(**wish, heard=go)
        assert done.result["rollout"]["excused"]["nodes"] == ["node-1"]
        assert agent.on(NEW) >= {"node-0", "node-2", "node-3", "node-4"}
        assert set(agent.restarts().values()) == {1}
        assert agent.remembered == {}
    finally:
        _label(agent.api, "node-1", **{"everynode.kubernetes/kubelet": "running"})
        back_again(agent.api, "node-1")


def test_a_broken_version_on_a_hundred_nodes_costs_one_pod(api: Api, tasks: Tasks) -> None:
    api.cluster.set_nodes(100)
    try:
        with scene(api, tasks) as agent:
            before = {pod["metadata"]["uid"] for pod in api.pods(tasks.namespace, "agent")}
            assert len(before) == 100
            failed = agent.fails(BROKEN, rollout={"stages": [1, "10%"]})
            after = {pod["metadata"]["uid"] for pod in api.pods(tasks.namespace, "agent")}
            assert len(before & after) == 99
            assert agent.watch.most_unavailable() == 1
            assert len(agent.watch.ever_unavailable()) == 1
            assert len(agent.watch.deleted()) == 2
            assert failed.result["rollout"]["rolled_back"]["count"] == 1
            agent.ended(OLD)
    finally:
        api.cluster.set_nodes(5)
