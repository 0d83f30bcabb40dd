# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pods a change restarts, told before it happens, or as it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError
from .._base.words import count_of, some_of
from .._cluster.connection import Cluster
from .._cluster.objects import owned_by
from .._cluster.revisions import is_template
from .._nodes.readiness import verdict
from .._nodes.trouble import MAX_NODES_NAMED
from .._spec.shares import share_of
from . import fates
from .fates import Fates
from .restart import is_on_delete

Nodes = list[dict[str, Any]]
_NAMED = 20
# What of a template says which nodes are eligible.
_PLACING = ("nodeName", "nodeSelector", "affinity", "tolerations", "hostNetwork")
_NODES_UNKNOWN = "whether all of their nodes stay eligible is not known: nodes cannot be listed"
_NEW = {"pods": 0, "nodes": [], "message": "no pod restarts: the DaemonSet is new"}


def restarts(
    cluster: Cluster,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    deadline: Deadline,
    *,
    at: str | None = None,
    nodes: Callable[[], Nodes | None] | None = None,
) -> dict[str, Any]:
    """How many pods restart by a change of a DaemonSet, where, and a sentence about it.

    By another template all pods restart, so mostly a few are listed, to name their nodes; none
    where the change is made already. All are looked at only where some may have the template
    already, as the rollout before is not finished, or where some get no successor, as their nodes
    are not eligible. Of taints that came later the status does not tell
    (pkg/controller/daemon/daemon_controller.go, nodes that get a NoSchedule taint are not synced),
    so before the change the nodes are read for that.

    Args:
        cluster: the connection.
        before: the DaemonSet before the change; None where there was none, nor any pods.
        after: as the change makes it, or has made it.
        deadline: the task's.
        at: the resource version before the change, where that took several writes.
        nodes: gives those of the cluster, None where they may not be read; by default they are
            read.

    Returns:
        ``pods``, ``nodes`` (some) and ``message``.
    """
    if before is None:
        return dict(_NEW)
    if same(before, after) and not _goes_on(before, after):
        told = "no pod restarts: the template stays as it is"
        goes_on = _is_unfinished(before) and not is_on_delete(after)
        told += "; the rollout before goes on" if goes_on else ""
        return {"pods": 0, "nodes": [], "message": told}
    stays_put = is_on_delete(after) and _placing(before) == _placing(after)
    if stays_put and not _is_unfinished(before):
        return in_words(Fates(verdict(before).counts["current"]), after)
    read = nodes or (lambda: nodes_of(cluster, deadline))
    at = at or _written(before, after)
    return in_words(_fates(cluster, before, after, deadline, at, read), after)


def of_new(
    cluster: Cluster,
    after: Mapping[str, Any],
    deadline: Deadline,
    pods: Iterable[Mapping[str, Any]],
) -> dict[str, Any]:
    """The same for a DaemonSet that is made, and takes over pods that are there already."""
    standing = fates.standing_on(pods)
    if not standing:
        return dict(_NEW)
    spared = fates.hashes(cluster, after, deadline)
    told = in_words(fates.of_pods(standing.values(), after, spared), after)
    told["message"] += f"; it takes over {count_of(len(standing), 'pod')} that ran before"
    return told


def after_all_ended(after: Mapping[str, Any], found: Fates) -> dict[str, Any]:
    """The same where all pods end before new ones are made.

    Args:
        after: the DaemonSet as it is made.
        found: the pods that there were.
    """
    return in_words(found, after, pace=", after all of them have ended")


def rebuilt(
    cluster: Cluster, before: Mapping[str, Any], after: Mapping[str, Any], deadline: Deadline
) -> dict[str, Any]:
    """The same where all pods end before the new ones are made, which come on eligible nodes only.

    Args:
        cluster: the connection.
        before: the DaemonSet before.
        after: as the rebuild makes it.
        deadline: the task's.
    """
    nodes, places = nodes_of(cluster, deadline), _placing(before) != _placing(after)
    counts = verdict(before).counts
    lacks = places or bool(counts["misscheduled"])
    if not (lacks or fates.lacks_eligible(after, nodes, counts["current"])):
        return after_all_ended(after, fates.some(cluster, before, deadline))
    try:
        pods, _is_all = fates.listed(cluster, before, deadline)
    except ClusterError as error:
        told = f"there may be fewer: {fates.why(error)}"
        return after_all_ended(after, Fates(counts["current"], unknown=told))
    owned = owned_by(pods, before["metadata"]["uid"])
    found = fates.of_pods(owned, after, (), nodes or [], before, all_end=True)
    if nodes is None and places:
        found = replace(found, unknown=_NODES_UNKNOWN)
    return after_all_ended(after, found)


