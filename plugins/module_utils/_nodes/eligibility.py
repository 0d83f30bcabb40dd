# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a DaemonSet has no pod on a node, as its controller decides it. Pure.

Source: pkg/controller/daemon/daemon_controller.go, NodeShouldRunDaemonPod: the template's node
name, its node selector and required node affinity, and the node's taints; nothing else. Cordoned
nodes are eligible, since their taint is tolerated. Of a node that is not Ready only the NoExecute
taint is, not the NoSchedule one that it gets as well: it is not eligible, but its pod stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._base.words import natural
from .pods import node_of
from .trouble import MAX_NODES_NAMED, quoted

# How many groups there are at most of one reason, beside that of the rest.
_MOST_KINDS = 5
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
# What a taint is compared with (apimachinery, pkg/api/validate/content, IsDecimalInteger).
_DECIMAL = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)
_INT64 = 2**63
# What the controller lets every pod tolerate, for ever (AddOrUpdateDaemonPodTolerations in
# pkg/controller/daemon/util/daemonset_util.go).
_OF_CONTROLLER = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)
_OF_HOST_NETWORK = ("node.kubernetes.io/network-unavailable", "NoSchedule")


@dataclass(frozen=True)
class Absence:
    """Why a node is not eligible.

    Attributes:
        why: ``node_name``, ``node_selector``, ``affinity`` or ``taint``; in tables also
            ``not_created``, for an eligible node whose pod the controller has not made.
        evidence: what does not fit what, in one line.
        pods_end: whether a pod that already runs there is deleted: one does go on under a
            NoSchedule taint that came later.
    """

    why: str
    evidence: str
    pods_end: bool = True


def name_of(node: Mapping[str, Any]) -> str:
    """A node's name."""
    return str((node.get("metadata") or {}).get("name") or "")


def why_not(daemonset: Mapping[str, Any], node: Mapping[str, Any]) -> Absence | None:
    """Why the controller makes no pod for this node, or None where it is eligible.

    Args:
        daemonset: as the server has it.
        node: its ``metadata.name``, ``metadata.labels`` and ``spec.taints`` are looked at.
    """
    spec = daemonset["spec"]["template"].get("spec") or {}
    pinned = spec.get("nodeName")
    if pinned and pinned != name_of(node):
        return Absence("node_name", f"the template names node {pinned}")
    return unfit(spec, node)


def unfit(spec: Mapping[str, Any], node: Mapping[str, Any]) -> Absence | None:
    """What of a node does not fit a pod's or a template's spec, its node's name aside; None where
    all does. A pod's may ask for more than its template: admission adds what its namespace or its
    runtime class wants.
    """
    labels = (node.get("metadata") or {}).get("labels") or {}
    for key, value in sorted((spec.get("nodeSelector") or {}).items()):
        if labels.get(key) != value:
            has = f"has {labels[key]!r}" if key in labels else "has no such label"
            return Absence("node_selector", quoted(f"{key}={value} is wanted, the node {has}"))
    affinity = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(_REQUIRED)
    if affinity is not None and not _matches(affinity, node):
        return Absence("affinity", quoted(_unmet(affinity, node)))
    return _taint_in_the_way(spec, node)


def _taint_in_the_way(spec: Mapping[str, Any], node: Mapping[str, Any]) -> Absence | None:
    tolerations = _tolerations(spec)
    taints = (node.get("spec") or {}).get("taints") or []
    bad = [
        taint
        for taint in taints
        if taint.get("effect") in ("NoSchedule", "NoExecute")
        and not any(_tolerates(one, taint) for one in tolerations)
    ]
    if not bad:
        return None
    ends = [taint for taint in bad if taint["effect"] == "NoExecute"]
    told = ", ".join(_taint_in_words(taint) for taint in ends or bad)
    return Absence("taint", quoted(f"not tolerated: {told}"), bool(ends))


def _taint_in_words(taint: Mapping[str, Any]) -> str:
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint.get('key')}{value}:{taint.get('effect')}"


