# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tap in front of the API server: it counts a client's writes and can kill the client at any.

What comes over plain HTTP is handed on as the cluster's administrator's. So a test can say at which
write a process dies, and whether the server still got it, without a race.
"""

from __future__ import annotations

import http.client
import http.server
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

from tests.integration.api import Api

_HOP = frozenset({"connection", "transfer-encoding", "content-length", "host"})


@dataclass
class Write:
    """A write that came: its method and path."""

    method: str
    path: str


@dataclass
class Tap:
    """The running tap.

    Attributes:
        api: where it hands things on to.
        at: called with the number of each write from 1, the write, and whether the server has had
            it already; calls `kill` where the client is to die.
        instead: called with the method and path of each request, and whether the server has had it
            already (writes only); returns the whole answer that the client gets instead, if any.
        pid: the client's process, for `kill`.
        killed: whether it was killed: nothing of it is handed on any more.
        cutting: whether the answer of this request is kept back.
    """

    api: Api
    at: Callable[[int, Write, bool], None] = lambda _number, _write, _done: None
    instead: Callable[[str, str, bool], bytes | None] = lambda _method, _path, _done: None
    pid: int | None = None
    killed: bool = False
    cutting: bool = False
    writes: list[Write] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: http.server.ThreadingHTTPServer | None = None

    def __enter__(self) -> Tap:
        tap = self

        class Handler(_Handler):
            pass

        Handler.tap = tap
        self._server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def url(self) -> str:
        """Where a client finds it."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_port}"

    def kill(self) -> None:
        """End the client as if the machine had lost its power."""
        assert self.pid is not None
        os.kill(self.pid, signal.SIGKILL)
        self.killed = True

    def cut(self) -> None:
        """Break the connection of this request, instead of the answer."""
        self.cutting = True

    def note(self, write: Write) -> int:
        """Count a write; its number."""
        with self._lock:
            self.writes.append(write)
            return len(self.writes)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, _request: object, _client_address: object) -> None:
        """A client that was killed has closed its connections: nothing to tell."""


class _Handler(http.server.BaseHTTPRequestHandler):
    tap: Tap
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        is_write = self.command != "GET" and "dryRun=All" not in self.path
        # A pod is deleted with its options in the body; only those can be a dry run.
        is_write = is_write and not (body and b'"dryRun"' in body)
        write = Write(self.command, self.path)
        number = self.tap.note(write) if is_write else 0
        if is_write:
            self.tap.at(number, write, False)
        if self.tap.killed:
            self.close_connection = True
            return
        if self._answer_instead(done=False):
            return
        connection = self.tap.api.new_connection()
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP}
        try:
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            if is_write:
                answer_body = answer.read()
                self.tap.at(number, write, True)
                if self.tap.cutting:
                    self.tap.cutting = False
                    self.close_connection = True
                    return
                if not self._answer_instead(done=True):
                    self._answer_whole(answer, answer_body)
            else:
                self._answer_streamed(answer)
        except (OSError, http.client.HTTPException):
            self.close_connection = True
        finally:
            connection.close()

    def _answer_instead(self, *, done: bool) -> bool:
        given = self.tap.instead(self.command, self.path, done)
        if given is not None:
            self.wfile.write(given)
        return given is not None

    def _answer_whole(self, answer: http.client.HTTPResponse, body: bytes) -> None:
        self._head(answer)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer_streamed(self, answer: http.client.HTTPResponse) -> None:
        self._head(answer)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while piece := answer.read1(65536):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def _head(self, answer: http.client.HTTPResponse) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP:
                self.send_header(name, value)

    def do_GET(self) -> None:
        self._handle()

    def do_PATCH(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_PUT(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def log_message(self, *_words: object) -> None:
        return
