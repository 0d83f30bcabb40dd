# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change, or a restart, that comes upon a rollout that is not finished."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api import Api, daemonsets, eventually
from tests.integration.harness import alike, both_ways, task
from tests.integration.pod_watch import REVISION, PodWatch
from tests.integration.verbs import Tasks

_NAME = "agent"
_NODES = {f"node-{number}" for number in range(5)}


def _agent(image: str, **more: Any) -> dict[str, Any]:
    containers = [{"name": "agent", "image": f"example.test/agent:{image}"}]
    return {"name": _NAME, "containers": containers, **more}


_BAD = "simulate-image-pull"


def _stuck(api: Api, tasks: Tasks, **more: Any) -> None:
    """A rollout that is stuck at its first pod."""
    tasks.ok(**_agent("1", **more), wait=True)
    tasks.ok(**_agent(_BAD, **more))

    def is_stuck() -> bool | None:
        status = api.daemonset(tasks.namespace, _NAME)["status"]
        return (status.get("updatedNumberScheduled"), status.get("numberAvailable")) == (
            1,
            4,
        ) or None

    eventually(is_stuck, "the rollout is stuck")


def _image(api: Api, tasks: Tasks) -> str:
    template = api.daemonset(tasks.namespace, _NAME)["spec"]["template"]
    return str(template["spec"]["containers"][0]["image"]).removeprefix("example.test/agent:")


def test_it_proceeds_with_a_warning_unless_told(api: Api, tasks: Tasks) -> None:
    _stuck(api, tasks)
    for check in (True, False):
        done = tasks.ok(**_agent("2"), check=check)
        assert done.changed
        assert "1 of 5 pods are updated" in done.warnings
        assert "this template takes its place" in done.warnings
    quiet = tasks.ok(**_agent("2"), wait=True)
    assert not quiet.warnings


def test_who_says_proceed_is_told_nothing_of_it(api: Api, tasks: Tasks) -> None:
    _stuck(api, tasks)
    for check in (True, False):
        done = tasks.ok(**_agent("2"), on_unfinished_rollout="proceed", check=check)
        assert done.changed
        assert not done.warnings


def test_it_is_refused_where_the_task_says_so(api: Api, tasks: Tasks) -> None:
    _stuck(api, tasks)
    with PodWatch(api, tasks.namespace) as watch:
        for check in (True, False):
            refused = tasks.fails(**_agent("2"), on_unfinished_rollout="fail", check=check)
            assert not refused.changed
            assert "in the middle of a rollout: 1 of 5 pods are updated" in refused.result["msg"]
            assert refused.result["rollout"]["state"] == "updating"
            assert all("dryRun=All" in one.path for one in refused.writes)
    assert watch.restarts_by_node() == {}
    assert _image(api, tasks) == _BAD


@pytest.mark.parametrize("choice", ["wait", "fail", "proceed"])
def test_what_changes_no_template_is_never_held_up(api: Api, tasks: Tasks, choice: str) -> None:
    _stuck(api, tasks)
    given = {"on_unfinished_rollout": choice}
    same = tasks.same(**_agent(_BAD), **given)
    assert not same.warnings
    labelled = tasks.ok(**_agent(_BAD), labels={"tier": "node"}, **given)
    assert labelled.changed
    assert not labelled.warnings


def _nodes_of(api: Api, tasks: Tasks, watch: PodWatch, revision: int) -> set[str]:
    """The nodes that have had a pod of a revision."""
    path = f"/apis/apps/v1/namespaces/{tasks.namespace}/controllerrevisions"
    found = {one["revision"]: one["metadata"] for one in api.request("GET", path)["items"]}
    wanted = found[revision]["labels"][REVISION]
    return {pod.node for pod in watch.pods() if pod.revision == wanted}


def test_it_waits_where_the_task_says_so(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent("1"), wait=True)
    tasks.ok(**_agent("2"))
    checked = tasks.ok(**_agent("3"), on_unfinished_rollout="wait", check=True)
    with PodWatch(api, tasks.namespace) as watch:
        done = tasks.ok(**_agent("3"), on_unfinished_rollout="wait", wait=True)
    assert done.changed
    assert _image(api, tasks) == "3"
    assert _nodes_of(api, tasks, watch, revision=2) == _NODES
    # Where the rollout before was quicker than the task, there was none to wait for.
    assert ("waits for its end first" in checked.warnings) or not checked.warnings


def test_what_is_waited_for_in_vain_changes_nothing(api: Api, tasks: Tasks) -> None:
    _stuck(api, tasks)
    given = {"on_unfinished_rollout": "wait", "failure_grace_seconds": 1}
    failed = tasks.fails(**_agent("2"), **given)
    assert not failed.changed
    assert "The rollout before has not ended well." in failed.result["msg"]
    assert "ImagePull" in failed.result["msg"]
    assert "Nothing was changed by this task" in failed.result["msg"]
    assert _image(api, tasks) == _BAD


