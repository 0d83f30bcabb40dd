# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the cluster can tell about a node that comes no further: read seldom, and never needed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError, ForbiddenError, NotFoundError
from .._cluster import evidence
from .._cluster.connection import Cluster
from .._cluster.controller_lease import ControllerLease
from .._nodes.controller import idle
from .._nodes.diagnosis import needs, troubles_of_daemonset
from .._nodes.events import last_seen
from .._nodes.pods import uid_of
from .._nodes.trouble import Trouble
from .node_work import Work
from .pod_table import Pod

# How long a node may come no further before something is read about it; how often that is done for
# each node, and how quickly for one after the other.
_STILL_SECONDS = 3.0
_BETWEEN_ASKING = 10.0
_BETWEEN_NODES = 0.05
_MOST_LOGS = 3
# Clocks differ, and events tell whole seconds.
_LEEWAY = timedelta(seconds=10)


class Asking:
    """Reads nodes, events and logs, as far as that is allowed.

    Args:
        cluster: the connection.
        live: the DaemonSet.
        deadline: the task's.
    """

    def __init__(self, cluster: Cluster, live: Mapping[str, Any], deadline: Deadline):
        self._cluster = cluster
        self._live = live
        self._deadline = deadline
        self._since = datetime.now(UTC) - _LEEWAY
        self._lease = ControllerLease(cluster)
        self._last = 0.0
        self._logs = 0
        self._forbidden: set[str] = set()
        self._refusals: tuple[float, list[Trouble]] = (0.0, [])

    def about(self, work: Work, pod: Pod | None, *, at_once: bool = False) -> None:
        """Read the node of a work, and the events about its pod, where that is due.

        A node that has left the cluster ends the work.

        Args:
            work: the node's; ``node_seen`` and ``events`` are set.
            pod: its new pod, if there is one.
            at_once: whether it is read even where it was read just now.
        """
        now = time.monotonic()
        is_due = (
            work.seconds_still() >= _STILL_SECONDS
            and now - work.asked >= _BETWEEN_ASKING
            and now - self._last >= _BETWEEN_NODES
        )
        if not (is_due or at_once):
            return
        work.asked = self._last = now
        self._read_node(work)
        if pod is not None and not work.ended:
            self._read_events(work, pod)

    def refusal(self) -> Trouble | None:
        """Why the controller makes no pods: a quota, a policy, a webhook, if it says so; or that
        it does nothing, if its lease says that.
        """
        read, found = self._refusals
        if time.monotonic() - read >= _BETWEEN_ASKING:
            try:
                events = evidence.daemonset_events(self._cluster, self._live, self._deadline) or []
            except ClusterError:
                events = []
            recent = [event for event in events if last_seen(event) >= self._since]
            found = troubles_of_daemonset(self._live, recent)
            if not found:
                silent = idle(self._lease.get(self._deadline), datetime.now(UTC))
                found = [silent] if silent else []
            self._refusals = (time.monotonic(), found)
        return found[0] if found else None

    def log_of(self, pod: Pod) -> str:
        """The last lines of the container of a pod that crashed; of the first few pods only."""
        wanted = next(iter(needs([pod])), None)
        if wanted is None or self._logs >= _MOST_LOGS:
            return ""
        self._logs += 1
        try:
            return evidence.log_of(
                self._cluster, pod, wanted.container, wanted.previous, self._deadline
            )
        except ClusterError:
            return ""

    def _read_node(self, work: Work) -> None:
        if "nodes" in self._forbidden:
            return
        try:
            work.node_seen = self._cluster.request(
                "GET",
                f"/api/v1/nodes/{work.node}",
                deadline=self._deadline,
                doing=f"read node {work.node}",
            ).body
        except NotFoundError:
            work.leave(Trouble("NoPod", "the node has left the cluster", False))
        except ForbiddenError:
            self._forbidden.add("nodes")
        except ClusterError:
            return

    def _read_events(self, work: Work, pod: Pod) -> None:
        if "events" in self._forbidden:
            return
        namespace = pod["metadata"]["namespace"]
        try:
            found = evidence.pod_events(self._cluster, namespace, {uid_of(pod)}, self._deadline)
        except ClusterError:
            return
        if found is None:
            self._forbidden.add("events")
        work.events = found or []
