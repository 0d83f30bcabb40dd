# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a wait, with a clock that the tests turn."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.deadline import Deadline
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.readiness import (
    Allowance,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.explaining import (
    Explanation,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.following import (
    Following,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.patience import (
    Patience,
    check_patience,
    patience_of,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.telling import Telling


def _live(updated: int, available: int, desired: int = 10, **more: Any) -> dict[str, Any]:
    """A DaemonSet; its generation, uid and minReadySeconds can be given."""
    generation = more.get("generation", 1)
    return {
        "metadata": {
            "namespace": "ns",
            "name": "agent",
            "uid": more.get("uid", "one"),
            "generation": generation,
            "resourceVersion": "1",
        },
        "spec": {"minReadySeconds": more.get("min_ready", 0)},
        "status": {
            "observedGeneration": more.get("observed", generation),
            "desiredNumberScheduled": desired,
            "updatedNumberScheduled": updated,
            "numberAvailable": available,
            "numberReady": more.get("ready", available),
        },
    }


class _Wait:
    """A wait that began at 0, with the lines that it has told."""

    def __init__(self, live: dict[str, Any], patience: Patience | None = None):
        self.lines: list[str] = []
        self.one = Following(live, patience or Patience(), 0.0)
        self._telling = Telling(self.lines.append)

    def tell(self, now: float) -> None:
        self._telling.tell([self.one], now)

    def ended(self) -> bool:
        return self.one.ended

    def look(self, now: float, *causes: str, heals: bool = False, count: int = 1) -> None:
        reasons = [
            {"cause": cause, "count": count, "nodes": ["n"], "evidence": "x", "heals": heals}
            for cause in causes
        ]
        self.one.looked(Explanation(reasons, pods=[]), now - 0.1, now)


def test_a_look_comes_after_a_lull_and_not_while_pods_come() -> None:
    wait = _Wait(_live(0, 0))
    for second in range(1, 11):
        wait.one.see(_live(second - 1, second - 1), float(second))
        assert not wait.one.wants_look(float(second) + 3)
    assert wait.one.wants_look(15.5)


def test_going_up_and_down_is_no_progress() -> None:
    wait = _Wait(_live(10, 9), Patience(progress_deadline_seconds=30))
    for second in range(1, 30):
        wait.one.see(_live(10, 8 + second % 2), float(second))
        assert not wait.one.is_stuck(float(second))
    assert wait.one.is_stuck(30.0)


@pytest.mark.parametrize(
    "progress",
    [
        _live(6, 9),
        _live(5, 10),
        _live(5, 9, desired=11),
        _live(5, 9, desired=9),
        _live(0, 9, generation=2),
        _live(0, 9, generation=2, observed=1),
    ],
)
def test_what_counts_as_progress(progress: dict[str, Any]) -> None:
    wait = _Wait(_live(5, 9), Patience(progress_deadline_seconds=30))
    wait.one.see(progress, 20.0)
    assert not wait.one.is_stuck(49.0)
    assert wait.one.is_stuck(50.0)


def test_min_ready_seconds_come_on_top() -> None:
    live = _live(5, 5, min_ready=60, ready=10)
    wait = _Wait(live, Patience(progress_deadline_seconds=30))
    assert not wait.one.wants_look(60.0)
    assert wait.one.wants_look(65.0)
    assert not wait.one.is_stuck(89.0)
    assert wait.one.is_stuck(90.0)


def test_a_pod_that_is_not_ready_is_looked_at_however_long_others_have_to_be_ready() -> None:
    live = _live(10, 5, min_ready=600, ready=9)
    wait = _Wait(live, Patience(grace_seconds=60))
    assert wait.one.wants_look(5.0)
    wait.look(5.0, "ImagePull")
    assert wait.one.wakes() == 15.0
    # They are all ready, and then one is not any more.
    wait.one.see(_live(10, 5, min_ready=600, ready=10), 20.0)
    assert not wait.one.wants_look(600.0)
    wait.one.see(_live(10, 5, min_ready=600, ready=9), 100.0)
    assert wait.one.wants_look(100.0)


def test_a_surge_is_looked_at_although_all_old_pods_are_ready() -> None:
    live = _live(5, 10, min_ready=600)
    live["spec"]["updateStrategy"] = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    wait = _Wait(live)
    assert not wait.one.wants_look(34.0)
    assert wait.one.wants_look(35.0)


def test_a_cause_has_to_last() -> None:
    wait = _Wait(_live(10, 9))
    wait.look(5.0, "ImagePull")
    assert not wait.one.hopeless
    wait.look(64.0, "ImagePull")
    assert not wait.one.hopeless
    wait.look(65.0, "ImagePull")
    assert wait.one.hopeless


def test_the_look_that_decides_comes_when_the_grace_is_over() -> None:
    wait = _Wait(_live(10, 9), Patience(grace_seconds=12))
    wait.look(5.0, "ImagePull")
    wait.look(15.0, "ImagePull")
    assert wait.one.wakes() == 17.0


def test_looks_grow_rarer_and_are_never_rarer_than_half_a_minute() -> None:
    wait = _Wait(_live(10, 9))
    times = [5.0]
    for _turn in range(5):
        wait.look(times[-1], "Starting", heals=True)
        times.append(wait.one.wakes())
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert gaps == [10.0, 20.0, 30.0, 30.0, 30.0]


def test_what_heals_ends_nothing() -> None:
    wait = _Wait(_live(10, 9))
    for second in (5.0, 65.0, 500.0):
        wait.look(second, "NodeNotReady", heals=True)
        assert not wait.one.hopeless


def test_a_cause_that_heals_in_between_begins_anew() -> None:
    wait = _Wait(_live(10, 9))
    wait.look(5.0, "ImagePull")
    wait.look(25.0)
    wait.look(45.0)
    wait.look(65.0, "ImagePull")
    assert not wait.one.hopeless
    wait.look(125.0, "ImagePull")
    assert wait.one.hopeless


def test_a_container_that_runs_between_its_crashes_is_not_healed() -> None:
    wait = _Wait(_live(10, 9))
    wait.look(5.0, "CrashLoop")
    wait.look(25.0)
    wait.look(65.0, "CrashLoop")
    assert wait.one.hopeless


def test_the_budget_spares_as_many() -> None:
    patience = Patience(Allowance(unavailable_budget="20%"))
    for count, hopeless in ((2, False), (3, True)):
        wait = _Wait(_live(10, 10 - count), patience)
        wait.look(5.0, "ImagePull", count=count)
        wait.look(65.0, "ImagePull", count=count)
        assert wait.one.hopeless is hopeless


def test_nothing_is_given_up_while_pods_come() -> None:
    wait = _Wait(_live(5, 5))
    wait.look(5.0, "ImagePull")
    wait.one.see(_live(6, 6), 64.95)
    wait.look(65.0, "ImagePull")
    assert not wait.one.hopeless


@pytest.mark.parametrize("failed_by", ["timeout", "no_progress", "cause"])
@pytest.mark.parametrize(("budget", "ready"), [("1", True), ("0", False)])
def test_what_may_be_excused_is_excused_at_the_very_end_too(
    failed_by: str, budget: str, ready: bool
) -> None:
    """Such as where the time is over, or progress is due, before anybody looked at the pods."""
    wait = _Wait(_live(10, 9), Patience(Allowance(unavailable_budget=budget)))
    wait.one.fail(failed_by, Explanation(), Deadline(3), 3.0)
    assert wait.one.found.ready is ready
    assert (wait.one.error is None) is ready


def test_fail_early_can_be_off() -> None:
    wait = _Wait(_live(10, 9), Patience(fail_early=False))
    wait.look(5.0, "ImagePull")
    wait.look(100.0, "ImagePull")
    assert not wait.one.hopeless


def test_older_snapshots_are_left_out() -> None:
    wait = _Wait(_live(5, 5, generation=2))
    wait.one.see(_live(10, 10, generation=1), 1.0)
    assert not wait.ended()
    wait.one.see(_live(10, 10, generation=2), 2.0)
    assert wait.ended()
    assert wait.one.error is None


@pytest.mark.parametrize(
    ("snapshot", "state", "words"),
    [
        (None, "deleted", "was deleted while"),
        (_live(10, 10, uid="another"), "replaced", "another of its name was created"),
    ],
)
def test_one_that_is_gone(snapshot: dict[str, Any] | None, state: str, words: str) -> None:
    wait = _Wait(_live(5, 5))
    wait.one.see(snapshot, 1.0)
    assert wait.ended()
    assert wait.one.error is not None
    assert words in wait.one.error.message
    assert wait.one.error.details["rollout"]["state"] == state
    assert wait.one.error.details["rollout"]["failed_by"] == "deleted"
    assert not wait.one.error.details["rollout"]["ready"]


def test_that_the_controller_has_not_seen_it_is_told_if_it_takes_a_second() -> None:
    wait = _Wait(_live(0, 0, generation=2, observed=1))
    wait.tell(0.0)
    wait.tell(0.9)
    assert wait.lines == []
    wait.tell(1.0)
    assert wait.lines == ["ns/agent: the controller has not seen the change yet"]


def test_lines_are_told_once_and_not_too_often() -> None:
    wait = _Wait(_live(0, 0))
    wait.tell(0.0)
    wait.one.see(_live(1, 0), 0.2)
    wait.tell(0.2)
    wait.one.see(_live(2, 1), 0.4)
    wait.tell(0.4)
    wait.tell(1.0)
    wait.tell(2.0)
    wait.look(8.0, "ImagePull", count=3)
    wait.tell(8.0)
    wait.one.see(_live(10, 10), 8.1)
    wait.tell(8.1)
    assert wait.lines == [
        "ns/agent: 0 of 10 updated, 0 available",
        "ns/agent: 2 of 10 updated, 1 available",
        "ns/agent: 2 of 10 updated, 1 available; ImagePull on n and 2 more",
        "ns/agent: all 10 pods are updated and available",
    ]


def test_what_others_wrote_acts_on_no_terminal() -> None:
    live = _live(5, 5)
    why = "\x1b[2Jall is well\r\nit is"
    state = {"version": 1, "kind": "paused", "phase": "paused", "why": why}
    live["metadata"]["annotations"] = {"everynode.kubernetes/rollout": json.dumps(state)}
    one = Following(live, Patience(), 0.0, to_the_last_step=True)
    assert one.error is not None
    assert "all is well it is" in one.error.message
    assert one.error.message.isprintable()


@pytest.mark.parametrize(
    ("allowance", "reads"),
    [
        (Allowance(), False),
        (Allowance(unavailable_budget="1"), True),
        (Allowance(ignore_not_ready_nodes="1"), True),
    ],
)
def test_to_excuse_anybody_the_nodes_have_to_be_known(allowance: Allowance, reads: bool) -> None:
    assert _Wait(_live(10, 9), Patience(allowance)).one.wants_nodes is reads


def test_many_are_one_line() -> None:
    lines: list[str] = []
    telling = Telling(lines.append)
    waits = [_Wait(_live(number, 0)) for number in range(6)]
    all_of = [wait.one for wait in waits]
    telling.tell(all_of, 0.0, missing=1)
    waits[5].look(5.0, "ImagePull")
    waits[0].one.see(_live(10, 10), 6.0)
    waits[1].one.see(None, 6.0)
    telling.tell(all_of, 6.0)
    telling.tell(all_of, 6.5)
    for wait in waits[2:]:
        wait.one.see(_live(10, 10), 6.6)
    telling.tell(all_of, 6.6)
    updated = [f"ns/agent: {number} of 10 updated, 0 available" for number in range(6)]
    assert lines == [
        f"0 of 7 DaemonSets are ready, 1 not there yet: {' | '.join(updated[:3])} | and 3 more",
        (
            f"1 of 6 DaemonSets are ready, 1 failed: {updated[5]}; ImagePull on n"
            f" | {updated[2]} | {updated[3]} | and 1 more"
        ),
        "5 of 6 DaemonSets are ready, 1 failed",
    ]


@pytest.mark.parametrize(
    ("failed_by", "words"),
    [
        ("timeout", "is not ready after 30 seconds: 9 of 10"),
        ("cause", "does not become ready, and waiting does not help: 9 of 10"),
        ("no_progress", "made no progress for 20 seconds: 9 of 10"),
    ],
)
def test_a_failure_says_what_ended_the_wait(failed_by: str, words: str) -> None:
    wait = _Wait(_live(10, 9))
    reasons = [
        {"cause": "ImagePull", "count": 1, "nodes": ["n"], "evidence": "no such", "heals": False}
    ]
    why = Explanation(reasons, notes=["The nodes may not be read."])
    wait.one.fail(failed_by, why, Deadline(30), 20.0)
    error = wait.one.error
    assert error is not None
    assert f"DaemonSet ns/agent {words}" in error.message
    assert "Reasons: ImagePull on 1 (n): no such. The nodes may not be read." in error.message
    assert error.details["rollout"]["failed_by"] == failed_by
    assert error.details["rollout"]["reasons"] == reasons


def test_what_has_ended_the_wait_is_told_first() -> None:
    reasons = [
        {"cause": "Starting", "count": 9, "nodes": ["m"], "evidence": "y", "heals": True},
        {"cause": "ImagePull", "count": 1, "nodes": ["n"], "evidence": "x", "heals": False},
    ]
    first = {}
    for failed_by in ("cause", "timeout"):
        wait = _Wait(_live(10, 0))
        wait.one.fail(failed_by, Explanation(reasons, pods=[]), Deadline(30), 30.0)
        assert wait.one.error is not None
        first[failed_by] = wait.one.error.details["rollout"]["reasons"][0]["cause"]
    assert first == {"cause": "ImagePull", "timeout": "Starting"}


def test_where_the_last_look_sees_nothing_the_one_before_counts() -> None:
    wait = _Wait(_live(10, 9))
    wait.look(5.0, "ImagePull")
    wait.one.fail("timeout", Explanation(notes=["The reasons are unknown."]), Deadline(30), 30.0)
    assert wait.one.error is not None
    assert wait.one.error.details["rollout"]["reasons"][0]["cause"] == "ImagePull"
    assert "Reasons: ImagePull on 1 (n): x. Mend the cause" in str(wait.one.error)
    assert "unknown" not in str(wait.one.error)


_GIVEN: dict[str, Any] = {
    "wait_timeout": 600,
    "unavailable_budget": None,
    "ignore_not_ready_nodes": None,
    "fail_early": True,
    "failure_grace_seconds": 60,
    "progress_deadline_seconds": 600,
}


def test_the_parameters_become_patience() -> None:
    assert check_patience(_GIVEN) == []
    assert patience_of(_GIVEN) == Patience()
    given = _GIVEN | {"unavailable_budget": "10%", "ignore_not_ready_nodes": "3"}
    assert check_patience(given) == []
    assert patience_of(given).allowance == Allowance("10%", "3")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wait_timeout", 0),
        ("failure_grace_seconds", -1),
        ("progress_deadline_seconds", 0),
        ("unavailable_budget", "ten"),
        ("unavailable_budget", "1.5"),
        ("unavailable_budget", "200%"),
        ("ignore_not_ready_nodes", ""),
        ("ignore_not_ready_nodes", "-3"),
        ("ignore_not_ready_nodes", "²"),
    ],
)
def test_wrong_patience_is_a_fault(name: str, value: Any) -> None:
    (fault,) = check_patience(_GIVEN | {name: value})
    assert fault.path == name
    assert str(value) in fault.problem
