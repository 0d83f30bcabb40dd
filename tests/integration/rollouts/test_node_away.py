# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategies where a node is away from the first to the last moment of the update.

The controller does not want a pod there any more, for it is tainted; but the old one is in the way
of a rolling update once it is to be replaced, as nobody ends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.api import MERGE, Api, eventually
from tests.integration.held import back_again
from tests.integration.rollouts.scenes import (
    NEW,
    OLD,
    STRATEGIES,
    Scene,
    scenes,
    settle,
    update_all,
)

AWAY = "node-4"
THERE = [f"node-{number}" for number in range(4)]
IN_STAGES = [name for name, strategy in STRATEGIES.items() if strategy.rollout]
# Under these the controller goes on without the node.
ALL_THE_SAME = ["all", "surge"]
STUCK = ["one", "a-tenth"]
_IMPATIENT: dict[str, Any] = {"failure_grace_seconds": 2, "progress_deadline_seconds": 12}


def _kubelet(api: Api, value: str) -> None:
    label = {"metadata": {"labels": {"everynode.kubernetes/kubelet": value}}}
    api.request("PATCH", f"/api/v1/nodes/{AWAY}", body=label, kind=MERGE)


def _tainted(api: Api) -> bool:
    return "taints" in api.request("GET", f"/api/v1/nodes/{AWAY}")["spec"]


@dataclass(frozen=True)
class Played:
    """What came of it, without and with the allowance to leave out a node that is not Ready."""

    strict: dict[str, Scene]
    lenient: dict[str, Scene]


@pytest.fixture(scope="module")
def played(api: Api) -> Iterator[Played]:
    with scenes(api, {}) as strict, scenes(api, {}) as lenient:
        try:
            _kubelet(api, "unreachable")
            eventually(lambda: _tainted(api) or None, "the node is tainted")
            update_all(strict, **_IMPATIENT)
            update_all(lenient, **_IMPATIENT, ignore_not_ready_nodes="1")
            settle(strict)
            settle(lenient)
            yield Played(strict, lenient)
        finally:
            _kubelet(api, "running")
            eventually(lambda: None if _tainted(api) else True, "the node is back")
            back_again(api, AWAY)


def _restarts(scene: Scene) -> dict[str, int]:
    restarts = scene.watch.restarts_by_node()
    assert AWAY not in restarts
    return restarts


@pytest.mark.parametrize("strategy", STUCK)
def test_a_rolling_update_that_is_stuck_says_which_node_it_is(
    played: Played, strategy: str
) -> None:
    scene = played.strict[strategy]
    result = scene.outcomes[0].result
    # The controller may take that node last, and needs no more of it then.
    assert set(_restarts(scene).values()) <= {1}
    if result.get("failed"):
        assert result["rollout"]["failed_by"] == "no_progress"
        (reason,) = result["rollout"]["reasons"]
        assert (reason["cause"], reason["nodes"]) == ("NodeNotReady", [AWAY])
        assert AWAY in result["msg"]
    else:
        assert _restarts(scene) == dict.fromkeys(THERE, 1)


@pytest.mark.parametrize("strategy", ALL_THE_SAME)
def test_the_controller_goes_on_without_it_where_it_may(played: Played, strategy: str) -> None:
    scene = played.strict[strategy]
    result = scene.outcomes[0].result
    assert not result.get("failed"), result["msg"]
    assert result["rollout"]["desired"] == 4
    assert result["rollout"]["misscheduled"] == 1
    assert "1 node that is not eligible has a pod" in result["rollout"]["message"]
    assert _restarts(scene) == dict.fromkeys(THERE, 1)


@pytest.mark.parametrize("strategy", IN_STAGES)
def test_in_stages_it_fails_and_those_that_were_touched_go_back(
    played: Played, strategy: str
) -> None:
    scene = played.strict[strategy]
    result = scene.outcomes[0].result
    assert result["failed"]
    assert f"NodeNotReady on {AWAY}" in result["msg"]
    assert set(_restarts(scene).values()) == {2}
    assert scene.images() == {OLD}


@pytest.mark.parametrize("strategy", IN_STAGES)
def test_in_stages_it_can_be_left_out_and_that_is_told(played: Played, strategy: str) -> None:
    scene = played.lenient[strategy]
    result = scene.outcomes[0].result
    assert not result.get("failed"), result["msg"]
    assert result["rollout"]["ready"]
    assert result["rollout"]["excused"]["nodes"] == [AWAY]
    assert result["rollout"]["touched"]["count"] == 4
    assert _restarts(scene) == dict.fromkeys(THERE, 1)
    assert scene.images() <= {OLD, NEW}
    pods = scene.tasks.api.pods(scene.tasks.namespace, "agent")
    old = [pod["spec"]["nodeName"] for pod in pods if OLD in str(pod["spec"]["containers"])]
    assert old == [AWAY]
