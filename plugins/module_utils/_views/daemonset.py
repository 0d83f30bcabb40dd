# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A DaemonSet and its pods as a list or a details page shows them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._nodes import diagnosis
from .._nodes.readiness import verdict

REVISION_LABEL = "controller-revision-hash"


def pod_view(pod: Mapping[str, Any]) -> dict[str, Any]:
    """One pod: where it runs, and how it is."""
    status = pod.get("status") or {}
    reason = diagnosis.reason_of(pod)
    return {
        "name": pod["metadata"]["name"],
        "node": diagnosis.node_of(pod),
        "phase": status.get("phase"),
        "ready": diagnosis.is_ready(pod),
        "restarts": sum(int(c.get("restartCount") or 0) for c in diagnosis.container_statuses(pod)),
        "ip": status.get("podIP"),
        "revision": (pod["metadata"].get("labels") or {}).get(REVISION_LABEL),
        "created": pod["metadata"].get("creationTimestamp"),
        "images": {c["name"]: c.get("image") for c in pod["spec"].get("containers") or []},
        "reason": reason[0] if reason else None,
        "evidence": reason[1] if reason else None,
    }


def daemonset_view(
    daemonset: Mapping[str, Any], pods: Iterable[Mapping[str, Any]] | None
) -> dict[str, Any]:
    """A DaemonSet with its rollout and, where they could be read, its pods in the order of their
    nodes.
    """
    metadata = {k: v for k, v in daemonset["metadata"].items() if k != "managedFields"}
    view: dict[str, Any] = {
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "rollout": verdict(daemonset).as_result(),
        "pods": None,
        "daemonset": {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            **daemonset,
            "metadata": metadata,
        },
    }
    if pods is not None:
        view["pods"] = sorted((pod_view(pod) for pod in pods), key=lambda p: (p["node"], p["name"]))
    return view


def quota_view(quota: Mapping[str, Any]) -> dict[str, Any]:
    """A ResourceQuota: what it allows, and how much of that is used."""
    status = quota.get("status") or {}
    return {
        "name": quota["metadata"]["name"],
        "namespace": quota["metadata"]["namespace"],
        "hard": status.get("hard") or quota["spec"].get("hard") or {},
        "used": status.get("used") or {},
    }
