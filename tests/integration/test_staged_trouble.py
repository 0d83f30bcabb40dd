# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trouble of the API server in the middle of a rollout. It says nothing about the version: the
rollout stays where it is, and the next run goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.api import MERGE, Api
from tests.integration.child import run_through
from tests.integration.connection.servers import answer, status
from tests.integration.stages import BROKEN, NEW, OLD, Scene, scene
from tests.integration.tap import Tap
from tests.integration.verbs import Tasks

_STAGES: dict[str, Any] = {"stages": [1, "100%"]}
_ONCE_EACH = {f"node-{number}": 1 for number in range(5)}
# Nobody waits for that.
_IN_AN_HOUR = {"Retry-After": "3600"}
_OOPS = answer(500, status(500, "oops", "InternalError"))
_KINDS = {
    "500": _OOPS,
    "500 of etcd": answer(500, status(500, "etcdserver: too many requests"), _IN_AN_HOUR),
    "503": answer(503, status(503, "starting", "ServiceUnavailable"), _IN_AN_HOUR),
    "504": answer(504, status(504, "timed out", "Timeout"), _IN_AN_HOUR),
    "429": answer(429, status(429, "slow down", "TooManyRequests"), _IN_AN_HOUR),
    "401": answer(401, status(401, "Unauthorized", "Unauthorized")),
    "a page": answer(403, "<html>Go away</html>", kind="text/html"),
    "no such API": answer(404, "404 page not found", kind="text/plain"),
}
_REFUSALS = {
    "forbidden": answer(403, status(403, "the policy says no", "Forbidden")),
    "refused": answer(400, status(400, 'admission webhook "x" denied it', "BadRequest")),
}

Instead = Callable[[str, str, bool], bytes | None]


@pytest.fixture
def agent(api: Api, tasks: Tasks) -> Iterator[Scene]:
    with scene(api, tasks) as made:
        yield made


class _Once:
    """Gives the answer instead of that of the first request for which a question says so."""

    def __init__(self, given: bytes, wanted: Callable[[str, str, bool], bool]):
        self.given = given
        self.wanted = wanted
        self.done = False

    def __call__(self, method: str, path: str, done: bool) -> bytes | None:
        if self.done or not self.wanted(method, path, done):
            return None
        self.done = True
        return self.given


def _through(agent: Scene, tap: Tap, image: str, **more: Any) -> dict[str, Any]:
    wish = agent.wish(image, **{"rollout": _STAGES, **more})
    result = run_through(tap, {**wish, "namespace": agent.tasks.namespace})
    assert result is not None
    assert result["failed"], result
    return result


def _at_write(tap: Tap, number: int, given: bytes, *, had: bool = False) -> _Once:
    """The answer to a write, which the server has had before or never gets."""

    def wanted(method: str, path: str, done: bool) -> bool:
        is_write = method != "GET" and "dryRun" not in path
        return is_write and len(tap.writes) == number and done == had

    return _Once(given, wanted)


def _goes_on(agent: Scene) -> None:
    """Have the next run end the rollout, in which no node is touched twice."""
    agent.ok(NEW, rollout=_STAGES)
    assert agent.restarts() == _ONCE_EACH
    assert agent.watch.most_unavailable() <= 2
    agent.ended(NEW)


def _is_held(result: dict[str, Any]) -> None:
    assert "was interrupted at stage" in result["msg"]
    assert "nothing was taken back" in result["msg"]
    assert result["msg"].endswith("Run the task again: it goes on from there.")
    assert result["changed"]
    assert result["rollout"]["state"] == "unfinished"


@pytest.mark.parametrize(
    ("number", "had"),
    [*((one, False) for one in (2, 3, 5, 6, 8, 9, 14)), *((one, True) for one in (2, 5, 6))],
)
def test_an_error_at_any_write(agent: Scene, number: int, had: bool) -> None:
    with Tap(agent.api) as tap:
        tap.instead = _at_write(tap, number, _OOPS, had=had)
        result = _through(agent, tap, NEW)
    _is_held(result)
    assert len(tap.writes) == number
    assert agent.remembered["phase"] in ("rolling", "holding")
    _goes_on(agent)


@pytest.mark.parametrize("number", [16, 17, 18])
def test_an_error_once_all_have_their_new_pods(agent: Scene, number: int) -> None:
    with Tap(agent.api) as tap:
        tap.instead = _at_write(tap, number, _OOPS)
        result = _through(agent, tap, NEW)
    assert "All nodes have their new pods; the next run of the task ends" in result["msg"]
    _goes_on(agent)


@pytest.mark.parametrize("kind", list(_KINDS))
def test_any_kind_of_trouble(agent: Scene, kind: str) -> None:
    with Tap(agent.api) as tap:
        tap.instead = _at_write(tap, 6, _KINDS[kind])
        result = _through(agent, tap, NEW)
    _is_held(result)
    assert agent.on(NEW) == {"node-0"}
    _goes_on(agent)


