# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of ``daemonset`` beside a rollout in stages: what each does with one, both ways."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api import Api, uids
from tests.integration.harness import AVAILABILITY, alike, both_ways, task
from tests.integration.pod_watch import PodWatch
from tests.integration.verbs import Tasks

_NAME = "agent"
_STATE = "everynode.kubernetes/rollout"


def _agent(image: str, **more: Any) -> dict[str, Any]:
    containers = [{"name": "agent", "image": f"example.test/agent:{image}"}]
    return {"name": _NAME, "containers": containers, **more}


def _patch(image: str, **more: Any) -> dict[str, Any]:
    images = {"agent": f"example.test/agent:{image}"}
    return {"name": _NAME, "state": "patched", "images": images, **more}


_STAGES = {"stages": [1, "100%"]}
_HELD = {**_STAGES, "until_stage": 1}


def _images(api: Api, tasks: Tasks) -> dict[str, str]:
    return {
        pod["spec"]["nodeName"]: pod["spec"]["containers"][0]["image"].rpartition(":")[2]
        for pod in api.pods(tasks.namespace, _NAME)
    }


def _annotations(api: Api, tasks: Tasks) -> dict[str, str]:
    found: dict[str, str] = api.daemonset(tasks.namespace, _NAME)["metadata"].get("annotations", {})
    return found


@pytest.fixture
def held(tasks: Tasks) -> Tasks:
    """A rollout that is held after its first stage."""
    tasks.ok(**_agent("1"), wait=True)
    tasks.ok(**_agent("2"), rollout=_HELD, wait=True)
    return tasks


def test_a_new_one_needs_no_stages(api: Api, tasks: Tasks) -> None:
    made = tasks.ok(**_agent("1"), rollout=_HELD, wait=True)
    assert made.result["rollout"]["ready"]
    assert _STATE not in _annotations(api, tasks)


def test_what_changes_no_template_needs_none_either(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent("1"), wait=True)
    tasks.same(**_agent("1"), rollout=_STAGES, wait=True)
    before = uids(api.pods(tasks.namespace, _NAME))
    labelled = tasks.ok(**_agent("1"), labels={"tier": "node"}, rollout=_STAGES, wait=True)
    assert labelled.changed
    assert labelled.result["rollout"]["restarts"]["pods"] == 0
    assert uids(api.pods(tasks.namespace, _NAME)) == before


def test_a_patch_in_stages(api: Api, tasks: Tasks) -> None:
    strategy = {"rolling_update": {"max_unavailable": 2}}
    tasks.ok(**_agent("1"), update_strategy=strategy, wait=True)
    before = api.daemonset(tasks.namespace, _NAME)["spec"]["updateStrategy"]
    with PodWatch(api, tasks.namespace) as watch:
        first = tasks.ok(**_patch("2"), rollout=_HELD, wait=True)
        assert first.result["rollout"]["stage"] == 1
        watch.caught_up()
        assert watch.restarted_nodes() == {"node-0"}
        done = tasks.ok(**_patch("2"), rollout=_STAGES, wait=True)
    assert done.result["rollout"]["ready"]
    assert set(_images(api, tasks).values()) == {"2"}
    assert set(watch.restarts_by_node().values()) == {1}
    assert api.daemonset(tasks.namespace, _NAME)["spec"]["updateStrategy"] == before
    assert not tasks.ok(**_patch("2"), rollout=_STAGES, wait=True).changed
    tasks.same(**_agent("2"), update_strategy=strategy)


def test_a_patch_of_something_else_is_refused(api: Api, held: Tasks) -> None:
    before = _images(api, held)
    refused = held.fails(name=_NAME, state="patched", labels={"tier": "node"}, wait=True)
    assert (
        "in the middle of a staged rollout (holding), so it cannot be patched"
        in (refused.result["msg"])
    )
    assert not refused.changed
    assert refused.writes == []
    assert _images(api, held) == before


def test_present_without_a_plan_goes_by_the_one_that_is_remembered(api: Api, held: Tasks) -> None:
    with PodWatch(api, held.namespace) as watch:
        still = held.ok(**_agent("2"), wait=True)
        assert not still.changed
        assert not still.result["rollout"]["ready"]
        assert "the rollout stops here" in still.result["rollout"]["message"]
        watch.caught_up()
        assert watch.restarts_by_node() == {}
        done = held.ok(**_agent("2"), rollout=_STAGES, wait=True)
    assert done.result["rollout"]["ready"]
    assert watch.restarted_nodes() == {f"node-{index}" for index in range(1, 5)}
    assert set(_images(api, held).values()) == {"2"}
    assert _STATE not in _annotations(api, held)


