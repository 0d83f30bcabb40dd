# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps a pod from being available, from the pod, its node and its events. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from .causes_of_containers import container_trouble, never_ready
from .causes_of_scheduling import lacking_for_good, scheduling_trouble
from .events import newest_first, newest_with, volume_trouble
from .pods import condition, container_statuses, init_statuses, is_ending, is_ready, moment
from .trouble import Trouble, trouble

_PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure")
# Clocks of machines that keep time differ by less.
_CLOCKS_DIFFER = timedelta(seconds=10)
_SOON = ("Starting", "NotReady")
# What may just be what a node suffers from that is not Ready.
_OF_THE_NODE = (*_SOON, "PodSandbox")
# Why the kubelet turns a pod away that the scheduler gave it (in pkg/kubelet: lifecycle,
# nodeshutdown, preemption, sysctl, cm/admission, cm/cpumanager, cm/topologymanager, volumemanager).
# The controller makes a new pod each time, so that what is about the node heals with it.
_TURNED_AWAY: dict[str, tuple[str, bool]] = {
    "NodePorts": ("HostPortTaken", False),
    "HostPortConflict": ("HostPortTaken", False),
    "NodeAffinity": ("Unschedulable", True),
    "NodeName": ("Unschedulable", True),
    "TaintToleration": ("Unschedulable", True),
    "TopologyAffinityError": ("Unschedulable", True),
    "SMTAlignmentError": ("Unschedulable", True),
    "EmptyPodSharedPoolError": ("Unschedulable", True),
    "UnexpectedAdmissionError": ("Unschedulable", True),
    "UnknownReason": ("Unschedulable", True),
    "UnexpectedPredicateFailureType": ("Unschedulable", True),
    "VolumeAttachmentLimitExceeded": ("VolumeMount", True),
    "Preempting": ("Evicted", True),
    "InvalidNodeInfo": ("NodeNotReady", True),
    "NodeShutdown": ("NodeNotReady", True),
    "Shutdown": ("NodeNotReady", True),
    "Terminated": ("NodeNotReady", True),
    "NodeLost": ("NodeNotReady", True),
    "SysctlForbidden": ("ContainerConfig", False),
    "AppArmor": ("ContainerConfig", False),
    "PodOSNotSupported": ("ContainerConfig", False),
    "PodOSSelectorNodeLabelDoesNotMatch": ("ContainerConfig", False),
    "SupplementalGroupsPolicyNotSupported": ("ContainerConfig", False),
    "InitContainerRestartPolicyForbidden": ("ContainerConfig", False),
    "PodLevelResourcesNotSupported": ("ContainerConfig", False),
    "PodFeatureUnsupported": ("ContainerConfig", False),
}
# A number of CPUs that no node of its kind gives out alone.
_NEVER_ADMITTED = "not multiple cpus per core"
# What the kubelet sets up before the containers: the pod's cgroup, its network, its devices. It
# does not go on without; a runtime class that the node does not have does not come by itself.
_SANDBOX_EVENTS = (
    "FailedCreatePodSandBox",
    "FailedPodSandBoxStatus",
    "FailedCreatePodContainer",
    "FailedPrepareDynamicResources",
    "NetworkNotReady",
)
_SANDBOX_WRAPPINGS = re.compile(
    r'^Failed to create pod sandbox: |rpc error: code = \w+ desc = |(?<=for sandbox) "[0-9a-f]{64}"'
)
_NO_RUNTIME = re.compile(r"no runtime for .* is configured|failed to find runtime handler")
_ENDING_EVENTS = ("FailedKillPod", "FailedPreStopHook", "ExceededGracePeriod")
_OWN_LIMIT = re.compile(r"exceed(s|ed) (the total|the limit|its local)", re.IGNORECASE)


