# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One login on one server: a pool of connections that carries the current credentials."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode, urlsplit

from .._base.errors import CredentialsError
from .credentials import Identity
from .libraries import urllib3
from .resolve import Target
from .transport import open_pool

if TYPE_CHECKING:
    from .websockets import Upgrade


class Session:
    """Sends single requests, without retries and without a meaning of what comes back.

    Args:
        target: the server and the login.
        user_agent: the header of that name.
    """

    def __init__(self, target: Target, user_agent: str):
        self._target = target
        self._user_agent = user_agent
        self._lock = threading.Lock()
        self._identity: Identity | None = None
        self._pool: Any = None
        self._pool_identity: tuple[bytes | None, bytes | None] = (None, None)
        self.hidden = hidden_from_the_start(target)

    def identity(self) -> Identity:
        """The current credentials.

        Raises:
            CredentialsError: they cannot be had, or would be readable by anyone on the way.
        """
        with self._lock:
            identity = self._target.login.identity()
            if identity.authorization and self._target.server.startswith("http:"):
                raise CredentialsError(
                    f"The server {self._target.server} is http, not https: anyone on the way could"
                    f" read the credentials ({self._target.login.described}).",
                    advice="Use https, or a server that needs no credentials (kubectl proxy).",
                )
            self._keep(identity)
            return identity

    def renew(self, rejected: Identity) -> bool:
        """Get other credentials than those that the server rejected; False where there are none."""
        with self._lock:
            if self._identity is not None and self._identity != rejected:
                return True  # another thread was faster
            identity = self._target.login.renewed(rejected)
            if identity is None:
                return False
            self._keep(identity)
            return True

    def _keep(self, identity: Identity) -> None:
        self._identity = identity
        self.hidden = tuple({*self.hidden, *identity.hidden})

    def send(
        self,
        identity: Identity,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None,
        body: bytes | None,
        content_type: str,
        whole: bool,
        connect_seconds: float,
        read_seconds: float,
    ) -> Any:
        """Send one request.

        Where the answer is read as a ``whole``, the server may compress it, as it does with those
        of 128 KiB and more. A stream never is: on its way something may wait for more to compress.

        Returns:
            The urllib3 response, its body not yet read.

        Raises:
            urllib3's exceptions and OSError: see ``faults.fault_of``.
        """
        url = self._url(path, query)
        headers = self._headers(identity, content_type if body is not None else None)
        if whole and self._target.compressed:
            headers.add("Accept-Encoding", "gzip")
        # Unlike its request(), this keeps headers that are there twice, in all releases of urllib3.
        return self._pool_for(identity).request_encode_url(
            method,
            url,
            body=body,
            headers=headers,
            timeout=urllib3.Timeout(connect=connect_seconds, read=read_seconds),
            retries=False,
            redirect=False,
            preload_content=False,
            enforce_content_length=True,
        )

    def open_websocket(
        self,
        identity: Identity,
        path: str,
        *,
        query: Mapping[str, Any] | None,
        protocols: Sequence[str],
        connect_seconds: float,
        read_seconds: float,
    ) -> Upgrade:
        """Ask for a websocket, on a connection of its own.

        Raises:
            CredentialsError: see ``websockets``.
            urllib3's exceptions and OSError: see ``faults.fault_of``.
        """
        # A module is compiled anew in each task, and few tasks need one.
        from .websockets import connect_alone, upgrade

        pool = self._pool_for(identity)
        connection = connect_alone(pool, self._target.server, connect_seconds)
        headers = self._headers(identity, None).items()
        return upgrade(connection, self._url(path, query), headers, protocols, read_seconds)

    def _url(self, path: str, query: Mapping[str, Any] | None) -> str:
        url = f"{self._target.server}{path}"
        return f"{url}?{urlencode(_plain(query))}" if query else url

    def _pool_for(self, identity: Identity) -> Any:
        wanted = (identity.certificate, identity.key)
        with self._lock:
            if self._pool is None or self._pool_identity != wanted:
                target = self._target
                self._pool = open_pool(target.server, target.trust, identity, target.proxy)
                self._pool_identity = wanted
            return self._pool

    def _headers(self, identity: Identity, content_type: str | None) -> Any:
        headers = _header_dict()
        headers.add("User-Agent", self._user_agent)
        headers.add("Accept", "application/json")
        if content_type:
            headers.add("Content-Type", content_type)
        if identity.authorization:
            headers.add("Authorization", identity.authorization)
        for name, value in self._target.headers:
            headers.add(name, value)
        return headers


def hidden_from_the_start(target: Target) -> tuple[str, ...]:
    """What must never be shown, before any request: given credentials and the proxy's password."""
    password = urlsplit(target.proxy or "").password
    known = target.login.known
    return (*known, password, unquote(password)) if password else known


def _header_dict() -> Any:
    """A mapping that can hold a header twice; urllib3 1 had it in another place."""
    if hasattr(urllib3, "HTTPHeaderDict"):
        return urllib3.HTTPHeaderDict()
    return urllib3._collections.HTTPHeaderDict()


def _plain(query: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The query in the form in which the API server reads it: lower-case booleans, None left out, a
    list as its name again and again."""
    return [
        (name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, values in query.items()
        for value in (values if isinstance(values, (list, tuple)) else [values])
        if value is not None
    ]
