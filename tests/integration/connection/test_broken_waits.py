# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wait over a connection that does what a healthy API server never does."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.deadline import Deadline
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import (
    ForbiddenError,
    RolloutError,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.connect import connect
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.waiting import (
    Patience,
    until_observed,
    until_ready,
)

from tests.integration.connection.servers import (
    LONG,
    Answer,
    answer,
    reset,
    scripted,
    silent,
    status,
    stream,
)
from tests.integration.connection.test_watch import error, versions

_PATIENCE = Patience()


def _live(version: int, available: int, uid: str = "one", observed: int = 2) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {
            "namespace": "ns",
            "name": "agent",
            "uid": uid,
            "generation": 2,
            "resourceVersion": str(version),
        },
        "spec": {"selector": {"matchLabels": {"app": "agent"}}},
        "status": {
            "observedGeneration": observed,
            "desiredNumberScheduled": 3,
            "updatedNumberScheduled": 3,
            "numberAvailable": available,
            "numberReady": available,
        },
    }


def _event(kind: str, live: dict[str, Any]) -> bytes:
    return json.dumps({"type": kind, "object": live}).encode() + b"\n"


def _list(version: int, *items: dict[str, Any]) -> Answer:
    metadata = {"resourceVersion": str(version)}
    return answer(200, {"kind": "DaemonSetList", "metadata": metadata, "items": list(items)})


def _wait(
    answers: list[Answer], patience: Patience = _PATIENCE
) -> tuple[dict[str, Any], list[bytes]]:
    with scripted(answers) as server:
        cluster = connect({"host": server.url})
        live, _found = until_ready(
            cluster, _live(5, 1), patience, Deadline(2 * LONG), lambda _line: None
        )
        return live, server.requests


def test_it_goes_on_where_a_broken_stream_was() -> None:
    live, requests = _wait(
        [
            stream(_event("MODIFIED", _live(6, 2)), end=reset),
            stream(_event("MODIFIED", _live(7, 3)), end=silent),
        ]
    )
    assert live["metadata"]["resourceVersion"] == "7"
    assert versions(requests) == ["5", "6"]


def test_it_goes_on_from_a_list_when_its_version_is_too_old() -> None:
    """The object's own may be as old, as it has had it since its last change."""
    live, requests = _wait(
        [
            stream(error(410, "too old")),
            _list(19, _live(5, 1)),
            stream(_event("MODIFIED", _live(21, 3)), end=silent),
        ]
    )
    assert live["metadata"]["resourceVersion"] == "21"
    assert live["kind"] == "DaemonSet"
    assert b"fieldSelector=metadata.name%3Dagent" in requests[1]
    assert versions(requests[2:]) == ["19"]


def test_without_the_right_to_list_it_goes_on_from_the_object_after_a_pause() -> None:
    forbidden = answer(403, status(403, "forbidden: no lists", "Forbidden"))
    began = time.monotonic()
    live, requests = _wait(
        [
            stream(error(410, "too old")),
            forbidden,
            answer(200, _live(5, 1)),
            stream(error(410, "too old")),
            forbidden,
            answer(200, _live(9, 2)),
            stream(_event("MODIFIED", _live(11, 3)), end=silent),
        ]
    )
    assert live["metadata"]["resourceVersion"] == "11"
    assert requests[2].startswith(b"GET /apis/apps/v1/namespaces/ns/daemonsets/agent ")
    assert versions([requests[3], requests[6]]) == ["5", "9"]
    assert time.monotonic() - began >= 2


def test_a_silent_watch_hides_nothing_from_a_look() -> None:
    """What is on its way where a connection broke and nobody knows it yet."""
    pods, nodes, events = _list(8), _list(8), _list(8)
    answers = [stream(end=silent), pods, nodes, events, answer(200, _live(9, 3))]
    live, requests = _wait(answers, Patience(grace_seconds=1))
    assert live["metadata"]["resourceVersion"] == "9"
    assert requests[4].startswith(b"GET /apis/apps/v1/namespaces/ns/daemonsets/agent ")


@pytest.mark.parametrize(
    ("found", "state"),
    [
        ([], "deleted"),
        ([_live(9, 3, uid="another")], "replaced"),
    ],
)
def test_one_that_went_away_while_nobody_watched(found: list[dict[str, Any]], state: str) -> None:
    with pytest.raises(RolloutError) as failed:
        _wait([stream(error(410, "too old")), _list(19, *found)])
    assert failed.value.details["rollout"]["state"] == state
    assert failed.value.details["rollout"]["failed_by"] == "deleted"


def test_a_right_that_is_taken_away_ends_it() -> None:
    with pytest.raises(ForbiddenError):
        _wait([stream(), answer(403, status(403, "forbidden: no more", "Forbidden"))])


def test_until_the_controller_has_seen_it() -> None:
    seen = stream(
        _event("MODIFIED", _live(6, 1, observed=1)),
        _event("MODIFIED", _live(7, 1, observed=2)),
        end=silent,
    )
    with scripted([seen]) as server:
        cluster = connect({"host": server.url})
        live = until_observed(cluster, _live(5, 1, observed=1), Deadline(2 * LONG))
        assert live["metadata"]["resourceVersion"] == "7"
        # Nothing is asked where it has already.
        assert until_observed(cluster, live, Deadline(2 * LONG)) is live
        assert len(server.requests) == 1


def test_a_controller_that_does_not_look_is_told() -> None:
    with scripted([stream(end=silent)]) as server:
        cluster = connect({"host": server.url})
        with pytest.raises(RolloutError, match="has not seen the change of DaemonSet ns/agent"):
            until_observed(cluster, _live(5, 1, observed=1), Deadline(1))
