# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts on a hundred nodes: what a bad version costs there, and what is excused."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.api import Api
from tests.integration.pod_watch import PodWatch
from tests.integration.rollouts.scenes import NEW, OLD, PREFIX
from tests.integration.verbs import Outcome, Tasks
from tests.support.cluster import running

BAD = "example.test/agent:simulate-image-pull"
ALL = {f"node-{number}" for number in range(100)}
FEW = {"node-17", "node-44", "node-90"}
TENTH = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    audit_log = tmp_path_factory.mktemp("hundred") / "audit.log"
    with running(f"hundred-{os.getpid()}", nodes=100, audit_log=audit_log) as cluster:
        yield Api(cluster)


@pytest.fixture
def place(large: Api, request: pytest.FixtureRequest) -> Iterator[Tasks]:
    """A namespace with a DaemonSet on all nodes."""
    name = request.node.name.replace("_", "-")[:60].strip("-")
    large.add_namespace(name)
    tasks = Tasks(large, name)
    tasks.ok(**_agent(OLD))
    yield tasks
    large.remove_namespace(name)


def _agent(image: str, **parameters: Any) -> dict[str, Any]:
    return {
        "name": "agent",
        "containers": [{"name": "agent", "image": image}],
        "update_strategy": TENTH,
        "wait": True,
        "wait_timeout": 400,
        "failure_grace_seconds": 1,
        **parameters,
    }


def _watched(tasks: Tasks, update: Callable[[], Outcome]) -> tuple[dict[str, Any], PodWatch]:
    began = time.monotonic()
    with PodWatch(tasks.api, tasks.namespace) as watch:
        outcome = update()
    # A line a second at most, and some for each stage, but none for each node.
    assert len(outcome.progress) < 50 + time.monotonic() - began
    assert len(str(outcome.result["rollout"])) < 4000
    return outcome.result, watch


def _a_tenth(watch: PodWatch) -> int:
    """How many nodes lacked their pod: a tenth, as the controller takes it.

    It really takes down more now and then where the machine is busy: the pods are counted here by
    what became of each. Before it goes on, it waits until its cache has shown it as many deletions
    as it asked for. But it counts each of them several times (updatePod and deletePod in
    pkg/controller/daemon/daemon_controller.go): as the pod begins to end, with each change of its
    status after that, and as it is gone. Its own log says three times a pod on these nodes. So it
    may go on while its cache still shows some of the pods that it has deleted as available, and
    take as many others.
    """
    lacking = watch.most_unavailable()
    assert 10 <= lacking < 20
    assert len(watch.restarted_nodes()) == lacking
    return lacking


def _bad(**parameters: Any) -> dict[str, Any]:
    """A bad version, which fails once all pods have come as far as they do."""
    return _agent(BAD, failure_grace_seconds=5, **parameters)


def _images(tasks: Tasks) -> set[str]:
    pods = tasks.api.pods(tasks.namespace, "agent")
    assert len(pods) == 100
    return {pod["spec"]["containers"][0]["image"] for pod in pods}


def test_in_stages_a_bad_version_costs_one_pod(place: Tasks) -> None:
    stages = {"stages": [1, "10%"]}
    result, watch = _watched(place, lambda: place.fails(**_agent(BAD, rollout=stages)))
    (node,) = watch.ever_unavailable()
    assert watch.most_unavailable() == 1
    assert watch.restarts_by_node() == {node: 2}
    assert _images(place) == {OLD}
    live = place.api.settled(place.namespace, "agent")
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == OLD
    assert live["spec"]["updateStrategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": "10%", "maxSurge": 0},
    }
    assert f"ImagePull on {node}" in result["msg"]
    assert result["rollout"]["touched"] == {"count": 1, "nodes": [node]}
    # And the good definition of before finds nothing to do.
    place.same(**_agent(OLD))


def test_in_stages_a_good_version_restarts_each_pod_once(place: Tasks) -> None:
    stages = {"stages": [1, "10%", "50%"]}
    result, watch = _watched(place, lambda: place.ok(**_agent(NEW, rollout=stages)))
    assert result["rollout"]["ready"]
    assert watch.restarts_by_node() == dict.fromkeys(ALL, 1)
    assert watch.most_unavailable() <= 10
    assert _images(place) == {NEW}
    place.api.settled(place.namespace, "agent")
    place.same(**_agent(NEW))


def test_in_stages_so_many_nodes_may_fail(place: Tasks) -> None:
    on_few = {"pod_annotations": {f"{PREFIX}-on": ",".join(sorted(FEW))}}
    stages = {"stages": [10, "50%"], "max_failures": "5%"}
    result, watch = _watched(place, lambda: place.ok(**_agent(BAD, rollout=stages, **on_few)))
    assert result["rollout"]["ready"]
    assert result["rollout"]["excused"]["count"] == 3
    assert set(result["rollout"]["excused"]["nodes"]) == FEW
    assert watch.restarts_by_node() == dict.fromkeys(ALL, 1)
    assert _images(place) == {BAD}


def test_a_rolling_update_stops_at_what_may_be_unavailable(place: Tasks) -> None:
    result, watch = _watched(place, lambda: place.fails(**_bad()))
    lacking = _a_tenth(watch)
    (reason,) = result["rollout"]["reasons"]
    assert (reason["cause"], reason["count"]) == ("ImagePull", lacking)
    assert len(reason["nodes"]) == 5
    assert result["rollout"]["failed_by"] == "cause"


def test_a_rolling_update_goes_back_where_it_is_told_to(place: Tasks) -> None:
    result, watch = _watched(place, lambda: place.fails(**_bad(on_failure="rollback")))
    _a_tenth(watch)
    assert set(watch.restarts_by_node().values()) == {2}
    assert result["rollout"]["rolled_back"]
    assert _images(place) == {OLD}
    place.api.settled(place.namespace, "agent")
    place.same(**_agent(OLD))


def test_a_few_nodes_may_be_missing(place: Tasks) -> None:
    on_few = {"pod_annotations": {f"{PREFIX}-on": ",".join(sorted(FEW))}}
    budget = {"unavailable_budget": "5%"}
    result, watch = _watched(place, lambda: place.ok(**_agent(BAD, **budget, **on_few)))
    assert result["rollout"]["ready"]
    assert result["rollout"]["available"] == 97
    assert result["rollout"]["excused"]["count"] == 3
    assert set(result["rollout"]["excused"]["nodes"]) == FEW
    assert watch.restarts_by_node() == dict.fromkeys(ALL, 1)
