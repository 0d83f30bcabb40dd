# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conversation with a command in a pod: several streams on one websocket.

Each message begins with the number of its stream (k8s.io/apimachinery
pkg/util/remotecommand/constants.go, pkg/util/httpstream/wsstream/conn.go).
"""

from __future__ import annotations

import select
import time
from dataclasses import dataclass, field
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import DeadlineError
from .connection import Cluster
from .websockets import is_at_hand, library

_STDIN, _STDOUT, _STDERR, _STATUS, _END = 0, 1, 2, 3, 255
_LONGEST_STATUS = 64 * 1024

# So little that a socket which takes anything at all takes it whole: writing then never waits for
# a server that itself waits for being read.
_PIECE = 4096
# A silent command must not look like a dead connection to what is in between: load balancers give
# up connections after 60 seconds and more.
_PING_SECONDS = 20.0
_DEAD_SECONDS = 70.0
# While there is something to write, reading waits no longer for the rest of a message.
_WRITING_SECONDS = 1.0
# After the status nothing follows but the end, yet a late byte of stdout is not thrown away.
_FAREWELL_SECONDS = 1.0

_MAY_RUN_ON = "The command may still run there, or have ended."


@dataclass
class Output:
    """What a command wrote, as far as it is kept. It grows while the command runs.

    Attributes:
        begun: whether the command was asked for at all.
        stdout: the beginning of it.
        stderr: the beginning of it.
        truncated: whether one of both was longer.
    """

    begun: bool = False
    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)
    truncated: bool = False


class Conversation:
    """Writes stdin and reads the rest, both at once, until the command has ended.

    Args:
        cluster: the connection, for messages.
        websocket: a connected ``websocket.WebSocket``.
        stdin: what to write, None for nothing.
        deadline: when to give up.
        output: takes what the command writes, whatever becomes of it.
        max_bytes: how much of each stream is kept.
        doing: for messages.
    """

    def __init__(
        self,
        cluster: Cluster,
        websocket: Any,
        stdin: bytes | None,
        deadline: Deadline,
        output: Output,
        max_bytes: int,
        doing: str,
    ):
        self._cluster = cluster
        self._library = library()
        self._websocket = websocket
        self._left = memoryview(stdin or b"")
        self._end_is_due = stdin is not None
        self._deadline = deadline
        self._doing = doing
        self._output = output
        self._status = bytearray()
        self._kept = {_STDOUT: output.stdout, _STDERR: output.stderr, _STATUS: self._status}
        self._limits = {_STDOUT: max_bytes, _STDERR: max_bytes, _STATUS: _LONGEST_STATUS}
        self._closed = False
        self._answers_pings = False
        self._heard_at = self._pinged_at = time.monotonic()

    def run(self) -> bytes:
        """Talk until the end.

        Returns:
            the message that tells how the command ended, JSON.

        Raises:
            DeadlineError: it did not come in time.
            UnreachableError: the connection broke before.
        """
        try:
            while not self._status and not self._closed:
                self._step()
            self._take_leave()
        except (self._library.WebSocketException, OSError) as error:
            if not self._status:
                raise self._broken(error) from error
        if not self._status:
            raise self._broken(ConnectionError("it was closed before the command had ended"))
        return bytes(self._status)

    def _broken(self, error: Exception) -> Exception:
        if isinstance(error, self._library.WebSocketConnectionClosedException):
            error = ConnectionError("it was closed before the command had ended")
        return self._cluster.cut(self._doing, error, _MAY_RUN_ON)

    def _step(self) -> None:
        if self._deadline.passed():
            raise DeadlineError(
                f"Cannot {self._doing} to the end: it had not ended after"
                f" {self._deadline.seconds:g} s.",
                advice=_MAY_RUN_ON,
            )
        readable, writable = self._wait()
        if readable:
            self._take(_WRITING_SECONDS if self._wants_to_write else _PING_SECONDS)
        if writable:
            self._give()
        if not readable and not writable:
            self._ping()

    @property
    def _wants_to_write(self) -> bool:
        return bool(self._left) or self._end_is_due

    def _wait(self) -> tuple[bool, bool]:
        """Whether something can be read, and whether something should and can be written."""
        connection = self._websocket.sock
        at_hand = is_at_hand(connection)
        interest = select.POLLIN | (select.POLLOUT if self._wants_to_write else 0)
        seconds = 0.0 if at_hand else min(_PING_SECONDS, self._deadline.left())
        poll = select.poll()
        poll.register(connection, interest)
        events = sum(event for _number, event in poll.poll(seconds * 1000))
        readable = at_hand or bool(events & ~select.POLLOUT)
        return readable, bool(events & select.POLLOUT)

    def _take(self, seconds: float) -> None:
        """Read one message."""
        self._websocket.settimeout(max(min(seconds, self._deadline.left()), 0.001))
        try:
            kind, frame = self._websocket.recv_data_frame(True)
        except self._library.WebSocketTimeoutException:
            return  # What has come of it is kept for the next time.
        self._heard_at = time.monotonic()
        codes = self._library.ABNF
        if kind == codes.OPCODE_CLOSE:
            self._closed = True
        elif kind == codes.OPCODE_PONG:
            self._answers_pings = True
        elif kind in (codes.OPCODE_BINARY, codes.OPCODE_TEXT) and frame.data:
            self._keep(frame.data[0], frame.data[1:])

    def _keep(self, stream: int, data: bytes) -> None:
        kept = self._kept.get(stream)
        if kept is None:
            return  # In version 5 a server may tell that a stream has ended.
        room = self._limits[stream] - len(kept)
        kept += data[:room]
        if len(data) > room:
            self._output.truncated = True

    def _give(self) -> None:
        """Write a piece of stdin, at last its end."""
        piece, self._left = self._left[:_PIECE], self._left[_PIECE:]
        self._websocket.settimeout(max(self._deadline.left(), 0.001))
        try:
            if piece:
                self._websocket.send_binary(bytes([_STDIN]) + piece)
            else:
                self._end_is_due = False
                self._websocket.send_binary(bytes([_END, _STDIN]))
        except self._library.WebSocketTimeoutException:
            return  # The deadline has passed.
        except (self._library.WebSocketException, OSError):
            # A command that ends without having read all. What it said may still be there to read.
            self._left, self._end_is_due = memoryview(b""), False

    def _ping(self) -> None:
        now = time.monotonic()
        if self._answers_pings and now - self._heard_at > _DEAD_SECONDS:
            raise TimeoutError("timed out")
        if now - self._pinged_at >= _PING_SECONDS:
            self._pinged_at = now
            self._websocket.ping()

    def _take_leave(self) -> None:
        farewell = Deadline(min(_FAREWELL_SECONDS, max(self._deadline.left(), 0.001)))
        while not self._closed and not farewell.passed():
            self._take(farewell.left())
