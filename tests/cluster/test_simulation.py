# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated nodes and pods behave like real ones, and fail as a test asks them to."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from .simulation import Simulation, condition, simulated
from .tool import Cluster, eventually, tool


def test_ordinary_pods_are_ready_with_all_that_a_kubelet_reports(simulation: Simulation) -> None:
    simulation.apply({})
    simulation.all_available()
    pods = simulation.pods()
    assert len({pod["status"]["podIP"] for pod in pods}) == 2
    for pod in pods:
        conditions = {item["type"]: item["status"] for item in pod["status"]["conditions"]}
        assert conditions["Ready"] == conditions["ContainersReady"] == "True"
        assert pod["status"]["hostIP"]
        for status in pod["status"]["containerStatuses"]:
            assert status["containerID"].startswith("containerd://")
            assert status["imageID"].startswith(f"{status['image']}@sha256:")
            assert status["state"]["running"]["startedAt"]


def test_a_pod_recovers_when_it_is_no_longer_asked_to_fail(
    shared: Cluster, simulation: Simulation
) -> None:
    simulation.apply(simulated("never-ready", on="node-1"))
    pod = simulation.failing()
    key = "everynode.kubernetes/simulate-"
    shared.kubectl("annotate", "pod", pod["metadata"]["name"], key)
    simulation.all_available()


def test_a_pod_starts_slowly(simulation: Simulation) -> None:
    simulation.apply(simulated("slow-start", on="node-1", seconds="3600"))
    pod = simulation.failing()
    assert pod["status"]["phase"] == "Running"
    simulation.apply(simulated("slow-start", on="node-1", seconds="3"))
    simulation.all_available()
    pods = simulation.by_node()
    started = datetime.fromisoformat(pods["node-1"]["status"]["startTime"])
    ready = datetime.fromisoformat(condition(pods["node-1"])["lastTransitionTime"])
    # Both are whole seconds.
    assert ready - started >= timedelta(seconds=2)


def test_a_pod_stops_slowly(shared: Cluster, simulation: Simulation) -> None:
    simulation.apply(simulated("slow-stop", on="node-1", seconds="3600"))
    simulation.all_available()
    shared.kubectl("delete", "pod", f"--selector=app={simulation.name}", "--wait=false")

    def terminating() -> list[str]:
        pods = simulation.pods()
        return [p["spec"]["nodeName"] for p in pods if "deletionTimestamp" in p["metadata"]]

    eventually(lambda: terminating() == ["node-1"])
    # From now on it takes a second, and those that come after it are not slow.
    simulation.apply({})
    slow = f"--selector=app={simulation.name}"
    key = "everynode.kubernetes/simulate-seconds"
    shared.kubectl("annotate", "pod", slow, "--overwrite", f"{key}=1")
    eventually(lambda: not terminating())


@pytest.mark.parametrize(("mode", "status"), [("not-ready", "False"), ("unreachable", "Unknown")])
def test_a_node_goes_away_and_comes_back(
    shared: Cluster, simulation: Simulation, mode: str, status: str
) -> None:
    def kubelet(value: str) -> None:
        label = f"everynode.kubernetes/kubelet={value}"
        shared.kubectl("label", "node", "node-1", "--overwrite", label)

    def node_ready() -> str:
        conditions = shared.get("node", "node-1")["status"]["conditions"]
        return next(str(item["status"]) for item in conditions if item["type"] == "Ready")

    simulation.apply({})
    simulation.all_available()
    kubelet(mode)
    try:
        eventually(lambda: node_ready() == status)
        eventually(lambda: _kubelet(shared) == "stopped")
        pods = simulation.by_node()
        lost = pods["node-1"]["metadata"]["name"]
        shared.kubectl("delete", "pod", lost, "--wait=false")
    finally:
        kubelet("running")
    # The kubelet that is back ends the pod of before, and the controller makes another.
    eventually(lambda: node_ready() == "True")
    eventually(lambda: lost not in {p["metadata"]["name"] for p in simulation.pods()})
    simulation.all_available()


def _kubelet(cluster: Cluster) -> str:
    labels = cluster.get("node", "node-1")["metadata"]["labels"]
    return str(labels["everynode.kubernetes/kubelet"])


def test_nodes_come_and_go(shared: Cluster) -> None:
    def names() -> list[str]:
        return sorted(node["metadata"]["name"] for node in shared.get("nodes")["items"])

    daemons = Simulation(shared, "daemons")
    daemons.apply({})
    try:
        tool("nodes", "4", "--name", shared.name)
        assert names() == ["node-0", "node-1", "node-2", "node-3"]
        eventually(lambda: daemons.status().get("numberAvailable") == 4)
        tool("nodes", "2", "--name", shared.name)
        assert names() == ["node-0", "node-1"]
        eventually(lambda: set(daemons.by_node()) == set(names()))
    finally:
        daemons.delete()
