# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node agent's configuration goes along with its pods: in stages, and back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import node_agent

from tests.integration.api import Api
from tests.integration.harness import alike, both_ways
from tests.integration.pod_watch import PodWatch
from tests.integration.verbs import Outcome, Tasks

_VERB = node_agent.VERB
_STATE = "everynode.kubernetes/rollout"
_SOON = {"wait": True, "failure_grace_seconds": 1, "wait_timeout": 300}


def _agent(level: str, **more: Any) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "agent",
        "image": "example.test/agent:1",
        "volume_mounts": [{"name": "conf", "mount_path": "/etc/agent"}],
    }
    return {
        "name": "agent",
        "containers": [container],
        "volumes": [{"name": "conf", "config_map": {"name": "conf"}}],
        "config_maps": [{"name": "conf", "data": {"agent.conf": f"level: {level}\n"}}],
        **more,
    }


def _failing(level: str, **more: Any) -> dict[str, Any]:
    annotations = {"everynode.kubernetes/simulate": "crash-loop"}
    return _agent(level, pod_annotations=annotations, **more)


def _run(tasks: Tasks, asked: dict[str, Any], **more: Any) -> Outcome:
    return tasks.ok(verb=_VERB, **asked, **more)


def _fails(tasks: Tasks, asked: dict[str, Any], **more: Any) -> Outcome:
    return tasks.fails(verb=_VERB, **asked, **{**_SOON, **more})


def _configuration(api: Api, tasks: Tasks) -> dict[str, str]:
    """The level that each ConfigMap of the agent holds, by its name."""
    path = f"/api/v1/namespaces/{tasks.namespace}/configmaps"
    query = {"labelSelector": f"everynode.kubernetes/agent={tasks.namespace}.agent"}
    items = api.request("GET", path, query=query)["items"]
    return {
        item["metadata"]["name"]: item["data"]["agent.conf"].removeprefix("level: ").strip()
        for item in items
    }


def _levels(api: Api, tasks: Tasks) -> dict[str, str]:
    """The level that the pod of each node has."""
    held = _configuration(api, tasks)
    return {
        pod["spec"]["nodeName"]: held[pod["spec"]["volumes"][0]["configMap"]["name"]]
        for pod in api.pods(tasks.namespace, "agent")
    }


def _nodes(level: str) -> dict[str, str]:
    return {f"node-{index}": level for index in range(5)}


def test_stages_bring_the_configuration_node_by_node(api: Api, tasks: Tasks) -> None:
    _run(tasks, _agent("info"), wait=True)
    former = set(_configuration(api, tasks))
    held = {"stages": [1, "100%"], "until_stage": 1}
    with PodWatch(api, tasks.namespace) as watch:
        first = _run(tasks, _agent("debug"), rollout=held, wait=True)
        assert first.changed
        assert first.result["rollout"]["stage"] == 1
        assert not first.result["rollout"]["ready"]
        # What is on the object is nobody's business in a result.
        assert _STATE not in str(first.result)
        assert _levels(api, tasks) == {**_nodes("info"), "node-0": "debug"}
        assert watch.restarted_nodes() == {"node-0"}
        assert former < set(_configuration(api, tasks))
        again = _run(tasks, _agent("debug"), rollout=held, wait=True)
        assert watch.restarts_by_node() == {"node-0": 1}
        assert {one["action"] for one in again.result["objects"]} == {"unchanged"}
        done = _run(tasks, _agent("debug"), rollout={"stages": [1, "100%"]}, wait=True)
    assert done.result["rollout"]["ready"]
    assert _levels(api, tasks) == _nodes("debug")
    assert watch.restarts_by_node() == {f"node-{index}": 1 for index in range(5)}
    # A kept revision refers to the former one.
    assert former < set(_configuration(api, tasks))
    last = _run(tasks, _agent("debug"), wait=True)
    assert not last.changed


def test_a_failure_brings_the_configuration_back(api: Api, tasks: Tasks) -> None:
    _run(tasks, _agent("info"), wait=True)
    with PodWatch(api, tasks.namespace) as watch:
        failed = _fails(tasks, _failing("debug"), rollout={"stages": [1, "100%"]})
        assert failed.changed
        assert "It was rolled back" in failed.result["msg"]
        assert "Done before: ConfigMap" in failed.result["msg"]
        assert "Not done" not in failed.result["msg"]
        assert _levels(api, tasks) == _nodes("info")
    assert watch.restarted_nodes() == {"node-0"}
    assert watch.ever_unavailable() == {"node-0"}
    # The former definition finds its objects as they were.
    back = _run(tasks, _agent("info"), wait=True)
    assert back.result["rollout"]["ready"]
    assert watch.restarted_nodes() == {"node-0"}


