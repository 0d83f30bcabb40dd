# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others do to a DaemonSet during its staged rollout is noticed, and not written over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.api import Api, daemonsets
from tests.integration.child import run_through
from tests.integration.pod_watch import PodWatch
from tests.integration.rollouts.refusing import until_refused
from tests.integration.stages import ANNOTATION, BROKEN, NEW, OLD, TWO_AT_ONCE, Scene, scene
from tests.integration.tap import Tap, Write
from tests.integration.verbs import Tasks

_STAGES: dict[str, Any] = {"stages": [1, "100%"]}
_HELD = {**_STAGES, "until_stage": 1}
_THEIRS = "example.test/agent:theirs"


@pytest.fixture
def agent(api: Api, tasks: Tasks) -> Iterator[Scene]:
    with scene(api, tasks) as made:
        yield made


def _set_image(agent: Scene) -> None:
    agent.api.kubectl(
        "set", "image", "daemonset/agent", f"agent={_THEIRS}", "-n", agent.tasks.namespace
    )


def test_a_changed_template_is_refused(agent: Scene) -> None:
    agent.ok(NEW, rollout=_HELD)
    _set_image(agent)
    for image in (NEW, OLD):
        refused = agent.fails(image, rollout=_STAGES)
        assert refused.writes == []
        assert "spec.template" in refused.result["msg"]
        assert "kubectl-set" in refused.result["msg"]
    assert agent.standing == _THEIRS
    assert set(agent.restarts()) == {"node-0"}
    # Somebody decides that the task's definition counts.
    agent.ok(NEW, rollout=_STAGES, on_unfinished_rollout="proceed", force_conflicts=True)
    agent.ended(NEW)


def test_what_somebody_else_added_has_to_be_taken_over(agent: Scene) -> None:
    agent.ok(NEW, rollout=_HELD)
    agent.patch({"spec": {"template": {"metadata": {"annotations": {"theirs": "1"}}}}})
    for image in (NEW, OLD):
        refused = agent.fails(image, rollout=_STAGES, on_unfinished_rollout="proceed")
        assert refused.writes == []
        assert "add adopt: [kubectl]" in refused.result["msg"]
    agent.ok(NEW, rollout=_STAGES, on_unfinished_rollout="proceed", adopt=["kubectl"])
    assert agent.restarts() == dict.fromkeys(agent.images(), 1)
    agent.ended(NEW)


def test_who_has_changed_it_is_told(agent: Scene) -> None:
    def at(count: int, _write: Write, done: bool) -> None:
        if count == 2 and done:
            # Within a second of the task's own write of the template.
            agent.patch({"spec": {"template": {"metadata": {"annotations": {"theirs": "1"}}}}})
            agent.patch({"metadata": {"labels": {"theirs": "1"}}}, manager="labeller")

    wish = agent.wish(NEW, rollout=_STAGES)
    with Tap(agent.api, at) as tap:
        result = run_through(tap, {**wish, "namespace": agent.tasks.namespace})
    assert result is not None
    assert "Somebody else changed spec.template" in result["msg"]
    assert "(last written by kubectl-edit at " in result["msg"]


def test_a_changed_strategy_is_refused(agent: Scene) -> None:
    agent.ok(NEW, rollout=_HELD)
    agent.patch({"spec": {"minReadySeconds": 0, "updateStrategy": {"type": "RollingUpdate"}}})
    refused = agent.fails(NEW, rollout=_STAGES)
    assert refused.writes == []
    assert "spec.updateStrategy" in refused.result["msg"]


def test_what_is_no_business_of_the_rollout_stays(agent: Scene) -> None:
    agent.ok(NEW, rollout=_HELD)
    agent.patch({"metadata": {"labels": {"theirs": "1"}}})
    agent.ok(NEW, rollout=_STAGES)
    assert agent.live["metadata"]["labels"]["theirs"] == "1"
    agent.ended(NEW)


def _at_write(agent: Scene, number: int, act: Callable[[], None]) -> dict[str, Any]:
    """The result of a staged task, where something happens just before one of its writes."""

    def at(count: int, _write: Write, done: bool) -> None:
        if count == number and not done:
            act()

    wish = agent.wish(NEW, rollout=_STAGES, namespace=agent.tasks.namespace)
    with Tap(agent.api, at) as tap:
        result = run_through(tap, wish)
    assert result is not None
    return result


# Writes: 1 state, 2 new template, 3 and 4 state, 5 a pod, 6 stable template, 7 and 8 state.
@pytest.mark.parametrize("number", [3, 5, 6, 7, 8])
def test_a_change_in_the_middle_of_it_stops_it(agent: Scene, number: int) -> None:
    result = _at_write(agent, number, lambda: _set_image(agent))
    assert result["failed"]
    assert "Somebody else changed spec.template" in result["msg"], result["msg"]
    assert agent.standing == _THEIRS
    assert set(agent.restarts()) <= {"node-0"}


