# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pod of one node: updated or restarted, proven, and no other touched."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import daemonset_node

from tests.integration.api import MERGE, Api, eventually
from tests.integration.harness import alike, both_ways
from tests.integration.held import HELD, Gate, at_rest, back_again
from tests.integration.pod_watch import PodWatch
from tests.integration.verbs import Outcome, Tasks

_AGENT: dict[str, Any] = {
    "name": "agent",
    "update_strategy": {"type": "OnDelete"},
    "containers": [{"name": "agent", "image": "example.test/agent:1"}],
}
_NEWER = {**_AGENT, "containers": [{"name": "agent", "image": "example.test/agent:2"}]}
_SOME = ("node-0", "node-1", "node-2")
_BROKEN = [{"name": "agent", "image": "example.test/agent:simulate-image-pull"}]


class Nodes:
    """Tasks of daemonset_node."""

    def __init__(self, tasks: Tasks):
        self._tasks = tasks

    def ok(self, **parameters: Any) -> Outcome:
        return self._tasks.ok(verb=daemonset_node.VERB, **self._with_defaults(parameters))

    def fails(self, **parameters: Any) -> Outcome:
        return self._tasks.fails(verb=daemonset_node.VERB, **self._with_defaults(parameters))

    @staticmethod
    def _with_defaults(parameters: dict[str, Any]) -> dict[str, Any]:
        return {"name": "agent", "node": "node-2", "wait": True} | parameters


@pytest.fixture
def nodes(tasks: Tasks) -> Nodes:
    return Nodes(tasks)


@pytest.fixture
def outdated(api: Api, tasks: Tasks) -> None:
    """A DaemonSet with a template that no node has yet."""
    tasks.ok(**_AGENT)
    api.settled(tasks.namespace, "agent")
    tasks.ok(**_NEWER)


@pytest.mark.usefixtures("outdated")
def test_one_node_is_updated_once(api: Api, tasks: Tasks, nodes: Nodes) -> None:
    with PodWatch(api, tasks.namespace) as seen:
        done = nodes.ok(diff=True)
        again = nodes.ok()
    assert done.changed
    assert not again.changed
    assert again.writes == []
    assert "current" in again.result["message"]
    assert seen.restarts_by_node() == {"node-2": 1}
    before, after = seen.uids_by_node()["node-2"]
    pod = done.result["pod"]
    assert (pod["before"]["uid"], pod["after"]["uid"]) == (before, after)
    assert pod["after"]["images"] == {"agent": "example.test/agent:2"}
    assert pod["after"]["revision"] == done.result["revision"] != pod["before"]["revision"]
    diff = done.result["diff"]
    assert diff["before"]["revision"] == pod["before"]["revision"]
    assert diff["after"]["revision"] == done.result["revision"]
    assert [request.verb for request in done.writes] == ["delete"]


@pytest.mark.usefixtures("outdated")
def test_check_mode_tells_and_does_nothing(api: Api, tasks: Tasks, nodes: Nodes) -> None:
    with PodWatch(api, tasks.namespace) as seen:
        checked = nodes.ok(check=True, diff=True)
        restarted = nodes.ok(check=True, state="restarted")
    assert checked.changed
    assert restarted.changed
    assert checked.writes == restarted.writes == []
    assert seen.created() == set()
    after = checked.result["diff"]["after"]
    assert after["images"] == {"agent": "example.test/agent:2"}
    assert after["revision"] == checked.result["revision"]
    done = nodes.ok()
    assert done.result["revision"] == checked.result["revision"]
    assert not nodes.ok(check=True).changed


@pytest.mark.parametrize("kind", ["OnDelete", "RollingUpdate"])
def test_one_node_is_restarted_under_each_strategy(
    api: Api, tasks: Tasks, nodes: Nodes, kind: str
) -> None:
    tasks.ok(**{**_AGENT, "update_strategy": {"type": kind}})
    api.settled(tasks.namespace, "agent")
    with PodWatch(api, tasks.namespace) as seen:
        assert nodes.ok(state="restarted").changed
        assert nodes.ok(state="restarted").changed
    assert seen.restarts_by_node() == {"node-2": 2}
    assert not nodes.ok().changed


def test_under_rolling_update_the_controller_decides(api: Api, tasks: Tasks, nodes: Nodes) -> None:
    rolling = {**_AGENT, "update_strategy": {"type": "RollingUpdate"}}
    tasks.ok(**rolling)
    api.settled(tasks.namespace, "agent")
    # It gets stuck at one node, and leaves the others outdated.
    tasks.ok(**{**rolling, "containers": _BROKEN})
    tried = [tasks.run(verb=daemonset_node.VERB, name="agent", node=node) for node in _SOME]
    failed = [outcome for outcome in tried if outcome.result.get("failed")]
    assert failed
    assert all("RollingUpdate" in outcome.result["msg"] for outcome in failed)
    assert all(outcome.writes == [] for outcome in failed)


