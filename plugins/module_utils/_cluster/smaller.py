# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects cut down to what a diagnosis looks at: of thousands of nodes, each can have a pod that
fails, whose manifest is of 20 KiB.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._base.secret_names import looks_secret

_METADATA = (
    "name",
    "namespace",
    "uid",
    "labels",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "finalizers",
)
_SPEC = ("nodeName", "schedulerName", "hostNetwork", "readinessGates", "overhead", "resources")
# What keeps a pod from a node, until it has one.
_PLACEMENT = ("affinity", "nodeSelector", "tolerations")
_CONTAINER = ("name", "image", "restartPolicy", "ports", "resources")
_PROBES = ("readinessProbe", "startupProbe")
_STATUS = ("phase", "reason", "message")
_CONDITIONS = (
    "Ready",
    "ContainersReady",
    "PodReadyToStartContainers",
    "PodScheduled",
    "DisruptionTarget",
)
CONTAINER_STATUS = ("name", "image", "ready", "started", "restartCount", "state", "lastState")
_EVENT = ("reason", "message", "firstTimestamp", "lastTimestamp", "eventTime", "series")


def small_pod(pod: Mapping[str, Any]) -> dict[str, Any]:
    """A pod as a diagnosis needs it; of one that is ready, the least."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    conditions = [one for one in status.get("conditions") or [] if one.get("type") in _CONDITIONS]
    made = {
        "metadata": some(pod["metadata"], _METADATA),
        "spec": some(spec, ("nodeName",)),
        "status": some(status, _STATUS) | {"conditions": conditions},
    }
    ready: Mapping[str, Any] = next((one for one in conditions if one["type"] == "Ready"), {})
    if ready.get("status") == "True" and not pod["metadata"].get("deletionTimestamp"):
        return made
    made["spec"] = some(spec, _SPEC if spec.get("nodeName") else (*_SPEC, *_PLACEMENT))
    for key in ("initContainers", "containers"):
        made["spec"][key] = [_small_container(one) for one in spec.get(key) or []]
    for key in ("initContainerStatuses", "containerStatuses"):
        made["status"][key] = [some(one, CONTAINER_STATUS) for one in status.get(key) or []]
    return made


def _small_container(container: Mapping[str, Any]) -> dict[str, Any]:
    """Of its variables those are kept whose names promise a secret: what they hold is hidden."""
    secret = [one for one in container.get("env") or [] if looks_secret(str(one.get("name") or ""))]
    probes = {key: True for key in _PROBES if container.get(key)}
    return some(container, _CONTAINER) | probes | ({"env": secret} if secret else {})


def small_node(node: Mapping[str, Any]) -> dict[str, Any]:
    """A node's name, labels, taints, conditions and what it has to give."""
    metadata, status = node["metadata"], node.get("status") or {}
    return {
        "metadata": {"name": metadata["name"], "labels": metadata.get("labels") or {}},
        "spec": some(node.get("spec") or {}, ("taints", "unschedulable")),
        "status": {
            "conditions": status.get("conditions") or [],
            "allocatable": status.get("allocatable") or {},
        },
    }


def small_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """What an event says, of which object, and when."""
    return some(event, _EVENT) | {
        "metadata": some(event["metadata"], ("creationTimestamp",)),
        "involvedObject": some(event.get("involvedObject") or {}, ("uid", "fieldPath")),
    }


def some(obj: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """Of an object, the keys that are named, as far as it has them."""
    return {key: obj[key] for key in keys if key in obj}
