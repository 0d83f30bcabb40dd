# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts in stages: how they go, stop, go on, and go back; every pod is counted by its uid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.api import MERGE, Api, eventually
from tests.integration.stages import (
    ANNOTATION,
    BROKEN,
    NEW,
    NEWER,
    OLD,
    TWO_AT_ONCE,
    Scene,
    scene,
)
from tests.integration.verbs import Tasks

_STAGES = {"stages": [1, "50%"]}
_ALL = {f"node-{number}" for number in range(5)}


@pytest.fixture
def agent(api: Api, tasks: Tasks) -> Iterator[Scene]:
    with scene(api, tasks) as made:
        yield made


def test_each_pod_is_replaced_once(agent: Scene) -> None:
    done = agent.ok(NEW, rollout=_STAGES)
    assert done.changed
    assert done.result["rollout"]["ready"]
    assert agent.restarts() == dict.fromkeys(_ALL, 1)
    assert agent.watch.most_unavailable() <= 2
    # One node, then two, then two.
    assert [line.split(": ")[1] for line in done.progress if "stage" in line] == [
        "stage 1 of 3, 1 node",
        "stage 2 of 3, 2 nodes",
        "stage 3 of 3, 2 nodes",
    ]
    agent.ended(NEW)


def test_a_broken_version_costs_one_pod(agent: Scene) -> None:
    before = agent.images()
    failed = agent.fails(BROKEN, rollout=_STAGES)
    assert agent.watch.ever_unavailable() == {"node-0"}
    # The broken one, then the former one again.
    assert agent.restarts() == {"node-0": 2}
    assert agent.images() == before
    told = failed.result
    assert "ImagePull on node-0" in told["msg"]
    assert "rolled back" in told["msg"]
    assert told["changed"]
    assert told["rollout"]["rolled_back"]["nodes"] == ["node-0"]
    assert told["rollout"]["reasons"][0]["cause"] == "ImagePull"
    assert "rolled back: 1 node that it had touched runs the former template again" in told["msg"]
    assert failed.progress[-1].endswith("1 of 1 node has a pod of the former template")
    agent.ended(OLD)


def test_it_stops_for_an_approval_and_is_promoted_later(agent: Scene) -> None:
    canary = {"stages": [2, "100%"], "until_stage": 1}
    done = agent.ok(NEW, rollout=canary)
    assert done.changed
    assert not done.result["rollout"]["ready"]
    assert done.result["rollout"]["stage"] == 1
    assert agent.on(NEW) == {"node-0", "node-1"}
    # A node that joins now gets the stable version.
    assert agent.standing == OLD
    assert agent.strategy["type"] == "OnDelete"

    for again in ({"rollout": canary}, {}):
        held = agent.ok(NEW, **again)
        assert not held.changed
        assert held.writes == []

    promoted = agent.wish(NEW, rollout={"stages": [2, "100%"]})
    told = agent.tasks.ok(check=True, **promoted).result["rollout"]
    assert (told["updated"], told["restarts"]["pods"]) == (2, 3)
    done = agent.tasks.ok(**promoted)
    assert done.result["rollout"]["ready"]
    assert done.result["rollout"]["updated"] == 5
    assert agent.restarts() == dict.fromkeys(_ALL, 1)
    agent.ended(NEW)


def _simulate(agent: Scene, node: str, mode: str | None) -> None:
    """Have the pod of a node fail in a way, or not any more."""
    pods = agent.api.pods(agent.tasks.namespace, "agent")
    (name,) = (
        pod["metadata"]["name"]
        for pod in pods
        if pod["spec"].get("nodeName") == node and "deletionTimestamp" not in pod["metadata"]
    )
    body = {"metadata": {"annotations": {"everynode.kubernetes/simulate": mode}}}
    path = f"/api/v1/namespaces/{agent.tasks.namespace}/pods/{name}"
    agent.api.request("PATCH", path, body=body, kind=MERGE)


