# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain rolling update that fails: left as it is, paused, or taken back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api import Api, daemonsets, uids
from tests.integration.harness import alike, both_ways, task
from tests.integration.pod_watch import PodWatch
from tests.integration.verbs import Outcome, Tasks

_NAME = "agent"
_GOOD: dict[str, Any] = {
    "name": _NAME,
    "containers": [{"name": "agent", "image": "example.test/agent:1"}],
    "annotations": {"note": "former"},
    "change_cause": "the first",
}
_BAD: dict[str, Any] = {
    **_GOOD,
    "containers": [
        {
            "name": "agent",
            "image": "example.test/agent:simulate-image-pull",
            "env": [{"name": "NEW", "value": "1"}],
        }
    ],
    "annotations": {"note": "later", "more": "1"},
    "change_cause": "the second",
    "revision_history_limit": 5,
}
_MERGE = "application/merge-patch+json"
_SOON = {"wait": True, "failure_grace_seconds": 1, "wait_timeout": 240}


def _bad(tasks: Tasks, **more: Any) -> Outcome:
    return tasks.fails(**{**_BAD, **_SOON, **more})


def _spec(api: Api, tasks: Tasks) -> dict[str, Any]:
    live = api.daemonset(tasks.namespace, _NAME)
    return {
        "spec": live["spec"],
        "annotations": {
            key: value
            for key, value in live["metadata"]["annotations"].items()
            if not key.startswith("deprecated.")
        },
        "owned": [
            entry["fieldsV1"]
            for entry in live["metadata"]["managedFields"]
            if entry["manager"] == "everynode"
        ],
    }


def test_fail_leaves_it_as_it_is(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_GOOD, wait=True)
    for given in ({}, {"on_failure": "fail"}):
        failed = _bad(tasks, **given)
        assert failed.result["rollout"]["failed_by"] == "cause"
        assert "rolled_back" not in failed.result["rollout"]
    live = api.daemonset(tasks.namespace, _NAME)
    assert live["spec"]["template"]["spec"]["containers"][0]["image"].endswith("image-pull")


def test_rollback_gives_back_exactly_what_stood_before(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_GOOD, wait=True)
    before = _spec(api, tasks)
    with PodWatch(api, tasks.namespace) as watch:
        failed = _bad(tasks, on_failure="rollback")
    assert failed.changed
    assert _spec(api, tasks) == before
    told = failed.result["rollout"]
    assert told["reasons"][0]["cause"] == "ImagePull"
    assert told["restarts"]["pods"] == 5
    assert told["state"] == "rolled_back"
    back = told["rolled_back"]
    assert (back["ready"], back["count"]) == (True, 1)
    assert set(back["nodes"]) == watch.restarted_nodes()
    assert len(watch.restarted_nodes()) == 1
    assert watch.most_unavailable() == 1
    message = failed.result["msg"]
    assert back["to_revision"] == 1
    assert "It was rolled back to revision 1: all 5 pods" in message
    assert "The rollout before" not in message
    # The definition that was there before finds nothing to do.
    tasks.same(**_GOOD)
    assert any("rolling back" in line for line in failed.progress)


def test_what_others_own_stays_through_a_rollback(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_GOOD, wait=True)
    metadata = {"name": _NAME, "namespace": tasks.namespace, "labels": {"theirs": "1"}}
    api.apply({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata}, "someone")
    _bad(tasks, on_failure="rollback")
    assert api.daemonset(tasks.namespace, _NAME)["metadata"]["labels"] == {"theirs": "1"}


def test_what_another_tool_made_and_the_task_adopted(api: Api, tasks: Tasks) -> None:
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {
            "name": _NAME,
            "namespace": tasks.namespace,
            "labels": {"tier": "node"},
            "annotations": {"made-by": "kubectl"},
        },
        "spec": {
            "selector": {"matchLabels": {"app": "agent"}},
            "template": {
                "metadata": {"labels": {"app": "agent"}, "annotations": {"theirs": "1"}},
                "spec": {"containers": [{"name": "agent", "image": "example.test/agent:1"}]},
            },
        },
    }
    api.kubectl("apply", "-f", "-", stdin=manifest)
    before = api.settled(tasks.namespace, _NAME)
    pods = uids(api.pods(tasks.namespace, _NAME))
    failed = _bad(tasks, on_failure="rollback", adopt=["kubectl"])
    assert failed.result["rollout"]["rolled_back"]["ready"]
    live = api.daemonset(tasks.namespace, _NAME)
    assert live["spec"] == before["spec"]
    assert live["metadata"]["labels"] == {"tier": "node"}
    assert live["metadata"]["annotations"]["made-by"] == "kubectl"
    assert "What others have set" not in failed.result["msg"]
    assert len(pods & uids(api.pods(tasks.namespace, _NAME))) == 4


