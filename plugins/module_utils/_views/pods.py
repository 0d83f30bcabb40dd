# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pods of a DaemonSet as a details page shows them, by node. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from .._base.words import natural
from .._nodes.diagnosis import trouble_of
from .._nodes.pods import REVISION_LABEL, is_ready, moment, node_of, restarts_of


def pods_view(
    pods: Sequence[Mapping[str, Any]], nodes: Collection[str] | None, most: int, now: datetime
) -> tuple[list[dict[str, Any]], int]:
    """The pods in the order of their nodes, and how many are left out.

    Args:
        pods: those of a DaemonSet.
        nodes: only the pods on these; None for all.
        most: how many are shown; those that are not well come before the others.
        now: the time, to tell their age.
    """
    wanted = [pod for pod in pods if nodes is None or node_of(pod) in nodes]
    chosen = _in_order(wanted)
    if len(chosen) > most:
        chosen = _in_order(sorted(chosen, key=_is_well)[:most])
    shown = [
        {**pod_view(pod), "age_seconds": _seconds_since(pod["metadata"]["creationTimestamp"], now)}
        for pod in chosen
    ]
    return shown, len(wanted) - len(chosen)


def without_a_pod(pods: Iterable[Mapping[str, Any]], nodes: Collection[str]) -> list[str]:
    """Those of the nodes that none of the pods is on."""
    return sorted(set(nodes) - {node_of(pod) for pod in pods}, key=natural)


def _in_order(pods: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(pods, key=lambda pod: (natural(node_of(pod)), pod["metadata"]["name"]))


def _is_well(pod: Mapping[str, Any]) -> bool:
    return trouble_of(pod) is None


def pod_view(pod: Mapping[str, Any]) -> dict[str, Any]:
    """One pod: where it runs, and how it is."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    trouble = trouble_of(pod)
    return {
        "name": metadata["name"],
        "node": node_of(pod),
        "phase": status.get("phase"),
        "ready": is_ready(pod),
        "restarts": restarts_of(pod),
        "revision": (metadata.get("labels") or {}).get(REVISION_LABEL),
        "ip": status.get("podIP"),
        "host_ip": status.get("hostIP"),
        "created": metadata.get("creationTimestamp"),
        "started": status.get("startTime"),
        "images": {one["name"]: one.get("image") for one in pod["spec"].get("containers") or []},
        "containers": list(_containers(pod)),
        "reason": trouble.cause if trouble else None,
        "evidence": trouble.evidence if trouble else None,
    }


def _seconds_since(text: Any, now: datetime) -> int | None:
    since = moment(text)
    # Clocks differ: what was made in the future has no age below 0.
    return None if since is None else max(0, int((now - since).total_seconds()))


def _containers(pod: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The states of the containers, those that run before the others first."""
    status = pod.get("status") or {}
    for key, init in (("initContainerStatuses", True), ("containerStatuses", False)):
        for one in status.get(key) or []:
            word, told = _state(one.get("state") or {})
            _last, ended = _state(one.get("lastState") or {})
            yield {
                "name": one["name"],
                "init": init,
                "ready": bool(one.get("ready")),
                "restarts": int(one.get("restartCount") or 0),
                "state": word,
                "reason": told.get("reason"),
                "exit_code": told.get("exitCode"),
                "since": told.get("startedAt") if word == "running" else told.get("finishedAt"),
                "last_reason": ended.get("reason"),
                "last_exit_code": ended.get("exitCode"),
            }


def _state(state: Mapping[str, Any]) -> tuple[str | None, Mapping[str, Any]]:
    """Which of the three a container is, ``running``, ``waiting`` or ``terminated``, and more."""
    return next(((word, told or {}) for word, told in state.items()), (None, {}))