@pytest.mark.parametrize("on_failure", ["fail", "pause"])
@pytest.mark.parametrize(("mode", "times"), [("crash-loop", 2), ("restarts", 1)])
def test_what_has_failed_gets_another_chance(
    agent: Scene, on_failure: str, mode: str, times: int
) -> None:
    plan = {"stages": [1, "100%"], "on_failure": on_failure, "soak_seconds": 30}

    def spoil(line: str) -> None:
        if "looking at" in line:
            _simulate(agent, "node-0", mode)

    wish = agent.wish(NEW, rollout=plan)
    agent.tasks.fails(**wish, heard=spoil)
    if mode == "restarts":
        # It comes to itself, and has restarted more often than it may.
        _simulate(agent, "node-0", None)
    if on_failure == "pause":
        agent.state("resumed")
    agent.tasks.ok(**{**wish, "rollout": {**plan, "soak_seconds": 0}})
    assert agent.restarts() == {**dict.fromkeys(_ALL, 1), "node-0": times}
    agent.ended(NEW)


def test_with_another_plan_those_stages_count_that_are_done(agent: Scene) -> None:
    held = agent.ok(NEW, rollout={"stages": [1], "until_stage": 2})
    told = held.result["rollout"]
    assert (told["stage"], told["stages"], told["updated"]) == (2, 5, 2)
    assert "2 of 5 pods are updated" in told["message"]
    # Two nodes are not the first stage of this one yet.
    held = agent.ok(NEW, rollout={"stages": [3], "until_stage": 1})
    assert (held.result["rollout"]["stage"], held.result["rollout"]["stages"]) == (1, 2)
    assert agent.on(NEW) == {"node-0", "node-1", "node-2"}
    # And three are two stages of this one.
    plan = {"stages": [1, 2], "until_stage": 2}
    told = agent.tasks.ok(check=True, **agent.wish(NEW, rollout=plan)).result["rollout"]
    assert told["restarts"]["pods"] == 0
    assert told["updated"] == 3
    held = agent.ok(NEW, rollout=plan)
    assert held.result["rollout"]["updated"] == 3
    assert held.result["rollout"]["stage"] == 2
    assert agent.on(NEW) == {"node-0", "node-1", "node-2"}
    assert not agent.ok(NEW).changed
    agent.ok(NEW, rollout={"stages": [1, 2]})
    assert agent.restarts() == dict.fromkeys(_ALL, 1)
    agent.ended(NEW)


def test_the_former_definition_takes_it_back(agent: Scene) -> None:
    agent.ok(NEW, rollout={**_STAGES, "until_stage": 2})
    assert len(agent.on(NEW)) == 3
    untouched = agent.on(OLD)
    done = agent.ok(OLD)
    assert done.changed
    assert done.result["rollout"]["rolled_back"]["count"] == 3
    assert set(agent.restarts()) == _ALL - untouched
    agent.ended(OLD)


def test_another_definition_is_refused_and_may_take_its_place(agent: Scene) -> None:
    agent.ok(NEW, rollout={**_STAGES, "until_stage": 1})
    refused = agent.fails(NEWER)
    assert refused.writes == []
    assert "on_unfinished_rollout: proceed" in refused.result["msg"]
    # Those that have been touched already come first.
    agent.ok(
        NEWER,
        rollout={"stages": [1, "100%"], "until_stage": 1},
        on_unfinished_rollout="proceed",
    )
    assert agent.on(NEWER) == {"node-0"}
    agent.ok(NEWER, rollout={"stages": ["100%"]})
    assert agent.restarts() == {**dict.fromkeys(_ALL, 1), "node-0": 2}
    agent.ended(NEWER)


def test_what_took_anothers_place_takes_its_nodes_back_as_well(agent: Scene) -> None:
    agent.ok(NEW, rollout={"stages": [2], "until_stage": 1})
    agent.fails(BROKEN, rollout={"stages": [1]}, on_unfinished_rollout="proceed")
    assert set(agent.restarts()) == {"node-0", "node-1"}
    agent.ended(OLD)


def test_paused_by_a_failure_it_waits_for_somebody(agent: Scene) -> None:
    plan = {**_STAGES, "on_failure": "pause"}
    failed = agent.fails(BROKEN, rollout=plan)
    assert "paused" in failed.result["msg"]
    assert agent.on(BROKEN) == {"node-0"}
    assert agent.standing == OLD
    refused = agent.fails(BROKEN, rollout=plan)
    assert refused.writes == []
    assert "state: resumed" in refused.result["msg"]

    assert agent.state("resumed").changed
    # It goes on where it was: the node that failed has to prove itself first, with another pod.
    agent.fails(BROKEN, rollout=plan)
    assert agent.restarts() == {"node-0": 2}
    agent.ok(OLD)
    agent.ended(OLD)


