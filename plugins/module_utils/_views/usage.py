# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pods of a DaemonSet use, as the metrics API tells it. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .._base.words import natural
from .._nodes.pods import node_of
from .._spec.quantity import parse_quantity
from .containers import containers_of

# A duration as Go writes it: 30s, 1m0.5s.
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(h|ms|m|us|\u00b5s|ns|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "\u00b5s": 1e-6, "ns": 1e-9}
_AMOUNTS = {"cpu_cores": "cpu", "memory_bytes": "memory"}


def small_metrics(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """What is needed of a PodMetrics object."""
    return {
        "name": metrics["metadata"]["name"],
        "measured": metrics.get("timestamp"),
        "window_seconds": seconds_of(metrics.get("window")),
        "containers": {
            one["name"]: _amounts(one.get("usage") or {}) for one in metrics.get("containers") or []
        },
    }


def usage_view(
    template: Mapping[str, Any],
    pods: Sequence[Mapping[str, Any]],
    measured: Mapping[str, Mapping[str, Any]],
    nodes: Collection[str] | None,
    most: int,
) -> dict[str, Any]:
    """What the pods use: together, by container, and on each node.

    Args:
        template: the pod template, for requests and limits.
        pods: all of the DaemonSet.
        measured: by the pods' names, see `small_metrics`.
        nodes: only those on these are shown one by one; None for all.
        most: so many are shown one by one, those that use the most memory.
    """
    rows = [_row(pod, one) for pod in pods if (one := measured.get(pod["metadata"]["name"]))]
    wanted = [row for row in rows if nodes is None or row["node"] in nodes]
    shown = sorted(wanted, key=lambda row: (-row["memory_bytes"], -row["cpu_cores"]))[:most]
    return {
        **_sum(rows),
        "pods": len(rows),
        "pods_without": len(pods) - len(rows),
        "containers": {
            one["name"]: _of_container(one, rows)
            for kind, one in containers_of(template)
            if kind != "init"
        },
        "nodes": sorted(shown, key=lambda row: (natural(row["node"]), row["pod"])),
        "nodes_left_out": len(wanted) - len(shown),
    }


def seconds_of(duration: Any) -> float | None:
    """A duration as the metrics API writes it, in seconds; None where it is none."""
    if not isinstance(duration, str) or not _PART.match(duration):
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(duration))


def _amounts(quantities: Mapping[str, Any]) -> dict[str, Any]:
    """Cores and bytes; None for what is not told."""
    return {key: _amount(key, quantities.get(resource)) for key, resource in _AMOUNTS.items()}


def _amount(key: str, quantity: Any) -> float | int | None:
    try:
        value = parse_quantity(quantity)
    except ValueError:
        return None
    return int(value) if key == "memory_bytes" else float(value)


def _row(pod: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "node": node_of(pod),
        "pod": measured["name"],
        **_sum(measured["containers"].values()),
        "containers": measured["containers"],
        "measured": measured["measured"],
        "window_seconds": measured["window_seconds"],
    }


def _sum(parts: Any) -> dict[str, Any]:
    parts = list(parts)
    # Without noise in the last digits, which adding fractions leaves.
    return {
        "cpu_cores": round(sum(one["cpu_cores"] or 0.0 for one in parts), 9),
        "memory_bytes": sum(one["memory_bytes"] or 0 for one in parts),
    }


def _of_container(
    container: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    name = container["name"]
    used = [row["containers"][name] for row in rows if name in row["containers"]]
    resources = container.get("resources") or {}
    found = _sum(used)
    for key in _AMOUNTS:
        found[f"highest_{key}"] = max((one[key] or 0 for one in used), default=None)
    for word in ("requests", "limits"):
        found[word] = _amounts(resources.get(word) or {})
    return found
