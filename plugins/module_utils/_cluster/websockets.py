# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Websockets to the API server: the connection is made as for any request, what is spoken on it by
the library websocket-client, on which the ``kubernetes`` client depends.

TLS, client certificates and proxies are therefore those of the requests.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from .._base.errors import CredentialsError
from .faults import NotConnectedError
from .libraries import urllib3


@dataclass(frozen=True)
class Upgrade:
    """What became of the request for a websocket.

    Attributes:
        status: the HTTP status: 101 where there is one now.
        headers: the answer's headers (urllib3's mapping).
        body: the answer's body where it is a refusal.
        websocket: the connected ``websocket.WebSocket``, None after a refusal.
    """

    status: int
    headers: Any
    body: bytes
    websocket: Any


def library() -> Any:
    """The module ``websocket``: 20 ms, so only where it is needed.

    Raises:
        CredentialsError: it is not installed.
    """
    try:
        import websocket
    except ImportError as error:
        raise CredentialsError(
            "A command in a pod needs the Python library websocket-client.",
            advice="Install it for the Python that runs the task: pip install websocket-client.",
        ) from error
    return websocket


def upgrade(
    connection: socket.socket,
    url: str,
    headers: Iterable[tuple[str, str]],
    protocols: Sequence[str],
    seconds: float,
) -> Upgrade:
    """Ask for a websocket on a connection, which is closed where there will be none.

    Args:
        connection: to the server, TLS and all.
        url: the whole URL, with the scheme http or https.
        headers: to be sent.
        protocols: the subprotocols to offer, the best one first.
        seconds: how long each part of the answer may take.

    Raises:
        OSError: the connection broke, no answer came, or it was no proper one.
    """
    websocket = library()
    # Whether a text is UTF-8 is nobody's business here: what commands write is bytes.
    made = websocket.WebSocket(enable_multithread=False, skip_utf8_validation=True)
    connection.settimeout(seconds)
    try:
        made.connect(
            "ws" + url.removeprefix("http"),
            socket=connection,
            header=[f"{name}: {value}" for name, value in headers],
            subprotocols=list(protocols),
            suppress_origin=True,
            redirect_limit=0,
            timeout=seconds,
        )
    except websocket.WebSocketBadStatusException as error:
        return Upgrade(
            error.status_code,
            _mapping(error.resp_headers or {}),
            # Unknown to websocket-client before 1.6, or no answer with a length.
            getattr(error, "resp_body", None) or b"",
            None,
        )
    except websocket.WebSocketTimeoutException as error:
        raise TimeoutError("timed out") from error
    except websocket.WebSocketException as error:
        raise ConnectionError("the answer was not that of a websocket") from error
    if (
        made.status != HTTPStatus.SWITCHING_PROTOCOLS
    ):  # a redirect, which older releases take for a success
        made.shutdown()
        return Upgrade(made.status, _mapping(made.headers or {}), b"", None)
    return Upgrade(HTTPStatus.SWITCHING_PROTOCOLS, _mapping(made.headers or {}), b"", made)


def connect_alone(pool: Any, server: str, seconds: float) -> socket.socket:
    """A connection to the server that is the caller's own, made as those of the pool.

    Args:
        pool: of ``transport.open_pool``.
        server: the server's URL.
        seconds: how long each step may take.

    Raises:
        CredentialsError: the proxy is one of https, and the server one of http.
        NotConnectedError: there is none, whatever the reason: nothing was asked yet.
    """
    try:
        return _connected(pool, server, seconds)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise NotConnectedError("There is no connection.") from error


def _connected(pool: Any, server: str, seconds: float) -> socket.socket:
    """The same, with urllib3's exceptions and OSError; see ``faults.fault_of``."""
    url = urlsplit(server)
    place = pool.connection_from_url(server)
    if place.proxy is not None and place.proxy.scheme == "https" and url.scheme != "https":
        raise CredentialsError(
            "A command in a pod cannot be run on a server of http through a proxy of https.",
            advice="Give a server of https, or a proxy of http or socks5.",
        )
    # There is no public way to one connection of a pool; these names are as old as urllib3 is.
    connection = place._new_conn()
    connection.timeout = seconds
    try:
        if place.proxy is None:
            connection.connect()
        elif url.scheme == "https":
            place._prepare_proxy(connection)
        else:
            connection.set_tunnel(url.hostname, url.port or 80, headers=place.proxy_headers)
            connection.connect()
    except (ssl.SSLError, ValueError) as error:
        # ValueError: urllib3 1 found another name in the certificate.
        # urllib3 1 does not say how far it was. A socket with TLS is one to the proxy.
        reached = getattr(
            connection, "has_connected_to_proxy", isinstance(connection.sock, ssl.SSLSocket)
        )
        connection.close()
        if place.proxy is not None and place.proxy.scheme == "https" and not reached:
            raise urllib3.exceptions.ProxyError("The proxy failed.", error) from error
        raise urllib3.exceptions.SSLError(error) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        connection.close()
        if place.proxy is None:
            raise
        raise urllib3.exceptions.ProxyError("The proxy failed.", error) from error
    taken: socket.socket = connection.sock
    connection.sock = None
    return taken


def is_at_hand(connection: Any) -> bool:
    """Whether there is more to read than the kernel knows of: TLS takes whole records from it."""
    inner = getattr(connection, "sslobj", None)
    if inner is None:
        pending = getattr(connection, "pending", None)
        return pending is not None and pending() > 0
    # urllib3's TLS within that of a proxy, both of which may hold something back.
    return inner.pending() > 0 or connection.incoming.pending > 0 or is_at_hand(connection.socket)


def _mapping(headers: dict[str, str]) -> Any:
    """The headers without a difference between upper and lower case."""
    return urllib3.response.HTTPHeaderDict(headers)