def test_a_failing_rollout_counts_though_all_pods_are_updated(api: Api, tasks: Tasks) -> None:
    every = {"update_strategy": {"rolling_update": {"max_unavailable": "100%"}}}
    tasks.ok(**_agent("1", **every), wait=True)
    tasks.ok(**_agent(_BAD, **every))

    def all_are_bad() -> bool | None:
        status = api.daemonset(tasks.namespace, _NAME)["status"]
        return (status.get("updatedNumberScheduled"), status.get("numberAvailable", 0)) == (
            5,
            0,
        ) or None

    eventually(all_are_bad, "all pods are bad")
    refused = tasks.fails(**_agent("2", **every), on_unfinished_rollout="fail")
    assert "0 of 5 updated pods are available" in refused.result["msg"]
    # A restart may be what they need.
    assert tasks.ok(name=_NAME, state="restarted").changed


@pytest.fixture
def broken(api: Api, tasks: Tasks) -> dict[str, Any]:
    """A DaemonSet all of whose pods are of its template, two of them not available."""
    annotations = {
        "everynode.kubernetes/simulate": "never-ready",
        "everynode.kubernetes/simulate-on": "node-1,node-3",
    }
    every = {"update_strategy": {"rolling_update": {"max_unavailable": "100%"}}}
    given = _agent("1", pod_annotations=annotations)
    tasks.ok(**given, **every)

    def three_are_well() -> bool | None:
        status = api.daemonset(tasks.namespace, _NAME)["status"]
        return (status.get("updatedNumberScheduled"), status.get("numberAvailable")) == (
            5,
            3,
        ) or None

    eventually(three_are_well, "three pods are available")
    return {**given, "containers": _agent("2")["containers"]}


@pytest.mark.parametrize(
    ("most", "warns"), [(1, True), (2, True), (3, False), ("40%", True), ("41%", False)]
)
def test_nodes_that_lack_a_pod_use_up_max_unavailable(
    tasks: Tasks, broken: dict[str, Any], most: Any, warns: bool
) -> None:
    strategy = {"rolling_update": {"max_unavailable": most}}
    for check in (True, False):
        done = tasks.ok(**broken, update_strategy=strategy, check=check)
        assert ("On 2 of 5 nodes the pod of" in done.warnings) == warns


@pytest.mark.parametrize(
    "strategy", [{"type": "OnDelete"}, {"rolling_update": {"max_surge": 1}}], ids=str
)
def test_other_strategies_have_no_such_limit(
    tasks: Tasks, broken: dict[str, Any], strategy: dict[str, Any]
) -> None:
    done = tasks.ok(**broken, update_strategy=strategy, check=True)
    assert "is not available already" not in done.warnings


def test_nodes_that_are_put_up_with_hold_nothing_up(tasks: Tasks, broken: dict[str, Any]) -> None:
    given = {**broken, "on_unfinished_rollout": "fail", "check": True}
    refused = tasks.fails(**given, unavailable_budget="1")
    assert "3 of 5 updated pods are available" in refused.result["msg"]
    assert tasks.ok(**given, unavailable_budget="2").changed
    assert tasks.fails(**given, ignore_not_ready_nodes="100%").result["error"]["kind"] == "rollout"


@pytest.mark.parametrize("choice", ["wait", "proceed"])
def test_what_is_put_up_with_uses_up_max_unavailable_all_the_same(
    tasks: Tasks, broken: dict[str, Any], choice: str
) -> None:
    given = {**broken, "on_unfinished_rollout": choice, "unavailable_budget": "2", "check": True}
    assert "On 2 of 5 nodes the pod of" in tasks.ok(**given).warnings


def test_in_stages_the_controller_is_said_to_replace_nothing(api: Api, tasks: Tasks) -> None:
    _stuck(api, tasks)
    done = tasks.ok(**_agent("2"), rollout={"stages": [1]}, wait=True, check=True)
    assert "this template takes its place." in done.warnings
    assert "maxUnavailable" not in done.warnings


def test_the_server_is_asked_once_whether_the_template_changes(api: Api, tasks: Tasks) -> None:
    _stuck(api, tasks)
    given = {**_agent("2"), "on_unfinished_rollout": "fail"}
    for more in ({}, {"rollout": {"stages": [1]}, "wait": True}):
        refused = tasks.fails(**given, **more)
        assert [one.verb for one in refused.requests] == ["get", "patch"]