def test_a_patch_is_taken_back(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_GOOD, wait=True)
    before = _spec(api, tasks)
    images = {"agent": "example.test/agent:simulate-crash-loop"}
    failed = tasks.fails(name=_NAME, state="patched", images=images, on_failure="rollback", **_SOON)
    assert failed.result["rollout"]["rolled_back"]["ready"]
    assert _spec(api, tasks) == before


def test_a_new_one_has_nothing_to_go_back_to(api: Api, tasks: Tasks) -> None:
    failed = _bad(tasks, on_failure="rollback")
    assert "This task made it, so there is nothing to go back to." in failed.result["msg"]
    assert api.exists(tasks.namespace, _NAME)
    again = _bad(tasks, on_failure="rollback")
    assert not again.changed
    assert "This task did not change the template" in again.result["msg"]


def test_the_rollout_before_was_not_finished_either(tasks: Tasks) -> None:
    tasks.ok(**_GOOD, wait=True)
    crash = {"agent": "example.test/agent:simulate-crash-loop"}
    tasks.fails(name=_NAME, state="patched", images=crash, **_SOON)
    failed = _bad(tasks, on_failure="rollback")
    back = failed.result["rollout"]["rolled_back"]
    assert not back["ready"]
    assert "that has not come to its end" in failed.result["msg"]
    assert "The rollout before this task was not finished either" in failed.result["msg"]
    assert "and this template takes its place" in failed.warnings


def test_a_rollback_has_time_of_its_own(tasks: Tasks) -> None:
    tasks.ok(**_GOOD, wait=True)
    failed = _bad(tasks, on_failure="rollback", fail_early=False, wait_timeout=8)
    assert failed.result["rollout"]["failed_by"] == "timeout"
    assert failed.result["rollout"]["rolled_back"]["ready"]


def test_pause_stops_where_it_is(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_GOOD, wait=True)
    with PodWatch(api, tasks.namespace) as watch:
        failed = _bad(tasks, on_failure="pause")
        for way in ("state: resumed", "daemonset_rollback", "on_unfinished_rollout: proceed"):
            assert way in failed.result["msg"]
        assert failed.changed
        assert "It was paused: no further pod is replaced." in failed.result["msg"]
        live = api.daemonset(tasks.namespace, _NAME)
        assert live["spec"]["updateStrategy"]["type"] == "OnDelete"
        # The same definition finds it paused, another one is refused.
        paused = tasks.ok(**_BAD, wait=True)
        assert not paused.changed
        assert "is paused (its rolling update failed, 1 of 5 pods are updated (ImagePull))" in (
            paused.warnings
        )
        assert not paused.result["rollout"]["ready"]
        assert paused.result["rollout"]["state"] == "paused"
        refused = tasks.fails(**_GOOD, wait=True)
        assert "is paused" in refused.result["msg"]
        assert refused.result["rollout"]["state"] == "paused"
        assert not refused.changed
    assert len(watch.restarted_nodes()) == 1
    resumed = tasks.ok(name=_NAME, state="resumed")
    assert resumed.changed
    assert api.daemonset(tasks.namespace, _NAME)["spec"]["updateStrategy"]["type"] != "OnDelete"
    tasks.ok(**_GOOD, wait=True)


def test_without_a_rollout_that_fails_nothing_is_taken_back(tasks: Tasks) -> None:
    tasks.ok(**_GOOD, wait=True)
    good = {**_BAD, "containers": [{"name": "agent", "image": "example.test/agent:2"}]}
    done = tasks.ok(**good, on_failure="rollback", wait=True)
    assert done.changed
    assert "rolled_back" not in done.result["rollout"]


