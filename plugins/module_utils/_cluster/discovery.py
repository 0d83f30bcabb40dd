# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kinds outside the built-in table: asking the server where it has them."""

from __future__ import annotations

from .._base.deadline import Deadline
from .._base.errors import ClusterError
from . import kinds
from .connection import Cluster
from .kinds import Kind


def find(cluster: Cluster, api_version: str, kind: str, deadline: Deadline) -> Kind | None:
    """The kind of that name, or None where the server does not have it; at most one request, and
    none where it is known already.
    """
    found = kinds.known(api_version, kind)
    if found is not None:
        return found
    root = "/apis" if "/" in api_version else "/api"
    try:
        answer = cluster.request(
            "GET",
            f"{root}/{api_version}",
            deadline=deadline,
            doing=f"look up the kind {kind} of {api_version}",
        )
    except ClusterError as error:
        if error.status == 404:
            return None
        raise
    for resource in answer.body.get("resources") or []:
        if resource.get("kind") == kind and "/" not in resource.get("name", "/"):
            found = Kind(api_version, kind, resource["name"], bool(resource["namespaced"]))
            kinds.remember(found)
            return found
    return None
