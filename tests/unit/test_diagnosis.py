# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of causes of a DaemonSet."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes import diagnosis

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def at(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def pod(node: str = "n1", ready: str = "False", **status: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": ready, "lastTransitionTime": at(-300)}]
    metadata = {
        "name": f"p-{node}",
        "uid": f"uid-{node}",
        "creationTimestamp": at(-300),
        **status.pop("metadata", {}),
    }
    return {
        "metadata": metadata,
        "spec": {"nodeName": node},
        "status": {"phase": "Running", "conditions": conditions, **status},
    }


def waiting(reason: str, message: str = "", last: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "containerStatuses": [
            {
                "name": "c",
                "image": "img:1",
                "ready": False,
                "state": {"waiting": {"reason": reason, "message": message}},
                "lastState": {"terminated": last} if last else {},
            }
        ]
    }


def daemonset(desired: int, available: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "metadata": {"uid": "ds", "name": "x", "namespace": "n"},
        "spec": {"template": {"spec": {}}, **more},
        "status": {"desiredNumberScheduled": desired, "numberAvailable": available},
    }


def node(name: str, ready: str = "True", taint: str = "", effect: str = "NoSchedule") -> Any:
    taints = [{"key": taint, "effect": effect}] if taint else []
    return {
        "metadata": {"name": name},
        "spec": {"taints": taints},
        "status": {"conditions": [{"type": "Ready", "status": ready, "reason": "Told"}]},
    }


def event(uid: str, reason: str, message: str, seconds: float = 0) -> dict[str, Any]:
    return {
        "involvedObject": {"uid": uid},
        "reason": reason,
        "message": message,
        "lastTimestamp": at(seconds),
    }


def causes(found: list[dict[str, Any]]) -> dict[str, tuple[int, list[str]]]:
    return {one["cause"]: (one["count"], one["nodes"]) for one in found}


def test_nothing_is_wrong() -> None:
    assert diagnosis.reasons(daemonset(1, 1), [pod(ready="True")]) == []
    assert diagnosis.reasons(daemonset(0), [], nodes=[], events=[], logs={}, now=NOW) == []
    assert diagnosis.in_words([]) == ""


def test_reasons_are_grouped_and_bounded() -> None:
    pods = [pod(f"n{i:04}", **waiting("ErrImagePull", "x" * 5000)) for i in range(5000)]
    nodes = [node(f"n{i:04}") for i in range(5000)]
    events = [event(f"uid-n{i:04}", "Failed", "y" * 5000) for i in range(5000)]
    groups = diagnosis.reasons(daemonset(5000), pods, nodes=nodes, events=events, now=NOW)
    assert len(groups) == 1
    assert groups[0]["cause"] == "ImagePull"
    assert groups[0]["count"] == 5000
    assert groups[0]["nodes"] == ["n0000", "n0001", "n0002", "n0003", "n0004"]
    assert len(json.dumps(groups)) < 1000
    assert len(diagnosis.in_words(groups)) < 1000
    assert "and 4995 more" in diagnosis.in_words(groups)


def test_whatever_is_wrong_everywhere_the_table_is_bounded() -> None:
    kinds = [
        waiting("ErrImagePull", "x" * 900),
        waiting("CrashLoopBackOff", last={"exitCode": 1, "message": "y" * 900}),
        waiting("CrashLoopBackOff", last={"exitCode": 137, "reason": "OOMKilled"}),
        waiting("CreateContainerConfigError", "z" * 900),
        waiting("ContainerCreating"),
        waiting("SomethingNew", "w" * 900),
        {"phase": "Failed", "reason": "Evicted", "message": "v" * 900},
        {"phase": "Failed", "reason": "NodePorts", "message": "u" * 900},
        {"phase": "Failed", "reason": "OutOfcpu", "message": "t" * 900},
        {"metadata": {"deletionTimestamp": at(0), "finalizers": ["s" * 900]}},
    ]
    pods = [pod(f"{'node' * 60}{i:04}", **dict(kinds[i % 10])) for i in range(4000)]
    groups = diagnosis.reasons(daemonset(5000), pods)
    assert len(groups) == 11
    assert sum(group["count"] for group in groups) == 5000
    assert len(json.dumps(groups)) < 11 * (300 + 5 * 250 + 200)
    assert diagnosis.in_words(groups).endswith("; and 6 more causes")


def test_the_most_frequent_cause_goes_first() -> None:
    pods = [
        pod("a", **waiting("ErrImagePull", "denied")),
        pod("b", **waiting("ContainerCreating")),
        pod("c", **waiting("ContainerCreating")),
        pod("d", ready="True"),
    ]
    found = diagnosis.reasons(daemonset(4, 1), pods)
    assert list(causes(found)) == ["Starting", "ImagePull"]
    assert found[0] == {
        "cause": "Starting",
        "count": 2,
        "nodes": ["b", "c"],
        "evidence": "container c: ContainerCreating",
        "heals": True,
    }
    assert diagnosis.in_words(found) == (
        "Starting on 2 (b, c): container c: ContainerCreating;"
        " ImagePull on 1 (a): container c, image img:1: denied"
    )


def test_nodes_come_in_their_natural_order() -> None:
    names = [f"node-{number}" for number in (10, 1, 2, 11)]
    pods = [pod(name, **waiting("ErrImagePull")) for name in names]
    ordered = ["node-1", "node-2", "node-10", "node-11"]
    assert causes(diagnosis.reasons(daemonset(4), pods)) == {"ImagePull": (4, ordered)}
    found = diagnosis.reasons(daemonset(4), [], nodes=[node(name) for name in names], events=[])
    assert causes(found) == {"NoPod": (4, ordered)}


def test_a_cause_that_heals_on_some_nodes_only_is_told_twice() -> None:
    """Else those on which it does would count as hopeless."""
    busy = waiting("ErrImagePull", "toomanyrequests: slow down")
    gone = waiting("ErrImagePull", "manifest unknown")
    pods = [pod("a", **busy), pod("b", **gone), pod("c", **busy)]
    first, second = diagnosis.reasons(daemonset(3), pods)
    assert (first["nodes"], first["heals"]) == (["a", "c"], True)
    assert (second["nodes"], second["heals"]) == (["b"], False)
    assert second["evidence"] == "container c, image img:1: manifest unknown"
    (found,) = diagnosis.reasons(daemonset(1), pods[:1])
    assert found["heals"]


def test_a_node_counts_once_by_its_newest_pod() -> None:
    leaving = pod("a", metadata={"deletionTimestamp": at(0), "creationTimestamp": at(-5)})
    old = pod("a", ready="True", metadata={"uid": "old"})
    new = pod("a", metadata={"uid": "new", "creationTimestamp": at(-1)}, **waiting("ErrImagePull"))
    failed = pod("a", phase="Failed", metadata={"uid": "f", "creationTimestamp": at(-2)})
    for pods in ([old, new, leaving, failed], [failed, leaving, new, old]):
        assert causes(diagnosis.reasons(daemonset(1), pods)) == {"ImagePull": (1, ["a"])}
    assert diagnosis.reasons(daemonset(1), [failed, old, leaving]) == []
    assert list(causes(diagnosis.reasons(daemonset(1), [leaving]))) == ["Terminating"]


def test_of_two_pods_of_one_second_the_one_that_is_not_ready_is_the_new_one() -> None:
    old = pod("a", ready="True", metadata={"uid": "old", "creationTimestamp": at(-1)})
    new = pod("a", metadata={"uid": "new", "creationTimestamp": at(-1)}, **waiting("ErrImagePull"))
    for pods in ([old, new], [new, old]):
        assert causes(diagnosis.reasons(daemonset(1), pods)) == {"ImagePull": (1, ["a"])}


def test_pods_that_name_no_node_count_one_by_one() -> None:
    nameless = [{"metadata": {"uid": str(n)}, "spec": {"schedulerName": "s"}} for n in range(3)]
    assert causes(diagnosis.reasons(daemonset(3), nameless)) == {"Starting": (3, [])}


# --- nodes without a pod


@pytest.mark.parametrize("nodes_known", [False, True])
@pytest.mark.parametrize(
    ("events", "cause", "heals", "words"),
    [
        (None, "NoPod", True, "events were not read"),
        ([], "NoPod", True, "no event says why"),
        ([event("other", "FailedCreate", "exceeded quota")], "NoPod", True, "no event says why"),
        (
            [
                event("ds", "FailedCreate", "Error creating: x", -60),
                event("ds", "FailedCreate", "is forbidden: exceeded quota: q"),
            ],
            "Quota",
            False,
            "exceeded quota: q",
        ),
        (
            [event("ds", "FailedCreate", 'failed calling webhook "w"')],
            "Webhook",
            True,
            'failed calling webhook "w"',
        ),
    ],
)
def test_nodes_without_a_pod(
    events: list[dict[str, Any]] | None, cause: str, heals: bool, words: str, nodes_known: bool
) -> None:
    nodes = [node("a"), node("b"), node("c"), node("t", taint="x")] if nodes_known else None
    found = diagnosis.reasons(
        daemonset(3), [pod("a", ready="True")], nodes=nodes, events=events, now=NOW
    )
    assert causes(found) == {cause: (2, ["b", "c"] if nodes_known else [])}
    assert found[0]["heals"] is heals
    assert words in found[0]["evidence"]
    assert diagnosis.in_words(found).startswith(f"{cause} on 2")


def _changed(*entries: tuple[float, dict[str, Any]]) -> dict[str, Any]:
    live = daemonset(1)
    live["metadata"]["managedFields"] = [
        {"manager": "everynode", "time": at(seconds), **more} for seconds, more in entries
    ]
    return live


@pytest.mark.parametrize(
    ("entries", "counts"),
    [
        ([], True),
        ([(-61, {"fieldsV1": {"f:spec": {}}})], True),
        ([(-60, {"fieldsV1": {"f:spec": {}}})], True),
        ([(-59, {"fieldsV1": {"f:spec": {}}})], False),
        ([(-90, {"fieldsV1": {"f:spec": {}}}), (-30, {"fieldsV1": {"f:spec": {}}})], False),
        # What is no wish for other pods.
        ([(-30, {"fieldsV1": {"f:metadata": {}}})], True),
        ([(-30, {"fieldsV1": {"f:status": {}}, "subresource": "status"})], True),
    ],
)
def test_what_was_refused_before_the_last_change_may_be_over(
    entries: list[tuple[float, dict[str, Any]]], counts: bool
) -> None:
    events = [event("ds", "FailedCreate", "is forbidden: exceeded quota: q", -60)]
    (found,) = diagnosis.reasons(_changed(*entries), [], events=events)
    assert (found["cause"], found["heals"]) == (("Quota", False) if counts else ("NoPod", True))
    assert "exceeded quota: q" in found["evidence"]
    assert ("before that" in found["evidence"]) != counts


def test_refusals_say_nothing_where_no_pod_is_missing() -> None:
    events = [event("ds", "FailedCreate", "is forbidden: exceeded quota: q")]
    assert diagnosis.reasons(daemonset(1, 1), [pod("a", ready="True")], events=events) == []


def test_pods_on_nodes_that_are_not_eligible() -> None:
    pods = [pod("a", ready="True"), pod("b"), pod("c")]
    ended = node("b", taint="x", effect="NoExecute")
    # The controller wants none there either, but an old one uses up maxUnavailable.
    sick = node("c", "Unknown", taint="node.kubernetes.io/unreachable")
    found = diagnosis.reasons(daemonset(1, 1), pods, nodes=[node("a"), ended, sick])
    assert causes(found) == {"NodeNotReady": (1, ["c"])}


def test_a_pod_on_a_node_that_came_after_the_nodes_were_read_counts() -> None:
    found = diagnosis.reasons(daemonset(2), [pod("a"), pod("new")], nodes=[node("a")])
    assert causes(found) == {"NotReady": (2, ["a", "new"])}


# --- events and logs find their pods


def test_events_and_logs_of_each_pod() -> None:
    crashed = waiting("CrashLoopBackOff", last={"exitCode": 1})
    pods = [pod("a", **waiting("ContainerCreating")), pod("b", **crashed), pod("c", **crashed)]
    mount = 'MountVolume.SetUp failed for volume "v" : hostPath type check failed: /v is not a file'
    found = diagnosis.reasons(
        daemonset(3),
        pods,
        events=[event("uid-a", "FailedMount", mount), event("uid-b", "BackOff", "Back-off")],
        logs={"uid-b": "no such device\n"},
    )
    assert causes(found) == {"CrashLoop": (2, ["b", "c"]), "HostPathType": (1, ["a"])}
    assert found[0]["evidence"] == "container c: exit code 1; log: no such device"


def test_the_logs_that_are_worth_reading() -> None:
    def crashing(node: str, container: str, image: str, **state: Any) -> dict[str, Any]:
        one: dict[str, Any] = {"name": container, "image": image, "state": state, "ready": False}
        if "terminated" not in state:
            one["lastState"] = {"terminated": {"exitCode": 1}}
        return pod(node, containerStatuses=[one])

    backing_off = {"waiting": {"reason": "CrashLoopBackOff"}}
    pods = [
        crashing("a0", "never", "ran", terminated={"exitCode": 128, "reason": "StartError"}),
        crashing("f", "z", "never reached", **backing_off),
        crashing("a", "c", "i", **backing_off),
        crashing("b", "c", "i", **backing_off),
        crashing("c", "c", "other", running={}),
        crashing("d", "d", "i", terminated={"exitCode": 1}),
        pod("e", ready="True", containerStatuses=[{"name": "c", "lastState": {"terminated": {}}}]),
        pod("e2", **waiting("ErrImagePull")),
        pod("e3", containerStatuses=[{"name": "i", "state": {"terminated": {"exitCode": 0}}}]),
    ]
    wanted = diagnosis.needs(pods)
    assert [(one.pod["spec"]["nodeName"], one.container, one.previous) for one in wanted] == [
        ("a", "c", False),
        ("c", "c", True),
        ("d", "d", False),
    ]
    assert diagnosis.needs([]) == []


# --- clocks


def test_a_controller_whose_clock_is_behind() -> None:
    pods = [pod(f"n{n}", ready="True") for n in range(5)]
    for late, name in enumerate(("n1", "n3")):
        pods[int(name[1])]["status"]["conditions"][0]["lastTransitionTime"] = at(-60 + late)
    obj = daemonset(5, 3, minReadySeconds=10)
    found = diagnosis.reasons(obj, pods, now=NOW)
    assert causes(found) == {"ClockSkew": (2, ["n1", "n3"])}
    assert found[0]["heals"]
    assert diagnosis.reasons(obj, pods) == []
    assert diagnosis.reasons(daemonset(5, 5, minReadySeconds=10), pods, now=NOW) == []
    assert diagnosis.reasons(daemonset(5, 3), pods, now=NOW) == []


def test_pods_that_became_available_a_moment_ago_are_no_sign_of_skew() -> None:
    pods = [pod("a", ready="True")]
    pods[0]["status"]["conditions"][0]["lastTransitionTime"] = at(-15)
    assert diagnosis.reasons(daemonset(1, 0, minReadySeconds=10), pods, now=NOW) == []


def test_a_kubelet_whose_clock_is_ahead() -> None:
    pods = [pod("a", ready="True"), pod("b", ready="True")]
    pods[0]["status"]["conditions"][0]["lastTransitionTime"] = at(120)
    found = diagnosis.reasons(daemonset(2, 1, minReadySeconds=10), pods, now=NOW)
    assert causes(found) == {"ClockSkew": (1, ["a"])}
    assert "120 seconds ahead" in found[0]["evidence"]


# --- old pods that stay


def _numbered(obj: dict[str, Any], number: str) -> dict[str, Any]:
    obj["metadata"]["labels"] = {"pod-template-generation": number}
    return obj


@pytest.mark.parametrize(
    ("reason", "seconds", "told"),
    [
        pytest.param("FailedDelete", 0, True, id="it may not delete them"),
        pytest.param("FailedCreate", 0, False, id="another refusal"),
        pytest.param("FailedDelete", -90, False, id="before the change"),
    ],
)
def test_old_pods_that_the_controller_may_not_delete(
    reason: str, seconds: float, told: bool
) -> None:
    live = daemonset(3, 3)
    live["metadata"] |= {
        "annotations": {"deprecated.daemonset.template.generation": "2"},
        "managedFields": [{"time": at(-60), "fieldsV1": {"f:spec": {}}}],
    }
    pods = [
        _numbered(pod("a", ready="True"), "1"),
        _numbered(pod("b", ready="True"), "2"),
        _numbered(pod("c", ready="True"), "1"),
    ]
    words = 'Error deleting: admission webhook "keep.example" denied the request: kept'
    found = diagnosis.reasons(live, pods, events=[event("ds", reason, words, seconds)], now=NOW)
    assert causes(found) == ({"Webhook": (2, ["a", "c"])} if told else {})
    assert not told or (found[0]["evidence"], found[0]["heals"]) == (words, False)
    assert diagnosis.reasons(live, pods, events=None, now=NOW) == []
    pods[1]["metadata"]["creationTimestamp"] = at(1)
    assert diagnosis.reasons(live, pods, events=[event("ds", reason, words, seconds)]) == []
