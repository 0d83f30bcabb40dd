# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods that keep a former template, since the update strategy leaves them alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ForbiddenError
from .._base.words import natural
from .._cluster import daemonsets
from .._cluster.connection import Cluster
from .._cluster.revisions import HASH_LABEL, Revision
from .._nodes.pods import node_of
from .history import current

_MANY = 20


def outdated(
    cluster: Cluster,
    daemonset: Mapping[str, Any],
    revisions: Sequence[Revision],
    deadline: Deadline,
) -> dict[str, Any] | None:
    """The pods that are not of the DaemonSet's template.

    Args:
        cluster: the connection.
        daemonset: as it is, or as a dry run predicts it.
        revisions: its history.
        deadline: the task's.

    Returns:
        ``pods``, how many, and ``nodes``, the first of those that they run on; None where pods may
        not be listed.
    """
    try:
        pods, _version = daemonsets.pods_of(cluster, daemonset, deadline)
    except ForbiddenError:
        return None
    revision = current(daemonset, revisions)
    found = (
        node_of(pod)
        for pod in pods
        if revision is None
        or (pod["metadata"].get("labels") or {}).get(HASH_LABEL) != revision.hash
    )
    nodes = sorted(found, key=natural)
    return {"pods": len(nodes), "nodes": nodes[:_MANY]}


def in_words(daemonset: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """A warning about pods that keep a former template."""
    metadata, nodes = daemonset["metadata"], found["nodes"]
    more = f" and {found['pods'] - len(nodes)} more" if found["pods"] > len(nodes) else ""
    told = "keep another template until somebody deletes them"
    if found["pods"] == 1:
        told = "keeps another template until somebody deletes it"
    return (
        f"DaemonSet {metadata['namespace']}/{metadata['name']} has the update strategy OnDelete:"
        f" {found['pods']} of its pods {told}, on"
        f" {', '.join(nodes)}{more}."
    )
