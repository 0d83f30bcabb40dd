# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it means where an exchange with the server broke."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from .libraries import urllib3
from .transport import reason_of

_Error = TypeVar("_Error", bound=BaseException)


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


class NotConnectedError(ConnectionError):
    """There was no connection on which anything could have been asked; its cause says why."""


def fault_of(error: BaseException) -> Fault:
    """What an exception of urllib3, or of a socket under it, means; or a `NotConnectedError`."""
    if isinstance(error, NotConnectedError) and error.__cause__ is not None:
        return replace(fault_of(error.__cause__), unsent=True)
    chain = list(_chain(error))
    reason = reason_of(chain[-1])
    if _among(chain, urllib3.exceptions.ProxyError):
        return _proxy_fault(chain, reason)
    untrusted = _among(chain, ssl.SSLCertVerificationError)
    if untrusted:
        return Fault(True, True, False, _verification(untrusted))
    if _among(chain, ssl.SSLEOFError) or _among(chain, ssl.SSLZeroReturnError):
        # So ends what a load balancer took on whose servers are all away, in the handshake mostly.
        return Fault(False, False, True, "the connection was closed")
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