@pytest.mark.parametrize("number", [5, 7])
def test_a_strategy_that_changes_in_the_middle_of_it_stops_it(agent: Scene, number: int) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}
    result = _at_write(agent, number, lambda: agent.patch({"spec": {"updateStrategy": strategy}}))
    assert result["failed"]
    assert "Somebody else changed spec.updateStrategy" in result["msg"], result["msg"]
    assert agent.strategy["rollingUpdate"]["maxUnavailable"] == 1
    # The controller replaces pods now, and not by a version that nobody has proven.
    assert agent.standing == OLD
    agent.patch({"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": None}}})
    agent.ok(NEW, rollout=_STAGES, force_conflicts=True)
    agent.ended(NEW)


@pytest.mark.parametrize("phase", ["rolling", "holding"])
def test_where_the_task_takes_the_place_of_anothers_strategy(agent: Scene, phase: str) -> None:
    if phase == "holding":
        agent.ok(NEW, rollout=_HELD)
    else:
        _killed_with_the_new_template(agent)
    agent.patch({"spec": {"updateStrategy": {"type": "RollingUpdate"}}})
    agent.ok(NEW, rollout=_STAGES, on_unfinished_rollout="proceed", force_conflicts=True)
    agent.ended(NEW)


def _killed_with_the_new_template(agent: Scene) -> None:
    def at(count: int, _write: Write, done: bool) -> None:
        if count == 5 and done:
            tap.kill()

    wish = agent.wish(NEW, rollout=_STAGES, namespace=agent.tasks.namespace)
    with Tap(agent.api, at) as tap:
        assert run_through(tap, wish) is None
    assert agent.standing == NEW


@pytest.mark.parametrize("number", [2, 5, 7])
def test_deleted_in_the_middle_of_it(agent: Scene, number: int) -> None:
    path = f"{daemonsets(agent.tasks.namespace)}/agent"
    result = _at_write(agent, number, lambda: _delete(agent.api, path))
    assert result["failed"]
    assert "deleted" in result["msg"], result["msg"]
    assert not agent.api.exists(agent.tasks.namespace, "agent")


def _delete(api: Api, path: str) -> None:
    api.request("DELETE", path, query={"propagationPolicy": "Background"})


@pytest.mark.parametrize("number", [2, 5, 7])
def test_a_second_job_takes_over_and_the_first_one_stops(agent: Scene, number: int) -> None:
    second: list[bool] = []

    def take_over() -> None:
        second.append(agent.ok(NEW, rollout=_HELD).changed)

    result = _at_write(agent, number, take_over)
    assert second == [True]
    assert result["failed"]
    assert "not this run's any more" in result["msg"], result["msg"]
    assert set(agent.restarts()) == {"node-0"}
    agent.ok(NEW, rollout=_STAGES)
    agent.ended(NEW)


def test_the_job_before_may_still_be_at_work(agent: Scene) -> None:
    _killed_with_the_new_template(agent)

    def at(count: int, _write: Write, done: bool) -> None:
        if count == 1 and not done:
            containers = [{"name": "agent", "image": OLD}]
            agent.patch({"spec": {"template": {"spec": {"containers": containers}}}}, "everynode")

    wish = agent.wish(NEW, rollout=_STAGES, namespace=agent.tasks.namespace)
    with Tap(agent.api, at) as tap:
        result = run_through(tap, wish)
    assert result is not None
    assert not result.get("failed"), result["msg"]
    agent.ended(NEW)


@pytest.mark.parametrize("number", [3, 6, 7])
def test_a_pause_from_elsewhere_stops_it(agent: Scene, number: int) -> None:
    result = _at_write(agent, number, lambda: _pause(agent))
    assert result["failed"]
    assert agent.remembered["phase"] == "paused"
    assert "of 0" not in result["msg"]
    # Whatever stage it was in: nobody gets the new version meanwhile.
    assert agent.standing == OLD
    assert set(agent.restarts()) <= {"node-0"}
    assert "state: resumed" in agent.fails(NEW, rollout=_STAGES).result["msg"]
    agent.state("resumed")
    agent.ok(NEW, rollout=_STAGES)
    agent.ended(NEW)


def _pause(agent: Scene) -> None:
    told = agent.state("paused").result["rollout"]
    assert (told["kind"], told["phase"], told["state"]) == ("staged", "paused", "paused")
    assert {"stage", "stages"} <= told.keys()
    assert "of 0" not in told["message"]


def test_an_unreadable_state_is_refused(agent: Scene) -> None:
    agent.ok(NEW, rollout=_HELD)
    agent.patch({"metadata": {"annotations": {ANNOTATION: json.dumps({"version": 99})}}})
    refused = agent.fails(NEW, rollout=_STAGES)
    assert refused.writes == []
    assert ANNOTATION in refused.result["msg"]


def test_another_field_manager_is_refused(agent: Scene) -> None:
    agent.ok(NEW, rollout=_HELD)
    refused = agent.fails(NEW, rollout=_STAGES, field_manager="other")
    assert refused.writes == []
    assert "field_manager: everynode" in refused.result["msg"]


