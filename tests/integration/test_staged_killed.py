# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A staged rollout whose process is killed after any of its writes, and what the next run makes of
it. What it leaves after one write is what it would leave before the next. And one that does not get
the answer to a write.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.api import Api, eventually
from tests.integration.child import run_through
from tests.integration.stages import BROKEN, NEW, OLD, Scene, scene
from tests.integration.tap import Tap, Write
from tests.integration.verbs import Tasks

_STAGES = {"stages": [1, "100%"]}
_ALL = {f"node-{number}" for number in range(5)}


@pytest.fixture
def agent(api: Api, tasks: Tasks) -> Iterator[Scene]:
    with scene(api, tasks) as made:
        yield made


def _killed(agent: Scene, image: str, number: int) -> None:
    """Have a process begin, and kill it once the server has had so many writes."""

    def at(count: int, _write: Write, done: bool) -> None:
        if count == number and done:
            tap.kill()

    wish: dict[str, Any] = agent.wish(image, rollout=_STAGES, namespace=agent.tasks.namespace)
    with Tap(agent.api, at) as tap:
        assert run_through(tap, wish) is None
    assert len(tap.writes) == number


@pytest.mark.parametrize("number", range(1, 18))
def test_the_next_run_goes_on(agent: Scene, number: int) -> None:
    _killed(agent, NEW, number)
    done = agent.on(NEW)
    assert set(agent.restarts().values()) <= {1}
    agent.ok(NEW, rollout=_STAGES)
    # Nobody was touched twice: not the nodes that were done, nor those that were under way.
    assert agent.restarts() == dict.fromkeys(_ALL, 1)
    assert done <= agent.on(NEW)
    assert agent.watch.most_unavailable() <= 2
    agent.ended(NEW)


@pytest.mark.parametrize("number", [1, 2, 4, 6, 9])
def test_the_former_definition_takes_it_back(agent: Scene, number: int) -> None:
    _killed(agent, NEW, number)
    agent.ok(OLD)
    assert len(agent.restarts()) <= 2
    agent.ended(OLD)


@pytest.mark.parametrize("number", range(4, 10))
def test_a_rollback_is_seen_to_its_end(agent: Scene, number: int) -> None:
    _killed(agent, BROKEN, number)
    if agent.remembered:
        failed = agent.fails(BROKEN, rollout=_STAGES)
        assert "rolled back" in failed.result["msg"]
    assert set(agent.restarts()) <= {"node-0"}
    assert agent.watch.ever_unavailable() <= {"node-0"}
    agent.ended(OLD)


def test_killed_halfway_back_the_rest_goes_back(agent: Scene) -> None:
    broken = {
        "everynode.kubernetes/simulate": "image-pull",
        "everynode.kubernetes/simulate-on": "node-4",
    }
    wish = agent.wish(NEW, pod_annotations=broken, rollout={"stages": [1, "100%"]})

    def at(_count: int, write: Write, done: bool) -> None:
        deleted = [one for one in tap.writes if one.method == "DELETE"]
        # Five went forward, two of them have gone back.
        if write.method == "DELETE" and len(deleted) == 7 and done:
            tap.kill()

    with Tap(agent.api, at) as tap:
        assert run_through(tap, {**wish, "namespace": agent.tasks.namespace}) is None
    assert agent.remembered["phase"] == "reverting"
    refused = agent.tasks.fails(name="agent", state="paused")
    assert refused.writes == []
    assert "a rollback cannot be paused" in refused.result["msg"]
    failed = agent.tasks.fails(**wish)
    assert "rolled back" in failed.result["msg"]
    assert agent.restarts() == dict.fromkeys(_ALL, 2)
    agent.ended(OLD)


def test_under_on_delete_a_pod_that_is_made_at_the_last_moment_is_replaced_too(
    api: Api, tasks: Tasks
) -> None:
    with scene(api, tasks, update_strategy={"type": "OnDelete"}) as agent:
        pods, seen = f"/api/v1/namespaces/{tasks.namespace}/pods", list[bool]()

        def at(_count: int, _write: Write, done: bool) -> None:
            if done or seen or agent.remembered.get("phase") != "promoting":
                return
            seen.append(True)
            pod = next(p for p in api.pods(tasks.namespace, "agent") if p["spec"]["nodeName"])
            node = pod["spec"]["nodeName"]
            api.request("DELETE", f"{pods}/{pod['metadata']['name']}")
            eventually(lambda: agent.images().get(node) == OLD or None, "it has the former one")

        wish: dict[str, Any] = agent.wish(NEW, rollout=_STAGES, namespace=tasks.namespace)
        with Tap(api, at) as tap:
            result = run_through(tap, wish)
        assert result is not None
        assert not result.get("failed"), result["msg"]
        assert sum(agent.restarts().values()) == 7
        assert set(agent.images().values()) == {NEW}
        agent.ended(NEW)


@pytest.mark.parametrize("number", [1, 2, 5, 6, 17, 18])
def test_an_answer_that_is_lost_is_no_change_by_others(agent: Scene, number: int) -> None:
    def at(count: int, _write: Write, done: bool) -> None:
        if count == number and done:
            tap.cut()

    wish: dict[str, Any] = agent.wish(NEW, rollout=_STAGES, namespace=agent.tasks.namespace)
    with Tap(agent.api, at) as tap:
        result = run_through(tap, wish)
    assert result is not None
    assert not result.get("failed"), result["msg"]
    assert len(tap.writes) >= 18
    assert agent.restarts() == dict.fromkeys(_ALL, 1)
    agent.ended(NEW)
