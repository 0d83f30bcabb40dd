# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmarks' slow link is as slow as it says, from the first byte on; the other one counts."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from benchmarks.links import counting_link, slow_link

_ROUND_TRIP = 0.5
# Some 130 pieces of a socket's size, each of which would wait for a round trip of its own.
_MUCH = bytes(range(256)) * 32768
# Half of what that would take: on a machine with much else to do.
_LONG = 60 * _ROUND_TRIP


@pytest.fixture
def echo() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                while piece := connection.recv(65536):
                    connection.sendall(piece)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def _timed(connection: socket.socket, sent: bytes) -> float:
    started = time.monotonic()
    connection.sendall(sent)
    received = bytearray()
    while len(received) < len(sent):
        received += connection.recv(65536)
    assert received == sent
    return time.monotonic() - started


def test_the_handshake_costs_a_round_trip_and_so_does_each_question(echo: int) -> None:
    with (
        slow_link(echo, _ROUND_TRIP) as port,
        socket.create_connection(("127.0.0.1", port)) as client,
    ):
        assert 2 * _ROUND_TRIP <= _timed(client, b"first") < _LONG
        assert _ROUND_TRIP <= _timed(client, b"second") < _LONG
        assert _ROUND_TRIP <= _timed(client, _MUCH) < _LONG
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""


def test_what_the_server_sends_is_counted(echo: int) -> None:
    sent = bytes(range(256)) * 4096
    with (
        counting_link(echo) as link,
        socket.create_connection(("127.0.0.1", link.port)) as client,
    ):
        assert link.received == 0
        _timed(client, sent)
        assert link.received == len(sent)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
