# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many DaemonSets at once, by their labels, and never more than were named."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api import OURS, Api, daemonsets, uids
from tests.integration.harness import alike, both_ways, task
from tests.integration.manifests import NOWHERE
from tests.integration.verbs import Outcome, Tasks

_NAMES = ("a", "b", "c")
_TEAM: dict[str, Any] = {"label_selectors": ["team=night"], "max_objects": 3}
_RESTART: dict[str, Any] = {**_TEAM, "state": "restarted"}
_REMOVE: dict[str, Any] = {**_TEAM, "state": "absent"}
_MERGE = "application/merge-patch+json"


def _make(tasks: Tasks, **more: Any) -> None:
    """Three of the team, and one that is not."""
    for name in (*_NAMES, "other"):
        labels = {"team": "day" if name == "other" else "night"}
        containers = [{"name": "agent", "image": "example.test/agent:1"}]
        tasks.ok(name=name, labels=labels, containers=containers, **more)
    for name in (*_NAMES, "other"):
        tasks.api.settled(tasks.namespace, name)


def _pods(tasks: Tasks, *names: str) -> set[str]:
    return set().union(*(uids(tasks.api.pods(tasks.namespace, name)) for name in names))


def _versions(tasks: Tasks) -> dict[str, str]:
    found = tasks.api.request("GET", daemonsets(tasks.namespace))["items"]
    return {one["metadata"]["name"]: one["metadata"]["resourceVersion"] for one in found}


def _entries(outcome: Outcome, key: str) -> dict[str, Any]:
    return {one["name"]: one[key] for one in outcome.result["daemonsets"]}


def _asked(outcome: Outcome) -> list[str]:
    return [request.verb for request in outcome.requests if request.verb != "watch"]


def _hold(tasks: Tasks, name: str, finalizers: list[str] | None) -> None:
    body = {"metadata": {"finalizers": finalizers}}
    tasks.api.request("PATCH", f"{daemonsets(tasks.namespace)}/{name}", body=body, kind=_MERGE)


def test_all_of_a_team_are_restarted_and_waited_for(tasks: Tasks) -> None:
    _make(tasks)
    before, others = _pods(tasks, *_NAMES), _pods(tasks, "other")
    assert len(before) == 15

    done = tasks.ok(**_RESTART, wait=True)

    after = _pods(tasks, *_NAMES)
    assert done.changed
    assert _entries(done, "done") == dict.fromkeys(_NAMES, "restarted")
    assert all(one["ready"] for one in _entries(done, "rollout").values())
    assert len(after) == 15
    assert after.isdisjoint(before)
    assert _pods(tasks, "other") == others
    # One that takes long is looked at again.
    assert _asked(done)[:4] == ["list", *(["patch"] * 3)]
    assert set(_asked(done)[4:]) <= {"get", "list"}
    assert all(one["restarts"]["pods"] == 5 for one in _entries(done, "rollout").values())


def test_all_of_a_team_are_removed_with_their_pods(tasks: Tasks) -> None:
    _make(tasks)
    done = tasks.ok(**_REMOVE, wait=True, diff=True)
    assert done.changed
    assert _entries(done, "done") == dict.fromkeys(_NAMES, "removed")
    assert set(_versions(tasks)) == {"other"}
    pods = tasks.api.request("GET", f"/api/v1/namespaces/{tasks.namespace}/pods")["items"]
    assert uids(pods) == _pods(tasks, "other")
    # The second list is of the pods.
    assert _asked(done)[:4] == ["list", "delete", "delete", "delete"]
    assert {one["before_header"] for one in done.result["diff"]} == {
        f"DaemonSet {tasks.namespace}/{name}" for name in _NAMES
    }
    assert all(one["after"] == {} for one in done.result["diff"])

    again = tasks.ok(**_REMOVE, wait=True)
    assert not again.changed
    assert again.result["daemonsets"] == []
    assert _asked(again) == ["list"]


def test_pods_can_be_left_running(tasks: Tasks) -> None:
    _make(tasks)
    before = _pods(tasks, *_NAMES, "other")
    tasks.ok(**_REMOVE, wait=True, propagation_policy="Orphan")
    assert set(_versions(tasks)) == {"other"}
    pods = tasks.api.request("GET", f"/api/v1/namespaces/{tasks.namespace}/pods")["items"]
    assert uids(pods) == before


