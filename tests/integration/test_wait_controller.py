# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller manager is away: what tasks that wait say of it, and that they go on with it.

On a cluster of its own, whose controller manager is stopped and started again. It elects no leader
there, so that the lease is the tests' own.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import (
    daemonset_node,
    daemonset_rollback,
    daemonset_wait,
)

from tests.integration.api import Api, eventually
from tests.integration.verbs import Outcome, Tasks
from tests.support.cluster import Cluster, running

_OLD, _NEW = "example.test/agent:1", "example.test/agent:2"
_CONTROLLER = "kube-controller-manager"
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
_UNSEEN = "the DaemonSet controller has not seen this version for "
# Long enough for a slow machine, where the test does not wait for the end of it.
_LONG = 240
_ON_DELETE = {"type": "OnDelete"}
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    audit_log = tmp_path_factory.mktemp("controller") / "audit.log"
    with running(f"controller-{os.getpid()}", nodes=2, audit_log=audit_log) as found:
        yield found


@pytest.fixture(scope="module")
def api(cluster: Cluster) -> Api:
    return Api(cluster)


@contextmanager
def _away(api: Api) -> Iterator[Callable[[], None]]:
    """Without a controller manager; it comes back in the end, or when told to."""
    lock, stopped = threading.Lock(), True
    api.cluster.stop(_CONTROLLER)

    def back() -> None:
        nonlocal stopped
        with lock:
            if stopped:
                api.cluster.start(_CONTROLLER)
            stopped = False

    try:
        yield back
    finally:
        back()


