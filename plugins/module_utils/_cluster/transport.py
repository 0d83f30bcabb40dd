# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The TLS connection pool to one API server, and what a failure of it means."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from .._base.errors import CredentialsError
from .credentials import Identity
from .libraries import urllib3
from .memory_files import readable_file

_Error = TypeVar("_Error", bound=BaseException)

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
        settings["proxy_ssl_context"] = ssl.create_default_context()
    return urllib3.ProxyManager(shown_url(proxy), **settings)


def shown_url(url: str) -> str:
    """A URL without user name and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _tls_context(trust: Trust, identity: Identity) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
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


@dataclass(frozen=True)
class Fault:
    """Why an exchange with the server broke.

    Attributes:
        untrusted: the server's certificate is the reason.
        unsent: surely nothing of the request reached the server.
        passing: another try may succeed.
        reason: a clause for messages.
    """

    untrusted: bool
    unsent: bool
    passing: bool
    reason: str


def fault_of(error: BaseException) -> Fault:
    """What an exception of urllib3, or of a socket under it, means."""
    chain = list(_chain(error))
    reason = reason_of(chain[-1])
    if _among(chain, urllib3.exceptions.ProxyError):
        return _proxy_fault(chain, reason)
    untrusted = _among(chain, ssl.SSLCertVerificationError)
    if untrusted:
        return Fault(True, True, False, _verification(untrusted))
    if isinstance(error, urllib3.exceptions.SSLError):
        # urllib3 1 compares the names itself.
        wrong_name = any("CertificateError" in type(link).__name__ for link in chain)
        return Fault(wrong_name, True, False, reason if wrong_name else _handshake(reason))
    # In urllib3 1 this is one of the time-outs below.
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        if isinstance(chain[-1], socket.gaierror):
            reason = f"the name cannot be resolved ({reason})"
        return Fault(False, True, True, reason)
    if isinstance(error, urllib3.exceptions.ConnectTimeoutError):
        return Fault(False, True, True, "no connection in time")
    if isinstance(error, (urllib3.exceptions.ReadTimeoutError, TimeoutError)):
        return Fault(False, False, True, "no answer in time")
    return Fault(False, False, True, f"the connection broke ({reason})")


def _proxy_fault(chain: list[BaseException], reason: str) -> Fault:
    refused = any("Tunnel connection failed" in str(link) for link in chain)
    # urllib3 1 blames the proxy for whatever breaks on the way through it, also after the request.
    unsent = (
        refused
        or not urllib3.__version__.startswith("1.")
        or _among(chain, urllib3.exceptions.NewConnectionError) is not None
    )
    untrusted = _among(chain, ssl.SSLCertVerificationError)
    if untrusted:
        reason = _verification(untrusted)
    return Fault(False, unsent, not (refused or untrusted), f"the proxy failed: {reason}")


def _among(chain: list[BaseException], kind: type[_Error]) -> _Error | None:
    return next((link for link in chain if isinstance(link, kind)), None)


def reason_of(error: BaseException) -> str:
    """An exception's own words, without its class and numbers."""
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return str(error) or type(error).__name__


def _verification(error: ssl.SSLCertVerificationError) -> str:
    text: str = error.verify_message or reason_of(error)
    return text[:1].lower() + text[1:]


def _handshake(text: str) -> str:
    if "wrong version number" in text or "record layer" in text or "http request" in text:
        return "the server does not speak TLS there (is it http instead of https?)"
    return f"the TLS handshake failed ({text})"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and its causes, the outermost first."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        inner = getattr(link, "original_error", None)
        if not isinstance(inner, BaseException):
            inner = next((item for item in link.args if isinstance(item, BaseException)), None)
        link = inner or link.__cause__ or link.__context__
