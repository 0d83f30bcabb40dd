# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is about DaemonSets alone: reading one, and the pods that it owns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ForbiddenError
from .connection import Cluster
from .kinds import DAEMONSET
from .objects import list_all, owned_by
from .objects import read as read_object

# So many values of a label, of 63 characters at most, stand in a query.
_VALUES = 50
_PAUSE_SECONDS = 1.0


def path_of(namespace: str, name: str = "") -> str:
    """The API path of a namespace's DaemonSets, or of one of them."""
    return DAEMONSET.path(namespace, name)


def read(cluster: Cluster, namespace: str, name: str, deadline: Deadline) -> dict[str, Any] | None:
    """The live DaemonSet, or None where there is none."""
    return read_object(cluster, DAEMONSET, namespace, name, deadline)


def read_anew(
    cluster: Cluster, namespace: str, name: str, deadline: Deadline
) -> tuple[dict[str, Any] | None, str]:
    """The live DaemonSet, or None where there is none, and a version to watch it from, where the
    server no more has the one that it was watched from.

    That of the object may be as old: it has had it since its last change. So it is listed. Where a
    user may not list, the object's has to do, after a pause, as the answer may be the same again.
    """
    query = {"fieldSelector": f"metadata.name={name}"}
    doing = f"read DaemonSet {namespace}/{name} again"
    try:
        objects, version = listed(cluster, path_of(namespace), query, deadline, doing)
    except ForbiddenError:
        deadline.sleep(_PAUSE_SECONDS)
        found = read(cluster, namespace, name, deadline)
        return found, "" if found is None else str(found["metadata"]["resourceVersion"])
    return (objects[0] if objects else None), version


def listed(
    cluster: Cluster, path: str, query: Mapping[str, str], deadline: Deadline, doing: str
) -> tuple[list[dict[str, Any]], str]:
    """The DaemonSets of a namespace or of all, as the path says, and the list's version."""
    found, version = list_all(cluster, path, query, deadline, doing)
    # In a list, the server's answer says the kind once for all.
    kind = {"apiVersion": "apps/v1", "kind": "DaemonSet"}
    return [{**kind, **one} for one in found], version


def pods_of(
    cluster: Cluster, live: Mapping[str, Any], deadline: Deadline, node: str | None = None
) -> tuple[list[dict[str, Any]], str]:
    """The pods that this very DaemonSet owns (by uid), and the list's resourceVersion.

    With a node, only those that are on it: not one that has yet to be scheduled there.
    """
    namespace = live["metadata"]["namespace"]
    pods, version = list_all(
        cluster,
        f"/api/v1/namespaces/{namespace}/pods",
        pods_query(live, node),
        deadline,
        f"list the pods of DaemonSet {namespace}/{live['metadata']['name']}",
    )
    return owned_by(pods, live["metadata"]["uid"]), version


def pods_query(live: Mapping[str, Any], node: str | None = None) -> dict[str, str]:
    """The query for a DaemonSet's pods, or for those on one node: others may match it, too."""
    query = {"labelSelector": label_selector(live.get("spec", {}).get("selector") or {})}
    if node is not None:
        query["fieldSelector"] = f"spec.nodeName={node}"
    return query


def label_selector(selector: Mapping[str, Any]) -> str:
    """A LabelSelector as the query parameter ``labelSelector`` takes it."""
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or []:
        key, operator = expression["key"], expression["operator"]
        values = ",".join(expression.get("values") or [])
        parts.append(
            {
                "In": f"{key} in ({values})",
                "NotIn": f"{key} notin ({values})",
                "Exists": key,
                "DoesNotExist": f"!{key}",
            }[operator]
        )
    return ",".join(parts)


def common_selector(daemonsets: Sequence[Mapping[str, Any]]) -> str:
    """A label selector that every pod of any of the DaemonSets matches, and few others; empty where
    they have no label in common. That of a single one is its own.
    """
    if len(daemonsets) == 1:
        return label_selector(daemonsets[0]["spec"].get("selector") or {})
    labels = [(one["spec"].get("selector") or {}).get("matchLabels") or {} for one in daemonsets]
    shared = [key for key in labels[0] if all(key in one for one in labels)] if labels else []
    parts = []
    for key in shared:
        values = sorted({one[key] for one in labels})
        # It travels in the address, which has to stay short.
        parts.append(f"{key} in ({','.join(values)})" if len(values) <= _VALUES else key)
    return ",".join(parts)
