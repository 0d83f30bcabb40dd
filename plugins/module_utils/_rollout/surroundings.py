# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a staged rollout has to know of the nodes, where the plan asks for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._base.errors import ForbiddenError, RolloutError
from .._base.words import count_of, some_of
from .._cluster import daemonsets
from .._nodes.causes_of_pods import node_trouble
from .._nodes.eligibility import why_not
from .._nodes.pods import is_ending, node_of, revision_of
from .._nodes.trouble import Trouble
from .._spec.rollout import Plan
from .._spec.shares import share_of
from . import fates
from .held import Held
from .patience import Patience

NOT_READY = "NodeNotReady"


@dataclass(frozen=True)
class Surroundings:
    """The nodes, as far as they matter.

    Attributes:
        labels: those of each node.
        excused: nodes that should run the pod, are not Ready and are left out, as the task allows;
            what is wrong with each.
    """

    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    excused: Mapping[str, Trouble] = field(default_factory=dict)


def look_around(held: Held, plan: Plan, patience: Patience) -> Surroundings:
    """Read the nodes, where the plan orders them by label or nodes that are not Ready are excused.

    Raises:
        ForbiddenError: they may not be listed, and the plan needs their labels.
    """
    limit = patience.allowance.ignore_not_ready_nodes
    if not plan.goes_by_labels and limit is None:
        return Surroundings()
    from .._cluster import evidence

    nodes = evidence.nodes(held.cluster, held.deadline)
    if nodes is None:
        if not plan.goes_by_labels:
            return Surroundings()
        raise ForbiddenError(
            f"The rollout of DaemonSet {held.name} goes by the labels of the nodes, and listing"
            " nodes is forbidden. Nothing was changed.",
            advice="Grant get and list on nodes (a ClusterRole), or leave canary_node_selector and"
            " order_by out.",
            status=403,
        )
    names = {str(node["metadata"]["name"]): node for node in nodes}
    labels = {name: node["metadata"].get("labels") or {} for name, node in names.items()}
    sick = {
        name: trouble
        for name, node in names.items()
        if (trouble := why_not_ready(node)) is not None
        # The others are none of this DaemonSet's, and do not count.
        and why_not(held.live, fates.once_back(node)) is None
    }
    return Surroundings(labels, sick if may_excuse(held, patience, len(sick)) else {})


def refuse_unmatched(
    held: Held, plan: Plan, labels: Mapping[str, Mapping[str, str]], nodes: Collection[str]
) -> None:
    """Refuse a plan that goes by labels which no node has: misspelt, it would begin on any node.
    Of single values of a label that no node has it only warns: a pool may be empty.

    Args:
        held: the DaemonSet.
        plan: the plan.
        labels: those of each node, where the plan goes by them.
        nodes: those that run the pod; where there are none, nothing is refused.

    Raises:
        RolloutError: no node has them.
    """
    found = [labels.get(node, {}) for node in nodes]
    order, wanted = plan.order_by, ""
    if plan.canary and not any(plan.canary.items() <= one.items() for one in found):
        told = ", ".join(f"{key}={value}" for key, value in plan.canary.items())
        wanted = f"rollout.canary_node_selector: no node has {told}"
    elif order is not None and not any(order.label in one for one in found):
        wanted = f"rollout.order_by.label: no node has the label {order.label}"
    if found and wanted:
        raise RolloutError(
            f"{wanted}, of the {count_of(len(found), 'node')} that run DaemonSet {held.name}."
            " Nothing was changed.",
            advice="Is it misspelt? Mend it, or label the nodes.",
        )
    if found and order is not None:
        there = {one.get(order.label) for one in found}
        named = dict.fromkeys((*order.values, *order.stages))
        missing = [f"{order.label}={value}" for value in named if value not in there]
        if missing:
            held.warnings.append(
                f"rollout.order_by: no node has {some_of(missing, 5)}, of the"
                f" {count_of(len(found), 'node')} that run DaemonSet {held.name}. Is it misspelt?"
            )


def standing(held: Held) -> dict[str, str]:
    """The revision of each node's pod: of one that has not ended, and not of its successor."""
    pods, _version = daemonsets.pods_of(held.cluster, held.live, held.deadline)
    ending = {node_of(pod): pod for pod in pods if is_ending(pod) and node_of(pod)}
    found = {**ending, **fates.standing_on(pods)}
    return {node: revision_of(pod) for node, pod in found.items()}


def may_excuse(held: Held, patience: Patience, nodes: int) -> bool:
    """Whether the task allows so many nodes to be left out as they are not Ready."""
    limit = patience.allowance.ignore_not_ready_nodes
    if limit is None:
        return False
    desired = int((held.live.get("status") or {}).get("desiredNumberScheduled") or 0)
    return nodes <= share_of(limit, desired)


def away(held: Held, nodes: Collection[str]) -> set[str]:
    """Those of some nodes that are gone or not Ready, so that it says nothing of their pods that
    these are not well. Without the right to read nodes, none is known to be.
    """
    if not nodes:
        return set()
    from .._cluster import evidence

    seen = evidence.nodes(held.cluster, held.deadline, nodes)
    if seen is None:
        return set()
    here = {str(node["metadata"]["name"]) for node in seen if why_not_ready(node) is None}
    return set(nodes) - here


def why_not_ready(node: Mapping[str, Any]) -> Trouble | None:
    """The trouble of a node that is not Ready; None for any other."""
    trouble = node_trouble(node)
    return trouble if trouble is not None and trouble.cause == NOT_READY else None
