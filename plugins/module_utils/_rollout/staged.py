# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rollout in several steps comes to, and templates told apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import RolloutError
from .._cluster.applying import Applied
from .._cluster.connection import Cluster
from .._cluster.objects import How
from .._cluster.revisions import Revision, is_template, revisions_of
from .._nodes.trouble import MAX_NODES_NAMED
from .._spec.shares import share_of
from . import history
from .held import Held, digest_of
from .node_work import NodeOutcome
from .patience import Patience

__all__ = [
    "StageError",
    "Staged",
    "Task",
    "at_once",
    "digest_of",
    "in_words",
    "is_template_of",
    "named",
    "reasons_of",
    "standing_revision",
]

_NAMED = 20
# The controller does not do both at once, and one of them is 0.
_PACE = ("maxUnavailable", "maxSurge")


@dataclass
class Staged:
    """What a run of such a rollout did.

    Attributes:
        applied: the object before and after.
        report: keys for the result's ``rollout``: kind, phase, stage, stages, touched, message.
        finished: whether the object is as the task wants it, so that what is left is to wait until
            it is ready. If not, the rollout is held on purpose, and there is nothing to wait for.
        patience: with what to wait then: failed nodes that were put up with are excused.
    """

    applied: Applied
    report: dict[str, Any] = field(default_factory=dict)
    finished: bool = True
    patience: Patience = field(default_factory=Patience)


@dataclass
class Task:
    """What a task brings.

    Attributes:
        held: the DaemonSet.
        before: as it was at first.
        intent: what the task wants.
        how: how, as the task says.
        patience: what to put up with.
    """

    held: Held
    before: dict[str, Any]
    intent: dict[str, Any]
    how: How
    patience: Patience


class StageError(RolloutError):
    """A stage failed: too many nodes did, or the time was up.

    Attributes:
        brief: the same as the message, without what may quote secrets.
        reasons: why nodes failed, grouped by cause.
    """

    def __init__(self, what: str, reasons: list[dict[str, Any]]):
        super().__init__(f"{what}: {in_words(reasons)}" if reasons else what)
        causes = ", ".join(dict.fromkeys(str(one["cause"]) for one in reasons))
        self.brief = f"{what}: {causes}" if causes else what
        self.reasons = reasons


def is_template_of(template: Mapping[str, Any], revision: Revision) -> bool:
    """Whether a template is that of a revision to the letter, so that its pods are current."""
    return is_template(template, revision.template)


def standing_revision(cluster: Cluster, live: Mapping[str, Any], deadline: Deadline) -> Revision:
    """The revision of the template that stands, whose generation the controller has seen.

    Raises:
        RolloutError: there is none.
    """
    found = history.current(live, revisions_of(cluster, live, deadline))
    if found is None:
        metadata = live["metadata"]
        raise RolloutError(
            f"DaemonSet {metadata['namespace']}/{metadata['name']} has no ControllerRevision of its"
            " template.",
            advice="The controller makes it: is the kube-controller-manager running?",
        )
    return found


def at_once(live: Mapping[str, Any], strategy: Mapping[str, Any], wanted: int | str | None) -> int:
    """How many pods may be replaced at a time, at least 1.

    Args:
        live: the DaemonSet.
        strategy: the user's update strategy.
        wanted: the plan's ``max_unavailable``; without it, the strategy's maxUnavailable counts, or
            its maxSurge where that is the limit, and one at a time under OnDelete.
    """
    rolling = strategy.get("rollingUpdate") or {}
    if wanted is None and strategy.get("type") != "OnDelete":
        wanted = next((rolling[key] for key in _PACE if share_of(rolling.get(key) or 0, 100)), None)
    desired = int((live.get("status") or {}).get("desiredNumberScheduled") or 0)
    # The controller rounds both up (pkg/controller/daemon/util, UnavailableCount, SurgeCount).
    return max(1, share_of(wanted, desired, up=True)) if wanted is not None else 1


def reasons_of(outcomes: Iterable[NodeOutcome]) -> list[dict[str, Any]]:
    """Why nodes failed, grouped by cause, the most frequent first."""
    groups: dict[str, list[NodeOutcome]] = {}
    for one in outcomes:
        if one.trouble is not None:
            groups.setdefault(one.trouble.cause, []).append(one)
    found = []
    for cause, members in groups.items():
        trouble = members[0].trouble
        found.append(
            {
                "cause": cause,
                "count": len(members),
                "nodes": [one.node for one in members[:MAX_NODES_NAMED]],
                "evidence": trouble.evidence if trouble else "",
                "heals": all(one.trouble.heals for one in members if one.trouble),
            }
        )
    return sorted(found, key=lambda one: -int(one["count"]))


def in_words(reasons: Iterable[Mapping[str, Any]]) -> str:
    """The same in one clause."""
    return "; ".join(
        f"{one['cause']} on {', '.join(one['nodes'])}"
        + (
            f" and {one['count'] - len(one['nodes'])} more"
            if one["count"] > len(one["nodes"])
            else ""
        )
        + (f" ({one['evidence']})" if one["evidence"] else "")
        for one in reasons
    )


def named(nodes: Iterable[str]) -> dict[str, Any]:
    """How many nodes, and the first of them."""
    found = list(nodes)
    return {"count": len(found), "nodes": found[:_NAMED]}