def test_a_plain_rollout_that_fails_brings_it_back_too(api: Api, tasks: Tasks) -> None:
    _run(tasks, _agent("info"), wait=True)
    failed = _fails(tasks, _failing("debug"), on_failure="rollback")
    assert failed.result["rollout"]["rolled_back"]["ready"]
    assert _levels(api, tasks) == _nodes("info")
    actions = {one["name"]: one["action"] for one in failed.result["objects"]}
    assert set(actions.values()) == {"created"}
    assert "Done before: ConfigMap" in failed.result["msg"]
    assert "Not done" not in failed.result["msg"]
    assert (
        not _run(tasks, _agent("info"), wait=True)
        .result["daemonset"]["spec"]["template"]["metadata"]
        .get("annotations")
    )


def test_the_former_definition_in_between_goes_back(api: Api, tasks: Tasks) -> None:
    _run(tasks, _agent("info"), wait=True)
    _run(tasks, _agent("debug"), rollout={"stages": [2, 3], "until_stage": 1}, wait=True)
    assert sorted(_levels(api, tasks).values()).count("debug") == 2
    back = _run(tasks, _agent("info"), wait=True)
    assert back.result["rollout"]["ready"]
    assert _levels(api, tasks) == _nodes("info")
    assert _STATE not in str(api.daemonset(tasks.namespace, "agent")["metadata"])


def test_what_is_remembered_is_told_in_words(tasks: Tasks) -> None:
    _run(tasks, _agent("info"), wait=True)
    _run(tasks, _agent("debug"), rollout={"stages": [1], "until_stage": 1}, wait=True)
    found = tasks.info(name="agent").result
    assert _STATE not in str(found)
    told = found["daemonsets"][0]["rollout"]
    assert (told["ready"], told["kind"], told["phase"]) == (False, "staged", "holding")
    assert (told["stage"], told["stages"]) == (1, 5)
    assert told["message"] == "a rollout in stages is holding at stage 1 of 5"
    for export in ("manifest", "task"):
        shown = tasks.info(name="agent", export=export).result["daemonsets"][0]["export"]
        assert "example.test/agent:1" in str(shown)
        assert _STATE not in str(shown)


def test_a_third_definition_makes_nothing(api: Api, tasks: Tasks) -> None:
    _run(tasks, _agent("info"), wait=True)
    _run(tasks, _agent("debug"), rollout={"stages": [1], "until_stage": 1}, wait=True)
    before = _configuration(api, tasks)
    refused = _fails(tasks, _agent("trace"))
    assert not refused.changed
    assert "has a rollout that has not ended" in refused.result["msg"]
    assert _configuration(api, tasks) == before


def test_it_is_paused_and_resumed(api: Api, tasks: Tasks) -> None:
    _run(tasks, _agent("info"), wait=True)
    paused = tasks.ok(verb=_VERB, name="agent", state="paused")
    assert paused.changed
    assert paused.result["objects" if "objects" in paused.result else "rollout"]
    strategy = api.daemonset(tasks.namespace, "agent")["spec"]["updateStrategy"]
    assert strategy["type"] == "OnDelete"
    # What is there stays while it is paused, whatever the task asks for.
    refused = _fails(tasks, _agent("debug"))
    assert "is paused" in refused.result["msg"]
    assert tasks.ok(verb=_VERB, name="agent", state="resumed", wait=True).changed
    assert _run(tasks, _agent("debug"), wait=True).result["rollout"]["ready"]
    assert _levels(api, tasks) == _nodes("debug")


def test_in_check_mode_nothing_is_made(api: Api, tasks: Tasks) -> None:
    _run(tasks, _agent("info"), wait=True)
    before = _configuration(api, tasks)
    checked = _run(tasks, _agent("debug"), rollout={"stages": [1]}, wait=True, check=True)
    assert checked.changed
    assert checked.result["rollout"]["restarts"]["pods"] == 5
    assert all("dryRun=All" in one.path for one in checked.writes)
    assert _configuration(api, tasks) == before


def test_all_faults_at_once(tasks: Tasks) -> None:
    asked = _agent("info", rollout={"stages": [0]}, on_failure="pause", unavailable_budget="x")
    asked["containers"][0]["imag"] = "x"
    failed = tasks.fails(verb=_VERB, **asked, wait=True)
    paths = {fault["path"] for fault in failed.result["faults"]}
    assert paths >= {"rollout.stages[0]", "on_failure", "unavailable_budget", "containers[0].imag"}
    assert failed.requests == []


@pytest.mark.parametrize("fails", [False, True])
def test_in_a_playbook_both_ways(api: Api, two_namespaces: tuple[str, str], fails: bool) -> None:
    def step(name: str, asked: dict[str, Any]) -> dict[str, Any]:
        return {"name": name, "everynode.kubernetes.node_agent": asked, "ignore_errors": True}

    changed = _failing("debug") if fails else _agent("debug")
    staged = {**changed, **_SOON, "rollout": {"stages": [1, "100%"]}}
    steps = [step("create", _agent("info")), step("stages", staged)]
    here, there = both_ways(api, two_namespaces, steps)
    assert here.step("stages").status == ("failed" if fails else "ok")
    alike(here.step("stages"), there.step("stages"), two_namespaces)
