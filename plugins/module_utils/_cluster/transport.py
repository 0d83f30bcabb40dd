# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The TLS connection pool to one API server."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from .._base.errors import CredentialsError
from .credentials import Identity
from .libraries import urllib3
from .memory_files import readable_file

CONNECT_SECONDS = 10.0

# A peer that vanished without a word is noticed after 15 + 4 x 5 s, also while a watch waits.
_KEEP_ALIVE = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 4))


@dataclass(frozen=True)
class Trust:
    """How the server proves who it is.

    Attributes:
        authorities: the certificates (PEM) that alone are trusted; None for the system's.
        verify: whether it has to prove it at all.
        server_name: the name that must stand in its certificate, where that is not the host's.
    """

    authorities: str | None = None
    verify: bool = True
    server_name: str | None = None


def open_pool(server: str, trust: Trust, identity: Identity, proxy: str | None) -> Any:
    """A pool of kept-alive connections to a server (a urllib3 ``PoolManager``). Connects to nothing
    yet.

    Raises:
        CredentialsError: a certificate or key cannot be used.
    """
    settings: dict[str, Any] = {
        "num_pools": 2,
        # How many are kept. Above it urllib3 warns on stderr, and a wait for many has a watch for
        # each namespace.
        "maxsize": 100,
        "block": False,
        "socket_options": _socket_options(),
    }
    if server.startswith("https:"):
        settings["ssl_context"] = _tls_context(trust, identity)
        settings["cert_reqs"] = "CERT_REQUIRED" if trust.verify else "CERT_NONE"
        if trust.server_name:
            settings["server_hostname"] = trust.server_name
    if not trust.verify:
        # The user is told once, by a warning of the task, not with each request on stderr.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    if not proxy:
        return urllib3.PoolManager(**settings)
    return _proxy_pool(proxy, settings)


def _proxy_pool(proxy: str, settings: dict[str, Any]) -> Any:
    url = urlsplit(proxy)
    if url.scheme in ("socks5", "socks5h", "socks4", "socks4a"):
        try:
            from urllib3.contrib.socks import SOCKSProxyManager
        except ImportError as error:
            raise CredentialsError(
                f"The proxy {shown_url(proxy)} needs the Python library PySocks."
            ) from error
        return SOCKSProxyManager(proxy, **settings)
    if url.scheme not in ("http", "https"):
        raise CredentialsError(
            f"The proxy {shown_url(proxy)} has the scheme {url.scheme!r}: it must be http, https"
            " or socks5."
        )
    if url.username:
        login = f"{unquote(url.username)}:{unquote(url.password or '')}"
        settings["proxy_headers"] = urllib3.util.make_headers(proxy_basic_auth=login)
    if url.scheme == "https":
        settings["proxy_ssl_context"] = _new_context()
        settings["proxy_ssl_context"].load_default_certs()
    return urllib3.ProxyManager(shown_url(proxy), **settings)


def shown_url(url: str) -> str:
    """A URL without user name and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


class _SharedContext(ssl.SSLContext):
    """A context whose protocols are set once, as threads make connections with it.

    urllib3 sets them again with each connection. Another one that is just being made then reads
    memory that was given back, and sends a handshake that the server takes for garbage
    (https://github.com/python/cpython/issues/141012).
    """

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        """Nothing: they are set."""


def _new_context() -> ssl.SSLContext:
    context = _SharedContext(ssl.PROTOCOL_TLS_CLIENT)
    ssl.SSLContext.set_alpn_protocols(context, ["http/1.1"])
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _tls_context(trust: Trust, identity: Identity) -> ssl.SSLContext:
    context = _new_context()
    if not trust.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif trust.authorities is None:
        # 30 ms, so only where no CA is given.
        context.load_default_certs()
    else:
        _load_authorities(context, trust.authorities)
    if trust.verify and urllib3.__version__.startswith("1."):
        # It cannot tell a context the name that is an IP address, so it compares names itself.
        context.check_hostname = False
    if identity.certificate:
        _load_certificate(context, identity.certificate, identity.key)
    return context


def _load_authorities(context: ssl.SSLContext, authorities: str) -> None:
    try:
        context.load_verify_locations(cadata=authorities)
    except (ssl.SSLError, ValueError) as error:
        raise CredentialsError(
            f"The CA certificate that is given cannot be used: {reason_of(error)}.",
            advice="It must be one or more certificates in PEM.",
        ) from error


def _load_certificate(context: ssl.SSLContext, certificate: bytes, key: bytes | None) -> None:
    both = certificate if key is None else certificate.rstrip(b"\n") + b"\n" + key
    try:
        # OpenSSL reads certificates from a path only.
        with readable_file(both) as path:
            context.load_cert_chain(path, password=_refuse_passphrase)
    except _EncryptedKeyError:
        raise CredentialsError(
            "The client key is encrypted, and a task cannot ask for its passphrase.",
            advice="Give a key without a passphrase.",
        ) from None
    except (ssl.SSLError, ValueError) as error:
        raise CredentialsError(
            f"The client certificate and its key cannot be used: {reason_of(error)}.",
            advice="Both must be PEM, and belong together.",
        ) from error


class _EncryptedKeyError(Exception):
    pass


def _refuse_passphrase() -> str:
    raise _EncryptedKeyError


def _socket_options() -> list[tuple[int, int, int]]:
    options = [
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    ]
    for name, value in _KEEP_ALIVE:
        if hasattr(socket, name):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return options


def reason_of(error: BaseException) -> str:
    """An exception's own words, without its class and numbers."""
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return str(error) or type(error).__name__
