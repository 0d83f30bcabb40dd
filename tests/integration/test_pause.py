# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain rolling update that is paused, and goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.api import Api, eventually
from tests.integration.held import HELD, Gate, at_rest
from tests.integration.stages import BROKEN, LONG, NEW, NEWER, OLD, Scene, scene
from tests.integration.tap import Tap, Write
from tests.integration.verbs import Outcome, Tasks

_ONE = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}
# The same, as the server completes it.
_STRATEGY = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}


@pytest.fixture
def gate(api: Api, tasks: Tasks) -> Iterator[Gate]:
    """Keeps pods from getting ready, so that a rollout can be caught in its middle."""
    with Gate(api, tasks.namespace) as made:
        yield made


@pytest.fixture
def agent(api: Api, tasks: Tasks, gate: Gate) -> Iterator[Scene]:
    gate.open()
    with scene(api, tasks, update_strategy=_ONE, pod_annotations=HELD) as made:
        yield made


def _caught(agent: Scene, gate: Gate) -> Outcome:
    """Pause a rollout after its first pod, which gets ready only then."""
    gate.close()
    agent.ok(NEW, wait=False)
    eventually(lambda: agent.on(NEW) or None, "the first pod is replaced")
    paused = agent.state("paused")
    gate.open()
    at_rest(agent.api, agent.tasks.namespace, ready=True)
    return paused


def _tells_where_it_is(done: Outcome) -> None:
    rollout = done.result["rollout"]
    assert [rollout[key] for key in ("state", "kind", "phase")] == ["paused"] * 3
    assert not rollout["ready"]


def test_no_further_pod_is_replaced_until_it_is_resumed(agent: Scene, gate: Gate) -> None:
    done = _caught(agent, gate)
    assert done.changed
    _tells_where_it_is(done)
    assert agent.strategy["type"] == "OnDelete"
    stopped = agent.images()
    assert len(agent.on(NEW)) == 1
    again = agent.state("paused")
    assert not again.changed
    assert again.writes == []
    _tells_where_it_is(again)
    assert agent.images() == stopped

    done = agent.state("resumed")
    assert done.changed
    assert done.result["rollout"]["ready"]
    assert agent.restarts() == {f"node-{number}": 1 for number in range(5)}
    agent.ended(NEW)
    again = agent.state("resumed")
    assert not again.changed
    assert again.writes == []


def test_a_task_leaves_what_is_paused(agent: Scene, gate: Gate) -> None:
    _caught(agent, gate)
    same = agent.ok(NEW)
    assert not same.changed
    assert same.writes == []
    assert "is paused" in same.warnings
    labelled = agent.ok(NEW, labels={"tier": "node"})
    assert labelled.changed
    assert agent.live["metadata"]["labels"] == {"tier": "node"}
    assert agent.strategy["type"] == "OnDelete"
    for image in (NEWER, OLD):
        refused = agent.fails(image)
        assert refused.writes == []
        assert "state: resumed" in refused.result["msg"]
    agent.ok(NEWER, on_unfinished_rollout="proceed")
    agent.ended(NEWER)


def test_another_field_manager_may_have_it_go_on(agent: Scene) -> None:
    agent.state("paused")
    refused = agent.fails(NEW, field_manager="other")
    assert "field_manager: everynode" in refused.result["msg"]
    agent.tasks.ok(name="agent", state="resumed", wait=True, field_manager="other")
    agent.ended(OLD)


def test_check_mode_writes_nothing(agent: Scene) -> None:
    tried = agent.tasks.ok(check=True, name="agent", state="paused")
    assert tried.changed
    _tells_where_it_is(tried)
    assert tried.writes == []
    agent.state("paused")
    tried = agent.tasks.ok(check=True, name="agent", state="resumed")
    assert tried.changed
    assert tried.writes == []
    assert agent.strategy["type"] == "OnDelete"
    agent.state("resumed")
    agent.ended(OLD)


