# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding out why a DaemonSet is not ready: only what tells more is read, and no more than that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from .._base.deadline import Deadline
from .._base.errors import ClusterError, ForbiddenError
from .._cluster import evidence
from .._cluster.connection import Cluster
from .._cluster.controller_lease import ControllerLease
from .._nodes import diagnosis
from .._nodes.causes_of_pods import seconds_to_end
from .._nodes.controller import idle, unseen
from .._nodes.eligibility import name_of
from .._nodes.pods import is_ending, node_of, uid_of
from .._nodes.readiness import is_seen

_T = TypeVar("_T")


@dataclass(frozen=True)
class Explanation:
    """Why nodes lack an available pod.

    Attributes:
        reasons: by cause, see ``diagnosis.reasons``.
        notes: sentences about what could not be found out.
        pods: those of the DaemonSet; None where they could not be read.
        nodes: all nodes; None where they were not needed, or could not be read.
        ending: by the uid of a pod that was deleted, how many seconds of its own grace period are
            left.
        revision: the hash of the live template's revision; empty where it was not asked for, or
            could not be read.
    """

    reasons: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    pods: list[dict[str, Any]] | None = None
    nodes: list[dict[str, Any]] | None = None
    ending: Mapping[str, float] = field(default_factory=dict)
    revision: str = ""

    def in_words(self) -> str:
        """The reasons and notes as sentences, each beginning with a space; empty without any."""
        found = f" Reasons: {diagnosis.in_words(self.reasons)}." if self.reasons else ""
        return found + "".join(f" {note}" for note in self.notes)


def explain(
    cluster: Cluster,
    live: Mapping[str, Any],
    deadline: Deadline,
    *,
    logs: bool = True,
    all_nodes: bool = False,
    revision: bool = False,
    pods: list[dict[str, Any]] | None = None,
    nodes: list[dict[str, Any]] | None = None,
    unseen_seconds: float | None = None,
    lease: ControllerLease | None = None,
) -> Explanation:
    """Find out why a DaemonSet is not ready. Never fails: it says what it could not find out.

    Args:
        cluster: the connection.
        live: the DaemonSet.
        deadline: when to give up; what is known by then is told.
        logs: whether to read the last lines that crashed containers wrote.
        all_nodes: whether the nodes are read in any case.
        revision: whether to find out the revision of the live template, too.
        pods: those of the DaemonSet, where they have just been read.
        nodes: all of the cluster, where they have just been read.
        unseen_seconds: for how long the controller has not seen this generation, where that is long
            enough to be told.
        lease: that of the controller manager, for those who ask for many explanations.
    """
    inquiry = _Inquiry(cluster, live, deadline, nodes, lease or ControllerLease(cluster))
    found = inquiry.explain(
        logs=logs, all_nodes=all_nodes, pods=pods, unseen_seconds=unseen_seconds
    )
    return replace(found, revision=inquiry.revision()) if revision else found


