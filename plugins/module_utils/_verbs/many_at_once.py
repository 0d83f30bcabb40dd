# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Something done with many pods at a time: how, how far it is, and what ends it for all of them."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

from .._base.errors import (
    ClusterError,
    CredentialsError,
    ForbiddenError,
    UnauthorizedError,
    UnreachableError,
    UntrustedError,
)

_SECONDS_BETWEEN_LINES = 10.0

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def side_by_side(
    items: Sequence[_Item], do: Callable[[_Item], _Result], at_once: int
) -> list[_Result]:
    """What ``do`` gives for each item, in the order of the items.

    Args:
        items: what to do it with.
        do: catches the errors that it expects. Any other ends the whole: what has begun goes on,
            nothing further begins.
        at_once: how many at a time, 1 or more.
    """
    waiting = deque(enumerate(items))
    done: queue.SimpleQueue[tuple[int, _Result] | BaseException] = queue.SimpleQueue()

    def work() -> None:
        try:
            while True:
                try:
                    index, item = waiting.popleft()
                except IndexError:
                    return
                done.put((index, do(item)))
        except BaseException as error:
            waiting.clear()
            done.put(error)

    results: dict[int, _Result] = {}
    try:
        for number in range(min(at_once, len(items))):
            # A task that Ansible ends (its keyword timeout) does not wait for them.
            threading.Thread(target=work, name=f"side by side {number}", daemon=True).start()
        while len(results) < len(items):
            outcome = done.get()
            if isinstance(outcome, BaseException):
                raise outcome
            index, result = outcome
            results[index] = result
    finally:
        waiting.clear()
    return [results[index] for index in range(len(items))]


class Headway:
    """Tells a person who waits how far a task is with its pods, every now and then.

    Args:
        total: how many pods there are.
        done: what is done with them, such as ``are read``.
        progress: takes the lines.
    """

    def __init__(self, total: int, done: str, progress: Callable[[str], None]):
        self._total = total
        self._in_words = done
        self._progress = progress
        self._done = self._failed = 0
        self._told_at = time.monotonic()
        self._lock = threading.Lock()

    def one_more(self, *, failed: bool) -> None:
        """One more pod is done."""
        with self._lock:
            self._done += 1
            self._failed += failed
            now = time.monotonic()
            if now < self._told_at + _SECONDS_BETWEEN_LINES or self._done == self._total:
                return
            self._told_at = now
            so_far = f"{self._done} of {self._total} pods {self._in_words}"
            line = f"{so_far}, {self._failed} of them failed"
        self._progress(line)


def concerns_all(error: ClusterError, right: type[ForbiddenError]) -> bool:
    """Whether all pods will meet this failure: then no further one need be tried.

    A connection that breaks is a matter of one pod, none at all is one of the server.

    Args:
        error: what was met.
        right: what it is where the right is missing that all of them take.
    """
    away = isinstance(error, UnreachableError) and error.unsent
    return away or isinstance(error, (right, UnauthorizedError, CredentialsError, UntrustedError))
