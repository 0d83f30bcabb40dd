# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why pods of a DaemonSet are not available, from the pods themselves. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MAX_NODES_NAMED = 5
_MAX_TEXT = 300


def node_of(pod: Mapping[str, Any]) -> str:
    """The node that a pod runs on, or is meant for (the controller pins it by the node's name)."""
    spec = pod.get("spec", {})
    if spec.get("nodeName"):
        return str(spec["nodeName"])
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or []:
        for field in term.get("matchFields") or []:
            if field.get("key") == "metadata.name" and field.get("values"):
                return str(field["values"][0])
    return ""


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether the pod's Ready condition is true."""
    return _condition(pod, "Ready").get("status") == "True"


def _condition(pod: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return next((c for c in conditions if c.get("type") == kind), {})


def container_statuses(pod: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The statuses of a pod's init containers and containers."""
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def reason_of(pod: Mapping[str, Any]) -> tuple[str, str] | None:
    """(cause, evidence) of a pod that is not ready, or None for one that is."""
    metadata, status = pod.get("metadata", {}), pod.get("status") or {}
    if metadata.get("deletionTimestamp"):
        held = ", ".join(metadata.get("finalizers") or [])
        return "Terminating", f"held by finalizers: {held}" if held else "the pod is being deleted"
    for container in container_statuses(pod):
        found = _container_reason(container)
        if found:
            return found
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        return str(scheduled.get("reason") or "Unschedulable"), _text(scheduled.get("message"))
    if status.get("phase") == "Failed":
        return str(status.get("reason") or "Failed"), _text(status.get("message"))
    if is_ready(pod):
        return None
    if status.get("phase") == "Pending":
        return "Pending", "the pod has not started yet"
    ready = _condition(pod, "Ready")
    waiting = [c["name"] for c in container_statuses(pod) if not c.get("ready")]
    evidence = _text(ready.get("message")) or f"not ready: {', '.join(waiting)}"
    return "NotReady", evidence


def _container_reason(container: Mapping[str, Any]) -> tuple[str, str] | None:
    state = container.get("state") or {}
    waiting = state.get("waiting") or {}
    ended = (container.get("lastState") or {}).get("terminated") or {}
    name = container.get("name", "")
    if waiting.get("reason") in (None, "ContainerCreating", "PodInitializing"):
        return None
    evidence = f"container {name}: {_text(waiting.get('message')) or waiting['reason']}"
    if ended:
        how = ended.get("reason") or "ended"
        evidence += f" (last exit: {how}, code {ended.get('exitCode')})"
    return str(waiting["reason"]), evidence


def _text(value: Any) -> str:
    text = " ".join(str(value or "").split())
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "..."


def reasons(pods: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Pods that are not ready, grouped by cause: how many, the first nodes, and the evidence of one
    of them.
    """
    groups: dict[str, dict[str, Any]] = {}
    for pod in sorted(pods, key=node_of):
        found = reason_of(pod)
        if found is None:
            continue
        cause, evidence = found
        group = groups.setdefault(
            cause, {"cause": cause, "count": 0, "nodes": [], "evidence": evidence}
        )
        group["count"] += 1
        if len(group["nodes"]) < MAX_NODES_NAMED:
            group["nodes"].append(node_of(pod))
    return sorted(groups.values(), key=lambda group: -int(group["count"]))


def in_words(found: Iterable[Mapping[str, Any]]) -> str:
    """Grouped reasons as one line of text."""
    lines = []
    for group in found:
        nodes = ", ".join(group["nodes"])
        more = int(group["count"]) - len(group["nodes"])
        nodes += f" and {more} more" if more else ""
        lines.append(f"{group['cause']} on {group['count']} ({nodes}): {group['evidence']}")
    return "; ".join(lines)
