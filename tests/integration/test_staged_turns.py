# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose turn it is in a stage where nodes fail, go away or come back meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.api import MERGE, Api, eventually
from tests.integration.child import run_through
from tests.integration.held import back_again
from tests.integration.stages import BROKEN, NEW, OLD, Scene, scene
from tests.integration.tap import Tap, Write
from tests.integration.verbs import Tasks

_PLACE = "example.test/place"
_KUBELET = "everynode.kubernetes/kubelet"
_NODES = [f"node-{number}" for number in range(5)]
_OTHERS = set(_NODES) - {"node-0"}


def _label(api: Api, node: str, **labels: str | None) -> None:
    body = {"metadata": {"labels": labels}}
    api.request("PATCH", f"/api/v1/nodes/{node}", body=body, kind=MERGE)


def _once(words: str, act: Callable[[], None]) -> Callable[[str], None]:
    """Acts when these words are told for the first time; the task waits for that."""
    done: list[str] = []

    def heard(line: str) -> None:
        if words in line and not done:
            done.append(line)
            act()

    return heard


def _lose(api: Api) -> Callable[[], None]:
    """Has node-0 be lost."""

    def is_down() -> bool | None:
        node = api.request("GET", "/api/v1/nodes/node-0")
        conditions = {one["type"]: one["status"] for one in node["status"]["conditions"]}
        return conditions["Ready"] != "True" or None

    def lose() -> None:
        _label(api, "node-0", **{_KUBELET: "not-ready"})
        eventually(is_down, "the node is not Ready")

    return lose


@pytest.fixture
def back(api: Api) -> Iterator[None]:
    """Has node-0 be back in the end."""
    yield
    _label(api, "node-0", **{_KUBELET: "running"})
    back_again(api, "node-0")


@pytest.fixture
def agent(api: Api, tasks: Tasks) -> Iterator[Scene]:
    with scene(api, tasks) as made:
        yield made


@pytest.fixture
def placed(api: Api, tasks: Tasks) -> Iterator[Scene]:
    """On nodes with a label, under OnDelete."""
    for node in _NODES:
        _label(api, node, **{_PLACE: "here"})
    common = {"update_strategy": {"type": "OnDelete"}, "node_selector": {_PLACE: "here"}}
    try:
        with scene(api, tasks, **common) as made:
            yield made
    finally:
        for node in _NODES:
            _label(api, node, **{_PLACE: None})


def test_a_node_that_failed_has_had_its_turn(agent: Scene) -> None:
    on_first = {
        "everynode.kubernetes/simulate": "image-pull",
        "everynode.kubernetes/simulate-on": "node-0",
    }
    plan: dict[str, Any] = {"stages": [1], "max_failures": 1}
    wish = agent.wish(NEW, pod_annotations=on_first)
    held = agent.tasks.ok(**wish, rollout={**plan, "until_stage": 2})
    # The next stage has no more nodes for that.
    assert agent.on(NEW) == {"node-0", "node-1"}
    told = held.result["rollout"]
    assert (told["stage"], told["stages"], told["updated"]) == (2, 5, 2)
    assert "2 of 5 pods are updated" in told["message"]
    agent.tasks.ok(**wish, rollout=plan)
    assert agent.restarts() == dict.fromkeys(_NODES, 1)
    assert agent.remembered == {}


@pytest.mark.parametrize("then", ["fail", "pause"])
def test_what_is_tried_again_is_told_before_it_is_done(agent: Scene, then: str) -> None:
    plan = {"stages": [1, "100%"], "on_failure": then}
    agent.fails(BROKEN, rollout=plan)
    if then == "pause":
        agent.state("resumed")
    phases: set[str] = set()

    def at(_count: int, write: Write, done: bool) -> None:
        if write.method == "DELETE" or (done and agent.standing == BROKEN):
            phases.add(agent.remembered["phase"])

    wish = agent.wish(BROKEN, rollout=plan)
    with Tap(agent.api, at) as tap:
        result = run_through(tap, {**wish, "namespace": agent.tasks.namespace})
    assert result is not None
    assert result["failed"]
    assert agent.restarts() == {"node-0": 2}
    assert phases == {"rolling"}
    agent.ok(OLD)
    agent.ended(OLD)