@pytest.mark.parametrize(
    ("words", "after"),
    [
        ("/controllerrevisions?", 2),
        ("/pods?labelSelector=", 3),
        ("watch=true", 4),
        ("/daemonsets/agent", 5),
    ],
)
def test_an_error_at_a_read(agent: Scene, words: str, after: int) -> None:
    def wanted(method: str, path: str, _done: bool) -> bool:
        return method == "GET" and len(tap.writes) >= after and words in path

    with Tap(agent.api) as tap:
        tap.instead = _Once(_OOPS, wanted)
        result = _through(agent, tap, NEW)
    _is_held(result)
    _goes_on(agent)


def test_a_server_that_does_not_come_back_in_time(agent: Scene) -> None:
    def instead(_method: str, _path: str, _done: bool) -> bytes | None:
        if len(tap.writes) >= 2:
            raise ConnectionAbortedError
        return None

    with Tap(agent.api, instead=instead) as tap:
        result = _through(agent, tap, NEW, wait_timeout=20)
    _is_held(result)
    assert "cannot be reached" in result["msg"]
    _goes_on(agent)


@pytest.mark.parametrize("then", ["pause", "fail"])
def test_it_is_no_failure_after_which_anything_is_done(agent: Scene, then: str) -> None:
    with Tap(agent.api) as tap:
        tap.instead = _at_write(tap, 6, _OOPS)
        result = _through(agent, tap, NEW, rollout={**_STAGES, "on_failure": then})
    _is_held(result)
    assert agent.remembered["phase"] == "rolling"
    _goes_on(agent)


def test_a_command_that_cannot_be_run_meanwhile_is_no_verdict(agent: Scene) -> None:
    asked: list[str] = []

    def instead(_method: str, path: str, _done: bool) -> bytes | None:
        if "/exec?" in path:
            asked.append(path)
            return answer(503, status(503, "starting", "ServiceUnavailable"))
        # By now the grace period of a node is over.
        return _OOPS if len(asked) > 3 and "daemonsets/agent" in path else None

    with Tap(agent.api, instead=instead) as tap:
        result = _through(agent, tap, NEW, rollout={**_STAGES, "verify": ["true"]})
    _is_held(result)
    _goes_on(agent)


@pytest.mark.parametrize("kind", list(_REFUSALS))
def test_a_refusal_is_a_verdict(agent: Scene, kind: str) -> None:
    with Tap(agent.api) as tap:
        tap.instead = _at_write(tap, 10, _REFUSALS[kind])
        result = _through(agent, tap, NEW)
    assert "It was rolled back: 1 node" in result["msg"]
    assert agent.restarts() == {"node-0": 2}
    agent.ended(OLD)


def test_an_error_on_the_way_back(agent: Scene) -> None:
    def wanted(method: str, path: str, done: bool) -> bool:
        is_write = method == "PATCH" and "dryRun" not in path and not done
        return is_write and agent.remembered.get("phase") == "reverting"

    with Tap(agent.api) as tap:
        tap.instead = _Once(_OOPS, wanted)
        result = _through(agent, tap, BROKEN)
    assert "It could not be undone yet: " in result["msg"]
    assert result["msg"].endswith("Run the task again: it rolls back.")
    with Tap(agent.api) as tap:
        tap.instead = _Once(_OOPS, wanted)
        result = _through(agent, tap, BROKEN)
    assert result["msg"].endswith("oops. Run the task again: it goes on going back.")
    failed = agent.fails(BROKEN, rollout=_STAGES)
    assert "rolled back" in failed.result["msg"]
    assert set(agent.restarts()) <= {"node-0"}
    agent.ended(OLD)


@pytest.mark.parametrize("number", [2, 3, 4])
def test_a_rebuild_stays_where_it_is(agent: Scene, number: int) -> None:
    with Tap(agent.api) as tap:
        tap.instead = _at_write(tap, number, _OOPS)
        result = _through(agent, tap, NEW, rollout={"rebuild": True})
    assert "was interrupted: " in result["msg"]
    assert "nothing was taken back" in result["msg"]
    assert agent.remembered["phase"] in ("emptying", "filling")
    agent.ok(NEW, rollout={"rebuild": True})
    assert agent.restarts() == _ONCE_EACH
    agent.ended(NEW)


class _Away:
    """A server that goes away for good, at a watch: that is silent, and nothing else is answered.

    Args:
        is_it: whether it is this watch, by its path.
    """

    def __init__(self, tap: Tap, is_it: Callable[[str], bool]):
        self.tap = tap
        self.is_it = is_it
        self.writes = 0
        self.is_away = False

    def __call__(self, _method: str, path: str, _done: bool) -> bytes | None:
        if self.is_away:
            raise ConnectionAbortedError
        if "watch=true" in path and self.is_it(path):
            self.is_away, self.writes = True, len(self.tap.writes)
            return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        return None

    def wrote(self) -> int:
        """How many writes were tried since."""
        assert self.is_away
        return len(self.tap.writes) - self.writes


