# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods replaced node by node: which ones, how many at a time, and what became of each."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.deadline import Deadline
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.connect import connect
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.feed import (
    EXPIRED,
    Event,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.revisions import (
    revisions_of,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.pods import (
    NodeOutcome,
    Proof,
    Replacing,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.rollout import Check

from tests.integration.api import MERGE, Api, eventually
from tests.integration.held import back_again
from tests.integration.manifests import simple
from tests.integration.pod_watch import PodWatch
from tests.integration.rollouts.refusing import no_pods

_NODES = [f"node-{number}" for number in range(5)]
_QUICK = Proof(grace_seconds=2, progress_deadline_seconds=30)


class Agents:
    """A DaemonSet under OnDelete with a first version everywhere, and a second one to roll out."""

    def __init__(self, api: Api, namespace: str):
        self.api = api
        self.namespace = namespace
        self.lines: list[str] = []
        self.manifest = simple("agent", namespace)
        self.manifest["spec"]["updateStrategy"] = {"type": "OnDelete"}
        api.apply(self.manifest, "tests")
        api.settled(namespace, "agent")
        self.stable = self.current()

    def update(self, image: str, **annotations: str) -> str:
        """Put another template on the object; its hash once the controller has seen it."""
        template = self.manifest["spec"]["template"]
        template["spec"]["containers"][0]["image"] = image
        template["metadata"]["annotations"] = annotations
        self.api.apply(self.manifest, "tests")
        return self.current()

    def current(self) -> str:
        def seen() -> dict[str, Any] | None:
            live = self.api.daemonset(self.namespace, "agent")
            observed = live.get("status", {}).get("observedGeneration")
            return live if observed == live["metadata"]["generation"] else None

        live = eventually(seen, "the controller has seen the template")
        return revisions_of(self.connection, live, Deadline(10))[-1].hash

    @property
    def connection(self) -> Any:
        return connect({"kubeconfig": str(self.api.cluster.kubeconfig)})

    @contextmanager
    def replacing(
        self, revision: str, proof: Proof = _QUICK, *, seconds: float = 60
    ) -> Iterator[Replacing]:
        live = self.api.daemonset(self.namespace, "agent")
        arguments = (self.connection, live, revision, proof, Deadline(seconds), self.lines.append)
        with Replacing(*arguments) as made:
            yield made

    def revisions(self) -> dict[str, str]:
        pods = self.api.pods(self.namespace, "agent")
        return {
            pod["spec"].get("nodeName", ""): pod["metadata"]["labels"]["controller-revision-hash"]
            for pod in pods
        }

    def delete_pod(self, name: str) -> None:
        self.api.request("DELETE", f"/api/v1/namespaces/{self.namespace}/pods/{name}")


@pytest.fixture
def agents(api: Api, namespace: str) -> Agents:
    return Agents(api, namespace)


def _by_node(outcomes: list[NodeOutcome]) -> dict[str, NodeOutcome]:
    return {outcome.node: outcome for outcome in outcomes}


def _background(action: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_pods_are_replaced_a_few_at_a_time(api: Api, agents: Agents, at_once: int) -> None:
    revision = agents.update("example.test/agent:2")
    with PodWatch(api, agents.namespace) as seen, agents.replacing(revision) as pods:
        assert pods.outdated() == _NODES
        outcomes = pods.replace(_NODES, at_once=at_once)
        assert pods.outdated() == []
        assert pods.soak(_NODES) == []
    assert [outcome.node for outcome in outcomes] == _NODES
    assert all(outcome.updated and not outcome.failed for outcome in outcomes)
    now = seen.uids_by_node()
    assert {o.node: [o.old_uid, o.new_uid] for o in outcomes} == now
    assert seen.most_unavailable() <= at_once
    assert set(agents.revisions().values()) == {revision}


def test_only_the_nodes_that_are_named_are_touched(api: Api, agents: Agents) -> None:
    revision = agents.update("example.test/agent:2")
    with PodWatch(api, agents.namespace) as seen, agents.replacing(revision) as pods:
        pods.replace(["node-3"], at_once=5)
        again = pods.replace(["node-1", "node-3"], at_once=5)
    assert [outcome.touched for outcome in again] == [True, False]
    assert all(outcome.updated for outcome in again)
    assert seen.restarts_by_node() == {"node-1": 1, "node-3": 1}


def test_a_bad_image_stops_it_at_the_first_node(api: Api, agents: Agents) -> None:
    revision = agents.update("example.test/agent:simulate-image-pull")
    with PodWatch(api, agents.namespace) as seen, agents.replacing(revision) as pods:
        outcomes = pods.replace(_NODES, at_once=1)
    failed = [outcome for outcome in outcomes if outcome.failed]
    assert [outcome.node for outcome in failed] == ["node-0"]
    assert failed[0].trouble is not None
    assert failed[0].trouble.cause == "ImagePull"
    assert seen.restarts_by_node() == {"node-0": 1}
    assert seen.ever_unavailable() == {"node-0"}


def test_so_many_may_fail(api: Api, agents: Agents) -> None:
    bad = {"everynode.kubernetes/simulate": "crash-loop"}
    bad["everynode.kubernetes/simulate-on"] = "node-1,node-3"
    revision = agents.update("example.test/agent:2", **bad)
    with agents.replacing(revision) as pods:
        outcomes = _by_node(pods.replace(_NODES, at_once=1, max_failures=2))
    assert {node for node, outcome in outcomes.items() if outcome.failed} == {"node-1", "node-3"}
    assert {node for node, outcome in outcomes.items() if outcome.updated} == {
        "node-0",
        "node-2",
        "node-4",
    }


def test_what_is_not_available_anyway_comes_first(api: Api, agents: Agents) -> None:
    broken = next(
        pod for pod in api.pods(agents.namespace, "agent") if pod["spec"]["nodeName"] == "node-4"
    )
    path = f"/api/v1/namespaces/{agents.namespace}/pods/{broken['metadata']['name']}"
    mark = {"metadata": {"annotations": {"everynode.kubernetes/simulate": "never-ready"}}}
    api.request("PATCH", path, body=mark, kind=MERGE)

    def unready() -> bool | None:
        conditions = api.request("GET", path)["status"]["conditions"]
        ready = next(c["status"] for c in conditions if c["type"] == "Ready")
        return ready == "False" or None

    eventually(unready, "the pod is not ready")
    revision = agents.update("example.test/agent:2")
    with PodWatch(api, agents.namespace) as seen, agents.replacing(revision) as pods:
        pods.replace(_NODES, at_once=1)
    created = [pod.node for pod in seen.pods() if pod.created is not None]
    assert created[0] == "node-4"
    assert seen.most_unavailable() == 1


def test_the_callback_comes_once_all_are_made_and_stable_pods_are_no_success(
    api: Api, agents: Agents
) -> None:
    revision = agents.update("example.test/agent:2", **_slow("slow-start", 3))
    calls = []

    def back() -> None:
        calls.append(agents.revisions())
        assert agents.update("example.test/agent:1") != revision
        # Somebody deletes a pod whose template does not stand any more.
        pod = next(
            pod
            for pod in api.pods(agents.namespace, "agent")
            if pod["spec"].get("nodeName") == "node-1"
        )
        agents.delete_pod(pod["metadata"]["name"])

    with agents.replacing(revision) as pods:
        outcomes = _by_node(
            pods.replace(["node-0", "node-1"], at_once=2, max_failures=1, when_created=back)
        )
    assert len(calls) == 1
    assert calls[0]["node-0"] == calls[0]["node-1"] == revision
    assert outcomes["node-0"].updated
    assert outcomes["node-1"].failed
    assert agents.revisions()["node-0"] == revision
    assert agents.revisions()["node-1"] != revision


def _slow(mode: str, seconds: int) -> dict[str, str]:
    return {
        "everynode.kubernetes/simulate": mode,
        "everynode.kubernetes/simulate-seconds": str(seconds),
    }


def test_pods_that_others_replace_meanwhile_are_fine(api: Api, agents: Agents) -> None:
    revision = agents.update("example.test/agent:2", **_slow("slow-start", 1))
    victims = [pod["metadata"]["name"] for pod in api.pods(agents.namespace, "agent")]

    def interfere() -> None:
        for name in victims:
            try:
                agents.delete_pod(name)
            except Exception:
                continue

    thread = _background(interfere)
    with agents.replacing(revision) as pods:
        outcomes = pods.replace(_NODES, at_once=2)
    thread.join()
    assert all(outcome.updated for outcome in outcomes)
    assert set(agents.revisions().values()) == {revision}


def test_a_new_pod_that_is_deleted_is_made_and_proven_again(api: Api, agents: Agents) -> None:
    revision = agents.update("example.test/agent:2", **_slow("slow-start", 2))

    def interfere() -> None:
        def new() -> str | None:
            for pod in api.pods(agents.namespace, "agent"):
                if pod["metadata"]["labels"]["controller-revision-hash"] == revision:
                    return str(pod["metadata"]["name"])
            return None

        agents.delete_pod(eventually(new, "a new pod is there", every=0.05))

    thread = _background(interfere)
    with PodWatch(api, agents.namespace) as seen:
        with agents.replacing(revision) as pods:
            outcomes = pods.replace(["node-2"], at_once=1)
        thread.join()
    assert outcomes[0].updated
    assert outcomes[0].new_uid == seen.uids_by_node()["node-2"][-1]


def test_a_dead_node_is_given_up_and_blocks_no_other(api: Api, agents: Agents) -> None:
    revision = agents.update("example.test/agent:2")
    _label(api, "node-0", "unreachable")
    try:
        with agents.replacing(revision, Proof(progress_deadline_seconds=10)) as pods:
            outcomes = _by_node(pods.replace(_NODES, at_once=2, max_failures=1))
    finally:
        _label(api, "node-0", "running")
    assert outcomes["node-0"].failed
    assert outcomes["node-0"].trouble is not None
    assert outcomes["node-0"].trouble.cause == "NodeNotReady"
    assert all(outcomes[node].updated for node in _NODES[1:])


def test_what_was_taken_down_before_counts(api: Api, agents: Agents) -> None:
    """A run that was cut short has deleted pods that the controller has not made anew so far."""
    revision = agents.update("example.test/agent:2", **_slow("slow-start", 1))
    api.cluster.stop("kube-controller-manager")
    outcomes: list[NodeOutcome] = []
    with PodWatch(api, agents.namespace) as seen, agents.replacing(revision, Proof()) as pods:
        uids = {pods.pods()[node]["metadata"]["uid"] for node in ("node-1", "node-2")}
        pods.remove(uids)
        eventually(lambda: seen.deleted() >= uids or None, "they are gone")
        with agents.replacing(revision, Proof()) as later:
            thread = _background(lambda: outcomes.extend(later.replace(_NODES, at_once=2)))
            time.sleep(2)
            api.cluster.start("kube-controller-manager")
            thread.join()
    assert all(outcome.updated for outcome in outcomes)
    assert seen.restarts_by_node() == dict.fromkeys(_NODES, 1)
    assert seen.most_unavailable() == 2


def _label(api: Api, node: str, value: str) -> None:
    labels = {"metadata": {"labels": {"everynode.kubernetes/kubelet": value}}}
    api.request("PATCH", f"/api/v1/nodes/{node}", body=labels, kind=MERGE)
    wanted = "True" if value == "running" else "Unknown"

    def turned() -> bool | None:
        conditions = api.request("GET", f"/api/v1/nodes/{node}")["status"]["conditions"]
        ready = next(c["status"] for c in conditions if c["type"] == "Ready")
        return ready == wanted or None

    eventually(turned, f"{node} is {value}")
    if value == "running":
        back_again(api, node)


def test_a_node_that_leaves_is_no_failure(api: Api, agents: Agents) -> None:
    never = {"everynode.kubernetes/simulate": "never-ready"}
    never["everynode.kubernetes/simulate-on"] = "node-4"
    revision = agents.update("example.test/agent:2", **never)

    def interfere() -> None:
        time.sleep(1)
        api.request("DELETE", "/api/v1/nodes/node-4")

    thread = _background(interfere)
    try:
        with agents.replacing(revision, Proof(progress_deadline_seconds=40)) as pods:
            outcomes = _by_node(pods.replace(_NODES, at_once=5))
        thread.join()
    finally:
        api.cluster.set_nodes(5)
    assert outcomes["node-4"].gone
    assert not outcomes["node-4"].failed
    assert all(outcomes[node].updated for node in _NODES[:4])


def test_restarts_while_soaking_are_failures(api: Api, agents: Agents) -> None:
    revision = agents.update("example.test/agent:2")
    with agents.replacing(revision, Proof(soak_seconds=20)) as pods:
        pods.replace(_NODES, at_once=5)
        crash = {"metadata": {"annotations": {"everynode.kubernetes/simulate": "crash-loop"}}}
        pod = next(
            pod
            for pod in api.pods(agents.namespace, "agent")
            if pod["spec"]["nodeName"] == "node-2"
        )
        path = f"/api/v1/namespaces/{agents.namespace}/pods/{pod['metadata']['name']}"
        api.request("PATCH", path, body=crash, kind=MERGE)
        failed = pods.soak(_NODES)
    assert [outcome.node for outcome in failed] == ["node-2"]
    assert failed[0].restarts > 0


def test_a_node_that_needs_no_pod_any_more_is_no_failure(api: Api, agents: Agents) -> None:
    path = "/api/v1/nodes/node-3"
    api.request("PATCH", path, body={"metadata": {"labels": {"pool": "edge"}}}, kind=MERGE)
    try:
        spec = agents.manifest["spec"]["template"]["spec"]
        spec["nodeSelector"] = {"pool": "edge"}
        revision = agents.update("example.test/agent:2")
        with agents.replacing(revision, Proof(soak_seconds=20)) as pods:
            assert pods.replace(["node-3"], at_once=1)[0].updated
            gone = {"metadata": {"labels": {"pool": None}}}
            api.request("PATCH", path, body=gone, kind=MERGE)
            eventually(lambda: not pods_of(api, agents) or None, "its pod is gone")
            assert pods.soak(["node-3"]) == []
            outcomes = pods.replace(["node-3"], at_once=1)
        assert outcomes[0].gone
        assert outcomes[0].trouble is not None
        assert "pool=edge" in outcomes[0].trouble.evidence
    finally:
        api.request("PATCH", path, body={"metadata": {"labels": {"pool": None}}}, kind=MERGE)


def pods_of(api: Api, agents: Agents) -> list[dict[str, Any]]:
    return api.pods(agents.namespace, "agent")


def test_pods_of_another_template_are_not_deleted_for_ever(api: Api, agents: Agents) -> None:
    revision = agents.update("example.test/agent:2")
    agents.update("example.test/agent:3")
    with PodWatch(api, agents.namespace) as seen, agents.replacing(revision) as pods:
        outcomes = pods.replace(["node-0", "node-1"], at_once=1)
    assert outcomes[0].failed
    assert not outcomes[1].touched
    assert seen.restarted_nodes() == {"node-0"}
    assert seen.restarts_by_node()["node-0"] <= 3


def test_a_lost_place_in_history_is_made_up_for(api: Api, agents: Agents) -> None:
    """The server tells a watch so when it no more has its version: here, in its place, we do."""
    revision = agents.update("example.test/agent:2", **_slow("slow-start", 1))
    with PodWatch(api, agents.namespace) as seen, agents.replacing(revision) as pods:
        feed = pods._table._feed

        def expire() -> None:
            for _time in range(5):
                time.sleep(0.7)
                feed._came.put(Event("", EXPIRED, {}))

        thread = _background(expire)
        outcomes = pods.replace(_NODES, at_once=2)
        thread.join()
    assert all(outcome.updated for outcome in outcomes)
    assert seen.restarts_by_node() == dict.fromkeys(_NODES, 1)
    assert seen.most_unavailable() <= 2


def test_the_deadline_ends_it(api: Api, agents: Agents) -> None:
    revision = agents.update("example.test/agent:2", **_slow("slow-start", 300))
    with agents.replacing(revision, seconds=8) as pods:
        outcomes = pods.replace(_NODES, at_once=1)
    assert [outcome.failed for outcome in outcomes] == [True, False, False, False, False]
    assert [outcome.touched for outcome in outcomes] == [True, False, False, False, False]


def test_removed_are_exactly_the_pods_that_are_named(api: Api, agents: Agents) -> None:
    with PodWatch(api, agents.namespace) as seen:
        with agents.replacing(agents.stable) as pods:
            uids = [pods.pods()[node]["metadata"]["uid"] for node in ("node-1", "node-2")]
            assert sorted(pods.remove([*uids, "no-such-uid"])) == ["node-1", "node-2"]
        eventually(lambda: seen.deleted() >= set(uids) or None, "they are gone")
        api.settled(agents.namespace, "agent")
    assert seen.deleted() == set(uids)


def test_two_pods_on_a_node_become_one(api: Api, agents: Agents) -> None:
    """A surge that was stopped half-way: nodes with an old pod and a new one that starts."""
    spec = agents.manifest["spec"]
    surge = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": 0}}
    spec["updateStrategy"] = surge
    agents.update("example.test/agent:2", **_slow("slow-start", 4))

    def both() -> bool | None:
        return len(api.pods(agents.namespace, "agent")) == 8 or None

    eventually(both, "three nodes have two pods", every=0.05)
    spec["updateStrategy"] = {"type": "OnDelete", "rollingUpdate": None}
    api.apply(agents.manifest, "tests")
    revision = agents.current()
    with agents.replacing(revision, Proof(progress_deadline_seconds=30)) as pods:
        outcomes = pods.replace(_NODES, at_once=2)
    assert all(outcome.updated for outcome in outcomes), outcomes
    found = agents.revisions()
    assert len(api.pods(agents.namespace, "agent")) == 5
    assert found == dict.fromkeys(_NODES, revision)


def test_an_api_server_that_goes_away_and_comes_back(api: Api, agents: Agents) -> None:
    revision = agents.update("example.test/agent:2", **_slow("slow-start", 1))

    def restart() -> None:
        time.sleep(1)
        api.cluster.stop("kube-apiserver")
        time.sleep(2)
        api.cluster.start("kube-apiserver")

    with PodWatch(api, agents.namespace) as seen:
        thread = _background(restart)
        with agents.replacing(revision, Proof(progress_deadline_seconds=60), seconds=120) as pods:
            outcomes = pods.replace(_NODES, at_once=1)
        thread.join()
    assert all(outcome.updated for outcome in outcomes), outcomes
    assert seen.restarts_by_node() == dict.fromkeys(_NODES, 1)
    assert seen.most_unavailable() == 1


def test_a_quota_that_allows_no_new_pod_is_named(api: Api, agents: Agents) -> None:
    revision = agents.update("example.test/agent:2")
    quota = no_pods(api, agents.namespace)
    with agents.replacing(revision) as pods:
        outcomes = pods.replace(_NODES, at_once=1)
    assert outcomes[0].trouble is not None
    assert outcomes[0].trouble.cause == "Quota"
    assert "exceeded quota" in outcomes[0].trouble.evidence
    assert not any(outcome.touched for outcome in outcomes[1:])
    api.request("DELETE", quota)


def test_without_rights_to_nodes_and_events(api: Api, agents: Agents) -> None:
    rules = [
        {
            "apiGroups": [""],
            "resources": ["pods"],
            "verbs": ["get", "list", "watch", "delete"],
        }
    ]
    user = api.user_with(rules, agents.namespace, "replacer")
    options = {"kubeconfig": str(api.cluster.kubeconfig), "impersonate_user": user}
    revision = agents.update("example.test/agent:2", **_slow("slow-start", 5))
    live = api.daemonset(agents.namespace, "agent")
    proof = Proof(progress_deadline_seconds=20)
    with Replacing(connect(options), live, revision, proof, Deadline(60), print) as pods:
        outcomes = pods.replace(["node-0", "node-1"], at_once=2)
    assert all(outcome.updated for outcome in outcomes), outcomes


def test_the_last_words_of_a_crash_are_told(api: Api, agents: Agents) -> None:
    words = ("everynode.kubernetes/log", "everynode.kubernetes/previous-log")
    said = dict.fromkeys(words, "cannot open /dev/agent")
    said["everynode.kubernetes/simulate"] = "crash-loop"
    revision = agents.update("example.test/agent:2", **said)
    # Only the crash ends it, however long the pod takes to come.
    proof = Proof(max_pod_restarts=None, grace_seconds=1)
    with agents.replacing(revision, proof, seconds=300) as pods:
        (outcome,) = pods.replace(["node-0"], at_once=1)
    assert outcome.trouble is not None, outcome
    assert outcome.trouble.cause == "CrashLoop", outcome
    assert "cannot open /dev/agent" in outcome.trouble.evidence, outcome


def test_a_pod_must_stay_ready_for_long_enough(api: Api, agents: Agents) -> None:
    agents.manifest["spec"]["minReadySeconds"] = 8
    revision = agents.update("example.test/agent:2")
    began = time.monotonic()
    proof = Proof(min_ready_seconds=8, progress_deadline_seconds=5)
    with agents.replacing(revision, proof) as pods:
        outcomes = pods.replace(["node-0"], at_once=1)
    assert outcomes[0].updated
    assert time.monotonic() - began >= 7


def test_commands_in_several_pods_run_side_by_side(agents: Agents) -> None:
    revision = agents.update("example.test/agent:2")
    # Each waits until three have begun.
    script = (
        'touch "$0/$NODE_NAME"; for i in $(seq 100); do'
        ' test "$(ls "$0" | wc -l)" -ge 3 && exit 0; sleep 0.1; done; exit 1'
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        check = Check(("sh", "-c", script, folder))
        proof = Proof(verify=check, progress_deadline_seconds=30)
        with agents.replacing(revision, proof) as pods:
            outcomes = pods.replace(["node-0", "node-1", "node-2"], at_once=3)
    assert all(outcome.updated for outcome in outcomes), outcomes
    assert [outcome.verify["rc"] for outcome in outcomes if outcome.verify] == [0, 0, 0]


def test_a_command_may_take_longer_than_a_node_may_stand_still(agents: Agents) -> None:
    revision = agents.update("example.test/agent:2")
    check = Check(("sh", "-c", "sleep 8"))
    proof = Proof(verify=check, progress_deadline_seconds=5)
    with agents.replacing(revision, proof) as pods:
        outcomes = pods.replace(["node-0"], at_once=1)
    assert outcomes[0].updated, outcomes


def test_a_pod_may_take_its_time_to_end(api: Api, agents: Agents) -> None:
    """Its own grace period is longer than a node may stand still."""
    agents.update("example.test/agent:1", **_slow("slow-stop", 10))
    with agents.replacing(agents.current()) as pods:
        pods.replace(["node-0"], at_once=1)
    revision = agents.update("example.test/agent:2")
    with agents.replacing(revision, Proof(progress_deadline_seconds=5)) as pods:
        outcomes = pods.replace(["node-0"], at_once=1)
    assert outcomes[0].updated, outcomes
