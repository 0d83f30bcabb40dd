# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever pods, nodes and events hold or lack, there is a diagnosis of bounded length."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster import smaller
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes import (
    causes_of_pods,
    diagnosis,
    eligibility,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.readiness import (
    Allowance,
    verdict,
)
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
CAUSES = set(
    "ImagePull CrashLoop OutOfMemory InitFailed ContainerConfig ProbeFailed Unschedulable"
    " HostPortTaken VolumeMount HostPathType Quota PodSecurity Webhook NodeNotReady NodePressure"
    " Evicted Terminating ClockSkew NoPod Starting NotReady".split()
)
TEXT = st.text(max_size=12) | st.sampled_from(
    ["failed for volume", "0/5 nodes are available: 1 x, 2 y. preemption: z", "free ports"]
)
TIMES = st.sampled_from([None, "2026-01-01T11:59:00Z", "2026-01-01T13:00:00Z", "not a time"])
NODES = st.sampled_from(["n1", "n2", "n3", ""])
STATUSES = st.sampled_from(["True", "False", "Unknown"])


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects that have most of the fields; null is as good as lacking."""
    return st.fixed_dictionaries(
        {key: st.one_of(value, value, value, st.none()) for key, value in fields.items()}
    )


REASONS = st.sampled_from(
    [
        "ErrImagePull",
        "ImagePullBackOff",
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "ContainerCreating",
        "OOMKilled",
        "StartError",
        "Evicted",
        "NodePorts",
        "OutOfcpu",
        "Unhealthy",
        "FailedMount",
        "FailedScheduling",
        "FailedCreate",
        "Failed",
        "new",
    ]
)
CODES = st.integers(0, 255)
ENDED = some(reason=REASONS, message=TEXT).flatmap(
    lambda made: st.just(made) | CODES.map(lambda code: {**made, "exitCode": code})
)
STATES = some(
    waiting=some(reason=REASONS, message=TEXT), running=some(startedAt=TIMES), terminated=ENDED
)
CONTAINERS = st.lists(
    some(
        name=st.sampled_from(["a", "b"]),
        image=TEXT,
        ready=st.booleans(),
        started=st.booleans(),
        restartCount=st.integers(0, 9),
        state=STATES,
        lastState=some(terminated=ENDED),
    ),
    max_size=2,
)
CONDITIONS = st.lists(
    some(
        type=st.sampled_from(["Ready", "ContainersReady", "PodScheduled", "DiskPressure"]),
        status=STATUSES,
        reason=TEXT,
        message=TEXT,
        lastTransitionTime=TIMES,
    ),
    max_size=3,
)
PODS = some(
    metadata=some(
        uid=st.sampled_from(["u1", "u2"]),
        deletionTimestamp=TIMES,
        creationTimestamp=TIMES,
        finalizers=st.lists(TEXT, max_size=1),
        labels=some(**{"controller-revision-hash": st.sampled_from(["x", "y"])}),
    ),
    spec=some(
        nodeName=NODES,
        schedulerName=TEXT,
        hostNetwork=st.booleans(),
        readinessGates=st.just([{"conditionType": "x"}]),
        containers=st.lists(some(name=st.sampled_from(["a", "b"]), readinessProbe=some())),
        initContainers=st.lists(some(name=st.just("a"), restartPolicy=st.just("Always"))),
    ),
    status=some(
        phase=st.sampled_from(["Pending", "Running", "Failed", "Succeeded"]),
        reason=REASONS,
        message=TEXT,
        conditions=CONDITIONS,
        containerStatuses=CONTAINERS,
        initContainerStatuses=CONTAINERS,
    ),
)
CLUSTER_NODES = st.lists(
    some(
        metadata=some(name=NODES, labels=st.dictionaries(TEXT, TEXT, max_size=1)),
        spec=some(
            taints=st.lists(
                some(key=TEXT, effect=st.sampled_from(["NoSchedule", "NoExecute"])), max_size=1
            )
        ),
        status=some(conditions=CONDITIONS),
    ),
    max_size=4,
)
EVENTS = st.lists(
    some(
        involvedObject=some(uid=st.sampled_from(["u1", "u2", "ds"]), fieldPath=TEXT),
        reason=REASONS,
        message=TEXT,
        lastTimestamp=TIMES,
        series=some(lastObservedTime=TIMES),
    ),
    max_size=4,
)
DAEMONSETS = st.fixed_dictionaries(
    {
        "metadata": st.just({"uid": "ds", "name": "d", "namespace": "n", "generation": 1}),
        "spec": st.fixed_dictionaries(
            {"template": st.just({"spec": {}})},
            optional={"minReadySeconds": st.integers(0, 90)},
        ),
        "status": some(
            observedGeneration=st.just(1),
            desiredNumberScheduled=st.integers(0, 5),
            updatedNumberScheduled=st.integers(0, 5),
            numberAvailable=st.integers(0, 5),
            numberMisscheduled=st.integers(0, 2),
        ),
    }
)


@settings(max_examples=200)
@given(
    daemonset=DAEMONSETS,
    pods=st.lists(PODS, min_size=1, max_size=3),
    nodes=st.none() | CLUSTER_NODES,
    events=st.none() | EVENTS,
    now=st.sampled_from([None, NOW]),
)
def test_there_is_always_a_diagnosis(
    daemonset: dict[str, Any],
    pods: list[dict[str, Any]],
    nodes: list[dict[str, Any]] | None,
    events: list[dict[str, Any]] | None,
    now: datetime | None,
) -> None:
    found = diagnosis.reasons(
        daemonset, pods, nodes=nodes, events=events, now=now, logs={"u1": "the last line"}
    )
    assert {group["cause"] for group in found} <= CAUSES
    for group in found:
        assert group["count"] >= max(1, len(group["nodes"]))
        assert len(group["nodes"]) <= 5
        assert 0 < len(group["evidence"]) <= 300
        assert group["evidence"].isprintable()
    assert json.loads(json.dumps(found)) == found
    assert bool(diagnosis.in_words(found)) == bool(found)
    assert len(diagnosis.needs(pods)) <= 3
    assert sum(one["count"] for one in eligibility.without_pod(daemonset, nodes or [], pods)) <= 4


@settings(max_examples=150)
@given(pod=PODS, events=EVENTS, log=TEXT, now=st.sampled_from([None, NOW]))
def test_what_is_kept_of_a_pod_tells_as_much(
    pod: dict[str, Any], events: list[dict[str, Any]], log: str, now: datetime | None
) -> None:
    spec = pod["spec"] or {}
    spec = {**spec, "containers": spec.get("containers") or []}
    pod = {**pod, "metadata": pod["metadata"] or {}, "spec": spec}
    kept = smaller.small_pod(pod)
    for least in (0, 30):
        told = [
            causes_of_pods.trouble_of(one, events=events, log=log, min_ready_seconds=least, now=now)
            for one in (pod, kept)
        ]
        assert told[0] == told[1]


@settings(max_examples=200)
@given(
    daemonset=DAEMONSETS,
    pods=st.none() | st.lists(PODS, max_size=3),
    nodes=st.none() | CLUSTER_NODES,
    budget=st.none() | st.sampled_from(["0", "1", "3", "10%", "50%", "100%"]),
    cap=st.none() | st.sampled_from(["0", "1", "3", "50%"]),
    by_numbers=st.booleans(),
)
def test_no_more_is_excused_than_allowed(
    daemonset: dict[str, Any],
    pods: list[dict[str, Any]] | None,
    nodes: list[dict[str, Any]] | None,
    budget: str | None,
    cap: str | None,
    by_numbers: bool,
) -> None:
    strict = verdict(daemonset)
    found = verdict(
        daemonset, Allowance(budget, cap), pods=pods, nodes=nodes, now=NOW, by_numbers=by_numbers
    )
    desired = strict.counts["desired"]

    def limit(share: str | None) -> int:
        if share is None:
            return 0
        return int(share[:-1]) * desired // 100 if share.endswith("%") else int(share)

    assert len(found.excused) <= limit(budget) + limit(cap)
    by_node = [node for node, why in found.excused if "not Ready" in why]
    assert len(by_node) <= limit(cap)
    assert found.ready or not found.excused
    if strict.ready:
        assert found == strict
    elif found.ready:
        assert found.excused
        assert len(found.excused) >= strict.shortfall
    assert len(found.as_result().get("excused", {}).get("nodes", [])) <= 5
