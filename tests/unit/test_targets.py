# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of a chosen pod, names that were meant, and many things side by side."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import targets
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.many_at_once import (
    side_by_side,
)


def pod(**parts: Any) -> dict[str, Any]:
    metadata = {"name": "agent-x", "namespace": "logging", "uid": "u1", **parts.pop("metadata", {})}
    spec = {"nodeName": "node-1", "containers": [{"name": "one"}, {"name": "two"}]}
    return {"metadata": metadata, "spec": spec | parts.pop("spec", {}), **parts}


def status(phase: str, **states: Any) -> dict[str, Any]:
    containers = [{"name": name, "state": state} for name, state in states.items()]
    return {"phase": phase, "containerStatuses": containers}


def test_what_is_kept_of_a_pod() -> None:
    spec = {
        "initContainers": [{"name": "prepare"}, {"name": "sidecar", "restartPolicy": "Always"}],
        "ephemeralContainers": [{"name": "debugger"}],
    }
    state = status("Running", one={"running": {}}, two={"running": {}})
    state["initContainerStatuses"] = [
        {"name": "prepare", "state": {"terminated": {"reason": "Completed", "exitCode": 0}}},
        {"name": "sidecar", "state": {"running": {}}},
    ]
    kept = targets.target_of(pod(spec=spec, status=state))
    assert (kept.namespace, kept.node, kept.pod, kept.uid) == (
        "logging",
        "node-1",
        "agent-x",
        "u1",
    )
    assert kept.containers == ("one", "two")
    assert kept.init_containers == ("prepare", "sidecar")
    assert kept.all_containers == ("one", "two", "prepare", "sidecar", "debugger")
    assert kept.default_container == "one"
    assert (kept.phase, kept.running, kept.ending) == ("Running", True, False)
    assert kept.idle == {
        "prepare": "it has ended (Completed, exit code 0)",
        "debugger": "it has not started",
    }


@pytest.mark.parametrize(
    ("annotated", "default"), [("two", "two"), ("three", "one"), (None, "one")]
)
def test_the_default_container(annotated: str | None, default: str) -> None:
    annotations = {"kubectl.kubernetes.io/default-container": annotated} if annotated else None
    kept = targets.target_of(pod(metadata={"annotations": annotations}))
    assert kept.default_container == default


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"waiting": {"reason": "CrashLoopBackOff"}}, "it waits (CrashLoopBackOff)"),
        ({"waiting": {}}, "it waits (no reason is told)"),
        ({"terminated": {"reason": "Error", "exitCode": 2}}, "it has ended (Error, exit code 2)"),
        ({}, "it has not started"),
    ],
)
def test_why_a_container_does_not_run(state: dict[str, Any], words: str) -> None:
    kept = targets.target_of(pod(status=status("Running", one=state, two={"running": {}})))
    assert kept.idle == {"one": words}


def test_a_pod_on_its_way_out_does_not_run() -> None:
    ending = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    kept = targets.target_of(pod(metadata=ending, status=status("Running")))
    assert (kept.phase, kept.running, kept.ending) == ("Running", False, True)
    assert targets.target_of(pod()).phase == "Unknown"


def missing(nodes: list[str] | None, pods: list[str] | None) -> list[str]:
    spec = [{"nodeName": name} for name in ("node-1", "node-3", "edge-a.example.com")]
    names = ("agent-aaaaa", "agent-bbbbb", "agent-ccccc")
    found = [
        targets.target_of(pod(metadata={"name": name}, spec=one))
        for name, one in zip(names, spec, strict=True)
    ]
    return [one.why for one in targets._missing(found, nodes, pods, "DaemonSet n/agent")]


@pytest.mark.parametrize(
    ("node", "end"),
    [
        ("node-2", "on node-2."),
        ("nodde-1", "on nodde-1; did you mean node-1?"),
        ("node-03", "on node-03; did you mean node-3?"),
        ("edge-a", "on edge-a; did you mean edge-a.example.com?"),
        ("other", "on other."),
    ],
)
def test_nodes_that_were_meant(node: str, end: str) -> None:
    assert missing([node, node], None) == [f"There is no pod of DaemonSet n/agent {end}"]


def test_pods_that_were_meant() -> None:
    assert missing(None, ["agent-aaaab", "agent-ccccc", "x"]) == [
        "DaemonSet n/agent has no pod agent-aaaab; did you mean agent-aaaaa?",
        "DaemonSet n/agent has no pod x: it may have been replaced meanwhile.",
    ]


def test_faults_of_the_parameters() -> None:
    given = {"name": "a b", "namespace": None, "nodes": ["n", " "], "pods": [""]}
    assert [fault.path for fault in targets.faults(given)] == ["name", "nodes[1]", "pods[0]"]
    given = {"name": "agent", "namespace": "logging", "nodes": [], "pods": None}
    assert targets.faults(given) == []


@pytest.mark.parametrize(
    ("nodes", "pods", "narrow"),
    [
        (None, None, {}),
        (["n1"], None, {"fieldSelector": "spec.nodeName=n1"}),
        (["n1", "n2"], None, {}),
        (None, ["p"], {"fieldSelector": "metadata.name=p"}),
        (["n1,spec.nodeName!=n1"], None, {}),
    ],
)
def test_one_of_thousands_is_asked_for_alone(
    nodes: list[str] | None, pods: list[str] | None, narrow: dict[str, str]
) -> None:
    assert targets._narrow(nodes, pods) == narrow


@pytest.mark.parametrize(("many", "at_once"), [(0, 3), (1, 3), (7, 1), (7, 3), (3, 100)])
def test_results_are_in_order_and_no_more_run_than_may(many: int, at_once: int) -> None:
    running, most, lock = 0, 0, threading.Lock()

    def do(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.01 * (many - number))
        with lock:
            running -= 1
        return number * number

    expected = [number * number for number in range(many)]
    assert side_by_side(range(many), do, at_once) == expected
    assert most <= at_once


def test_what_is_not_expected_ends_the_whole() -> None:
    begun: list[int] = []

    def do(number: int) -> None:
        begun.append(number)
        if number == 1:
            raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        side_by_side(range(1000), do, 1)
    assert len(begun) < 1000
