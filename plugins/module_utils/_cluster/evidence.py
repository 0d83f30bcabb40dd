# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the cluster can tell about a rollout: pods, nodes and events, kept small.

Each object is cut down to what is looked at as soon as it is read, so that thousands of nodes do
not take hundreds of megabytes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ForbiddenError, NotFoundError
from . import daemonsets
from .connection import Cluster
from .lists import PAGE, each
from .smaller import small_event, small_node, small_pod

# A namespace can hold more events than anybody reads: these about its pods, with one more for each
# that is asked about, and these about one object, are looked at, the rest is left out.
_EVENTS, _EVENTS_OF_ONE = 4 * PAGE, PAGE
# A program that gives up may say where in it that was on many lines after it said why.
_LOG_LINES, _LOG_BYTES = 60, 16 * 1024
# So few objects are asked for one by one rather than found in a list.
FEW = 5


def pods(cluster: Cluster, live: Mapping[str, Any], deadline: Deadline) -> list[dict[str, Any]]:
    """The pods that this very DaemonSet owns (by uid); of those that are ready, the least.

    Raises:
        ClusterError: in one of its kinds.
    """
    metadata = live["metadata"]

    def keep(pod: dict[str, Any]) -> dict[str, Any] | None:
        owners = pod["metadata"].get("ownerReferences") or []
        return small_pod(pod) if any(o.get("uid") == metadata["uid"] for o in owners) else None

    return _listed(
        cluster,
        f"/api/v1/namespaces/{metadata['namespace']}/pods",
        {"labelSelector": daemonsets.label_selector(live["spec"].get("selector") or {})},
        keep,
        deadline,
        f"list the pods of DaemonSet {metadata['namespace']}/{metadata['name']}",
    )


def nodes(
    cluster: Cluster, deadline: Deadline, names: Collection[str] | None = None
) -> list[dict[str, Any]] | None:
    """The nodes of the cluster with their labels, taints, conditions and what they have to give;
    None where they may not be read.

    Args:
        cluster: the connection.
        deadline: when to give up.
        names: only these are needed; where they are many, there are others among the answer.

    Raises:
        ClusterError: in one of its other kinds.
    """
    try:
        if names is None or len(names) > FEW:
            return _listed(cluster, "/api/v1/nodes", {}, small_node, deadline, "list the nodes")
        found = [_node(cluster, name, deadline) for name in sorted(names)]
    except ForbiddenError:
        return None
    return [node for node in found if node is not None]


def daemonset_events(
    cluster: Cluster, live: Mapping[str, Any], deadline: Deadline
) -> list[dict[str, Any]] | None:
    """The warnings about a DaemonSet itself; None where events may not be listed.

    Raises:
        ClusterError: in one of its other kinds.
    """
    metadata = live["metadata"]
    what = f"DaemonSet {metadata['namespace']}/{metadata['name']}"
    return _events(cluster, metadata["namespace"], metadata["uid"], deadline, what)


def pod_events(
    cluster: Cluster, namespace: str, uids: Collection[str], deadline: Deadline
) -> list[dict[str, Any]] | None:
    """The warnings about these pods, not more than a few pages hold; None where events may not be
    listed.

    Raises:
        ClusterError: in one of its other kinds.
    """
    if len(uids) <= FEW:
        found: list[dict[str, Any]] = []
        for uid in sorted(uids):
            some = _events(cluster, namespace, uid, deadline, f"pods of namespace {namespace}")
            if some is None:
                return None
            found += some
        return found

    def keep(event: dict[str, Any]) -> dict[str, Any] | None:
        return small_event(event) if event["involvedObject"].get("uid") in uids else None

    try:
        return _listed(
            cluster,
            f"/api/v1/namespaces/{namespace}/events",
            # Of containers that crash there are many, that say what the pods' status says.
            {"fieldSelector": "involvedObject.kind=Pod,type=Warning,reason!=BackOff"},
            keep,
            deadline,
            f"list the events about pods of namespace {namespace}",
            most=_EVENTS + len(uids),
        )
    except ForbiddenError:
        return None


def _events(
    cluster: Cluster, namespace: str, uid: str, deadline: Deadline, what: str
) -> list[dict[str, Any]] | None:
    try:
        return _listed(
            cluster,
            f"/api/v1/namespaces/{namespace}/events",
            {"fieldSelector": f"involvedObject.uid={uid},type=Warning"},
            small_event,
            deadline,
            f"list the events about {what}",
            most=_EVENTS_OF_ONE,
        )
    except ForbiddenError:
        return None


def _node(cluster: Cluster, name: str, deadline: Deadline) -> dict[str, Any] | None:
    try:
        found = cluster.request(
            "GET", f"/api/v1/nodes/{name}", deadline=deadline, doing=f"read node {name}"
        )
    except NotFoundError:
        return None
    return small_node(found.body)


def _listed(
    cluster: Cluster,
    path: str,
    query: Mapping[str, str],
    keep: Callable[[dict[str, Any]], dict[str, Any] | None],
    deadline: Deadline,
    doing: str,
    *,
    most: int | None = None,
) -> list[dict[str, Any]]:
    """What ``keep`` makes of the objects of a list, without those of which it makes None; with
    ``most``, of the first so many of the list.
    """
    listed = itertools.islice(each(cluster, path, query, deadline, doing), most)
    return [kept for one in listed if (kept := keep(one)) is not None]


def log_of(
    cluster: Cluster, pod: Mapping[str, Any], container: str, previous: bool, deadline: Deadline
) -> str:
    """The last lines of a container's log; see `pod_logs.tail` for the errors.

    Args:
        cluster: the connection.
        pod: whose container it is.
        container: its name.
        previous: those of the container before its last restart.
        deadline: when to give up.
    """
    from .pod_logs import tail

    metadata = pod["metadata"]
    return tail(
        cluster,
        metadata["namespace"],
        metadata["name"],
        container=container,
        lines=_LOG_LINES,
        previous=previous,
        max_bytes=_LOG_BYTES,
        deadline=deadline,
    )
