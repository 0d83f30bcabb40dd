# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another selector: the DaemonSet is made anew, around its running pods or with new ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.admission import Refusal
from tests.integration.api import Api, eventually, uids
from tests.integration.harness import alike, both_ways, task
from tests.integration.makers import owners
from tests.integration.manifests import simple
from tests.integration.verbs import Outcome, Tasks

_OLD: dict[str, Any] = {
    "name": "agent",
    "containers": [{"name": "agent", "image": "example.test/agent:1"}],
    "selector": {"match_labels": {"app": "agent"}},
    "pod_labels": {"app": "agent", "tier": "node"},
    "labels": {"made": "by-us"},
}
_NEW: dict[str, Any] = {**_OLD, "selector": {"match_labels": {"tier": "node"}}}
_NEWER: dict[str, Any] = {
    **_NEW,
    "containers": [{"name": "agent", "image": "example.test/agent:2"}],
}
_ORPHAN = {"on_selector_change": "orphan_and_recreate"}
_RECREATE = {"on_selector_change": "recreate"}
_RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


class Pods:
    """A watch of a namespace's pods, which sees all that happened to them since it was made."""

    def __init__(self, api: Api, namespace: str):
        self._api = api
        self._path = f"/api/v1/namespaces/{namespace}/pods"
        listed = api.request("GET", self._path)
        self.uids = uids(listed["items"])
        self._version = listed["metadata"]["resourceVersion"]

    def seen(self, kind: str) -> list[str]:
        """The uids of the pods in all events of that kind until now, in their order."""
        # The event of a pod that nobody schedules comes after all of them.
        nobodys = {
            "metadata": {"generateName": "mark-"},
            "spec": {
                "schedulerName": "nobody",
                "containers": [{"name": "mark", "image": "example.test/mark:1"}],
            },
        }
        mark = self._api.request("POST", self._path, body=nobodys)["metadata"]
        connection = self._api.new_connection()
        connection.request("GET", f"{self._path}?watch=1&resourceVersion={self._version}")
        found = []
        for line in connection.getresponse():
            event = json.loads(line)
            pod = event["object"]["metadata"]
            if pod["uid"] == mark["uid"]:
                break
            if event["type"] == kind and not pod["name"].startswith("mark-"):
                found.append(pod["uid"])
        connection.close()
        at_once = {"gracePeriodSeconds": 0}
        self._api.request("DELETE", f"{self._path}/{mark['name']}", body=at_once)
        return found


def _made(tasks: Tasks, **more: Any) -> Pods:
    tasks.ok(**_OLD, wait=True, **more)
    pods = Pods(tasks.api, tasks.namespace)
    assert len(pods.uids) == 5
    return pods


def _uid(tasks: Tasks) -> str:
    return str(tasks.api.daemonset(tasks.namespace, "agent")["metadata"]["uid"])


def _writes(outcome: Outcome) -> list[str]:
    return [request.verb for request in outcome.writes]


def test_without_the_option_it_is_refused_and_named(tasks: Tasks) -> None:
    tasks.ok(**_OLD)
    failed = tasks.fails(**_NEW)
    assert "on_selector_change" in failed.result["msg"]
    assert failed.writes == []


def test_the_same_pods_run_on_under_the_new_selector(api: Api, tasks: Tasks) -> None:
    pods = _made(tasks)
    before = _uid(tasks)

    done = tasks.ok(**_NEW, **_ORPHAN, wait=True, diff=True)

    live = api.settled(tasks.namespace, "agent")
    assert done.changed
    assert live["metadata"]["uid"] != before
    assert live["spec"]["selector"] == {"matchLabels": {"tier": "node"}}
    assert uids(api.pods(tasks.namespace, "agent")) == pods.uids
    assert pods.seen("ADDED") == []
    assert pods.seen("DELETED") == []
    assert done.result["diff"]["before"]["spec"]["selector"] == {"matchLabels": {"app": "agent"}}
    assert done.result["diff"]["after"]["spec"]["selector"] == {"matchLabels": {"tier": "node"}}
    assert owners(live) == {("everynode", "Apply")}
    for again in (_ORPHAN, {}):
        tasks.same(**_NEW, **again)


