# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for a rollout or for a removal, by watch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError, DeadlineError, ForbiddenError, RolloutError
from .._cluster import daemonsets
from .._cluster.connection import Cluster
from .._cluster.failures import ExpiredError
from .._nodes import diagnosis
from .._nodes.pods import node_of
from .._nodes.readiness import Verdict, verdict
from .patience import WAIT_SPEC, Patience, check_patience, patience_of

__all__ = [
    "WAIT_SPEC",
    "Patience",
    "Progress",
    "Told",
    "check_patience",
    "left_over",
    "patience_of",
    "timed_out",
    "until_gone",
    "until_ready",
    "was_deleted",
]

Progress = Callable[[str], None]
_BETWEEN_LINES = 1.0
_FOR_REASONS = 20.0


def until_ready(
    cluster: Cluster,
    live: dict[str, Any],
    patience: Patience,
    deadline: Deadline,
    progress: Progress,
) -> tuple[dict[str, Any], Verdict]:
    """Wait until the DaemonSet is ready, and return it as it was then.

    Raises:
        RolloutError: it was deleted, or was not ready in time; its details say why.
    """
    told = Told(progress, live)
    current = verdict(live)
    if current.ready:
        return live, current
    told.line(current)
    try:
        for snapshot in _snapshots(cluster, live, deadline):
            if snapshot is None or snapshot["metadata"]["uid"] != live["metadata"]["uid"]:
                raise was_deleted(live, current)
            live, current = snapshot, verdict(snapshot)
            told.line(current)
            if current.ready:
                return live, current
    except DeadlineError:
        pass
    raise timed_out(cluster, live, current, deadline)


class Told:
    """Progress lines: a new one only where something moved, and not many a second."""

    def __init__(self, progress: Progress, live: Mapping[str, Any]):
        self._progress = progress
        self._name = f"{live['metadata']['namespace']}/{live['metadata']['name']}"
        self._last = ""
        self._when = 0.0

    def line(self, current: Verdict) -> None:
        if current.message == self._last:
            return
        if not current.ready and time.monotonic() - self._when < _BETWEEN_LINES:
            return
        self._last, self._when = current.message, time.monotonic()
        self._progress(f"{self._name}: {current.message}")


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
            current = daemonsets.read(cluster, namespace, name, deadline)
            yield current
            if current is not None:
                version = current["metadata"]["resourceVersion"]


def was_deleted(live: Mapping[str, Any], current: Verdict) -> RolloutError:
    """The failure of a wait for a DaemonSet that went away meanwhile."""
    namespace, name = live["metadata"]["namespace"], live["metadata"]["name"]
    return RolloutError(
        f"DaemonSet {namespace}/{name} was deleted while the task waited for its rollout.",
        advice="Somebody or something else removed it: run the task again once that is settled.",
        details={"rollout": {**current.as_result(), "ready": False, "state": "deleted"}},
    )


def reasons_for(cluster: Cluster, live: Mapping[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """Why pods are not available, grouped by cause, and a sentence where that cannot be read.

    It has a short deadline of its own, since it is asked for when the task's has passed.
    """
    try:
        pods, _version = daemonsets.pods_of(cluster, live, Deadline(_FOR_REASONS))
    except ForbiddenError:
        return [], "The reasons are unknown: listing pods is forbidden."
    except ClusterError as error:
        return [], f"The reasons are unknown: {error.message}"
    found = diagnosis.reasons(live, pods)
    return found, ""


def timed_out(
    cluster: Cluster, live: Mapping[str, Any], current: Verdict, deadline: Deadline
) -> RolloutError:
    """The failure of a wait for a DaemonSet that was not ready in time, with the reasons."""
    namespace, name = live["metadata"]["namespace"], live["metadata"]["name"]
    found, unknown = reasons_for(cluster, live)
    why = f" Reasons: {diagnosis.in_words(found)}." if found else f" {unknown}".rstrip()
    return RolloutError(
        f"DaemonSet {namespace}/{name} is not ready after {deadline.seconds:g} seconds:"
        f" {current.message}.{why}",
        advice="Mend the cause, or give it more time with wait_timeout.",
        details={"rollout": {**current.as_result(), "reasons": found}},
    )


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
        progress(f"{namespace}/{name}: {len(left)} pods are ending")
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
        where = ", ".join(sorted(node_of(pod) for pod in pods)[:5])
        what = f"{len(pods)} of its pods are left (nodes: {where})"
    else:
        held = ", ".join(last["metadata"].get("finalizers") or [])
        what = f"it is held by finalizers: {held}" if held else "it is still there"
    return RolloutError(
        f"DaemonSet {namespace}/{name} was deleted, but after {deadline.seconds:g} seconds {what}.",
        advice="Give it more time with wait_timeout, or look at what holds it.",
        details={"rollout": {"ready": False, "state": "deleting", "message": what}},
    )
