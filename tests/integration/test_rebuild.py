# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rebuild: all old pods are gone before the first new one comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.integration.api import MERGE, Api, eventually
from tests.integration.child import run_through
from tests.integration.held import back_again
from tests.integration.stages import BROKEN, NEW, NEWER, OLD, Scene, scene
from tests.integration.tap import Tap, Write
from tests.integration.verbs import Tasks

_REBUILD = {"rebuild": True}
_ONCE = {f"node-{number}": 1 for number in range(5)}


@pytest.fixture
def agent(api: Api, tasks: Tasks) -> Iterator[Scene]:
    with scene(api, tasks) as made:
        yield made


def _never_together(agent: Scene) -> bool:
    """Whether the last pod from before had gone when the first one after it came."""
    agent.watch.caught_up()
    pods = agent.watch.pods()
    gone = max(pod.deleted or 0.0 for pod in pods if pod.created is None)
    came = min(pod.created for pod in pods if pod.created is not None)
    return gone <= came


def test_all_old_pods_go_first(agent: Scene) -> None:
    done = agent.ok(NEW, rollout=_REBUILD)
    assert done.result["rollout"]["ready"]
    assert _never_together(agent)
    assert agent.restarts() == _ONCE
    agent.ended(NEW)
    agent.tasks.same(**agent.wish(NEW, rollout=_REBUILD))


def test_a_broken_version_is_put_back_as_a_whole(agent: Scene) -> None:
    failed = agent.fails(BROKEN, rollout=_REBUILD)
    assert "ImagePull" in failed.result["msg"]
    assert "former template" in failed.result["msg"]
    agent.ended(OLD)


def test_left_by_a_failure_it_is_tried_again(agent: Scene) -> None:
    plan = {"rebuild": True, "on_failure": "fail"}
    agent.fails(BROKEN, rollout=plan)
    assert agent.remembered["kind"] == "rebuild"
    assert "being rebuilt" in agent.fails(NEWER).result["msg"]
    agent.ok(OLD)
    agent.ended(OLD)


# Writes: 1 state, 2 the template that matches no node, 3 state, 4 the new template, 5 state.
@pytest.mark.parametrize("image", [NEW, OLD])
@pytest.mark.parametrize("number", range(1, 5))
def test_killed_after_any_write(agent: Scene, number: int, image: str) -> None:
    def at(count: int, _write: Write, done: bool) -> None:
        if count == number and done:
            tap.kill()

    wish = agent.wish(NEW, rollout=_REBUILD, namespace=agent.tasks.namespace)
    with Tap(agent.api, at) as tap:
        assert run_through(tap, wish) is None
    agent.ok(image)
    agent.ended(image)


@pytest.mark.parametrize("image", [NEW, OLD])
@pytest.mark.parametrize("number", range(1, 6))
def test_a_lost_answer_to_any_write_is_no_failure(agent: Scene, number: int, image: str) -> None:
    """On the way to the new template, and on the way back from a broken one."""
    if image == OLD:
        agent.fails(BROKEN, rollout={"rebuild": True, "on_failure": "fail"})

    def at(count: int, _write: Write, done: bool) -> None:
        if count == number and done:
            tap.cut()

    wish = agent.wish(image, rollout=_REBUILD, namespace=agent.tasks.namespace)
    with Tap(agent.api, at) as tap:
        result = run_through(tap, wish)
    assert result is not None
    assert not result.get("failed"), result["msg"]
    agent.ended(image)


def test_check_mode_writes_nothing(agent: Scene) -> None:
    tried = agent.tasks.ok(check=True, **agent.wish(NEW, rollout=_REBUILD))
    assert tried.changed
    assert tried.writes == []
    assert tried.result["rollout"]["restarts"]["pods"] == 5
    told = "5 pods restart, after all of them have ended"
    assert tried.result["rollout"]["message"] == told
    done = agent.ok(NEW, rollout=_REBUILD)
    assert done.result["rollout"]["restarts"]["message"] == told