def test_another_template_rolls_after_the_pods_were_adopted(api: Api, tasks: Tasks) -> None:
    pods = _made(tasks)
    done = tasks.ok(**_NEWER, **_ORPHAN, wait=True)
    after = api.pods(tasks.namespace, "agent")
    assert done.result["rollout"]["ready"]
    # One by one, as the rollout does it: never are two of them away at once.
    added, deleted = pods.seen("ADDED"), pods.seen("DELETED")
    assert set(deleted) == pods.uids
    assert set(added) == uids(after)
    assert len(added) == len(deleted) == 5
    assert {pod["spec"]["containers"][0]["image"] for pod in after} == {"example.test/agent:2"}
    tasks.same(**_NEWER, **_ORPHAN)


def test_a_new_template_waits_for_the_hand_that_deletes_pods(api: Api, tasks: Tasks) -> None:
    strategy = {"update_strategy": {"type": "OnDelete"}}
    pods = _made(tasks, **strategy)
    tasks.ok(**_NEWER, **strategy, **_ORPHAN)

    def adopted() -> dict[str, Any] | None:
        status: dict[str, Any] = api.daemonset(tasks.namespace, "agent")["status"]
        return status if status["currentNumberScheduled"] == 5 else None

    status = eventually(adopted, "the pods are adopted")
    # The new one's template has a number of its own, or the pods would count as updated.
    assert status.get("updatedNumberScheduled", 0) == 0
    assert uids(api.pods(tasks.namespace, "agent")) == pods.uids
    assert pods.seen("DELETED") == []


def test_an_earlier_restart_starts_no_other(api: Api, tasks: Tasks) -> None:
    _made(tasks)
    tasks.ok(name="agent", state="restarted", restart_key="one", wait=True)
    api.settled(tasks.namespace, "agent")
    pods = Pods(api, tasks.namespace)
    before = api.daemonset(tasks.namespace, "agent")["spec"]["template"]["metadata"]

    tasks.ok(**_NEW, **_ORPHAN, wait=True)

    live = api.settled(tasks.namespace, "agent")
    assert live["spec"]["template"]["metadata"]["annotations"] == before["annotations"]
    assert owners(live) == {("everynode", "Apply"), ("everynode-restart", "Apply")}
    assert pods.seen("DELETED") == []
    tasks.same(name="agent", state="restarted", restart_key="one")
    tasks.same(**_NEW, **_ORPHAN)


@pytest.mark.parametrize("check", [False, True])
def test_pods_that_would_be_left_over_are_not_orphaned(tasks: Tasks, check: bool) -> None:
    pods = _made(tasks)
    before = tasks.api.settled(tasks.namespace, "agent")
    other = {**_OLD, "selector": {"match_labels": {"app": "other"}}, "pod_labels": {"app": "other"}}

    failed = tasks.fails(**other, **_ORPHAN, check=check)

    for words in ("app=other", "5 of 5", "left over", "Nothing was changed", "recreate"):
        assert words in failed.result["msg"]
    assert failed.writes == []
    assert not failed.changed
    assert tasks.api.daemonset(tasks.namespace, "agent") == before
    assert pods.seen("DELETED") == []


def test_pods_are_replaced_where_that_is_asked_for(api: Api, tasks: Tasks) -> None:
    pods = _made(tasks)
    other = {**_OLD, "selector": {"match_labels": {"app": "other"}}, "pod_labels": {"app": "other"}}

    done = tasks.ok(**other, **_RECREATE, wait=True)

    after = api.pods(tasks.namespace, "agent")
    assert done.changed
    assert done.result["rollout"]["ready"]
    assert {pod["metadata"]["labels"]["app"] for pod in after} == {"other"}
    assert set(pods.seen("DELETED")) == pods.uids
    assert set(pods.seen("ADDED")) == uids(after)
    tasks.same(**other, **_RECREATE)


