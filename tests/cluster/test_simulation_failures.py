# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated pods and nodes fail in each way that a test can ask for, and say what real ones do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from .simulation import IMAGE, PREFIX, Simulation, condition, container, simulated, waits
from .tool import Cluster, eventually

_REGISTRY = {
    "image-pull": f"failed to resolve reference {IMAGE!r}: {IMAGE}: not found".replace("'", '"'),
    "image-unauthorized": "https://example/v2/agent/manifests/1.0: 401 Unauthorized",
    "image-unknown": "reading manifest 1.0 in example/agent: manifest unknown",
}


@pytest.mark.parametrize("mode", list(_REGISTRY))
def test_an_image_cannot_be_pulled_on_one_node(simulation: Simulation, mode: str) -> None:
    simulation.apply(simulated(mode, on="node-1"))
    pod, words = simulation.failing(), _REGISTRY[mode]
    assert pod["status"]["phase"] == "Pending"
    assert words in waits(pod)[1]
    eventually(lambda: waits(simulation.by_node()["node-1"])[0] == "ImagePullBackOff")
    message = waits(simulation.by_node()["node-1"])[1]
    assert message.startswith(f'Back-off pulling image "{IMAGE}": ErrImagePull: rpc error: ')
    assert words in message
    assert simulation.reported(pod, "Failed", words)
    assert simulation.reported(pod, "Failed", "Error: ImagePullBackOff")
    eventually(lambda: simulation.status().get("numberUnavailable") == 1)


def test_an_image_has_a_name_that_no_registry_can_have(simulation: Simulation) -> None:
    simulation.apply(simulated("image-name", on="node-1"))
    pod = simulation.failing()
    reason, message = waits(pod)
    assert reason == "InvalidImageName"
    assert message.endswith("invalid reference format")
    assert simulation.reported(pod, "InspectFailed") == message


@pytest.mark.parametrize(
    ("mode", "options", "ended"),
    [
        pytest.param("crash-loop", {}, ("Error", 1), id="crashes"),
        pytest.param("crash-loop", {"exit_code": "127"}, ("Error", 127), id="exit code"),
        pytest.param("crash-loop", {"exit_code": "137"}, ("Error", 137), id="killed"),
        pytest.param("crash-loop", {"exit_code": "139"}, ("Error", 139), id="segmentation fault"),
        pytest.param("out-of-memory", {}, ("OOMKilled", 137), id="out of memory"),
    ],
)
def test_one_container_crashes_again_and_again(
    simulation: Simulation, mode: str, options: dict[str, str], ended: tuple[str, int]
) -> None:
    asked = simulated(mode, on="node-1", container="agent", seconds="1", **options)
    simulation.apply(asked)
    pod = simulation.failing()
    status = container(pod)
    assert waits(pod)[0] == "CrashLoopBackOff"
    last = status["lastState"]["terminated"]
    assert (last["reason"], last["exitCode"]) == ended
    assert "running" in container(pod, "sidecar")["state"]
    assert "[agent]" in condition(pod)["message"]
    assert "Back-off restarting failed container agent" in simulation.reported(pod, "BackOff")

    def restarts() -> int:
        count: int = container(simulation.by_node()["node-1"])["restartCount"]
        return count

    eventually(lambda: restarts() >= status["restartCount"] + 2)


def test_a_container_is_killed_by_its_liveness_probe(simulation: Simulation) -> None:
    simulation.apply(simulated("never-alive", on="node-1"))
    pod = simulation.failing()
    assert waits(pod)[0] == "CrashLoopBackOff"
    assert container(pod)["lastState"]["terminated"]["exitCode"] == 137
    assert simulation.reported(pod, "Unhealthy").startswith("Liveness probe failed: ")


def test_a_container_restarts_and_is_ready_in_between(simulation: Simulation) -> None:
    asked = simulated("restarts", on="node-1", container="agent", seconds="1", exit_code="3")
    simulation.apply(asked)
    simulation.all_available()
    eventually(lambda: container(simulation.by_node()["node-1"])["restartCount"] >= 2)
    pod = simulation.by_node()["node-1"]
    assert condition(pod)["status"] == "True"
    assert container(pod)["lastState"]["terminated"]["exitCode"] == 3
    assert container(pod, "sidecar")["restartCount"] == 0


