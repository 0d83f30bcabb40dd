# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many rollouts waited for at once: which ones, on how many watches, and what is said of each."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import daemonset_wait

from tests.integration.api import MERGE, Api, Request, daemonsets, eventually
from tests.integration.harness import alike, both_ways, task
from tests.integration.held import HELD, at_rest, let_go
from tests.integration.manifests import NOWHERE
from tests.integration.verbs import Outcome, Tasks

_PREFIX = "everynode.kubernetes/simulate"
_SLOW = {"pod_annotations": {_PREFIX: "slow-start", f"{_PREFIX}-seconds": "2"}}
_HELD = {"pod_annotations": HELD}
_BROKEN = {"pod_annotations": {_PREFIX: "image-pull", f"{_PREFIX}-on": "node-2"}}


def _make(tasks: Tasks, *names: str, **more: Any) -> None:
    for name in names:
        containers = [{"name": "agent", "image": "example.test/agent:1"}]
        tasks.ok(name=name, containers=containers, **more)


def _waits(tasks: Tasks, **parameters: Any) -> tuple[Outcome, list[Request]]:
    """Wait, and see what that asked of all namespaces."""
    mark = tasks.api.mark()
    if {"namespaces", "all_namespaces"} & parameters.keys():
        parameters["namespace"] = None
    outcome = tasks.run(verb=daemonset_wait.VERB, **parameters)
    return outcome, tasks.api.requests(mark)


def _waits_for_held(*places: Tasks, **parameters: Any) -> tuple[Outcome, list[Request]]:
    """Wait for pods that get ready once each namespace is watched, or all of them are by one."""
    for place in places:
        for live in place.api.request("GET", daemonsets(place.namespace))["items"]:
            at_rest(place.api, place.namespace, live["metadata"]["name"])
    first, watches = places[0], 1 if parameters.get("all_namespaces") else len(places)

    def work() -> None:
        let_go(first.api, *(place.namespace for place in places))

    mark = first.api.mark()
    outcome = _meanwhile(first, work, watches=watches, **parameters)
    return outcome, first.api.requests(mark)


def _verbs(requests: list[Request]) -> list[str]:
    return [request.verb for request in requests]


def _entries(outcome: Outcome, key: str) -> dict[str, Any]:
    return {one["name"]: one[key] for one in outcome.result["daemonsets"]}


def test_all_of_a_namespace_on_one_watch_without_a_list_of_pods(tasks: Tasks) -> None:
    _make(tasks, "a", "b", "c", **_HELD)
    done, asked = _waits_for_held(tasks)
    assert not done.result.get("failed"), done.result
    assert done.result["ready"]
    assert _entries(done, "failed") == {"a": False, "b": False, "c": False}
    assert all(one["available"] == 5 for one in _entries(done, "rollout").values())
    assert _verbs(asked) == ["list", "watch"]
    assert done.progress[-1] == "3 of 3 DaemonSets are ready"
    again, asked = _waits(tasks)
    assert again.result["ready"]
    assert _verbs(asked) == ["list"]


def test_only_those_that_are_named(tasks: Tasks) -> None:
    _make(tasks, "a", "b", node_selector=NOWHERE)
    _make(tasks, "never", **_BROKEN)
    done, _asked = _waits(tasks, names=["a", "b"])
    assert set(_entries(done, "rollout")) == {"a", "b"}
    one, asked = _waits(tasks, name="a")
    assert set(_entries(one, "rollout")) == {"a"}
    assert "fieldSelector=metadata.name%3Da" in asked[0].path


def test_only_those_with_the_labels(tasks: Tasks) -> None:
    _make(tasks, "a", "b", labels={"team": "night"}, node_selector=NOWHERE)
    _make(tasks, "c", node_selector=NOWHERE)
    done, _asked = _waits(tasks, label_selectors=["team=night"])
    assert set(_entries(done, "rollout")) == {"a", "b"}


