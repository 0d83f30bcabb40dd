# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sending a request until it succeeds, is refused for good, or its time is over."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from .._base.deadline import Deadline
from .._base.errors import (
    ClusterError,
    DeadlineError,
    UnauthorizedError,
    UnreachableError,
    UntrustedError,
)
from .._base.redaction import redact_text
from .answers import read_body
from .credentials import Identity
from .libraries import urllib3
from .resolve import Target
from .retries import (
    CONNECT_WINDOW_SECONDS,
    TROUBLE_WINDOW_SECONDS,
    BackOff,
    is_passing,
    is_repeatable,
    retry_after,
)
from .session import Session
from .transport import CONNECT_SECONDS

if TYPE_CHECKING:
    from .failures import Question
    from .faults import Fault

# urllib3 takes no time-out of 0.
_LEAST_SECONDS = 0.001
_LEAST_REST_SECONDS = 0.2


@dataclass(frozen=True)
class Request:
    """One request.

    Attributes:
        method: the HTTP method.
        path: the API path.
        query: the query's parameters; None values are left out.
        body: a JSON value, or None for none.
        content_type: the body's type.
        doing: what is being done to what, for messages.
        stream: whether the caller reads a successful answer's body.
        protocols: the subprotocols of the websocket that is asked for; none for an ordinary
            request. It is never asked for twice: what it starts may be running.
    """

    method: str
    path: str
    doing: str
    query: Mapping[str, Any] | None = None
    body: Any = None
    content_type: str = "application/json"
    stream: bool = False
    protocols: tuple[str, ...] = ()

    def is_done(self, status: int) -> bool:
        """Whether the HTTP status is that of a success."""
        if self.protocols:
            return status == HTTPStatus.SWITCHING_PROTOCOLS
        return 200 <= status < 300


class _Attempts:
    """The state of one request over its tries."""

    def __init__(self, request: Request, deadline: Deadline):
        self.request = request
        self.deadline = deadline
        self.repeatable = not request.protocols and is_repeatable(
            request.method, request.content_type, request.body
        )
        self.encoded = None if request.body is None else json.dumps(request.body).encode()
        self.count = 0
        self.renewed = False
        # Whether a try before this one may have been carried out.
        self.may_be_done = False
        self._started = time.monotonic()
        self._back_off = BackOff()

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def pause(self, told: float | None, limit: float | None) -> bool:
        """Sleep before the next try; False where it would come after the limit or the deadline.

        Args:
            told: the seconds that the server asks for, or None.
            limit: seconds from the first try after which there is no further one, or None.
        """
        seconds = self._back_off.next()
        left = self.deadline.left()
        if told is not None:
            seconds = max(told, seconds)
        elif _LEAST_REST_SECONDS < left <= seconds:
            # The pause would be the end of it, and the server may be back before.
            seconds = left / 2
        if seconds >= left or (limit is not None and self.elapsed + seconds > limit):
            return False
        self.deadline.sleep(seconds)
        return True


# A module is compiled anew in each task, so what few tasks need is imported where it is used.


