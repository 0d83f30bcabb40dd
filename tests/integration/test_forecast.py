# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods restart is told beforehand, and counted by a watch of the test's own."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.integration.api import MERGE, Api, daemonsets, eventually
from tests.integration.harness import alike, both_ways, task
from tests.integration.pod_watch import PodWatch
from tests.integration.rollbacks import observed
from tests.integration.verbs import Outcome, Tasks

_AGENT: dict[str, Any] = {
    "name": "agent",
    "containers": [{"name": "agent", "image": "example.test/agent:1"}],
}
_NEWER = {**_AGENT, "containers": [{"name": "agent", "image": "example.test/agent:2"}]}
_BAD = "example.test/agent:simulate-image-pull"
_NODES = [f"node-{index}" for index in range(5)]


def _restarts(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = outcome.result["rollout"]["restarts"]
    return found


def _foretold(checked: Outcome, done: Outcome) -> dict[str, Any]:
    """What check mode told, once the real run has told the same; that one names no nodes."""
    told, after = _restarts(checked), _restarts(done)
    assert after in (told, {**told, "nodes": []})
    return told


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
    told = _foretold(checked, done)
    assert checked.progress == [f"{tasks.namespace}/agent: {told['message']}"]
    assert told["pods"] == pods
    foretold = checked.result["rollout"]
    assert pods == 0 or foretold["state"] == "observing"
    if foretold["state"] == "observing":
        assert foretold["message"] == told["message"]
    assert set(told["nodes"]) == watch.restarted_nodes()
    assert told["nodes"] == sorted(told["nodes"])
    assert ("no pod restarts" in told["message"]) == (pods == 0)


def test_pods_are_listed_only_to_tell_beforehand_of_another_template(
    api: Api, tasks: Tasks
) -> None:
    tasks.ok(**_AGENT, wait=True)
    for change, lists in (({"labels": {"tier": "node"}}, 0), ({"pod_labels": {"newer": "1"}}, 1)):
        for check in (True, False):
            mark = api.mark()
            tasks.ok(**{**_AGENT, **change}, check=check)
            listed = [one.path for one in api.requests(mark) if one.verb == "list"]
            assert len([path for path in listed if "limit=20" in path]) == (lists if check else 0)
            # And the nodes, for taints that came later.
            assert len([path for path in listed if "/nodes" in path]) == (lists if check else 0)
            assert len(listed) == (2 * lists if check else 0)


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
    observed(api, tasks.namespace)
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
        "message": "2 of 5 pods restart, at most 1 at a time; the others have this template"
        " already",
    }
    assert watch.restarted_nodes() == {"node-0", "node-1"}


def test_back_under_on_delete_leaves_out_those_that_have_it(api: Api, tasks: Tasks) -> None:
    _half_done(api, tasks)
    given = {**_AGENT, "update_strategy": {"type": "OnDelete"}}
    told = _restarts(tasks.ok(**given, check=True))
    assert told == {
        "pods": 0,
        "nodes": [],
        "message": "no pod restarts by itself: under OnDelete, each of the 2 is replaced when it is"
        " deleted; the others have this template already",
    }
    assert _restarts(tasks.ok(**given)) == told


def test_on_in_the_middle_spares_the_new_ones(api: Api, tasks: Tasks) -> None:
    _half_done(api, tasks)
    with PodWatch(api, tasks.namespace) as watch:
        done = tasks.ok(**_NEWER, update_strategy={"type": "RollingUpdate"}, wait=True)
    assert _restarts(done)["pods"] == 3
    assert _restarts(done)["nodes"] == ["node-2", "node-3", "node-4"]
    assert watch.restarted_nodes() == {"node-2", "node-3", "node-4"}


def test_stages_spare_pods_that_have_the_template_already(api: Api, tasks: Tasks) -> None:
    _half_done(api, tasks)
    strategy = {"type": "OnDelete"}
    given = {**_AGENT, "update_strategy": strategy, "rollout": {"stages": [1, 1, 5]}, "wait": True}
    told = _restarts(tasks.ok(**given, check=True))
    with PodWatch(api, tasks.namespace) as watch:
        tasks.ok(**given)
    assert told["nodes"] == ["node-0", "node-1"]
    assert watch.restarted_nodes() == {"node-0", "node-1"}


def test_stages_that_have_nothing_to_replace_yet_are_a_change(api: Api, tasks: Tasks) -> None:
    _half_done(api, tasks)
    plan = {"stages": [1], "until_stage": 1}
    given = {**_AGENT, "update_strategy": {"type": "OnDelete"}, "rollout": plan, "wait": True}
    outcomes = [tasks.ok(**given, check=check) for check in (True, False)]
    assert [one.changed for one in outcomes] == [True, True]
    assert _restarts(outcomes[0])["pods"] == 0