@pytest.mark.parametrize("strategy", [None, {"type": "OnDelete"}], ids=["default", "on-delete"])
def test_the_strategy_comes_back(api: Api, tasks: Tasks, strategy: dict[str, Any] | None) -> None:
    with scene(api, tasks, update_strategy=strategy) as agent:
        before = agent.strategy
        agent.state("paused")
        agent.state("resumed")
        assert agent.strategy == before
        assert agent.restarts() == {}
        agent.same(OLD)


def test_the_strategy_of_somebody_else_is_a_conflict(api: Api, tasks: Tasks) -> None:
    namespace = tasks.namespace
    api.kubectl("create", "-f", "-", "-n", namespace, stdin=_manifest(namespace))
    refused = tasks.fails(name="agent", state="paused")
    assert refused.writes == []
    assert "updateStrategy.type" in refused.result["msg"]
    tasks.ok(name="agent", state="paused", force_conflicts=True)
    assert api.daemonset(namespace, "agent")["spec"]["updateStrategy"]["type"] == "OnDelete"
    tasks.ok(name="agent", state="resumed", force_conflicts=True)
    strategy = api.daemonset(namespace, "agent")["spec"]["updateStrategy"]
    assert strategy == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 3, "maxSurge": 0},
    }


def _manifest(namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": {"app": "agent"}},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 3}},
            "template": {
                "metadata": {"labels": {"app": "agent"}},
                "spec": {"containers": [{"name": "agent", "image": OLD}]},
            },
        },
    }


def test_it_tells_all_pods_that_restart_once_it_goes_on(agent: Scene, gate: Gate) -> None:
    _caught(agent, gate)
    stopped = agent.on(OLD)
    clears = []

    def at(_number: int, write: Write, done: bool) -> None:
        # Before the annotation goes, the controller has replaced a pod.
        if not done and agent.strategy["type"] == "RollingUpdate":
            clears.append(write)
            eventually(lambda: agent.on(OLD) < stopped or None, "another pod is replaced")

    with Tap(agent.api, at) as tap:
        done = agent.tasks.ok(name="agent", state="resumed", kubeconfig=None, host=tap.url)
    told = done.result["rollout"]["restarts"]
    assert clears
    assert set(told["nodes"]) == stopped
    assert told["pods"] == 4
    assert told["message"].startswith("4 of 5 pods restart")


def test_a_plain_rolling_update_takes_its_place_plainly(agent: Scene, gate: Gate) -> None:
    _caught(agent, gate)
    gate.close()
    wish = agent.wish(NEWER, on_unfinished_rollout="proceed", wait=False)
    foretold = agent.tasks.ok(check=True, **wish).result["rollout"]
    done = agent.tasks.ok(**wish)
    assert done.changed
    assert done.result["rollout"]["restarts"] == foretold["restarts"]
    assert foretold["restarts"]["pods"] == 5
    # It does not wait, and it deletes no pod itself.
    assert {request.verb for request in done.writes} == {"patch"}
    assert agent.remembered == {}
    assert agent.strategy == _STRATEGY
    gate.open()
    agent.api.settled(agent.tasks.namespace, "agent")
    agent.ended(NEWER)
    # The one pod that had the paused template, and no other, has been replaced twice.
    assert sorted(agent.restarts().values()) == [1, 1, 1, 1, 2]


@pytest.mark.parametrize("choice", [None, "fail", "pause"])
def test_what_takes_its_place_and_fails_is_not_rolled_back(
    agent: Scene, gate: Gate, choice: str | None
) -> None:
    _caught(agent, gate)
    more = {} if choice is None else {"on_failure": choice}
    failed = agent.fails(BROKEN, on_unfinished_rollout="proceed", **more)
    assert failed.changed
    assert agent.standing == BROKEN
    assert agent.strategy["type"] == ("OnDelete" if choice == "pause" else "RollingUpdate")
    assert "kind" not in failed.result["rollout"]


def test_patching_what_is_paused_leaves_its_strategy(agent: Scene, gate: Gate) -> None:
    _caught(agent, gate)
    done = agent.tasks.ok(
        name="agent",
        state="patched",
        images={"agent": NEWER},
        on_unfinished_rollout="proceed",
        wait=True,
        wait_timeout=LONG,
    )
    assert done.changed
    assert agent.strategy == _STRATEGY
    agent.ended(NEWER)