def _hold(agent: Scene, finalizers: list[str] | None) -> None:
    """Keep the pod of node-1, or let go of it."""
    (pod,) = (
        one
        for one in agent.api.pods(agent.tasks.namespace, "agent")
        if one["spec"]["nodeName"] == "node-1" and (one["metadata"].get("finalizers") or finalizers)
    )
    path = f"/api/v1/namespaces/{agent.tasks.namespace}/pods/{pod['metadata']['name']}"
    agent.api.request("PATCH", path, body={"metadata": {"finalizers": finalizers}}, kind=MERGE)


def test_a_rebuild_that_heard_nothing_to_the_end_while_pods_ended(agent: Scene) -> None:
    _hold(agent, ["example.test/held"])
    with Tap(agent.api) as tap:
        tap.instead = away = _Away(tap, lambda path: "/pods?" in path)
        result = _through(agent, tap, NEW, rollout={"rebuild": True}, wait_timeout=12)
    assert "was interrupted: Cannot read DaemonSet" in result["msg"]
    assert "nothing was taken back" in result["msg"]
    assert away.wrote() == 0
    _hold(agent, None)
    agent.ok(NEW, rollout={"rebuild": True})
    assert agent.restarts() == _ONCE_EACH
    agent.ended(NEW)


def test_a_rebuild_that_heard_nothing_to_the_end_while_pods_came(agent: Scene) -> None:
    watches: list[str] = []

    def is_it(path: str) -> bool:
        if agent.remembered.get("phase") == "filling" and "/daemonsets?" in path:
            watches.append(path)
        # The first only tells that the controller has seen the template.
        return len(watches) == 2

    with Tap(agent.api) as tap:
        tap.instead = away = _Away(tap, is_it)
        result = _through(agent, tap, NEW, rollout={"rebuild": True}, wait_timeout=20)
    assert "was interrupted: " in result["msg"]
    assert "nothing was taken back" in result["msg"]
    assert away.wrote() == 0
    agent.ok(NEW, rollout={"rebuild": True})
    assert agent.restarts() == _ONCE_EACH
    agent.ended(NEW)


def test_a_stage_that_heard_nothing_in_its_last_seconds(agent: Scene) -> None:
    """Between two looks at the DaemonSet, which would have told so."""
    began = time.monotonic()

    def is_it(path: str) -> bool:
        if "/pods?" in path:
            time.sleep(max(0.0, began + 13 - time.monotonic()))
        return "/pods?" in path

    with Tap(agent.api) as tap:
        tap.instead = away = _Away(tap, is_it)
        result = _through(agent, tap, NEW, wait_timeout=15)
    _is_held(result)
    assert away.wrote() == 0
    _goes_on(agent)


def test_a_plain_update_that_heard_nothing_to_the_end(agent: Scene) -> None:
    with Tap(agent.api) as tap:
        tap.instead = away = _Away(tap, lambda path: "/daemonsets?" in path)
        result = _through(agent, tap, NEW, rollout=None, on_failure="rollback", wait_timeout=12)
    assert "That says nothing about the new template, so nothing was taken" in result["msg"]
    assert result["changed"]
    assert away.wrote() == 0
    agent.ok(NEW)
    assert agent.restarts() == _ONCE_EACH
    agent.ended(NEW)


def test_a_plain_update_is_not_taken_back_either(agent: Scene) -> None:
    def wanted(_method: str, path: str, _done: bool) -> bool:
        return len(tap.writes) == 1 and "watch=true" in path

    with Tap(agent.api) as tap:
        tap.instead = _Once(_OOPS, wanted)
        result = _through(agent, tap, NEW, rollout=None, on_failure="rollback")
    assert result["msg"].startswith("Cannot watch DaemonSet ")
    assert result["changed"]
    assert len(tap.writes) == 1
    agent.ok(NEW)
    assert agent.restarts() == _ONCE_EACH
    agent.ended(NEW)


def test_a_restart_says_how_it_goes_on(api: Api, tasks: Tasks) -> None:
    with scene(api, tasks, update_strategy={"type": "OnDelete"}) as agent:
        wish = {"name": "agent", "state": "restarted", "restart_key": "1", "wait": True}
        with Tap(api) as tap:
            tap.instead = _at_write(tap, 4, _OOPS)
            result = run_through(tap, {**wish, "namespace": tasks.namespace})
        assert result is not None
        assert "was interrupted: Cannot delete pod" in result["msg"]
        assert result["changed"]
        tasks.ok(**wish, wait_timeout=60)
        assert agent.restarts() == _ONCE_EACH