@pytest.mark.parametrize("way", [_ORPHAN, _RECREATE], ids=["orphan", "recreate"])
def test_check_mode_says_what_the_real_run_does(tasks: Tasks, way: dict[str, Any]) -> None:
    pods = _made(tasks)
    before = tasks.api.settled(tasks.namespace, "agent")
    predicted = tasks.ok(**_NEWER, **way, check=True, diff=True)
    assert predicted.changed
    assert predicted.writes == []
    assert tasks.api.daemonset(tasks.namespace, "agent") == before
    assert pods.seen("DELETED") == []
    done = tasks.ok(**_NEWER, **way, diff=True)
    assert predicted.result["diff"] == done.result["diff"]
    assert predicted.result["daemonset"]["metadata"]["name"] == "agent"


def test_what_the_server_does_not_accept_deletes_nothing(tasks: Tasks) -> None:
    pods = _made(tasks)
    before = tasks.api.settled(tasks.namespace, "agent")
    with Refusal(tasks.api, tasks.namespace, "object.metadata.?labels.orValue({}) != {'a': 'no'}"):
        for way in (_ORPHAN, _RECREATE):
            failed = tasks.fails(**{**_NEW, "labels": {"a": "no"}}, **way)
            assert Refusal.MESSAGE in failed.result["msg"]
            assert failed.writes == []
            assert not failed.changed
    assert tasks.api.daemonset(tasks.namespace, "agent") == before
    assert pods.seen("DELETED") == []


@pytest.mark.parametrize("way", [_ORPHAN, _RECREATE], ids=["orphan", "recreate"])
def test_the_old_one_comes_back_where_the_new_one_cannot_be(
    api: Api, tasks: Tasks, way: dict[str, Any]
) -> None:
    pods = _made(tasks)
    before = api.settled(tasks.namespace, "agent")
    # The trial has a name of its own, so that only the creation after the deletion is refused.
    rule = "object.metadata.name != 'agent' || 'app' in object.spec.selector.matchLabels"
    with Refusal(api, tasks.namespace, rule):
        failed = tasks.fails(**_NEW, **way)
    for words in (Refusal.MESSAGE, "was deleted", "created again, as it was"):
        assert words in failed.result["msg"]
    assert failed.changed
    live = api.settled(tasks.namespace, "agent")
    assert live["metadata"]["uid"] != before["metadata"]["uid"]
    assert live["spec"] == before["spec"]
    assert owners(live) == owners(before)
    if way is _ORPHAN:
        assert uids(api.pods(tasks.namespace, "agent")) == pods.uids
        assert pods.seen("DELETED") == []
    tasks.same(**_OLD)
    assert tasks.ok(**_NEW, **way).changed


def test_what_cannot_come_back_is_told_with_the_way_to_it(api: Api, tasks: Tasks) -> None:
    pods = _made(tasks)
    with Refusal(api, tasks.namespace, "object.metadata.name != 'agent'"):
        failed = tasks.fails(**_NEW, **_ORPHAN)
    for words in ("could not be created again either", "app=agent", "previous", "run on"):
        assert words in failed.result["msg"]
    assert failed.changed
    assert failed.result["previous"]["metadata"]["name"] == "agent"
    assert not api.exists(tasks.namespace, "agent")
    assert pods.seen("DELETED") == []
    tasks.ok(**_OLD, wait=True)
    assert uids(api.pods(tasks.namespace, "agent")) == pods.uids


def test_one_that_is_not_gone_in_time_is_told(api: Api, tasks: Tasks) -> None:
    pods = _made(tasks)
    path = f"/apis/apps/v1/namespaces/{tasks.namespace}/daemonsets/agent"
    held = {"metadata": {"finalizers": ["example.test/held"]}}
    api.request("PATCH", path, body=held, kind="application/merge-patch+json")
    failed = tasks.fails(**_NEWER, **_ORPHAN, wait_timeout=6)
    for words in ("example.test/held", "has not been created", "Run the task again"):
        assert words in failed.result["msg"]
    assert failed.changed
    freed = {"metadata": {"finalizers": None}}
    api.request("PATCH", path, body=freed, kind="application/merge-patch+json")
    eventually(lambda: None if api.exists(tasks.namespace, "agent") else True, "it is gone")
    assert pods.seen("DELETED") == []
    # The run after that adopts the pods and replaces them, as the first one would have done.
    assert tasks.ok(**_NEWER, **_ORPHAN, wait=True).changed
    after = api.pods(tasks.namespace, "agent")
    assert {pod["spec"]["containers"][0]["image"] for pod in after} == {"example.test/agent:2"}
    assert len(pods.seen("ADDED")) == 5
    tasks.same(**_NEWER, **_ORPHAN)


