# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a node has come, and when it is given up."""

from __future__ import annotations

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.trouble import Trouble
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout import node_work
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.node_work import (
    AVAILABLE,
    CREATED,
    NO_POD,
    PROVEN,
    READY,
    Proof,
    Work,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.outcomes import (
    reasons_of,
)

_BAD = Trouble("ImagePull", "no such image", False)
_SLOW = Trouble("Starting", "pulling", True)
_PROOF = Proof(min_ready_seconds=100, grace_seconds=60, progress_deadline_seconds=600)


class Clock:
    """Stands in for the monotonic clock."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(node_work, "time", made)
    return made


def _walk(clock: Clock, steps: list[tuple[float, int, Trouble | None]]) -> Work:
    work = Work("node-1")
    work.start()
    for seconds, point, trouble in steps:
        clock.now += seconds
        work.reach(point, trouble)
        work.judge(_PROOF)
    return work


@pytest.mark.parametrize(
    ("steps", "fails"),
    [
        ([(0, CREATED, _BAD), (59, CREATED, _BAD)], False),
        ([(0, CREATED, _BAD), (60, CREATED, _BAD)], True),
        # A crash loop runs now and then.
        ([(0, CREATED, _BAD), (30, READY, None), (30, CREATED, _BAD)], True),
        # Having been available, it has its time again.
        ([(0, CREATED, _BAD), (30, AVAILABLE, None), (30, CREATED, _BAD)], False),
        ([(0, CREATED, _SLOW), (599, CREATED, _SLOW)], False),
        ([(0, CREATED, _SLOW), (600, CREATED, _SLOW)], True),
        ([(500, NO_POD, None), (500, CREATED, None), (500, READY, None)], False),
        ([(0, NO_POD, None), (600, NO_POD, None)], True),
        # What is ready waits for minReadySeconds besides.
        ([(0, READY, None), (699, READY, None)], False),
        ([(0, READY, None), (700, READY, None)], True),
        ([(0, PROVEN, None), (9999, PROVEN, None)], False),
        ([(0, PROVEN, None), (9999, CREATED, _SLOW), (599, CREATED, _SLOW)], False),
        ([(0, PROVEN, None), (9999, CREATED, _SLOW), (600, CREATED, _SLOW)], True),
    ],
)
def test_when_a_node_is_given_up(
    clock: Clock, steps: list[tuple[float, int, Trouble | None]], fails: bool
) -> None:
    work = _walk(clock, steps)
    assert work.ended is work.outcome.failed is fails
    assert not (work.ended and work.outcome.updated)


def test_a_node_that_is_gone_has_ended_and_not_failed(clock: Clock) -> None:
    work = _walk(clock, [(0, NO_POD, None)])
    work.leave(Trouble("NoPod", "the node has left the cluster", False))
    assert work.ended
    assert work.outcome.gone
    assert not work.outcome.failed
    assert reasons_of([work.outcome]) == []


def test_reasons_are_grouped_and_bounded(clock: Clock) -> None:
    outcomes = []
    for number in range(9):
        work = Work(f"node-{number}")
        work.fail(_BAD if number else _SLOW)
        outcomes.append(work.outcome)
    found = reasons_of(outcomes)
    assert [(one["cause"], one["count"]) for one in found] == [("ImagePull", 8), ("Starting", 1)]
    assert len(found[0]["nodes"]) == 5
    assert found[0]["heals"] is False
