# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How logs are shown, and how much of them where they are many."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .log_stream import count_lines, cut


@dataclass
class Log:
    """The log of one container, or why there is none.

    Attributes:
        node: its node; None where that is not known.
        pod: its pod; None where there is none.
        container: its name; None where there is no pod.
        content: what is shown of it; None where it is in a file.
        lines: how many lines of it are shown, or are in the file.
        size: how many bytes.
        matches: how many lines matched the expression; None where there is none.
        truncated: whether there is more of it than that.
        path: the file; None where there is none.
        changed: whether the file was changed.
        failed: whether it could not be read, or not to its end.
        message: why it failed, or why there is no log; None else.
    """

    node: str | None
    pod: str | None = None
    container: str | None = None
    content: bytes | None = b""
    lines: int = 0
    size: int = 0
    matches: int | None = None
    truncated: bool = False
    path: str | None = None
    changed: bool = False
    failed: bool = False
    message: str | None = None

    @property
    def where(self) -> str:
        """The node, or else the pod: what a share of failures is of."""
        return self.node or self.pod or ""


class Shares:
    """Keeps what is shown of many logs within a total: what does not fit is cut off the largest.

    The result does not depend on the order in which they come, and never much more than the total
    is in memory.

    Args:
        total: of bytes.
        keeps_end: whether the end of a log is worth more than its beginning.
    """

    def __init__(self, total: int, *, keeps_end: bool):
        self._total = total
        self._keeps_end = keeps_end
        self._logs: list[Log] = []
        self._sizes: list[int] = []
        self._held = 0
        self._lock = threading.Lock()

    def add(self, log: Log) -> None:
        """Take one more log."""
        with self._lock:
            self._logs.append(log)
            self._sizes.append(log.size)
            self._held += log.size
            if self._held > 2 * self._total:
                self._fit()

    def finish(self) -> int:
        """Cut what does not fit; returns how many logs are cut for that."""
        with self._lock:
            self._fit()
            return sum(log.size < size for log, size in zip(self._logs, self._sizes, strict=True))

    def _fit(self) -> None:
        # The limit only falls when more come, so that nothing is cut which would be shown in the
        # end.
        limit = level(self._sizes, self._total)
        for log in self._logs:
            if log.size > limit and log.content is not None:
                log.content = cut(log.content, limit, keeps_end=self._keeps_end)
                log.size, log.lines = len(log.content), count_lines(log.content)
                log.truncated = True
        self._held = sum(log.size for log in self._logs)


def level(sizes: Sequence[int], total: int) -> int:
    """The highest limit for each of several sizes at which they are not more than the total.

    Who needs less than that leaves more to the others.
    """
    left, room = len(sizes), total
    for size in sorted(sizes):
        if size * left > room:
            return room // left
        room -= size
        left -= 1
    return max(sizes, default=0)


def log_view(log: Log) -> dict[str, Any]:
    """One log in a result."""
    return {
        "node": log.node,
        "pod": log.pod,
        "container": log.container,
        "text": None if log.content is None else log.content.decode(errors="replace"),
        "lines": log.lines,
        "bytes": log.size,
        "matches": log.matches,
        "truncated": log.truncated,
        "path": log.path,
        "failed": log.failed,
        "msg": log.message,
    }


def logs_view(logs: Sequence[Log], *, searched: bool) -> dict[str, Any]:
    """All logs in a result."""
    result: dict[str, Any] = {
        "changed": any(log.changed for log in logs),
        "logs": [log_view(log) for log in logs],
        "failed_nodes": failed_nodes(logs),
        "total_bytes": sum(log.size for log in logs),
    }
    if searched:
        counts: dict[str, int] = {}
        for log in logs:
            if log.node is not None and log.matches is not None:
                counts[log.node] = counts.get(log.node, 0) + log.matches
        result["counts"] = counts
    return result


def failed_nodes(logs: Iterable[Log]) -> list[str]:
    """The nodes of logs that could not be read; of a pod whose node is not known, the pod."""
    return list(dict.fromkeys(log.where for log in logs if log.failed))
