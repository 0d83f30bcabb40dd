# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollout whose time is over while nothing was heard of it, as the API server was away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError, EverynodeError
from .._cluster import daemonsets
from .._cluster.connection import Cluster
from .._cluster.failures import is_trouble

# Of its own, as the task's time is over then.
_SECONDS = 10.0


def behind(
    error: EverynodeError, cluster: Cluster, live: Mapping[str, Any], deadline: Deadline
) -> EverynodeError:
    """What really ended a rollout, before anything is done about it.

    A watch is silent where the server is away, so that the time just passes. Then the pods may be
    as they should, and that they were not seen so says nothing about the new template.

    Args:
        error: the failure of the rollout.
        cluster: the connection.
        live: the DaemonSet.
        deadline: the task's.

    Returns:
        the trouble of the server, with the details of the failure, where the time is over and the
        server still cannot be asked; else the failure.
    """
    if is_trouble(error) or not deadline.passed():
        return error
    metadata = live["metadata"]
    try:
        daemonsets.read(cluster, metadata["namespace"], metadata["name"], Deadline(_SECONDS))
    except ClusterError as trouble:
        if is_trouble(trouble):
            trouble.details = {**error.details, **trouble.details}
            return trouble
    return error