def same(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether the template stays exactly as it is, so that the controller makes no revision."""
    return is_template(before["spec"]["template"], after["spec"]["template"])


def nodes_of(cluster: Cluster, deadline: Deadline) -> Nodes | None:
    """The nodes of the cluster, cut down to what says which are eligible; None where they cannot be
    read.
    """
    from .._cluster import evidence

    try:
        return evidence.nodes(cluster, deadline)
    except ClusterError:
        return None


def _fates(
    cluster: Cluster,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    deadline: Deadline,
    at: str | None,
    read: Callable[[], Nodes | None],
) -> Fates:
    """What becomes of the pods that another template replaces; see `restarts`."""
    counts, places = verdict(before).counts, _placing(before) != _placing(after)
    lacks, is_unfinished = places or bool(counts["misscheduled"]), _is_unfinished(before)
    nodes = read() if lacks or at is None else None
    lacks = lacks or fates.lacks_eligible(after, nodes, counts["current"])
    if not (lacks or is_unfinished):
        is_made = at is not None
        return Fates(counts["current"]) if is_made else fates.some(cluster, before, deadline)
    spared = fates.hashes(cluster, after, deadline) if is_unfinished else frozenset()
    try:
        pods, _is_all = fates.listed(cluster, before, deadline, at=at)
    except ClusterError as error:
        return Fates(counts["current"], unknown=f"there may be fewer: {fates.why(error)}")
    owned = owned_by(pods, before["metadata"]["uid"])
    found = fates.of_pods(owned, after, spared, nodes or [], before)
    if nodes is not None or not places:
        return found
    return replace(found, unknown=_NODES_UNKNOWN)


def _goes_on(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether pods that waited for their deletion are now replaced by the controller."""
    return is_on_delete(before) and not is_on_delete(after) and _is_unfinished(before)


def _is_unfinished(live: Mapping[str, Any]) -> bool:
    """Whether there may be pods of several templates."""
    found = verdict(live)
    return found.state == "observing" or found.counts["updated"] < found.counts["desired"]


def _placing(live: Mapping[str, Any]) -> list[Any]:
    spec = live["spec"]["template"].get("spec") or {}
    return [spec.get(key) for key in _PLACING]


def in_words(found: Fates, after: Mapping[str, Any], pace: str | None = None) -> dict[str, Any]:
    """What a result says of the pods that restart.

    Args:
        found: what becomes of them.
        after: the DaemonSet as the change makes it.
        pace: how they are replaced; by default, as its update strategy says.
    """
    count, nodes = found.restart, list(found.nodes[:_NAMED])
    if not count:
        told = "no pod restarts"
        if found.stay:
            told += f": all {found.stay} have this template already"
        elif not found.end:
            told += ": there is none"
    elif is_on_delete(after) and pace is None:
        each = "1 pod is" if count == 1 else f"each of the {count} is"
        told = f"no pod restarts by itself: under OnDelete, {each} replaced"
        told += " when it is deleted"
        told += "; the others have this template already" if found.stay else ""
        count, nodes = 0, []
    else:
        among = f"{count} of " if found.stay else ""
        told = among + count_of(count + found.stay, "pod restarts", "pods restart")
        told += _pace(after, count + found.stay) if pace is None else pace
        told += "; the others have this template already" if found.stay else ""
    if found.end:
        ends = count_of(len(found.end), "pod ends", "pods end")
        told += f"; {ends} without a successor, on nodes that are not eligible: {_some(found.end)}"
    if found.begin:
        told += (
            f"; {count_of(len(found.begin), 'node gets', 'nodes get')} one: {_some(found.begin)}"
        )
    if found.unknown:
        told += f"; {found.unknown}"
    return {"pods": count, "nodes": nodes, "message": told}


def _some(nodes: Any) -> str:
    return some_of(list(nodes), MAX_NODES_NAMED)


def _pace(after: Mapping[str, Any], pods: int) -> str:
    """How many pods are replaced at a time."""
    rolling = (after["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    # A new DaemonSet has no status yet.
    desired = verdict(after).counts["desired"] or pods
    surge = share_of(rolling.get("maxSurge") or 0, desired, up=True)
    if surge:
        return f", each after its successor is available, at most {surge} at a time"
    most = share_of(rolling.get("maxUnavailable", 1), desired, up=True)
    return f", at most {most} at a time" if most < desired else ""


def _written(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """The resource version of the change; None where it was not made (check mode)."""
    old, new = (one["metadata"].get("resourceVersion") for one in (before, after))
    return None if new in (None, old) else str(new)
