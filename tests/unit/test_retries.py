# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which answers are passing troubles, which are trouble of the server at all, and which are not."""

from __future__ import annotations

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import (
    ClusterError,
    ConflictError,
    CredentialsError,
    DeadlineError,
    EverynodeError,
    ExpiredError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    RolloutError,
    UnauthorizedError,
    UnreachableError,
    UntrustedError,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.failures import (
    is_trouble,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.retries import (
    is_passing,
)

_PASSING = [
    'Internal error occurred: failed calling webhook "x": Post "https://x": connection refused',
    'conversion webhook for example.com/v1, Kind=X failed: Post "https://x": EOF',
    "etcdserver: leader changed",
    "etcdserver: request timed out, possibly due to previous leader failure",
    "etcdserver: too many requests",
    "Internal error occurred: etcdserver: no leader",
    "rpc error: code = Unavailable desc = transport is closing",
    "rpc error: code = Unavailable desc = error reading from server: EOF",
    "context deadline exceeded",
    "http: Handler timeout",
    "the server is currently unable to handle the request",
    "Internal error occurred: resource quota evaluation timed out",
    "Internal error occurred: resource quota evaluates timeout",
]
_LASTING = [
    "oops",
    "etcdserver: mvcc: database space exceeded",
    "etcdserver: request is too large",
    "rpc error: code = ResourceExhausted desc = grpc: received message larger than max",
    'Get "https://10.0.0.1:10250/containerLogs/n/p/c": context deadline exceeded',
    'failed to create typed patch object (n/x; apps/v1): "connection refused"',
    "error dialing backend: dial tcp 10.0.0.1:10250: connect: connection refused",
]


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize("message", _PASSING)
def test_what_passes_is_waited_for_where_that_does_no_harm(message: str, repeatable: bool) -> None:
    assert is_passing(500, message, told_when=False, repeatable=repeatable) == repeatable


@pytest.mark.parametrize("message", _LASTING)
def test_what_lasts_is_not_waited_for(message: str) -> None:
    assert not is_passing(500, message, told_when=False, repeatable=True)


@pytest.mark.parametrize("status", [400, 403, 409, 422])
def test_the_words_count_for_errors_of_the_server_only(status: int) -> None:
    assert not is_passing(status, _PASSING[0], told_when=False, repeatable=True)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ClusterError("oops", status=500), True),
        (ClusterError("starting", status=503), True),
        (ClusterError("slow down", status=429), True),
        (ClusterError("a proxy's page", status=403), True),
        (UnreachableError("gone"), True),
        (UnauthorizedError("who?", status=401), True),
        (UntrustedError("another certificate"), True),
        (CredentialsError("no plugin"), True),
        (DeadlineError("the time is over"), True),
        (ExpiredError("too old", status=410), True),
        (ForbiddenError("not you", status=403), False),
        (RefusedError("no such field", status=422), False),
        (ConflictError("not yours", status=409), False),
        (NotFoundError("gone", status=404), False),
        (RolloutError("a stage failed"), False),
    ],
)
def test_trouble_of_the_server_is_no_refusal(error: EverynodeError, expected: bool) -> None:
    assert is_trouble(error) == expected