def test_a_restart_waits_for_the_end_of_a_rollout(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent("1"), wait=True)
    tasks.ok(**_agent("2"))
    with PodWatch(api, tasks.namespace) as watch:
        done = tasks.ok(name=_NAME, state="restarted", wait=True)
    assert done.changed
    assert _nodes_of(api, tasks, watch, revision=2) == _NODES
    assert watch.restarted_nodes() == _NODES


def test_a_restart_in_a_rollout_is_refused_or_let_through(api: Api, tasks: Tasks) -> None:
    _stuck(api, tasks)
    again = {"name": _NAME, "state": "restarted"}
    refused = tasks.fails(**again, on_unfinished_rollout="fail")
    assert "in the middle of a rollout" in refused.result["msg"]
    assert "restart it all the same" in refused.result["msg"]
    assert not refused.changed
    vain = tasks.fails(**again, failure_grace_seconds=1)
    assert "The rollout before has not ended well." in vain.result["msg"]
    assert not vain.changed
    checked = tasks.ok(**again, check=True)
    assert "the real run waits for its end first" in checked.warnings
    assert tasks.ok(**again, on_unfinished_rollout="proceed").changed


def test_a_restart_for_a_known_key_looks_at_nothing(api: Api, tasks: Tasks) -> None:
    _stuck(api, tasks)
    tasks.ok(name=_NAME, state="restarted", restart_key="1", on_unfinished_rollout="proceed")
    tasks.same(name=_NAME, state="restarted", restart_key="1", on_unfinished_rollout="fail")


def test_a_restart_for_a_known_key_that_all_pods_bear_asks_for_no_pods(tasks: Tasks) -> None:
    given = _agent("1", update_strategy={"type": "OnDelete"})
    tasks.ok(**given, wait=True)
    again = {"name": _NAME, "state": "restarted", "restart_key": "1", "wait": True}
    assert tasks.ok(**again).changed
    tasks.same(**again)
    tasks.same(**again, check=True)


def test_a_restart_of_what_is_paused_is_refused(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent("1"), wait=True)
    assert tasks.ok(name=_NAME, state="paused").changed
    assert not tasks.ok(name=_NAME, state="paused").changed
    refused = tasks.fails(name=_NAME, state="restarted", on_unfinished_rollout="proceed")
    assert "is paused, so it cannot be restarted" in refused.result["msg"]
    assert tasks.ok(name=_NAME, state="resumed", wait=True).changed
    assert not tasks.ok(name=_NAME, state="resumed", wait=True).changed
    assert tasks.ok(name=_NAME, state="restarted", wait=True).changed
    path = f"{daemonsets(tasks.namespace)}/{_NAME}"
    assert "everynode.kubernetes/rollout" not in str(api.request("GET", path)["metadata"])


@pytest.mark.parametrize("state", ["absent", "paused", "resumed"])
def test_other_states_do_not_take_it(tasks: Tasks, state: str) -> None:
    failed = tasks.fails(name=_NAME, state=state, on_unfinished_rollout="wait")
    assert "on_unfinished_rollout: only states present, patched, restarted" in failed.result["msg"]
    assert failed.requests == []


def test_in_a_playbook_both_ways(api: Api, two_namespaces: tuple[str, str]) -> None:
    there = {"node_names": ["node-2"]}
    steps = [
        task("create", **_agent("1", **there)),
        task("break", **_agent(_BAD, **there), failure_grace_seconds=0),
        task("refuse", **_agent("2", **there), on_unfinished_rollout="fail"),
        task("proceed", **_agent("2", **there)),
        task("pause", name=_NAME, state="paused"),
        task("resume", name=_NAME, state="resumed"),
    ]
    here, there_too = both_ways(api, two_namespaces, steps)
    for name in ("refuse", "proceed", "pause", "resume"):
        alike(here.step(name), there_too.step(name), two_namespaces)
    assert [here.step(name).status for name in ("refuse", "proceed")] == ["failed", "ok"]


def test_pods_that_a_longer_time_makes_unavailable_are_replaced_at_once(
    api: Api, tasks: Tasks
) -> None:
    tasks.ok(**_agent("1"), wait=True)
    longer = _agent("2", min_ready_seconds=30)
    told = tasks.ok(**longer, check=True)
    with PodWatch(api, tasks.namespace) as watch:
        done = tasks.ok(**longer)
        eventually(lambda: len(watch.restarted_nodes()) == 5 or None, "all pods are replaced")
    assert watch.most_unavailable() > 1
    for outcome in (told, done):
        assert "min_ready_seconds of DaemonSet" in outcome.warnings


def test_a_longer_time_first_and_the_template_after_it_are_well(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent("1"), wait=True)
    for image in ("1", "2"):
        with PodWatch(api, tasks.namespace) as watch:
            done = tasks.ok(**_agent(image, min_ready_seconds=1), wait=True)
        assert not done.warnings
        assert watch.most_unavailable() <= 1