def test_a_task_that_does_not_wait_is_refused(api: Api, held: Tasks) -> None:
    for check in (True, False):
        refused = held.fails(**_agent("2"), check=check)
        assert "this task does not wait" in refused.result["msg"]
        assert refused.writes == []
    assert _STATE in _annotations(api, held)


def test_a_restart_is_refused(held: Tasks) -> None:
    refused = held.fails(name=_NAME, state="restarted", wait=True)
    assert "in the middle of a staged rollout" in refused.result["msg"]
    assert refused.writes == []


def test_another_selector_is_refused(held: Tasks) -> None:
    selector = {"match_labels": {"team": "night"}}
    labels = {"app.kubernetes.io/name": "agent", "team": "night"}
    given = {"selector": selector, "pod_labels": labels, "wait": True}
    refused = held.fails(**_agent("2"), **given, on_selector_change="recreate")
    assert "so it cannot be made anew" in refused.result["msg"]
    assert refused.writes == []


def test_it_is_paused_and_resumed_in_between(api: Api, held: Tasks) -> None:
    paused = held.ok(name=_NAME, state="paused")
    assert paused.changed
    assert paused.result["rollout"]["state"] == "paused"
    refused = held.fails(**_agent("2"), wait=True)
    assert "it is paused" in refused.result["msg"]
    resumed = held.ok(name=_NAME, state="resumed", wait=True)
    assert resumed.changed
    assert "goes on with the rollout" in resumed.result["rollout"]["message"]
    assert held.ok(**_agent("2"), rollout=_STAGES, wait=True).result["rollout"]["ready"]
    assert set(_images(api, held).values()) == {"2"}


def test_it_is_simply_removed(api: Api, held: Tasks) -> None:
    assert held.ok(name=_NAME, state="absent", wait=True).changed
    assert not api.exists(held.namespace, _NAME)


def test_no_result_and_no_difference_shows_the_annotation(held: Tasks) -> None:
    for given in (
        {**_agent("2"), "rollout": _HELD, "wait": True},
        {**_agent("2"), "wait": True, "check": True},
        {"name": _NAME, "state": "paused"},
        {"name": _NAME, "state": "resumed"},
        {"name": _NAME, "state": "restarted"},
        {**_agent("1"), "wait": True},
    ):
        outcome = held.run(**given, diff=True)
        assert _STATE not in str({k: v for k, v in outcome.result.items() if k != "invocation"})


def test_what_is_wrong_with_a_plan_is_told_with_all_else(tasks: Tasks) -> None:
    asked = _agent("1", rollout={"stages": ["0%"], "verify": "true"}, on_failure="fail")
    asked["containers"][0]["imag"] = "x"
    failed = tasks.fails(**asked, images={"a": "b"}, wait=True)
    assert {fault["path"] for fault in failed.result["faults"]} == {
        "rollout.stages[0]",
        "rollout.verify",
        "on_failure",
        "images",
        "containers[0].imag",
    }
    assert failed.requests == []


def test_in_a_playbook_both_ways(api: Api, two_namespaces: tuple[str, str]) -> None:
    bad = _agent("simulate-crash-loop", failure_grace_seconds=1)
    steps = [
        task("create", **_agent("1")),
        {**task("checked", **_agent("2"), rollout=_HELD), "check_mode": True},
        task("hold", **_agent("2"), rollout=_HELD),
        task("again", **_agent("2"), rollout=_HELD),
        task("third", **_agent("3")),
        task("promote", **_agent("2"), rollout=_STAGES),
        task("fail", **bad, rollout=_STAGES),
        task("settled", **_agent("2")),
    ]
    here, there = both_ways(api, two_namespaces, steps, "--diff")
    statuses = {step.task: (step.status, step.result.get("changed")) for step in here.steps}
    assert statuses == {
        "create": ("ok", True),
        "checked": ("ok", True),
        "hold": ("ok", True),
        "again": ("ok", False),
        "third": ("failed", False),
        "promote": ("ok", True),
        "fail": ("failed", True),
        "settled": ("ok", False),
    }
    for name in statuses:
        # A stage ends once its pods are proven, which the controller may count later.
        but = AVAILABILITY if name in ("hold", "again", "third") else ()
        alike(here.step(name), there.step(name), two_namespaces, but=but)
