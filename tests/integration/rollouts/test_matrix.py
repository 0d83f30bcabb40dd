# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategies by events: rollouts during which something happens to the nodes.

Each pod is counted by its uid in a watch of the tests' own: none restarts that need not, and never
more are missing than the strategy allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.integration.api import MERGE, Api, eventually
from tests.integration.held import back_again
from tests.integration.rollouts.scenes import (
    NEW,
    STRATEGIES,
    Scene,
    Scenes,
    scenes,
    settle,
    update_all,
)

FIVE = frozenset(f"node-{number}" for number in range(5))


@dataclass(frozen=True)
class Event:
    """Something that happens.

    `nodes` are those that there are afterwards; of those in `away` pods may be missing meanwhile.
    """

    happens: Callable[[Api], None]
    undo: Callable[[Api], None] = lambda _api: None
    nodes: frozenset[str] = FIVE
    away: frozenset[str] = frozenset()


def _kubelet(api: Api, value: str) -> None:
    label = {"metadata": {"labels": {"everynode.kubernetes/kubelet": value}}}
    api.request("PATCH", "/api/v1/nodes/node-4", body=label, kind=MERGE)


def _away_for_a_while(api: Api) -> None:
    _kubelet(api, "not-ready")
    eventually(lambda: _taints(api) or None, "the node is tainted")
    _kubelet(api, "running")
    back_again(api, "node-4")


def _taints(api: Api) -> list[str]:
    node = api.request("GET", "/api/v1/nodes/node-4")
    return [taint["key"] for taint in node["spec"].get("taints", [])]


def _cordon(api: Api, unschedulable: bool | None) -> None:
    body = {"spec": {"unschedulable": unschedulable}}
    api.request("PATCH", "/api/v1/nodes/node-4", body=body, kind=MERGE)


def _five(api: Api) -> None:
    api.cluster.set_nodes(5)


EVENTS = {
    "added": Event(lambda api: api.cluster.set_nodes(6), _five, FIVE | {"node-5"}),
    "removed": Event(
        lambda api: api.cluster.set_nodes(4), _five, FIVE - {"node-4"}, away=frozenset({"node-4"})
    ),
    "not-ready": Event(
        _away_for_a_while, lambda api: _kubelet(api, "running"), away=frozenset({"node-4"})
    ),
    "cordoned": Event(lambda api: _cordon(api, True), lambda api: _cordon(api, None)),
}


@dataclass(frozen=True)
class Played:
    """What came of an event."""

    event: Event
    scenes: dict[str, Scene]


@pytest.fixture(scope="module", params=list(EVENTS))
def played(api: Api, request: pytest.FixtureRequest) -> Iterator[Played]:
    """An update under each strategy, during which the event happens."""
    event = EVENTS[request.param]
    with scenes(api) as found:
        try:
            update_all(found, meanwhile=lambda: _happens(api, event, found))
            settle(found)
            yield Played(event, found)
        finally:
            event.undo(api)


def _happens(api: Api, event: Event, found: Scenes) -> None:
    """Have the event happen, and the controller see it everywhere."""
    event.happens(api)
    for name, scene in found.items():

        def seen(scene: Scene = scene) -> bool | None:
            status = api.daemonset(scene.tasks.namespace, "agent")["status"]
            return status["desiredNumberScheduled"] == len(event.nodes) or None

        eventually(seen, f"{name} is for {len(event.nodes)} nodes")


@pytest.mark.parametrize("strategy", list(STRATEGIES))
def test_all_is_updated_and_nothing_restarts_twice(played: Played, strategy: str) -> None:
    scene, nodes = played.scenes[strategy], played.event.nodes
    (outcome,) = scene.outcomes
    assert not outcome.result.get("failed"), outcome.result["msg"]
    assert outcome.result["rollout"]["ready"]
    assert outcome.result["rollout"]["desired"] == len(nodes)
    assert scene.images() == {NEW}
    restarts = scene.watch.restarts_by_node()
    assert {node: restarts.get(node) for node in FIVE & nodes} == dict.fromkeys(FIVE & nodes, 1)
    # A node that joins a staged rollout gets what is proven, and its turn comes.
    most = 1 if scene.strategy.rollout else 0
    assert all(restarts.get(node, 0) <= most for node in nodes - FIVE)
    assert scene.is_within_limit(but=played.event.away)


@pytest.mark.parametrize("strategy", list(STRATEGIES))
def test_the_strategy_is_the_users_again(played: Played, strategy: str) -> None:
    scene = played.scenes[strategy]
    live = scene.tasks.api.settled(scene.tasks.namespace, "agent")
    wanted = scene.strategy.update
    assert live["spec"]["updateStrategy"]["type"] == wanted["type"]
    for key, value in wanted.get("rollingUpdate", {}).items():
        assert live["spec"]["updateStrategy"]["rollingUpdate"][key] == value
    assert "everynode.kubernetes/rollout" not in live["metadata"].get("annotations", {})
    scene.tasks.same(**scene.parameters(NEW))