def test_what_takes_the_place_of_a_pause_spares_what_is_done(api: Api, tasks: Tasks) -> None:
    _half_done(api, tasks)
    tasks.ok(name="agent", state="paused")
    given = {**_NEWER, "on_unfinished_rollout": "proceed", "wait": True}
    told = _restarts(tasks.ok(**given, check=True))
    with PodWatch(api, tasks.namespace) as watch:
        tasks.ok(**given)
    assert told["nodes"] == ["node-2", "node-3", "node-4"]
    assert watch.restarted_nodes() == {"node-2", "node-3", "node-4"}


def test_a_restart_tells_too(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_AGENT, wait=True)
    checked = tasks.ok(name="agent", state="restarted", check=True)
    with PodWatch(api, tasks.namespace) as watch:
        done = tasks.ok(name="agent", state="restarted", wait=True)
    assert _foretold(checked, done)["nodes"] == _NODES
    assert watch.restarted_nodes() == set(_NODES)


def test_where_a_change_goes_on_with_the_rollout_before(api: Api, tasks: Tasks) -> None:
    bad = {**_AGENT, "containers": [{"name": "agent", "image": _BAD}]}
    tasks.ok(**_AGENT, wait=True)
    tasks.ok(**bad)
    eventually(lambda: _is_stuck(api, tasks), "the rollout is stuck")
    for check in (True, False):
        told = _restarts(tasks.ok(**bad, labels={"tier": "node"}, check=check))
        assert told["pods"] == 0
        assert told["message"].endswith("the template stays as it is; the rollout before goes on")


def _is_stuck(api: Api, tasks: Tasks) -> bool | None:
    """Whether the controller has made the first pod of the template, which is not available."""
    status = observed(api, tasks.namespace)["status"]
    counts = (status.get("updatedNumberScheduled"), status.get("numberAvailable"))
    return counts == (1, 4) or None


def test_pods_that_surged_are_no_more_pods(api: Api, tasks: Tasks) -> None:
    surge = {"update_strategy": {"rolling_update": {"max_surge": 2, "max_unavailable": 0}}}
    tasks.ok(**_AGENT, **surge, wait=True)
    tasks.ok(**{**_AGENT, "containers": [{"name": "agent", "image": _BAD}]}, **surge)
    eventually(lambda: len(api.pods(tasks.namespace, "agent")) == 7 or None, "two have surged")
    checked = tasks.ok(**_NEWER, **surge, check=True)
    done = tasks.ok(**_NEWER, **surge, wait=True)
    assert _foretold(checked, done)["nodes"] == _NODES
    assert _restarts(done)["pods"] == 5


@pytest.mark.parametrize("strategy", [{"type": "RollingUpdate"}, {"type": "OnDelete"}], ids=str)
def test_nodes_that_are_no_longer_eligible_lose_their_pod(
    api: Api, tasks: Tasks, strategy: dict[str, Any]
) -> None:
    names = {"node_names": ["node-0", "node-1", "node-2"]}
    given = {**_AGENT, "update_strategy": strategy}
    tasks.ok(**given, **names, wait=True)
    moved = {**given, "node_names": ["node-1", "node-2", "node-3", "node-4"]}
    checked = tasks.ok(**moved, check=True)
    with PodWatch(api, tasks.namespace) as watch:
        done = tasks.ok(**moved, wait=True)
        eventually(lambda: len(api.pods(tasks.namespace, "agent")) == 4 or None, "four pods")
    told = _restarts(done)
    assert told == _restarts(checked)
    assert watch.restarted_nodes() == set(told["nodes"])
    assert told["pods"] == (2 if strategy["type"] == "RollingUpdate" else 0)
    assert (
        "; 1 pod ends without a successor, on nodes that are not eligible: node-0"
        in told["message"]
    )
    assert told["message"].endswith("; 2 nodes get one: node-3, node-4")
    assert {pod.node for pod in watch.pods() if pod.uid in watch.deleted()} >= {"node-0"}


def _wants(api: Api, tasks: Tasks, pods: int) -> None:
    """Wait until the controller wants so many pods."""
    turns = itertools.count()

    def does() -> bool | None:
        # A taint that ends no pod does not make it look by itself.
        body = {"metadata": {"annotations": {"example.test/look": str(next(turns))}}}
        api.request("PATCH", f"{daemonsets(tasks.namespace)}/agent", body=body, kind=MERGE)
        status = api.daemonset(tasks.namespace, "agent")["status"]
        return status["desiredNumberScheduled"] == pods or None

    eventually(does, f"{pods} pods are wanted")


