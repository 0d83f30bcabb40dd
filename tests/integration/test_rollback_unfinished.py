# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolling back a rollout that has not ended: only what it touched goes back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api import Api, eventually
from tests.integration.held import at_rest
from tests.integration.pod_watch import PodWatch
from tests.integration.rollbacks import back, image, no_way_back
from tests.integration.verbs import Outcome, Tasks

_STATE = "everynode.kubernetes/rollout"


def _agent(tag: int | str, **more: Any) -> dict[str, Any]:
    container = {"name": "agent", "image": f"example.test/agent:{tag}"}
    strategy = {"update_strategy": {"rolling_update": {"max_unavailable": 2}}}
    return {"name": "agent", "containers": [container], **strategy, **more}


def _pods(api: Api, namespace: str) -> dict[str, tuple[str, str]]:
    """The uid and the image of each node's pod, once there is one that is not ending on each."""

    def found() -> dict[str, tuple[str, str]] | None:
        pods = {
            pod["spec"]["nodeName"]: _id(pod)
            for pod in api.pods(namespace, "agent")
            if "deletionTimestamp" not in pod["metadata"] and "nodeName" in pod["spec"]
        }
        return pods if len(pods) == 5 else None

    return eventually(found, "a pod on each node")


def _id(pod: dict[str, Any]) -> tuple[str, str]:
    image = pod["spec"]["containers"][0]["image"]
    return pod["metadata"]["uid"], image.rpartition(":")[2]


def _is_as_before(api: Api, tasks: Tasks, tag: int) -> None:
    live = api.daemonset(tasks.namespace, "agent")
    assert image(api, tasks.namespace) == f"example.test/agent:{tag}"
    assert _STATE not in live["metadata"].get("annotations", {})
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2, "maxSurge": 0}}
    assert live["spec"]["updateStrategy"] == strategy


def test_pods_that_were_not_replaced_yet_stay(api: Api, tasks: Tasks) -> None:
    """The rest of a plain update to a broken version: two pods are of it, and no more will be."""
    tasks.ok(**_agent(1), wait=True)
    before = _pods(api, tasks.namespace)
    tasks.ok(**_agent("simulate-image-pull"))

    def stuck() -> set[str] | None:
        """Which nodes are broken, once no more will be. The controller at times takes more than it
        may, as it counts the deletions of some pods as those of others.
        """
        pods = {pod["spec"]["nodeName"]: pod for pod in at_rest(api, tasks.namespace)}
        touched = {node for node, pod in pods.items() if _id(pod) != before[node]}
        status = api.daemonset(tasks.namespace, "agent")["status"]
        counts = {status.get("updatedNumberScheduled"), status.get("numberUnavailable")}
        return touched if len(touched) >= 2 and counts == {len(touched)} else None

    touched = eventually(stuck, "two pods are broken")
    told = back(tasks, check=True)
    done = back(tasks, wait=True)
    for outcome in (told, done):
        restarts = outcome.result["rollout"]["restarts"]
        assert (restarts["pods"], set(restarts["nodes"])) == (len(touched), touched)
    assert done.result["rollout"]["ready"]
    after = _pods(api, tasks.namespace)
    assert {tag for _uid, tag in after.values()} == {"1"}
    assert {node for node, pod in after.items() if pod != before[node]} == touched


def _staged(tasks: Tasks) -> None:
    tasks.ok(**_agent(1), change_cause="first", wait=True)
    plan = {"stages": [1, 1], "until_stage": 1}
    tasks.ok(**_agent(2), change_cause="second", rollout=plan, wait=True)


def test_one_in_stages_is_ended(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent(0), wait=True)
    _staged(tasks)
    before = _pods(api, tasks.namespace)
    (touched,) = (node for node, (_uid, tag) in before.items() if tag == "2")
    live = api.daemonset(tasks.namespace, "agent")

    told = back(tasks, check=True, diff=True)
    assert told.writes == []
    assert api.daemonset(tasks.namespace, "agent")["spec"] == live["spec"]
    done = back(tasks, wait=True, diff=True)

    for outcome in (told, done):
        assert outcome.changed
        _went_back_to_the_first(outcome)
    after = _pods(api, tasks.namespace)
    assert {tag for _uid, tag in after.values()} == {"1"}
    assert {node for node, pod in after.items() if pod != before[node]} == {touched}
    _is_as_before(api, tasks, 1)
    tasks.same(**_agent(1), change_cause="first")
    assert told.result["diff"] == done.result["diff"]
    restarts = {
        "pods": 1,
        "nodes": [touched],
        "message": "1 pod restarts, those that the rollout has touched",
    }
    assert told.result["rollout"]["restarts"] == done.result["rollout"]["restarts"] == restarts
    assert told.result["rollout"]["message"] == restarts["message"]