@pytest.mark.usefixtures("outdated")
def test_a_pod_that_is_not_well_fails_the_task(api: Api, tasks: Tasks, nodes: Nodes) -> None:
    tasks.ok(**{**_AGENT, "containers": _BROKEN})
    failed = nodes.fails(failure_grace_seconds=1)
    assert failed.changed
    assert failed.result["reasons"][0]["cause"] == "ImagePull"
    assert failed.result["reasons"][0]["nodes"] == ["node-2"]
    assert "ImagePull on node-2" in failed.result["msg"]
    assert failed.result["pod"]["after"]["ready"] is False
    assert failed.result["error"]["kind"] == "rollout"
    # It is not deleted again, but still not well.
    again = nodes.fails(failure_grace_seconds=1)
    assert again.writes == []
    assert not again.changed
    tasks.ok(**_NEWER)
    assert nodes.ok().changed


@pytest.mark.usefixtures("outdated")
def test_no_further_pod_where_too_many_have_failed(tasks: Tasks, nodes: Nodes) -> None:
    tasks.ok(**{**_AGENT, "containers": _BROKEN})
    quick = {"failure_grace_seconds": 1}
    assert "max_failures" not in nodes.fails(node="node-0", max_failures=0, **quick).result["msg"]
    left = nodes.fails(node="node-1", max_failures="20%", diff=True, **quick)
    assert "ImagePull on node-1" in left.result["msg"]
    left = nodes.fails(node="node-2", max_failures="20%", **quick)
    assert left.writes == []
    assert not left.changed
    assert "2 new ones have failed, and max_failures is 20%" in left.result["msg"]
    assert left.result["reasons"][0]["nodes"] == ["node-0", "node-1"]
    assert nodes.fails(node="node-2", state="restarted", max_failures=1, **quick).writes == []
    # Theirs is not over: they may only be starting.
    patient = {"failure_grace_seconds": 600}
    assert nodes.ok(node="node-2", max_failures=1, check=True, **patient).changed
    # What is wrong with another template is no matter.
    tasks.ok(**_NEWER)
    assert nodes.ok(node="node-2", max_failures=0, **quick).changed
    wrong = nodes.fails(max_failures="many")
    assert [fault["path"] for fault in wrong.result["faults"]] == ["max_failures"]


@pytest.mark.usefixtures("outdated")
def test_without_wait_it_ends_with_the_deletion(api: Api, tasks: Tasks, nodes: Nodes) -> None:
    with PodWatch(api, tasks.namespace) as seen:
        done = nodes.ok(wait=False)
        eventually(lambda: seen.deleted() or None, "the old pod is gone")
    assert done.changed
    assert done.result["pod"]["after"] is None
    assert len(seen.deleted()) == 1


@pytest.mark.usefixtures("outdated")
def test_the_new_pod_is_looked_at_for_a_while(api: Api, tasks: Tasks, nodes: Nodes) -> None:
    crashing = {
        "everynode.kubernetes/simulate": "crash-loop",
        "everynode.kubernetes/simulate-seconds": "1",
    }
    tasks.ok(**_NEWER, pod_annotations=crashing)
    failed = nodes.fails()
    assert failed.result["reasons"][0]["cause"] == "CrashLoop"
    assert failed.result["pod"]["after"]["restarts"] > 0
    tasks.ok(**_NEWER)
    assert nodes.ok(soak_seconds=2).changed


def test_a_container_that_is_not_there_is_foretold_and_not_tried_twice(
    api: Api, tasks: Tasks, nodes: Nodes
) -> None:
    tasks.ok(**_AGENT)
    api.settled(tasks.namespace, "agent")
    verify = {"command": ["true"], "container": "agnt"}
    told = "verify.container: the template has no container agnt"
    checked = nodes.ok(state="restarted", verify=verify, check=True)
    assert told in checked.warnings
    assert "did you mean agent?" in checked.warnings
    failed = nodes.fails(state="restarted", verify=verify)
    assert told in failed.warnings
    assert "container agnt is not valid for pod" in failed.result["reasons"][0]["evidence"]
    assert "not well: " in failed.result["msg"]
    assert sum(request.path.split("?")[0].endswith("/exec") for request in failed.requests) == 1
    right = {"command": ["true"], "container": "agent"}
    assert "verify.container" not in nodes.ok(state="restarted", verify=right).warnings


