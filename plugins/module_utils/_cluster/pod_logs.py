# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a container's log."""

from __future__ import annotations

from urllib.parse import quote

from .._base.deadline import Deadline
from .connection import Cluster

# Lines can be long, and the server cuts at the end, where the tail is: so more is asked for than
# is kept, but not without bound. (Runtimes write lines of more than 16 KiB in pieces, which the
# kubelet counts as lines, so no more than this comes from any of them but by hundreds of lines.)
_MOST_BYTES = 4 * 1024 * 1024


def tail(
    cluster: Cluster,
    namespace: str,
    pod: str,
    *,
    container: str | None = None,
    lines: int = 10,
    previous: bool = False,
    max_bytes: int = 8192,
    deadline: Deadline,
) -> str:
    """The last lines of a container's log, empty where it has written none.

    It needs the right ``get`` on ``pods/log``. Bytes that are no UTF-8 are shown as the
    replacement character.

    Args:
        cluster: the connection.
        namespace: the pod's.
        pod: its name.
        container: its name; needed where the pod has several.
        lines: how many at most.
        previous: those of the container before its last restart.
        max_bytes: how many bytes of them at most: the last ones.
        deadline: when to give up; what has come by then is the answer.

    Raises:
        RefusedError: there is no such container, it has not started, or was never restarted.
        NotFoundError: the pod is gone.
        ForbiddenError: the right is missing.
        ClusterError: in its other kinds.
    """
    kept = bytearray()
    for piece in cluster.stream(
        f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/log",
        query={
            "container": container,
            "tailLines": lines,
            "previous": previous or None,
            "limitBytes": max(_MOST_BYTES, max_bytes),
        },
        deadline=deadline,
        doing=f"read the log of pod {namespace}/{pod}",
    ):
        kept += piece
        del kept[:-max_bytes]
    return kept.decode(errors="replace")
