# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A container's log: as a stream, and its end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from .._base.deadline import Deadline
from .._base.errors import ClusterError, RefusedError
from .connection import Cluster

# Lines can be long, and the server cuts at the end, where the tail is: so more is asked for than
# is kept, but not without bound.
_LEAST_BYTES = 4 * 1024 * 1024
# Runtimes write lines of more than 16 KiB in pieces, which the kubelet counts as lines, and it puts
# a time before each where that is asked for: so no more than this comes from a line of any of them.
_BYTES_OF_A_LINE = 32 * 1024

# The kubelet's words where there is nothing to read (kubernetes pkg/kubelet/kubelet_pods.go,
# validateContainerLogStatus): it says 400 as well where the request was wrong.
_NO_PREVIOUS = re.compile(r"previous terminated container .* not found")
_NOT_STARTED = re.compile(r"is waiting to start(?:: (?P<reason>.*\S))?", re.S)


@dataclass(frozen=True)
class Part:
    """Which part of a container's log is meant.

    Attributes:
        previous: that of the container before its last restart.
        tail_lines: the last lines only, 1 or more; None for all.
        since_seconds: what was written in the last so many seconds, 1 or more.
        since_time: what was written since then, as RFC 3339 writes times.
        timestamps: whether each line begins with when it was written.
        limit_bytes: what the server sends at most, from the beginning of the part.
    """

    previous: bool = False
    tail_lines: int | None = None
    since_seconds: int | None = None
    since_time: str | None = None
    timestamps: bool = False
    limit_bytes: int | None = None


def enough_for(lines: int, max_bytes: int) -> int:
    """How many bytes to ask for at most, so that the last lines are among them to their end.

    What may be missing is only what the container writes while its log is read.
    """
    return max(_LEAST_BYTES, lines * _BYTES_OF_A_LINE, max_bytes)


def read(
    cluster: Cluster,
    namespace: str,
    pod: str,
    container: str | None,
    part: Part,
    deadline: Deadline,
) -> Iterator[bytes]:
    """Yield a container's log in pieces as they arrive, until its end or the deadline.

    It needs the right ``get`` on ``pods/log``.

    Args:
        cluster: the connection.
        namespace: the pod's.
        pod: its name.
        container: its name; needed where the pod has several.
        part: what of the log.
        deadline: when to end; no error where something has come by then.

    Raises:
        RefusedError: there is no such container or no such log, see :func:`absence`.
        NotFoundError: the pod is gone.
        ForbiddenError: the right is missing.
        ClusterError: in its other kinds.
    """
    return cluster.stream(
        f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/log",
        query={
            "container": container,
            "previous": part.previous or None,
            "tailLines": part.tail_lines,
            "sinceSeconds": part.since_seconds,
            "sinceTime": part.since_time,
            "timestamps": part.timestamps or None,
            "limitBytes": part.limit_bytes,
        },
        deadline=deadline,
        doing=f"read the log of pod {namespace}/{pod}",
    )


def absence(error: ClusterError) -> str | None:
    """Why a container has no such log, a clause about it; None where the error means another thing.

    A container that has not started, or was never restarted, has none: nothing is wrong with the
    node or the request.
    """
    if not isinstance(error, RefusedError):
        return None
    if _NO_PREVIOUS.search(error.message):
        return "it has not been restarted, so there is no log of a container before it"
    if match := _NOT_STARTED.search(error.message):
        reason = (match["reason"] or "").rstrip(".")
        return "it has not started, so it has no log yet" + (f" ({reason})" if reason else "")
    return None


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

    Bytes that are no UTF-8 are shown as the replacement character.

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
        ClusterError: see :func:`read`.
    """
    part = Part(previous=previous, tail_lines=lines, limit_bytes=enough_for(lines, max_bytes))
    kept = bytearray()
    for piece in read(cluster, namespace, pod, container, part, deadline):
        kept += piece
        del kept[:-max_bytes]
    return kept.decode(errors="replace")
