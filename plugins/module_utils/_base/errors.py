# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exceptions: each says what was being done, to what, why it failed and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class EverynodeError(Exception):
    """A failure that the user is told about in one message.

    Args:
        message: one or more sentences: what was being done to what, and why it failed.
        advice: what the user can do about it, a sentence, or empty.
        details: more result keys for the failed task (JSON values).
    """

    kind = "failed"

    def __init__(self, message: str, *, advice: str = "", details: dict[str, Any] | None = None):
        self.message = message
        self.advice = advice
        self.details = details or {}
        super().__init__(message)

    def __str__(self) -> str:
        # What is known of a failure may grow until it is told.
        return f"{self.message} {self.advice}".strip()


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with the input.

    Attributes:
        path: the parameter as the user wrote it, such as ``containers[1].ports[0].hostPort``.
        problem: what is wrong and what is allowed, a clause without a full stop.
    """

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}" if self.path else self.problem


class InputError(EverynodeError):
    """The parameters are wrong; nothing was sent to the server. Holds every fault at once."""

    kind = "invalid_input"

    def __init__(self, faults: Sequence[Fault]):
        self.faults = list(faults)
        if len(self.faults) == 1:
            text = str(self.faults[0])
            message = f"Invalid input: {text}" + ("" if text.endswith("?") else ".")
        else:
            lines = "".join(f"\n  - {fault}" for fault in self.faults)
            message = f"Invalid input, {len(self.faults)} faults:{lines}"
        super().__init__(
            message,
            details={"faults": [{"path": f.path, "problem": f.problem} for f in self.faults]},
        )


class ClusterError(EverynodeError):
    """The API server could not be asked, or refused. ``status`` is the HTTP status, if there was
    one.

    ``repeated``: whether it refused a try after one that may have been carried out, its answer
    being lost. Then it may refuse just because of that.
    """

    kind = "cluster_error"
    repeated = False

    def __init__(
        self,
        message: str,
        *,
        advice: str = "",
        status: int | None = None,
        body: dict[str, Any] | None = None,
        details: dict[str, Any] | None = None,
    ):
        super().__init__(message, advice=advice, details=details)
        self.status = status
        self.body = body or {}


class CredentialsError(ClusterError):
    """No usable credentials: no kubeconfig, no such context, an exec plugin that failed."""

    kind = "credentials"


class UnreachableError(ClusterError):
    """No connection: refused, no such host, no route, timed out, proxy failed.

    ``unsent``: whether there was none at all, however often it was tried. Otherwise one broke.
    """

    kind = "unreachable"
    unsent = False


class UntrustedError(ClusterError):
    """The server's certificate is not trusted, or the name in it is another."""

    kind = "untrusted"


class UnauthorizedError(ClusterError):
    """401: the credentials were not accepted."""

    kind = "unauthorized"


class ForbiddenError(ClusterError):
    """403: the user is known and lacks the right, or a quota or admission policy refuses."""

    kind = "forbidden"


class NotFoundError(ClusterError):
    """404 with a Status body of reason NotFound."""

    kind = "not_found"


class ConflictError(ClusterError):
    """409: another field manager owns a field, or the object changed meanwhile."""

    kind = "conflict"


class RefusedError(ClusterError):
    """400, 422 or a typed-patch 500: the server does not accept the object."""

    kind = "refused"


class ExpiredError(ClusterError):
    """410: the resource version is too old to continue from; list again."""

    kind = "expired"


class WrongClusterError(ClusterError):
    """The cluster that answers is not the one that ``expected_cluster`` names; nothing else was
    sent to it."""

    kind = "wrong_cluster"


class DeadlineError(ClusterError):
    """The task's deadline passed while a request was being made or retried."""

    kind = "deadline"


class RolloutError(EverynodeError):
    """The rollout did not end well in time; ``details`` holds the state and the reasons."""

    kind = "rollout"


class BatchError(EverynodeError):
    """Some of many objects failed; ``details`` holds what became of each."""

    kind = "batch"
