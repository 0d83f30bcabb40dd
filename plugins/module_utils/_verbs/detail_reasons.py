# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why pods of a DaemonSet are not available, and which nodes have none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._base.errors import ClusterError
from .._cluster import evidence
from .._nodes.eligibility import without_pod
from .._nodes.readiness import verdict
from .._rollout.explaining import Explanation, explain
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
    unwell = 0
    told = []
    for one in reading.each:
        explanation = Explanation()
        if not _is_well(one.live):
            unwell += 1
            explanation = (
                explain(reading.task.cluster, one.live, reading.deadline)
                if unwell <= _MOST
                else Explanation(notes=[f"Only the first {_MOST} are looked into: ask for fewer."])
            )
        for note in explanation.notes:
            reading.tell([one], note)
        absent = None
        if nodes is None:
            reading.tell([one], missing)
        else:
            absent = _absent(reading, one, nodes, explanation)
        told.append({"reasons": explanation.reasons, "nodes_without_pod": absent})
    return told


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


def _absent(
    reading: Reading, one: Shown, nodes: Sequence[Mapping[str, Any]], explanation: Explanation
) -> list[dict[str, Any]] | None:
    """The nodes without a pod by why; None, with a note, where pods may not be listed."""
    pods = explanation.pods if one.pods is None else one.pods
    if pods is None:
        try:
            pods = evidence.pods(reading.task.cluster, one.live, reading.deadline)
        except ClusterError as error:
            reading.tell([one], f"The nodes without a pod are not known: {error.message}")
            return None
    return without_pod(one.live, nodes, pods)
