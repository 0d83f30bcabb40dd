# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a staged rollout has to know of the nodes, where the plan asks for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from .._base.errors import ForbiddenError, NotFoundError
from .._nodes.causes_of_pods import node_trouble
from .._nodes.trouble import Trouble
from .._spec.rollout import Plan
from .._spec.shares import share_of
from .held import Held
from .patience import Patience

_MOST_READ = 20


@dataclass(frozen=True)
class Surroundings:
    """The nodes, as far as they matter.

    Attributes:
        labels: those of each node.
        excused: nodes that are not Ready and are left out, as the task allows; what is wrong with
            each.
    """

    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    excused: Mapping[str, Trouble] = field(default_factory=dict)


def look_around(held: Held, plan: Plan, patience: Patience) -> Surroundings:
    """Read the nodes, where the plan orders them by label or nodes that are not Ready are excused.

    Raises:
        ForbiddenError: they may not be listed, and the plan needs their labels.
    """
    by_label = bool(plan.canary) or plan.order_by is not None
    limit = patience.allowance.ignore_not_ready_nodes
    if not by_label and limit is None:
        return Surroundings()
    from .._cluster import evidence

    nodes = evidence.nodes(held.cluster, held.deadline)
    if nodes is None:
        if not by_label:
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
        if (trouble := node_trouble(node)) is not None and trouble.cause == "NodeNotReady"
    }
    desired = int((held.live.get("status") or {}).get("desiredNumberScheduled") or 0)
    excused = sick if limit is not None and len(sick) <= share_of(limit, desired) else {}
    return Surroundings(labels, excused)


def away(held: Held, nodes: Collection[str]) -> set[str]:
    """Those of some nodes that are gone or not Ready, so that it says nothing of their pods that
    these are not well. Of many nodes, or without the right to read them, none is known to be.
    """
    if len(nodes) > _MOST_READ:
        return set()
    found = set()
    for node in nodes:
        try:
            seen = held.cluster.request(
                "GET",
                f"/api/v1/nodes/{node}",
                deadline=held.deadline,
                doing=f"read node {node}",
            ).body
        except NotFoundError:
            found.add(node)
            continue
        except ForbiddenError:
            return set()
        trouble = node_trouble(seen)
        if trouble is not None and trouble.cause == "NodeNotReady":
            found.add(node)
    return found
