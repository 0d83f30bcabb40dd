# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of each pod of a DaemonSet by a change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError, ForbiddenError
from .._base.words import natural
from .._cluster import daemonsets
from .._cluster.connection import Cluster
from .._cluster.objects import owned_by
from .._cluster.revisions import HASH_LABEL, is_template, revisions_in
from .._nodes.pods import is_ending, node_of, revision_of
from .restart import is_on_delete

_FEW = 20
# The taints of a node that is not Ready.
_AWAY = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


@dataclass(frozen=True)
class Fates:
    """What becomes of the pods. A node counts once, also where it has a successor already.

    Attributes:
        restart: how many are replaced by one of the new template.
        nodes: where, as far as they were looked at.
        stay: how many have the new template already.
        end: the nodes whose pod goes and gets no successor.
        begin: the nodes that had none and get one.
        unknown: what is not known, a clause, or empty.
    """

    restart: int
    nodes: Sequence[str] = ()
    stay: int = 0
    end: Sequence[str] = ()
    begin: Sequence[str] = ()
    unknown: str = ""


def of_pods(
    pods: Iterable[Mapping[str, Any]],
    after: Mapping[str, Any],
    spared: Collection[str] = (),
    nodes: Collection[Mapping[str, Any]] = (),
    before: Mapping[str, Any] | None = None,
    *,
    all_end: bool = False,
) -> Fates:
    """What becomes of these pods, one by one. Pure.

    A rolling update also deletes old pods on nodes that are not eligible, such as under a
    NoSchedule taint that came later, and none follows
    (pkg/controller/daemon/update.go, rollingUpdate).

    Args:
        pods: all of the DaemonSet.
        after: the DaemonSet as the change makes it.
        spared: the hashes of the pods that have its template already.
        nodes: all of the cluster, where it matters which are eligible.
        before: the DaemonSet before the change, where that matters.
        all_end: whether all are deleted whatever the update strategy is.
    """
    standing, rolls = standing_on(pods), all_end or not is_on_delete(after)
    pods_end, begin = _by_node(nodes, standing, before, after)
    restart: list[str] = []
    stay: list[str] = []
    end: list[str] = []
    for node, pod in standing.items():
        is_new = revision_of(pod) in spared
        if node in pods_end and (pods_end[node] or (rolls and not is_new)):
            end.append(node)
        else:
            (stay if is_new else restart).append(node)
    return Fates(len(restart), restart, len(stay), end, begin)


def _by_node(
    nodes: Collection[Mapping[str, Any]],
    standing: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
) -> tuple[dict[str, bool], list[str]]:
    """The nodes that are not eligible, and whether the controller deletes the pods there whatever
    their template; and the nodes that get their first pod.
    """
    if not nodes:
        return {}, []
    from .._nodes.eligibility import name_of, why_not

    pods_end, begin = {}, []
    for node in map(once_back, nodes):
        name, absence = name_of(node), why_not(after, node)
        if absence is not None:
            pods_end[name] = absence.pods_end
        elif name not in standing and before is not None and why_not(before, node) is not None:
            begin.append(name)
    return pods_end, sorted(begin, key=natural)


def lacks_eligible(
    daemonset: Mapping[str, Any], nodes: Iterable[Mapping[str, Any]] | None, pods: int
) -> bool:
    """Whether there are fewer eligible nodes than pods, as far as nodes may be read."""
    if nodes is None:
        return False
    from .._nodes.eligibility import why_not

    return sum(why_not(daemonset, once_back(node)) is None for node in nodes) < pods


def barred(
    daemonset: Mapping[str, Any], nodes: Iterable[Mapping[str, Any]], names: Collection[str]
) -> list[str]:
    """Those of these nodes that are not eligible, so that a pod there has no successor."""
    from .._nodes.eligibility import name_of, why_not

    found = {name_of(node) for node in nodes if why_not(daemonset, once_back(node)) is not None}
    return [name for name in names if name in found]


def once_back(node: Mapping[str, Any]) -> dict[str, Any]:
    """A node that is away, as it is once it is back: its pod restarts then."""
    spec = node.get("spec") or {}
    taints = [one for one in spec.get("taints") or [] if one.get("key") not in _AWAY]
    return {**node, "spec": {**spec, "taints": taints}}


def standing_on(pods: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The pod of each node, in order: the oldest that is not ending, and not its successor."""
    found: dict[str, Mapping[str, Any]] = {}
    for pod in sorted(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp"))):
        if node_of(pod) and not is_ending(pod):
            found.setdefault(node_of(pod), pod)
    return {node: found[node] for node in sorted(found, key=natural)}


def some(cluster: Cluster, live: Mapping[str, Any], deadline: Deadline) -> Fates:
    """Those of a DaemonSet all of whose pods restart: a few are looked at, to name their nodes."""
    count = int((live.get("status") or {}).get("currentNumberScheduled") or 0)
    try:
        pods, is_all = listed(cluster, live, deadline, most=_FEW)
    except ClusterError as error:
        return Fates(count, unknown=f"on which nodes is not known: {why(error)}")
    nodes = list(standing_on(owned_by(pods, live["metadata"]["uid"])))
    return Fates(len(nodes) if is_all else count, nodes)


def listed(
    cluster: Cluster,
    live: Mapping[str, Any],
    deadline: Deadline,
    *,
    at: str | None = None,
    most: int | None = None,
) -> tuple[list[dict[str, Any]], bool]:
    """The pods that a DaemonSet's selector matches, and whether that is all of them.

    Args:
        cluster: the connection.
        live: the DaemonSet.
        deadline: the task's.
        at: the resource version at which they are listed, before the controller saw a change; where
            the server knows it no longer, as they are.
        most: no more than so many.
    """
    namespace, name = live["metadata"]["namespace"], live["metadata"]["name"]
    query = daemonsets.pods_query(live)
    query |= {} if most is None else {"limit": str(most)}
    query |= {} if at is None else {"resourceVersion": at, "resourceVersionMatch": "Exact"}
    try:
        found = cluster.request(
            "GET",
            f"/api/v1/namespaces/{namespace}/pods",
            query=query,
            deadline=deadline,
            doing=f"list the pods of DaemonSet {namespace}/{name}",
        ).body
    except ForbiddenError:
        raise
    except ClusterError:
        if at is None or deadline.passed():
            raise
        # The server keeps the past for some minutes only, and some keep none.
        return listed(cluster, live, deadline, most=most)
    return found.get("items") or [], not found["metadata"].get("continue")


def hashes(cluster: Cluster, live: Mapping[str, Any], deadline: Deadline) -> frozenset[str]:
    """The label of the pods that have the template of a DaemonSet already, whoever made them; empty
    where revisions cannot be listed, so that more pods are told than restart.
    """
    namespace, template = live["metadata"]["namespace"], live["spec"]["template"]
    selector = daemonsets.label_selector(live["spec"]["selector"])
    doing = f"list the revisions of DaemonSet {namespace}/{live['metadata']['name']}"
    try:
        found = revisions_in(cluster, namespace, deadline, selector=selector, doing=doing)
    except ClusterError:
        return frozenset()
    return frozenset(
        str((one["metadata"].get("labels") or {}).get(HASH_LABEL))
        for one in found
        if is_template(_template_of(one), template)
    )


def _template_of(revision: Mapping[str, Any]) -> dict[str, Any]:
    found = revision["data"]["spec"]["template"]
    return {key: value for key, value in found.items() if key != "$patch"}


def why(error: ClusterError) -> str:
    """Why pods are not known, a clause."""
    if isinstance(error, ForbiddenError):
        return "listing pods is forbidden"
    return error.message.rstrip(".")
