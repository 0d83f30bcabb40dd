# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lease by which the cluster's controller manager says that it is there."""

from __future__ import annotations

import math
import time
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError, NotFoundError
from .connection import Cluster

# Where kube-controller-manager elects its leader, unless it is told otherwise
# (--leader-elect-resource-namespace and -name).
PATH = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager"
_SECONDS = 5.0
# So long what was read of it will do.
_BETWEEN_SECONDS = 5.0


class ControllerLease:
    """The lease of kube-controller-manager, which is read seldom however often it is asked for.

    Args:
        cluster: the connection.
    """

    def __init__(self, cluster: Cluster):
        self._cluster = cluster
        self._read = -math.inf
        self._found: dict[str, Any] | None = None

    def get(self, deadline: Deadline) -> dict[str, Any] | None:
        """The lease; empty where there is none, such as where a single controller manager elects
        no leader, or where a provider runs it elsewhere; None where it cannot be read.

        Never fails, and takes a few seconds at most: it is only ever evidence.
        """
        if time.monotonic() - self._read >= _BETWEEN_SECONDS:
            self._found = self._ask(Deadline(min(_SECONDS, max(deadline.left(), 1.0))))
            self._read = time.monotonic()
        return self._found

    def _ask(self, deadline: Deadline) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._cluster.request(
                "GET", PATH, deadline=deadline, doing="read the lease of kube-controller-manager"
            ).body
        except NotFoundError:
            return {}
        except ClusterError:
            return None
        return found
