# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asking the API server: JSON in, JSON out, with deadlines, retries and messages that say what went wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
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
from .answers import read_body, warnings_of
from .credentials import Identity
from .exec_cache import SHARED, key_of
from .failures import (
    ExpiredError,
    Question,
    WrongClusterError,
    failure,
    foreign_answer,
    server_message,
)
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
from .transport import CONNECT_SECONDS, Fault, fault_of
from .watch import watch_events

__all__ = ["Answer", "Cluster", "ExpiredError", "WrongClusterError"]

# The guard's verdict holds for the playbook, and no longer than this where the playbook runs for days.
_GUARD_SECONDS = 3600.0


@dataclass
class Answer:
    """A successful answer.

    Attributes:
        status: the HTTP status, 200 to 299.
        body: the object.
        warnings: the texts of the server's ``Warning`` headers.
    """

    status: int
    body: dict[str, Any]
    warnings: list[str] = field(default_factory=list)


@dataclass
class _Try:
    """The state of one request over its tries."""

    question: Question
    deadline: Deadline
    repeatable: bool
    started: float
    back_off: BackOff
    count: int = 0
    renewed: bool = False


class Cluster:
    """A connection to one API server.

    Args:
        target: the server and the login.
        user_agent: the User-Agent header.
        request_seconds: how long one request may take.
        expected_uid: the uid that the namespace kube-system must have, or None.

    Attributes:
        server: the URL, such as ``https://127.0.0.1:6443``.
        context: the kubeconfig's context, or None.
        namespace: the context's namespace, or ``default``.
        warnings: what the user should know about the connection.
    """

    def __init__(
        self,
        target: Target,
        user_agent: str,
        *,
        request_seconds: float = 60.0,
        expected_uid: str | None = None,
    ):
        self.server = target.server
        self.context = target.context
        self.namespace = target.namespace
        self.warnings: list[str] = list(target.warnings)
        self._login = target.login
        self._proxied = bool(target.proxy)
        self._session = Session(target, user_agent)
        self._request_seconds = request_seconds
        self._expected_uid = expected_uid
        self._worked = False

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that must never be shown: tokens, passwords, keys. Known once a request was made."""
        return self._session.hidden

    def describe(self) -> dict[str, Any]:
        """The server that is talked to, for a result."""
        return {"host": self.server, "context": self.context}

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        deadline: Deadline,
        doing: str,
    ) -> Answer:
        """Make a request and return its answer.

        Passing troubles are overcome within the deadline: a server that cannot be reached (for 10 s, where it never
        answered before), 429, 5xx that heal, and a connection that breaks where the request can be repeated without
        harm (reads, server-side apply, a delete with a uid precondition).

        Args:
            method: ``GET``, ``POST``, ``PATCH``, ``DELETE``.
            path: the API path, such as ``/apis/apps/v1/namespaces/default/daemonsets``.
            query: the query's parameters; None values are left out.
            body: a JSON value, or None for none.
            content_type: the body's type.
            deadline: when to give up.
            doing: what is being done to what, for messages: ``read DaemonSet ns/name``.

        Raises:
            ClusterError: in one of its kinds (``_base/errors.py``).
        """
        self._guard(deadline)
        return self._request(
            method, path, query, body, content_type=content_type, deadline=deadline, doing=doing
        )

    def watch(
        self,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        resource_version: str,
        deadline: Deadline,
        doing: str = "watch",
    ) -> Iterator[dict[str, Any]]:
        """Yield the events of a list as they happen: ``{"type": "ADDED" | "MODIFIED" | "DELETED", "object": ...}``.

        Reconnects from the last resource version by itself. Ends when the deadline passes. Close the iterator
        (``contextlib.closing``) to end it earlier.

        Args:
            path: the list's API path.
            query: selectors.
            resource_version: the list's, or an object's, from which to continue.
            deadline: when to end.
            doing: for messages: ``watch DaemonSet ns/name``.

        Raises:
            ExpiredError: the resource version is too old: list again.
            ClusterError: in one of its other kinds, where reconnecting does not help.
        """
        self._guard(deadline)
        return watch_events(
            self.open_stream,
            path,
            query=query or {},
            resource_version=resource_version,
            deadline=deadline,
            doing=doing,
        )

    def open_stream(
        self, path: str, *, query: Mapping[str, Any], deadline: Deadline, doing: str
    ) -> Any:
        """Start a GET whose body is read as it comes, with the retries of :meth:`request`.

        Returns:
            The urllib3 response, of status 200.
        """
        return self._repeat(
            "GET", path, query, None, content_type="", deadline=deadline, doing=doing, stream=True
        )[0]

    def question(self, doing: str) -> Question:
        """What messages need to know about this connection."""
        return Question(doing, self.server, self._login.described, self._redact)

    def _redact(self, text: str) -> str:
        return redact_text(text, self.secrets)

    def _guard(self, deadline: Deadline) -> None:
        """Check once a playbook that the cluster is the expected one."""
        expected = self._expected_uid
        if expected is None:
            return
        key = key_of("uid", self.server, expected)
        if SHARED.get(key) is None:
            doing = "check expected_cluster by reading the namespace kube-system"
            answer = self._request(
                "GET", "/api/v1/namespaces/kube-system", None, None, deadline=deadline, doing=doing
            )
            uid = answer.body.get("metadata", {}).get("uid")
            if uid != expected:
                raise WrongClusterError(
                    f"{self.server} is not the expected cluster: its namespace kube-system has the uid {uid}, "
                    f"expected_cluster is {expected}. Nothing was changed.",
                    advice="Check host, kubeconfig and context.",
                    details={"expected_cluster": expected, "found_cluster": uid},
                )
            SHARED.put(key, {"uid": uid}, time.time() + _GUARD_SECONDS)
        self._expected_uid = None

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: Any,
        *,
        content_type: str = "application/json",
        deadline: Deadline,
        doing: str,
    ) -> Answer:
        response, data = self._repeat(
            method,
            path,
            query,
            body,
            content_type=content_type,
            deadline=deadline,
            doing=doing,
            stream=False,
        )
        parsed = _parsed(data)
        if parsed is None:
            text = data.decode(errors="replace")
            raise foreign_answer(self.question(doing), response.status, text)
        return Answer(response.status, parsed, warnings_of(response.headers))

    def _repeat(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: Any,
        *,
        content_type: str,
        deadline: Deadline,
        doing: str,
        stream: bool,
    ) -> tuple[Any, bytes]:
        """Send a request until it succeeds or is refused for good: the response and, unless streamed, its body."""
        encoded = None if body is None else json.dumps(body).encode()
        state = _Try(
            self.question(doing),
            deadline,
            is_repeatable(method, content_type, body),
            time.monotonic(),
            BackOff(),
        )
        while True:
            if deadline.passed():
                raise _too_late(state, "")
            state.count += 1
            identity = self._session.identity()
            try:
                read_seconds = deadline.left() if stream else self._seconds(deadline)
                response = self._session.send(
                    identity,
                    method,
                    path,
                    query=query,
                    body=encoded,
                    content_type=content_type,
                    connect_seconds=max(min(CONNECT_SECONDS, deadline.left()), 0.001),
                    read_seconds=max(read_seconds, 0.001),
                )
                succeeded = 200 <= response.status < 300
                if stream and succeeded:
                    self._worked = True
                    return response, b""
                data = read_body(response, self._seconds(deadline))
            except (urllib3.exceptions.HTTPError, OSError) as error:
                self._after_fault(state, fault_of(error), error)
                continue
            self._worked = True
            if succeeded:
                return response, data
            self._after_refusal(state, identity, response, data)

    def _seconds(self, deadline: Deadline) -> float:
        return min(self._request_seconds, deadline.left())

    def _after_fault(self, state: _Try, fault: Fault, error: BaseException) -> None:
        """Pause before the next try of a request that broke, or raise what it finally means."""
        window = CONNECT_WINDOW_SECONDS if fault.unsent else TROUBLE_WINDOW_SECONDS
        limit = None if self._worked else window
        if fault.passing and (fault.unsent or state.repeatable) and _pause(state, None, limit):
            return
        raise self._fault_error(state, fault) from error

    def _fault_error(self, state: _Try, fault: Fault) -> ClusterError:
        doing, reason = state.question.doing, self._redact(fault.reason)
        if fault.untrusted:
            return UntrustedError(
                f"Cannot {doing}: the certificate of the API server {self.server} is not trusted: {reason}.",
                advice="Give the CA that signed it (ca_cert, or certificate-authority in the kubeconfig), or the name "
                "that stands in it (tls_server_name).",
            )
        elapsed = time.monotonic() - state.started
        tried = f" (tried {state.count} times in {elapsed:.1f} s)" if state.count > 1 else ""
        unsure = "" if fault.unsent or state.repeatable else " It may have been carried out or not."
        way = " through a proxy" if self._proxied else ""
        return UnreachableError(
            f"Cannot {doing}: the API server {_address(self.server)} cannot be reached{way}: {reason}{tried}.{unsure}",
            advice="Check the host or kubeconfig, the network between, and the proxy settings.",
        )

    def _after_refusal(self, state: _Try, identity: Identity, response: Any, data: bytes) -> None:
        """Pause or renew before the next try of a request that was refused, or raise what it means."""
        body = _parsed(data) or {}
        error = failure(state.question, response.status, body, data.decode(errors="replace"))
        if isinstance(error, UnauthorizedError):
            if not state.renewed and self._session.renew(identity):
                state.renewed = True
                return
            raise error
        wait = retry_after(response.headers)
        passing = is_passing(
            response.status,
            server_message(body),
            told_when=wait is not None,
            repeatable=state.repeatable,
        )
        limit = None if response.status == 429 else TROUBLE_WINDOW_SECONDS
        if not passing or not _pause(state, wait, limit):
            raise error


def _pause(state: _Try, told: float | None, limit: float | None) -> bool:
    """Sleep before the next try; False where it would come after the limit or the deadline.

    Args:
        state: the request.
        told: the seconds that the server asks for, or None.
        limit: seconds from the first try after which there is no further one, or None.
    """
    seconds = state.back_off.next()
    if told is not None:
        seconds = max(told, seconds)
    elapsed = time.monotonic() - state.started
    if seconds >= state.deadline.left() or (limit is not None and elapsed + seconds > limit):
        return False
    state.deadline.sleep(seconds)
    return True


def _too_late(state: _Try, reason: str) -> DeadlineError:
    why = f" Last: {reason}." if reason else ""
    return DeadlineError(
        f"Cannot {state.question.doing}: the time of {state.deadline.seconds:g} s was over.{why}"
    )


def _parsed(data: bytes) -> dict[str, Any] | None:
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
