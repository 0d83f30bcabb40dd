# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A DaemonSet and its pods as a list or a details page shows them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._nodes.diagnosis import trouble_of
from .._nodes.pods import REVISION_LABEL, is_ready, node_of, restarts_of
from .._nodes.readiness import verdict
from .._rollout.remembered import shown_metadata, steps


def pod_view(pod: Mapping[str, Any]) -> dict[str, Any]:
    """One pod: where it runs, and how it is."""
    status = pod.get("status") or {}
    trouble = trouble_of(pod)
    return {
        "name": pod["metadata"]["name"],
        "node": node_of(pod),
        "phase": status.get("phase"),
        "ready": is_ready(pod),
        "restarts": restarts_of(pod),
        "ip": status.get("podIP"),
        "revision": (pod["metadata"].get("labels") or {}).get(REVISION_LABEL),
        "created": pod["metadata"].get("creationTimestamp"),
        "images": {c["name"]: c.get("image") for c in pod["spec"].get("containers") or []},
        "reason": trouble.cause if trouble else None,
        "evidence": trouble.evidence if trouble else None,
    }


def daemonset_view(
    daemonset: Mapping[str, Any], pods: Iterable[Mapping[str, Any]] | None
) -> dict[str, Any]:
    """A DaemonSet with its rollout and, where they could be read, its pods in the order of their
    nodes.
    """
    metadata = shown_metadata(daemonset)
    view: dict[str, Any] = {
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "rollout": verdict(daemonset).as_result() | steps(daemonset),
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
