# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Following the rollouts of one or many DaemonSets to their ends, on one watch a namespace."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError, ForbiddenError
from .._cluster import daemonsets, evidence
from .._cluster.connection import Cluster
from .._cluster.controller_lease import ControllerLease
from .._cluster.feed import DONE, EXPIRED, FORBIDDEN, Event, Feed
from .explaining import Explanation, explain
from .following import Following
from .telling import Telling

_FOR_A_LOOK = 20.0
_FOR_REASONS = 20.0
_MOMENT_SECONDS = 0.5


@dataclass(frozen=True)
class Scope:
    """What one watch covers.

    Attributes:
        namespace: whose DaemonSets; empty for those of all namespaces.
        version: the resource version from which to watch.
        name: only the DaemonSet of this name; empty for all.
    """

    namespace: str
    version: str
    name: str = ""

    @property
    def key(self) -> str:
        """What tells it from other scopes."""
        return f"{self.namespace}/{self.name}"

    @property
    def _query(self) -> dict[str, str]:
        return {"fieldSelector": f"metadata.name={self.name}"} if self.name else {}

    def covers(self, one: Following) -> bool:
        """Whether the watch tells of a DaemonSet."""
        metadata = one.live["metadata"]
        return self.namespace in ("", metadata["namespace"]) and self.name in ("", metadata["name"])

    def add_to(self, feed: Feed) -> None:
        """Begin to watch."""
        where = f"namespace {self.namespace}" if self.namespace else "all namespaces"
        what = f"DaemonSet {self.key}" if self.name else f"the DaemonSets of {where}"
        feed.add(
            path_of(self.namespace),
            query=self._query,
            resource_version=self.version,
            key=self.key,
            doing=f"watch {what}",
        )

    def listed(self, cluster: Cluster, deadline: Deadline) -> tuple[dict[str, dict[str, Any]], str]:
        """What there is now, by namespace and name, and as of which version."""
        if self.name and self.namespace:
            found, version = daemonsets.read_anew(cluster, self.namespace, self.name, deadline)
            objects = [] if found is None else [found]
        else:
            objects, version = daemonsets.listed(
                cluster,
                path_of(self.namespace),
                self._query,
                deadline,
                "list the DaemonSets again",
            )
        return {
            f"{one['metadata']['namespace']}/{one['metadata']['name']}": one for one in objects
        }, version


def path_of(namespace: str) -> str:
    """The API path of a namespace's DaemonSets, or, where that is empty, of all namespaces."""
    return daemonsets.path_of(namespace) if namespace else "/apis/apps/v1/daemonsets"


class Expected:
    """DaemonSets that are not there yet, and are waited for all the same: none."""

    def missing(self) -> int:
        """How many there still are to be."""
        return 0

    def take(self, _live: dict[str, Any], _now: float) -> Following | None:
        """Follow a DaemonSet that has just been seen, if it is one of them."""
        return None


def follow(
    cluster: Cluster,
    all_of: Sequence[Following],
    scopes: Sequence[Scope],
    deadline: Deadline,
    progress: Callable[[str], None],
    expected: Expected | None = None,
) -> None:
    """Wait until each DaemonSet is ready, or has an error that says why it is not. Where one of the
    scopes may not be watched, that is the error of what it covers, and the others go on.

    Args:
        cluster: the connection.
        all_of: the DaemonSets.
        scopes: what is watched.
        deadline: the task's.
        progress: takes lines for a person who waits.
        expected: those that are to come; what it takes is followed like the others.

    Raises:
        ClusterError: the server cannot be watched.
    """
    expected = expected or Expected()
    if all(one.ended for one in all_of) and not expected.missing():
        return
    run = _Run(cluster, all_of, scopes, deadline, progress, expected)
    try:
        run.to_the_end()
    except ClusterError:
        # A request that the end of the time broke off tells nothing about the server.
        if deadline.left() > _MOMENT_SECONDS:
            raise
    run.time_is_over()


@dataclass(frozen=True)
class _Look:
    """A look at the pods of a DaemonSet: when it began, and, where it is the last, what has ended
    the wait.
    """

    began: float
    failed_by: str


@dataclass(frozen=True)
class _Seen:
    """What a look has shown: whether the DaemonSet could be read, it (None where it is gone), and
    why it is not ready.
    """

    read: bool
    live: dict[str, Any] | None
    why: Explanation

    def tell(self, one: Following, now: float) -> None:
        """Have what follows the DaemonSet take note of it."""
        if self.read:
            one.see(self.live, now)


