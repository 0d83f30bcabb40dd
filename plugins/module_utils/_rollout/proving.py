# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a new pod is what it should be: available, proven by a command, and still well later."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import DeadlineError, ForbiddenError, NotFoundError
from .._cluster.connection import Cluster
from .._nodes.causes_of_pods import node_trouble, trouble_of
from .._nodes.eligibility import why_not
from .._nodes.pods import condition, is_ready, restarts_of, revision_of, uid_of
from .._nodes.trouble import Trouble, quoted
from .node_work import AVAILABLE, CREATED, NO_POD, OLD, PROVEN, READY, Proof, Work
from .pod_table import Pod, PodTable

# How long a node may come no further before it is read, to see whether it is still there; how often
# each is read, and how quickly one after the other.
_STILL_SECONDS = 3.0
_BETWEEN_ASKING = 10.0
_BETWEEN_NODES = 0.05


class Prover:
    """Judges the pods of one DaemonSet, node by node.

    Args:
        cluster: the connection.
        live: the DaemonSet, with the template that is rolled out.
        table: its pods.
        proof: what a new pod has to show.
        deadline: the task's.
    """

    def __init__(
        self,
        cluster: Cluster,
        live: Mapping[str, Any],
        table: PodTable,
        proof: Proof,
        deadline: Deadline,
    ):
        self._cluster = cluster
        self._live = live
        self._table = table
        self._proof = proof
        self._deadline = deadline
        self._may_read_nodes = True
        self._last_asked = 0.0

    def prove(self, work: Work, pod: Pod) -> None:
        """Judge the new pod of a node."""
        outcome, proof = work.outcome, self._proof
        outcome.new_uid, outcome.restarts = uid_of(pod), restarts_of(pod)
        if self._restarted_too_often(work, pod):
            return
        if self._table.is_available(pod, proof.min_ready_seconds):
            trouble = self._verify(work, pod)
            if not work.ended:
                work.reach(AVAILABLE if trouble else PROVEN, trouble)
            return
        self._ask_for_node(work)
        if not work.ended:
            trouble = trouble_of(pod, node=work.node_seen)
            work.reach(READY if is_ready(pod) else CREATED, trouble)

    def _restarted_too_often(self, work: Work, pod: Pod) -> bool:
        allowed, restarts = self._proof.max_pod_restarts, restarts_of(pod)
        if allowed is None or restarts <= allowed:
            return False
        told = f"its containers restarted {restarts} times, {allowed} are allowed"
        found = trouble_of(pod)
        if found is None:
            work.fail(Trouble("CrashLoop", told, False))
        else:
            work.fail(Trouble(found.cause, quoted(f"{told}; {found.evidence}"), found.heals))
        return True

    def await_pod(self, work: Work) -> None:
        """The old pod is on its way out, or the controller has not made the new one yet."""
        self._ask_for_node(work)
        if work.ended:
            return
        going, node = self._table.on(work.node), work.node_seen
        if going:
            work.reach(OLD, trouble_of(going[-1], node=node))
            return
        absence = None if node is None else why_not(self._live, node)
        # A node that is not ready is tainted for that, and gets its pod when it is ready again.
        if node is not None and absence is not None and _is_node_ready(node):
            work.leave(Trouble("NoPod", quoted(f"{absence.why}: {absence.evidence}"), False))
        else:
            work.reach(NO_POD, _why_no_pod(node))

    def _ask_for_node(self, work: Work, *, at_once: bool = False) -> None:
        """Read a node that comes no further, now and then; one that is gone ends its work."""
        now = time.monotonic()
        is_due = (
            work.seconds_still() >= _STILL_SECONDS
            and now - work.node_asked >= _BETWEEN_ASKING
            and now - self._last_asked >= _BETWEEN_NODES
        )
        if not self._may_read_nodes or not (at_once or is_due):
            return
        work.node_asked = self._last_asked = now
        try:
            work.node_seen = self._cluster.request(
                "GET",
                f"/api/v1/nodes/{work.node}",
                deadline=self._deadline,
                doing=f"read node {work.node}",
            ).body
        except NotFoundError:
            work.leave(Trouble("NoPod", "the node has left the cluster", False))
        except (ForbiddenError, DeadlineError):
            self._may_read_nodes = False

    def _verify(self, work: Work, pod: Pod) -> Trouble | None:
        """What the command in the pod has against it."""
        check, uid = self._proof.verify, uid_of(pod)
        if check is None or work.verified == uid:
            return None
        from .verifying import verify

        found = verify(self._cluster, pod, check, min(check.timeout_seconds, self._deadline.left()))
        work.outcome.verify = found.result
        if found.trouble is None:
            work.verified = uid
        elif found.is_final:
            work.fail(found.trouble)
        return found.trouble

    def look_at(self, work: Work, revision: str) -> None:
        """Judge a pod that was proven before, ``outcome.new_uid``; ``revision`` is its."""
        if work.ended:
            return
        pod = self._table.get(work.outcome.new_uid or "")
        if pod is None or self._table.is_going(pod):
            self._lost(work, revision)
            return
        if revision_of(pod) != revision:
            work.fail(taken(revision, pod))
            return
        work.outcome.restarts = restarts_of(pod)
        if self._restarted_too_often(work, pod):
            return
        well = is_ready(pod)
        work.reach(PROVEN if well else CREATED, None if well else trouble_of(pod))
        work.judge(self._proof)

    def _lost(self, work: Work, revision: str) -> None:
        """A proven pod is gone: the node's fate, or a failure."""
        self._ask_for_node(work, at_once=True)
        if work.ended:
            return
        staying = self._table.staying(work.node)
        why = "the new pod was deleted"
        work.fail(taken(revision, staying[-1]) if staying else Trouble("NoPod", why, False))


def taken(revision: str, pod: Pod) -> Trouble:
    """The trouble of a node whose pod of a revision is gone, and this one is there."""
    found = revision_of(pod)
    return Trouble(
        "NoPod",
        f"the pod of revision {revision} is gone, one of revision {found} took its place",
        False,
    )


def _is_node_ready(node: Mapping[str, Any]) -> bool:
    return condition(node, "Ready").get("status") == "True"


def _why_no_pod(node: Mapping[str, Any] | None) -> Trouble:
    found = None if node is None else node_trouble(node)
    return found or Trouble("NoPod", "the controller has not made a pod for this node", True)