class Sender:
    """Sends requests with one login to one server.

    Args:
        target: the server and the login.
        user_agent: the User-Agent header.
        request_seconds: how long one try may wait for its answer.
    """

    def __init__(self, target: Target, user_agent: str, request_seconds: float):
        self._server = target.server
        self._credential = target.login.described
        self._way = " through a proxy" if target.proxy else ""
        self._session = Session(target, user_agent)
        self._request_seconds = request_seconds
        self._worked = False

    @property
    def hidden(self) -> tuple[str, ...]:
        """Texts that must never be shown."""
        return self._session.hidden

    def question(self, doing: str) -> Question:
        """What messages need to know about this connection."""
        from .failures import Question

        return Question(doing, self._server, self._credential, self._redact)

    def send(self, request: Request, deadline: Deadline) -> tuple[Any, bytes]:
        """Send a request, with retries.

        Returns:
            The urllib3 response, of status 200 to 299, and its body (empty where it is streamed);
            for a websocket the ``websockets.Upgrade``.

        Raises:
            ClusterError: in one of its kinds.
        """
        attempts = _Attempts(request, deadline)
        while True:
            if deadline.passed():
                raise DeadlineError(
                    f"Cannot {request.doing}: the time of {deadline.seconds:g} s was over."
                )
            attempts.count += 1
            identity = self._session.identity()
            try:
                response, data = self._try(attempts, identity)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                from .faults import fault_of

                self._after_fault(attempts, fault_of(error), error)
                continue
            self._worked = True
            if request.is_done(response.status):
                return response, data
            self._after_refusal(attempts, identity, response, data)

    def _try(self, attempts: _Attempts, identity: Identity) -> tuple[Any, bytes]:
        request, deadline = attempts.request, attempts.deadline
        if request.protocols:
            return self._try_websocket(attempts, identity)
        response = self._session.send(
            identity,
            request.method,
            request.path,
            query=request.query,
            body=attempts.encoded,
            content_type=request.content_type,
            whole=not request.stream,
            connect_seconds=max(min(CONNECT_SECONDS, deadline.left()), _LEAST_SECONDS),
            read_seconds=max(self._seconds(deadline), _LEAST_SECONDS),
        )
        if request.stream and 200 <= response.status < 300:
            return response, b""
        return response, read_body(response, self._seconds(deadline))

    def _try_websocket(self, attempts: _Attempts, identity: Identity) -> tuple[Any, bytes]:
        request, deadline = attempts.request, attempts.deadline
        made = self._session.open_websocket(
            identity,
            request.path,
            query=request.query,
            protocols=request.protocols,
            connect_seconds=max(min(CONNECT_SECONDS, deadline.left()), _LEAST_SECONDS),
            read_seconds=max(self._seconds(deadline), _LEAST_SECONDS),
        )
        if made.websocket is None and not made.body:
            return made, self._spoken(attempts, identity, made.status)
        return made, made.body

    def _spoken(self, attempts: _Attempts, identity: Identity, status: int) -> bytes:
        """What a server says that refused a websocket with this status and whose words are lost.

        An ordinary request is refused for the same reasons first, and starts nothing.
        """
        request = replace(attempts.request, protocols=())
        again = _Attempts(request, attempts.deadline)
        response, data = self._try(again, identity)
        return data if response.status == status else b""

    def _seconds(self, deadline: Deadline) -> float:
        return min(self._request_seconds, deadline.left())

    def _redact(self, text: str) -> str:
        return redact_text(text, self.hidden)

    def _after_fault(self, attempts: _Attempts, fault: Fault, error: BaseException) -> None:
        """Pause before the next try of a request that broke, or raise what it finally means."""
        window = CONNECT_WINDOW_SECONDS if fault.unsent else TROUBLE_WINDOW_SECONDS
        harmless = fault.unsent or attempts.repeatable
        limit = None if self._worked else window
        if not (fault.passing and harmless and attempts.pause(None, limit)):
            self._raise_fault(attempts, fault, error)
        attempts.may_be_done |= not fault.unsent

    def cut(self, doing: str, error: BaseException, advice: str = "") -> UnreachableError:
        """What to raise where a stream or a websocket broke that had been there."""
        from .faults import fault_of

        reason = self._redact(fault_of(error).reason)
        return UnreachableError(
            f"Cannot {doing} to the end: the connection to the API server {_address(self._server)}"
            f"{self._way} did not last: {reason}.",
            advice=advice,
        )

    def _raise_fault(self, attempts: _Attempts, fault: Fault, error: BaseException) -> NoReturn:
        doing, reason = attempts.request.doing, self._redact(fault.reason)
        if fault.untrusted:
            raise UntrustedError(
                f"Cannot {doing}: the certificate of the API server {self._server} is not trusted:"
                f" {reason}.",
                advice="Give the CA that signed it (ca_cert, or certificate-authority in the"
                " kubeconfig); where only the name differs, the name that stands in it"
                " (tls_server_name).",
            ) from error
        tried = ""
        if attempts.count > 1:
            tried = f" (tried {attempts.count} times in {attempts.elapsed:.0f} s)"
        unsure = ""
        if not fault.unsent and not attempts.repeatable:
            unsure = " It may have been carried out or not."
        unreachable = UnreachableError(
            f"Cannot {doing}: the API server {_address(self._server)} cannot be reached{self._way}:"
            f" {reason}{tried}.{unsure}",
            advice="Check the host or kubeconfig, the network between, and the proxy settings.",
        )
        unreachable.unsent = fault.unsent
        raise unreachable from error

    def _after_refusal(
        self, attempts: _Attempts, identity: Identity, response: Any, data: bytes
    ) -> None:
        """Pause or renew before the next try of a refused request, or raise what it means."""
        from .failures import failure, server_message

        body = parsed(data) or {}
        error: ClusterError = failure(
            self.question(attempts.request.doing),
            response.status,
            body,
            data.decode(errors="replace"),
        )
        error.repeated = attempts.may_be_done
        if isinstance(error, UnauthorizedError):
            if attempts.renewed or not self._session.renew(identity):
                raise error
            attempts.renewed = True
            return
        told = retry_after(response.headers)
        passing = is_passing(
            response.status,
            server_message(body),
            told_when=told is not None,
            repeatable=attempts.repeatable,
        )
        limit = None if response.status == 429 else TROUBLE_WINDOW_SECONDS
        if not passing or not attempts.pause(told, limit):
            raise error
        attempts.may_be_done |= response.status != 429


def parsed(data: bytes) -> dict[str, Any] | None:
    """The JSON object in a body, None where it is none."""
    try:
        value = json.loads(data)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _address(server: str) -> str:
    parts = urlsplit(server)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = parts.hostname or ""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