def test_another_node_comes_for_one_that_is_lost_in_its_turn(agent: Scene) -> None:
    plan = {"stages": [1, "100%"]}
    wish = agent.wish(NEW, ignore_not_ready_nodes="1", progress_deadline_seconds=12)
    try:
        held = agent.tasks.ok(
            **wish, rollout={**plan, "until_stage": 1}, heard=_once("stage 1 of", _lose(agent.api))
        )
        # A stage in which nothing was proven would be none.
        assert agent.on(NEW) == {"node-1"}
        assert held.result["rollout"]["stage"] == 1
        assert held.result["rollout"]["excused"]["nodes"] == ["node-0"]
    finally:
        _label(agent.api, "node-0", **{_KUBELET: "running"})
        back_again(agent.api, "node-0")
    agent.ok(NEW, rollout=plan)
    agent.ended(NEW)
    restarts = agent.restarts()
    assert {node: restarts[node] for node in _OTHERS} == dict.fromkeys(_OTHERS, 1)


def test_a_new_pod_that_is_ending_is_no_new_pod(agent: Scene) -> None:
    """What comes after it would be of the template that stands between the stages."""
    plan = {"stages": [1, "100%"]}

    def at(count: int, _write: Write, done: bool) -> None:
        # The stable template stands again.
        if count == 7 and not done:
            tap.kill()

    with Tap(agent.api, at) as tap:
        wish = agent.wish(NEW, rollout=plan, namespace=agent.tasks.namespace)
        assert run_through(tap, wish) is None
    assert (agent.standing, agent.on(NEW)) == (OLD, {"node-0"})
    pods = f"/api/v1/namespaces/{agent.tasks.namespace}/pods"
    (name,) = (pod.name for pod in agent.watch.pods() if pod.created is not None)

    def hold(*finalizers: str) -> None:
        body = {"metadata": {"finalizers": finalizers}}
        agent.api.request("PATCH", f"{pods}/{name}", body=body, kind=MERGE)

    hold("example.test/held")
    agent.api.request("DELETE", f"{pods}/{name}")
    waits = "0 of 1 node has the new pod"
    agent.tasks.ok(**agent.wish(NEW, rollout=plan), heard=_once(waits, hold))
    assert agent.restarts() == dict.fromkeys(_NODES, 1) | {"node-0": 2}
    agent.ended(NEW)


@pytest.mark.usefixtures("back")
def test_a_time_that_is_up_while_a_lost_node_is_waited_for_is_told_so(agent: Scene) -> None:
    wish = agent.wish(NEW, ignore_not_ready_nodes="1", wait_timeout=25)
    plan = {"stages": [1, "100%"], "on_failure": "fail"}
    failed = agent.tasks.fails(**wish, rollout=plan, heard=_once("stage 1 of", _lose(agent.api)))
    words = "failed: stage 1 of 2 was not over after 25 seconds: NodeNotReady on node-0"
    assert words in failed.result["msg"]
    assert agent.remembered["phase"] == "failed"
    assert agent.standing == OLD


def test_another_node_comes_for_one_that_is_gone_and_that_has_its_turn_when_it_is_back(
    placed: Scene,
) -> None:
    def has_pod() -> bool:
        pods = placed.api.pods(placed.tasks.namespace, "agent")
        return any(pod["spec"].get("nodeName") == "node-0" for pod in pods)

    def go() -> None:
        _label(placed.api, "node-0", **{_PLACE: None})
        eventually(lambda: not has_pod() or None, "its pod is gone")

    def come() -> None:
        _label(placed.api, "node-0", **{_PLACE: "here"})
        eventually(lambda: placed.images().get("node-0") == OLD or None, "it has the former one")

    first, second = _once("stage 1 of", go), _once("stage 2 of", come)
    done: list[set[str]] = []

    def heard(line: str) -> None:
        if "stage 2 of" in line and not done:
            done.append(placed.on(NEW))
        first(line)
        second(line)

    placed.tasks.ok(**placed.wish(NEW, rollout={"stages": [1, "100%"]}), heard=heard)
    assert done == [{"node-1"}]
    restarts = placed.restarts()
    assert {node: restarts[node] for node in _OTHERS} == dict.fromkeys(_OTHERS, 1)
    assert placed.on(NEW) == set(_NODES)
    placed.ended(NEW)
