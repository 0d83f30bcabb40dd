# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a new pod is what it should be: available, proven by a command, and still well later."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from .._base.deadline import Deadline
from .._cluster.connection import Cluster
from .._nodes.causes_of_pods import node_trouble, seconds_to_end, trouble_of
from .._nodes.coverage import is_node_ready
from .._nodes.eligibility import why_not
from .._nodes.pods import is_ready, restarts_of, revision_of, uid_of
from .._nodes.trouble import Trouble, quoted
from .._spec.rollout import Check
from .asking import Asking
from .node_work import AVAILABLE, CREATED, NO_POD, OLD, PROVEN, READY, Proof, Work
from .pod_table import Pod, PodTable

# So many commands run in pods at the same time; one that could not be run is tried again.
_MOST_CHECKS = 16
_BETWEEN_CHECKS = 1.0


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
        self._asking = Asking(cluster, live, deadline)
        # By the uid of a pod: until when a command in it may run, when it may be run again, and
        # what the last one had against it.
        self._checking: dict[str, float] = {}
        self._again: dict[str, float] = {}
        self._failed_checks: dict[str, Trouble] = {}
        # How often its containers had restarted before that counts.
        self._forgiven: dict[str, int] = {}

    def forgive(self, pod: Pod) -> None:
        """Do not count how often the containers of a pod have restarted until now."""
        self._forgiven[uid_of(pod)] = restarts_of(pod)

    def prove(self, work: Work, pod: Pod) -> None:
        """Judge the new pod of a node."""
        outcome, proof = work.outcome, self._proof
        work.ends_by = 0.0
        outcome.new_uid, outcome.restarts = uid_of(pod), restarts_of(pod)
        if self._restarted_too_often(work, pod):
            return
        if self._table.is_available(pod, proof.min_ready_seconds):
            trouble = self._verify(work, pod)
            if not work.ended:
                work.reach(AVAILABLE if trouble else PROVEN, trouble)
            return
        self._asking.about(work, pod)
        if not work.ended:
            trouble = trouble_of(pod, node=work.node_seen, events=work.events)
            work.reach(READY if is_ready(pod) else CREATED, trouble)

    def _restarted_too_often(self, work: Work, pod: Pod) -> bool:
        allowed = self._proof.max_pod_restarts
        before = self._forgiven.get(uid_of(pod), 0)
        restarts = restarts_of(pod) - before
        if allowed is None or restarts <= allowed:
            return False
        times = "once" if restarts == 1 else f"{restarts} times"
        more = " more" if before else ""
        told = f"its containers restarted {times}{more}, and max_pod_restarts is {allowed}"
        found = trouble_of(pod, log=self._asking.log_of(pod))
        if found is None:
            work.fail(Trouble("CrashLoop", told, False))
        else:
            work.fail(Trouble(found.cause, quoted(f"{told}; {found.evidence}"), found.heals))
        work.explained = True
        return True

    def look_closer(self, work: Work) -> None:
        """Read what a failed work's pod has written, where that may tell more."""
        pod = self._table.get(work.outcome.new_uid or "")
        known = work.outcome.trouble
        if pod is None or known is None or work.explained:
            return
        work.explained = True
        log = self._asking.log_of(pod)
        found = trouble_of(pod, node=work.node_seen, events=work.events, log=log) if log else None
        if found is not None and found.cause == known.cause:
            work.outcome.trouble = found

    def await_pod(self, work: Work) -> None:
        """The old pod is on its way out, or the controller has not made the new one yet."""
        self._asking.about(work, None)
        if work.ended:
            return
        going, node = self._table.on(work.node), work.node_seen
        if going:
            self._give_time(work, going)
            work.reach(OLD, trouble_of(going[-1], node=node))
            return
        work.ends_by = 0.0
        if not self._needs_none(work):
            work.reach(NO_POD, self._why_no_pod(work))

    def _give_time(self, work: Work, going: Iterable[Pod]) -> None:
        """Let pods that were deleted have their own grace periods, but on a node that is lost."""
        node, now = work.node_seen, datetime.now(UTC)
        longest = max(seconds_to_end(pod, now, node=node) for pod in going)
        if node is not None and not is_node_ready(node):
            work.ends_by = 0.0
        elif longest:
            work.ends_by = max(work.ends_by, time.monotonic() + longest)

    def _why_no_pod(self, work: Work) -> Trouble:
        found = None if work.node_seen is None else node_trouble(work.node_seen)
        if found is None and work.asked:
            found = self._asking.refusal()
        return found or Trouble("NoPod", "the controller has not made a pod for this node", True)

    def _verify(self, work: Work, pod: Pod) -> Trouble | None:
        """What the command in the pod has against it.

        It runs in a thread of its own, as the pods of other nodes may be tried at the same time.
        """
        check, uid = self._proof.verify, uid_of(pod)
        if check is None or work.verified == uid:
            return None
        found = self._table.done(uid)
        if found is None:
            self._begin_check(check, pod)
            told = f"{check.command[0]} (verify) has not ended yet"
            return self._failed_checks.get(uid) or Trouble("Starting", told, True)
        del self._checking[uid]
        self._again[uid] = time.monotonic() + _BETWEEN_CHECKS
        work.outcome.verify = found.result
        trouble: Trouble | None = found.trouble
        if trouble is None:
            work.verified = uid
            return None
        self._failed_checks[uid] = trouble
        if found.is_final:
            work.explained = True
            work.fail(trouble)
        return trouble

    def _begin_check(self, check: Check, pod: Pod) -> None:
        """Have the command run in a pod, unless it does, or did a moment ago, or many others do."""
        uid, now = uid_of(pod), time.monotonic()
        running = sum(end > now for end in self._checking.values())
        if uid in self._checking or self._again.get(uid, 0.0) > now or running >= _MOST_CHECKS:
            return
        from .verifying import verify

        seconds = min(check.timeout_seconds, self._deadline.left())
        self._checking[uid] = now + seconds
        self._table.do(partial(verify, self._cluster, pod, check, seconds), uid)

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
        self._asking.about(work, None, at_once=True)
        if work.ended or self._needs_none(work):
            return
        staying = self._table.staying(work.node)
        if staying:
            work.fail(taken(revision, staying[-1]))
        else:
            # What was wrong with it last, such as its eviction, says more.
            work.fail(work.trouble or Trouble("NoPod", "the new pod was deleted", False))

    def _needs_none(self, work: Work) -> bool:
        """Whether the node should run no pod any more, which ends its work."""
        node = work.node_seen
        absence = None if node is None else why_not(self._live, node)
        # A node that is not ready is tainted for that, and gets its pod when it is ready again.
        if node is None or absence is None or not is_node_ready(node):
            return False
        work.leave(Trouble("NoPod", quoted(f"{absence.why}: {absence.evidence}"), False))
        return True


def taken(revision: str, pod: Pod) -> Trouble:
    """The trouble of a node whose pod of a revision is gone, and this one is there."""
    found = revision_of(pod)
    return Trouble(
        "NoPod",
        f"the pod of revision {revision} is gone, one of revision {found} took its place",
        False,
    )
