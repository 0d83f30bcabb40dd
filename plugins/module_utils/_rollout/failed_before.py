# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a template has failed on other nodes already, so that no further one is to get it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import RolloutError
from .._base.words import count_of, natural
from .._cluster import daemonsets
from .._cluster.connection import Cluster
from .._nodes.causes_of_pods import trouble_of
from .._nodes.pods import is_available, is_ending, moment, node_of, revision_of
from .._nodes.trouble import Trouble
from .._spec.shares import share_of
from .node_work import NodeOutcome, Proof
from .outcomes import reasons_of


def refuse_further(
    cluster: Cluster,
    live: Mapping[str, Any],
    revision: str,
    node: str,
    most: int | str,
    proof: Proof,
    deadline: Deadline,
) -> None:
    """Refuse to replace another pod where more nodes than may have failed with this revision.

    No pod is read while the controller counts no more unavailable ones than may fail.

    Args:
        cluster: the connection.
        live: the DaemonSet, as it is now.
        revision: the hash of its current revision.
        node: the one whose turn it is; its own pod does not count.
        most: how many may have failed, a number or a percentage of all nodes.
        proof: what a new pod has to show, and how long it may take.
        deadline: the task's, which each node of the play has had.

    Raises:
        RolloutError: too many have failed; nothing was changed.
        ClusterError: the pods cannot be listed.
    """
    status = live.get("status") or {}
    allowed = share_of(most, int(status.get("desiredNumberScheduled") or 0))
    if int(status.get("numberUnavailable") or 0) <= allowed:
        return
    pods, _version = daemonsets.pods_of(cluster, live, deadline)
    new = [pod for pod in pods if revision_of(pod) == revision and node_of(pod) != node]
    failed = list(_failed(new, proof, deadline.seconds, datetime.now(UTC)))
    if len(failed) <= allowed:
        return
    failed.sort(key=lambda outcome: natural(outcome.node))
    reasons = reasons_of(failed)
    first = failed[0]
    cause = first.trouble.cause if first.trouble else "NotReady"
    evidence = first.trouble.evidence if first.trouble else ""
    metadata = live["metadata"]
    called = f"{metadata['namespace']}/{metadata['name']}"
    # The same text for all nodes: Ansible shows it once.
    raise RolloutError(
        f"No further pod of DaemonSet {called} is replaced:"
        f" {count_of(len(failed), 'new one has', 'new ones have')} failed, and max_failures is"
        f" {most}. {cause} on {first.node}: {evidence}.",
        advice="Mend the cause and run the task again, or go back with the playbook"
        " everynode.kubernetes.rollback.",
        details={"changed": False, "node": node, "reasons": reasons},
    )


def _failed(
    pods: Iterable[Mapping[str, Any]], proof: Proof, seconds: float, now: datetime
) -> Iterable[NodeOutcome]:
    """Which of these pods have had their time, and are not available."""
    for pod in pods:
        if is_ending(pod) or is_available(pod, proof.min_ready_seconds, now):
            continue
        trouble = trouble_of(pod) or Trouble("NotReady", "the new pod is not ready", True)
        patience = min(seconds, proof.progress_deadline_seconds)
        if not trouble.heals:
            patience = min(patience, proof.grace_seconds)
        since = moment(pod["metadata"].get("creationTimestamp"))
        if since is not None and (now - since).total_seconds() >= patience:
            yield NodeOutcome(node_of(pod), trouble=trouble)