def test_several_namespaces_have_one_watch_each(api: Api, namespaces: Callable[[], str]) -> None:
    places = [Tasks(api, namespaces()) for _turn in range(3)]
    for place in places:
        _make(place, "agent", "other", **_HELD)
    names = [place.namespace for place in places]
    done, asked = _waits_for_held(*places, namespaces=names)
    assert not done.result.get("failed"), done.result
    assert {(one["namespace"], one["name"]) for one in done.result["daemonsets"]} == {
        (namespace, name) for namespace in names for name in ("agent", "other")
    }
    watches = [request.namespace for request in asked if request.verb == "watch"]
    assert sorted(watches) == sorted(names)
    assert sorted(_verbs(asked)) == ["list"] * 3 + ["watch"] * 3

    qualified = [f"{names[0]}/agent", f"{names[1]}/other"]
    done, _asked = _waits(places[0], names=qualified, namespace=None)
    assert [f"{one['namespace']}/{one['name']}" for one in done.result["daemonsets"]] == qualified


def test_all_namespaces_are_one_watch(api: Api, namespaces: Callable[[], str]) -> None:
    places = [Tasks(api, namespaces()) for _turn in range(2)]
    for place in places:
        _make(place, "agent", labels={"found": "everywhere"}, **_HELD)
    asked_for = {"label_selectors": ["found=everywhere"], "name": "agent"}
    done, asked = _waits_for_held(*places, all_namespaces=True, **asked_for)
    assert not done.result.get("failed"), done.result
    assert len(done.result["daemonsets"]) == 2
    assert _verbs(asked) == ["list", "watch"]


