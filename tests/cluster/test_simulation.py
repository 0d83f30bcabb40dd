# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated nodes and pods behave like real ones, and fail as a test asks them to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .tool import Cluster, eventually, tool


def _apply(
    cluster: Cluster, name: str, annotations: dict[str, str], image: str = "example/agent:1.0"
) -> None:
    containers = [
        {"name": "agent", "image": image},
        {"name": "sidecar", "image": "example/sidecar:1.0"},
    ]
    template = {
        "metadata": {"labels": {"app": name}, "annotations": annotations},
        "spec": {"containers": containers},
    }
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template},
    }
    cluster.kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(manifest))


def _delete(cluster: Cluster, name: str) -> None:
    cluster.kubectl("delete", "daemonset", name, "--cascade=foreground", "--timeout=20s")


def _status(cluster: Cluster, name: str) -> dict[str, Any]:
    status: dict[str, Any] = cluster.get("daemonset", name)["status"]
    return status


def _pods(cluster: Cluster, name: str) -> list[dict[str, Any]]:
    pods: list[dict[str, Any]] = cluster.get("pods", f"--selector=app={name}")["items"]
    return pods


def _simulated(mode: str, **more: str) -> dict[str, str]:
    prefix = "everynode.kubernetes/simulate"
    return {prefix: mode, **{f"{prefix}-{key}": value for key, value in more.items()}}


@pytest.fixture
def simulation(shared: Cluster) -> Iterator[str]:
    """The name of a DaemonSet that the test creates."""
    yield "simulation"
    _delete(shared, "simulation")


def _when_settled(cluster: Cluster, name: str) -> dict[str, dict[str, Any]]:
    """The pods by node, once the one on node-0 is ready and the one on node-1 has a status."""

    def settled() -> dict[str, dict[str, Any]]:
        pods = {pod["spec"].get("nodeName"): pod for pod in _pods(cluster, name)}
        ready = {node for node, pod in pods.items() if _ready(pod)["status"] == "True"}
        known = "containerStatuses" in pods.get("node-1", {}).get("status", {})
        return pods if ready == {"node-0"} and known else {}

    found: dict[str, dict[str, Any]] = eventually(settled)
    return found


def _ready(pod: dict[str, Any]) -> dict[str, Any]:
    conditions = pod["status"].get("conditions", [])
    return next((item for item in conditions if item["type"] == "Ready"), {"status": "absent"})


def _container(pod: dict[str, Any], name: str = "agent") -> dict[str, Any]:
    statuses: list[dict[str, Any]] = pod["status"]["containerStatuses"]
    return next(status for status in statuses if status["name"] == name)


def _events(cluster: Cluster, pod: dict[str, Any]) -> set[str]:
    events = cluster.get("events", f"--field-selector=involvedObject.uid={pod['metadata']['uid']}")
    return {event["reason"] for event in events["items"]}


def test_ordinary_pods_are_ready_with_all_that_a_kubelet_reports(
    shared: Cluster, simulation: str
) -> None:
    _apply(shared, simulation, {})
    eventually(lambda: _status(shared, simulation).get("numberAvailable") == 2)
    pods = _pods(shared, simulation)
    assert len({pod["status"]["podIP"] for pod in pods}) == 2
    for pod in pods:
        conditions = {item["type"]: item["status"] for item in pod["status"]["conditions"]}
        assert conditions["Ready"] == conditions["ContainersReady"] == "True"
        assert pod["status"]["hostIP"]
        for status in pod["status"]["containerStatuses"]:
            assert status["containerID"].startswith("containerd://")
            assert status["imageID"].startswith(f"{status['image']}@sha256:")
            assert status["state"]["running"]["startedAt"]


def test_an_image_cannot_be_pulled_on_one_node(shared: Cluster, simulation: str) -> None:
    _apply(shared, simulation, _simulated("image-pull", on="node-1"))
    pod = _when_settled(shared, simulation)["node-1"]
    assert pod["status"]["phase"] == "Pending"
    assert "failed to pull" in _container(pod)["state"]["waiting"]["message"]
    assert "example/agent:1.0" in _container(pod)["state"]["waiting"]["message"]

    def reason() -> str:
        reasons = [_container(pod)["state"] for pod in _pods(shared, simulation)]
        return next(str(state["waiting"]["reason"]) for state in reasons if "waiting" in state)

    eventually(lambda: reason() == "ImagePullBackOff")
    assert "Failed" in _events(shared, pod)
    assert _status(shared, simulation)["numberUnavailable"] == 1


def test_one_container_crashes_again_and_again(shared: Cluster, simulation: str) -> None:
    _apply(
        shared, simulation, _simulated("crash-loop", on="node-1", container="agent", seconds="1")
    )
    pod = _when_settled(shared, simulation)["node-1"]
    status = _container(pod)
    assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert status["lastState"]["terminated"]["exitCode"] == 1
    assert "running" in _container(pod, "sidecar")["state"]
    assert "[agent]" in _ready(pod)["message"]
    first = status["restartCount"]

    def restarts() -> int:
        pods = {pod["spec"]["nodeName"]: pod for pod in _pods(shared, simulation)}
        count: int = _container(pods["node-1"])["restartCount"]
        return count

    eventually(lambda: restarts() >= first + 2)


