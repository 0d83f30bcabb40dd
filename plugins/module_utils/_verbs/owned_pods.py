# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pods of the DaemonSets that ``daemonset_info`` shows, cut down to what is looked at.

A page at a time is in memory as the server sent it, so that thousands of pods do not take hundreds
of megabytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ForbiddenError
from .._cluster import lists
from .._cluster.daemonsets import common_selector
from .._cluster.smaller import CONTAINER_STATUS, small_pod, some
from .._nodes.pods import is_ending, is_ready
from .reach import Reach, in_each, in_words, path_of, warn_of
from .verb import Task

# One list of the whole cluster costs less than lists of more namespaces.
_FEW_NAMESPACES = 5
# The pods of more nodes are found in a list of all.
_FEW_NODES = 5
# No other name can be that of a node, and some characters mean something in a selector.
_NAME = re.compile(r"[a-z0-9.-]+")

_METADATA = (
    "name",
    "namespace",
    "uid",
    "labels",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "finalizers",
    "ownerReferences",
)
_SPEC = ("nodeName", "hostNetwork", "readinessGates", "schedulerName")
_CONTAINER = ("name", "image")
_STATUS = ("phase", "reason", "message", "podIP", "hostIP", "startTime")

_Object = dict[str, Any]


def pods_of(
    task: Task,
    shown: Sequence[Mapping[str, Any]],
    reach: Reach,
    deadline: Deadline,
    nodes: Sequence[str] | None = None,
) -> list[list[_Object] | None]:
    """The pods that each DaemonSet owns (by uid); None, with a warning, where they may not be
    listed.

    One list for each namespace, or for the whole cluster where that was read and many namespaces
    are shown.

    Args:
        task: its connection is used.
        shown: the DaemonSets.
        reach: where they were read.
        deadline: when to give up.
        nodes: only pods on these are needed, or meant for them; there may be others.

    Raises:
        ClusterError: in one of its other kinds than ForbiddenError.
    """
    places: dict[str, list[Mapping[str, Any]]] = {}
    for item in shown:
        places.setdefault(item["metadata"]["namespace"], []).append(item)
    owned: dict[str, list[_Object]] = {item["metadata"]["uid"]: [] for item in shown}
    if reach.namespaces is None and len(places) > _FEW_NAMESPACES:
        try:
            return _by_owner(shown, _list(task, None, shown, nodes, deadline), owned)
        except ForbiddenError:
            # Some of the namespaces may do.
            pass
    names = list(places)
    if not names:
        return []
    answers = in_each(names, lambda name: _list(task, name, places[name], nodes, deadline))
    warn_of(task, "pods", answers)
    denied = set()
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, ForbiddenError):
            denied.add(name)
        else:
            _by_owner(places[name], answer, owned)
    return [
        None if item["metadata"]["namespace"] in denied else owned[item["metadata"]["uid"]]
        for item in shown
    ]


def _by_owner(
    items: Sequence[Mapping[str, Any]], pods: Sequence[_Object], owned: dict[str, list[_Object]]
) -> list[list[_Object] | None]:
    for pod in pods:
        for owner in pod["metadata"].get("ownerReferences") or []:
            if owner.get("uid") in owned:
                owned[owner["uid"]].append(pod)
    return [owned[item["metadata"]["uid"]] for item in items]


def _list(
    task: Task,
    namespace: str | None,
    items: Sequence[Mapping[str, Any]],
    nodes: Sequence[str] | None,
    deadline: Deadline,
) -> list[_Object]:
    uids = {item["metadata"]["uid"] for item in items}
    selector = common_selector(items)
    labels = {"labelSelector": selector} if selector else {}
    found: dict[str, _Object] = {}
    for fields in _narrow(nodes):
        pods = lists.each(
            task.cluster,
            f"/api/v1{path_of(namespace)}/pods",
            {**labels, **fields},
            deadline,
            f"list pods {in_words(namespace)}",
        )
        found |= {pod["metadata"]["uid"]: cut_down(pod) for pod in pods if _is_of(pod, uids)}
    return list(found.values())


def _narrow(nodes: Sequence[str] | None) -> Iterator[dict[str, str]]:
    """The queries for the pods on some nodes: of thousands, a few are sent."""
    names = [] if nodes is None else list(dict.fromkeys(nodes))
    if not 0 < len(names) <= _FEW_NODES or not all(_NAME.fullmatch(name) for name in names):
        yield {}
        return
    # Pods that are not scheduled yet are meant for a node, and on none. One that is scheduled
    # meanwhile is found twice, and not missed.
    for name in ("", *names):
        yield {"fieldSelector": f"spec.nodeName={name}"}


def _is_of(pod: Mapping[str, Any], uids: set[str]) -> bool:
    return any(one.get("uid") in uids for one in pod["metadata"].get("ownerReferences") or [])


def cut_down(pod: Mapping[str, Any]) -> _Object:
    """A pod with what is shown and looked at, and no more."""
    metadata, spec, status = pod["metadata"], pod.get("spec") or {}, pod.get("status") or {}
    is_well = is_ready(pod) and not is_ending(pod)
    small = some(spec, _SPEC)
    for key in ("initContainers", "containers"):
        if spec.get(key):
            small[key] = [some(one, _CONTAINER) for one in spec[key]]
    if not is_well:
        small |= small_pod(pod)["spec"]
    shown = some(status, _STATUS)
    shown["conditions"] = [
        one for one in status.get("conditions") or [] if one.get("type") == "Ready" or not is_well
    ]
    for key in ("initContainerStatuses", "containerStatuses"):
        if status.get(key):
            shown[key] = [some(one, CONTAINER_STATUS) for one in status[key]]
    return {"metadata": some(metadata, _METADATA), "spec": small, "status": shown}
