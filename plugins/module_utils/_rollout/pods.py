# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replacing pods node by node: the old one deleted, the new one proven."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ConflictError, DeadlineError, NotFoundError
from .._base.words import count_of, natural
from .._cluster import evidence
from .._cluster.connection import Cluster
from .._nodes.coverage import is_node_ready
from .._nodes.eligibility import why_not
from .._nodes.pods import node_of, revision_of, uid_of
from .._nodes.trouble import Trouble
from .node_work import AVAILABLE, OLD, NodeOutcome, Proof, Work
from .pod_table import Pod, PodTable
from .proving import Prover, taken
from .rounds import Round, give_up

__all__ = ["NodeOutcome", "Proof", "Replacing"]

_TICK_SECONDS = 1.0
_BETWEEN_LINES = 1.0
_BETWEEN_CHECKS = 5.0
# So many pods of a node are deleted at most, beside the first.
_MOST_DELETIONS = 2
_USUAL_SECONDS = 5.0


class Replacing:
    """Replaces pods of one DaemonSet, which it lists once and then watches.

    The DaemonSet must have the update strategy OnDelete, or the controller replaces pods as well,
    and its controller must have seen the template that is to be rolled out. Close it (it is a
    context manager) to end the watch.

    Args:
        cluster: the connection.
        live: the DaemonSet.
        revision: the wanted value of the pods' label ``controller-revision-hash``.
        proof: what a new pod has to show.
        deadline: the task's.
        progress: takes lines for a person who waits.
        node: where only this node is asked about: then no pods of others are read.
        check: called now and then while pods are replaced or looked at, and before one is deleted
            that came after another was; raises where the DaemonSet is not as it was any more.
        called: what the lines call a pod of the wanted revision.

    Attributes:
        touched: the nodes where a pod was deleted, in order; maybe twice.

    Raises:
        ClusterError: the pods cannot be listed.
    """

    def __init__(
        self,
        cluster: Cluster,
        live: Mapping[str, Any],
        revision: str,
        proof: Proof,
        deadline: Deadline,
        progress: Callable[[str], None],
        *,
        node: str | None = None,
        check: Callable[[], None] | None = None,
        called: str = "the new pod",
    ):
        self.revision = revision
        self.touched: list[str] = []
        self._cluster = cluster
        self._live = live
        self._proof = proof
        self._deadline = deadline
        self._progress = progress
        self._told = ("", 0.0)
        self._node = node
        self._check = check
        self._called = called
        self._checked = time.monotonic()
        # The proven pods, by node.
        self._proven: dict[str, str] = {}
        self._table = PodTable(cluster, live, deadline, node)
        self._prover = Prover(cluster, live, self._table, proof, deadline)
        # The nodes that had no pod at first, and should.
        self._bare: list[str] = [] if node else self._without_pod()

    def __enter__(self) -> Replacing:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the watch."""
        self._table.close()

    def pods(self) -> dict[str, Pod]:
        """The pod of each node now: one that stays before one that goes, then the newest.

        Empty for a node that had none at first, and should: a run that was cut short, or failed,
        took it down, and no new one has come. As far as the nodes may be read.
        """
        nodes = sorted({*self._table.nodes(), *self._bare}, key=natural)
        return {node: self._table.standing(node) for node in nodes}

    def _without_pod(self) -> list[str]:
        have = set(self._table.nodes())
        # All nodes are read only where the controller counts more of them.
        if len(have) >= int((self._live.get("status") or {}).get("desiredNumberScheduled") or 0):
            return []
        found = evidence.nodes(self._cluster, self._deadline) or []
        names = (str(node["metadata"]["name"]) for node in found if not why_not(self._live, node))
        return [name for name in names if name not in have]

    def outdated(self) -> list[str]:
        """The nodes whose pod is not of the wanted revision, sorted."""
        return [
            node
            for node in self._table.nodes()
            if any(
                revision_of(pod) != self.revision
                for pod in self._table.staying(node) or self._table.on(node)
            )
        ]

    def refresh(self) -> None:
        """Take in what has happened meanwhile."""
        while self._table.look(0.0):
            pass

    def replace(
        self,
        nodes: Iterable[str],
        *,
        at_once: int,
        max_failures: int = 0,
        when_created: Callable[[], None] | None = None,
    ) -> list[NodeOutcome]:
        """Replace the pods of nodes, and wait until each new one is available and proven.

        Pods of the wanted revision are proven and not touched. A pod is deleted by its uid, so that
        one that took its place meanwhile is judged anew. Nodes whose pod is not available anyway
        come first. A node that has failed takes no place of ``at_once`` any more. One that has lost
        its pod before takes one for the time of grace: as a rule the new pod is on its way, after a
        run that was cut short, but where the node is lost it never comes. Where something else is
        known to keep it away, such as a quota, or the old one there, such as a finalizer, it goes
        on taking one: it would do so again.

        Args:
            nodes: their names, in order.
            at_once: how many pods may be unavailable at a time.
            max_failures: with more failed nodes than this no further one is begun, and those that
                are under way are left as they are.
            when_created: called once, as soon as no further pod of this revision has to be made:
                all new ones are there, or the rest was given up. Not called where the deadline
                passed before.

        Returns:
            What became of each node, in the order given. A node that was not begun is neither
            ``updated`` nor ``failed``. Once the deadline has passed, what was under way has failed.

        Raises:
            ClusterError: pods may not be deleted, or the server cannot be asked any more.
        """
        works = [Work(node) for node in dict.fromkeys(nodes)]
        round_ = Round(works, at_once, max_failures, when_created)
        try:
            while not self._step(round_):
                self._tell(works)
                self._table.look(_TICK_SECONDS)
                self._make_sure(_BETWEEN_CHECKS)
        except DeadlineError:
            give_up(works)
        self._tell(works, last=True)
        for work in works:
            if work.outcome.updated and work.outcome.new_uid:
                self._proven[work.node] = work.outcome.new_uid
        return [work.outcome for work in works]

    def soak(self, nodes: Iterable[str], *, max_failures: int = 0) -> list[NodeOutcome]:
        """Look at proven pods for the time of the proof.

        Ends early with more failures than ``max_failures``, or at the deadline.

        Returns:
            The nodes that failed: the pod's containers restarted too often, it is gone or another
            took its place, it has had a trouble that does not heal for the time of grace, or it was
            not ready in the end.
        """
        works = [Work(node) for node in dict.fromkeys(nodes)]
        for work in works:
            work.start()
            work.outcome.new_uid = self._proven.get(work.node) or uid_of(
                self._table.standing(work.node)
            )
        end = Deadline(min(self._proof.soak_seconds, self._deadline.left()))
        with contextlib.suppress(DeadlineError):
            while not self._soaked(works, end, max_failures):
                looked_at = count_of(len(works), "new pod")
                left = count_of(round(end.left()), "more second")
                self._say(f"looking at {looked_at} for {left}")
                self._table.look(min(_TICK_SECONDS, end.left()))
                self._make_sure(_BETWEEN_CHECKS)
        for work in works:
            if not work.has_settled:
                work.fail(work.trouble or Trouble("NotReady", "the new pod is not ready", True))
        return [work.outcome for work in works if work.outcome.failed]

    def _soaked(self, works: Sequence[Work], end: Deadline, max_failures: int) -> bool:
        for work in works:
            self._prover.look_at(work, self.revision)
        if all(work.ended for work in works):
            return True
        return end.passed() or sum(work.outcome.failed for work in works) > max_failures

    def forgive(self, nodes: Iterable[str]) -> None:
        """Do not count how often the containers of the pods of nodes have restarted until now."""
        for node in nodes:
            if pod := self._table.standing(node):
                self._prover.forgive(pod)

    def remove(self, uids: Iterable[str]) -> list[str]:
        """Delete exactly these pods, where they are still there; the nodes that they were on."""
        nodes = []
        for uid in uids:
            pod = self._table.get(uid)
            if pod is not None and not self._table.is_going(pod):
                self._delete(pod)
                nodes.append(node_of(pod))
        self.touched += nodes
        return nodes

    def _make_sure(self, seconds: float) -> None:
        """Have the DaemonSet looked at, where that was longer ago."""
        if self._check is not None and time.monotonic() - self._checked >= seconds:
            self._check()
            self._checked = time.monotonic()

    # One round of replacing.

    def _step(self, round_: Round) -> bool:
        """Do what can be done now; whether nothing is left to do."""
        for work in round_.works:
            self._judge(work, round_.is_over)
        if self._deadline.passed():
            give_up(round_.works)
            return True
        if not round_.has_failed:
            self._begin(round_)
        if round_.when_created is not None and not round_.is_over and round_.all_created():
            round_.is_over = True
            round_.when_created()
        if round_.has_failed:
            for work in round_.works:
                if work.is_busy and work.is_bad:
                    work.outcome.trouble = work.trouble
            return True
        return all(work.has_settled for work in round_.works)

    def _begin(self, round_: Round) -> None:
        """Begin with as many further nodes as may be under way."""
        for work in round_.works:
            if not work.started and not work.ended and not self._table.staying(work.node):
                work.start()
        waiting = [work for work in round_.works if not work.started and not work.ended]
        free = round_.at_once - sum(self._takes_a_place(work) for work in round_.works)
        for work in sorted(waiting, key=self._is_available)[: max(free, 0)]:
            work.start()
            self._delete_old(work)

    def _takes_a_place(self, work: Work) -> bool:
        """Whether a node is one of those that may be under way at a time; see `replace`."""
        if not work.is_busy:
            return False
        if work.deletions or self._table.staying(work.node) or work.is_bad:
            return True
        if self._table.on(work.node) and (work.node_seen is None or is_node_ready(work.node_seen)):
            return True
        return not work.asked or work.seconds_still() < self._proof.grace_seconds

    def _is_available(self, work: Work) -> bool:
        """Whether a node would lose an available pod."""
        least = self._proof.min_ready_seconds
        return any(self._table.is_available(pod, least) for pod in self._table.staying(work.node))

    def _delete_old(self, work: Work) -> None:
        for pod in self._table.staying(work.node):
            if revision_of(pod) != self.revision:
                self._delete(pod)
                self.touched.append(work.node)
                work.outcome.old_uid = uid_of(pod)
                work.outcome.touched = True
                work.deletions += 1

    def _delete(self, pod: Pod) -> None:
        """Delete this very pod; one that is gone or took its name meanwhile is none of ours."""
        metadata = pod["metadata"]
        called = f"{metadata['namespace']}/{metadata['name']}"
        with contextlib.suppress(NotFoundError, ConflictError):
            self._cluster.request(
                "DELETE",
                f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}",
                body={
                    "apiVersion": "v1",
                    "kind": "DeleteOptions",
                    "preconditions": {"uid": metadata["uid"]},
                },
                deadline=self._deadline,
                doing=f"delete pod {called}, for a new one to take its place",
            )
        self._table.note_deleted(metadata["uid"])

    def _judge(self, work: Work, is_over: bool) -> None:
        """See how far a node is.

        Args:
            work: the node.
            is_over: whether the template of the wanted revision does not stand any more.
        """
        if work.ended:
            return
        staying = self._table.staying(work.node)
        new = [pod for pod in staying if revision_of(pod) == self.revision]
        old = [pod for pod in staying if revision_of(pod) != self.revision]
        if not work.started:
            if old or not new:
                return
            work.start()
        if old and (is_over or work.deletions > _MOST_DELETIONS):
            work.fail(taken(self.revision, old[0]))
        elif old:
            # Made from the template before by a controller that lagged. Not for ever: where the
            # template is another one by now, its pods would be deleted again and again.
            if work.outcome.touched:
                self._make_sure(0.0)
            self._delete_old(work)
            work.reach(OLD, None)
        elif new:
            self._prover.prove(work, new[-1])
        else:
            self._prover.await_pod(work)
        work.judge(self._proof)
        if work.outcome.failed:
            self._prover.look_closer(work)

    # Telling.

    def _tell(self, works: Sequence[Work], *, last: bool = False) -> None:
        done = sum(work.outcome.updated for work in works)
        have = "has" if len(works) == 1 else "have"
        text = f"{done} of {count_of(len(works), 'node')} {have} {self._called}"
        if self._node:
            text = "the new pod is available" if done else "the new pod is not available yet"
            if not done and any(work.reached == AVAILABLE for work in works):
                text = "the new pod is available, and has not proven itself yet"
        causes = [
            f"{trouble.cause} on {work.node}"
            for work in works
            if (trouble := _worth_telling(work)) is not None
        ]
        if causes:
            text += "; " + ", ".join(causes[:3]) + (" and others" if len(causes) > 3 else "")
        self._say(text, last=last)

    def _say(self, text: str, *, last: bool = False) -> None:
        before, when = self._told
        now = time.monotonic()
        if text == before or (not last and now - when < _BETWEEN_LINES):
            return
        self._told = (text, now)
        metadata = self._live["metadata"]
        where = f" on {self._node}" if self._node else ""
        self._progress(f"{metadata['namespace']}/{metadata['name']}{where}: {text}")


def _worth_telling(work: Work) -> Trouble | None:
    """What is wrong with a node, but for what is so with every new pod in its first seconds."""
    if work.outcome.trouble is not None:
        return work.outcome.trouble
    trouble = work.trouble if work.is_busy else None
    if trouble is None or (trouble.heals and work.seconds_still() < _USUAL_SECONDS):
        return None
    return trouble