def test_left_by_a_failure_it_is_tried_again(agent: Scene) -> None:
    plan = {**_STAGES, "on_failure": "fail"}
    agent.fails(BROKEN, rollout=plan)
    assert agent.remembered["phase"] == "failed"
    agent.fails(BROKEN, rollout=plan)
    assert agent.restarts() == {"node-0": 2}
    agent.ok(OLD)
    agent.ended(OLD)


def test_failures_that_are_allowed_do_not_end_it(agent: Scene) -> None:
    on_one = {
        "everynode.kubernetes/simulate": "image-pull",
        "everynode.kubernetes/simulate-on": "node-1",
    }
    done = agent.ok(NEW, pod_annotations=on_one, rollout={"stages": [1, 2], "max_failures": 1})
    assert agent.restarts() == dict.fromkeys(_ALL, 1)
    assert done.result["rollout"]["failed"][0]["nodes"] == ["node-1"]
    assert done.result["rollout"]["excused"]["count"] == 1
    assert agent.remembered == {}


def test_failures_that_were_allowed_still_count_when_it_goes_on(agent: Scene) -> None:
    first = {"stages": [2], "max_failures": 1}
    on_one = {
        "everynode.kubernetes/simulate": "image-pull",
        "everynode.kubernetes/simulate-on": "node-1",
    }
    agent.ok(NEW, pod_annotations=on_one, rollout={**first, "until_stage": 1})
    done = agent.ok(NEW, pod_annotations=on_one, rollout=first)
    assert agent.restarts() == dict.fromkeys(_ALL, 1)
    assert done.result["rollout"]["failed"][0]["nodes"] == ["node-1"]
    assert done.result["rollout"]["excused"]["nodes"] == ["node-1"]
    assert agent.remembered == {}


def test_one_that_fails_after_its_stage_counts_too(agent: Scene) -> None:
    agent.ok(NEW, rollout={"stages": [2], "until_stage": 1})
    (pod,) = (
        pod
        for pod in agent.api.pods(agent.tasks.namespace, "agent")
        if pod["spec"]["nodeName"] == "node-0"
    )
    path = f"/api/v1/namespaces/{agent.tasks.namespace}/pods/{pod['metadata']['name']}"
    body = {"metadata": {"annotations": {"everynode.kubernetes/simulate": "never-ready"}}}
    agent.api.request("PATCH", path, body=body, kind=MERGE)
    eventually(lambda: agent.live["status"]["numberAvailable"] == 4 or None, "it is not ready")
    failed = agent.fails(NEW, rollout={"stages": [2]}, progress_deadline_seconds=6)
    assert "stage 2 of 3 failed: ProbeFailed on node-0" in failed.result["msg"]
    # No further node was begun.
    assert set(agent.restarts()) == {"node-0", "node-1"}
    agent.ended(OLD)


def test_pods_that_restart_while_they_are_watched_fail_it(agent: Scene) -> None:
    crashing = {
        "everynode.kubernetes/simulate": "crash-loop",
        "everynode.kubernetes/simulate-seconds": "1",
    }
    failed = agent.fails(
        NEW,
        pod_annotations=crashing,
        failure_grace_seconds=30,
        rollout={**_STAGES, "soak_seconds": 10},
    )
    assert "restarted" in failed.result["msg"]
    assert set(agent.restarts()) == {"node-0"}
    agent.ended(OLD)


def test_soaking_goes_well(agent: Scene) -> None:
    agent.ok(NEW, rollout={"stages": [1], "until_stage": 1, "soak_seconds": 1})
    assert agent.on(NEW) == {"node-0"}
    agent.ok(OLD)
    agent.ended(OLD)


def test_what_happens_when_the_time_is_up(agent: Scene) -> None:
    slow = {
        "everynode.kubernetes/simulate": "slow-start",
        "everynode.kubernetes/simulate-seconds": "60",
    }
    failed = agent.fails(NEW, pod_annotations=slow, wait_timeout=12, rollout=_STAGES)
    assert "after 12 seconds" in failed.result["msg"]
    assert set(agent.restarts()) == {"node-0"}
    agent.ended(OLD)


@pytest.mark.parametrize(
    "strategy",
    [
        {"type": "OnDelete"},
        {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2, "maxUnavailable": 0}},
        {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "50%"}},
    ],
    ids=["on-delete", "surge", "percent"],
)
def test_every_strategy_comes_back(api: Api, tasks: Tasks, strategy: dict[str, Any]) -> None:
    with scene(api, tasks, update_strategy=strategy) as agent:
        before = agent.strategy
        agent.ok(NEW, rollout=_STAGES)
        assert agent.strategy == before
        assert agent.restarts() == dict.fromkeys(_ALL, 1)
        agent.ended(NEW)
        agent.fails(BROKEN, rollout=_STAGES)
        assert agent.strategy == before
        agent.ended(NEW)


