# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a rollout does not finish, where pods are not at fault: refusals, nodes, finalizers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.api import MERGE, Api, eventually
from tests.integration.held import back_again
from tests.integration.rollouts.failures import ALL, Failure, reason_of, told, waits
from tests.integration.rollouts.refusing import (
    REFUSAL,
    add_quota,
    refusing_server,
    until_refused,
    webhook,
)
from tests.integration.verbs import Tasks


def _fails(
    tasks: Tasks, failure: Failure, cause: str, count: int, **parameters: Any
) -> dict[str, Any]:
    """The reason that a task gives which waits for what fails by now, on so many nodes."""
    tasks.ok(name="agent", definition=failure.manifest("agent"), **parameters)
    told(tasks, "agent", [(cause, count)])
    return reason_of(waits(tasks, "agent", failure, **parameters))


_CONTAINER = {"name": "agent", "image": "example.test/agent:1"}
_PLAIN = Failure("", ())
_ALL = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%"}}
_OTHER = Failure("", (), container={"image": "example.test/agent:2"})


def test_a_quota_is_full(api: Api, tasks: Tasks) -> None:
    add_quota(api, tasks.namespace, pods=2)
    reason = _fails(tasks, _PLAIN, "Quota", 3)
    assert (reason["cause"], reason["count"], reason["heals"]) == ("Quota", 3, False)
    assert "exceeded quota: few" in reason["evidence"]
    there = {pod["spec"]["nodeName"] for pod in api.pods(tasks.namespace, "agent")}
    assert set(reason["nodes"]) == set(ALL) - there


def test_pod_security_refuses_the_pods(api: Api, tasks: Tasks) -> None:
    labels = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    api.request("PATCH", f"/api/v1/namespaces/{tasks.namespace}", body=labels, kind=MERGE)
    spec = {"hostNetwork": True}
    pod = {"metadata": {"name": "try"}, "spec": {"containers": [_CONTAINER], **spec}}
    until_refused(api, tasks.namespace, pod, "violates PodSecurity")
    reason = _fails(tasks, Failure("", (), spec=spec), "PodSecurity", 5)
    assert (reason["cause"], reason["count"], reason["heals"]) == ("PodSecurity", 5, False)
    assert 'violates PodSecurity "restricted' in reason["evidence"]
    assert reason["nodes"] == list(ALL)


def test_a_webhook_refuses_the_pods(api: Api, tasks: Tasks, tmp_path: Path) -> None:
    with (
        refusing_server(tmp_path) as (url, authority),
        webhook(api, tasks.namespace, url, authority),
    ):
        reason = _fails(tasks, _PLAIN, "Webhook", 5)
    assert (reason["cause"], reason["count"], reason["heals"]) == ("Webhook", 5, False)
    assert "signatures.example.test" in reason["evidence"]
    assert REFUSAL in reason["evidence"]


def test_a_webhook_keeps_the_old_pods(api: Api, tasks: Tasks) -> None:
    tasks.ok(definition=_PLAIN.manifest("agent"), wait=True)
    with webhook(api, tasks.namespace, operation="DELETE"):
        reason = _fails(tasks, _OTHER, "Webhook", 5, update_strategy=_ALL)
    assert (reason["cause"], reason["count"], reason["heals"]) == ("Webhook", 5, True)
    assert reason["nodes"] == list(ALL)
    assert reason["evidence"].startswith("Error deleting: ")
    assert "connection refused" in reason["evidence"]


def test_a_webhook_does_not_answer(api: Api, tasks: Tasks) -> None:
    with webhook(api, tasks.namespace):
        reason = _fails(tasks, _PLAIN, "Webhook", 5)
    assert (reason["cause"], reason["count"], reason["heals"]) == ("Webhook", 5, True)
    assert "connection refused" in reason["evidence"]


@pytest.fixture
def label(api: Api) -> Iterator[Callable[[str, str], None]]:
    """Labels node-4 for the simulation; undone in the end."""

    def put(key: str, value: str) -> None:
        api.kubectl("label", "node", "node-4", "--overwrite", f"everynode.kubernetes/{key}={value}")

    yield put
    put("kubelet", "running")
    api.kubectl("label", "node", "node-4", "everynode.kubernetes/pressure-")
    eventually(lambda: None if _taints(api) else True, "the node is as it was")
    back_again(api, "node-4")


def _taints(api: Api) -> list[str]:
    node = api.request("GET", "/api/v1/nodes/node-4")
    return [taint["key"] for taint in node["spec"].get("taints", [])]


