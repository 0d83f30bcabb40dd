# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command in a pod whose connection breaks before it was asked for: it was surely not begun, so
that it may be asked for again. After that, it never is.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.deadline import Deadline
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import (
    UnreachableError,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.connect import connect
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.pod_exec import (
    run_in_pod,
)

from tests.integration.api import Api
from tests.integration.connection import pods
from tests.integration.connection.conftest import Parts
from tests.integration.connection.servers import reset

_LONG = 120

Break = Callable[[socket.socket], None]


def _at_once(connection: socket.socket) -> None:
    reset(connection)


def _in_the_handshake(connection: socket.socket) -> None:
    connection.recv(1)
    reset(connection)


def _closed(connection: socket.socket) -> None:
    while len(connection.recv(65536)) == 65536:
        pass


def _halfway(connection: socket.socket) -> None:
    """The beginning of a server's answer in a handshake, then nothing more."""
    connection.recv(65536)
    connection.sendall(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76")


_BREAKS: dict[str, Break] = {
    "reset at once": _at_once,
    "reset in the handshake": _in_the_handshake,
    "closed": _closed,
    "cut in the handshake": _halfway,
}


@dataclass
class _Front:
    """What stands before the API server.

    Attributes:
        url: where it is.
        breaks: what it does to its next connections; the others go through.
        came: how many connections came.
    """

    url: str = ""
    breaks: list[Break] = field(default_factory=list)
    came: int = 0


@contextmanager
def _front(server: str) -> Iterator[_Front]:
    place = urlsplit(server)
    front, open_ones = _Front(), list[socket.socket]()
    listener = socket.create_server(("127.0.0.1", 0))
    front.url = f"https://127.0.0.1:{listener.getsockname()[1]}"

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def serve(connection: socket.socket, given: Break | None) -> None:
        with contextlib.suppress(OSError), ExitStack() as stack:
            stack.enter_context(connection)
            if given is not None:
                given(connection)
                return
            onward = stack.enter_context(
                socket.create_connection((str(place.hostname), int(place.port or 443)))
            )
            back = threading.Thread(target=pump, args=(onward, connection), daemon=True)
            back.start()
            pump(connection, onward)
            back.join()

    def accept() -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            front.came += 1
            open_ones.append(connection)
            given = front.breaks.pop(0) if front.breaks else None
            threading.Thread(target=serve, args=(connection, given), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield front
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_ones:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        thread.join()


def _login(parts: Parts, url: str) -> dict[str, Any]:
    return {
        "host": url,
        "ca_cert": str(parts.ca),
        "client_cert": str(parts.certificate),
        "client_key": str(parts.key),
    }


@pytest.mark.parametrize("broken", list(_BREAKS))
def test_it_is_asked_for_again_and_run_once(
    api: Api, parts: Parts, namespace: str, broken: str
) -> None:
    pod = pods.add(api, namespace)
    with _front(parts.server) as front:
        cluster = connect(_login(parts, front.url))
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}"
        cluster.request("GET", path, deadline=Deadline(_LONG), doing="read it")
        front.breaks, front.came = [_BREAKS[broken]] * 2, 0
        mark = api.mark()
        done = run_in_pod(
            cluster,
            namespace,
            pod,
            ["echo", "done"],
            deadline=Deadline(_LONG),
        )
    assert done.stdout == b"done\n"
    assert front.came == 3
    asked = [one for one in api.requests(mark, namespace=namespace) if "/exec" in one.path]
    assert len(asked) == 1


@pytest.mark.parametrize("broken", list(_BREAKS))
def test_nobody_is_told_that_it_may_have_run(parts: Parts, broken: str) -> None:
    with _front(parts.server) as front:
        front.breaks = [_BREAKS[broken]] * 1000
        cluster = connect(_login(parts, front.url))
        with pytest.raises(UnreachableError) as caught:
            run_in_pod(cluster, "n", "p", ["reboot"], deadline=Deadline(_LONG))
    assert caught.value.unsent
    assert "carried out or not" not in caught.value.message
    assert "cannot be reached" in caught.value.message