def test_a_pod_runs_and_never_gets_ready(shared: Cluster, simulation: str) -> None:
    _apply(shared, simulation, _simulated("never-ready", on="node-1"))
    pod = _when_settled(shared, simulation)["node-1"]
    assert pod["status"]["phase"] == "Running"
    assert "running" in _container(pod)["state"]
    assert not _container(pod)["ready"]
    assert _ready(pod)["reason"] == "ContainersNotReady"
    assert "Unhealthy" in eventually(lambda: _events(shared, pod))


def test_a_pod_recovers_when_it_is_no_longer_asked_to_fail(
    shared: Cluster, simulation: str
) -> None:
    _apply(shared, simulation, _simulated("never-ready", on="node-1"))
    pod = _when_settled(shared, simulation)["node-1"]
    key = "everynode.kubernetes/simulate-"
    shared.kubectl("annotate", "pod", pod["metadata"]["name"], key)
    eventually(lambda: _status(shared, simulation).get("numberAvailable") == 2)


def test_a_pod_starts_slowly(shared: Cluster, simulation: str) -> None:
    _apply(shared, simulation, _simulated("slow-start", on="node-1", seconds="3"))
    pod = _when_settled(shared, simulation)["node-1"]
    assert pod["status"]["phase"] == "Running"
    eventually(lambda: _status(shared, simulation).get("numberAvailable") == 2)
    pods = {pod["spec"]["nodeName"]: pod for pod in _pods(shared, simulation)}
    started = _seconds(pods["node-1"]["status"]["startTime"])
    assert 2 <= _seconds(_ready(pods["node-1"])["lastTransitionTime"]) - started <= 5


def _seconds(time: str) -> int:
    hours, minutes, seconds = time.removesuffix("Z").split("T")[1].split(":")
    return (int(hours) * 60 + int(minutes)) * 60 + int(seconds)


def test_a_pod_stops_slowly(shared: Cluster, simulation: str) -> None:
    _apply(shared, simulation, _simulated("slow-stop", on="node-1", seconds="2"))
    eventually(lambda: _status(shared, simulation).get("numberAvailable") == 2)
    shared.kubectl("delete", "pod", f"--selector=app={simulation}", "--wait=false")

    def terminating() -> list[str]:
        pods = _pods(shared, simulation)
        return [p["spec"]["nodeName"] for p in pods if "deletionTimestamp" in p["metadata"]]

    eventually(lambda: terminating() == ["node-1"])
    eventually(lambda: not terminating())


def test_an_image_tag_makes_its_container_fail(shared: Cluster, simulation: str) -> None:
    _apply(
        shared,
        simulation,
        {"everynode.kubernetes/simulate-on": "node-1"},
        image="example/agent:simulate-image-pull",
    )
    pod = _when_settled(shared, simulation)["node-1"]
    assert "waiting" in _container(pod)["state"]
    assert "running" in _container(pod, "sidecar")["state"]


@pytest.mark.parametrize(("mode", "status"), [("not-ready", "False"), ("unreachable", "Unknown")])
def test_a_node_goes_away_and_comes_back(
    shared: Cluster, simulation: str, mode: str, status: str
) -> None:
    def kubelet(value: str) -> None:
        label = f"everynode.kubernetes/kubelet={value}"
        shared.kubectl("label", "node", "node-1", "--overwrite", label)

    def node_ready() -> str:
        conditions = shared.get("node", "node-1")["status"]["conditions"]
        return next(str(item["status"]) for item in conditions if item["type"] == "Ready")

    _apply(shared, simulation, {})
    eventually(lambda: _status(shared, simulation).get("numberAvailable") == 2)
    kubelet(mode)
    try:
        eventually(lambda: node_ready() == status)
        eventually(lambda: _kubelet(shared) == "stopped")
        pods = {pod["spec"]["nodeName"]: pod for pod in _pods(shared, simulation)}
        lost = pods["node-1"]["metadata"]["name"]
        shared.kubectl("delete", "pod", lost, "--wait=false")
    finally:
        kubelet("running")
    # The kubelet that is back ends the pod of before, and the controller makes another.
    eventually(lambda: node_ready() == "True")
    eventually(lambda: lost not in {p["metadata"]["name"] for p in _pods(shared, simulation)})
    eventually(lambda: _status(shared, simulation).get("numberAvailable") == 2)


def _kubelet(cluster: Cluster) -> str:
    labels = cluster.get("node", "node-1")["metadata"]["labels"]
    return str(labels["everynode.kubernetes/kubelet"])


def test_nodes_come_and_go(shared: Cluster) -> None:
    def names() -> list[str]:
        return sorted(node["metadata"]["name"] for node in shared.get("nodes")["items"])

    _apply(shared, "daemons", {})
    try:
        tool("nodes", "4", "--name", shared.name)
        assert names() == ["node-0", "node-1", "node-2", "node-3"]
        eventually(lambda: _status(shared, "daemons").get("numberAvailable") == 4)
        tool("nodes", "2", "--name", shared.name)
        assert names() == ["node-0", "node-1"]
        assert {pod["spec"]["nodeName"] for pod in _pods(shared, "daemons")} == set(names())
    finally:
        _delete(shared, "daemons")