def test_without_a_history_it_is_refused(agent: Scene) -> None:
    agent.ok(OLD, revision_history_limit=1)
    refused = agent.fails(NEW, revision_history_limit=1, rollout=_REBUILD)
    assert refused.writes == []
    assert "revisionHistoryLimit" in refused.result["msg"]
    agent.ok(OLD, revision_history_limit=2)
    agent.fails(BROKEN, revision_history_limit=2, rollout=_REBUILD)
    assert agent.standing == OLD
    assert agent.remembered == {}


def test_it_may_take_the_place_of_what_is_paused(agent: Scene) -> None:
    agent.state("paused")
    agent.ok(NEW, rollout=_REBUILD, on_unfinished_rollout="proceed")
    assert _never_together(agent)
    agent.ended(NEW)


@contextmanager
def _away(agent: Scene, node: str) -> Iterator[None]:
    """A node whose kubelet is gone."""
    path = f"/api/v1/nodes/{node}"

    def label(value: str, ready: str) -> None:
        body = {"metadata": {"labels": {"everynode.kubernetes/kubelet": value}}}
        agent.api.request("PATCH", path, body=body, kind=MERGE)

        def turned() -> bool | None:
            conditions = agent.api.request("GET", path)["status"]["conditions"]
            return next(c["status"] for c in conditions if c["type"] == "Ready") == ready or None

        eventually(turned, f"{node} is {value}")

    label("unreachable", "Unknown")
    try:
        yield
    finally:
        label("running", "True")
        back_again(agent.api, node)


def test_a_node_that_is_lost_stands_in_its_way(agent: Scene) -> None:
    """Its pod never ends, and until then no other node would have one."""
    with _away(agent, "node-2"):
        for check in (True, False):
            refused = agent.fails(NEW, rollout=_REBUILD, check=check)
            assert "1 node with a pod of it is not Ready (node-2)" in refused.result["msg"]
            assert refused.writes == []
        agent.ok(NEW, rollout=_REBUILD, ignore_not_ready_nodes="1")
        assert agent.on(NEW) == {f"node-{number}" for number in (0, 1, 3, 4)}
        assert agent.remembered == {}
    agent.ended(NEW)


def test_what_does_not_end_has_the_former_template_come_back_at_once(agent: Scene) -> None:
    """The pods of the other nodes do not wait for it: none of them is of the new template."""
    pod = next(
        one
        for one in agent.api.pods(agent.tasks.namespace, "agent")
        if one["spec"]["nodeName"] == "node-1"
    )
    path = f"/api/v1/namespaces/{agent.tasks.namespace}/pods/{pod['metadata']['name']}"
    held = {"metadata": {"finalizers": ["example.test/held"]}}
    agent.api.request("PATCH", path, body=held, kind=MERGE)
    failed = agent.fails(NEW, rollout=_REBUILD, progress_deadline_seconds=6)
    assert "1 old pod of DaemonSet" in failed.result["msg"]
    assert "Terminating on 1 (node-1): held by finalizers" in failed.result["msg"]
    assert "The former template was put back" in failed.result["msg"]
    assert failed.result["rollout"]["reasons"][0]["cause"] == "Terminating"
    assert agent.remembered == {}
    assert agent.on(OLD) == {f"node-{number}" for number in (0, 2, 3, 4)}
    agent.api.request("PATCH", path, body={"metadata": {"finalizers": None}}, kind=MERGE)
    agent.ended(OLD)


def test_it_goes_back_around_a_node_that_was_lost_meanwhile(agent: Scene) -> None:
    agent.fails(BROKEN, rollout={"rebuild": True, "on_failure": "fail"})
    assert agent.remembered["kind"] == "rebuild"
    with _away(agent, "node-3"):
        agent.ok(OLD, ignore_not_ready_nodes="1")
        assert agent.on(OLD) >= {f"node-{number}" for number in (0, 1, 2, 4)}
        assert agent.remembered == {}
    agent.ended(OLD)