def test_what_somebody_else_changed_meanwhile_is_left_alone(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_GOOD, wait=True)
    meddled: list[str] = []

    def meddle(line: str) -> None:
        if "rolling back" in line:
            body = {"spec": {"template": {"metadata": {"annotations": {"theirs": "1"}}}}}
            path = f"{daemonsets(tasks.namespace)}/{_NAME}"
            query = {"fieldManager": "someone"}
            api.request("PATCH", path, body=body, kind=_MERGE, query=query)
            meddled.append(line)

    failed = _bad(tasks, on_failure="rollback", heard=meddle)
    assert meddled
    assert "Somebody else has changed its template meanwhile." in failed.result["msg"]
    live = api.daemonset(tasks.namespace, _NAME)
    assert live["spec"]["template"]["metadata"]["annotations"] == {"theirs": "1"}


def _theirs(api: Api, tasks: Tasks, **content: Any) -> None:
    metadata = {"name": _NAME, "namespace": tasks.namespace, **content.pop("metadata", {})}
    api.apply(
        {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, **content}, "someone"
    )


def test_what_somebody_else_set_beside_the_template_meanwhile_stays(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_GOOD, wait=True)

    def meddle(line: str) -> None:
        if "ImagePull" in line:
            _theirs(api, tasks, metadata={"annotations": {"note": "theirs"}})

    failed = _bad(tasks, on_failure="rollback", heard=meddle)
    live = api.daemonset(tasks.namespace, _NAME)
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "example.test/agent:1"
    assert live["metadata"]["annotations"]["note"] == "theirs"
    assert "more" not in live["metadata"]["annotations"]
    assert failed.result["rollout"]["rolled_back"]["ready"]
    assert "It was rolled back to revision 1: all 5 pods" in failed.result["msg"]
    told = "What others have set meanwhile stays: metadata.annotations.note."
    assert told in failed.result["msg"]


def test_what_was_taken_with_force_is_as_it_was(api: Api, tasks: Tasks) -> None:
    """Nobody else owns it any more, so that giving it up would remove it."""
    tasks.ok(**_GOOD, wait=True)
    _theirs(
        api,
        tasks,
        metadata={"labels": {"theirs": "a"}},
        spec={
            "template": {"metadata": {"annotations": {"theirs": "a"}}},
            "updateStrategy": {"rollingUpdate": {"maxUnavailable": 2}},
        },
    )
    before = api.settled(tasks.namespace, _NAME)
    taken = {
        "labels": {"theirs": "b"},
        "pod_annotations": {"theirs": "b"},
        "update_strategy": {"rolling_update": {"max_unavailable": 1}},
    }
    failed = _bad(tasks, on_failure="rollback", force_conflicts=True, **taken)
    assert failed.result["rollout"]["rolled_back"]["ready"]
    live = api.daemonset(tasks.namespace, _NAME)
    assert live["spec"] == before["spec"]
    assert live["metadata"]["labels"] == {"theirs": "a"}


@pytest.mark.parametrize("on_failure", ["rollback", "pause"])
def test_what_is_gone_is_not_taken_back(api: Api, tasks: Tasks, on_failure: str) -> None:
    tasks.ok(**_GOOD, wait=True)

    def remove(_line: str) -> None:
        if api.exists(tasks.namespace, _NAME):
            api.request("DELETE", f"{daemonsets(tasks.namespace)}/{_NAME}")

    failed = _bad(tasks, on_failure=on_failure, heard=remove)
    assert failed.result["rollout"]["failed_by"] == "deleted"
    assert ("nothing left to roll back" in failed.result["msg"]) == (on_failure == "rollback")
    assert not api.exists(tasks.namespace, _NAME)


@pytest.mark.parametrize("on_failure", ["rollback", "pause"])
def test_in_a_playbook_both_ways(
    api: Api, two_namespaces: tuple[str, str], on_failure: str
) -> None:
    # One node, as else the controller chooses which of them comes first.
    there = {"node_names": ["node-1"]}
    steps = [
        task("create", **_GOOD, **there),
        task("fail", **{**_BAD, **_SOON, **there, "on_failure": on_failure}),
        task("again", **_GOOD, **there),
    ]
    first, second = both_ways(api, two_namespaces, steps)
    for step in ("fail", "again"):
        alike(first.step(step), second.step(step), two_namespaces)
    assert first.step("fail").status == "failed"
    assert first.step("again").status == ("ok" if on_failure == "rollback" else "failed")
