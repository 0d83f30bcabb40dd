# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps pods from being available: the pod itself, its node, its events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes import (
    causes_of_scheduling as scheduling,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.causes_of_pods import (
    trouble_of,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.trouble import (
    MAX_EVIDENCE,
    Trouble,
)

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def at(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def condition(kind: str, status: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "status": status, "lastTransitionTime": at(-100), **more}


def pod(ready: str = "False", node: str | None = "n1", **status: Any) -> dict[str, Any]:
    conditions = [condition("Ready", ready), *status.pop("conditions", [])]
    metadata = {"name": "p", "namespace": "n", "uid": "u", **status.pop("metadata", {})}
    spec = {"containers": [{"name": "c"}], **status.pop("spec", {})}
    if node:
        spec["nodeName"] = node
    return {
        "metadata": metadata,
        "spec": spec,
        "status": {"phase": "Running", "conditions": conditions, **status},
    }


def container(state: dict[str, Any], name: str = "c", **more: Any) -> dict[str, Any]:
    return {"name": name, "ready": False, "state": state, **more}


def waits(reason: str, message: str = "", name: str = "c") -> dict[str, Any]:
    return container({"waiting": {"reason": reason, "message": message}}, name)


CREATING = waits("ContainerCreating")
RUNS = container({"running": {"startedAt": at(-100)}})


def node(ready: str = "True", **pressures: str) -> dict[str, Any]:
    words = {
        "True": ("KubeletReady", "kubelet is posting ready status"),
        "False": ("KubeletNotReady", "container runtime network not ready"),
        "Unknown": ("NodeStatusUnknown", "Kubelet stopped posting node status."),
    }
    conditions = [{"type": kind, "status": status} for kind, status in pressures.items()]
    reason, message = words[ready]
    conditions.append({"type": "Ready", "status": ready, "reason": reason, "message": message})
    return {"metadata": {"name": "n1"}, "status": {"conditions": conditions}}


def event(reason: str, message: str, seconds: float = 0, **more: Any) -> dict[str, Any]:
    return {"reason": reason, "message": message, "lastTimestamp": at(seconds), **more}


def cause(trouble: Trouble | None) -> str | None:
    return None if trouble is None else trouble.cause


def test_a_ready_pod_has_no_trouble() -> None:
    assert trouble_of(pod("True")) is None
    assert trouble_of(pod("True"), node=node("Unknown")) is None


@pytest.mark.parametrize(
    "obj", [{}, {"metadata": {}}, {"status": {}}, {"metadata": {}, "spec": {}}]
)
def test_little_is_known(obj: dict[str, Any]) -> None:
    found = trouble_of(obj)
    assert found is not None
    assert found.heals


# --- on their way


@pytest.mark.parametrize(
    ("obj", "evidence"),
    [
        pytest.param(pod(phase="Pending"), "the pod has not started yet", id="no container yet"),
        pytest.param(
            pod(phase="Pending", containerStatuses=[CREATING]),
            "container c: ContainerCreating",
            id="being created",
        ),
        pytest.param(
            pod(phase="Pending", node=None),
            "not scheduled yet (by default-scheduler)",
            id="the scheduler did not look at it",
        ),
        pytest.param(
            pod(phase="Pending", node=None, spec={"schedulerName": "mine"}),
            "not scheduled yet (by mine)",
            id="another scheduler",
        ),
    ],
)
def test_starting(obj: dict[str, Any], evidence: str) -> None:
    assert trouble_of(obj) == Trouble("Starting", evidence, True)


def test_the_pods_network() -> None:
    events = [event("FailedCreatePodSandBox", "plugin type failed")]
    found = trouble_of(pod(containerStatuses=[CREATING]), events=events)
    assert found == Trouble("PodSandbox", "FailedCreatePodSandBox: plugin type failed", True)


@pytest.mark.parametrize(
    ("reason", "message", "evidence", "heals"),
    [
        (
            "FailedCreatePodSandBox",
            (
                "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup"
                f' network for sandbox "{"ab" * 32}": plugin type="mesh" failed (add): no address'
            ),
            (
                "FailedCreatePodSandBox: failed to setup network for sandbox:"
                ' plugin type="mesh" failed (add): no address'
            ),
            True,
        ),
        (
            "FailedCreatePodSandBox",
            (
                "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get"
                ' sandbox runtime: no runtime for "kata" is configured'
            ),
            (
                "FailedCreatePodSandBox: failed to get sandbox runtime:"
                ' no runtime for "kata" is configured'
            ),
            False,
        ),
        (
            "FailedCreatePodSandBox",
            (
                "Failed to create pod sandbox: rpc error: code = Unknown desc ="
                " failed to find runtime handler kata from runtime list map[]"
            ),
            "FailedCreatePodSandBox: failed to find runtime handler kata from runtime list map[]",
            False,
        ),
        (
            "FailedCreatePodContainer",
            "unable to ensure pod container exists: cgroup",
            "FailedCreatePodContainer: unable to ensure pod container exists: cgroup",
            True,
        ),
        (
            "FailedPrepareDynamicResources",
            "Failed to prepare dynamic resources: no driver",
            "FailedPrepareDynamicResources: Failed to prepare dynamic resources: no driver",
            True,
        ),
    ],
)
def test_what_comes_before_the_containers(
    reason: str, message: str, evidence: str, heals: bool
) -> None:
    obj = pod(containerStatuses=[CREATING])
    found = trouble_of(obj, events=[event(reason, message)], node=node())
    assert found == Trouble("PodSandbox", evidence, heals)
    away = trouble_of(obj, events=[event(reason, message)], node=node("False"))
    assert cause(away) == "NodeNotReady"


def test_not_ready_for_a_reason_of_the_pods_own() -> None:
    obj = pod(containerStatuses=[RUNS])
    assert trouble_of(obj) == Trouble("NotReady", "not ready: c", True)
    obj["status"]["conditions"][0]["message"] = "containers with unready status: [c]"
    assert trouble_of(obj) == Trouble("NotReady", "containers with unready status: [c]", True)


def test_a_probe_by_its_event() -> None:
    events = [
        event("Unhealthy", "Readiness probe failed: old", -60),
        event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"),
    ]
    found = trouble_of(pod(containerStatuses=[RUNS]), events=events)
    assert found is not None
    assert found.cause == "ProbeFailed"
    assert found.evidence.endswith("statuscode: 503")


# --- scheduling

AFFINITY = "4 node(s) didn't satisfy plugin(s) [NodeAffinity]"
PREEMPTION = " preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling."


@pytest.mark.parametrize(
    ("message", "wanted", "evidence", "heals"),
    [
        (
            f"0/5 nodes are available: 1 Insufficient cpu, {AFFINITY}.{PREEMPTION}",
            "Unschedulable",
            "1 Insufficient cpu",
            True,
        ),
        (
            f"0/5 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, {AFFINITY}.",
            "Unschedulable",
            "1 Insufficient cpu, 1 Insufficient memory",
            True,
        ),
        (
            (
                "0/5 nodes are available: 1 Too many pods, 4 node(s) didn't match Pod's node"
                f" affinity/selector.{PREEMPTION}"
            ),
            "Unschedulable",
            "1 Too many pods",
            True,
        ),
        (
            (
                f"0/5 nodes are available: {AFFINITY}, 1 node(s) had untolerated taint"
                " {example/key: a}."
            ),
            "Unschedulable",
            "1 node(s) had untolerated taint {example/key: a}",
            True,
        ),
        (
            (
                f"0/5 nodes are available: 1 node(s) didn't have free ports for the requested pod"
                f" ports, {AFFINITY}.{PREEMPTION}"
            ),
            "HostPortTaken",
            "1 node(s) didn't have free ports for the requested pod ports",
            False,
        ),
        (
            "0/5 nodes are available: 5 node(s) didn't match Pod's node affinity/selector.",
            "Unschedulable",
            "0/5 nodes are available: 5 node(s) didn't match Pod's node affinity/selector.",
            True,
        ),
        (
            'persistentvolumeclaim "data" not found',
            "Unschedulable",
            'persistentvolumeclaim "data" not found',
            False,
        ),
        (
            f"0/5 nodes are available: 1 node(s) had volume node affinity conflict, {AFFINITY}.",
            "Unschedulable",
            "1 node(s) had volume node affinity conflict",
            False,
        ),
        (
            (
                "0/5 nodes are available: 1 Insufficient memory. no new claims to deallocate,"
                " preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling."
            ),
            "Unschedulable",
            "1 Insufficient memory",
            True,
        ),
        (
            (
                "0/5 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity,"
                f" {AFFINITY}. still not schedulable, preemption: 0/5 nodes are available."
            ),
            "Unschedulable",
            "1 node(s) didn't match PersistentVolume's node affinity",
            False,
        ),
        (
            (
                "0/5 nodes are available: 1 node(s) unavailable due to one or more pvc(s) bound to"
                f" non-existent pv(s), {AFFINITY}.{PREEMPTION}"
            ),
            "Unschedulable",
            "1 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
            False,
        ),
        (
            f"0/5 nodes are available: 1 node(s) didn't match Pod's required features, {AFFINITY}.",
            "Unschedulable",
            "1 node(s) didn't match Pod's required features",
            False,
        ),
        (
            (
                "0/5 nodes are available: pod has unbound immediate PersistentVolumeClaims."
                f"{PREEMPTION}"
            ),
            "Unschedulable",
            "pod has unbound immediate PersistentVolumeClaims",
            True,
        ),
        (
            f'0/5 nodes are available: persistentvolumeclaim "d" is being deleted.{PREEMPTION}',
            "Unschedulable",
            'persistentvolumeclaim "d" is being deleted',
            True,
        ),
        ("", "Unschedulable", "Unschedulable", True),
    ],
)
@pytest.mark.parametrize("by_event", [False, True])
def test_scheduling(message: str, wanted: str, evidence: str, heals: bool, by_event: bool) -> None:
    said = condition("PodScheduled", "False", reason="Unschedulable")
    events = []
    if by_event:
        events = [event("FailedScheduling", message)]
    else:
        said["message"] = message
    found = trouble_of(pod(phase="Pending", node=None, conditions=[said]), events=events)
    assert found == Trouble(wanted, evidence, heals)


def test_what_of_the_node_does_not_fit() -> None:
    """Newer schedulers name no taint; and a pod can ask for more than its template."""
    tainted = node() | {"spec": {"taints": [{"key": "a/b", "value": "x", "effect": "NoSchedule"}]}}
    words = "1 node(s) had untolerated taint(s)"
    said = condition("PodScheduled", "False", message=f"0/5 nodes are available: {words}.")
    obj = pod(phase="Pending", node=None, conditions=[said])
    found = trouble_of(obj, node=tainted)
    assert found == Trouble("Unschedulable", f"{words}: not tolerated: a/b=x:NoSchedule", True)
    assert trouble_of(obj) == Trouble("Unschedulable", words, True)
    message = "0/5 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
    said = condition("PodScheduled", "False", message=message)
    obj = pod(phase="Pending", node=None, conditions=[said], spec={"nodeSelector": {"k": "v"}})
    found = trouble_of(obj, node=node())
    assert found is not None
    assert found.evidence.endswith(": k=v is wanted, the node has no such label")


@pytest.mark.parametrize(
    ("ports", "on_host", "named"),
    [
        ([{"containerPort": 80, "hostPort": 8080}], False, " (8080/TCP)"),
        ([{"hostPort": 53, "protocol": "UDP"}, {"containerPort": 1}], False, " (53/UDP)"),
        ([{"containerPort": 9100}], True, " (9100/TCP)"),
        ([], False, ""),
    ],
)
def test_the_ports_that_are_taken(ports: list[dict[str, Any]], on_host: bool, named: str) -> None:
    words = "1 node(s) didn't have free ports for the requested pod ports"
    said = condition("PodScheduled", "False", message=f"0/1 nodes are available: {words}.")
    spec = {"containers": [{"name": "c", "ports": ports}], "hostNetwork": on_host}
    found = trouble_of(pod(node=None, spec=spec, conditions=[said]))
    assert found == Trouble("HostPortTaken", words + named, False)


def test_a_gate_holds_the_pod_back() -> None:
    said = condition("PodScheduled", "False", reason="SchedulingGated", message="waits for gates")
    found = trouble_of(pod(phase="Pending", node=None, conditions=[said]))
    assert found == Trouble("Unschedulable", "waits for gates", True)


def test_other_words_of_a_scheduler_stay_as_they_are() -> None:
    assert scheduling.failing_condition("no nodes available to schedule pods") == (
        "no nodes available to schedule pods"
    )


# --- volumes


@pytest.mark.parametrize(
    ("reason", "message", "wanted", "heals"),
    [
        (
            "FailedMount",
            (
                'MountVolume.SetUp failed for volume "dev" : hostPath type check failed: /dev/x'
                " is not a character device"
            ),
            "HostPathType",
            False,
        ),
        (
            "FailedMount",
            'MountVolume.SetUp failed for volume "cfg" : configmap "settings" not found',
            "VolumeMount",
            False,
        ),
        (
            "FailedMount",
            (
                'MountVolume.SetUp failed for volume "kube-api-access" : object'
                ' "n"/"kube-root-ca.crt" not registered'
            ),
            "VolumeMount",
            True,
        ),
        (
            "FailedMount",
            (
                'MountVolume.SetUp failed for volume "x" : kubernetes.io/csi: mounter.SetUpAt'
                " failed to get CSI client: driver name d not found in the list of registered"
                " CSI drivers"
            ),
            "VolumeMount",
            True,
        ),
        (
            "FailedMount",
            (
                'MountVolume.SetUp failed for volume "nfs" : mount failed: exit status 32\n'
                "mount.nfs: Connection timed out"
            ),
            "VolumeMount",
            True,
        ),
        (
            "FailedAttachVolume",
            'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) q',
            "VolumeMount",
            True,
        ),
        (
            "FailedMount",
            'MountVolume.SetUp failed for volume "x" : secret "temporary-failure" not found',
            "VolumeMount",
            False,
        ),
        (
            "FailedMount",
            'MountVolume.SetUp failed for volume "x" : mkdir /data: permission denied',
            "VolumeMount",
            False,
        ),
        (
            "FailedMount",
            (
                'MountVolume.SetUp failed for volume "x" : failed to sync configmap cache: timed'
                " out waiting for the condition"
            ),
            "VolumeMount",
            True,
        ),
        (
            "FailedAttachVolume",
            (
                'AttachVolume.Attach failed for volume "pvc-1" : rpc error: code = Internal desc ='
                " the cloud did not say why"
            ),
            "VolumeMount",
            True,
        ),
        (
            "FailedMount",
            (
                "Unable to attach or mount volumes: unmounted volumes=[d], unattached volumes=[d],"
                " failed to process volumes=[d]: failed to fetch PVC from API server:"
                ' persistentvolumeclaims "d" not found'
            ),
            "VolumeMount",
            False,
        ),
        (
            "FailedMapVolume",
            'MapVolume.SetUp failed for volume "b" : blkUtil.AttachFileDevice failed',
            "VolumeMount",
            False,
        ),
        (
            "FailedMount",
            (
                "Unable to attach or mount volumes: unmounted volumes=[x], unattached volumes=[]:"
                " timed out waiting for the condition"
            ),
            "VolumeMount",
            True,
        ),
    ],
)
def test_volumes(reason: str, message: str, wanted: str, heals: bool) -> None:
    found = trouble_of(pod(containerStatuses=[CREATING]), events=[event(reason, message)])
    assert found == Trouble(wanted, " ".join(message.split()), heals)


def test_the_volumes_own_words_go_before_the_summary() -> None:
    events = [
        event("FailedMount", "Unable to attach or mount volumes: unmounted volumes=[x]", 0),
        event("FailedMount", 'MountVolume.SetUp failed for volume "x" : secret "s" not found', -60),
    ]
    found = trouble_of(pod(phase="Pending", containerStatuses=[CREATING]), events=events)
    assert found is not None
    assert 'secret "s" not found' in found.evidence
    assert not found.heals


def test_a_disk_that_another_node_holds_is_more_than_the_summary() -> None:
    held = 'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) q'
    events = [
        event("FailedMount", "Unable to attach or mount volumes: unmounted volumes=[x]", 0),
        event("FailedAttachVolume", held, -60),
    ]
    found = trouble_of(pod(phase="Pending", containerStatuses=[CREATING]), events=events)
    assert found == Trouble("VolumeMount", held, True)


def test_what_a_mount_was_told_is_not_shown() -> None:
    message = (
        'MountVolume.SetUp failed for volume "x" : mount failed: exit status 32 Mounting arguments:'
        " -t cifs -o username=me,password=hunter2 //files/x /mnt"
    )
    found = trouble_of(pod(containerStatuses=[CREATING]), events=[event("FailedMount", message)])
    assert found is not None
    assert "hunter2" not in found.evidence
    assert "//files/x" in found.evidence


@pytest.mark.parametrize(
    "told",
    [
        event("FailedMount", 'MountVolume.SetUp failed for volume "x" : timed out', -900),
        event("FailedCreatePodSandBox", "plugin type failed", -900),
    ],
)
def test_an_image_may_be_pulled_for_long_after_the_network_is_there(told: dict[str, Any]) -> None:
    said = condition("PodReadyToStartContainers", "True")
    obj = pod(phase="Pending", containerStatuses=[CREATING], conditions=[said])
    pulling = Trouble("Starting", "container c: ContainerCreating", True)
    assert trouble_of(obj, events=[told]) == pulling
    said["status"] = "False"
    assert cause(trouble_of(obj, events=[told])) in ("VolumeMount", "PodSandbox")


def test_volumes_were_mounted_where_a_container_has_run() -> None:
    events = [event("FailedMount", 'MountVolume.SetUp failed for volume "x" : timed out', -900)]
    assert cause(trouble_of(pod(containerStatuses=[RUNS]), events=events)) == "NotReady"


# --- nodes


@pytest.mark.parametrize(
    ("obj", "of", "wanted"),
    [
        pytest.param(pod(phase="Pending"), node("Unknown"), "NodeNotReady", id="silent"),
        pytest.param(pod(phase="Pending"), node("False"), "NodeNotReady", id="not ready"),
        pytest.param(pod(containerStatuses=[RUNS]), node("False"), "NodeNotReady", id="its pod"),
        pytest.param(
            pod(containerStatuses=[waits("ErrImagePull")]),
            node("Unknown"),
            "NodeNotReady",
            id="what a silent node's pod says is old",
        ),
        pytest.param(
            pod(containerStatuses=[waits("CrashLoopBackOff")]),
            node("False"),
            "CrashLoop",
            id="the pod may be why the node is not ready",
        ),
        pytest.param(
            pod(phase="Pending"), node(DiskPressure="True"), "NodePressure", id="under pressure"
        ),
        pytest.param(
            pod(phase="Pending"), node(DiskPressure="False"), "Starting", id="a healthy node"
        ),
        pytest.param(
            pod(containerStatuses=[waits("ErrImagePull")]),
            node(MemoryPressure="True"),
            "ImagePull",
            id="pressure does not explain everything",
        ),
        pytest.param(
            pod(node=None, conditions=[condition("PodScheduled", "False", message="tainted")]),
            node("False"),
            "NodeNotReady",
            id="tainted for that",
        ),
        pytest.param(
            pod(node=None, conditions=[condition("PodScheduled", "False", message="no memory")]),
            node(MemoryPressure="True"),
            "Unschedulable",
            id="what it is short of may be something else",
        ),
        pytest.param(
            pod(phase="Pending"),
            {"metadata": {"name": "n1"}},
            "NodeNotReady",
            id="a node that has said nothing yet",
        ),
    ],
)
def test_nodes(obj: dict[str, Any], of: dict[str, Any], wanted: str) -> None:
    assert cause(trouble_of(obj, node=of)) == wanted


def test_the_nodes_words_are_quoted() -> None:
    silent = trouble_of(pod(phase="Pending"), node=node("Unknown"))
    assert silent is not None
    assert silent.evidence == "NodeStatusUnknown: Kubelet stopped posting node status."
    pressed = trouble_of(pod(phase="Pending"), node=node(PIDPressure="True"))
    assert pressed == Trouble("NodePressure", "PIDPressure", True)


def test_without_the_right_to_read_nodes_the_node_controllers_mark_tells_it() -> None:
    ready = {**RUNS, "ready": True}
    marked = pod(containerStatuses=[ready], conditions=[condition("ContainersReady", "True")])
    assert cause(trouble_of(marked)) == "NodeNotReady"
    told = trouble_of(marked, events=[event("NodeNotReady", "Node is not ready")])
    assert told == Trouble("NodeNotReady", "Node is not ready", True)
    gated = {**marked, "spec": {**marked["spec"], "readinessGates": [{"conditionType": "x"}]}}
    assert cause(trouble_of(gated)) == "NotReady"


# --- pods that are over, or about to be


@pytest.mark.parametrize(
    ("reason", "message", "of", "wanted", "heals"),
    [
        (
            "Evicted",
            "The node was low on resource: ephemeral-storage. Threshold quantity: 1, available: 0.",
            None,
            "NodePressure",
            True,
        ),
        ("Evicted", "The node had condition: [MemoryPressure]. ", None, "NodePressure", True),
        ("Evicted", "Pod was evicted", node(DiskPressure="True"), "NodePressure", True),
        ("Evicted", "Pod was evicted", None, "Evicted", True),
        (
            "Evicted",
            "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ",
            None,
            "Evicted",
            False,
        ),
        (
            "Evicted",
            'Usage of EmptyDir volume "x" exceeds the limit "1Gi". ',
            None,
            "Evicted",
            False,
        ),
        (
            "Evicted",
            'Container c exceeded its local ephemeral storage limit "1Gi". ',
            None,
            "Evicted",
            False,
        ),
        ("OutOfcpu", "Node didn't have enough resource: cpu", None, "Unschedulable", True),
        ("OutOfpods", "Node didn't have enough resource: pods", None, "Unschedulable", True),
        ("NodePorts", "Predicate NodePorts failed", None, "HostPortTaken", False),
        ("NodeAffinity", "Predicate NodeAffinity failed", None, "Unschedulable", True),
        ("UnexpectedAdmissionError", "Allocate failed", None, "Unschedulable", True),
        ("Preempting", "Preempted in order to admit critical pod", None, "Evicted", True),
        ("NodeShutdown", "Pod was rejected as the node is shutting down.", None, "NodeNotReady", 1),
        ("Terminated", "Pod was terminated in response to shutdown.", None, "NodeNotReady", True),
        ("SysctlForbidden", 'forbidden sysctl: "x"', None, "ContainerConfig", False),
        ("AppArmor", "profile x is not loaded", None, "ContainerConfig", False),
        ("NodeName", "Predicate NodeName failed", None, "Unschedulable", True),
        ("TaintToleration", "Predicate TaintToleration failed", None, "Unschedulable", True),
        ("InvalidNodeInfo", "Kubelet cannot get node info.", None, "NodeNotReady", True),
        (
            "SMTAlignmentError",
            "SMT Alignment Error: requested 3 cpus not multiple cpus per core = 2",
            None,
            "Unschedulable",
            False,
        ),
        (
            "SMTAlignmentError",
            "SMT Alignment Error: not enough free physical CPUs",
            None,
            "Unschedulable",
            True,
        ),
        ("PodFeatureUnsupported", "needs x", None, "ContainerConfig", False),
        ("PodLevelResourcesNotSupported", "needs x", None, "ContainerConfig", False),
        ("VolumeAttachmentLimitExceeded", "limit", None, "VolumeMount", True),
        ("SomethingNew", "it says", None, "NotReady", True),
        ("", "", None, "NotReady", True),
    ],
)
def test_failed_pods(
    reason: str, message: str, of: dict[str, Any] | None, wanted: str, heals: bool
) -> None:
    found = trouble_of(pod(phase="Failed", reason=reason, message=message), node=of)
    assert found is not None
    assert (found.cause, found.heals) == (wanted, bool(heals))
    assert found.evidence == (f"{reason}: {message.strip()}" if reason else "Failed")


@pytest.mark.parametrize(
    ("more", "now", "of", "wanted", "words"),
    [
        ({}, None, None, "Terminating", "the pod is being deleted"),
        ({}, NOW, None, "Terminating", "the pod is being deleted"),
        ({}, NOW, node(), "Terminating", "the pod is being deleted"),
        (
            {"finalizers": ["a/b", "c/d"]},
            None,
            None,
            "Terminating",
            "held by finalizers: a/b, c/d",
        ),
        (
            {"deletionTimestamp": at(-90)},
            NOW,
            None,
            "Terminating",
            (
                "the pod is being deleted, 90 seconds past its grace period: its node's kubelet"
                " has not ended it"
            ),
        ),
        (
            {"deletionTimestamp": at(-90), "finalizers": ["a/b"]},
            NOW,
            None,
            "Terminating",
            "held by finalizers: a/b, 90 seconds past its grace period",
        ),
        ({}, NOW, node("Unknown"), "NodeNotReady", "NodeStatusUnknown: Kubelet stopped"),
        ({}, NOW, node("False"), "NodeNotReady", "KubeletNotReady: container runtime"),
        ({"finalizers": ["a/b"]}, NOW, node("Unknown"), "Terminating", "held by finalizers: a/b"),
        ({}, NOW, node(MemoryPressure="True"), "Terminating", "the pod is being deleted"),
    ],
)
def test_ending(
    more: dict[str, Any], now: datetime | None, of: dict[str, Any] | None, wanted: str, words: str
) -> None:
    metadata = {"deletionTimestamp": at(30), **more}
    found = trouble_of(pod("True", metadata=metadata), now=now, node=of)
    assert found is not None
    assert (found.cause, found.heals) == (wanted, True)
    assert found.evidence.startswith(words)


def test_who_deleted_a_pod() -> None:
    said = condition(
        "DisruptionTarget",
        "True",
        reason="DeletionByTaintManager",
        message="Taint manager: deleting due to NoExecute taint",
    )
    obj = pod("True", metadata={"deletionTimestamp": at(30)}, conditions=[said])
    told = (
        "the pod is being deleted"
        " (DeletionByTaintManager: Taint manager: deleting due to NoExecute taint)"
    )
    assert trouble_of(obj, now=NOW) == Trouble("Terminating", told, True)


def test_of_a_very_long_text_no_secret_is_shown_either() -> None:
    for length in (15990, 15995, 16000):
        message = "x " * (length // 2) + "https://me:hunter2@example.test/ " * 9
        found = trouble_of(pod(containerStatuses=[waits("CreateContainerConfigError", message)]))
        assert found is not None
        assert "hunter2" not in found.evidence


def test_why_a_kubelet_does_not_end_a_pod() -> None:
    events = [event("FailedKillPod", "error killing pod: the runtime does not answer")]
    obj = pod("True", metadata={"deletionTimestamp": at(-90)})
    found = trouble_of(obj, now=NOW, node=node(), events=events)
    assert found is not None
    assert found.evidence.endswith(
        "has not ended it; FailedKillPod: error killing pod: the runtime does not answer"
    )
    still = trouble_of(pod("True", metadata={"deletionTimestamp": at(30)}), now=NOW, events=events)
    assert still == Trouble("Terminating", "the pod is being deleted", True)


# --- several containers


def test_the_worst_container_is_told() -> None:
    statuses = [
        CREATING,
        waits("CreateContainerError", "context deadline exceeded", "b"),
        waits("ErrImagePull", "denied", "a"),
    ]
    found = trouble_of(pod(containerStatuses=statuses))
    assert found == Trouble("ImagePull", "container a: denied", False)
    assert cause(trouble_of(pod(containerStatuses=statuses[:2]))) == "ContainerConfig"


def test_init_containers_go_first_and_sidecars_are_none() -> None:
    spec = {
        "initContainers": [{"name": "first"}, {"name": "side", "restartPolicy": "Always"}],
        "containers": [{"name": "c"}],
    }
    crashed = {"waiting": {"reason": "CrashLoopBackOff"}}
    last = {"lastState": {"terminated": {"exitCode": 3}}, "restartCount": 2}
    waiting = waits("PodInitializing")
    failed = pod(
        spec=spec,
        phase="Pending",
        initContainerStatuses=[container(crashed, "first", **last)],
        containerStatuses=[waiting],
    )
    assert cause(trouble_of(failed)) == "InitFailed"
    side = pod(
        spec=spec,
        phase="Pending",
        initContainerStatuses=[
            container({"terminated": {"exitCode": 0}}, "first", ready=True),
            container(crashed, "side", **last),
        ],
        containerStatuses=[waiting],
    )
    found = trouble_of(side)
    assert found == Trouble("CrashLoop", "container side: exit code 3, restarted 2 times", False)
    going_on = pod(
        spec=spec,
        phase="Pending",
        initContainerStatuses=[container({"running": {}}, "first")],
        containerStatuses=[waiting],
    )
    assert trouble_of(going_on) == Trouble(
        "Starting", "init container first: runs, and has to end before the next one starts", True
    )


# --- minReadySeconds


@pytest.mark.parametrize(
    ("seconds", "least", "wanted", "words"),
    [
        (-3, 10, "Starting", "Ready for 3 of 10 seconds (minReadySeconds)"),
        (5, 10, "Starting", "Ready for 0 of 10 seconds (minReadySeconds)"),
        (-11, 10, None, ""),
        (300, 10, "ClockSkew", "Ready since a moment that is 300 seconds ahead: clocks differ"),
        (300, 0, None, ""),
    ],
)
def test_min_ready_seconds(seconds: float, least: int, wanted: str | None, words: str) -> None:
    obj = pod("True")
    obj["status"]["conditions"][0]["lastTransitionTime"] = at(seconds)
    found = trouble_of(obj, min_ready_seconds=least, now=NOW)
    assert found == (None if wanted is None else Trouble(wanted, words, True))
    assert trouble_of(obj, min_ready_seconds=least) is None


@pytest.mark.parametrize("length", [10, 299, 300, 301, 5000])
def test_evidence_is_bounded_and_in_one_line(length: int) -> None:
    message = "begin " + "x" * length + "\n end"
    found = trouble_of(pod(containerStatuses=[waits("CreateContainerConfigError", message)]))
    assert found is not None
    assert len(found.evidence) <= MAX_EVIDENCE
    assert "begin" in found.evidence
    assert found.evidence.endswith(" end")
    assert "\n" not in found.evidence
