# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an answer of the API server to the exception that tells the user what happened."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .._base.errors import (
    ClusterError,
    ConflictError,
    EverynodeError,
    ExpiredError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    UnauthorizedError,
)

# What a handler for a foreign body (a proxy's page) may quote.
QUOTED_CHARACTERS = 200

# The words in which the API server's RBAC and node authorizers refuse
# (k8s.io/apiserver pkg/endpoints/handlers/responsewriters/errors.go, forbiddenMessage).
_FORBIDDEN = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\S+) (?:resource "(?P<resource>[^"]*)"'
    r'(?: in API group "(?P<group>[^"]*)")?|path "(?P<path>[^"]*)")'
    r'(?: in the namespace "(?P<namespace>[^"]*)"| at the cluster scope)?'
)


@dataclass(frozen=True)
class Question:
    """What was asked, for messages.

    Attributes:
        doing: the clause after "Cannot", such as ``read DaemonSet ns/name``.
        server: the address that was asked, without user information.
        credential: the credential that was used, in words.
        redact: hides the secrets of the connection in a text.
    """

    doing: str
    server: str
    credential: str
    redact: Callable[[str], str]


_ABOUT_THE_OBJECT = (ConflictError, ForbiddenError, NotFoundError, RefusedError)


def is_trouble(error: EverynodeError) -> bool:
    """Whether the API server, or the way to it, is in trouble, rather than that it refuses what is
    asked for.

    So it is where it cannot be reached, fails by itself (5xx), is too busy (429), or does not know
    the credentials any more: that says nothing about the object, and may be over with the next run.
    """
    return isinstance(error, ClusterError) and not isinstance(error, _ABOUT_THE_OBJECT)


def is_status(body: Mapping[str, Any]) -> bool:
    """Whether the body is a Kubernetes ``Status`` object."""
    return body.get("kind") == "Status"


def server_message(body: Mapping[str, Any]) -> str:
    """The message of a Status body, or empty."""
    message = body.get("message")
    return message.strip() if is_status(body) and isinstance(message, str) else ""


def failure(question: Question, status: int, body: dict[str, Any], text: str) -> ClusterError:
    """The exception for an answer that is not a success.

    Args:
        question: what was asked.
        status: the HTTP status.
        body: the parsed JSON object, or empty where the body was none.
        text: the body as text, quoted where it is no Status.
    """
    if status == 401:
        return _unauthorized(question, body)
    if not is_status(body):
        return foreign_answer(question, status, text)
    message = question.redact(server_message(body)) or f"HTTP status {status}"
    if status == 403:
        return _forbidden(question, body, message)
    kind = _error_type(status, str(body.get("reason", "")), message)
    return kind(f"Cannot {question.doing}: {_sentence(message)}", status=status, body=body)


def foreign_answer(question: Question, status: int, text: str) -> ClusterError:
    """The exception for an answer that does not come from an API server: a proxy's page, a cut
    body."""
    quoted = question.redact(" ".join(text.split()))[:QUOTED_CHARACTERS]
    shown = f'The answer begins: "{quoted}".' if quoted else "The answer was empty."
    return ClusterError(
        f"Cannot {question.doing}: {question.server} answered with HTTP status {status} and"
        f" something that is no Kubernetes object. {shown}",
        advice="Something between here and the API server may have answered: check host and proxy.",
        status=status,
    )


def _error_type(status: int, reason: str, message: str) -> type[ClusterError]:
    if status == 404 and reason == "NotFound":
        return NotFoundError
    if status == 409:
        return ConflictError
    if status == 410:
        return ExpiredError
    if status in (400, 413, 415, 422) or is_typed_patch_refusal(status, message):
        return RefusedError
    return ClusterError


def is_typed_patch_refusal(status: int, message: str) -> bool:
    """Whether server-side apply refused the object's form: unknown field, wrong type, duplicate
    list key.

    The API server answers these with 500, without reason or details
    (k8s.io/apimachinery pkg/util/managedfields/internal/structuredmerge.go).
    """
    return status == 500 and "failed to create typed patch object" in message


def _unauthorized(question: Question, body: dict[str, Any]) -> UnauthorizedError:
    return UnauthorizedError(
        f"Cannot {question.doing}: the API server {question.server} does not accept the"
        f" credentials (401 Unauthorized). They were {question.credential}.",
        advice="They may have expired or belong to another cluster.",
        status=401,
        body=body,
    )


def _forbidden(question: Question, body: dict[str, Any], message: str) -> ForbiddenError:
    match = _FORBIDDEN.search(message)
    details: dict[str, Any] = {}
    advice = ""
    if match:
        details = {key: value for key, value in match.groupdict().items() if value is not None}
        advice = _grant(details)
    return ForbiddenError(
        f"Cannot {question.doing}: forbidden (403) by {question.server}: {_sentence(message)}",
        advice=advice,
        status=403,
        body=body,
        details={"forbidden": details} if details else None,
    )


def _grant(details: Mapping[str, str]) -> str:
    if details["user"] == "system:anonymous":
        return "No credentials were sent, or none that the server knows."
    if "resource" not in details:
        return ""
    kind = "Role" if "namespace" in details else "ClusterRole"
    where = f' in the namespace "{details["namespace"]}"' if "namespace" in details else ""
    group = details.get("group") or ""
    return (
        f'A {kind}{where} that allows it needs the rule: apiGroups: ["{group}"], '
        f'resources: ["{details["resource"]}"], verbs: ["{details["verb"]}"].'
    )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
