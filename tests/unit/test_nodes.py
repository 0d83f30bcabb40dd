# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict on a DaemonSet, and the reasons of its pods."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes import diagnosis
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.readiness import verdict


def daemonset(status: dict[str, int], strategy: str = "RollingUpdate") -> dict[str, Any]:
    return {
        "metadata": {"generation": 2},
        "spec": {"updateStrategy": {"type": strategy}},
        "status": status,
    }


def counts(desired: int, updated: int, available: int, observed: int = 2) -> dict[str, int]:
    return {
        "observedGeneration": observed,
        "desiredNumberScheduled": desired,
        "updatedNumberScheduled": updated,
        "numberAvailable": available,
    }


@pytest.mark.parametrize(
    ("obj", "state"),
    [
        pytest.param(daemonset({}), "observing", id="no status yet"),
        pytest.param(daemonset(counts(3, 3, 3, observed=1)), "observing", id="generation"),
        pytest.param(daemonset(counts(3, 2, 3)), "updating", id="old pods are available too"),
        pytest.param(daemonset(counts(3, 3, 2)), "starting", id="not available"),
        pytest.param(daemonset(counts(3, 3, 3)), "ready", id="all"),
        pytest.param(daemonset(counts(0, 0, 0)), "ready", id="no eligible node"),
        pytest.param(daemonset(counts(3, 0, 3), "OnDelete"), "ready", id="OnDelete"),
        pytest.param(
            daemonset(counts(3, 3, 3, observed=1), "OnDelete"),
            "observing",
            id="OnDelete unseen",
        ),
    ],
)
def test_verdict(obj: dict[str, Any], state: str) -> None:
    found = verdict(obj)
    assert found.state == state
    assert found.ready == (state == "ready")


def test_an_object_on_its_way_out_is_not_ready() -> None:
    obj = daemonset(counts(1, 1, 1))
    obj["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert verdict(obj).state == "deleting"


def pod(node: str = "n1", ready: str = "False", **status: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": ready}, *status.pop("conditions", [])]
    return {
        "metadata": {"name": f"p-{node}"},
        "spec": {"nodeName": node},
        "status": {"phase": "Running", "conditions": conditions, **status},
    }


def waiting(reason: str, message: str = "", last: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "containerStatuses": [
            {
                "name": "c",
                "ready": False,
                "state": {"waiting": {"reason": reason, "message": message}},
                "lastState": {"terminated": last} if last else {},
            }
        ]
    }


@pytest.mark.parametrize(
    ("obj", "cause", "words"),
    [
        pytest.param(
            pod(**waiting("ErrImagePull", "no such")), "ErrImagePull", "no such", id="pull"
        ),
        pytest.param(
            pod(
                **waiting("CrashLoopBackOff", "back-off", {"reason": "OOMKilled", "exitCode": 137})
            ),
            "CrashLoopBackOff",
            "OOMKilled, code 137",
            id="crash loop",
        ),
        pytest.param(
            pod(
                phase="Pending",
                conditions=[
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "taint",
                    }
                ],
            ),
            "Unschedulable",
            "taint",
            id="unschedulable",
        ),
        pytest.param(pod(phase="Pending"), "Pending", "not started", id="pending"),
        pytest.param(
            pod(containerStatuses=[{"name": "c", "ready": False, "state": {"running": {}}}]),
            "NotReady",
            "not ready: c",
            id="not ready",
        ),
    ],
)
def test_reasons(obj: dict[str, Any], cause: str, words: str) -> None:
    found = diagnosis.reason_of(obj)
    assert found is not None
    assert found[0] == cause
    assert words in found[1]


def test_a_ready_pod_has_no_reason() -> None:
    assert diagnosis.reason_of(pod(ready="True")) is None


def test_reasons_are_grouped_and_bounded() -> None:
    pods = [pod(f"n{i:04}", **waiting("ErrImagePull", "x" * 5000)) for i in range(5000)]
    groups = diagnosis.reasons(pods)
    assert groups[0]["count"] == 5000
    assert groups[0]["nodes"] == ["n0000", "n0001", "n0002", "n0003", "n0004"]
    assert len(diagnosis.in_words(groups)) < 1000


def test_the_node_of_an_unscheduled_pod_comes_from_its_affinity() -> None:
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n7"]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    assert diagnosis.node_of({"spec": {"affinity": {"nodeAffinity": required}}}) == "n7"
