# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that wants a resource version, and does not get the answer to its write: the repetition is
refused, since the object has changed, though it was the task itself that changed it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.api import MERGE, Api, daemonsets
from tests.integration.child import run_through
from tests.integration.tap import Tap, Write
from tests.integration.verbs import Tasks

OLD, NEW = "example.test/agent:1", "example.test/agent:2"


def _wish(image: str, **more: Any) -> dict[str, Any]:
    return {"name": "agent", "containers": [{"name": "agent", "image": image}], **more}


def _cut(
    api: Api, namespace: str, number: int, meanwhile: Callable[[], None], **wish: Any
) -> tuple[dict[str, Any], list[Write]]:
    """Carry out a task of which the server carries out a write and the answer is lost."""

    def at(count: int, _write: Write, done: bool) -> None:
        if count == number and done:
            meanwhile()
            tap.cut()

    version = api.daemonset(namespace, "agent")["metadata"]["resourceVersion"]
    given = {"namespace": namespace, "resource_version": version, "wait": False, **wish}
    with Tap(api, at) as tap:
        result = run_through(tap, given)
    assert result is not None
    return result, tap.writes


def _nothing() -> None:
    return


def _made(api: Api, tasks: Tasks, **more: Any) -> None:
    tasks.ok(**_wish(OLD, **more))
    api.settled(tasks.namespace, "agent")


def _image(api: Api, namespace: str) -> str:
    live = api.daemonset(namespace, "agent")
    return str(live["spec"]["template"]["spec"]["containers"][0]["image"])


@pytest.mark.parametrize(
    "wish",
    [
        _wish(NEW),
        _wish(NEW, force_conflicts=True),
        {"name": "agent", "state": "patched", "images": {"agent": NEW}},
    ],
    ids=["present", "forced", "patched"],
)
def test_what_the_task_wrote_itself_is_no_conflict(
    api: Api, tasks: Tasks, wish: dict[str, Any]
) -> None:
    _made(api, tasks)
    result, writes = _cut(api, tasks.namespace, 1, _nothing, **wish)
    assert not result.get("failed"), result["msg"]
    assert result["changed"]
    assert [one.method for one in writes] == ["PATCH", "PATCH"]
    assert _image(api, tasks.namespace) == NEW
    tasks.same(**wish)


def test_what_goes_away_by_it_is_no_conflict(api: Api, tasks: Tasks) -> None:
    _made(api, tasks, labels={"team": "infra"})
    result, _writes = _cut(api, tasks.namespace, 1, _nothing, **_wish(OLD))
    assert not result.get("failed"), result["msg"]
    assert result["changed"]
    assert "team" not in api.daemonset(tasks.namespace, "agent")["metadata"].get("labels", {})


@pytest.mark.parametrize("number", [1, 2])
def test_what_was_taken_over_is_no_conflict(api: Api, tasks: Tasks, number: int) -> None:
    _made(api, tasks, field_manager="helm")
    wish = _wish(NEW, adopt=["helm"])
    result, _writes = _cut(api, tasks.namespace, number, _nothing, **wish)
    assert not result.get("failed"), result["msg"]
    assert result["changed"]
    tasks.same(**wish)


@pytest.mark.parametrize("number", [1, 2])
def test_what_others_write_at_the_same_time_is_one(api: Api, tasks: Tasks, number: int) -> None:
    _made(api, tasks, field_manager="helm")

    def meanwhile() -> None:
        path = f"{daemonsets(tasks.namespace)}/agent"
        body = {"metadata": {"labels": {"by": "somebody"}}}
        api.request("PATCH", path, query={"fieldManager": "else"}, body=body, kind=MERGE)

    wish = _wish(NEW, adopt=["helm"])
    result, _writes = _cut(api, tasks.namespace, number, meanwhile, **wish)
    assert result["failed"]
    assert "it has just been changed" in result["msg"]


def test_a_write_that_never_came_is_written_once(api: Api, tasks: Tasks) -> None:
    _made(api, tasks)
    broken = list[bool]()

    def instead(_method: str, _path: str, _done: bool) -> bytes | None:
        if len(tap.writes) == 1 and not broken:
            broken.append(True)
            raise ConnectionAbortedError
        return None

    version = api.daemonset(tasks.namespace, "agent")["metadata"]["resourceVersion"]
    wish = _wish(NEW, namespace=tasks.namespace, wait=False, resource_version=version)
    with Tap(api, instead=instead) as tap:
        result = run_through(tap, wish)
    assert result is not None
    assert not result.get("failed"), result["msg"]
    assert result["changed"]
    assert _image(api, tasks.namespace) == NEW


def test_a_rollback_that_was_carried_out_is_no_conflict(api: Api, tasks: Tasks) -> None:
    _made(api, tasks)
    tasks.ok(**_wish(NEW))
    api.settled(tasks.namespace, "agent")
    result, _writes = _cut(api, tasks.namespace, 1, _nothing, **_wish(OLD))
    assert not result.get("failed"), result["msg"]
    assert _image(api, tasks.namespace) == OLD
