# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pods a change restarts, told before it happens, or as it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError, ForbiddenError
from .._base.words import count_of, natural
from .._cluster import daemonsets
from .._cluster.connection import Cluster
from .._cluster.objects import owned_by
from .._cluster.revisions import HASH_LABEL, is_template, revisions_of
from .._nodes.pods import node_of
from .._nodes.readiness import verdict
from .._spec.shares import share_of

_NAMED = 20


@dataclass(frozen=True)
class Seen:
    """Pods of a DaemonSet, as far as they were looked at.

    Attributes:
        nodes: where they are, a few of them where there are many.
        count: how many there are; None where only a few were looked at.
        unknown: why they are not known, a clause, or empty.
    """

    nodes: list[str]
    count: int | None = None
    unknown: str = ""


def restarts(
    cluster: Cluster,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    deadline: Deadline,
    *,
    look: Callable[[], Seen] | None = None,
    ends_all: bool = False,
    at: str | None = None,
) -> dict[str, Any]:
    """How many pods restart by a change of a DaemonSet, where, and a sentence about it.

    Pods are listed only where the template is another one: a few of them, since all restart, and
    none where the change is made already, as it then costs a request only to name nodes. Only where
    the rollout before is not finished, and goes back to a template that is kept, do some pods have
    it already, and all of them are looked at.

    Args:
        cluster: the connection.
        before: the DaemonSet before the change; None where there was none.
        after: as the change makes it, or has made it.
        deadline: the task's.
        look: gives what is known of the pods that were there before the change.
        ends_all: whether all pods end before new ones are made, whatever their template is.
        at: the resource version at which they are listed, though the change is made.

    Returns:
        ``pods``, ``nodes`` (some) and ``message``.
    """
    if before is None:
        return _none("no pod restarts: the DaemonSet is new")
    made = _written(before, after)
    if not ends_all:
        if same(before, after) and not _goes_on(before, after):
            return _none("no pod restarts: the template stays as it is")
        if _is_on_delete(after):
            return _none(_on_delete(before))
        spared = _spared(cluster, before, after, deadline)
        if spared is not None:
            return _some(cluster, before, spared, deadline, at or made)
    if look is not None:
        seen = look()
    elif at is None and made is not None:
        seen = Seen([])
    else:
        seen = sample(cluster, before, deadline, at=at)
    count = seen.count if seen.count is not None else _current(before)
    if count == 0:
        return _none("no pod restarts: there is none")
    told = count_of(count, "pod restarts", "pods restart")
    told += ", after all of them have ended" if ends_all else _pace(before, after)
    if seen.unknown:
        told += f"; on which nodes is not known: {seen.unknown}"
    return {"pods": count, "nodes": seen.nodes, "message": told}