@pytest.mark.parametrize("many", [False, True])
def test_pods_under_a_taint_that_came_later_get_no_successor(
    api: Api, tasks: Tasks, many: bool
) -> None:
    team = {"labels": {"team": "night"}}
    tasks.ok(**_AGENT, **team, **_all_at_once(), wait=True)
    taints = [{"key": "late", "effect": "NoSchedule"}]
    restart: dict[str, Any] = {"name": "agent", "state": "restarted"}
    if many:
        restart = {"label_selectors": ["team=night"], "max_objects": 1, "state": "restarted"}
    api.request("PATCH", "/api/v1/nodes/node-3", body={"spec": {"taints": taints}}, kind=MERGE)
    try:
        _wants(api, tasks, 4)
        checked = tasks.ok(**restart, check=True)
        with PodWatch(api, tasks.namespace) as watch:
            tasks.ok(**restart, wait=True)
            eventually(lambda: len(api.pods(tasks.namespace, "agent")) == 4 or None, "four pods")
    finally:
        api.request("PATCH", "/api/v1/nodes/node-3", body={"spec": {"taints": None}}, kind=MERGE)
        _wants(api, tasks, 5)
    rollout = checked.result["rollout"]
    if many:
        (entry,) = checked.result["daemonsets"]
        rollout = entry["rollout"]
    told = rollout["restarts"]
    assert told["pods"] == 4
    assert watch.restarted_nodes() == set(told["nodes"]) == {*_NODES} - {"node-3"}
    assert "1 pod ends without a successor, on nodes that are not eligible: node-3" in str(told)


def test_what_may_not_be_read_of_nodes_is_said(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_AGENT, wait=True)
    rules = [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["get", "patch"]},
    ]
    user = api.user_with(rules, tasks.namespace, "no-nodes")
    told = _restarts(tasks.ok(**_AGENT, node_names=["node-1"], impersonate_user=user, check=True))
    assert told["pods"] == 5
    assert "nodes cannot be listed" in told["message"]


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("earlier", [False, True])
def test_pods_without_an_owner_are_taken_over(
    api: Api, tasks: Tasks, earlier: bool, kept: bool
) -> None:
    if earlier:
        tasks.ok(**_NEWER, wait=True)
    tasks.ok(**_AGENT, wait=True)
    api.settled(tasks.namespace, "agent")
    before = {pod["metadata"]["uid"] for pod in api.pods(tasks.namespace, "agent")}
    tasks.ok(name="agent", state="absent", propagation_policy="Orphan", wait=True)
    wanted = _AGENT if kept else {**_AGENT, "containers": [{"name": "agent", "image": "e.test/9"}]}
    checked = tasks.ok(**wanted, check=True)
    done = tasks.ok(**wanted, wait=True)
    tasks.same(**wanted)
    after = {pod["metadata"]["uid"] for pod in api.pods(tasks.namespace, "agent")}
    told = _restarts(done)
    assert told == _restarts(checked)
    assert told["pods"] == len(before - after) == (0 if kept else 5)
    assert told["message"].endswith("; it takes over 5 pods that ran before")


def test_after_the_end_of_the_rollout_before_all_restart(api: Api, tasks: Tasks) -> None:
    _half_done(api, tasks)
    tasks.ok(**_NEWER, update_strategy={"rolling_update": {"max_unavailable": 1}}, wait=True)
    bad = {**_AGENT, "containers": [{"name": "agent", "image": _BAD}]}
    tasks.ok(**bad)
    eventually(lambda: _is_stuck(api, tasks), "the rollout is stuck")
    proceeds = tasks.ok(**_NEWER, on_unfinished_rollout="proceed", check=True)
    assert _restarts(proceeds)["pods"] == 1
    waits = tasks.ok(**_NEWER, on_unfinished_rollout="wait", check=True)
    assert _restarts(waits)["pods"] == 5


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
    told = _restarts(tasks.ok(**_NEWER, impersonate_user=user, check=True))
    assert (told["pods"], told["nodes"]) == (5, [])
    assert "on which nodes is not known: listing pods is forbidden" in told["message"]


def test_in_a_playbook_both_ways(api: Api, two_namespaces: tuple[str, str]) -> None:
    steps = [
        task("create", **_AGENT),
        task("change", **_NEWER),
    ]
    checked = [{**task("checked", **_NEWER), "check_mode": True}]
    here, there = both_ways(api, two_namespaces, [steps[0], *checked, steps[1]])
    for name, nodes in (("checked", _NODES), ("change", [])):
        alike(here.step(name), there.step(name), two_namespaces)
        assert here.step(name).result["rollout"]["restarts"]["nodes"] == nodes
