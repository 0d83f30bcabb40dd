# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a request is sent again, and after how long: decisions only, nothing is sent here."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

APPLY = "application/apply-patch+yaml"
_VERSION = "/metadata/resourceVersion"

# How long a server is tried that never answered on this connection: a wrong host must not cost the
# task's whole time, a control plane that is just starting should not fail it.
CONNECT_WINDOW_SECONDS = 10.0
# How long a server is tried that answers with a passing error, or loses the connection after the
# request.
TROUBLE_WINDOW_SECONDS = 60.0

# Of answers with 500, the words of what passes. The API server has no other status for most of the
# troubles of its etcd (kubernetes/kubernetes#112152, #65062), of webhooks, and of quotas (#67531).
_PASSING = (
    "failed calling webhook",
    "conversion webhook for",
    "etcdserver: leader changed",
    "etcdserver: no leader",
    "etcdserver: request timed out",
    "etcdserver: too many requests",
    "etcdserver: server stopped",
    "etcdserver: unhealthy cluster",
    "rpc error: code = Unavailable",
    "rpc error: code = DeadlineExceeded",
    "transport is closing",
    "context deadline exceeded",
    "http: Handler timeout",
    "currently unable to handle the request",
    "resource quota evaluat",
)
# What the API server asks of a kubelet: it is the node that does not answer, maybe for long.
_OF_A_NODE = "/containerLogs/"

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 8.0


class BackOff:
    """Pauses of 0.5 s doubling to 8 s, each varied by a quarter so that many hosts do not come back
    at once."""

    def __init__(self) -> None:
        self._pause = _FIRST_PAUSE_SECONDS

    def next(self) -> float:
        """The next pause in seconds."""
        pause = self._pause * random.uniform(0.75, 1.25)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE_SECONDS)
        return pause


def is_repeatable(method: str, content_type: str, body: Any) -> bool:
    """Whether sending the request twice does no harm, should the first have been carried out.

    True for reads, for server-side apply, for a JSON patch of one version of an object, and for a
    delete that names the uid it means.
    """
    if method in ("GET", "HEAD"):
        return True
    if method == "PATCH":
        return content_type == APPLY or _is_of_one_version(body)
    if method == "DELETE":
        preconditions = body.get("preconditions") if isinstance(body, Mapping) else None
        return isinstance(preconditions, Mapping) and bool(preconditions.get("uid"))
    return False


def _is_of_one_version(body: Any) -> bool:
    """Whether a JSON patch is refused once the object is at another version than it names."""
    steps = body if isinstance(body, list) else []
    return any(isinstance(one, Mapping) and one.get("path") == _VERSION for one in steps)


def is_passing(status: int, message: str, *, told_when: bool, repeatable: bool) -> bool:
    """Whether an answer is a passing trouble of the server that another try may overcome.

    Args:
        status: the HTTP status.
        message: the message of the Status body.
        told_when: the answer has a ``Retry-After``.
        repeatable: see :func:`is_repeatable`.
    """
    # Imported here, as a module is compiled anew in each task and most meet no trouble.
    from .failures import is_typed_patch_refusal

    if status == 429:
        return True
    if is_typed_patch_refusal(status, message):
        return False
    if status == 500 and _is_said_to_pass(message):
        return repeatable
    if status in (502, 503, 504):
        return repeatable
    # client-go does the same for any 5xx that says when to come back (rest/with_retry.go)
    return status >= 500 and told_when and repeatable


def _is_said_to_pass(message: str) -> bool:
    return _OF_A_NODE not in message and any(words in message for words in _PASSING)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a ``Retry-After`` header; None where it is missing or a date."""
    value = headers.get("Retry-After", "").strip()
    return float(value) if value.isdigit() else None
