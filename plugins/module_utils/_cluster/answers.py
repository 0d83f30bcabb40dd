# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading answers: whole bodies, streamed lines as they come, and the server's warnings."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Iterator
from typing import Any

from .._base.deadline import Deadline
from .libraries import urllib3

_PIECE = 65536
# The window bits by which zlib knows gzip's format (RFC 1952).
_GZIP = zlib.MAX_WBITS + 16

# RFC 7234 5.5: code, agent, quoted text, perhaps a date. The API server uses code 299 and the agent
# "-".
_WARNING = re.compile(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"')


def read_body(response: Any, seconds: float) -> bytes:
    """The whole body, decompressed, and the connection given back to the pool.

    Raises:
        urllib3's ReadTimeoutError: it took longer than that many seconds, however steadily it
            dripped.
        urllib3's ProtocolError: it ended too early.
    """
    end = time.monotonic() + seconds
    pieces = []
    try:
        for piece in _pieces(response, decode=False):
            pieces.append(piece)
            if time.monotonic() > end:
                raise urllib3.exceptions.ReadTimeoutError(None, "", "Read timed out.")
    except BaseException:
        response.close()
        raise
    response.release_conn()
    data = b"".join(pieces)
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and len(data) < int(length):
        raise urllib3.exceptions.ProtocolError("the answer was cut")
    return _decompressed(data) if response.headers.get("Content-Encoding") == "gzip" else data


def _decompressed(data: bytes) -> bytes:
    # An empty answer (to HEAD, or of status 204) may say how it would be compressed.
    try:
        return zlib.decompress(data, _GZIP) if data else data
    except zlib.error as error:
        raise urllib3.exceptions.ProtocolError(f"the answer was cut: {error}") from error


def lines(response: Any, deadline: Deadline) -> Iterator[bytes]:
    """The lines of a streamed body, each as soon as its end has arrived.

    Raises:
        urllib3's exceptions: the stream broke, or nothing came until the deadline.
    """
    rest = bytearray()
    for piece in pieces(response, deadline):
        start = len(rest)
        rest += piece
        # Only what is new can hold a line's end: a long line in many pieces is not searched again
        # and again.
        while (end := rest.find(b"\n", start)) >= 0:
            line = bytes(rest[:end])
            del rest[: end + 1]
            start = 0
            if line.strip():
                yield line
    if rest.strip():
        yield bytes(rest)


def pieces(response: Any, deadline: Deadline) -> Iterator[bytes]:
    """A streamed body in pieces as they arrive, until its end or the deadline.

    Raises:
        urllib3's exceptions: the stream broke, or nothing came until the deadline.
    """
    source = _pieces(response)
    while _wait_until(response, deadline) and (piece := next(source, None)) is not None:
        yield piece


def warnings_of(headers: Any) -> list[str]:
    """The texts of the ``Warning`` headers, each once."""
    found: dict[str, None] = {}
    for header in headers.getlist("Warning"):
        for text in _WARNING.findall(header):
            found[re.sub(r"\\(.)", r"\1", text)] = None
    return list(found)


def _wait_until(response: Any, deadline: Deadline) -> bool:
    """Let the next read end with the deadline; False where that has passed."""
    # Where the server closes after this answer, http.client has taken the socket away from the
    # connection: then the time-out of the request stays, and the server's own limit ends it.
    socket = getattr(response.connection, "sock", None)
    if socket is not None:
        socket.settimeout(max(deadline.left(), 0.001))
    return not deadline.passed()


def _pieces(response: Any, *, decode: bool = True) -> Iterator[bytes]:
    """The body in pieces as they arrive, never waiting for a piece to fill up."""
    if response.chunked and response.supports_chunked_reads():
        yield from response.read_chunked(_PIECE, decode_content=decode)
    elif hasattr(response, "read1"):
        while piece := response.read1(_PIECE, decode_content=decode):
            yield piece
    else:
        # urllib3 1 has no read1 of its own, and its read waits for a whole piece. http.client's
        # does not notice the end by itself.
        while piece := response._fp.read1(_PIECE):
            yield piece
        response._fp.close()