def _init(*images: str) -> list[dict[str, str]]:
    return [{"name": f"init-{n}", "image": image} for n, image in enumerate(images)]


@pytest.mark.parametrize("by_tag", [False, True])
def test_an_init_container_fails(simulation: Simulation, by_tag: bool) -> None:
    if by_tag:
        init = _init(IMAGE, "example/init:simulate-crash-loop", IMAGE)
        simulation.apply({f"{PREFIX}-on": "node-1"}, initContainers=init)
    else:
        asked = simulated("crash-loop", on="node-1", container="init-1")
        simulation.apply(asked, initContainers=_init(IMAGE, IMAGE, IMAGE))
    pod = simulation.failing()
    assert pod["status"]["phase"] == "Pending"
    assert container(pod, "init-0")["state"]["terminated"]["reason"] == "Completed"
    assert waits(pod, "init-1")[0] == "CrashLoopBackOff"
    assert container(pod, "init-1")["lastState"]["terminated"]["exitCode"] == 1
    assert waits(pod, "init-2")[0] == waits(pod)[0] == "PodInitializing"
    assert condition(pod, "Initialized")["message"].endswith("incomplete status: [init-1]")


def test_a_config_map_for_the_environment_is_missing(simulation: Simulation) -> None:
    simulation.apply(
        simulated("config-error", on="node-1", container="agent"),
        agent={"envFrom": [{"configMapRef": {"name": "agent-settings"}}]},
    )
    pod = simulation.failing()
    words = 'configmap "agent-settings" not found'
    assert waits(pod) == ("CreateContainerConfigError", words)
    assert simulation.reported(pod, "Failed") == f"Error: {words}"


def test_a_pod_runs_and_never_gets_ready(simulation: Simulation) -> None:
    simulation.apply(simulated("never-ready", on="node-1"))
    pod = simulation.failing()
    assert pod["status"]["phase"] == "Running"
    assert "running" in container(pod)["state"]
    assert not container(pod)["ready"]
    assert condition(pod)["reason"] == "ContainersNotReady"
    assert simulation.reported(pod, "Unhealthy").startswith("Readiness probe failed: ")


_FROM_CONFIG = [{"name": "rules", "configMap": {"name": "agent-rules", "optional": True}}]
_FROM_SECRET = [{"name": "keys", "secret": {"secretName": "agent-keys", "optional": True}}]


def _of_host(kind: str) -> list[dict[str, Any]]:
    return [{"name": "host", "hostPath": {"path": "/run/agent", "type": kind}}]


@pytest.mark.parametrize(
    ("mode", "volumes", "words"),
    [
        ("mount-fails", _FROM_CONFIG, 'volume "rules" : configmap "agent-rules" not found'),
        ("mount-fails", _FROM_SECRET, 'volume "keys" : secret "agent-keys" not found'),
        ("host-path", _of_host("Directory"), "/run/agent is not a directory"),
        ("host-path", _of_host("Socket"), "/run/agent is not a socket file"),
        ("host-path", _of_host("CharDevice"), "/run/agent is not a character device"),
    ],
)
def test_a_volume_cannot_be_mounted(
    simulation: Simulation, mode: str, volumes: list[dict[str, Any]], words: str
) -> None:
    simulation.apply(simulated(mode, on="node-1"), volumes=volumes)
    pod = simulation.failing()
    assert pod["status"]["phase"] == "Pending"
    assert waits(pod) == waits(pod, "sidecar") == ("ContainerCreating", "")
    assert condition(pod, "PodReadyToStartContainers")["status"] == "False"
    message = simulation.reported(pod, "FailedMount")
    assert message.startswith("MountVolume.SetUp failed for volume ")
    assert message.endswith(words)
    assert ("hostPath type check failed" in message) == (mode == "host-path")