class _Run:
    """One wait."""

    def __init__(
        self,
        cluster: Cluster,
        all_of: Sequence[Following],
        scopes: Sequence[Scope],
        deadline: Deadline,
        progress: Callable[[str], None],
        expected: Expected,
    ):
        self._cluster = cluster
        self._all = list(all_of)
        self._telling = Telling(progress)
        self._expected = expected
        self._scopes = {scope.key: scope for scope in scopes}
        self._deadline = deadline
        self._pending = {one.uid: one for one in all_of if not one.ended}
        self._lease = ControllerLease(cluster)
        # One look at a time.
        self._looking: _Look | None = None

    def to_the_end(self) -> None:
        with Feed(self._cluster, self._deadline, others_go_on=True) as feed:
            for scope in self._scopes.values():
                scope.add_to(feed)
            while True:
                self._settle(feed)
                if not self._is_waiting() or self._deadline.passed():
                    break
                event = feed.next(self._until_next())
                if event is not None:
                    self._take(feed, event)

    def _is_waiting(self) -> bool:
        """Whether there is something left to wait for that a watch can tell."""
        return bool(self._pending) or bool(self._scopes and self._expected.missing())

    def _tell(self) -> None:
        self._telling.tell(self._all, time.monotonic(), missing=self._expected.missing())

    def time_is_over(self) -> None:
        """Find out why those that are left are not ready, with a little time of its own for all."""
        deadline = Deadline(_FOR_REASONS)
        left = [one for one in self._pending.values() if not one.ended]
        nodes = self._nodes(deadline) if len(left) > 1 else None
        # First those of which nothing is known yet.
        for one in sorted(left, key=lambda one: bool(one.causes)):
            if not one.ended:
                seen = self._look_at(one, deadline, last=True, nodes=nodes)
                seen.tell(one, time.monotonic())
            if not one.ended:
                one.fail("timeout", seen.why, self._deadline, time.monotonic())
        self._pending = {}
        self._tell()

    def _nodes(self, deadline: Deadline) -> list[dict[str, Any]] | None:
        """All nodes, read once for all; None where they cannot be read."""
        try:
            return evidence.nodes(self._cluster, deadline)
        except ClusterError:
            return None

    def _until_next(self) -> float:
        """Seconds until there is something to do although nothing is told."""
        now = time.monotonic()
        # A line that came too soon after the one before is shown a second later.
        wait = 1.0
        for one in self._pending.values():
            wait = min(wait, one.wakes() - now) if self._looking is None else wait
        return max(wait, 0.01)

    def _settle(self, feed: Feed) -> None:
        """Act on what is known of each DaemonSet, and let go of those that have ended."""
        now = time.monotonic()
        for uid, one in list(self._pending.items()):
            if not one.ended and self._looking is None:
                over = one.fails_by(now)
                if over or one.wants_look(now):
                    self._looking = _Look(now, over)
                    seconds = _FOR_REASONS if over else min(_FOR_A_LOOK, self._deadline.left())
                    look = functools.partial(
                        self._look_at, one, Deadline(max(seconds, 1.0)), last=bool(over)
                    )
                    feed.do(look, uid)
            if one.ended:
                del self._pending[uid]
        self._tell()

    def _look_at(
        self,
        one: Following,
        deadline: Deadline,
        *,
        last: bool,
        nodes: list[dict[str, Any]] | None = None,
    ) -> _Seen:
        """Look at the pods, and then, as the watch may be broken and nobody knows it yet, at the
        DaemonSet itself, which may have become ready meanwhile.
        """
        unseen_seconds = one.unseen_seconds(time.monotonic(), last=last)
        why = explain(
            self._cluster,
            one.live,
            deadline,
            logs=last,
            all_nodes=one.wants_nodes,
            revision=one.doubtful,
            nodes=nodes,
            unseen_seconds=unseen_seconds,
            lease=self._lease,
        )
        metadata = one.live["metadata"]
        try:
            live = daemonsets.read(self._cluster, metadata["namespace"], metadata["name"], deadline)
        except ClusterError:
            # Such as where only lists are allowed.
            return _Seen(False, None, why)
        return _Seen(True, live, why)

    def _take(self, feed: Feed, event: Event) -> None:
        now = time.monotonic()
        if event.type == DONE:
            look, self._looking = self._looking, None
            one = self._pending.get(event.key)
            if look is not None and one is not None:
                seen: _Seen = event.result
                seen.tell(one, now)
                if not one.ended:
                    one.looked(seen.why, look.began, now)
                # Unless it comes forward after all.
                if look.failed_by and not one.ended and look.failed_by == one.fails_by(now):
                    one.fail(look.failed_by, seen.why, self._deadline, now)
        elif event.type == EXPIRED:
            self._again(feed, self._scopes[event.key])
        elif event.type == FORBIDDEN:
            self._refuse(self._scopes[event.key], event.result)
        else:
            uid = str(event.object["metadata"]["uid"])
            gone = event.type == "DELETED"
            if uid in self._pending:
                self._pending[uid].see(None if gone else event.object, now)
            elif not gone:
                self._welcome(event.object, now)

    def _welcome(self, live: dict[str, Any], now: float) -> None:
        """Follow a DaemonSet that has come, if it is expected."""
        one = self._expected.take(live, now)
        if one is not None:
            self._all.append(one)
            self._pending[one.uid] = one

    def _again(self, feed: Feed, scope: Scope) -> None:
        """Go on after a watch whose version the server no more has."""
        try:
            there, version = scope.listed(self._cluster, self._deadline)
        except ForbiddenError as error:
            self._refuse(scope, error)
            return
        now = time.monotonic()
        for one in self._pending.values():
            if scope.covers(one):
                one.see(there.get(one.name), now)
        for live in there.values():
            if live["metadata"]["uid"] not in self._pending:
                self._welcome(live, now)
        again = Scope(scope.namespace, version, scope.name)
        self._scopes[scope.key] = again
        again.add_to(feed)

    def _refuse(self, scope: Scope, error: ForbiddenError) -> None:
        del self._scopes[scope.key]
        for one in self._pending.values():
            if scope.covers(one):
                one.error = error
