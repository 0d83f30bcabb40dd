# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rebuild: all old pods are gone before the first new one comes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.api import Api
from tests.integration.child import run_through
from tests.integration.stages import BROKEN, NEW, NEWER, OLD, Scene, scene
from tests.integration.tap import Tap, Write
from tests.integration.verbs import Tasks

_REBUILD = {"rebuild": True}
_ONCE = {f"node-{number}": 1 for number in range(5)}


@pytest.fixture
def agent(api: Api, tasks: Tasks) -> Iterator[Scene]:
    with scene(api, tasks) as made:
        yield made


def _never_together(agent: Scene) -> bool:
    """Whether the last pod from before had gone when the first one after it came."""
    agent.watch.caught_up()
    pods = agent.watch.pods()
    gone = max(pod.deleted or 0.0 for pod in pods if pod.created is None)
    came = min(pod.created for pod in pods if pod.created is not None)
    return gone <= came


def test_all_old_pods_go_first(agent: Scene) -> None:
    done = agent.ok(NEW, rollout=_REBUILD)
    assert done.result["rollout"]["ready"]
    assert _never_together(agent)
    assert agent.restarts() == _ONCE
    agent.ended(NEW)
    agent.tasks.same(**agent.wish(NEW, rollout=_REBUILD))


def test_a_broken_version_is_put_back_as_a_whole(agent: Scene) -> None:
    failed = agent.fails(BROKEN, rollout=_REBUILD)
    assert "ImagePull" in failed.result["msg"]
    assert "former template" in failed.result["msg"]
    agent.ended(OLD)


def test_left_by_a_failure_it_is_tried_again(agent: Scene) -> None:
    plan = {"rebuild": True, "on_failure": "fail"}
    agent.fails(BROKEN, rollout=plan)
    assert agent.remembered["kind"] == "rebuild"
    assert "being rebuilt" in agent.fails(NEWER).result["msg"]
    agent.ok(OLD)
    agent.ended(OLD)


# Writes: 1 state, 2 the template that matches no node, 3 state, 4 the new template, 5 state.
@pytest.mark.parametrize("image", [NEW, OLD])
@pytest.mark.parametrize("number", range(1, 5))
def test_killed_after_any_write(agent: Scene, number: int, image: str) -> None:
    def at(count: int, _write: Write, done: bool) -> None:
        if count == number and done:
            tap.kill()

    wish = agent.wish(NEW, rollout=_REBUILD, namespace=agent.tasks.namespace)
    with Tap(agent.api, at) as tap:
        assert run_through(tap, wish) is None
    agent.ok(image)
    agent.ended(image)


def test_check_mode_writes_nothing(agent: Scene) -> None:
    tried = agent.tasks.ok(check=True, **agent.wish(NEW, rollout=_REBUILD))
    assert tried.changed
    assert tried.writes == []
    assert tried.result["rollout"]["restarts"]["pods"] == 5


def test_without_a_history_it_is_refused(agent: Scene) -> None:
    agent.ok(OLD, revision_history_limit=1)
    refused = agent.fails(NEW, revision_history_limit=1, rollout=_REBUILD)
    assert refused.writes == []
    assert "revisionHistoryLimit" in refused.result["msg"]
    agent.ok(OLD, revision_history_limit=2)
    agent.fails(BROKEN, revision_history_limit=2, rollout=_REBUILD)
    assert agent.standing == OLD
    assert agent.remembered == {}


def test_it_may_take_the_place_of_what_is_paused(agent: Scene) -> None:
    agent.state("paused")
    agent.ok(NEW, rollout=_REBUILD, on_unfinished_rollout="proceed")
    assert _never_together(agent)
    agent.ended(NEW)