def test_a_strategy_that_nobody_named_comes_back(api: Api, tasks: Tasks) -> None:
    with scene(api, tasks, update_strategy=None) as agent:
        before = agent.strategy
        agent.ok(NEW, rollout={**_STAGES, "until_stage": 1})
        agent.ok(NEW, rollout=_STAGES)
        assert agent.strategy == before
        agent.same(NEW)


def test_all_else_comes_in_the_end(agent: Scene) -> None:
    more = {"labels": {"tier": "node"}, "min_ready_seconds": 1}
    agent.ok(NEW, rollout={"stages": [5, 5], "until_stage": 1}, **more)
    live = agent.live
    assert agent.remembered == {}
    assert live["metadata"]["labels"] == {"tier": "node"}
    assert live["spec"]["minReadySeconds"] == 1
    agent.ok(NEWER, rollout={"stages": [1, "100%"], "until_stage": 1})
    # Between the stages, what does not belong to the template stays as it was.
    assert agent.live["metadata"]["labels"] == {"tier": "node"}
    agent.ok(NEWER)
    assert "labels" in agent.live["metadata"]


def test_new_ones_and_those_that_run_nowhere(api: Api, tasks: Tasks) -> None:
    wish = {"name": "agent", "wait": True, "rollout": _STAGES}
    made = tasks.ok(**wish, containers=[{"name": "agent", "image": OLD}])
    assert made.changed
    assert [one.verb for one in made.writes] == ["patch"]
    nowhere = {"everynode.kubernetes/nowhere": "true"}
    tasks.ok(
        **wish | {"rollout": None},
        containers=[{"name": "agent", "image": OLD}],
        node_selector=nowhere,
    )
    tasks.ok(**wish, containers=[{"name": "agent", "image": NEW}], node_selector=nowhere)
    live = api.daemonset(tasks.namespace, "agent")
    assert ANNOTATION not in live["metadata"]["annotations"]
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == NEW


def test_nothing_to_change_is_one_request(agent: Scene) -> None:
    agent.tasks.same(**agent.wish(OLD, rollout=_STAGES))


def test_check_mode_writes_nothing(agent: Scene) -> None:
    tried = agent.tasks.ok(check=True, diff=True, **agent.wish(NEW, rollout=_STAGES))
    assert tried.changed
    assert tried.writes == []
    assert tried.result["rollout"]["restarts"]["pods"] == 5
    agent.ok(NEW, rollout={**_STAGES, "until_stage": 1})
    tried = agent.tasks.ok(check=True, diff=True, **agent.wish(NEW, rollout=_STAGES))
    assert tried.changed
    assert tried.writes == []
    assert ANNOTATION not in str(tried.result["diff"])
    assert agent.restarts() == {"node-0": 1}


def test_a_node_that_joins_gets_the_stable_version(agent: Scene) -> None:
    agent.ok(NEW, rollout={**_STAGES, "until_stage": 1})
    try:
        agent.api.cluster.set_nodes(6)
        eventually(lambda: agent.images().get("node-5"), "the new node has its pod")
        assert agent.images()["node-5"] == OLD
        agent.ok(NEW, rollout=_STAGES)
        assert agent.on(NEW) == {*_ALL, "node-5"}
        assert agent.restarts() == dict.fromkeys({*_ALL, "node-5"}, 1)
        agent.ended(NEW)
    finally:
        agent.api.cluster.set_nodes(5)


def test_a_pod_that_is_lost_in_between_gets_the_stable_version(agent: Scene) -> None:
    agent.ok(NEW, rollout={**_STAGES, "until_stage": 1})
    namespace = agent.tasks.namespace
    pods = agent.api.pods(namespace, "agent")
    name = next(p["metadata"]["name"] for p in pods if p["spec"]["nodeName"] == "node-0")
    agent.api.request("DELETE", f"/api/v1/namespaces/{namespace}/pods/{name}")
    eventually(lambda: agent.images().get("node-0") == OLD or None, "another pod is there")
    agent.ok(NEW, rollout=_STAGES)
    agent.ended(NEW)