def trouble_of(
    pod: Mapping[str, Any],
    *,
    node: Mapping[str, Any] | None = None,
    events: Iterable[Mapping[str, Any]] = (),
    log: str = "",
    min_ready_seconds: int = 0,
    now: datetime | None = None,
) -> Trouble | None:
    """What keeps a pod from being available, or None where it is.

    Everything but the pod only makes it more precise.

    Args:
        pod: as the server has it.
        node: the one it runs on.
        events: about the pod.
        log: the last lines of the container that crashes.
        min_ready_seconds: how long it has to be Ready.
        now: the time.
    """
    events = newest_first(events)
    over = (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded")
    if is_ending(pod) and not (over and not pod["metadata"].get("finalizers")):
        return _ending(pod, node, events, now)
    if over:
        # The controller deletes it at once, to make another: that it is ending says nothing.
        return _failed(pod, node)
    silent = _silent(node)
    if silent is not None and not is_ready(pod):
        # What the pod's status says is as old as the node's silence.
        return silent
    if is_ready(pod):
        return _not_available_yet(pod, min_ready_seconds, now)
    found = scheduling_trouble(pod, events, node) or _of_containers(pod, events, log, now)
    by_node = node_trouble(node)
    if found is None or found.cause in _OF_THE_NODE:
        by_node = by_node or _marked_by_node_controller(pod, events)
        return by_node or found or _not_ready(pod)
    if found.cause == "Unschedulable" and by_node is not None and by_node.cause == "NodeNotReady":
        # What the scheduler says then is that the node is tainted.
        return by_node
    return found


def node_trouble(node: Mapping[str, Any] | None) -> Trouble | None:
    """What is wrong with a node that its pods suffer from; it heals when the node does."""
    if node is None:
        return None
    ready = condition(node, "Ready")
    if ready.get("status") != "True":
        told = ": ".join(str(ready[key]) for key in ("reason", "message") if ready.get(key))
        return trouble("NodeNotReady", told or "the node is not Ready", True)
    for kind in _PRESSURES:
        found = condition(node, kind)
        if found.get("status") == "True":
            told = ": ".join(str(one) for one in (kind, found.get("message")) if one)
            return trouble("NodePressure", told, True)
    return None


def seconds_to_end(
    pod: Mapping[str, Any], now: datetime, *, node: Mapping[str, Any] | None = None
) -> float:
    """For how long a pod that was deleted may still take to end: what is left of its own grace
    period (``deletionTimestamp`` is the end of it). Before that it is not late.

    0 for a pod that stays, for one that nothing but a finalizer holds, and where no kubelet ends
    it, as its node is not Ready.

    Args:
        pod: as the server has it.
        now: the time.
        node: the one it runs on, where it is known.
    """
    metadata = pod["metadata"]
    due = moment(metadata.get("deletionTimestamp"))
    over = (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded")
    if due is None or over or metadata.get("finalizers"):
        return 0.0
    by_node = node_trouble(node)
    if by_node is not None and by_node.cause == "NodeNotReady":
        return 0.0
    # Where clocks differ, no more than all of it.
    grace = float(metadata.get("deletionGracePeriodSeconds") or 0)
    return min(max((due - now).total_seconds(), 0.0), grace)


def _silent(node: Mapping[str, Any] | None) -> Trouble | None:
    """The trouble of a node whose kubelet is not heard of any more."""
    if node is None or condition(node, "Ready").get("status") in ("True", "False"):
        return None
    return node_trouble(node)


def _ending(
    pod: Mapping[str, Any],
    node: Mapping[str, Any] | None,
    events: Sequence[Mapping[str, Any]],
    now: datetime | None,
) -> Trouble:
    """The trouble of a pod that was deleted and is still there."""
    metadata = pod["metadata"]
    held = ", ".join(metadata.get("finalizers") or [])
    by_node = node_trouble(node)
    if by_node is not None and by_node.cause == "NodeNotReady" and not held:
        return by_node
    told = f"held by finalizers: {held}" if held else "the pod is being deleted"
    why = condition(pod, "DisruptionTarget")
    if why.get("status") == "True":
        told += f" ({why.get('reason')}: {why.get('message')})"
    # The time at which the grace period is over.
    due = moment(metadata.get("deletionTimestamp"))
    if now is not None and due is not None and now - due > _CLOCKS_DIFFER:
        told += f", {int((now - due).total_seconds())} seconds past its grace period"
        told += "" if held else ": its node's kubelet has not ended it"
        last = newest_with(events, *_ENDING_EVENTS)
        told += f"; {last['reason']}: {last.get('message')}" if last and not held else ""
    return trouble("Terminating", told, True)


def _failed(pod: Mapping[str, Any], node: Mapping[str, Any] | None) -> Trouble:
    """The trouble of a pod that is over; the controller deletes it and makes another."""
    status = pod.get("status") or {}
    reason, message = str(status.get("reason") or ""), str(status.get("message") or "")
    told = ": ".join(one for one in (reason or status["phase"], message) if one)
    if reason == "Evicted":
        if _OWN_LIMIT.search(message):
            # It will use as much the next time.
            return trouble("Evicted", told, False)
        if "low on resource" in message or "had condition" in message or _pressed(node):
            return trouble("NodePressure", told, True)
        return trouble("Evicted", told, True)
    if reason.startswith("OutOf"):
        too_much = lacking_for_good(pod, node, [reason.removeprefix("OutOf")])
        told += f": {too_much}" if too_much else ""
        return trouble("Unschedulable", told, not too_much)
    cause, heals = _TURNED_AWAY.get(reason, ("NotReady", True))
    return trouble(cause, told, heals and _NEVER_ADMITTED not in message)


def _pressed(node: Mapping[str, Any] | None) -> bool:
    found = node_trouble(node)
    return found is not None and found.cause == "NodePressure"


def _of_containers(
    pod: Mapping[str, Any],
    events: Sequence[Mapping[str, Any]],
    log: str,
    now: datetime | None,
) -> Trouble | None:
    """The worst trouble of the pod's containers: the first that does not heal by itself, else the
    first that is more than being on its way.
    """
    spec = pod.get("spec") or {}
    specs = {
        one.get("name"): one
        for one in (*(spec.get("initContainers") or []), *(spec.get("containers") or []))
    }
    inits = {one.get("name") for one in init_statuses(pod)}
    found = []
    for status in container_statuses(pod):
        own = specs.get(status.get("name")) or {}
        one_shot = status.get("name") in inits and own.get("restartPolicy") != "Always"
        trouble = container_trouble(status, own, one_shot=one_shot, events=events, log=log, now=now)
        if trouble is None and not one_shot and not status.get("ready"):
            trouble = never_ready(status, own, events)
        if trouble is not None:
            found.append(trouble)
    worst = next((one for one in found if not one.heals), None)
    worst = worst or next((one for one in found if one.cause not in _SOON), None)
    if worst is not None:
        return worst
    if not _may_have_containers(pod):
        found = [one for one in (_before_containers(events),) if one] + found
    return found[0] if found else None


def _may_have_containers(pod: Mapping[str, Any]) -> bool:
    """Whether the pod's volumes are mounted, and its network is there: events that tell of either
    outlive it, and the images of the first containers may be pulled for minutes then.
    """
    if condition(pod, "PodReadyToStartContainers").get("status") == "True":
        return True
    return any(
        "running" in (one.get("state") or {}) or "terminated" in (one.get("state") or {})
        for one in container_statuses(pod)
    )


def _before_containers(events: Sequence[Mapping[str, Any]]) -> Trouble | None:
    """What keeps the kubelet from creating containers: volumes, then the pod's network."""
    found = volume_trouble(events)
    if found is not None:
        return found
    failed = newest_with(events, *_SANDBOX_EVENTS)
    if failed is None:
        return None
    message = str(failed.get("message") or "")
    told = f"{failed['reason']}: {_SANDBOX_WRAPPINGS.sub('', message)}"
    return trouble("PodSandbox", told, not _NO_RUNTIME.search(message))


def _marked_by_node_controller(
    pod: Mapping[str, Any], events: Sequence[Mapping[str, Any]]
) -> Trouble | None:
    """Where the node could not be read: the node controller marks the pods of a node that is not
    Ready by their Ready condition alone (pkg/controller/util/node/controller_utils.go,
    MarkPodsNotReady), which no kubelet does to a pod whose containers are ready.
    """
    if (pod.get("spec") or {}).get("readinessGates"):
        return None
    told = newest_with(events, "NodeNotReady")
    if condition(pod, "ContainersReady").get("status") != "True":
        return None
    if condition(pod, "Ready").get("status") != "False":
        return None
    words = str(told.get("message")) if told else "the pod's containers are ready, the pod is not"
    return trouble("NodeNotReady", words, True)


def _not_available_yet(
    pod: Mapping[str, Any], min_ready_seconds: int, now: datetime | None
) -> Trouble | None:
    """The trouble of a pod that is Ready, but not for long enough."""
    since = moment(condition(pod, "Ready").get("lastTransitionTime"))
    if min_ready_seconds <= 0 or now is None or since is None:
        return None
    if since - now > _CLOCKS_DIFFER:
        ahead = int((since - now).total_seconds())
        told = f"Ready since a moment that is {ahead} seconds ahead: clocks differ"
        return trouble("ClockSkew", told, True)
    passed = int((now - since).total_seconds())
    if passed > min_ready_seconds:
        return None
    told = f"Ready for {max(passed, 0)} of {min_ready_seconds} seconds (minReadySeconds)"
    return trouble("Starting", told, True)


def _not_ready(pod: Mapping[str, Any]) -> Trouble:
    status = pod.get("status") or {}
    if status.get("phase") == "Pending":
        return trouble("Starting", "the pod has not started yet", True)
    ready = condition(pod, "Ready")
    waiting = [str(one.get("name")) for one in container_statuses(pod) if not one.get("ready")]
    told = ready.get("message") or f"not ready: {', '.join(waiting)}"
    return trouble("NotReady", told, True)