@contextmanager
def _lease(api: Api, age: float, holder: str = "cp-1_7d0c") -> Iterator[None]:
    """A lease of the controller manager that was renewed so many seconds ago."""
    when = (datetime.now(UTC) - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": when}
    body = {"metadata": {"name": _CONTROLLER}, "spec": spec}
    api.request("POST", _LEASES, body=body)
    try:
        yield
    finally:
        api.request("DELETE", f"{_LEASES}/{_CONTROLLER}")


@pytest.fixture
def places(api: Api) -> Iterator[Callable[..., Tasks]]:
    """Makes namespaces, each with a DaemonSet that has settled."""
    made = []

    def make(**parameters: Any) -> Tasks:
        name = f"controller-{next(_numbers)}"
        api.add_namespace(name)
        made.append(name)
        tasks = Tasks(api, name)
        tasks.ok(**_agent(_OLD, **parameters))
        api.settled(name, "agent")
        return tasks

    yield make
    for name in made:
        api.remove_namespace(name)


def _agent(image: str, **parameters: Any) -> dict[str, Any]:
    return {
        "name": "agent",
        "containers": [{"name": "agent", "image": image}],
        "wait": True,
        "wait_timeout": _LONG,
        "failure_grace_seconds": 1,
        **parameters,
    }


def _reason(rollout: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = rollout["reasons"][0]
    assert found["cause"] == "ControllerIdle", rollout["reasons"]
    return found


def test_what_is_told_of_a_controller_that_is_away(api: Api, places: Callable[..., Tasks]) -> None:
    tasks = places()
    rules = [
        {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    ]
    blind = api.user_with(rules, tasks.namespace, "blind")
    with _away(api):
        soon = {"progress_deadline_seconds": 4}
        failed = tasks.fails(**_agent(_NEW, **soon))
        rollout = failed.result["rollout"]
        assert rollout["failed_by"] == "no_progress"
        assert rollout["state"] == "observing"
        reason = _reason(rollout)
        assert reason["heals"]
        assert (reason["count"], reason["nodes"]) == (2, [])
        assert reason["evidence"].startswith(_UNSEEN)
        assert "there is no lease of kube-controller-manager" in reason["evidence"]
        assert f"Reasons: ControllerIdle on 2: {_UNSEEN}" in failed.result["msg"]
        assert "kube-controller-manager runs and leads" in failed.result["msg"]
        told = [line for line in failed.progress if _UNSEEN in line]
        assert told, failed.progress
        assert told[0].startswith(f"{tasks.namespace}/agent: {_UNSEEN}")
        with _lease(api, 1000):
            failed = tasks.fails(**_agent(_NEW, labels={"tier": "a"}, wait_timeout=10))
            rollout = failed.result["rollout"]
            assert rollout["failed_by"] == "timeout"
            evidence = _reason(rollout)["evidence"]
            assert ": kube-controller-manager (cp-1_7d0c) has not renewed its lease for 10" in (
                evidence
            )
            given = {"impersonate_user": blind, **soon}
            failed = tasks.fails(**_agent(_NEW, labels={"tier": "a"}, **given))
            evidence = _reason(failed.result["rollout"])["evidence"]
            assert "the lease of kube-controller-manager could not be read" in evidence


def test_it_goes_on_once_the_controller_is_back_and_nothing_failed(
    api: Api, places: Callable[..., Tasks]
) -> None:
    """Whatever waits for it: each is told of it, then of its end."""
    ways: dict[str, tuple[Tasks, dict[str, Any]]] = {
        "plain": (places(), _agent(_NEW)),
        "staged": (places(), _agent(_NEW, rollout={"stages": [1, "100%"]})),
        "rebuilt": (places(), _agent(_NEW, rollout={"rebuild": True})),
        "restarted": (
            places(update_strategy=_ON_DELETE),
            {"name": "agent", "state": "restarted", "wait": True, "wait_timeout": _LONG},
        ),
        "paused": (
            places(),
            {"name": "agent", "state": "paused", "wait": True, "wait_timeout": _LONG},
        ),
        "waited": (places(), {"verb": daemonset_wait.VERB, "name": "agent", "wait_timeout": _LONG}),
        "node": (
            places(update_strategy=_ON_DELETE),
            {"verb": daemonset_node.VERB, "name": "agent", "node": "node-0", "wait_timeout": _LONG},
        ),
        "rolled back": (
            places(),
            {"verb": daemonset_rollback.VERB, "name": "agent", "wait": True, "wait_timeout": _LONG},
        ),
    }
    tasks = ways["rolled back"][0]
    tasks.ok(**_agent(_NEW))
    heard: dict[str, list[str]] = {name: [] for name in ways}
    with _away(api) as back, ThreadPoolExecutor(len(ways)) as pool:
        for name in ("waited", "node"):
            how = {"update_strategy": _ON_DELETE} if name == "node" else {}
            ways[name][0].ok(**_agent(_NEW, **{**how, "wait": False}))

        def hear(name: str, line: str) -> None:
            heard[name].append(line)
            if all(any(_UNSEEN in one for one in lines) for lines in list(heard.values())):
                back()

        def carry_out(name: str) -> Outcome:
            tasks, given = ways[name]
            return tasks.run(**given, heard=lambda line: hear(name, line))

        done = dict(zip(ways, pool.map(carry_out, ways), strict=True))
    for name, outcome in done.items():
        assert not outcome.result.get("failed"), (name, outcome.result["msg"])
        assert sum(_UNSEEN in line for line in heard[name]) <= 12, (name, heard[name])


def test_a_staged_rollout_that_the_controller_never_sees_says_so(
    api: Api, places: Callable[..., Tasks]
) -> None:
    tasks = places()
    with _away(api):
        given = {"rollout": {"stages": [1]}, "wait_timeout": 15}
        failed = tasks.fails(**_agent(_NEW, **given))
        assert f"Reasons: ControllerIdle on 2: {_UNSEEN}" in failed.result["msg"]
        assert "kube-controller-manager runs and leads" in failed.result["msg"]
        assert _reason(failed.result["rollout"])["heals"]
    # The next run goes on.
    tasks.ok(**_agent(_NEW, rollout={"stages": [1]}))


def test_a_controller_that_dies_in_the_middle_is_told_by_its_lease(
    api: Api, places: Callable[..., Tasks]
) -> None:
    tasks = places()
    with _away(api):
        for pod in api.pods(tasks.namespace, "agent"):
            path = f"/api/v1/namespaces/{tasks.namespace}/pods/{pod['metadata']['name']}"
            api.request("DELETE", path)
        eventually(lambda: not api.pods(tasks.namespace, "agent") or None, "they are gone")

        def reasons() -> list[dict[str, Any]]:
            (shown,) = tasks.info(name="agent", include=["reasons"]).result["daemonsets"]
            found: list[dict[str, Any]] = shown["reasons"]
            return found

        # What the controller last said of it is that all is well.
        tasks.api.request(
            "PATCH",
            f"/apis/apps/v1/namespaces/{tasks.namespace}/daemonsets/agent/status",
            body={"status": {"numberAvailable": 0, "numberReady": 0, "numberUnavailable": 2}},
            kind="application/merge-patch+json",
        )
        (reason,) = reasons()
        assert reason["cause"] == "NoPod"
        with _lease(api, 1000):
            (reason,) = reasons()
            assert (reason["cause"], reason["count"]) == ("ControllerIdle", 2)
            assert reason["nodes"] == ["node-0", "node-1"]
            assert "the DaemonSet controller does nothing" in reason["evidence"]


def test_a_node_whose_pod_nobody_makes_is_told_the_same(
    api: Api, places: Callable[..., Tasks]
) -> None:
    tasks = places(update_strategy=_ON_DELETE)
    with _away(api), _lease(api, 1000):
        failed = tasks.fails(
            verb=daemonset_node.VERB,
            name="agent",
            node="node-1",
            state="restarted",
            wait=True,
            wait_timeout=_LONG,
            progress_deadline_seconds=15,
        )
        (reason,) = failed.result["reasons"]
        assert (reason["cause"], reason["nodes"]) == ("ControllerIdle", ["node-1"])
        assert "the DaemonSet controller does nothing" in failed.result["msg"]


def test_info_tells_it_once_it_is_no_matter_of_moments(
    api: Api, places: Callable[..., Tasks]
) -> None:
    tasks = places()
    with _away(api), _lease(api, 1000):
        tasks.ok(**_agent(_NEW, wait=False))

        def told() -> dict[str, Any] | None:
            (shown,) = tasks.info(name="agent", include=["reasons"]).result["daemonsets"]
            found = [one for one in shown["reasons"] if one["cause"] == "ControllerIdle"]
            return found[0] if found else None

        reason = eventually(told, "it is told", within=_LONG)
        assert reason["evidence"].startswith(_UNSEEN)
        assert "has not renewed its lease for" in reason["evidence"]
