# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``daemonset_info`` shows of each DaemonSet on demand: its history, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError
from .._cluster import evidence
from .._cluster.connection import Cluster
from .._cluster.revisions import owned_revisions
from .._nodes.eligibility import without_pod
from .._nodes.readiness import verdict
from .._rollout.explaining import Explanation, explain
from .._rollout.history import current
from .._views.revisions import revision_views

# Each one costs a few requests.
_MOST = 50

Pods = Sequence[Mapping[str, Any]]


def histories(
    found: Sequence[Mapping[str, Any]],
    stored: Sequence[Mapping[str, Any]] | None,
    pods: Sequence[Pods | None],
) -> list[list[dict[str, Any]] | None]:
    """The revisions of each DaemonSet; None where they may not be listed.

    Args:
        found: the DaemonSets.
        stored: the ControllerRevisions of all of them, and of others.
        pods: those of each DaemonSet, in the same order; None where they were not listed.
    """
    if stored is None:
        return [None] * len(found)
    owned = [owned_revisions(stored, item["metadata"]["uid"]) for item in found]
    return [
        revision_views(history, current(item, history), its_pods)
        for item, history, its_pods in zip(found, owned, pods, strict=True)
    ]


def diagnoses(
    cluster: Cluster,
    found: Sequence[Mapping[str, Any]],
    pods: Sequence[Pods | None],
    deadline: Deadline,
) -> list[dict[str, Any]]:
    """Of each DaemonSet, why pods are not available and which nodes have none.

    Never fails: ``notes`` says what could not be found out. The nodes are read once for all, and
    the rest only of DaemonSets with a pod that is not available.
    """
    nodes: list[dict[str, Any]] | None = None
    missing = "The nodes may not be read, so those without a pod are not known."
    try:
        nodes = evidence.nodes(cluster, deadline)
    except ClusterError as error:
        missing = f"The nodes are not known: {error.message}"
    unwell = 0
    told = []
    for item, its_pods in zip(found, pods, strict=True):
        explanation = Explanation()
        if not _is_well(item):
            unwell += 1
            explanation = (
                explain(cluster, item, deadline)
                if unwell <= _MOST
                else Explanation(notes=[f"Only the first {_MOST} are looked into: ask for fewer."])
            )
        notes = list(explanation.notes)
        absent = None
        if nodes is None:
            notes.append(missing)
        else:
            known = explanation.pods if its_pods is None else its_pods
            absent = _absent(cluster, item, nodes, known, notes, deadline)
        told.append(
            {
                "reasons": explanation.reasons,
                "nodes_without_pod": absent,
                "notes": list(dict.fromkeys(notes)),
            }
        )
    return told


def _is_well(daemonset: Mapping[str, Any]) -> bool:
    found = verdict(daemonset)
    counts = found.counts
    return found.ready and counts["available"] >= counts["desired"]


def _absent(
    cluster: Cluster,
    daemonset: Mapping[str, Any],
    nodes: Sequence[Mapping[str, Any]],
    pods: Pods | None,
    notes: list[str],
    deadline: Deadline,
) -> list[dict[str, Any]] | None:
    """The nodes without a pod by why; None, with a note, where pods may not be listed."""
    if pods is None:
        try:
            pods = evidence.pods(cluster, daemonset, deadline)
        except ClusterError as error:
            notes.append(f"The nodes without a pod are not known: {error.message}")
            return None
    return without_pod(daemonset, nodes, pods)