def same(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether the template stays exactly as it is, so that the controller makes no revision."""
    return is_template(before["spec"]["template"], after["spec"]["template"])


def sample(
    cluster: Cluster, live: Mapping[str, Any], deadline: Deadline, *, at: str | None = None
) -> Seen:
    """A look at a few pods of a DaemonSet.

    Args:
        cluster: the connection.
        live: the DaemonSet.
        deadline: the task's.
        at: the resource version at which they are listed: before the controller saw that change.
    """
    try:
        found = _listed(cluster, live, deadline, at, {"limit": str(_NAMED)})
    except ForbiddenError:
        return Seen([], unknown="listing pods is forbidden")
    except ClusterError as error:
        return Seen([], unknown=error.message.rstrip("."))
    pods = owned_by(found.get("items") or [], live["metadata"]["uid"])
    count = None if found["metadata"].get("continue") else len(pods)
    return Seen(_nodes(pods), count)


def _listed(
    cluster: Cluster,
    live: Mapping[str, Any],
    deadline: Deadline,
    at: str | None,
    more: Mapping[str, str],
) -> dict[str, Any]:
    """A list of pods, as it was at a resource version, where the server still knows."""
    namespace, name = live["metadata"]["namespace"], live["metadata"]["name"]
    query = {"labelSelector": daemonsets.label_selector(live["spec"]["selector"]), **more}
    moment = {} if at is None else {"resourceVersion": at, "resourceVersionMatch": "Exact"}
    try:
        return cluster.request(
            "GET",
            f"/api/v1/namespaces/{namespace}/pods",
            query=query | moment,
            deadline=deadline,
            doing=f"list the pods of DaemonSet {namespace}/{name}",
        ).body
    except ForbiddenError:
        raise
    except ClusterError:
        if at is None or deadline.passed():
            raise
        # The server keeps the past for some minutes only, and some keep none.
        return _listed(cluster, live, deadline, None, more)


def _goes_on(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether pods that waited for their deletion are now replaced by the controller."""
    counts = verdict(before).counts
    is_behind = counts["updated"] < counts["desired"]
    return is_behind and _is_on_delete(before) and not _is_on_delete(after)


def _spared(
    cluster: Cluster, before: Mapping[str, Any], after: Mapping[str, Any], deadline: Deadline
) -> str | None:
    """The hash of the pods that have the template already: those of a rollout that is not finished,
    where the change goes back to what was before it, or goes on with it.
    """
    counts = verdict(before).counts
    if counts["updated"] >= counts["desired"] and not _is_unseen(before):
        return None
    try:
        revisions = revisions_of(cluster, before, deadline)
    except ClusterError:
        # Without them, more pods may be told than restart.
        return None
    wanted = after["spec"]["template"]
    return next((one.hash for one in revisions if is_template(one.template, wanted)), None)


def _is_unseen(live: Mapping[str, Any]) -> bool:
    status = live.get("status") or {}
    return int(status.get("observedGeneration") or 0) < int(live["metadata"]["generation"])


def _some(
    cluster: Cluster, before: Mapping[str, Any], spared: str, deadline: Deadline, at: str | None
) -> dict[str, Any]:
    """What restarts where the pods of one revision have the template already."""
    try:
        found = _listed(cluster, before, deadline, at, {})
    except ClusterError:
        told = "the pods that do not have this template already restart; which is not known"
        return {"pods": _current(before), "nodes": [], "message": told}
    pods = owned_by(found.get("items") or [], before["metadata"]["uid"])
    others = [
        pod for pod in pods if (pod["metadata"].get("labels") or {}).get(HASH_LABEL) != spared
    ]
    told = f"no pod restarts: all {len(pods)} have this template already"
    if others:
        told = f"{len(others)} of {count_of(len(pods), 'pod restarts', 'pods restart')}"
        told += ", the others have this template already" if len(others) < len(pods) else ""
    return {"pods": len(others), "nodes": _nodes(others), "message": told}


def _none(message: str) -> dict[str, Any]:
    return {"pods": 0, "nodes": [], "message": message}


def _on_delete(before: Mapping[str, Any]) -> str:
    return (
        f"no pod restarts by itself: under OnDelete, each of the {_current(before)} is replaced"
        " when it is deleted"
    )


def _pace(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """How many pods are replaced at a time."""
    rolling = _strategy(after).get("rollingUpdate") or {}
    desired = verdict(before).counts["desired"]
    surge = share_of(rolling.get("maxSurge") or 0, desired, up=True)
    if surge:
        return f", each after its successor is available, at most {surge} at a time"
    most = share_of(rolling.get("maxUnavailable", 1), desired, up=True)
    return f", at most {most} at a time" if most < desired else ""


def _strategy(live: Mapping[str, Any]) -> dict[str, Any]:
    return live["spec"].get("updateStrategy") or {}


def _is_on_delete(live: Mapping[str, Any]) -> bool:
    return _strategy(live).get("type") == "OnDelete"


def _current(live: Mapping[str, Any]) -> int:
    return verdict(live).counts["current"]


def _nodes(pods: list[dict[str, Any]]) -> list[str]:
    named = {node_of(pod) for pod in pods} - {""}
    return sorted(named, key=natural)[:_NAMED]


def _written(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """The resource version of the change; None where it was not made (check mode)."""
    old, new = (one["metadata"].get("resourceVersion") for one in (before, after))
    return None if new in (None, old) else str(new)
