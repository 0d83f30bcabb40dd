# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a rollout does not finish: each cause that can be made is told, with nodes and evidence.

All of them fail side by side, so that the whole takes as long as one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import daemonset_info

from tests.integration.api import Api, eventually
from tests.integration.rollouts.failures import (
    FAILURES,
    SECONDS,
    TAKES_PORT,
    Failure,
    reason_of,
    waits,
)
from tests.integration.verbs import Outcome, Tasks

_WITHOUT_EVENTS = [
    {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["*"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
]
_BLIND = _WITHOUT_EVENTS[:1]


def _names() -> dict[str, Failure]:
    return {name.replace(" ", "-"): failure for name, failure in FAILURES.items()}


@pytest.fixture(scope="module")
def place(api: Api) -> Iterator[Tasks]:
    """A namespace in which the first port is taken."""
    api.add_namespace("causes")
    tasks = Tasks(api, "causes")
    tasks.ok(definition=TAKES_PORT.manifest("takes-port"), wait=True)
    yield tasks
    api.remove_namespace("causes")


@pytest.fixture(scope="module")
def seconds(place: Tasks) -> int:
    """Make the failures; how long tasks are to wait for them that all begin at once, by how long it
    took to make them one by one.
    """
    began = time.monotonic()
    for name, failure in _names().items():
        place.ok(definition=failure.manifest(name))
    return SECONDS + round(2 * (time.monotonic() - began))


@pytest.fixture(scope="module")
def outcomes(place: Tasks, seconds: int) -> dict[str, Outcome]:
    """What tasks say that wait for each of the failures, all of which were made before."""
    # So many at once take a while; what is told of each is judged below.
    eventually(lambda: _all_have_failed(place), "all have failed", within=300, every=1)
    with ThreadPoolExecutor(len(FAILURES)) as pool:
        running = {
            name: pool.submit(_waited, place, name, failure, seconds)
            for name, failure in _names().items()
        }
        return {name: future.result() for name, future in running.items()}


@pytest.fixture(scope="module")
def outcomes_without_events(
    api: Api, place: Tasks, outcomes: dict[str, Outcome], seconds: int
) -> dict[str, Outcome]:
    """The same for a user who sees pods, but neither events nor nodes nor logs."""
    assert outcomes
    user = api.user_with(_WITHOUT_EVENTS, place.namespace, "without-events")
    with ThreadPoolExecutor(len(FAILURES)) as pool:
        running = {
            name: pool.submit(_waited, place, name, failure, seconds, impersonate_user=user)
            for name, failure in _names().items()
        }
        return {name: future.result() for name, future in running.items()}


def _all_have_failed(place: Tasks) -> dict[str, list[dict[str, Any]]] | None:
    """The reasons by the names, once each has one, and it is the one that it should be."""
    shown = place.ok(verb=daemonset_info.VERB, include=["reasons"]).result["daemonsets"]
    found = {one["name"]: one["reasons"] for one in shown}
    causes = {name: [reason["cause"] for reason in reasons] for name, reasons in found.items()}
    return found if all(causes[name] == [one.cause] for name, one in _names().items()) else None


def _waited(place: Tasks, name: str, failure: Failure, seconds: int, **parameters: Any) -> Outcome:
    """What a task says that waits. One that is evicted is made anew each time, and may just be
    starting: then once more.
    """
    for _turn in range(4):
        outcome = waits(place, name, failure, seconds=seconds, **parameters)
        causes = [reason["cause"] for reason in outcome.result["rollout"]["reasons"]]
        if causes in ([failure.cause], [failure.unseen]):
            break
    return outcome


def _is_told(reason: dict[str, Any], failure: Failure) -> None:
    assert reason["cause"] == failure.cause, reason
    assert reason["count"] == len(failure.nodes)
    assert reason["nodes"] == list(failure.nodes)
    assert reason["heals"] == failure.heals, reason
    for word in (*failure.words, failure.logged):
        assert word in reason["evidence"]
    assert len(reason["evidence"]) <= 300


@pytest.mark.parametrize("name", list(_names()))
def test_a_cause_is_told(outcomes: dict[str, Outcome], name: str) -> None:
    failure = _names()[name]
    outcome = outcomes[name]
    _is_told(reason_of(outcome), failure)
    assert outcome.result["rollout"]["failed_by"] == "timeout"
    assert failure.cause in outcome.result["msg"]
    assert failure.nodes[0] in outcome.result["msg"]


@pytest.mark.parametrize("name", list(_names()))
def test_with_less_rights_less_is_told(
    outcomes_without_events: dict[str, Outcome], name: str
) -> None:
    failure = _names()[name]
    reason = reason_of(outcomes_without_events[name])
    assert reason["cause"] == (failure.unseen or failure.cause)
    assert reason["nodes"] == list(failure.nodes)
    assert reason["evidence"]
    assert not failure.logged or failure.logged not in reason["evidence"]


@pytest.mark.usefixtures("outcomes")
def test_on_demand(place: Tasks) -> None:
    by_name = eventually(lambda: _all_have_failed(place), "all fail at once", within=300, every=1)
    assert by_name.pop("takes-port") == []
    assert set(by_name) == set(_names())
    for name, failure in _names().items():
        (reason,) = by_name[name]
        _is_told(reason, failure)


def test_without_the_right_to_see_pods_the_numbers_are_told(api: Api, tasks: Tasks) -> None:
    user = api.user_with(_BLIND, tasks.namespace, "blind")
    tasks.ok(definition=FAILURES["crash"].manifest("crash"))
    tasks.until_reasons({"CrashLoop": 2}, name="crash")
    failed = waits(tasks, "crash", FAILURES["crash"], impersonate_user=user)
    assert failed.result["rollout"]["reasons"] == []
    assert failed.result["rollout"]["available"] == 3
    assert "pods" in failed.result["msg"]
    assert "forbidden" in failed.result["msg"]
