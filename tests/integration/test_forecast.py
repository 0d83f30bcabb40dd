# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods restart is told beforehand, and counted by a watch of the test's own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api import Api, eventually
from tests.integration.harness import alike, both_ways, task
from tests.integration.pod_watch import PodWatch
from tests.integration.verbs import Outcome, Tasks

_AGENT: dict[str, Any] = {
    "name": "agent",
    "containers": [{"name": "agent", "image": "example.test/agent:1"}],
}
_NEWER = {**_AGENT, "containers": [{"name": "agent", "image": "example.test/agent:2"}]}
_NODES = [f"node-{index}" for index in range(5)]


def _restarts(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = outcome.result["rollout"]["restarts"]
    return found


def _all_at_once() -> dict[str, Any]:
    return {"update_strategy": {"rolling_update": {"max_unavailable": "100%"}}}


@pytest.mark.parametrize(
    ("change", "pods"),
    [
        ({"labels": {"tier": "node"}}, 0),
        ({"annotations": {"note": "1"}}, 0),
        ({"update_strategy": {"rolling_update": {"max_unavailable": 2}}}, 0),
        ({"min_ready_seconds": 1}, 0),
        ({"pod_labels": {"newer": "1"}}, 5),
        ({"containers": _NEWER["containers"]}, 5),
        ({"update_strategy": {"type": "OnDelete"}, "containers": _NEWER["containers"]}, 0),
    ],
)
def test_what_is_told_is_what_happens(
    api: Api, tasks: Tasks, change: dict[str, Any], pods: int
) -> None:
    tasks.ok(**_AGENT, wait=True)
    wanted = {**_AGENT, **change}
    with PodWatch(api, tasks.namespace) as watch:
        checked = tasks.ok(**wanted, check=True)
        assert not checked.writes or all("dryRun=All" in one.path for one in checked.writes)
        done = tasks.ok(**wanted, wait=True)
    assert checked.changed
    assert _restarts(checked) == _restarts(done)
    told = _restarts(done)
    assert told["pods"] == pods
    assert set(told["nodes"]) == watch.restarted_nodes()
    assert told["nodes"] == sorted(told["nodes"])
    assert ("no pod restarts" in told["message"]) == (pods == 0)


def test_pods_are_listed_only_for_another_template(tasks: Tasks) -> None:
    tasks.ok(**_AGENT, wait=True)
    for change, lists in (({"labels": {"tier": "node"}}, 0), ({"pod_labels": {"newer": "1"}}, 1)):
        done = tasks.ok(**{**_AGENT, **change})
        listed = [one for one in done.requests if one.verb == "list"]
        assert len(listed) == lists, listed
        assert all("limit=20" in one.path for one in listed)


def test_a_new_one_restarts_nothing(tasks: Tasks) -> None:
    for check in (True, False):
        assert _restarts(tasks.ok(**_AGENT, check=check)) == {
            "pods": 0,
            "nodes": [],
            "message": "no pod restarts: the DaemonSet is new",
        }


def test_what_is_unchanged_says_nothing_of_restarts(tasks: Tasks) -> None:
    tasks.ok(**_AGENT, wait=True)
    for check in (True, False):
        assert "restarts" not in tasks.ok(**_AGENT, check=check).result["rollout"]


def test_how_many_at_a_time(tasks: Tasks) -> None:
    tasks.ok(**_AGENT, wait=True)
    one = tasks.ok(**_NEWER, check=True)
    assert _restarts(one)["message"] == "5 pods restart, at most 1 at a time"
    every = tasks.ok(**_NEWER, **_all_at_once(), check=True)
    assert _restarts(every)["message"] == "5 pods restart"
    surge = {"update_strategy": {"rolling_update": {"max_surge": "40%"}}}
    told = _restarts(tasks.ok(**_NEWER, **surge, check=True))["message"]
    assert told == "5 pods restart, each after its successor is available, at most 2 at a time"


def _half_done(api: Api, tasks: Tasks) -> None:
    """Two pods of five are new: the third node's kubelet does not answer."""
    tasks.ok(**_AGENT, wait=True)
    tasks.ok(**_NEWER, update_strategy={"type": "OnDelete"})
    pods = f"/api/v1/namespaces/{tasks.namespace}/pods"
    for pod in api.request("GET", pods)["items"]:
        if pod["spec"]["nodeName"] in ("node-0", "node-1"):
            api.request("DELETE", f"{pods}/{pod['metadata']['name']}")

    def two_are_new() -> bool | None:
        status = api.daemonset(tasks.namespace, "agent")["status"]
        news = status.get("updatedNumberScheduled") == 2 and status["numberAvailable"] == 5
        return news or None

    eventually(two_are_new, "two pods are new")


def test_back_in_the_middle_spares_the_old_ones(api: Api, tasks: Tasks) -> None:
    _half_done(api, tasks)
    with PodWatch(api, tasks.namespace) as watch:
        checked = tasks.ok(**_AGENT, update_strategy={"type": "RollingUpdate"}, check=True)
        done = tasks.ok(**_AGENT, update_strategy={"type": "RollingUpdate"}, wait=True)
    assert _restarts(checked) == _restarts(done)
    assert _restarts(done) == {
        "pods": 2,
        "nodes": ["node-0", "node-1"],
        "message": "2 of 5 pods restart, the others have this template already",
    }
    assert watch.restarted_nodes() == {"node-0", "node-1"}


def test_on_in_the_middle_spares_the_new_ones(api: Api, tasks: Tasks) -> None:
    _half_done(api, tasks)
    with PodWatch(api, tasks.namespace) as watch:
        done = tasks.ok(**_NEWER, update_strategy={"type": "RollingUpdate"}, wait=True)
    assert _restarts(done)["pods"] == 3
    assert _restarts(done)["nodes"] == ["node-2", "node-3", "node-4"]
    assert watch.restarted_nodes() == {"node-2", "node-3", "node-4"}


def test_a_restart_tells_too(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_AGENT, wait=True)
    checked = tasks.ok(name="agent", state="restarted", check=True)
    with PodWatch(api, tasks.namespace) as watch:
        done = tasks.ok(name="agent", state="restarted", wait=True)
    assert _restarts(checked) == _restarts(done)
    assert _restarts(done)["nodes"] == _NODES
    assert watch.restarted_nodes() == set(_NODES)


@pytest.mark.parametrize(("policy", "pods"), [("orphan_and_recreate", 0), ("recreate", 5)])
def test_made_anew(api: Api, tasks: Tasks, policy: str, pods: int) -> None:
    labels = {"app.kubernetes.io/name": "agent", "team": "night"}
    tasks.ok(**_AGENT, pod_labels=labels, wait=True)
    selector = {"match_labels": {"team": "night"}}
    wanted = {**_AGENT, "pod_labels": labels, "selector": selector, "on_selector_change": policy}
    checked = tasks.ok(**wanted, check=True)
    with PodWatch(api, tasks.namespace) as watch:
        done = tasks.ok(**wanted, wait=True)
    assert _restarts(checked) == _restarts(done)
    assert _restarts(done)["pods"] == pods
    assert watch.restarted_nodes() == set(_restarts(done)["nodes"])


def test_without_the_right_to_list_pods_it_says_less(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_AGENT, wait=True)
    rule = {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["get", "patch"]}
    user = api.user_with([rule], tasks.namespace, "few-rights")
    done = tasks.ok(**_NEWER, impersonate_user=user)
    told = _restarts(done)
    assert (told["pods"], told["nodes"]) == (5, [])
    assert "on which nodes is not known: listing pods is forbidden" in told["message"]


def test_in_a_playbook_both_ways(api: Api, two_namespaces: tuple[str, str]) -> None:
    steps = [
        task("create", **_AGENT),
        task("change", **_NEWER),
    ]
    checked = [{**task("checked", **_NEWER), "check_mode": True}]
    here, there = both_ways(api, two_namespaces, [steps[0], *checked, steps[1]])
    for name in ("checked", "change"):
        alike(here.step(name), there.step(name), two_namespaces)
        assert here.step(name).result["rollout"]["restarts"]["nodes"] == _NODES