def _tolerations(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    added = [*_OF_CONTROLLER, *([_OF_HOST_NETWORK] if spec.get("hostNetwork") else [])]
    return [
        *(spec.get("tolerations") or []),
        *({"key": key, "operator": "Exists", "effect": effect} for key, effect in added),
    ]


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    """As Toleration.ToleratesTaint of k8s.io/api/core/v1: empty means any key or effect."""
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("key") and toleration["key"] != taint.get("key"):
        return False
    operator = toleration.get("operator") or "Equal"
    wanted, has = str(toleration.get("value") or ""), str(taint.get("value") or "")
    if operator == "Exists":
        return True
    if operator == "Equal":
        return wanted == has
    left, right = _decimal(has), _decimal(wanted)
    if left is None or right is None:
        return False
    return left < right if operator == "Lt" else operator == "Gt" and left > right


def _matches(required: Mapping[str, Any], node: Mapping[str, Any]) -> bool:
    """One term has to match, all of its requirements together; an empty one matches nothing
    (component-helpers/scheduling/corev1/nodeaffinity).
    """
    return any(
        not _unmet_of_term(term, node)
        for term in required.get("nodeSelectorTerms") or []
        if term.get("matchExpressions") or term.get("matchFields")
    )


def _unmet_of_term(term: Mapping[str, Any], node: Mapping[str, Any]) -> list[str]:
    labels = (node.get("metadata") or {}).get("labels") or {}
    fields = {"metadata.name": name_of(node)}
    return [
        _in_words(one)
        for requirements, values in (
            (term.get("matchExpressions"), labels),
            (term.get("matchFields"), fields),
        )
        for one in requirements or []
        if not _holds(one, values)
    ]


def _unmet(required: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    terms = [_unmet_of_term(term, node) for term in required.get("nodeSelectorTerms") or []]
    told = [" and ".join(one) for one in terms if one]
    return f"not met: {' or '.join(dict.fromkeys(told))}" if told else "no term can match a node"


def _holds(requirement: Mapping[str, Any], values: Mapping[str, str]) -> bool:
    """As labels.Requirement.Matches of apimachinery: what is not there is in no list and is no
    number.
    """
    key, wanted = str(requirement.get("key")), requirement.get("values") or []
    there, operator = key in values, requirement.get("operator")
    if operator == "Exists":
        return there
    if operator == "DoesNotExist":
        return not there
    if operator == "In":
        return there and values[key] in wanted
    if operator == "NotIn":
        return not there or values[key] not in wanted
    if operator not in ("Gt", "Lt") or not there or len(wanted) != 1:
        return False
    has, limit = _integer(values[key]), _integer(wanted[0])
    if has is None or limit is None:
        return False
    return has > limit if operator == "Gt" else has < limit


def _integer(text: Any) -> int | None:
    """A number as Go's strconv.ParseInt reads it, in 64 bits."""
    if not isinstance(text, str) or not _INTEGER.fullmatch(text):
        return None
    found = int(text)
    return found if -_INT64 <= found < _INT64 else None


def _decimal(text: str) -> int | None:
    return _integer(text) if _DECIMAL.fullmatch(text) else None


def _in_words(requirement: Mapping[str, Any]) -> str:
    key, operator = requirement.get("key"), requirement.get("operator")
    values = [str(one) for one in requirement.get("values") or []]
    shown = ", ".join(values[:MAX_NODES_NAMED]) + (", ..." if len(values) > MAX_NODES_NAMED else "")
    return f"{key} {operator} ({shown})" if values else f"{key} {operator}"


def without_pod(
    daemonset: Mapping[str, Any],
    nodes: Iterable[Mapping[str, Any]],
    pods: Iterable[Mapping[str, Any]],
    most: int = MAX_NODES_NAMED,
) -> list[dict[str, Any]]:
    """The nodes without a pod of this DaemonSet, grouped by why, most frequent first.

    Each taint, or other thing that is in the way, is a group of its own. Where these are many, of
    each reason the most frequent are, and the rest of it is one more.

    Args:
        daemonset: as the server has it.
        nodes: those that are asked about.
        pods: all of it.
        most: how many nodes of a group are named.

    Returns:
        Of each group what is in the way (see `Absence`), of how many nodes, the first of them, and
        the evidence of one.
    """
    taken = {node_of(pod) for pod in pods}
    found: dict[Absence, list[str]] = {}
    for node in sorted(nodes, key=lambda node: natural(name_of(node))):
        name = name_of(node)
        if name not in taken:
            why = why_not(daemonset, node) or Absence("not_created", "the node is eligible")
            found.setdefault(why, []).append(name)
    by_why: dict[str, list[Absence]] = {}
    for one in sorted(found, key=lambda one: -len(found[one])):
        by_why.setdefault(one.why, []).append(one)
    groups = []
    for kinds in by_why.values():
        own = kinds
        if len(kinds) > _MOST_KINDS:
            own = [one for one in kinds if len(found[one]) > 1][:_MOST_KINDS]
        groups += [_group(one, found[one], most) for one in own]
        rest = {name: one for one in kinds if one not in own for name in found[one]}
        if rest:
            names = sorted(rest, key=natural)
            groups.append(_group(rest[names[0]], names, most))
    return sorted(groups, key=lambda group: (-int(group["count"]), str(group["why"])))


def _group(why: Absence, nodes: list[str], most: int) -> dict[str, Any]:
    return {"why": why.why, "count": len(nodes), "nodes": nodes[:most], "evidence": why.evidence}
