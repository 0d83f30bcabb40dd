# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several watches as one queue of events, whose reader can also act when nothing happens.

Each watch reads in a thread of its own, so an event is handed on as soon as it has arrived, and a
reader that waits for the next one wakes when its time is up as well.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ExpiredError, ForbiddenError
from .connection import Cluster

EXPIRED = "EXPIRED"
DONE = "DONE"
FORBIDDEN = "FORBIDDEN"


@dataclass(frozen=True)
class Event:
    """What one of the watches tells.

    Attributes:
        key: which watch, as it was added.
        type: ``ADDED``, ``MODIFIED``, ``DELETED``; or ``EXPIRED``: this watch has ended, since the
            server no more has its resource version. List again, judge what was listed, and add the
            watch again from there; or ``DONE``, see `Feed.do`; or ``FORBIDDEN``, see `Feed`.
        object: the object; empty with the last three.
        result: with ``DONE``, what the work returned; with ``FORBIDDEN``, the ForbiddenError.
    """

    key: str
    type: str
    object: dict[str, Any]
    result: Any = None


class Feed:
    """Watches that are read as one. Close it (it is a context manager) to end them.

    Connections that break are continued from where they were, and rejected credentials renewed, as
    in any watch.

    Args:
        cluster: the connection; its other requests can go on meanwhile, in any thread.
        deadline: when all of the watches end.
        others_go_on: whether a watch that is forbidden ends alone, by an event of type
            ``FORBIDDEN``; else `next` raises.
    """

    def __init__(self, cluster: Cluster, deadline: Deadline, *, others_go_on: bool = False):
        self._cluster = cluster
        self._others_go_on = others_go_on
        self._deadline = _Stoppable(deadline)
        self._came: queue.SimpleQueue[Event | Exception] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, Any] = {}

    def __enter__(self) -> Feed:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def add(
        self,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        resource_version: str,
        key: str = "",
        doing: str | None = None,
    ) -> None:
        """Begin to watch; see ``Cluster.watch``.

        Args:
            path: the list's API path.
            query: selectors.
            resource_version: the list's, or an object's, from which to continue.
            key: what the events are marked with.
            doing: for messages: ``watch DaemonSet ns/name``.
        """
        asked = {"query": query, "resource_version": resource_version, "doing": doing}
        threading.Thread(
            target=self._follow, args=(path, key, asked), name=f"watch {path}", daemon=True
        ).start()

    def do(self, work: Callable[[], Any], key: str) -> None:
        """Do some work in a thread of its own; its result comes as an event of type ``DONE``.

        So events still come at once while it goes on. What it raises is raised by `next`.
        """

        def run() -> None:
            try:
                self._came.put(Event(key, DONE, {}, work()))
            except Exception as error:  # the reader's to see, whatever it is
                self._came.put(error)

        threading.Thread(target=run, name=f"work {key}", daemon=True).start()

    def next(self, seconds: float) -> Event | None:
        """The next event, or None where none came within that many seconds or the deadline.

        Raises:
            ClusterError: a watch cannot go on; see ``Cluster.watch``.
        """
        seconds = min(seconds, self._deadline.left())
        try:
            found = self._came.get(timeout=max(seconds, 0.0))
        except queue.Empty:
            return None
        if isinstance(found, Exception):
            raise found
        return found

    def events(self, tick_seconds: float) -> Iterator[Event | None]:
        """Events until the deadline, and None (a tick) each time that many seconds have passed.

        Ticks come whether or not there are events.

        Raises:
            ClusterError: a watch cannot go on; see ``Cluster.watch``.
        """
        due = time.monotonic() + tick_seconds
        while not self._deadline.passed():
            event = self.next(max(due - time.monotonic(), 0.0))
            if event is not None:
                yield event
            if time.monotonic() >= due:
                due = time.monotonic() + tick_seconds
                yield None

    def close(self) -> None:
        """End all watches. What they still tell is dropped."""
        self._deadline.stop()
        with self._lock:
            for response in self._open.values():
                _shut(response)

    def _follow(self, path: str, key: str, asked: Mapping[str, Any]) -> None:
        """One watch, from its beginning to its end; runs in a thread of its own."""
        try:
            for event in self._cluster.watch(
                path, **asked, deadline=self._deadline, opened=self._opened
            ):
                self._came.put(Event(key, event["type"], event["object"]))
        except ExpiredError:
            self._came.put(Event(key, EXPIRED, {}))
        except Exception as error:  # the reader's to see, whatever it is
            if self._others_go_on and isinstance(error, ForbiddenError):
                self._came.put(Event(key, FORBIDDEN, {}, error))
            elif not self._deadline.passed():
                self._came.put(error)
        finally:
            with self._lock:
                self._open.pop(threading.current_thread(), None)

    def _opened(self, response: Any) -> None:
        """Know a watch's stream, so that it can be ended while its thread waits for it."""
        with self._lock:
            self._open[threading.current_thread()] = response
            if self._deadline.stopped:
                _shut(response)


class _Stoppable(Deadline):
    """A deadline that passes at once when it is told to."""

    def __init__(self, deadline: Deadline):
        super().__init__(deadline.left())
        self.seconds = deadline.seconds
        self._stop = threading.Event()

    @property
    def stopped(self) -> bool:
        """Whether it was told to pass."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Let it pass now."""
        self._stop.set()

    def left(self) -> float:
        return 0.0 if self._stop.is_set() else super().left()

    def sleep(self, seconds: float) -> None:
        self._stop.wait(min(seconds, self.left()))


def _shut(response: Any) -> None:
    """End a stream that another thread reads: that thread sees the end of the connection.

    Nothing but the TCP connection is touched, since the thread may be inside of the TLS layer.
    """
    found = getattr(getattr(response, "connection", None), "sock", None)
    # A proxy that itself speaks TLS: urllib3 wraps the socket.
    found = getattr(found, "socket", found)
    if isinstance(found, socket.socket):
        with contextlib.suppress(OSError):
            socket.socket.shutdown(found, socket.SHUT_RDWR)
