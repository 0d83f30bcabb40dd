# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for many DaemonSets of a namespace at once: one watch, one deadline."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError, ExpiredError, ForbiddenError
from .._base.words import count_of
from .._cluster import daemonsets
from .._cluster.connection import Cluster
from .._cluster.objects import list_all, owned_by
from . import waiting, watching
from .batch import Batch, Member
from .following import Following


def until_all_ready(
    cluster: Cluster,
    batch: Batch,
    patience: waiting.Patience,
    deadline: Deadline,
    progress: waiting.Progress,
) -> None:
    """Wait until every member without an error is ready, or has one: it was deleted, is not ready
    in time, or will not be.
    """
    members = [member for member in batch.members if member.error is None]
    now = time.monotonic()
    followed = [Following(member.live, patience, now) for member in members]
    failed: ClusterError | None = None
    try:
        scopes = [watching.Scope(batch.namespace, batch.version)]
        watching.follow(cluster, followed, scopes, deadline, progress)
    except ClusterError as error:
        failed = error
    for member, one in zip(members, followed, strict=True):
        member.live, member.found = one.live, one.found
        member.error = one.error if one.ended else failed


def _fail(members: Iterable[Member], error: ClusterError) -> None:
    for member in members:
        member.error = error


def _events(
    cluster: Cluster, batch: Batch, deadline: Deadline
) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """(uid, object) at each change until the deadline; None for the object once it is gone.

    The whole namespace is watched: one whose labels change would seem to be gone from a watch with
    a selector.
    """
    path, version = daemonsets.path_of(batch.namespace), batch.version
    while not deadline.passed():
        try:
            for event in cluster.watch(path, query={}, resource_version=version, deadline=deadline):
                found = event["object"]
                yield found["metadata"]["uid"], None if event["type"] == "DELETED" else found
        except ExpiredError:
            doing = f"list the DaemonSets of namespace {batch.namespace}"
            objects, version = list_all(cluster, path, {}, deadline, doing)
            there = {str(one["metadata"]["uid"]): one for one in objects}
            for uid in {*there, *(member.uid for member in batch.members)}:
                yield uid, there.get(uid)


def until_all_gone(
    cluster: Cluster,
    batch: Batch,
    propagation_policy: str,
    deadline: Deadline,
    progress: waiting.Progress,
) -> None:
    """Wait until every member without an error is gone and, unless they were orphaned, its pods
    are too; those that are not in time get an error.
    """
    removed = [member for member in batch.members if member.error is None]
    there = {member.uid: member for member in removed}
    pods: list[dict[str, Any]] = []
    try:
        _watch_them_go(cluster, batch, there, deadline)
        if propagation_policy != "Orphan" and removed and not there:
            pods = _pods_left(cluster, batch, removed, deadline, progress)
    except ForbiddenError:
        # Without the right to look there is nothing to wait for.
        return
    except ClusterError as error:
        _fail(removed, error)
        return
    for member in removed:
        left_of_it = owned_by(pods, member.uid)
        if member.uid in there or left_of_it:
            member.error = waiting.left_over(member.before, member.live, left_of_it, deadline)


def _watch_them_go(
    cluster: Cluster, batch: Batch, there: dict[str, Member], deadline: Deadline
) -> None:
    """Take each member out of ``there`` once it is gone; return when all are, or time is up."""
    if not there:
        return
    for uid, snapshot in _events(cluster, batch, deadline):
        if uid in there and snapshot is None:
            del there[uid]
        elif uid in there and snapshot is not None:
            there[uid].live = snapshot
        if not there:
            return


def _pods_left(
    cluster: Cluster,
    batch: Batch,
    removed: list[Member],
    deadline: Deadline,
    progress: waiting.Progress,
) -> list[dict[str, Any]]:
    """Wait until removed DaemonSets have no pods; those that are left when the time is up."""
    path = f"/api/v1/namespaces/{batch.namespace}/pods"
    doing = f"list the pods of namespace {batch.namespace}"
    while True:
        pods, version = list_all(cluster, path, {}, deadline, doing)
        left = {
            str(pod["metadata"]["uid"]): pod
            for member in removed
            for pod in owned_by(pods, member.uid)
        }
        if not left:
            return []
        progress(f"{batch.namespace}: {count_of(len(left), 'pod is', 'pods are')} ending")
        try:
            for event in cluster.watch(path, query={}, resource_version=version, deadline=deadline):
                if event["type"] == "DELETED":
                    left.pop(str(event["object"]["metadata"]["uid"]), None)
                if not left:
                    return []
        except ExpiredError:
            continue
        return list(left.values())
