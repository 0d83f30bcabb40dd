# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All pods of a DaemonSet have to end: the wait for that, and which nodes stand in its way."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from .._base.deadline import Deadline
from .._base.errors import ClusterError, RolloutError
from .._base.words import count_of, natural, some_of
from .._cluster import daemonsets, evidence
from .._nodes.causes_of_pods import seconds_to_end, trouble_of
from .._nodes.diagnosis import in_words
from .._nodes.pods import node_of, revision_of
from .._nodes.readiness import verdict
from .._spec.shares import share_of
from .held import Held
from .node_work import NodeOutcome
from .outcomes import reasons_of
from .patience import Patience
from .pod_table import Pod, PodTable
from .surroundings import why_not_ready

_TICK_SECONDS = 1.0
# Of its own, as the task's may have passed.
_SECONDS_TO_EXPLAIN = 10.0


@dataclass(frozen=True)
class Lost:
    """The nodes with a pod that are not Ready, as far as nodes may be read: it cannot end there.

    Attributes:
        nodes: all of them.
        excused: those that the task puts up with.
    """

    nodes: Collection[str] = ()
    excused: Collection[str] = ()


def lost_nodes(held: Held, patience: Patience) -> Lost:
    """Look for nodes with a pod that are not Ready."""
    found = evidence.nodes(held.cluster, held.deadline) or []
    lost = {str(node["metadata"]["name"]) for node in found if why_not_ready(node) is not None}
    if lost:
        pods, _version = daemonsets.pods_of(held.cluster, held.live, held.deadline)
        lost &= {node_of(pod) for pod in pods}
    limit = patience.allowance.ignore_not_ready_nodes
    # Once all pods are to end, the controller counts no node any more.
    total = verdict(held.live).counts["desired"] or len(found)
    is_within = limit is not None and len(lost) <= share_of(limit, total)
    return Lost(lost, lost if is_within else ())


def refuse_lost_nodes(held: Held, patience: Patience) -> None:
    """Refuse to have all pods end where one never would: no new one would come anywhere.

    Raises:
        RolloutError: a node is lost that has a pod, and the task does not put up with that.
    """
    lost = lost_nodes(held, patience)
    if not lost.nodes or lost.excused:
        return
    nodes = sorted(lost.nodes, key=natural)
    raise RolloutError(
        f"DaemonSet {held.name} cannot be rebuilt now: {count_of(len(nodes), 'node')} with a pod"
        f" of it {'is' if len(nodes) == 1 else 'are'} not Ready ({some_of(nodes, 5)}). That pod"
        " cannot end, and no new one would come on any node before it has. Nothing was changed.",
        advice="Mend or remove the nodes, or leave them out with ignore_not_ready_nodes:"
        f" '{len(nodes)}'.",
        details={"rollout": {**verdict(held.live).as_result(), "ready": False}},
    )


def until_ended(
    held: Held, patience: Patience, *, but_on: Collection[str] = (), but_of: str = ""
) -> None:
    """Wait until no pod is left.

    Args:
        held: the DaemonSet; its pods are being deleted.
        patience: how long none may have ended, unless a pod may take longer for that.
        but_on: nodes whose pods are not waited for.
        but_of: a revision whose pods are not waited for.

    Raises:
        RolloutError: some are left; the message says which, and why.
        ClusterError: the server could not be asked.
    """
    table = PodTable(held.cluster, held.live, held.deadline)
    try:
        told, moved, ends_by = -1, time.monotonic(), 0.0
        while left := _left(table, but_on=but_on, but_of=but_of):
            if len(left) != told:
                told, moved = len(left), time.monotonic()
                held.progress(f"{held.name}: {count_of(told, 'old pod is', 'old pods are')} left")
            now = time.monotonic()
            if held.deadline.passed():
                raise _not_ended(held, left, held.deadline.seconds)
            longest = max(seconds_to_end(pod, datetime.now(UTC)) for pod in left)
            ends_by = max(ends_by, now + longest if longest else 0.0)
            if now - max(moved, ends_by) >= patience.progress_deadline_seconds:
                raise _not_ended(held, left, now - moved)
            table.look(_TICK_SECONDS)
    finally:
        table.close()


def _left(table: PodTable, *, but_on: Collection[str], but_of: str) -> list[Pod]:
    return [
        pod
        for node in table.nodes()
        if node not in but_on
        for pod in table.on(node)
        if not (but_of and revision_of(pod) == but_of)
    ]


def _not_ended(held: Held, left: Sequence[Pod], seconds: float) -> RolloutError:
    names = {node_of(pod) for pod in left}
    nodes = {}
    with contextlib.suppress(ClusterError):
        found = evidence.nodes(held.cluster, Deadline(_SECONDS_TO_EXPLAIN), names) or []
        nodes = {str(node["metadata"]["name"]): node for node in found}
    reasons = reasons_of(
        NodeOutcome(node_of(pod), trouble=trouble_of(pod, node=nodes.get(node_of(pod))))
        for pod in left
    )
    what = count_of(len(left), "old pod")
    return RolloutError(
        f"{what} of DaemonSet {held.name} did not end within {seconds:.0f} seconds. Reasons:"
        f" {in_words(reasons)}.",
        details={"rollout": {**verdict(held.live).as_result(), "ready": False, "reasons": reasons}},
    )