def test_secrets_are_not_remembered(api: Api, tasks: Tasks) -> None:
    secret = "correct-horse-battery"
    env = [{"name": "PASSWORD", "value": secret}]
    container = {"name": "agent", "image": NEW, "env": env, "args": ["--token", secret]}
    with scene(api, tasks) as agent:
        agent.ok(
            NEW,
            containers=[container],
            rollout={"stages": [1], "until_stage": 1, "verify": ["true", secret]},
        )
        text = agent.live["metadata"]["annotations"][ANNOTATION]
        assert secret not in text
        # The command is not kept either, so the task has to bring it again.
        refused = agent.fails(NEW, containers=[container])
        assert "rollout.verify" in refused.result["msg"]


def test_the_state_has_a_manager_of_its_own(agent: Scene) -> None:
    agent.ok(NEW, rollout={**_STAGES, "until_stage": 1})
    owners = [
        entry["manager"]
        for entry in agent.live["metadata"]["managedFields"]
        if f"f:{ANNOTATION}" in str(entry["fieldsV1"])
    ]
    assert owners == ["everynode-rollout"]
    assert agent.common["update_strategy"] == TWO_AT_ONCE


_RICH: dict[str, Any] = {
    "service_account_name": "default",
    "host_network": True,
    "pod_labels": {"more": "1"},
    "node_selector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"operator": "Exists"}],
    "volumes": [{"name": "data", "emptyDir": {}}],
    "init_containers": [{"name": "first", "image": "example.test/init:1"}],
    "containers": [
        {
            "name": "agent",
            "image": NEW,
            "env": [{"name": "MODE", "value": "node"}],
            "ports": [{"containerPort": 8080}],
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            "securityContext": {"privileged": True},
        },
        {"name": "second", "image": "example.test/second:1"},
    ],
}


@pytest.mark.parametrize("is_first", [True, False], ids=["simple-to-rich", "rich-to-simple"])
def test_whatever_the_templates_say_they_take_turns(api: Api, tasks: Tasks, is_first: bool) -> None:
    """The stable template comes back to the letter, else its pods would restart in the end."""
    with scene(api, tasks) as agent:
        simple = {"containers": [{"name": "agent", "image": OLD}]}
        before, after = (simple, _RICH) if is_first else (_RICH, simple)
        agent.ok(OLD, **before)
        api.settled(tasks.namespace, "agent")
        template = agent.live["spec"]["template"]
        went = agent.restarts()
        agent.ok(NEW, **after, rollout={**_STAGES, "until_stage": 1})
        assert agent.live["spec"]["template"] == template
        agent.ok(NEW, **before)
        assert agent.live["spec"]["template"] == template
        assert agent.remembered == {}
        touched = {node for node, count in agent.restarts().items() if count != went.get(node, 0)}
        assert touched == {"node-0"}
        agent.tasks.same(**agent.wish(OLD, **before))


def test_marks_of_restarts_stay(agent: Scene) -> None:
    agent.ok(OLD, state="restarted", containers=None, update_strategy=None)
    marks = agent.live["spec"]["template"]["metadata"]["annotations"]
    agent.fails(BROKEN, rollout=_STAGES)
    assert agent.live["spec"]["template"]["metadata"]["annotations"] == marks
    agent.ok(NEW, rollout=_STAGES)
    assert agent.live["spec"]["template"]["metadata"]["annotations"] == marks
    assert agent.restarts() == {**dict.fromkeys(_ALL, 2), "node-0": 4}
    agent.ended(NEW)


def test_the_change_cause_goes_with_its_template(agent: Scene) -> None:
    key = "kubernetes.io/change-cause"
    agent.ok(NEW, rollout={**_STAGES, "until_stage": 1}, change_cause="the second")
    assert key not in agent.live["metadata"]["annotations"]
    agent.ok(NEW, rollout=_STAGES, change_cause="the second")
    assert agent.live["metadata"]["annotations"][key] == "the second"
    agent.fails(BROKEN, rollout=_STAGES, change_cause="the third")
    assert agent.live["metadata"]["annotations"][key] == "the second"


def test_without_a_history_there_are_no_stages(agent: Scene) -> None:
    agent.ok(OLD, revision_history_limit=0)
    refused = agent.fails(NEW, revision_history_limit=0, rollout=_STAGES)
    assert refused.writes == []
    assert "revisionHistoryLimit" in refused.result["msg"]
