# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The events that daemonset_info shows: of the DaemonSet and of its pods, newest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.api import Api, eventually
from tests.integration.returned import documented
from tests.integration.verbs import Tasks

_CONTAINERS = [{"name": "agent", "image": "example.test/agent:1"}]
_DAEMONSETS = {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["get", "list"]}
_PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}


def _events(tasks: Tasks, **more: Any) -> list[dict[str, Any]]:
    (shown,) = tasks.info(name="agent", include=["events"], **more).result["daemonsets"]
    found: list[dict[str, Any]] = shown["events"]
    return found


def _told(api: Api, about: dict[str, Any], number: int, **more: Any) -> None:
    """Write an event of the core API about an object."""
    metadata = about["metadata"]
    body = {
        "metadata": {"name": f"{metadata['name']}.{number}"},
        "involvedObject": {
            "kind": about["kind"],
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
        },
        "type": "Normal",
        "reason": "Test",
        "message": f"number {number}",
        "count": number,
        "firstTimestamp": "2026-01-01T10:00:00Z",
        "lastTimestamp": f"2036-01-01T10:{number // 60:02}:{number % 60:02}Z",
        "source": {"component": "tests", "host": "node-9"},
        **more,
    }
    api.request("POST", f"/api/v1/namespaces/{metadata['namespace']}/events", body=body)


def _live(api: Api, tasks: Tasks, name: str = "agent") -> dict[str, Any]:
    return {"kind": "DaemonSet", **api.daemonset(tasks.namespace, name)}


def test_events_of_the_daemonset_and_of_its_pods(api: Api, tasks: Tasks) -> None:
    tasks.ok(name="agent", containers=_CONTAINERS, wait=True)
    tasks.ok(name="other", containers=_CONTAINERS, wait=True)
    pods = {
        pod["metadata"]["name"]: pod["spec"]["nodeName"]
        for pod in api.pods(tasks.namespace, "agent")
    }

    def all_told() -> list[dict[str, Any]] | None:
        found = _events(tasks)
        made = [one for one in found if one["reason"] == "SuccessfulCreate"]
        scheduled = [one for one in found if one["reason"] == "Scheduled"]
        return found if (len(made), len(scheduled)) == (5, 5) else None

    found = eventually(all_told, "each pod is created and scheduled")
    assert {one["name"] for one in found} == {"agent", *pods}
    assert all(one["node"] == pods.get(one["name"]) for one in found)
    made = next(one for one in found if one["reason"] == "SuccessfulCreate")
    assert made["kind"] == "DaemonSet"
    assert made["type"] == "Normal"
    assert made["message"].startswith("Created pod: agent-")
    assert made["count"] == 1
    assert made["source"] == "daemonset-controller"
    assert made["first_seen"] <= made["last_seen"]
    scheduled = next(one for one in found if one["reason"] == "Scheduled")
    # The scheduler writes by the other API.
    assert scheduled["last_seen"]
    assert scheduled["source"] == "default-scheduler"
    times = [one["last_seen"][:19] for one in found]
    assert times == sorted(times, reverse=True)
    asked = tasks.info(name="agent", include=["events"])
    assert [request.verb for request in asked.requests] == ["list"] * 4
    both = tasks.info(include=["events"])
    assert len(both.requests) == 4
    shown = {one["name"]: one for one in both.result["daemonsets"]}
    assert shown["agent"]["events"] == found
    assert {one["name"].partition("-")[0] for one in shown["other"]["events"]} == {"other"}


def test_of_many_the_newest_are_shown(api: Api, tasks: Tasks) -> None:
    tasks.ok(name="agent", containers=_CONTAINERS, wait=True)
    live = _live(api, tasks)
    for number in range(60):
        _told(api, live, number + 1)
    pod = {"kind": "Pod", **api.pods(tasks.namespace, "agent")[0]}
    _told(
        api,
        pod,
        100,
        type="Warning",
        series={"count": 7, "lastObservedTime": "2037-01-01T10:00:00.000000Z"},
    )
    (shown,) = tasks.info(name="agent", include=["events"]).result["daemonsets"]
    found = shown["events"]
    assert len(found) == 50
    newest = found[0]
    assert set(newest) == documented("events")
    assert newest == {
        "type": "Warning",
        "reason": "Test",
        "message": "number 100",
        "kind": "Pod",
        "name": pod["metadata"]["name"],
        "node": pod["spec"]["nodeName"],
        "count": 7,
        "first_seen": "2026-01-01T10:00:00Z",
        "last_seen": "2037-01-01T10:00:00.000000Z",
        "source": "tests",
    }
    assert [one["count"] for one in found[1:]] == list(range(60, 11, -1))
    assert found[1]["node"] == "node-9"
    (note,) = shown["notes"]
    assert note.endswith("older events are not shown.")
    assert int(note.split()[0]) >= 11


@pytest.mark.parametrize("group", ["", "events.k8s.io"])
def test_either_api_of_events_will_do(api: Api, tasks: Tasks, group: str) -> None:
    tasks.ok(name="agent", containers=_CONTAINERS, wait=True)
    _told(api, _live(api, tasks), 3)
    events = {"apiGroups": [group], "resources": ["events"], "verbs": ["list"]}
    reader = api.user_with([_DAEMONSETS, _PODS, events], tasks.namespace, "reader")

    def all_told() -> list[dict[str, Any]] | None:
        found = _events(tasks)
        reasons = Counter(one["reason"] for one in found)
        return found if reasons["Scheduled"] == reasons["SuccessfulCreate"] == 5 else None

    found = eventually(all_told, "each pod is created and scheduled")
    asked = tasks.info(name="agent", include=["events"], impersonate_user=reader)
    (shown,) = asked.result["daemonsets"]
    assert shown["events"] == found
    assert not asked.warnings


def test_without_the_right_to_pods_those_of_the_daemonset_are_shown(api: Api, tasks: Tasks) -> None:
    tasks.ok(name="agent", containers=_CONTAINERS, wait=True)
    events = {"apiGroups": [""], "resources": ["events"], "verbs": ["list"]}
    reader = api.user_with([_DAEMONSETS, events], tasks.namespace, "reader")
    eventually(lambda: _events(tasks) or None, "something is told")
    asked = tasks.info(name="agent", include=["events"], impersonate_user=reader)
    (shown,) = asked.result["daemonsets"]
    assert {one["kind"] for one in shown["events"]} == {"DaemonSet"}
    assert "its pods are not known" in "\n".join(shown["notes"])


def test_of_many_namespaces_they_are_read_at_once(
    api: Api, tasks: Tasks, namespaces: Callable[[], str]
) -> None:
    homes = [tasks.namespace, *(namespaces() for _number in range(3))]
    for number, home in enumerate(homes):
        there = Tasks(api, home)
        there.ok(name="agent", containers=_CONTAINERS, wait=True)
        _told(api, _live(api, there), 10 + number)
    mark = api.mark()
    result = tasks.info(namespace=None, namespaces=homes, include=["events"]).result
    newest = {one["namespace"]: one["events"][0]["count"] for one in result["daemonsets"]}
    assert newest == {home: 10 + number for number, home in enumerate(homes)}
    paths = [request.path.partition("?")[0] for request in api.requests(mark)]
    assert paths.count("/api/v1/events") == 2
    # DaemonSets and pods are read namespace by namespace.
    assert len(paths) == 2 + 2 * 4
