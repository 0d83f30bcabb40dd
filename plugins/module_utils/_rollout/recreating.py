# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creating a DaemonSet again as it was before it was deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError
from .._cluster import daemonsets, managers
from .._cluster.adopting import JSON_PATCH
from .._cluster.connection import Cluster

# Of its own, as it is asked for when the task's deadline may have passed.
_SECONDS = 30.0
_KEPT = ("name", "namespace", "labels", "annotations", "finalizers", "ownerReferences")


def put_back(cluster: Cluster, live: Mapping[str, Any]) -> tuple[bool, str]:
    """Create a deleted DaemonSet again, its fields' owners included.

    Its pods, where they were orphaned, are adopted again, as its template is what it was.

    Returns:
        whether it is there again, and a sentence about it.
    """
    deadline = Deadline(_SECONDS)
    metadata = live["metadata"]
    namespace, name = metadata["namespace"], metadata["name"]
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {key: metadata[key] for key in _KEPT if metadata.get(key)},
        "spec": live["spec"],
    }
    try:
        cluster.request(
            "POST",
            daemonsets.path_of(namespace),
            query={"fieldManager": "everynode"},
            body=manifest,
            deadline=deadline,
            doing=f"create DaemonSet {namespace}/{name} again as it was",
        )
    except ClusterError as error:
        return False, f"The old one could not be created again either: {error.message}"
    try:
        _give_fields_back(cluster, live, deadline)
    except ClusterError as error:
        return True, f"The old one was created again, but without its field managers: {error}"
    return True, "The old one was created again, as it was."


def _give_fields_back(cluster: Cluster, live: Mapping[str, Any], deadline: Deadline) -> None:
    """Write the managedFields of the old object: creating it made all fields ours."""
    owned = [one for one in managers.entries(live) if not one.get("subresource")]
    namespace, name = live["metadata"]["namespace"], live["metadata"]["name"]
    cluster.request(
        "PATCH",
        daemonsets.path_of(namespace, name),
        query={"fieldManager": "everynode"},
        body=[{"op": "replace", "path": "/metadata/managedFields", "value": owned}],
        content_type=JSON_PATCH,
        deadline=deadline,
        doing=f"give the fields of DaemonSet {namespace}/{name} back to their owners",
    )
