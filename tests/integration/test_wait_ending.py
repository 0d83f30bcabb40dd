# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that take longer to end, or have to be ready for longer, than a wait may stand still."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.integration.api import Api
from tests.integration.verbs import Outcome, Tasks

_PREFIX = "everynode.kubernetes/simulate"
_OLD, _NEW = "example.test/agent:1", "example.test/agent:2"
# A deadline that leaves a slow machine time for each step, and a pod that takes longer to end.
_DEADLINE, _ENDS_AFTER, _GRACE = 15, 22, 90
_LONG = 240
_SURGE = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2, "maxUnavailable": 0}}
_ALL_AT_ONCE = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%"}}
_STRATEGIES: dict[str, dict[str, Any]] = {
    "plain": {"update_strategy": _ALL_AT_ONCE},
    "surge": {"update_strategy": _SURGE},
    "staged": {"rollout": {"stages": ["100%"], "max_unavailable": "100%"}},
    "rebuilt": {"rollout": {"rebuild": True}},
}


def _agent(image: str, seconds: int, grace: int, **parameters: Any) -> dict[str, Any]:
    """A task whose pod on one node takes so many seconds to end."""
    return {
        "name": "agent",
        "containers": [{"name": "agent", "image": image}],
        "pod_annotations": {
            _PREFIX: "slow-stop",
            f"{_PREFIX}-seconds": str(seconds),
            f"{_PREFIX}-on": "node-2",
        },
        "termination_grace_period_seconds": grace,
        "progress_deadline_seconds": _DEADLINE,
        "on_failure": "rollback",
        "wait": True,
        "wait_timeout": _LONG,
        **parameters,
    }


def _images(tasks: Tasks) -> set[str]:
    pods = tasks.api.pods(tasks.namespace, "agent")
    return {pod["spec"]["containers"][0]["image"] for pod in pods}


def test_a_pod_may_take_its_own_time_to_end(api: Api, namespaces: Callable[[], str]) -> None:
    places = {name: Tasks(api, namespaces()) for name in _STRATEGIES}

    def update(name: str) -> Outcome:
        how = dict(_STRATEGIES[name])
        if "rollout" in how:
            how.pop("rollout")
        places[name].ok(**_agent(_OLD, _ENDS_AFTER, _GRACE, **how))
        given = _agent(_NEW, _ENDS_AFTER, _GRACE, **_STRATEGIES[name])
        if "rollout" in given:
            given.pop("on_failure")
        return places[name].run(**given)

    with ThreadPoolExecutor(len(places)) as pool:
        done = dict(zip(places, pool.map(update, places), strict=True))
    for name, outcome in done.items():
        assert not outcome.result.get("failed"), (name, outcome.result["msg"])
        assert outcome.result["rollout"]["ready"], name
        assert _images(places[name]) == {_NEW}, name


def test_a_pod_that_is_late_is_a_lack_of_progress(tasks: Tasks) -> None:
    tasks.ok(**_agent(_OLD, 300, 1))
    given = {"update_strategy": _ALL_AT_ONCE, "progress_deadline_seconds": 4, "on_failure": "fail"}
    failed = tasks.fails(**_agent(_NEW, 300, 1, **given))
    rollout = failed.result["rollout"]
    assert rollout["failed_by"] == "no_progress", failed.result["msg"]
    assert ("Terminating", "node-2") in [
        (one["cause"], *one["nodes"]) for one in rollout["reasons"]
    ]
    assert failed.result["msg"].count("made no progress for") == 1


def test_a_pod_may_have_to_be_ready_for_longer_than_the_deadline(tasks: Tasks) -> None:
    given = {"min_ready_seconds": _DEADLINE + 5, "update_strategy": _ALL_AT_ONCE}
    done = tasks.ok(**_agent(_NEW, 0, 1, **given))
    assert done.result["rollout"]["ready"]
