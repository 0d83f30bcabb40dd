# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What pods say of themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes import pods

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def test_the_node_of_an_unscheduled_pod_comes_from_its_affinity() -> None:
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n7"]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    assert pods.node_of({"spec": {"affinity": {"nodeAffinity": required}}}) == "n7"


@pytest.mark.parametrize("obj", [{}, {"spec": None}, {"spec": {"affinity": {"nodeAffinity": {}}}}])
def test_a_pod_may_name_no_node(obj: dict[str, Any]) -> None:
    assert pods.node_of(obj) == ""


def ready_pod(ready: str, seconds_ago: float, ending: bool = False) -> dict[str, Any]:
    since = (NOW - timedelta(seconds=seconds_ago)).isoformat().replace("+00:00", "Z")
    made: dict[str, Any] = {
        "metadata": {},
        "status": {"conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": since}]},
    }
    if ending:
        made["metadata"]["deletionTimestamp"] = "2026-01-01T12:00:30Z"
    return made


@pytest.mark.parametrize(
    ("obj", "least", "available"),
    [
        pytest.param(ready_pod("True", 0), 0, True, id="at once without minReadySeconds"),
        pytest.param(ready_pod("False", 99), 0, False, id="not ready"),
        pytest.param(ready_pod("Unknown", 99), 0, False, id="unknown"),
        pytest.param(ready_pod("True", 9), 10, False, id="not for long enough"),
        pytest.param(ready_pod("True", 10), 10, False, id="the controller wants it to be past"),
        pytest.param(ready_pod("True", 11), 10, True, id="for long enough"),
        pytest.param(ready_pod("True", -60), 10, False, id="a clock ahead"),
        pytest.param(ready_pod("True", 99, ending=True), 0, False, id="on its way out"),
        pytest.param({"metadata": {}}, 0, False, id="no status yet"),
    ],
)
def test_available(obj: dict[str, Any], least: int, available: bool) -> None:
    assert pods.is_available(obj, least, NOW) is available


def test_restarts_of_all_containers_count() -> None:
    status = {
        "initContainerStatuses": [{"name": "i", "restartCount": 1}],
        "containerStatuses": [{"name": "a", "restartCount": 2}, {"name": "b"}],
    }
    assert pods.restarts_of({"status": status}) == 3
    assert pods.restarts_of({}) == 0


def test_the_revision_is_a_label() -> None:
    labels = {"controller-revision-hash": "abc"}
    assert pods.revision_of({"metadata": {"labels": labels}}) == "abc"
    assert pods.revision_of({"metadata": {}}) == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-01-01T12:00:00Z", NOW),
        ("2026-01-01T12:00:00.000000Z", NOW),
        ("2026-01-01T13:00:00+01:00", NOW),
        (NOW, NOW),
        (NOW.replace(tzinfo=None), NOW),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_times(text: Any, found: datetime | None) -> None:
    assert pods.moment(text) == found
