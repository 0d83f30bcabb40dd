# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asking the API server: JSON in, JSON out."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError, WrongClusterError
from .answers import pieces, warnings_of
from .libraries import urllib3
from .resolve import Target
from .sender import Request, Sender, parsed

if TYPE_CHECKING:
    from .failures import Question

# The guard's verdict holds for the playbook; where that runs for days, no longer than this.
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


# A module is compiled anew in each task, so what few tasks need is imported where it is used.


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
        self._sender = Sender(target, user_agent, request_seconds)
        self._expected_uid = expected_uid

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that must never be shown: tokens, passwords, keys; a plugin's once it has run."""
        return self._sender.hidden

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

        Passing troubles are overcome within the deadline: a server that cannot be reached (for 10
        seconds, where it never answered before), 429, 5xx that heal, and a connection that breaks
        where the request can be repeated without harm (reads, server-side apply, a delete with a
        uid precondition).

        Args:
            method: ``GET``, ``POST``, ``PATCH``, ``DELETE``.
            path: the API path, such as ``/apis/apps/v1/namespaces/default/daemonsets``.
            query: the query's parameters; None values are left out.
            body: a JSON value, or None for none.
            content_type: the body's type.
            deadline: when to give up.
            doing: what is being done to what, for messages: ``read DaemonSet ns/name``.

        Raises:
            ClusterError: in one of its kinds (``_base/errors.py``, ``failures.py``).
        """
        self._guard(deadline)
        return self._ask(Request(method, path, doing, query, body, content_type), deadline)

    def page(
        self, path: str, *, query: Mapping[str, Any], deadline: Deadline, doing: str
    ) -> Generator[dict[str, Any], None, dict[str, Any]]:
        """Yield the objects of a page of a list, each parsed when it is taken; see ``lists.each``.

        Returns:
            the rest of the answer, with ``metadata``.

        Raises:
            ClusterError: in one of its kinds.
        """
        from .failures import foreign_answer
        from .lists import items_of

        self._guard(deadline)
        response, data = self._sender.send(Request("GET", path, doing, query), deadline)
        text = data.decode(errors="replace")
        # Not twice in memory.
        del data
        try:
            return (yield from items_of(text))
        except ValueError as error:
            question = self._sender.question(doing)
            raise foreign_answer(question, response.status, text) from error

    def watch(
        self,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        resource_version: str,
        deadline: Deadline,
        doing: str | None = None,
        opened: Callable[[Any], None] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield what happens in a list, as it happens.

        Each event is ``{"type": "ADDED" | "MODIFIED" | "DELETED", "object": ...}``. Reconnects
        from the last resource version by itself. Ends when the deadline passes; close the iterator
        to end it earlier.

        Args:
            path: the list's API path.
            query: selectors.
            resource_version: the list's, or an object's, from which to continue.
            deadline: when to end.
            doing: for messages: ``watch DaemonSet ns/name``.
            opened: is told the response of each stream, so that another thread can end it.

        Raises:
            ExpiredError: the resource version is too old: list again.
            ClusterError: in one of its other kinds, where reconnecting does not help.
        """
        from .watch import watch_events

        self._guard(deadline)
        return watch_events(
            self._sender,
            path,
            query=query or {},
            resource_version=resource_version,
            deadline=deadline,
            doing=doing or f"watch {path}",
            opened=opened,
        )

    def stream(
        self,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        deadline: Deadline,
        doing: str,
    ) -> Iterator[bytes]:
        """Yield what a GET answers, in pieces as they arrive; ends with the answer or the deadline.

        Raises:
            ClusterError: in one of its kinds; passing troubles are overcome only until the answer
                begins.
        """
        self._guard(deadline)
        response, _no_body = self._sender.send(
            Request("GET", path, doing, query=query, stream=True), deadline
        )
        try:
            yield from pieces(response, deadline)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            if not deadline.passed():
                raise self._sender.cut(doing, error) from error
        finally:
            response.close()

    def open_websocket(
        self,
        path: str,
        *,
        query: Mapping[str, Any],
        protocols: tuple[str, ...],
        deadline: Deadline,
        doing: str,
    ) -> Any:
        """A connected ``websocket.WebSocket``, which the caller closes.

        Args:
            path: the API path.
            query: the query's parameters; a list is sent as its name again and again.
            protocols: the subprotocols to offer, the best one first.
            deadline: when to give up.
            doing: for messages.

        Raises:
            ClusterError: in one of its kinds.
        """
        self._guard(deadline)
        request = Request("GET", path, doing, query=query, protocols=protocols)
        made, _no_body = self._sender.send(request, deadline)
        return made.websocket

    def question(self, doing: str) -> Question:
        """What messages about this connection need to know."""
        return self._sender.question(doing)

    def cut(self, doing: str, error: BaseException, advice: str = "") -> ClusterError:
        """What to raise where a connection broke that had been there."""
        return self._sender.cut(doing, error, advice)

    def _ask(self, request: Request, deadline: Deadline) -> Answer:
        response, data = self._sender.send(request, deadline)
        body = parsed(data)
        if body is None:
            from .failures import foreign_answer

            question = self._sender.question(request.doing)
            raise foreign_answer(question, response.status, data.decode(errors="replace"))
        return Answer(response.status, body, warnings_of(response.headers))

    def _guard(self, deadline: Deadline) -> None:
        """Check once a playbook that the cluster is the expected one."""
        expected = self._expected_uid
        if expected is None:
            return
        from .exec_cache import SHARED
        from .keys import key_of

        key = key_of("uid", self.server, expected)
        if SHARED.get(key) is None:
            doing = "check expected_cluster by reading the namespace kube-system"
            request = Request("GET", "/api/v1/namespaces/kube-system", doing)
            uid = self._ask(request, deadline).body.get("metadata", {}).get("uid")
            if uid != expected:
                raise WrongClusterError(
                    f"{self.server} is not the expected cluster: its namespace kube-system has the"
                    f" uid {uid}, expected_cluster is {expected}. Nothing else was asked of it.",
                    advice="Check host, kubeconfig and context.",
                    details={"expected_cluster": expected, "found_cluster": uid},
                )
            SHARED.put(key, {"uid": uid}, time.time() + _GUARD_SECONDS)
        self._expected_uid = None