def test_a_command_proves_the_new_pod(api: Api, tasks: Tasks, nodes: Nodes) -> None:
    tasks.ok(**_AGENT)
    api.settled(tasks.namespace, "agent")
    done = nodes.ok(state="restarted", verify=["sh", "-c", "echo fine"])
    assert done.result["verify"]["rc"] == 0
    assert "fine" in done.result["verify"]["stdout"]
    tried = nodes.ok(state="restarted", verify=["sleep", "8"])
    assert "node-2: the new pod is available, and has not proven itself" in tried.progress[-2]
    assert tried.progress[-1].endswith("node-2: the new pod is available")
    failed = nodes.fails(verify={"command": ["sh", "-c", "echo no good >&2; exit 3"]})
    assert failed.result["verify"]["rc"] == 3
    assert failed.result["reasons"][0]["cause"] == "VerifyFailed"
    assert "no good" in failed.result["msg"]
    assert not failed.changed
    slow = {"command": ["sh", "-c", "echo almost; exec sleep 17.888"], "timeout_seconds": 6}
    failed = nodes.fails(state="restarted", verify=slow)
    assert "sh did not end within 6 seconds: almost" in failed.result["msg"]
    assert failed.result["verify"] is None


def test_restarts_of_the_past_are_past(api: Api, tasks: Tasks, nodes: Nodes) -> None:
    tasks.ok(**_AGENT)
    api.settled(tasks.namespace, "agent")
    pod = next(
        pod for pod in api.pods(tasks.namespace, "agent") if pod["spec"]["nodeName"] == "node-2"
    )
    path = f"/api/v1/namespaces/{tasks.namespace}/pods/{pod['metadata']['name']}"
    crashing = {"metadata": {"annotations": {"everynode.kubernetes/simulate": "crash-loop"}}}
    api.request("PATCH", path, body=crashing, kind=MERGE)

    def state() -> tuple[bool, bool]:
        status = api.request("GET", path)["status"]["containerStatuses"][0]
        return status["restartCount"] > 0, bool(status["ready"])

    eventually(lambda: state() == (True, False) or None, "it has crashed")
    calm = {"metadata": {"annotations": {"everynode.kubernetes/simulate": None}}}
    api.request("PATCH", path, body=calm, kind=MERGE)
    eventually(lambda: state() == (True, True) or None, "it runs again")
    done = nodes.ok(soak_seconds=1)
    assert not done.changed
    assert done.result["pod"]["after"]["restarts"] > 0


def test_nodes_that_need_no_pod_and_nodes_that_are_none(
    api: Api, tasks: Tasks, nodes: Nodes
) -> None:
    tasks.ok(**{**_AGENT, "node_selector": {"pool": "edge"}})
    label = {"metadata": {"labels": {"pool": "edge"}}}
    api.request("PATCH", "/api/v1/nodes/node-1", body=label, kind=MERGE)
    try:
        api.settled(tasks.namespace, "agent")
        done = nodes.ok(node="node-2", state="restarted")
        assert not done.changed
        assert done.result["pod"] == {"before": None, "after": None}
        assert "pool=edge" in done.result["message"]
        assert nodes.ok(node="node-1", state="restarted").changed
        assert "There is no node nobody" in nodes.fails(node="nobody").result["msg"]
        assert "There is no DaemonSet" in nodes.fails(name="nobody").result["msg"]
    finally:
        gone = {"metadata": {"labels": {"pool": None}}}
        api.request("PATCH", "/api/v1/nodes/node-1", body=gone, kind=MERGE)


@pytest.mark.usefixtures("outdated")
def test_a_lost_node_keeps_its_pod_and_one_that_is_not_ready_gets_another(
    api: Api, nodes: Nodes
) -> None:
    def kubelet(value: str) -> None:
        label = {"metadata": {"labels": {"everynode.kubernetes/kubelet": value}}}
        api.request("PATCH", "/api/v1/nodes/node-2", body=label, kind=MERGE)

    def ready(value: str) -> None:
        eventually(lambda: _ready(api, "node-2") == value or None, f"node-2 is {value}")

    try:
        kubelet("unreachable")
        ready("Unknown")
        lost = nodes.fails()
        assert lost.writes == []
        assert not lost.changed
        assert "the node is lost" in lost.result["msg"]
        assert lost.result["reasons"][0]["cause"] == "NodeNotReady"
        assert nodes.fails(check=True).writes == []
        kubelet("running")
        back_again(api, "node-2")
        kubelet("not-ready")
        ready("False")
        assert nodes.fails(wait_timeout=8).changed
    finally:
        kubelet("running")
        back_again(api, "node-2")
    assert nodes.ok().result["pod"]["after"]["images"] == {"agent": "example.test/agent:2"}


