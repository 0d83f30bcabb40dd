# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategies by images that are bad on one node or on all, and the repair: each pod is counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.integration.api import Api
from tests.integration.rollouts.scenes import (
    NEWER,
    OLD,
    PREFIX,
    STRATEGIES,
    Scene,
    Scenes,
    scenes,
    settle,
    update_all,
)

FIVE = [f"node-{number}" for number in range(5)]
BAD = "example.test/agent:simulate-image-pull"
IN_STAGES = [name for name, strategy in STRATEGIES.items() if strategy.rollout]
AT_ONCE = [name for name in STRATEGIES if name not in IN_STAGES]


@dataclass(frozen=True)
class Failed:
    """Scenes after a bad update, and how many pods had been replaced on each node by then."""

    scenes: Scenes
    restarts: dict[str, dict[str, int]]


def _failed(api: Api, annotations: Mapping[str, str]) -> Iterator[Failed]:
    with scenes(api, annotations) as found:
        update_all(found, BAD, failure_grace_seconds=1)
        settle(found)
        yield Failed(found, {name: s.watch.restarts_by_node() for name, s in found.items()})


@pytest.fixture(scope="module")
def bad_on_one(api: Api) -> Iterator[Failed]:
    """The image cannot be pulled on node-3."""
    yield from _failed(api, {f"{PREFIX}-on": "node-3"})


@pytest.fixture(scope="module")
def bad_on_all(api: Api) -> Iterator[Failed]:
    """The image cannot be pulled anywhere."""
    yield from _failed(api, {})


def _is_told(scene: Scene, nodes: list[str]) -> None:
    (outcome,) = scene.outcomes
    assert outcome.result["failed"]
    assert outcome.result["error"]["kind"] == "rollout"
    assert "ImagePull" in outcome.result["msg"]
    assert "not found" in outcome.result["msg"]
    assert any(node in outcome.result["msg"] for node in nodes)


@pytest.mark.parametrize("strategy", list(STRATEGIES))
def test_one_bad_node_is_told(bad_on_one: Failed, strategy: str) -> None:
    scene = bad_on_one.scenes[strategy]
    _is_told(scene, ["node-3"])
    assert scene.is_within_limit()


@pytest.mark.parametrize("strategy", AT_ONCE)
def test_with_one_bad_node_the_others_restart_at_most_once(
    bad_on_one: Failed, strategy: str
) -> None:
    restarts = bad_on_one.restarts[strategy]
    assert restarts["node-3"] == 1
    assert set(restarts.values()) == {1}


@pytest.mark.parametrize("strategy", IN_STAGES)
def test_with_one_bad_node_those_that_were_touched_go_back(
    bad_on_one: Failed, strategy: str
) -> None:
    restarts = bad_on_one.restarts[strategy]
    assert restarts["node-3"] == 2
    assert set(restarts.values()) == {2}
    _is_as_before(bad_on_one.scenes[strategy])


def _is_as_before(scene: Scene) -> None:
    assert scene.images() == {OLD}
    live = scene.tasks.api.settled(scene.tasks.namespace, "agent")
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == OLD
    assert live["spec"]["updateStrategy"]["type"] == scene.strategy.update["type"]
    assert "everynode.kubernetes/rollout" not in live["metadata"].get("annotations", {})


@pytest.mark.parametrize("strategy", list(STRATEGIES))
def test_bad_on_all_is_told(bad_on_all: Failed, strategy: str) -> None:
    _is_told(bad_on_all.scenes[strategy], FIVE)


@pytest.mark.parametrize(
    ("strategy", "nodes", "unavailable"),
    [("one", 1, 1), ("a-tenth", 1, 1), ("all", 5, 5), ("surge", 1, 0)],
)
def test_bad_on_all_restarts_no_more_than_the_strategy_allows(
    bad_on_all: Failed, strategy: str, nodes: int, unavailable: int
) -> None:
    restarts = bad_on_all.restarts[strategy]
    assert list(restarts.values()) == [1] * nodes
    assert bad_on_all.scenes[strategy].watch.most_unavailable() == unavailable


@pytest.mark.parametrize("strategy", IN_STAGES)
def test_bad_on_all_touches_one_node_and_goes_back(bad_on_all: Failed, strategy: str) -> None:
    scene = bad_on_all.scenes[strategy]
    assert list(bad_on_all.restarts[strategy].values()) == [2]
    assert scene.watch.most_unavailable() == 1
    _is_as_before(scene)


@pytest.fixture(scope="module")
def repaired(bad_on_one: Failed, bad_on_all: Failed) -> list[Failed]:
    """Both with an image that is good."""
    for failed in (bad_on_one, bad_on_all):
        update_all(failed.scenes, NEWER)
        settle(failed.scenes)
    return [bad_on_one, bad_on_all]


@pytest.mark.parametrize("strategy", list(STRATEGIES))
def test_a_good_image_repairs_it_with_one_restart_a_node(
    repaired: list[Failed], strategy: str
) -> None:
    for failed in repaired:
        scene, before = failed.scenes[strategy], failed.restarts[strategy]
        assert not scene.outcomes[-1].result.get("failed"), scene.outcomes[-1].result["msg"]
        assert scene.outcomes[-1].result["rollout"]["ready"]
        assert scene.images() == {NEWER}
        now = scene.watch.restarts_by_node()
        assert now == {node: before.get(node, 0) + 1 for node in FIVE}