def _is_away(api: Api, tasks: Tasks, label: Callable[[str, str], None], mode: str) -> None:
    """Have a DaemonSet whose pod on node-4 was deleted, with nobody there to end it."""
    tasks.ok(definition=_PLAIN.manifest("agent"), wait=True)
    label("kubelet", mode)
    eventually(lambda: _taints(api) or None, "the node is tainted")
    (pod,) = [
        pod for pod in api.pods(tasks.namespace, "agent") if pod["spec"]["nodeName"] == "node-4"
    ]
    api.request("DELETE", f"/api/v1/namespaces/{tasks.namespace}/pods/{pod['metadata']['name']}")


@pytest.mark.parametrize(
    ("mode", "cause", "words"),
    [
        ("not-ready", "NodeNotReady", "container runtime network not ready"),
        ("unreachable", "NodeNotReady", "Kubelet stopped posting node status"),
    ],
)
def test_a_node_is_away_and_uses_up_what_may_be_unavailable(
    api: Api, tasks: Tasks, label: Callable[[str, str], None], mode: str, cause: str, words: str
) -> None:
    _is_away(api, tasks, label, mode)
    reason = _fails(tasks, _OTHER, cause, 1)
    assert (reason["cause"], reason["nodes"], reason["heals"]) == (cause, ["node-4"], True)
    assert words in reason["evidence"]


def test_a_node_is_under_pressure(
    api: Api, tasks: Tasks, label: Callable[[str, str], None]
) -> None:
    label("pressure", "disk")
    eventually(lambda: _taints(api) or None, "the node is tainted")
    slow = Failure("", (), simulate={"mode": "slow-start", "on": "node-4", "seconds": "300"})
    reason = _fails(tasks, slow, "NodePressure", 1)
    assert (reason["cause"], reason["nodes"], reason["heals"]) == ("NodePressure", ["node-4"], True)
    assert "DiskPressure" in reason["evidence"]


def test_a_pod_is_held_by_a_finalizer(api: Api, tasks: Tasks) -> None:
    held = _PLAIN.manifest("agent")
    held["spec"]["template"]["metadata"]["finalizers"] = ["example.test/held"]
    tasks.ok(definition=held, wait=True)
    pods = f"/api/v1/namespaces/{tasks.namespace}/pods"
    try:
        reason = _fails(tasks, _PLAIN, "Terminating", 1)
        assert (reason["cause"], reason["count"]) == ("Terminating", 1)
        assert "example.test/held" in reason["evidence"]
    finally:
        free = {"metadata": {"finalizers": None}}
        for pod in api.pods(tasks.namespace, "agent"):
            api.request("PATCH", f"{pods}/{pod['metadata']['name']}", body=free, kind=MERGE)


def test_several_causes_are_told_by_how_many_nodes_they_have(
    api: Api, tasks: Tasks, label: Callable[[str, str], None]
) -> None:
    _is_away(api, tasks, label, "unreachable")
    bad = Failure("", (), simulate={"mode": "image-pull", "on": "node-0,node-2"})
    tasks.ok(name="agent", definition=bad.manifest("agent"), update_strategy=_ALL)
    told(tasks, "agent", [("ImagePull", 2), ("NodeNotReady", 1)])
    outcome = waits(tasks, "agent", bad, update_strategy=_ALL)
    first, second = outcome.result["rollout"]["reasons"]
    assert (first["cause"], first["nodes"]) == ("ImagePull", ["node-0", "node-2"])
    assert (second["cause"], second["nodes"]) == ("NodeNotReady", ["node-4"])
    assert first["evidence"] in outcome.result["msg"]
    assert second["evidence"] in outcome.result["msg"]


def test_what_was_refused_before_the_change_may_be_over(api: Api, tasks: Tasks) -> None:
    path = f"/api/v1/namespaces/{tasks.namespace}/resourcequotas"
    add_quota(api, tasks.namespace, pods=2)
    assert _fails(tasks, _PLAIN, "Quota", 3)["cause"] == "Quota"
    # The controller says nothing of the change for a while.
    api.cluster.stop("kube-controller-manager")
    try:
        api.request("DELETE", f"{path}/few")
        # Events are told by the second.
        time.sleep(1.1)
        failed = waits(tasks, "agent", _OTHER, failure_grace_seconds=1)
    finally:
        api.cluster.start("kube-controller-manager")
    reason = reason_of(failed)
    assert (reason["cause"], reason["count"], reason["heals"]) == ("ControllerIdle", 5, True)
    assert "has not seen this version" in reason["evidence"]
    assert failed.result["rollout"]["failed_by"] == "timeout"