def test_a_strategy_of_others_is_a_conflict_unless_forced(api: Api, tasks: Tasks) -> None:
    with scene(api, tasks, update_strategy=None) as agent:
        theirs = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 3}}
        agent.patch({"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 3}}}})
        agent.api.apply(
            {
                "apiVersion": "apps/v1",
                "kind": "DaemonSet",
                "metadata": {"name": "agent", "namespace": tasks.namespace},
                "spec": {"updateStrategy": theirs},
            },
            "theirs",
        )
        refused = agent.fails(NEW, rollout=_STAGES)
        assert refused.writes == []
        assert "spec.updateStrategy.type" in refused.result["msg"]
        agent.fails(BROKEN, rollout=_STAGES, force_conflicts=True)
        assert agent.strategy["rollingUpdate"]["maxUnavailable"] == 3
        assert agent.strategy["type"] == "RollingUpdate"
        agent.ok(NEW, rollout=_STAGES, force_conflicts=True)
        assert agent.strategy["rollingUpdate"]["maxUnavailable"] == 3
        agent.same(NEW)


def test_what_is_forced_from_others_is_put_back(agent: Scene) -> None:
    _set_image(agent)
    agent.api.settled(agent.tasks.namespace, "agent")
    assert set(agent.images().values()) == {_THEIRS}
    before = agent.images()
    went = agent.restarts()
    failed = agent.fails(BROKEN, rollout=_STAGES, force_conflicts=True)
    assert agent.images() == before, failed.result["msg"]
    assert agent.standing == _THEIRS
    assert agent.restarts() == {**went, "node-0": went["node-0"] + 2}


def test_what_kubectl_made_is_adopted_with_the_first_stage(api: Api, tasks: Tasks) -> None:
    namespace = tasks.namespace
    made = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": namespace, "labels": {"old": "1"}},
        "spec": {
            "selector": {"matchLabels": {"app.kubernetes.io/name": "agent"}},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}},
            "template": {
                "metadata": {"labels": {"app.kubernetes.io/name": "agent", "old": "1"}},
                "spec": {
                    "containers": [{"name": "agent", "image": OLD, "args": ["--old"]}],
                    "serviceAccountName": "default",
                },
            },
        },
    }
    api.kubectl("apply", "-f", "-", stdin=made)
    api.settled(namespace, "agent")
    before = api.daemonset(namespace, "agent")["spec"]
    watch = PodWatch(api, namespace)
    with watch:
        agent = Scene(api, tasks, watch, {"update_strategy": TWO_AT_ONCE})
        agent.fails(BROKEN, rollout=_STAGES, adopt=["kubectl"])
        assert agent.live["spec"] == before
        assert agent.restarts() == {"node-0": 2}
        agent.ok(NEW, rollout=_STAGES)
        assert "old" not in agent.live["metadata"].get("labels", {})
        assert "args" not in agent.live["spec"]["template"]["spec"]["containers"][0]
        agent.ended(NEW)


def test_without_the_stable_template_only_another_can_take_its_place(agent: Scene) -> None:
    agent.ok(NEW, rollout=_HELD)
    path = f"/apis/apps/v1/namespaces/{agent.tasks.namespace}/controllerrevisions"
    agent.patch({"spec": {"template": {"metadata": {"labels": {"theirs": "1"}}}}})
    agent.api.request("DELETE", f"{path}/{agent.remembered['revision']}")
    refused = agent.fails(NEW, rollout=_STAGES)
    assert refused.writes == []
    assert "ControllerRevision" in refused.result["msg"]
    agent.ok(NEW, rollout=_STAGES, on_unfinished_rollout="proceed")
    assert agent.remembered == {}
    assert agent.strategy == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 2, "maxSurge": 0},
    }
    assert agent.standing == NEW


def test_where_no_new_pod_could_be_made_the_old_one_comes_back(agent: Scene) -> None:
    def with_cpu(amount: str, image: str) -> list[dict[str, Any]]:
        requests = {"requests": {"cpu": amount}}
        return [{"name": "agent", "image": image, "resources": requests}]

    agent.ok(OLD, containers=with_cpu("1m", OLD))
    agent.api.settled(agent.tasks.namespace, "agent")
    went = agent.restarts()
    body = {"metadata": {"name": "few"}, "spec": {"hard": {"requests.cpu": "1"}}}
    path = f"/api/v1/namespaces/{agent.tasks.namespace}/resourcequotas"
    agent.api.request("POST", path, body=body)
    pod = {"metadata": {"name": "try"}, "spec": {"containers": with_cpu("4", NEW)}}
    until_refused(agent.api, agent.tasks.namespace, pod, "exceeded quota")
    failed = agent.fails(
        NEW, containers=with_cpu("4", NEW), rollout=_STAGES, progress_deadline_seconds=6
    )
    assert failed.result["rollout"]["rolled_back"]["nodes"] == ["node-0"]
    assert agent.remembered == {}
    assert agent.on(OLD) == set(went)
    assert agent.restarts() == {**went, "node-0": went["node-0"] + 1}
    agent.tasks.same(**agent.wish(OLD, containers=with_cpu("1m", OLD)))
