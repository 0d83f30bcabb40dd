# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events and measurements as a details page shows them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._views.events import (
    MOST,
    Newest,
    as_core,
    event_view,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._views.usage import (
    seconds_of,
    small_metrics,
    usage_view,
)

_CORE = {
    "metadata": {"name": "e", "creationTimestamp": "2026-01-01T09:59:59Z"},
    "involvedObject": {"kind": "Pod", "name": "agent-1", "uid": "u"},
    "type": "Warning",
    "reason": "FailedMount",
    "message": "no volume",
    "count": 3,
    "firstTimestamp": "2026-01-01T10:00:00Z",
    "lastTimestamp": "2026-01-01T10:02:00Z",
    "source": {"component": "kubelet", "host": "node-1"},
}
# The same, as the other API has it.
_NEW = {
    "metadata": _CORE["metadata"],
    "regarding": _CORE["involvedObject"],
    "type": "Warning",
    "reason": "FailedMount",
    "note": "no volume",
    "deprecatedCount": 3,
    "deprecatedFirstTimestamp": "2026-01-01T10:00:00Z",
    "deprecatedLastTimestamp": "2026-01-01T10:02:00Z",
    "deprecatedSource": {"component": "kubelet", "host": "node-1"},
}
_SHOWN = {
    "type": "Warning",
    "reason": "FailedMount",
    "message": "no volume",
    "kind": "Pod",
    "name": "agent-1",
    "node": "node-1",
    "count": 3,
    "first_seen": "2026-01-01T10:00:00Z",
    "last_seen": "2026-01-01T10:02:00Z",
    "source": "kubelet",
}


@pytest.mark.parametrize("event", [_CORE, _NEW], ids=["core", "events.k8s.io"])
def test_both_apis_say_the_same(event: dict[str, Any]) -> None:
    assert event_view(as_core(event), None) == _SHOWN


def test_an_event_of_a_new_client() -> None:
    """It has one time, the reporter in another field, and no count, or a series."""
    event = {
        **_CORE,
        "count": None,
        "firstTimestamp": None,
        "lastTimestamp": None,
        "source": {},
        "eventTime": "2026-01-01T10:00:00.123456Z",
        "reportingComponent": "default-scheduler",
    }
    shown = event_view(event, "node-7")
    assert shown["first_seen"] == shown["last_seen"] == "2026-01-01T10:00:00.123456Z"
    assert (shown["count"], shown["source"], shown["node"]) == (1, "default-scheduler", "node-7")
    series = {"count": 9, "lastObservedTime": "2026-01-01T11:00:00.000000Z"}
    shown = event_view({**event, "series": series}, None)
    assert (shown["count"], shown["last_seen"]) == (9, "2026-01-01T11:00:00.000000Z")
    assert shown["node"] is None


def test_an_event_without_times_has_that_of_its_making() -> None:
    event = {**_CORE, "firstTimestamp": None, "lastTimestamp": None}
    shown = event_view(event, None)
    assert shown["first_seen"] == shown["last_seen"] == "2026-01-01T09:59:59Z"


def test_of_many_events_the_newest_are_held() -> None:
    newest = Newest()
    # Old and new ones in turn.
    for number in range(1000):
        minute = number if number % 2 else 1000 + number
        time = f"2026-01-{1 + minute // 1440:02}T{minute // 60 % 24:02}:{minute % 60:02}:00Z"
        newest.add({**_CORE, "count": minute, "lastTimestamp": time}, None)
    shown = newest.views()
    assert newest.seen == 1000
    assert [one["count"] for one in shown] == list(range(1998, 1998 - 2 * MOST, -2))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30.0),
        ("15.123s", 15.123),
        ("1m0s", 60.0),
        ("1h2m3s", 3723.0),
        ("250ms", 0.25),
        ("", None),
        ("soon", None),
        (None, None),
    ],
)
def test_durations(text: Any, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


def _pod(number: int) -> dict[str, Any]:
    return {"metadata": {"name": f"agent-{number}"}, "spec": {"nodeName": f"node-{number}"}}


def _measured(number: int, cpu: Any, memory: Any) -> dict[str, Any]:
    usage = {"cpu": cpu, "memory": memory}
    return small_metrics(
        {
            "metadata": {"name": f"agent-{number}"},
            "timestamp": "2026-01-01T10:00:00Z",
            "window": "10s",
            "containers": [{"name": "agent", "usage": usage}],
        }
    )


_TEMPLATE = {
    "spec": {
        "initContainers": [{"name": "init"}, {"name": "helper", "restartPolicy": "Always"}],
        "containers": [{"name": "agent", "resources": {"limits": {"cpu": "1500m"}}}],
    }
}


def test_usage_is_summed_and_the_rows_are_those_with_the_most_memory() -> None:
    pods = [_pod(number) for number in (10, 2, 1, 3)]
    rows = [_measured(10, "100m", "3Mi"), _measured(2, "1", "2Mi"), _measured(1, "0", "1Mi")]
    shown = usage_view(_TEMPLATE, pods, {one["name"]: one for one in rows}, None, 2)
    assert [row["node"] for row in shown["nodes"]] == ["node-2", "node-10"]
    assert (shown["pods"], shown["pods_without"], shown["nodes_left_out"]) == (3, 1, 1)
    assert shown["cpu_cores"] == 1.1
    assert shown["memory_bytes"] == 6 * 1024 * 1024
    assert list(shown["containers"]) == ["helper", "agent"]
    agent = shown["containers"]["agent"]
    assert agent["highest_cpu_cores"] == 1.0
    assert agent["limits"] == {"cpu_cores": 1.5, "memory_bytes": None}
    # Nothing was measured of it.
    assert shown["containers"]["helper"]["highest_cpu_cores"] is None
    assert shown["containers"]["helper"]["cpu_cores"] == 0


def test_usage_of_chosen_nodes() -> None:
    pods = [_pod(1), _pod(2)]
    rows = {f"agent-{number}": _measured(number, "1m", "1Ki") for number in (1, 2)}
    shown = usage_view(_TEMPLATE, pods, rows, ["node-2", "node-9"], 5)
    assert [row["node"] for row in shown["nodes"]] == ["node-2"]
    assert (shown["nodes_left_out"], shown["memory_bytes"]) == (0, 2048)


@pytest.mark.parametrize("broken", [None, "", "many"])
def test_what_is_no_amount_counts_as_unknown(broken: Any) -> None:
    row = _measured(1, broken, "1Ki")
    assert row["containers"]["agent"] == {"cpu_cores": None, "memory_bytes": 1024}
    shown = usage_view(_TEMPLATE, [_pod(1)], {"agent-1": row}, None, 5)
    assert (shown["cpu_cores"], shown["memory_bytes"]) == (0, 1024)