def _went_back_to_the_first(outcome: Outcome) -> None:
    found = outcome.result["rollout"]["rolled_back"]
    assert found["images"] == {"agent": "example.test/agent:1"}
    assert found["change_cause"] == "first"


def test_one_in_stages_is_ended_before_another_revision(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent(0), wait=True)
    _staged(tasks)
    (touched,) = (node for node, (_uid, tag) in _pods(api, tasks.namespace).items() if tag == "2")
    told = back(tasks, to_image="example.test/agent:0", check=True, diff=True)
    with PodWatch(api, tasks.namespace) as watch:
        done = back(tasks, to_image="example.test/agent:0", wait=True, diff=True)
    assert done.changed
    assert told.result["diff"] == done.result["diff"]
    # All of them, and the one that the rollout had touched twice.
    assert watch.restarts_by_node() == {f"node-{n}": 1 for n in range(5)} | {touched: 2}
    for outcome in (told, done):
        restarts = outcome.result["rollout"]["restarts"]
        assert restarts["pods"] == 6
        assert touched in restarts["nodes"]
        assert restarts["message"] == (
            "1 pod restarts, those that the rollout has touched; then 5 pods restart, at most 2 at"
            " a time"
        )
    assert {tag for _uid, tag in _pods(api, tasks.namespace).values()} == {"0"}
    _is_as_before(api, tasks, 0)


@pytest.mark.parametrize("named", [{"to_revision": 77}, {"to_image": "example.test/none:1"}])
def test_nothing_is_ended_for_what_is_not_there(
    api: Api, tasks: Tasks, named: dict[str, Any]
) -> None:
    _staged(tasks)
    before = _pods(api, tasks.namespace)
    for check in (True, False):
        failed = no_way_back(tasks, **named, check=check, wait=True)
        assert not failed.changed
        assert failed.writes == []
    assert _pods(api, tasks.namespace) == before
    assert _STATE in api.daemonset(tasks.namespace, "agent")["metadata"]["annotations"]


def test_one_that_is_paused_goes_on_with_the_former_template(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent(1), wait=True)
    before = _pods(api, tasks.namespace)
    tasks.ok(**_agent("simulate-image-pull"))
    tasks.ok(name="agent", state="paused", wait=True)
    assert api.daemonset(tasks.namespace, "agent")["spec"]["updateStrategy"]["type"] == "OnDelete"
    at_rest(api, tasks.namespace)
    paused = _pods(api, tasks.namespace)
    touched = {node for node, pod in paused.items() if pod != before[node]}
    told = back(tasks, check=True)
    assert told.writes == []
    done = back(tasks, wait=True)
    assert done.result["rollout"]["ready"]
    for outcome in (told, done):
        restarts = outcome.result["rollout"]["restarts"]
        assert (restarts["pods"], set(restarts["nodes"])) == (len(touched), touched)
    after = _pods(api, tasks.namespace)
    assert {tag for _uid, tag in after.values()} == {"1"}
    assert {node for node, pod in after.items() if pod != before[node]} == touched
    _is_as_before(api, tasks, 1)
    tasks.same(**_agent(1))


def test_after_a_rebuild_it_goes_to_what_ran_before_it(api: Api, tasks: Tasks) -> None:
    """The revision by which all pods were ended is none to go back to."""
    tasks.ok(**_agent(1), wait=True)
    tasks.ok(**_agent(2), rollout={"rebuild": True}, wait=True)
    shown = tasks.info(name="agent", include=["revisions"]).result["daemonsets"][0]["revisions"]
    assert len(shown) == 3
    assert "no pods in revision 2" in no_way_back(tasks, to_revision=2).result["msg"]
    assert back(tasks, wait=True).result["rollout"]["rolled_back"]["to_revision"] == 1
    assert {tag for _uid, tag in _pods(api, tasks.namespace).values()} == {"1"}