def _ready(api: Api, node: str) -> str:
    conditions = api.request("GET", f"/api/v1/nodes/{node}")["status"]["conditions"]
    return next(str(one["status"]) for one in conditions if one["type"] == "Ready")


@pytest.mark.usefixtures("outdated")
def test_without_the_right_to_delete_pods(api: Api, tasks: Tasks, nodes: Nodes) -> None:
    rules = [
        {
            "apiGroups": ["apps"],
            "resources": ["daemonsets", "controllerrevisions"],
            "verbs": ["get", "list", "watch"],
        },
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
    ]
    user = api.user_with(rules, tasks.namespace, "reader")
    failed = nodes.fails(impersonate_user=user)
    assert failed.result["error"] == {"kind": "forbidden", "status": 403}
    assert "delete pod" in failed.result["msg"]
    assert not failed.changed
    assert nodes.ok(impersonate_user=user, check=True).changed


@pytest.mark.usefixtures("outdated")
def test_a_staged_rollout_is_left_to_its_task(api: Api, tasks: Tasks, nodes: Nodes) -> None:
    state = '{"version":1,"kind":"staged","phase":"holding","stage":1,"stages":3}'
    mark = {"metadata": {"annotations": {"everynode.kubernetes/rollout": state}}}
    path = f"/apis/apps/v1/namespaces/{tasks.namespace}/daemonsets/agent"
    api.request("PATCH", path, body=mark, kind=MERGE)
    failed = nodes.fails()
    assert "staged" in failed.result["msg"]
    assert failed.writes == []


def test_a_paused_rollout_goes_on_node_by_node(api: Api, tasks: Tasks, nodes: Nodes) -> None:
    rolling = {"update_strategy": {"type": "RollingUpdate"}}
    tasks.ok(**{**_AGENT, **rolling})
    api.settled(tasks.namespace, "agent")
    with PodWatch(api, tasks.namespace) as seen:
        # The controller gets no further than the first node.
        tasks.ok(**{**_NEWER, **rolling, "pod_annotations": HELD})
        eventually(lambda: seen.created() or None, "the first pod is replaced")
        tasks.ok(name="agent", state="paused")
        at_rest(api, tasks.namespace)
        with Gate(api, tasks.namespace):
            done = [nodes.ok(node=f"node-{number}").changed for number in range(5)]
            tasks.ok(name="agent", state="resumed", wait=True)
    assert sum(done) == 4
    assert set(seen.restarts_by_node().values()) == {1}
    assert len(seen.restarted_nodes()) == 5


def test_all_faults_are_told_at_once(nodes: Nodes) -> None:
    failed = nodes.fails(
        node=" ", verify="true", soak_seconds=-1, wait_timeout=0, name="Not A Name"
    )
    paths = {fault["path"] for fault in failed.result["faults"]}
    assert {"node", "verify", "soak_seconds", "wait_timeout", "name"} <= paths
    assert failed.requests == []
    for name in ("node-1/status", "node-1,metadata.name=other", "Node-1"):
        failed = nodes.fails(node=name)
        assert [fault["path"] for fault in failed.result["faults"]] == ["node"]
        assert failed.requests == []
    failed = nodes.fails(wait=False, soak_seconds=3, verify=["true"])
    assert {fault["path"] for fault in failed.result["faults"]} == {"soak_seconds", "verify"}


def test_both_ways_give_the_same(api: Api, two_namespaces: tuple[str, str]) -> None:
    for namespace in two_namespaces:
        made = Tasks(api, namespace)
        made.ok(**_AGENT)
        api.settled(namespace, "agent")
        made.ok(**_NEWER)
    asked = {"name": "agent", "node": "node-3"}
    steps = {
        "check": ({**asked}, {"check_mode": True, "diff": True}),
        "update": ({**asked}, {"diff": True}),
        "again": ({**asked}, {}),
        "restart": ({**asked, "state": "restarted"}, {}),
        "wrong": ({**asked, "node": "nobody"}, {"ignore_errors": True}),
    }
    plays = both_ways(
        api,
        two_namespaces,
        [
            {"name": name, "everynode.kubernetes.daemonset_node": given, **more}
            for name, (given, more) in steps.items()
        ],
    )
    changed = {"check": True, "update": True, "again": False, "restart": True}
    for name in steps:
        here, there = (play.step(name) for play in plays)
        alike(here, there, two_namespaces)
        if name in changed:
            assert here.changed == changed[name], name