class _Inquiry:
    """What is read for one explanation, and what could not be."""

    def __init__(
        self,
        cluster: Cluster,
        live: Mapping[str, Any],
        deadline: Deadline,
        nodes: list[dict[str, Any]] | None,
        lease: ControllerLease,
    ):
        self._cluster = cluster
        self._lease = lease
        self._live = live
        self._known_nodes = nodes
        self._deadline = deadline
        self._notes: list[str] = []
        self._now = datetime.now(UTC)

    def explain(
        self,
        *,
        logs: bool,
        all_nodes: bool,
        pods: list[dict[str, Any]] | None,
        unseen_seconds: float | None,
    ) -> Explanation:
        controller = None
        if unseen_seconds is not None and not is_seen(self._live):
            controller = unseen(unseen_seconds, self._lease.get(self._deadline), self._now)
        known = [diagnosis.of_all_nodes(self._live, controller)] if controller else []
        try:
            if pods is None:
                pods = evidence.pods(self._cluster, self._live, self._deadline)
        except ForbiddenError:
            note = "The reasons are unknown: listing pods is forbidden."
            return Explanation(known, [note], nodes=self._nodes(None) if all_nodes else None)
        except ClusterError as error:
            return Explanation(known, [f"The reasons are unknown: {error.message}"])
        troubled = self._troubled(pods)
        missing = self._missing(pods)
        wants_all = missing or all_nodes
        nodes = None
        if wants_all or troubled:
            nodes = self._nodes(None if wants_all else {node_of(pod) for pod in troubled} - {""})
        behind = any(diagnosis.is_outdated(self._live, pod) for pod in pods)
        events = None
        if troubled or missing or behind:
            events = self._events(troubled, missing or behind)
        reasons = partial(
            diagnosis.reasons,
            self._live,
            pods,
            nodes=nodes,
            events=events,
            logs=self._logs(pods) if logs else None,
            now=self._now,
        )
        found = reasons(controller=controller)
        if is_seen(self._live) and _says_nothing(found, behind):
            # Then only its lease can tell whether the controller is there.
            controller = idle(self._lease.get(self._deadline), self._now)
            found = reasons(controller=controller) if controller else found
        complete = nodes if wants_all else None
        return Explanation(found, self._notes, pods, complete, self._ending(pods, nodes))

    def _ending(
        self, pods: Iterable[dict[str, Any]], nodes: Iterable[dict[str, Any]] | None
    ) -> dict[str, float]:
        """How long pods that were deleted may still take by their own grace periods, by uid."""
        there = {name_of(node): node for node in nodes or ()}
        found = {
            uid_of(pod): seconds_to_end(pod, self._now, node=there.get(node_of(pod)))
            for pod in pods
            if is_ending(pod)
        }
        return {uid: seconds for uid, seconds in found.items() if seconds}

    def revision(self) -> str:
        """The hash of the newest revision, which is that of the live template once the controller
        has seen it; empty where revisions may not be listed.
        """
        from .._cluster.revisions import revisions_of

        try:
            found = revisions_of(self._cluster, self._live, self._deadline)
        except ClusterError:
            return ""
        return found[-1].hash if found else ""

    def _troubled(self, pods: list[dict[str, Any]]) -> list[dict[str, Any]]:
        least = int(self._live["spec"].get("minReadySeconds") or 0)
        return [
            pod
            for pod in pods
            if diagnosis.trouble_of(pod, min_ready_seconds=least, now=self._now) is not None
        ]

    def _missing(self, pods: list[dict[str, Any]]) -> bool:
        """Whether there are nodes without any pod, by the controller's count."""
        desired = int((self._live.get("status") or {}).get("desiredNumberScheduled") or 0)
        return len({node_of(pod) for pod in pods}) < desired

    def _nodes(self, names: set[str] | None) -> list[dict[str, Any]] | None:
        if self._known_nodes is not None:
            return self._known_nodes
        return self._tried(lambda: evidence.nodes(self._cluster, self._deadline, names), "nodes")

    def _events(self, troubled: list[dict[str, Any]], own: bool) -> list[dict[str, Any]] | None:
        """The events about these pods, and about the DaemonSet itself where they may tell why."""
        namespace = self._live["metadata"]["namespace"]
        uids = {uid_of(pod) for pod in troubled}

        def read() -> list[dict[str, Any]] | None:
            found: list[dict[str, Any]] | None = []
            if own:
                found = evidence.daemonset_events(self._cluster, self._live, self._deadline)
            if found is None or not uids:
                return found
            more = evidence.pod_events(self._cluster, namespace, uids, self._deadline)
            return None if more is None else found + more

        return self._tried(read, "events")

    def _tried(self, read: Callable[[], _T | None], what: str) -> _T | None:
        """What was read; None, with a note, where it could not be."""
        try:
            found = read()
        except ClusterError as error:
            self._notes.append(f"The {what} are not known: {error.message}")
            return None
        if found is None:
            self._notes.append(f"The {what} may not be read, so there may be more to say.")
        return found

    def _logs(self, pods: list[dict[str, Any]]) -> dict[str, str]:
        """The last lines of the few containers whose crashes they may explain."""
        found: dict[str, str] = {}
        for wanted in diagnosis.needs(pods):
            try:
                found[uid_of(wanted.pod)] = evidence.log_of(
                    self._cluster, wanted.pod, wanted.container, wanted.previous, self._deadline
                )
            except ClusterError as error:
                if isinstance(error, ForbiddenError):
                    self._notes.append("Logs may not be read, so there may be more to say.")
                    break
        return found


def _says_nothing(reasons: Iterable[Mapping[str, Any]], behind: bool) -> bool:
    """Whether the controller makes no pods, or deletes none, and nothing says why."""
    causes = {one["cause"] for one in reasons}
    return "NoPod" in causes or (behind and not causes)