@pytest.mark.parametrize("asked", [_RESTART, _REMOVE], ids=["restarted", "absent"])
def test_check_mode_touches_nothing(tasks: Tasks, asked: dict[str, Any]) -> None:
    _make(tasks, node_selector=NOWHERE)
    before = _versions(tasks)
    checked = tasks.ok(**asked, check=True, diff=True, wait=True)
    assert checked.changed
    # A dry run of a deletion says so in its body, which the audit log does not show.
    assert [one for one in checked.writes if one.verb != "delete"] == []
    assert _versions(tasks) == before
    assert len(checked.result["diff"]) == 3
    done = tasks.ok(**asked, diff=True, wait=True)
    assert _entries(checked, "done") == _entries(done, "done")
    assert len(done.result["diff"]) == 3


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("asked", [_RESTART, _REMOVE], ids=["restarted", "absent"])
def test_more_than_the_limit_are_named_and_stay(
    tasks: Tasks, asked: dict[str, Any], check: bool
) -> None:
    _make(tasks, node_selector=NOWHERE)
    before = _versions(tasks)
    failed = tasks.fails(**{**asked, "max_objects": 2}, check=check)
    (fault,) = failed.result["faults"]
    assert fault["path"] == "max_objects"
    for words in ("match 3 DaemonSets", "2 is the most", ": a, b, c", "nothing was changed"):
        assert words in fault["problem"]
    assert _asked(failed) == ["list"]
    assert _versions(tasks) == before


def test_selectors_have_to_hold_all_together(tasks: Tasks) -> None:
    _make(tasks, node_selector=NOWHERE)
    tasks.ok(name="a", state="patched", labels={"tier": "edge"})
    both = {"label_selectors": ["team in (night, day)", "!tier"], "max_objects": 3}
    done = tasks.ok(**both, state="restarted")
    assert set(_entries(done, "done")) == {"b", "c", "other"}


def test_a_key_restarts_each_once(tasks: Tasks) -> None:
    _make(tasks, node_selector=NOWHERE)
    tasks.ok(name="b", state="restarted", restart_key="one")
    done = tasks.ok(**_RESTART, restart_key="one", wait=True)
    assert _entries(done, "done") == {"a": "restarted", "b": "nothing", "c": "restarted"}
    assert _entries(done, "changed") == {"a": True, "b": False, "c": True}
    again = tasks.ok(**_RESTART, restart_key="one", wait=True)
    assert not again.changed
    assert _asked(again) == ["list"]


def test_one_that_cannot_be_restarted_hides_no_other(tasks: Tasks) -> None:
    _make(tasks)
    before = _pods(tasks, "a", "c")
    _hold(tasks, "b", ["example.test/held"])
    tasks.ok(name="b", state="absent")

    failed = tasks.fails(**_RESTART, wait=True)

    assert failed.changed
    assert failed.result["error"]["kind"] == "batch"
    assert _entries(failed, "done") == {"a": "restarted", "b": "nothing", "c": "restarted"}
    assert _entries(failed, "failed") == {"a": False, "b": True, "c": False}
    for words in ("1 of 3", "team=night", "b: ", "is being deleted"):
        assert words in failed.result["msg"]
    rollouts = _entries(failed, "rollout")
    assert rollouts["a"]["ready"]
    assert rollouts["c"]["ready"]
    assert _pods(tasks, "a", "c").isdisjoint(before)
    _hold(tasks, "b", None)


def test_one_that_does_not_end_in_time_hides_no_other(tasks: Tasks) -> None:
    # Without pods the others are gone in time wherever this runs.
    _make(tasks, node_selector=NOWHERE)
    _hold(tasks, "b", ["example.test/held"])
    failed = tasks.fails(**_REMOVE, wait=True, wait_timeout=10)
    assert failed.changed
    assert _entries(failed, "done") == dict.fromkeys(_NAMES, "removed")
    assert _entries(failed, "failed") == {"a": False, "b": True, "c": False}
    assert "example.test/held" in failed.result["msg"]
    assert "1 of 3" in failed.result["msg"]
    _hold(tasks, "b", None)


