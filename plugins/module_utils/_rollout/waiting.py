# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for a rollout or for a removal, by watch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError, DeadlineError, ExpiredError, ForbiddenError, RolloutError
from .._base.words import count_of, natural, some_of
from .._cluster import daemonsets
from .._cluster.connection import Cluster
from .._nodes.pods import node_of
from .._nodes.readiness import Verdict, is_seen, verdict
from .patience import WAIT_SPEC, Patience, check_patience, patience_of

__all__ = [
    "WAIT_SPEC",
    "Patience",
    "Progress",
    "check_patience",
    "left_over",
    "patience_of",
    "until_gone",
    "until_observed",
    "until_ready",
]

Progress = Callable[[str], None]


def until_ready(
    cluster: Cluster,
    live: dict[str, Any],
    patience: Patience,
    deadline: Deadline,
    progress: Progress,
) -> tuple[dict[str, Any], Verdict]:
    """Wait until the DaemonSet is ready, and return it as it was then.

    Args:
        cluster: the connection.
        live: the DaemonSet as the change left it.
        patience: what the wait puts up with.
        deadline: the task's.
        progress: takes lines for a person who waits.

    Raises:
        RolloutError: it is not ready in time, or will not be, or was deleted; its details say why,
            and what ended the wait (``failed_by``).
        ClusterError: it cannot be watched.
    """
    current = verdict(live)
    if current.ready:
        return live, current
    # What few tasks need is imported where it is needed: a module is compiled anew in each task.
    from . import following, watching

    metadata = live["metadata"]
    one = following.Following(live, patience, time.monotonic())
    scope = watching.Scope(metadata["namespace"], metadata["resourceVersion"], metadata["name"])
    try:
        watching.follow(cluster, [one], [scope], deadline, progress)
    except ClusterError as error:
        error.details.setdefault("rollout", one.found.as_result())
        raise
    if one.error is not None:
        raise one.error
    return one.live, one.found


def until_observed(
    cluster: Cluster,
    live: dict[str, Any],
    deadline: Deadline,
    progress: Progress = lambda _line: None,
) -> dict[str, Any]:
    """Wait until the controller has seen the DaemonSet's generation; the object as it was then.

    Raises:
        RolloutError: it has not in time, or the DaemonSet was deleted meanwhile.
        ClusterError: it cannot be watched.
    """
    if is_seen(live):
        return live
    from . import observing
    from .wait_failures import was_deleted

    def judge(found: dict[str, Any] | None) -> None:
        if found is None or found["metadata"]["uid"] != live["metadata"]["uid"]:
            raise was_deleted(live, replace(verdict(live), ready=False, state="deleted"))

    try:
        return observing.until_observed(cluster, live, deadline, progress, judge)
    except DeadlineError as error:
        found = error.details.get("rollout") or verdict(live).as_result()
        told = {**found, "failed_by": "timeout"}
        raise RolloutError(error.message, advice=error.advice, details={"rollout": told}) from None


def _snapshots(
    cluster: Cluster, live: Mapping[str, Any], deadline: Deadline
) -> Iterator[dict[str, Any] | None]:
    """The object at each change until the deadline; None once it is gone."""
    namespace, name = live["metadata"]["namespace"], live["metadata"]["name"]
    version = live["metadata"]["resourceVersion"]
    query = {"fieldSelector": f"metadata.name={name}"}
    while not deadline.passed():
        try:
            for event in cluster.watch(
                daemonsets.path_of(namespace),
                query=query,
                resource_version=version,
                deadline=deadline,
            ):
                yield None if event["type"] == "DELETED" else event["object"]
        except ExpiredError:
            current, version = daemonsets.read_anew(cluster, namespace, name, deadline)
            yield current


def until_gone(
    cluster: Cluster,
    live: Mapping[str, Any],
    propagation_policy: str,
    deadline: Deadline,
    progress: Progress,
) -> str:
    """Wait until the DaemonSet is gone and, unless they were orphaned, its pods are too.

    Returns:
        A sentence where that could not be seen for lack of a right, else nothing.

    Raises:
        RolloutError: something was left when the time was up.
    """
    namespace, name = live["metadata"]["namespace"], live["metadata"]["name"]
    uid = live["metadata"]["uid"]
    left: list[dict[str, Any]] = []
    last = live
    try:
        found = daemonsets.read(cluster, namespace, name, deadline)
        if found is not None and found["metadata"]["uid"] == uid:
            progress(f"{namespace}/{name}: being deleted")
            last = found
            for snapshot in _snapshots(cluster, found, deadline):
                if snapshot is None or snapshot["metadata"]["uid"] != uid:
                    break
                last = snapshot
            else:
                raise left_over(live, last, left, deadline)
        if propagation_policy != "Orphan":
            left = _pods_until_gone(cluster, live, deadline, progress)
    except DeadlineError:
        raise left_over(live, last, left, deadline) from None
    except ForbiddenError as error:
        return f"The task could not wait until all of {namespace}/{name} was gone: {error.message}"
    if left:
        raise left_over(live, last, left, deadline)
    return ""


def _pods_until_gone(
    cluster: Cluster, live: Mapping[str, Any], deadline: Deadline, progress: Progress
) -> list[dict[str, Any]]:
    """Wait until a removed DaemonSet has no pod left; those that are left when the time is up."""
    namespace, name = live["metadata"]["namespace"], live["metadata"]["name"]
    selector = daemonsets.label_selector(live["spec"]["selector"])
    while True:
        pods, version = daemonsets.pods_of(cluster, live, deadline)
        left = {pod["metadata"]["uid"]: pod for pod in pods}
        if not left:
            return []
        progress(f"{namespace}/{name}: {count_of(len(left), 'pod is', 'pods are')} ending")
        try:
            for event in cluster.watch(
                f"/api/v1/namespaces/{namespace}/pods",
                query={"labelSelector": selector},
                resource_version=version,
                deadline=deadline,
            ):
                if event["type"] == "DELETED":
                    left.pop(event["object"]["metadata"]["uid"], None)
                    if not left:
                        return []
        except ExpiredError:
            continue
        except DeadlineError:
            return list(left.values())
        if deadline.passed():
            return list(left.values())


def left_over(
    live: Mapping[str, Any],
    last: Mapping[str, Any],
    pods: list[dict[str, Any]],
    deadline: Deadline,
) -> RolloutError:
    """The failure of a removal that took too long.

    Args:
        live: the DaemonSet as it was.
        last: as it was last seen.
        pods: those of it that are left.
        deadline: the task's.
    """
    namespace, name = live["metadata"]["namespace"], live["metadata"]["name"]
    if pods:
        where = some_of(sorted(map(node_of, pods), key=natural), 5)
        what = f"{len(pods)} of its pods {'is' if len(pods) == 1 else 'are'} left (nodes: {where})"
        held = _finalizers(pods)
        what += f", held by finalizers: {held}" if held else ""
    else:
        held = _finalizers([last])
        what = f"it is held by finalizers: {held}" if held else "it is still there"
    return RolloutError(
        f"DaemonSet {namespace}/{name} was deleted, but after {deadline.seconds:g} seconds {what}.",
        advice="Give it more time with wait_timeout, or look at what holds it.",
        details={"rollout": {"ready": False, "state": "deleting", "message": what}},
    )


def _finalizers(objects: Iterable[Mapping[str, Any]]) -> str:
    """All finalizers of some objects."""
    found = (name for one in objects for name in one["metadata"].get("finalizers") or [])
    return some_of(list(dict.fromkeys(found)), 5)
