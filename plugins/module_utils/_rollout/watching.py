# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Following the rollouts of one or many DaemonSets to their ends, on one watch a namespace."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import DeadlineError, ForbiddenError
from .._cluster import daemonsets
from .._cluster.connection import Cluster
from .._cluster.feed import DONE, EXPIRED, FORBIDDEN, Event, Feed
from .._cluster.objects import list_all
from .explaining import Explanation, explain
from .following import Following

_FOR_A_LOOK = 20.0
_FOR_REASONS = 20.0


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
            # A user may have rights on this one object only.
            found = daemonsets.read(cluster, self.namespace, self.name, deadline)
            objects = [] if found is None else [found]
            version = self.version if found is None else found["metadata"]["resourceVersion"]
        else:
            objects, version = list_all(
                cluster,
                path_of(self.namespace),
                self._query,
                deadline,
                "list the DaemonSets again",
            )
        # In a list, the server's answer says the kind once for all.
        kind = {"apiVersion": "apps/v1", "kind": "DaemonSet"}
        return {
            f"{one['metadata']['namespace']}/{one['metadata']['name']}": {**kind, **one}
            for one in objects
        }, version


def path_of(namespace: str) -> str:
    """The API path of a namespace's DaemonSets, or, where that is empty, of all namespaces."""
    return daemonsets.path_of(namespace) if namespace else "/apis/apps/v1/daemonsets"


def follow(
    cluster: Cluster, all_of: Sequence[Following], scopes: Sequence[Scope], deadline: Deadline
) -> None:
    """Wait until each DaemonSet is ready, or has an error that says why it is not. Where one of the
    scopes may not be watched, that is the error of what it covers, and the others go on.

    Raises:
        ClusterError: the server cannot be watched.
    """
    if all(one.ended for one in all_of):
        return
    run = _Run(cluster, all_of, scopes, deadline)
    try:
        run.to_the_end()
    except DeadlineError:
        run.time_is_over()


class _Run:
    """One wait."""

    def __init__(
        self,
        cluster: Cluster,
        all_of: Sequence[Following],
        scopes: Sequence[Scope],
        deadline: Deadline,
    ):
        self._cluster = cluster
        self._scopes = {scope.key: scope for scope in scopes}
        self._deadline = deadline
        self._pending = {one.uid: one for one in all_of if not one.ended}
        # One look at a time: the DaemonSet whose pods are being looked at, and since when.
        self._looking: tuple[str, float] | None = None

    def to_the_end(self) -> None:
        with Feed(self._cluster, self._deadline, others_go_on=True) as feed:
            for scope in self._scopes.values():
                scope.add_to(feed)
            while True:
                self._settle(feed)
                if not self._pending or self._deadline.passed():
                    break
                event = feed.next(self._until_next())
                if event is not None:
                    self._take(feed, event)
        self.time_is_over()

    def time_is_over(self) -> None:
        for one in self._pending.values():
            self._fail(one, "timeout")
        self._pending = {}

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
            if not one.ended and one.hopeless:
                self._fail(one, "cause")
            elif not one.ended and one.is_stuck(now):
                self._fail(one, "no_progress")
            elif not one.ended and self._looking is None and one.wants_look(now):
                self._looking = uid, now
                feed.do(functools.partial(self._look, one), uid)
            one.tell(now)
            if one.ended:
                del self._pending[uid]

    def _look(self, one: Following) -> Explanation:
        seconds = min(_FOR_A_LOOK, max(self._deadline.left(), 1.0))
        return explain(
            self._cluster,
            one.live,
            Deadline(seconds),
            logs=False,
            all_nodes=one.wants_nodes,
            revision=one.doubtful,
        )

    def _take(self, feed: Feed, event: Event) -> None:
        now = time.monotonic()
        if event.type == DONE:
            began = self._looking[1] if self._looking else now
            self._looking = None
            if event.key in self._pending:
                self._pending[event.key].looked(event.result, began, now)
        elif event.type == EXPIRED:
            self._again(feed, self._scopes[event.key])
        elif event.type == FORBIDDEN:
            self._refuse(self._scopes[event.key], event.result)
        else:
            uid = str(event.object["metadata"]["uid"])
            if uid in self._pending:
                gone = event.type == "DELETED"
                self._pending[uid].see(None if gone else event.object, now)

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
        again = Scope(scope.namespace, version, scope.name)
        self._scopes[scope.key] = again
        if any(not one.ended for one in self._pending.values()):
            again.add_to(feed)

    def _refuse(self, scope: Scope, error: ForbiddenError) -> None:
        for one in self._pending.values():
            if scope.covers(one):
                one.error = error

    def _fail(self, one: Following, failed_by: str) -> None:
        """Find out why, with a little time of its own: the task's may be over."""
        why = explain(self._cluster, one.live, Deadline(_FOR_REASONS))
        one.fail(failed_by, why, self._deadline, time.monotonic())