def test_one_that_is_not_ready_in_time_says_why(tasks: Tasks) -> None:
    # The others are ready in time wherever this runs.
    _make(tasks, update_strategy={"rolling_update": {"max_unavailable": "100%"}})
    path = f"{daemonsets(tasks.namespace)}/b"
    body = {"spec": {"template": {"spec": {"schedulerName": "nobody"}}}}
    tasks.api.request("PATCH", path, body=body, kind=_MERGE)
    failed = tasks.fails(**_RESTART, wait=True, wait_timeout=20)
    assert _entries(failed, "failed") == {"a": False, "b": True, "c": False}
    assert _entries(failed, "rollout")["b"]["reasons"]
    assert "The rollout before has not ended well" in failed.result["msg"]
    assert "is not ready after 20 seconds" in failed.result["msg"]
    again = tasks.fails(**_RESTART, on_unfinished_rollout="proceed", wait=True, wait_timeout=20)
    assert _entries(again, "failed") == {"a": False, "b": True, "c": False}
    assert _entries(again, "changed")["b"]


def test_one_in_a_rollout_is_restarted_once_that_has_ended(tasks: Tasks) -> None:
    _make(tasks)
    path = f"{daemonsets(tasks.namespace)}/b"
    # It takes a while, however fast the cluster is.
    slow = {"simulate": "slow-start", "simulate-on": "node-4", "simulate-seconds": "10"}
    annotations = {f"{OURS}{key}": value for key, value in slow.items()}
    body = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
    tasks.api.request("PATCH", path, body=body, kind=_MERGE)
    refused = tasks.fails(**_RESTART, on_unfinished_rollout="fail")
    assert _entries(refused, "changed") == {"a": True, "b": False, "c": True}
    assert "in the middle of a rollout" in refused.result["msg"]
    done = tasks.ok(**_RESTART, restart_key="again", wait=True)
    assert _entries(done, "changed") == dict.fromkeys(_NAMES, True)
    assert all(one["ready"] for one in _entries(done, "rollout").values())


def test_none_to_restart_is_a_warning(tasks: Tasks) -> None:
    done = tasks.ok(**_RESTART)
    assert not done.changed
    assert "No DaemonSet" in done.warnings
    assert "team=night" in done.warnings
    assert tasks.ok(**_REMOVE).warnings == ""


@pytest.mark.parametrize(
    ("asked", "paths"),
    [
        ({"state": "absent", "label_selectors": ["a=b"]}, ["max_objects"]),
        ({**_REMOVE, "max_objects": 0}, ["max_objects"]),
        ({**_REMOVE, "label_selectors": []}, ["label_selectors"]),
        ({**_REMOVE, "label_selectors": ["a=b", " "]}, ["label_selectors"]),
        ({**_REMOVE, "label_selectors": ["a=b=c"]}, ["label_selectors[0]"]),
        ({**_REMOVE, "name": "a"}, ["name"]),
        ({**_REMOVE, "name": "a", "max_objects": None}, ["name", "max_objects"]),
        ({"state": "absent", "name": "a", "max_objects": 3}, ["max_objects"]),
        ({**_TEAM, "state": "patched", "name": "a"}, ["name", "label_selectors"]),
        ({**_RESTART, "namespace": "No Such"}, ["namespace"]),
    ],
)
def test_a_choice_that_is_none_is_never_sent(
    tasks: Tasks, asked: dict[str, Any], paths: list[str]
) -> None:
    failed = tasks.fails(**asked)
    assert [fault["path"] for fault in failed.result["faults"]] == paths
    assert failed.requests == []


def test_both_ways(api: Api, two_namespaces: tuple[str, str]) -> None:
    for namespace in two_namespaces:
        _make(Tasks(api, namespace), node_selector=NOWHERE)
    steps = [
        task("restart", **_RESTART),
        task("too many", **{**_REMOVE, "max_objects": 1}),
        task("check", **_REMOVE) | {"check_mode": True, "diff": True},
        task("remove", **_REMOVE) | {"diff": True},
        task("again", **_REMOVE),
    ]
    here, there = both_ways(api, two_namespaces, steps)
    for name in ("restart", "too many", "check", "remove", "again"):
        alike(here.step(name), there.step(name), two_namespaces)
        failed = name == "too many"
        assert (here.step(name).status == "failed") is failed, here.output
        assert failed or here.step(name).changed is (name != "again")
