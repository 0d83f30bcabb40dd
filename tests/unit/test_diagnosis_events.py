# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What events say: refused pods, and which event is the newest."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes import events
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.diagnosis import (
    troubles_of_daemonset,
)

FORBIDDEN = 'Error creating: pods "agent-" is forbidden: '


def event(message: str, reason: str = "FailedCreate", **more: Any) -> dict[str, Any]:
    return {
        "reason": reason,
        "message": message,
        "involvedObject": {"kind": "DaemonSet", "uid": "ds"},
        **more,
    }


@pytest.mark.parametrize(
    ("message", "cause", "heals"),
    [
        (
            f"{FORBIDDEN}exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5",
            "Quota",
            False,
        ),
        (f"{FORBIDDEN}failed quota: q: must specify limits.cpu for: agent", "Quota", False),
        (
            f"{FORBIDDEN}insufficient quota to match these scopes: [{{PriorityClass In [x]}}]",
            "Quota",
            False,
        ),
        (
            f"{FORBIDDEN}maximum cpu usage per Container is 800m, but limit is 1500m",
            "Quota",
            False,
        ),
        (
            f"{FORBIDDEN}[minimum memory usage per Pod is 64Mi, but request is 1Mi]",
            "Quota",
            False,
        ),
        (
            f'{FORBIDDEN}violates PodSecurity "baseline:latest": hostPath volumes (volume "d")',
            "PodSecurity",
            False,
        ),
        (f"{FORBIDDEN}PodSecurityPolicy: unable to admit pod: []", "PodSecurity", False),
        (f"{FORBIDDEN}no providers available to validate pod request", "PodSecurity", False),
        (
            f"{FORBIDDEN}unable to validate against any security context constraint: [provider]",
            "PodSecurity",
            False,
        ),
        (
            'Error creating: admission webhook "check.example" denied the request: no owner label',
            "Webhook",
            False,
        ),
        (
            (
                'Error creating: Internal error occurred: failed calling webhook "check.example":'
                ' failed to call webhook: Post "https://x": context deadline exceeded'
            ),
            "Webhook",
            True,
        ),
        (
            f"{FORBIDDEN}ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
            "Webhook",
            False,
        ),
        (
            f'{FORBIDDEN}error looking up service account n/a: serviceaccount "a" not found',
            "NoPod",
            False,
        ),
        (f"{FORBIDDEN}no PriorityClass with name high was found", "NoPod", False),
        ('Error creating: Pod "agent-x" is invalid: spec: Invalid value', "NoPod", False),
        (
            (
                f"{FORBIDDEN}unable to create new content in namespace n because it is being"
                " terminated"
            ),
            "NoPod",
            False,
        ),
        (f"{FORBIDDEN}status unknown for quota: q, resources: pods", "Quota", True),
        (
            "Error creating: Internal error occurred: resource quota evaluation timed out",
            "Quota",
            True,
        ),
        (
            f"{FORBIDDEN}cpu max limit to request ratio per Container is 2, but provided is 4.000",
            "Quota",
            False,
        ),
        (f"{FORBIDDEN}image policy webhook backend denied one or more images: x", "Webhook", False),
        (f"{FORBIDDEN}pod rejected: Pod's Overhead doesn't match RuntimeClass's", "NoPod", False),
        (
            f"{FORBIDDEN}pod node label selector conflicts with its namespace node label selector",
            "NoPod",
            False,
        ),
        (
            (
                f"{FORBIDDEN}pod tolerations (possibly merged with namespace default tolerations)"
                " conflict with its namespace whitelist"
            ),
            "NoPod",
            False,
        ),
        (
            f"{FORBIDDEN}the integer value of priority (5) must not be provided in pod spec; x",
            "NoPod",
            False,
        ),
        # Of an API server that has just been started.
        (
            f'{FORBIDDEN}no role: clusterrole "system:service-account-issuer" not found',
            "NoPod",
            True,
        ),
        ("Error creating: etcdserver: request timed out", "NoPod", True),
        ("", "NoPod", True),
    ],
)
def test_refused_pods(message: str, cause: str, heals: bool) -> None:
    (found,) = troubles_of_daemonset({"metadata": {"uid": "ds"}}, [event(message)])
    assert (found.cause, found.heals) == (cause, heals)
    assert found.evidence == (message or "no more is told")


def test_a_daemonset_that_selects_everything() -> None:
    message = "This daemon set is selecting all pods. A non-empty selector is required."
    (found,) = events.refusals([event(message, "SelectingAll")])
    assert (found.cause, found.heals) == ("NoPod", False)


def test_what_clients_put_before_a_message_is_taken_off() -> None:
    (found,) = events.refusals([event("(combined from similar events): Error creating: x")])
    assert found.evidence == "Error creating: x"


def test_events_of_others_and_other_events_do_not_count() -> None:
    others = event("Error creating: x", involvedObject={"uid": "another"})
    made = event("Created pod: agent-x", "SuccessfulCreate")
    assert troubles_of_daemonset({"metadata": {"uid": "ds"}}, [others, made, {}]) == []


def test_each_cause_once_newest_first() -> None:
    found = events.refusals(
        [
            event(f"{FORBIDDEN}exceeded quota: old", lastTimestamp="2026-01-01T00:00:00Z"),
            event(f"{FORBIDDEN}exceeded quota: new", lastTimestamp="2026-01-01T00:00:02Z"),
            event("Error creating: gone wrong", lastTimestamp="2026-01-01T00:00:01Z"),
        ]
    )
    assert [one.cause for one in found] == ["Quota", "NoPod"]
    assert found[0].evidence.endswith("new")


@pytest.mark.parametrize(
    "times",
    [
        {"series": {"lastObservedTime": "2026-01-01T00:00:03.000000Z"}, "eventTime": "2025"},
        {"lastTimestamp": "2026-01-01T00:00:03Z", "firstTimestamp": "2025-01-01T00:00:03Z"},
        {"lastTimestamp": None, "eventTime": "2026-01-01T00:00:03.000000Z"},
        {"firstTimestamp": "2026-01-01T00:00:03Z"},
        {"metadata": {"creationTimestamp": "2026-01-01T00:00:03Z"}},
    ],
)
def test_when_an_event_was_last_seen(times: dict[str, Any]) -> None:
    assert events.last_seen(times) == datetime(2026, 1, 1, 0, 0, 3, tzinfo=UTC)


def test_an_event_without_a_time_is_old() -> None:
    timed = event("x", lastTimestamp="2026-01-01T00:00:00Z")
    assert events.newest_first([event("y"), timed]) == [timed, event("y")]