def test_a_pod_is_evicted_and_made_again_and_again(shared: Cluster, simulation: Simulation) -> None:
    simulation.apply(simulated("evicted", on="node-1"))
    pod = simulation.failing()
    assert (pod["status"]["phase"], pod["status"]["reason"]) == ("Failed", "Evicted")
    assert "low on resource: memory" in pod["status"]["message"]
    assert condition(pod, "DisruptionTarget")["reason"] == "TerminationByKubelet"
    assert simulation.reported(pod, "Evicted") == pod["status"]["message"]

    def told() -> bool:
        found = shared.get("events", f"--field-selector=involvedObject.name={simulation.name}")
        return "FailedDaemonPod" in {event["reason"] for event in found["items"]}

    def another() -> bool:
        found = simulation.by_node().get("node-1", pod)
        return bool(found["metadata"]["uid"] != pod["metadata"]["uid"])

    # That is the controller: it deletes the pod that has failed, and makes another.
    eventually(told)
    eventually(another)


def test_a_node_has_a_clock_that_is_fast(simulation: Simulation) -> None:
    simulation.apply(simulated("clock-ahead", on="node-1"))
    simulation.all_available()
    pod = simulation.by_node()["node-1"]
    ready = datetime.fromisoformat(condition(pod)["lastTransitionTime"])
    started = datetime.fromisoformat(pod["status"]["startTime"])
    assert timedelta(minutes=59) < ready - started < timedelta(minutes=61)


def test_a_message_can_be_chosen(simulation: Simulation) -> None:
    simulation.apply(simulated("image-pull", on="node-1", message="toomanyrequests: slow down"))
    assert waits(simulation.failing())[1].endswith("toomanyrequests: slow down")


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("image-pull", "ImagePull"),
        ("image-unauthorized", "ImagePull"),
        ("image-name", "InvalidImageName"),
        ("out-of-memory", "CrashLoopBackOff"),
        ("config-error", "CreateContainerConfigError"),
    ],
)
def test_an_image_tag_makes_its_container_fail(
    simulation: Simulation, mode: str, reason: str
) -> None:
    simulation.apply({f"{PREFIX}-on": "node-1"}, image=f"example/agent:simulate-{mode}")
    pod = simulation.failing()
    assert reason in waits(pod)[0]
    assert "running" in container(pod, "sidecar")["state"]


def test_a_pod_is_held_by_a_finalizer(shared: Cluster, simulation: Simulation) -> None:
    simulation.apply({}, finalizers=["example.test/held"])
    simulation.all_available()
    names = [pod["metadata"]["name"] for pod in simulation.pods()]
    # Those that come after these are not held.
    simulation.apply({})
    try:
        shared.kubectl("delete", "pod", *names, "--wait=false")
        for name in names:
            held = shared.get("pod", name)["metadata"]
            assert held["deletionTimestamp"]
            assert held["finalizers"] == ["example.test/held"]
    finally:
        for name in names:
            free = '{"metadata":{"finalizers":null}}'
            shared.kubectl("patch", "pod", name, "--type=merge", "--patch", free)


@pytest.mark.parametrize(
    ("resource", "kind", "taint"),
    [
        ("memory", "MemoryPressure", "node.kubernetes.io/memory-pressure"),
        ("disk", "DiskPressure", "node.kubernetes.io/disk-pressure"),
        ("pid", "PIDPressure", "node.kubernetes.io/pid-pressure"),
    ],
)
def test_a_node_is_short_of_something(
    shared: Cluster, resource: str, kind: str, taint: str
) -> None:
    def taints() -> set[str]:
        spec = shared.get("node", "node-1")["spec"]
        return {item["key"] for item in spec.get("taints", [])}

    label = "everynode.kubernetes/pressure"
    shared.kubectl("label", "node", "node-1", f"{label}={resource}")
    try:
        # The node lifecycle controller adds it.
        eventually(lambda: taints() == {taint})
        found = condition(shared.get("node", "node-1"), kind)
        assert found["status"] == "True"
        assert found["reason"].startswith("KubeletHas")
    finally:
        shared.kubectl("label", "node", "node-1", f"{label}-")
    eventually(lambda: not taints())
    assert condition(shared.get("node", "node-1"), kind)["status"] == "False"
