# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pods of one DaemonSet by their nodes, kept up to date by one watch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from .._base.deadline import Deadline
from .._base.words import natural
from .._cluster import daemonsets
from .._cluster.connection import Cluster
from .._cluster.feed import DONE, EXPIRED, Event, Feed
from .._cluster.objects import owned_by
from .._nodes.pods import condition, is_ending, is_ready, moment, node_of

Pod = dict[str, Any]
_METADATA = ("name", "namespace", "uid", "labels", "creationTimestamp")
_STATUS = ("phase", "conditions", "podIP", "containerStatuses", "initContainerStatuses")


class PodTable:
    """What pods a DaemonSet has, and on which nodes.

    It is one list, then one watch, for as long as it is open (it is a context manager). Where the
    watch's place in history is lost, it lists again.

    Args:
        cluster: the connection.
        live: the DaemonSet; only its metadata and selector are looked at.
        deadline: when the watch ends.
        node: only pods on this node, once they are scheduled; None for all.
    """

    def __init__(
        self,
        cluster: Cluster,
        live: Mapping[str, Any],
        deadline: Deadline,
        node: str | None = None,
    ):
        self._cluster = cluster
        self._live = live
        self._deadline = deadline
        self._node = node
        self._pods: dict[str, Pod] = {}
        self._by_node: dict[str, dict[str, Pod]] = {}
        self._deleted: set[str] = set()
        # By the monotonic clock, for a pod that is ready: since when.
        self._ready_since: dict[str, float] = {}
        self._done: dict[str, Any] = {}
        self._feed = Feed(cluster, deadline)
        self._list()

    def close(self) -> None:
        """End the watch."""
        self._feed.close()

    def on(self, node: str) -> list[Pod]:
        """All pods of a node, the newest last: several while one takes another's place."""
        return sorted(self._by_node.get(node, {}).values(), key=_age)

    def nodes(self) -> list[str]:
        """The nodes that have a pod, sorted by name."""
        found = (node for node, pods in self._by_node.items() if node and pods)
        return sorted(found, key=natural)

    def get(self, uid: str) -> Pod | None:
        """The pod of that uid, while there is one."""
        return self._pods.get(uid)

    def is_going(self, pod: Mapping[str, Any]) -> bool:
        """Whether a pod is being deleted, by us or by others."""
        return is_ending(pod) or pod["metadata"]["uid"] in self._deleted

    def is_available(self, pod: Mapping[str, Any], min_ready_seconds: int) -> bool:
        """Whether a pod stays, and has been ready for that many seconds.

        What was seen becoming ready is timed by our own clock, as that of the node may differ.
        """
        since = self._ready_since.get(pod["metadata"]["uid"])
        if since is None or self.is_going(pod):
            return False
        return time.monotonic() - since >= min_ready_seconds

    def staying(self, node: str) -> list[Pod]:
        """The pods of a node that are not being deleted, as by `on`."""
        return [pod for pod in self.on(node) if not self.is_going(pod)]

    def standing(self, node: str) -> Pod:
        """The pod of a node: one that stays before one that goes, then the newest; or empty."""
        pods = self.staying(node) or self.on(node)
        return pods[-1] if pods else {}

    def note_deleted(self, uid: str) -> None:
        """Take a pod for one that is being deleted before the watch says so."""
        self._deleted.add(uid)

    def do(self, work: Callable[[], Any], key: str) -> None:
        """Do some work in a thread of its own; `look` wakes up once it is done, see `done`."""
        self._feed.do(work, key)

    def done(self, key: str) -> Any:
        """What a work has returned, once; None before that."""
        return self._done.pop(key, None)

    def look(self, seconds: float) -> bool:
        """Wait until something has happened, for that many seconds at most; whether it has."""
        event = self._feed.next(seconds)
        if event is None:
            return False
        while event is not None:
            self._take(event)
            event = self._feed.next(0.0)
        return True

    def _list(self) -> None:
        pods, version = daemonsets.pods_of(self._cluster, self._live, self._deadline, self._node)
        before, since = self._pods, self._ready_since
        self._pods, self._by_node, self._ready_since = {}, {}, {}
        for pod in pods:
            uid = pod["metadata"]["uid"]
            is_as_before = uid in since and _turned_ready(before[uid]) == _turned_ready(pod)
            self._keep(pod, since[uid] if is_as_before else _ready_for(pod))
        metadata = self._live["metadata"]
        self._feed.add(
            f"/api/v1/namespaces/{metadata['namespace']}/pods",
            query=daemonsets.pods_query(self._live, self._node),
            resource_version=version,
            doing=f"watch the pods of DaemonSet {metadata['namespace']}/{metadata['name']}",
        )

    def _take(self, event: Event) -> None:
        if event.type == DONE:
            self._done[event.key] = event.result
            return
        if event.type == EXPIRED:
            self._list()
            return
        pod = event.object
        uid = pod["metadata"]["uid"]
        if event.type == "DELETED" or not owned_by([pod], self._live["metadata"]["uid"]):
            self._drop(uid)
            return
        before = self._pods.get(uid)
        now = time.monotonic()
        if before is not None and _turned_ready(before) == _turned_ready(pod):
            self._keep(pod, self._ready_since.get(uid, now))
        else:
            self._keep(pod, now)

    def _keep(self, pod: Pod, ready_since: float) -> None:
        uid = pod["metadata"]["uid"]
        pod = _small(pod)
        self._pods[uid] = pod
        self._by_node.setdefault(node_of(pod), {})[uid] = pod
        if is_ready(pod):
            self._ready_since[uid] = ready_since
        else:
            self._ready_since.pop(uid, None)

    def _drop(self, uid: str) -> None:
        pod = self._pods.pop(uid, None)
        if pod is not None:
            self._by_node[node_of(pod)].pop(uid, None)
        self._ready_since.pop(uid, None)
        self._deleted.discard(uid)


def _small(pod: Pod) -> Pod:
    """A pod without what nobody asks for: of those that are ready, most of it."""
    pod["metadata"].pop("managedFields", None)
    if not is_ready(pod) or is_ending(pod):
        return pod
    spec, status = pod["spec"], pod["status"]
    images = [{"name": one["name"], "image": one.get("image")} for one in spec["containers"]]
    return {
        "metadata": {key: pod["metadata"][key] for key in _METADATA if key in pod["metadata"]},
        "spec": {"nodeName": spec.get("nodeName"), "containers": images},
        "status": {key: status[key] for key in _STATUS if key in status},
    }


def _age(pod: Mapping[str, Any]) -> tuple[str, str]:
    metadata = pod["metadata"]
    return str(metadata.get("creationTimestamp") or ""), str(metadata["name"])


def _turned_ready(pod: Mapping[str, Any]) -> tuple[Any, Any]:
    """What the pod says of its Ready condition, and since when."""
    ready = condition(pod, "Ready")
    return ready.get("status"), ready.get("lastTransitionTime")


def _ready_for(pod: Mapping[str, Any]) -> float:
    """Since when, by the monotonic clock, a pod that is found ready has been so."""
    turned = moment(_turned_ready(pod)[1])
    if turned is None:
        return time.monotonic()
    passed = (datetime.now(UTC) - turned).total_seconds()
    return time.monotonic() - max(passed, 0.0)
