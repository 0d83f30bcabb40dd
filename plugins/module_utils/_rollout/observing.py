# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for the DaemonSet controller to see a change, and what is told where it does not."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError, DeadlineError
from .._cluster import daemonsets
from .._cluster.connection import Cluster
from .._cluster.controller_lease import ControllerLease
from .._cluster.feed import EXPIRED, Event, Feed
from .._nodes import controller, diagnosis
from .._nodes.readiness import is_seen, verdict
from .._nodes.trouble import Trouble

_MOMENT_SECONDS = 0.5
# Of its own, as the task's time is over then.
_FOR_REASONS = 5.0


class Silence:
    """What is told of a controller that does not see a change: less and less often. No I/O.

    Args:
        grace_seconds: how long troubles may last, where that is less than a leader election takes.

    Attributes:
        long: after how many seconds it is worth a word.
        told: what is told of it; empty as long as nothing is.
    """

    def __init__(self, grace_seconds: float = controller.ELECTION_SECONDS):
        self.long = min(controller.ELECTION_SECONDS, max(grace_seconds, 1.0))
        self.told = ""
        self.next = self.long

    def note(self, passed: float, words: str) -> None:
        """Have these words told, which were found after so many seconds, if it is time again."""
        if passed >= self.next:
            self.told, self.next = words, passed * 2


def until_observed(
    cluster: Cluster,
    live: dict[str, Any],
    deadline: Deadline,
    progress: Callable[[str], None],
    judge: Callable[[dict[str, Any] | None], None],
) -> dict[str, Any]:
    """Wait until the controller has seen the DaemonSet's generation; the object as it was then.

    Args:
        cluster: the connection.
        live: the DaemonSet.
        deadline: the task's.
        progress: takes lines for a person who waits.
        judge: given each state that the object takes, None once it is gone; raises where there is
            nothing more to wait for.

    Raises:
        DeadlineError: the controller has not seen it in time; its details say why.
        ClusterError: it cannot be watched.
    """
    if is_seen(live):
        return live
    return _Observing(cluster, live, deadline, progress, judge).to_the_end()


class _Observing:
    """One wait."""

    def __init__(
        self,
        cluster: Cluster,
        live: dict[str, Any],
        deadline: Deadline,
        progress: Callable[[str], None],
        judge: Callable[[dict[str, Any] | None], None],
    ):
        metadata = live["metadata"]
        self._cluster = cluster
        self._live = live
        self._deadline = deadline
        self._progress = progress
        self._judge = judge
        self._namespace, self._short = metadata["namespace"], metadata["name"]
        self._name = f"{self._namespace}/{self._short}"
        self._lease = ControllerLease(cluster)
        self._silence = Silence()
        self._began = time.monotonic()

    def to_the_end(self) -> dict[str, Any]:
        try:
            with Feed(self._cluster, self._deadline) as feed:
                self._watch(feed, self._live["metadata"]["resourceVersion"])
                while not self._deadline.passed():
                    passed = time.monotonic() - self._began
                    event = feed.next(max(self._silence.next - passed, 0.01))
                    if event is None:
                        self._tell()
                    elif self._take(feed, event):
                        return self._live
        except ClusterError:
            # A request that the end of the time broke off tells nothing about the server.
            if self._deadline.left() > _MOMENT_SECONDS:
                raise
        raise self._too_late()

    def _watch(self, feed: Feed, version: str) -> None:
        feed.add(
            daemonsets.path_of(self._namespace),
            query={"fieldSelector": f"metadata.name={self._short}"},
            resource_version=version,
            doing=f"watch DaemonSet {self._name}",
        )

    def _take(self, feed: Feed, event: Event) -> bool:
        """Take in what the watch tells; whether the controller has seen the object."""
        found: dict[str, Any] | None = None
        version = ""
        if event.type == EXPIRED:
            found, version = daemonsets.read_anew(
                self._cluster, self._namespace, self._short, self._deadline
            )
        elif event.type != "DELETED":
            found = event.object
        self._judge(found)
        self._live = found or self._live
        if version:
            self._watch(feed, version)
        return is_seen(self._live)

    def _trouble(self, deadline: Deadline) -> Trouble:
        passed = time.monotonic() - self._began
        return controller.unseen(passed, self._lease.get(deadline), datetime.now(UTC))

    def _tell(self) -> None:
        passed = time.monotonic() - self._began
        if passed < self._silence.next or self._deadline.passed():
            return
        self._silence.note(passed, self._trouble(self._deadline).evidence)
        self._progress(f"{self._name}: {self._silence.told}")

    def _too_late(self) -> DeadlineError:
        reasons = [diagnosis.of_all_nodes(self._live, self._trouble(Deadline(_FOR_REASONS)))]
        return DeadlineError(
            f"The controller has not seen the change of DaemonSet {self._name} after"
            f" {self._deadline.seconds:g} seconds. Reasons: {diagnosis.in_words(reasons)}.",
            advice=controller.ADVICE,
            details={"rollout": {**verdict(self._live).as_result(), "reasons": reasons}},
        )