def test_a_forbidden_namespace_is_told_and_hides_no_other(
    api: Api, namespaces: Callable[[], str]
) -> None:
    allowed, refused = Tasks(api, namespaces()), Tasks(api, namespaces())
    _make(allowed, "agent", **_SLOW)
    _make(refused, "agent", node_selector=NOWHERE)
    rules = [{"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["list", "watch"]}]
    user = api.user_with(rules, allowed.namespace, "onlooker")
    both = [refused.namespace, allowed.namespace]
    failed, _asked = _waits(allowed, namespaces=both, impersonate_user=user)
    assert failed.result["failed"]
    assert failed.result["error"]["kind"] == "batch"
    assert f"list the DaemonSets of namespace {refused.namespace}" in failed.result["msg"]
    (one,) = failed.result["daemonsets"]
    assert one["namespace"] == allowed.namespace
    assert one["rollout"]["ready"]
    alone, _asked = _waits(refused, impersonate_user=user)
    assert alone.result["error"]["kind"] == "forbidden"


def test_a_namespace_that_may_not_be_watched_is_told_and_hides_no_other(
    api: Api, namespaces: Callable[[], str]
) -> None:
    allowed, refused = Tasks(api, namespaces()), Tasks(api, namespaces())
    _make(refused, "agent", "other", **_HELD)
    _make(allowed, "agent", "other", **_SLOW)
    rules = [{"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["list", "watch"]}]
    user = api.user_with(rules, allowed.namespace, "onlooker")
    looker = [{**rules[0], "verbs": ["list"]}]
    assert api.user_with(looker, refused.namespace, "onlooker") == user
    both = [refused.namespace, allowed.namespace]
    failed, _asked = _waits(allowed, namespaces=both, impersonate_user=user)
    assert failed.result["failed"]
    assert failed.result["error"]["kind"] == "batch"
    assert "2 of 4 DaemonSets are not ready" in failed.result["msg"]
    for one in failed.result["daemonsets"]:
        assert one["failed"] == (one["namespace"] == refused.namespace)
        assert one["rollout"]["ready"] != one["failed"]
        if one["failed"]:
            assert one["error"] == {"kind": "forbidden", "status": 403}
            assert f"watch the DaemonSets of namespace {refused.namespace}" in one["msg"]


def test_one_that_fails_hides_no_other_and_says_why(tasks: Tasks) -> None:
    _make(tasks, "well", **_SLOW)
    _make(tasks, "broken", **_BROKEN)
    failed, _asked = _waits(tasks, failure_grace_seconds=1, wait_timeout=240)
    assert failed.result["failed"]
    assert not failed.result["ready"]
    assert _entries(failed, "failed") == {"well": False, "broken": True}
    rollout = _entries(failed, "rollout")["broken"]
    assert rollout["failed_by"] == "cause"
    assert rollout["reasons"][0]["cause"] == "ImagePull"
    assert rollout["reasons"][0]["nodes"] == ["node-2"]
    assert "1 of 2 DaemonSets are not ready" in failed.result["msg"]
    assert "ImagePull on 1 (node-2)" in failed.result["msg"]
    alone, _asked = _waits(tasks, name="broken", wait_timeout=4)
    assert alone.result["error"]["kind"] == "rollout"
    assert alone.result["rollout"]["failed_by"] == "timeout"


def test_what_is_missing_fails_once_the_others_are_ready(tasks: Tasks) -> None:
    _make(tasks, "agent", **_SLOW)
    failed, _asked = _waits(tasks, names=["agent", "agnet"])
    assert failed.result["failed"]
    assert f"There is no DaemonSet agnet in namespace {tasks.namespace}" in failed.result["msg"]
    assert _entries(failed, "rollout")["agent"]["ready"]
    alone, _asked = _waits(tasks, name=f"{tasks.namespace}/agnet")
    assert alone.result["error"] == {"kind": "not_found", "status": 404}


def _meanwhile(
    tasks: Tasks, work: Callable[[], None], *, watches: int = 1, **parameters: Any
) -> Outcome:
    """Wait for DaemonSets, and do some work once there are so many watches for them."""
    with ThreadPoolExecutor(1) as pool:
        mark = tasks.api.mark()
        waiting = pool.submit(lambda: _waits(tasks, **parameters)[0])
        eventually(
            lambda: _verbs(tasks.api.requests(mark)).count("watch") >= watches or None,
            "it is watched",
        )
        work()
        return waiting.result()


@pytest.mark.parametrize("named", [{"name": "late"}, {"names": ["late", "later"]}])
def test_what_is_missing_can_be_waited_for(tasks: Tasks, named: dict[str, Any]) -> None:
    others = [name for name in named.get("names", []) if name != "late"]

    def work() -> None:
        _make(tasks, "another", "late", *others, **_SLOW)

    done = _meanwhile(tasks, work, wait_for_missing=True, wait_timeout=240, **named)
    assert not done.result.get("failed"), done.result
    assert set(_entries(done, "rollout")) == {"late", *others}
    assert all(one["available"] == 5 for one in _entries(done, "rollout").values())
    total = 1 + len(others)
    assert done.progress[0].startswith(f"0 of {total} DaemonSet")
    assert f"{total} not there yet" in done.progress[0]


def test_what_comes_and_fails_is_a_failure_like_any_other(tasks: Tasks) -> None:
    _make(tasks, "well", node_selector=NOWHERE)
    done = _meanwhile(
        tasks,
        lambda: _make(tasks, "late", **_BROKEN),
        names=["well", "late"],
        wait_for_missing=True,
        failure_grace_seconds=1,
        wait_timeout=240,
    )
    assert _entries(done, "failed") == {"well": False, "late": True}
    assert "1 of 2 DaemonSets are not ready:" in done.result["msg"]
    assert "ImagePull on 1 (node-2)" in done.result["msg"]


def test_what_never_comes_is_told_when_the_time_is_over(
    api: Api, namespaces: Callable[[], str]
) -> None:
    places = [Tasks(api, namespaces()) for _turn in range(2)]
    names = [place.namespace for place in places]
    _make(places[0], "here", **_SLOW)
    done, _asked = _waits(
        places[0],
        names=["here", "nowhere", f"{names[1]}/there"],
        namespaces=names[:1],
        wait_for_missing=True,
        wait_timeout=12,
    )
    assert _entries(done, "failed") == {"here": False}
    assert "1 DaemonSet is ready, but 2 others could not be waited for" in done.result["msg"]
    assert f"no DaemonSet {names[1]}/there on" in done.result["msg"]
    assert f"no DaemonSet nowhere in namespace {names[0]} on" in done.result["msg"]
    assert "after 12 seconds" in done.result["msg"]


def test_none_with_the_labels_is_a_warning(tasks: Tasks) -> None:
    done, _asked = _waits(tasks, label_selectors=["team=day"])
    assert not done.result.get("failed")
    assert done.result["daemonsets"] == []
    assert f"no DaemonSet in namespace {tasks.namespace} with the labels" in done.warnings


def test_one_that_is_deleted_meanwhile(tasks: Tasks) -> None:
    _make(tasks, "agent", **_BROKEN)
    path = f"{daemonsets(tasks.namespace)}/agent"
    held = {"metadata": {"finalizers": ["example.test/held"]}}
    tasks.api.request("PATCH", path, body=held, kind=MERGE)
    tasks.api.request("DELETE", path)
    failed, _asked = _waits(tasks, wait_timeout=240)
    assert failed.result["rollout"]["failed_by"] == "deleted"
    assert failed.result["rollout"]["state"] == "deleting"
    tasks.api.request("PATCH", path, body={"metadata": {"finalizers": None}}, kind=MERGE)


def test_one_that_is_paused_is_not_ready(tasks: Tasks) -> None:
    _make(tasks, "agent")
    tasks.api.settled(tasks.namespace, "agent")
    tasks.ok(name="agent", state="paused")
    failed, _asked = _waits(tasks, wait_timeout=240)
    assert "it is paused" in failed.result["msg"]
    assert failed.result["rollout"]["failed_by"] == "cause"
    looked, _asked = _waits(tasks, check=True)
    assert not looked.result.get("failed")
    assert not looked.result["ready"]
    tasks.ok(name="agent", state="resumed")
    done, _asked = _waits(tasks)
    assert done.result["ready"]


def test_check_mode_looks_once(tasks: Tasks) -> None:
    _make(tasks, "agent", **_BROKEN)
    looked, asked = _waits(tasks, names=["agent", "later"], check=True)
    assert not looked.result.get("failed")
    assert not looked.result["ready"]
    assert not _entries(looked, "rollout")["agent"]["ready"]
    assert "There is no DaemonSet later" in looked.warnings
    assert _verbs(asked) == ["list"]


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({"name": "a", "names": ["b"]}, "name"),
        ({"namespaces": ["x"], "all_namespaces": True, "namespace": None}, "namespaces"),
        ({"names": ["x/Agent"]}, "names[0]"),
        ({"names": []}, "names"),
        ({"label_selectors": [" "]}, "label_selectors[0]"),
        ({"label_selectors": ["a=b", "a=b=c"]}, "label_selectors[1]"),
        ({"label_selectors": ["a in (b", "c"]}, "label_selectors"),
        ({"names": ["x/a"], "all_namespaces": True, "namespace": None}, "names[0]"),
        ({"wait_for_missing": True}, "wait_for_missing"),
        ({"wait_for_missing": True, "name": "a", "label_selectors": ["a=b"]}, "wait_for_missing"),
        ({"wait_timeout": 0}, "wait_timeout"),
        ({"failure_grace_seconds": -1}, "failure_grace_seconds"),
        ({"progress_deadline_seconds": 0}, "progress_deadline_seconds"),
        ({"unavailable_budget": "10 %"}, "unavailable_budget"),
        ({"unavailable_budget": "101%"}, "unavailable_budget"),
        ({"ignore_not_ready_nodes": "-1"}, "ignore_not_ready_nodes"),
    ],
)
def test_wrong_input_is_told_offline(tasks: Tasks, parameters: dict[str, Any], path: str) -> None:
    failed = tasks.fails(verb=daemonset_wait.VERB, **parameters)
    assert [fault["path"] for fault in failed.result["faults"]] == [path]
    assert failed.requests == []


def test_both_ways(api: Api, two_namespaces: tuple[str, str]) -> None:
    image = {"containers": [{"name": "agent", "image": "example.test/agent:1"}]}
    steps = [
        {**task("apply", name="{{ item }}", wait=False, **image, **_SLOW), "loop": ["a", "b"]},
        {
            "name": "wait",
            "everynode.kubernetes.daemonset_wait": {"names": ["a", "b"]},
        },
        task("break", name="a", wait=False, **image, **_BROKEN),
        {
            "name": "fail",
            "everynode.kubernetes.daemonset_wait": {"failure_grace_seconds": 1},
            "ignore_errors": True,
        },
    ]
    here, there = both_ways(api, two_namespaces, steps)
    for play in (here.done(), there.done()):
        assert play.step("wait").status == "ok"
        assert play.step("fail").status == "failed"
        assert "ImagePull" in play.step("fail").message
    alike(here.step("wait"), there.step("wait"), two_namespaces)
