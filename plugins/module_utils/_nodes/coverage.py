# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which nodes have an available pod of the live template, and which lack one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import eligibility
from .pods import condition, is_available, is_ending, is_ready, moment, node_of, revision_of

# The API server numbers the templates of a DaemonSet in this annotation, and the controller labels
# each pod with the number of its template (pkg/controller/daemon/util/daemonset_util.go).
TEMPLATE_NUMBER = "deprecated.daemonset.template.generation"
NUMBER_OF_POD = "pod-template-generation"


@dataclass(frozen=True)
class Coverage:
    """What pods and nodes say of a rollout.

    Attributes:
        lacking: how many eligible nodes lack an available pod of the live template.
        without_pod: the nodes among which they are: exactly these where the nodes are known.
        not_ready_nodes: the nodes that are not Ready.
        outdated: how many nodes only have pods of another template; 0 where that is not known.
    """

    lacking: int
    without_pod: frozenset[str]
    not_ready_nodes: frozenset[str]
    outdated: int


def covered(
    daemonset: Mapping[str, Any],
    pods: Iterable[Mapping[str, Any]],
    nodes: Iterable[Mapping[str, Any]] | None,
    revision: str | None,
    now: datetime | None,
) -> Coverage:
    """Count the nodes that lack an available pod of the live template.

    Args:
        daemonset: as the server has it.
        pods: all of it.
        nodes: all of the cluster; None where they are not known, then the number of eligible nodes
            is the controller's, and only nodes with a pod have a name.
        revision: the hash of the live template's revision; None to find it by the pods.
        now: the time, for minReadySeconds.
    """
    pods = list(pods)
    status, spec = daemonset.get("status") or {}, daemonset.get("spec") or {}
    desired = int(status.get("desiredNumberScheduled") or 0)
    least = int(spec.get("minReadySeconds") or 0)
    live = revision or live_revision(daemonset, pods)
    well = [pod for pod in pods if _available(pod, least, now)]
    available = {node_of(pod) for pod in well if live and revision_of(pod) == live}
    known = {node_of(pod) for pod in pods} - {""}
    not_ready: set[str] = set()
    if nodes is None:
        # What is available beyond the controller's number stands on nodes that it does not count.
        counted = int(status.get("numberAvailable") or 0)
        strays = max(len({node_of(pod) for pod in well}) - counted, 0)
        without = known - available
        lacking = max(desired - max(len(available) - strays, 0), 0)
    else:
        nodes = list(nodes)
        eligible = {
            eligibility.name_of(node)
            for node in nodes
            if eligibility.why_not(daemonset, node) is None
        }
        not_ready = {eligibility.name_of(node) for node in nodes if not is_node_ready(node)}
        without = eligible - available
        lacking = len(without)
        known &= eligible
    updated = {node_of(pod) for pod in pods if revision_of(pod) == revision and not is_ending(pod)}
    outdated = len(known - updated) if revision else 0
    return Coverage(lacking, frozenset(without), frozenset(not_ready), outdated)


def is_node_ready(node: Mapping[str, Any]) -> bool:
    """Whether a node's Ready condition is true: unknown is not."""
    return condition(node, "Ready").get("status") == "True"


def _available(pod: Mapping[str, Any], least: int, now: datetime | None) -> bool:
    if now is None:
        return least <= 0 and is_ready(pod) and not is_ending(pod)
    return is_available(pod, least, now)


def live_revision(daemonset: Mapping[str, Any], pods: Iterable[Mapping[str, Any]]) -> str | None:
    """The hash of the live template's revision by the pods, or None where they do not tell it.

    A pod that carries the number of the live template was made from it, and so were all of its
    hash: after a template that came back, pods carry older numbers and the same hash. Pods older
    than the DaemonSet were adopted from another one, whose numbers are its own. Where no pod has
    the number, the hash is known if exactly one fits how many pods the controller says are updated.
    """
    pods = list(pods)
    metadata = daemonset.get("metadata") or {}
    number = (metadata.get("annotations") or {}).get(TEMPLATE_NUMBER)
    born = moment(metadata.get("creationTimestamp"))
    numbered: set[str] = set()
    nodes_by_hash: dict[str, set[str]] = {}
    for pod in pods:
        found = revision_of(pod)
        if not found:
            continue
        nodes_by_hash.setdefault(found, set()).add(node_of(pod))
        labels = pod["metadata"].get("labels") or {}
        made = moment(pod["metadata"].get("creationTimestamp"))
        adopted = born is not None and made is not None and made < born
        if number and labels.get(NUMBER_OF_POD) == number and not adopted:
            numbered.add(found)
    if len(numbered) == 1:
        return numbered.pop()
    updated = int((daemonset.get("status") or {}).get("updatedNumberScheduled") or 0)
    fitting = [one for one in numbered or nodes_by_hash if len(nodes_by_hash[one]) == updated]
    return fitting[0] if updated and len(fitting) == 1 else None
