# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuilds, and restarts under OnDelete: told beforehand are the nodes that really restart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.integration.api import MERGE, Api, eventually
from tests.integration.pod_watch import PodWatch
from tests.integration.verbs import Outcome, Tasks

_OLD: dict[str, Any] = {
    "name": "agent",
    "containers": [{"name": "agent", "image": "example.test/agent:1"}],
    "update_strategy": {"type": "OnDelete"},
}
_NEW = {**_OLD, "containers": [{"name": "agent", "image": "example.test/agent:2"}]}
_REBUILT = {**_NEW, "rollout": {"rebuild": True}, "wait": True}
_RESTARTED = {"name": "agent", "state": "restarted", "restart_key": "one", "wait": True}
_LATE = {"late": "true"}
_ENDS = "; 1 pod ends without a successor, on nodes that are not eligible: node-"


@contextmanager
def _late_taint(api: Api, node: str) -> Iterator[None]:
    """A taint that keeps new pods away and has those that run stay, once controllers know of it."""
    _mark(api, node, [{"key": "late", "effect": "NoSchedule"}], "true")
    api.until_controllers_see(1, _LATE)
    try:
        yield
    finally:
        _mark(api, node, None, None)
        api.until_controllers_see(0, _LATE)


def _mark(api: Api, node: str, taints: list[dict[str, str]] | None, label: str | None) -> None:
    body = {"metadata": {"labels": dict.fromkeys(_LATE, label)}, "spec": {"taints": taints}}
    api.request("PATCH", f"/api/v1/nodes/{node}", body=body, kind=MERGE)


def _restarts(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = outcome.result["rollout"]["restarts"]
    return found


@pytest.mark.parametrize("change", [_REBUILT, _RESTARTED], ids=["rebuild", "keyed restart"])
def test_under_a_taint_that_came_later_no_pod_comes_back(
    api: Api, tasks: Tasks, change: dict[str, Any]
) -> None:
    tasks.ok(**_OLD, wait=True)
    api.settled(tasks.namespace, "agent")
    with _late_taint(api, "node-3"):
        checked = tasks.ok(**change, check=True)
        with PodWatch(api, tasks.namespace) as watch:
            done = tasks.ok(**change)
            eventually(lambda: len(api.pods(tasks.namespace, "agent")) == 4 or None, "four pods")
            watch.caught_up()
    told = _restarts(checked)
    assert told == _restarts(done)
    assert told["pods"] == 4
    assert set(told["nodes"]) == {"node-0", "node-1", "node-2", "node-4"} == watch.restarted_nodes()
    assert told["message"].endswith(f"{_ENDS}3")
    assert {pod.node for pod in watch.pods() if pod.uid in watch.deleted()} >= {"node-3"}


def test_a_rebuild_on_other_nodes(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_OLD, node_names=["node-0", "node-1", "node-2"], wait=True)
    api.settled(tasks.namespace, "agent")
    change = {**_REBUILT, "node_names": ["node-1", "node-2", "node-3", "node-4"]}
    checked = tasks.ok(**change, check=True)
    with PodWatch(api, tasks.namespace) as watch:
        done = tasks.ok(**change)
        watch.caught_up()
    told = _restarts(checked)
    assert told == _restarts(done)
    assert told["message"] == (
        f"2 pods restart, after all of them have ended{_ENDS}0; 2 nodes get one: node-3, node-4"
    )
    assert set(told["nodes"]) == {"node-1", "node-2"} == watch.restarted_nodes()


def test_a_rebuild_says_what_may_not_be_read_of_nodes(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_OLD, wait=True)
    rules = [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        {"apiGroups": ["apps"], "resources": ["controllerrevisions"], "verbs": ["list"]},
        {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["get", "patch"]},
    ]
    user = api.user_with(rules, tasks.namespace, "no-nodes")
    change = {**_REBUILT, "node_names": ["node-1"], "impersonate_user": user}
    told = _restarts(tasks.ok(**change, check=True))
    assert told["pods"] == 5
    assert "nodes cannot be listed" in told["message"]
