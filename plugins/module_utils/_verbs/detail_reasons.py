# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why pods of a DaemonSet are not available, and which nodes have none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .._base.errors import ClusterError
from .._cluster import evidence
from .._cluster.controller_lease import ControllerLease
from .._nodes.controller import unseen_for
from .._nodes.eligibility import name_of, without_pod
from .._nodes.readiness import verdict
from .._nodes.trouble import MAX_NODES_NAMED
from .._rollout.explaining import explain
from .detail_reading import Reading, Shown

# Each one costs a few requests.
_MOST = 50


def diagnoses(reading: Reading) -> list[dict[str, Any]]:
    """Of each DaemonSet ``reasons`` and ``nodes_without_pod``; the latter None where it is not
    known.

    Never fails: notes say what could not be found out. The nodes are read once for all, and the
    rest only of DaemonSets with a pod that is not available.
    """
    nodes, missing = _nodes(reading)
    lease = ControllerLease(reading.task.cluster)
    unwell = 0
    told = []
    for one in reading.each:
        well = _is_well(one.live)
        unwell += not well
        reasons = []
        if one.pods is None:
            reading.tell([one], "The reasons are unknown: listing pods is forbidden.")
        elif not well and unwell > _MOST:
            reading.tell([one], f"Only the first {_MOST} are looked into: ask for fewer.")
        elif not well:
            reasons = _reasons(reading, one, one.pods, nodes, lease)
        absent = None
        if nodes is None:
            reading.tell([one], missing)
        elif one.pods is not None:
            absent = _without_pod(reading, one, one.pods, nodes)
        told.append({"reasons": reasons, "nodes_without_pod": absent})
    return told


def _without_pod(
    reading: Reading, one: Shown, pods: list[dict[str, Any]], nodes: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The nodes without a pod; of the nodes that are asked about, where some are."""
    asked = reading.task.params["nodes"]
    if not asked:
        return without_pod(one.live, nodes, pods)
    some = [node for node in nodes if name_of(node) in asked]
    for name in dict.fromkeys(asked):
        if not any(name_of(node) == name for node in some):
            reading.tell([one], f"There is no node {name}.")
    return without_pod(one.live, some, pods, max(MAX_NODES_NAMED, len(some)))


def _nodes(reading: Reading) -> tuple[list[dict[str, Any]] | None, str]:
    """The nodes, or why they are not known."""
    try:
        nodes = evidence.nodes(reading.task.cluster, reading.deadline)
    except ClusterError as error:
        return None, f"The nodes are not known: {error.message}"
    return nodes, "The nodes may not be read, so those without a pod are not known."


def _is_well(daemonset: Mapping[str, Any]) -> bool:
    found = verdict(daemonset)
    counts = found.counts
    return found.ready and counts["available"] >= counts["desired"]


def _reasons(
    reading: Reading,
    one: Shown,
    pods: list[dict[str, Any]],
    nodes: list[dict[str, Any]] | None,
    lease: ControllerLease,
) -> list[dict[str, Any]]:
    found = explain(
        reading.task.cluster,
        one.live,
        reading.deadline,
        pods=pods,
        nodes=nodes,
        unseen_seconds=unseen_for(one.live, datetime.now(UTC)),
        lease=lease,
    )
    for note in found.notes:
        reading.tell([one], note)
    return found.reasons
