# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a new template comes upon, judged by the status alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout import guarding
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.forecast import same

_ROLLING: dict[str, Any] = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}


def _live(
    updated: int, available: int, *, desired: int = 10, observed: int = 3, **spec: Any
) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "n", "name": "agent", "generation": 3},
        "spec": {"updateStrategy": _ROLLING, **spec},
        "status": {
            "observedGeneration": observed,
            "desiredNumberScheduled": desired,
            "currentNumberScheduled": desired,
            "updatedNumberScheduled": updated,
            "numberAvailable": available,
        },
    }


def _strategy(**rolling: Any) -> dict[str, Any]:
    return {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}


@pytest.mark.parametrize(
    ("live", "rolling", "unfinished"),
    [
        (_live(10, 10), False, False),
        (_live(4, 10), True, True),
        (_live(10, 9), False, True),
        (_live(10, 10, observed=2), True, True),
        (_live(0, 0, desired=0), False, False),
        (_live(4, 9, updateStrategy={"type": "OnDelete"}), False, False),
    ],
)
def test_whether_a_rollout_is_finished(
    live: dict[str, Any], rolling: bool, unfinished: bool
) -> None:
    assert guarding.is_rolling(live) == rolling
    assert (guarding.unfinished(live) is not None) == unfinished


@pytest.mark.parametrize(
    ("live", "spec", "words"),
    [
        (_live(10, 10), {}, None),
        (_live(4, 10), {}, "is not finished (4 of 10 pods are updated)"),
        (_live(10, 10, observed=2), {}, "is not finished"),
        (_live(10, 9), {}, "On 1 of 10 nodes the pod of DaemonSet n/agent is not available"),
        (_live(10, 9), _strategy(maxUnavailable=2), None),
        (_live(10, 8), _strategy(maxUnavailable=2), "maxUnavailable allows 2"),
        # The controller rounds up.
        (_live(10, 9), _strategy(maxUnavailable="11%"), None),
        (_live(10, 8), _strategy(maxUnavailable="11%"), "maxUnavailable allows 2"),
        (_live(10, 0), _strategy(maxUnavailable="100%"), None),
        (_live(10, 8), _strategy(maxUnavailable=0, maxSurge=1), None),
        (_live(10, 8), _strategy(maxUnavailable=0, maxSurge="1%"), None),
        (_live(4, 8), {"updateStrategy": {"type": "OnDelete"}}, None),
    ],
)
def test_what_is_told_of_it(live: dict[str, Any], spec: dict[str, Any], words: str | None) -> None:
    after = {**live, "spec": {**live["spec"], **spec}}
    told = guarding.overtaken(live, after) or guarding.used_up(live, after)
    assert len(told) == (words is not None)
    assert words is None or words in told[0]


_NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def _ago(seconds: int) -> str:
    return (_NOW - timedelta(seconds=seconds)).isoformat()


def _written(created: int, status: int | None = None, **spec: Any) -> dict[str, Any]:
    """A DaemonSet of that age in seconds, whose status was written so long ago."""
    live = _live(10, 10, **spec)
    entries = [] if status is None else [{"subresource": "status", "time": _ago(status)}]
    entries.append({"manager": "everynode", "time": _ago(0)})
    live["metadata"] |= {"creationTimestamp": _ago(created), "managedFields": entries}
    return live


@pytest.mark.parametrize(
    ("live", "spec", "warns"),
    [
        (_written(5000, 20), {"minReadySeconds": 60}, True),
        (_written(5000, 20, minReadySeconds=30), {"minReadySeconds": 31}, True),
        # Ready for long enough.
        (_written(5000, 60), {"minReadySeconds": 60}, False),
        (_written(5000, 20), {"minReadySeconds": 20}, False),
        # Young, whatever is known of the status.
        (_written(30), {"minReadySeconds": 60}, True),
        (_written(5000), {"minReadySeconds": 60}, False),
        # No longer than before.
        (_written(5000, 20, minReadySeconds=60), {"minReadySeconds": 60}, False),
        (_written(5000, 20, minReadySeconds=60), {}, False),
        # All at once anyway, or nothing by itself.
        (_written(5, 5), {"minReadySeconds": 60, **_strategy(maxUnavailable="100%")}, False),
        (_written(5, 5), {"minReadySeconds": 60, **_strategy(maxUnavailable="40%")}, True),
        (_written(5, 5), {"minReadySeconds": 60, **_strategy(maxSurge=1, maxUnavailable=0)}, True),
        (_written(5, 5), {"minReadySeconds": 60, "updateStrategy": {"type": "OnDelete"}}, False),
        (_live(10, 10), {"minReadySeconds": 60}, False),
    ],
)
def test_pods_that_a_longer_time_makes_unavailable_are_told(
    live: dict[str, Any], spec: dict[str, Any], warns: bool
) -> None:
    told = guarding.made_young(live, {**live, "spec": {**live["spec"], **spec}}, _NOW)
    assert len(told) == warns
    assert not warns or "min_ready_seconds" in told[0]


def test_the_refusal_says_what_would_be_done() -> None:
    live = _live(4, 10)
    found = guarding.unfinished(live)
    assert found is not None
    error = guarding.refusal(live, found, "restart it")
    assert "DaemonSet n/agent is in the middle of a rollout: 4 of 10" in error.message
    assert "restart it all the same with on_unfinished_rollout: proceed" in error.advice
    assert error.details["rollout"]["state"] == "updating"


@pytest.mark.parametrize(
    ("metadata", "is_same"),
    [
        ({"labels": {"a": "b"}}, True),
        ({"labels": {"a": "b"}, "creationTimestamp": None}, True),
        ({"labels": {"a": "c"}}, False),
        ({}, False),
    ],
)
def test_a_time_that_is_null_is_no_other_template(metadata: dict[str, Any], is_same: bool) -> None:
    one = {"spec": {"template": {"metadata": {"labels": {"a": "b"}}, "spec": {}}}}
    assert same(one, {"spec": {"template": {"metadata": metadata, "spec": {}}}}) == is_same