def _set_by(tasks: Tasks, manager: str, **more: Any) -> None:
    """Have another manager set an annotation, and more fields of the spec."""
    manifest: dict[str, Any] = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {
            "name": "agent",
            "namespace": tasks.namespace,
            "annotations": {"example.test/lock": "node-1"},
        },
        "spec": more,
    }
    tasks.api.apply(manifest, manager)


@pytest.mark.parametrize("way", [_ORPHAN, _RECREATE], ids=["orphan", "recreate"])
def test_what_others_set_is_told(tasks: Tasks, way: dict[str, Any]) -> None:
    _made(tasks)
    _set_by(tasks, "reboots", minReadySeconds=3)
    for check in (True, False):
        done = tasks.ok(**_NEW, min_ready_seconds=2, **way, check=check)
        assert "metadata.annotations[example.test/lock] (reboots)" in done.warnings
        assert "spec.minReadySeconds (reboots)" in done.warnings


def test_what_is_taken_over_is_not_told(tasks: Tasks) -> None:
    _made(tasks)
    _set_by(tasks, "reboots")
    assert tasks.ok(**_NEW, **_ORPHAN, adopt=["reboots"]).warnings == ""


def test_what_kubectl_made_is_replaced_as_well(api: Api, tasks: Tasks) -> None:
    manifest = simple("agent", tasks.namespace)
    manifest["metadata"]["labels"] = _OLD["labels"]
    manifest["spec"]["selector"] = {"matchLabels": {"app": "agent"}}
    manifest["spec"]["template"]["metadata"]["labels"] = _OLD["pod_labels"]
    api.kubectl("apply", "-f", "-", stdin=manifest)
    api.settled(tasks.namespace, "agent")
    pods = Pods(api, tasks.namespace)
    done = tasks.ok(**_NEW, **_ORPHAN, wait=True)
    assert done.warnings == ""
    assert owners(api.daemonset(tasks.namespace, "agent")) == {("everynode", "Apply")}
    assert pods.seen("DELETED") == []


def test_pods_that_cannot_be_seen_are_not_orphaned(api: Api, tasks: Tasks) -> None:
    pods = _made(tasks)
    rules = [{"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["*"]}]
    api.user_with(rules, tasks.namespace, "blind")
    failed = tasks.fails(**_NEW, **_ORPHAN, impersonate_user="blind")
    assert failed.result["error"]["kind"] == "forbidden"
    assert "list the pods of DaemonSet" in failed.result["msg"]
    assert failed.writes == []
    assert pods.seen("DELETED") == []
    # Replacing them needs no look at them.
    assert tasks.ok(**_NEW, **_RECREATE, impersonate_user="blind").changed


def test_it_is_for_one_that_is_there_and_asked_for(tasks: Tasks) -> None:
    failed = tasks.fails(name="agent", state="absent", **_RECREATE)
    assert [fault["path"] for fault in failed.result["faults"]] == ["on_selector_change"]
    created = tasks.ok(**_OLD, **_ORPHAN)
    assert _writes(created) == ["patch"]
    # Without a selector the live one stays, and nothing is made anew.
    given = {name: value for name, value in _OLD.items() if name != "selector"}
    before = _uid(tasks)
    tasks.ok(**given, **_RECREATE)
    assert _uid(tasks) == before


def test_both_ways(api: Api, two_namespaces: tuple[str, str]) -> None:
    steps = [
        task("old", **_OLD),
        task("refused", **_NEW),
        task("checked", **_NEW, **_ORPHAN) | {"check_mode": True, "diff": True},
        task("orphaned", **_NEW, **_ORPHAN) | {"diff": True},
        task("again", **_NEW, **_ORPHAN),
        task("recreated", **_OLD, **_RECREATE),
    ]
    here, there = both_ways(api, two_namespaces, steps)
    for name in ("old", "refused", "checked", "orphaned", "again", "recreated"):
        alike(here.step(name), there.step(name), two_namespaces)
        failed = name == "refused"
        assert (here.step(name).status == "failed") is failed, here.output
        assert failed or here.step(name).changed is (name != "again")
