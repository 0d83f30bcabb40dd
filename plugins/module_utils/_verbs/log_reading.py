# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the logs of one pod's containers, one after the other."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from .._base.deadline import Deadline
from .._base.errors import ClusterError, DeadlineError, ForbiddenError, UnreachableError
from .._base.words import count_of
from .._cluster import pod_logs
from .._cluster.connection import Cluster
from .._cluster.pod_logs import Part
from .._views.log_files import Folder
from .._views.log_stream import Kept, Search, hide, longest
from .._views.logs import Log, Shares
from .log_wish import Wish
from .many_at_once import Headway, concerns_all
from .targets import Target


@dataclass
class Reading:
    """What reading the logs of many pods has in common.

    Attributes:
        cluster: the connection.
        wish: what is read.
        shares: takes what is shown in the result.
        folder: takes files instead; None for the result.
        headway: tells how far it is.
        halt: what goes wrong with all pods alike, once it was met: then nothing more is asked.
    """

    cluster: Cluster
    wish: Wish
    shares: Shares
    folder: Folder | None
    headway: Headway
    halt: ClusterError | None = None


@dataclass(frozen=True)
class Job:
    """The logs of one pod.

    Attributes:
        target: the pod.
        files: the containers to read, each with the name of its file.
    """

    target: Target
    files: tuple[tuple[str, str], ...]


def read_pod(reading: Reading, job: Job) -> list[Log]:
    """The log of each container of the job. Never raises what a pod or a file causes."""
    deadline = Deadline(reading.wish.timeout)
    logs = []
    for container, name in job.files:
        target = job.target
        log = Log(target.node or None, target.pod, container)
        if container in target.all_containers:
            try:
                _read(reading, log, target, name, deadline)
            except OSError as error:
                log.failed, log.message = True, f"Cannot write {name}: {error.strerror or error}."
        else:
            log.message = f"Pod {target.pod} has no container {container}."
        if reading.folder is None:
            reading.shares.add(log)
        else:
            log.content = None
        logs.append(log)
    reading.headway.one_more(failed=any(log.failed for log in logs))
    return logs


class _Source:
    """A log as it arrives; what goes wrong ends it and is kept.

    Attributes:
        size: how many bytes have arrived.
        error: what went wrong.
        is_late: whether the time was over before its end.
    """

    def __init__(self, reading: Reading, log: Log, namespace: str, part: Part, deadline: Deadline):
        self._reading = reading
        self._log = log
        self._namespace = namespace
        self._part = part
        self._deadline = deadline
        self.size = 0
        self.error: ClusterError | None = None
        self.is_late = False

    @property
    def is_cut(self) -> bool:
        """Whether as much has arrived as was asked for at most."""
        limit = self._part.limit_bytes
        return limit is not None and self.size >= limit

    def __iter__(self) -> Iterator[bytes]:
        reading, log = self._reading, self._log
        if reading.halt is not None:
            self.error = reading.halt
            return
        try:
            for piece in pod_logs.read(
                reading.cluster,
                self._namespace,
                log.pod or "",
                log.container,
                self._part,
                self._deadline,
            ):
                self.size += len(piece)
                yield piece
        except ClusterError as error:
            self.error = error
            if concerns_all(error, ForbiddenError):
                reading.halt = error
        self.is_late = self._deadline.passed()


def _read(reading: Reading, log: Log, target: Target, name: str, deadline: Deadline) -> None:
    """Read a log into the result or its file.

    Raises:
        OSError: the file cannot be written.
    """
    wish, secrets = reading.wish, reading.cluster.secrets
    source = _Source(reading, log, target.namespace, _part(wish, secrets), deadline)
    idle = None if wish.part.previous else target.idle.get(log.container or "")
    if reading.folder is None:
        memory = io.BytesIO()
        _keep(wish, log, source, secrets, memory)
        _conclude(log, source, wish.timeout, idle)
        log.content = memory.getvalue()
        return
    with reading.folder.draft() as draft:
        _keep(wish, log, source, secrets, draft.file)
        _conclude(log, source, wish.timeout, idle)
        # What could not be read at all does not take the place of what was read before.
        if log.message is None or log.size:
            log.changed = reading.folder.place(draft, name)
            log.path = f"{reading.folder.path.rstrip('/')}/{name}"


def _part(wish: Wish, secrets: tuple[str, ...]) -> Part:
    """What is asked of the server."""
    if wish.part.tail_lines is not None:
        limit = pod_logs.enough_for(wish.part.tail_lines, wish.max_bytes)
    elif wish.search is None:
        # One byte tells whether there is more; and what begins before the limit has to be hidden.
        limit = wish.max_bytes + 1 + longest(secrets)
    else:
        return wish.part
    return replace(wish.part, limit_bytes=limit)


def _keep(wish: Wish, log: Log, source: _Source, secrets: tuple[str, ...], file: BinaryIO) -> None:
    """Read a log to its end, and keep what is wanted of it in a file."""
    pieces = hide(source, secrets)
    search = None
    if wish.search is not None:
        search = Search(wish.search, skips_time=wish.part.timestamps)
        pieces = search.lines(pieces)
    kept = Kept(file, wish.max_bytes, keeps_end=wish.keeps_end)
    for piece in pieces:
        kept.add(piece)
    log.lines = kept.finish()
    log.size = kept.size
    log.matches = search.matches if search else None
    log.truncated = kept.is_cut or source.is_cut or bool(search and search.cut)


def _conclude(log: Log, source: _Source, timeout: int, idle: str | None) -> None:
    """Say what went wrong, if anything, or why there is no log.

    Args:
        log: what was read.
        source: where that came from.
        timeout: the time for the pod, in seconds.
        idle: why the container does not run, a clause; None where it runs.
    """
    error = source.error
    absent = pod_logs.absence(error) if error else None
    if absent:
        log.message = f"Container {log.container} of pod {log.pod}: {absent}."
    elif error is not None or source.is_late:
        log.failed, log.truncated = True, source.size > 0
        log.message = _failure(log, source, timeout)
    elif idle is not None and source.size == 0:
        log.message = f"Container {log.container} of pod {log.pod} has no log: {idle}."


def _failure(log: Log, source: _Source, timeout: int) -> str:
    error, doubt = source.error, f"Is the kubelet of {log.node} running?"
    if error is not None and concerns_all(error, ForbiddenError):
        return str(error)
    if source.is_late and (error is None or error.status is None):
        read = f"after {count_of(source.size, 'byte')}" if source.size else "before it began"
        return (
            f"The log of container {log.container} of pod {log.pod} could not be read to its end:"
            f" the time of {timeout} s for the pod was over {read}."
            + ("" if source.size else f" {doubt}")
        )
    if error is None:
        return ""
    cut_off = isinstance(error, (UnreachableError, DeadlineError)) or (error.status or 0) >= 500
    return f"{error.message} {doubt if cut_off else error.advice}".strip()
