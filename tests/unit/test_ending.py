# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that take their own time to end: for how long that is no lack of progress."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.causes_of_pods import (
    seconds_to_end,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.explaining import (
    Explanation,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.following import (
    Following,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.node_work import (
    OLD,
    Proof,
    Work,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.patience import (
    Patience,
)

_NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def _pod(left: float | None, grace: int = 1200, **metadata: Any) -> dict[str, Any]:
    """A pod that has so many seconds left to end; None for one that stays."""
    if left is not None:
        due = (_NOW + timedelta(seconds=left)).isoformat().replace("+00:00", "Z")
        metadata |= {"deletionTimestamp": due, "deletionGracePeriodSeconds": grace}
    return {"metadata": {"name": "a", "uid": "u", **metadata}, "status": {"phase": "Running"}}


def _node(ready: str) -> dict[str, Any]:
    return {"status": {"conditions": [{"type": "Ready", "status": ready}]}}


@pytest.mark.parametrize(
    ("pod", "node", "seconds"),
    [
        (_pod(None), None, 0),
        (_pod(900), None, 900),
        (_pod(900), _node("True"), 900),
        (_pod(0), None, 0),
        (_pod(-60), None, 0),
        # Where the clocks differ, it has no more than all of its time.
        (_pod(5000), None, 1200),
        # By force.
        (_pod(0, grace=0), None, 0),
        # Whoever holds it may take for ever, and no kubelet ends it on a node that is lost.
        (_pod(900, finalizers=["example.test/held"]), None, 0),
        (_pod(900), _node("Unknown"), 0),
        (_pod(900), _node("False"), 0),
        (_pod(900) | {"status": {"phase": "Failed"}}, None, 0),
    ],
)
def test_what_is_left_of_its_grace_period(
    pod: dict[str, Any], node: dict[str, Any] | None, seconds: float
) -> None:
    assert seconds_to_end(pod, _NOW, node=node) == seconds


def _live(updated: int, available: int, min_ready: int = 0) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "ns", "name": "agent", "uid": "one", "generation": 1},
        "spec": {"minReadySeconds": min_ready},
        "status": {
            "observedGeneration": 1,
            "desiredNumberScheduled": 10,
            "updatedNumberScheduled": updated,
            "numberAvailable": available,
            "numberReady": available,
        },
    }


def _following(min_ready: int = 0) -> Following:
    return Following(_live(5, 9, min_ready), Patience(progress_deadline_seconds=30), 0.0)


def _look(one: Following, now: float, ending: dict[str, float]) -> None:
    one.looked(Explanation(pods=[], ending=ending), now - 0.1, now)


def test_a_wait_goes_on_for_the_grace_period_and_the_deadline_after_it() -> None:
    one = _following()
    # The first to see it is the look that would have ended the wait.
    assert one.fails_by(30.0) == "no_progress"
    _look(one, 30.0, {"u": 900.0})
    assert one.fails_by(959.0) == ""
    _look(one, 931.0, {})
    assert one.fails_by(959.0) == ""
    assert one.fails_by(960.0) == "no_progress"


def test_it_is_not_given_its_time_twice() -> None:
    one = _following()
    for second in range(10, 100, 10):
        # As of a clock that stands still.
        _look(one, float(second), {"u": 40.0})
    assert one.fails_by(79.0) == ""
    assert one.fails_by(80.0) == "no_progress"


def test_pods_that_are_deleted_again_and_again_are_stuck_all_the_same() -> None:
    one = _following()
    times = [float(second) for second in range(10, 200, 10)]
    for number, second in enumerate(times):
        _look(one, second, {f"pod-{number}": 20.0})
    # The last that counts is what the first look after 30, when it was time to give up, has seen.
    assert one.fails_by(89.0) == ""
    assert one.fails_by(90.0) == "no_progress"


def test_progress_begins_anew() -> None:
    one = _following()
    _look(one, 30.0, {"u": 900.0})
    one.see(_live(6, 9), 40.0)
    assert one.fails_by(69.0) == ""
    assert one.fails_by(70.0) == "no_progress"
    _look(one, 70.0, {"v": 900.0})
    assert one.fails_by(999.0) == ""
    assert one.fails_by(1000.0) == "no_progress"


def test_a_look_that_sees_no_pods_gives_no_time() -> None:
    one = _following()
    one.looked(Explanation(notes=["The reasons are unknown."]), 29.9, 30.0)
    assert one.fails_by(30.0) == "no_progress"


def test_min_ready_seconds_that_are_longer_than_the_deadline_come_on_top() -> None:
    one = _following(min_ready=900)
    _look(one, 35.0, {"u": 100.0})
    assert one.fails_by(929.0) == ""
    assert one.fails_by(135.0 + 929.0) == ""
    assert one.fails_by(135.0 + 930.0) == "no_progress"


@pytest.mark.parametrize(("left", "fails"), [(0.0, True), (100.0, False)])
def test_a_node_of_a_staged_rollout_is_given_the_same_time(left: float, fails: bool) -> None:
    work = Work("node-1")
    work.start()
    work.reach(OLD, None)
    work.ends_by = time.monotonic() + left
    work.judge(Proof(progress_deadline_seconds=0))
    assert work.outcome.failed is fails
