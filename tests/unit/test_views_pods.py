# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pods of a DaemonSet by node: what is shown of each, and that thousands stay small."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.diagnosis import (
    trouble_of,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.owned_pods import cut_down
from ansible_collections.everynode.kubernetes.plugins.module_utils._views.pods import (
    pod_view,
    pods_view,
    without_a_pod,
)

_NOW = datetime(2026, 1, 2, tzinfo=UTC)
_CREATED = "2026-01-01T00:00:00Z"


def pod(number: int, *, ready: bool = True, **status: Any) -> dict[str, Any]:
    """A pod as the server sends it, of node-NUMBER."""
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    state = {"running": {"startedAt": _CREATED}} if ready else waiting
    container = {
        "name": "agent",
        "image": "example.test/agent:1",
        "env": [{"name": f"VARIABLE_{turn}", "value": "x" * 50} for turn in range(50)],
        "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
    }
    return {
        "metadata": {
            "name": f"agent-{number}",
            "namespace": "logging",
            "uid": f"u{number}",
            "labels": {"app": "agent", "controller-revision-hash": "6d9f7c"},
            "annotations": {"note": "x" * 500},
            "creationTimestamp": _CREATED,
            "ownerReferences": [{"kind": "DaemonSet", "name": "agent", "uid": "d1"}],
            "managedFields": [{"manager": "kubelet", "fieldsV1": {"f:status": "x" * 2000}}],
        },
        "spec": {
            "nodeName": f"node-{number}",
            "containers": [container],
            "volumes": [{"name": f"v{turn}", "emptyDir": {}} for turn in range(20)],
            "tolerations": [{"operator": "Exists"}] * 8,
        },
        "status": {
            "phase": "Running" if ready else "Pending",
            "podIP": "10.0.0.7",
            "hostIP": "192.0.2.7",
            "startTime": _CREATED,
            "conditions": [
                {"type": kind, "status": "True" if ready else "False"}
                for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
            ],
            "containerStatuses": [
                {
                    "name": "agent",
                    "ready": ready,
                    "restartCount": 2,
                    "image": "example.test/agent:1",
                    "imageID": "x" * 100,
                    "state": state,
                    "lastState": {"terminated": {"reason": "Error", "exitCode": 3}},
                }
            ],
            **status,
        },
    }


@pytest.mark.parametrize("of_server", [True, False], ids=["whole", "cut down"])
def test_a_pod(of_server: bool) -> None:
    whole = pod(7)
    assert pod_view(whole if of_server else cut_down(whole)) == {
        "name": "agent-7",
        "node": "node-7",
        "phase": "Running",
        "ready": True,
        "restarts": 2,
        "revision": "6d9f7c",
        "ip": "10.0.0.7",
        "host_ip": "192.0.2.7",
        "created": _CREATED,
        "started": _CREATED,
        "images": {"agent": "example.test/agent:1"},
        "containers": [
            {
                "name": "agent",
                "init": False,
                "ready": True,
                "restarts": 2,
                "state": "running",
                "reason": None,
                "exit_code": None,
                "since": _CREATED,
                "last_reason": "Error",
                "last_exit_code": 3,
            }
        ],
        "reason": None,
        "evidence": None,
    }


def test_a_pod_that_is_not_scheduled_is_meant_for_a_node() -> None:
    waiting = pod(3, ready=False)
    del waiting["spec"]["nodeName"]
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-3"]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    waiting["spec"]["affinity"] = {"nodeAffinity": required}
    assert pod_view(cut_down(waiting))["node"] == "node-3"


@pytest.mark.parametrize("ready", [True, False])
def test_what_is_wrong_is_known_of_a_pod_that_is_cut_down(ready: bool) -> None:
    whole = pod(1, ready=ready)
    assert trouble_of(cut_down(whole)) == trouble_of(whole)
    shown = pod_view(cut_down(whole))
    assert shown["reason"] == (None if ready else "ImagePull")
    assert shown["containers"][0]["reason"] == (None if ready else "ImagePullBackOff")


def test_the_order_is_that_of_the_nodes() -> None:
    shown, left_out = pods_view([pod(10), pod(9), pod(1)], None, 500, _NOW)
    assert [one["node"] for one in shown] == ["node-1", "node-9", "node-10"]
    assert [one["age_seconds"] for one in shown] == [86400] * 3
    assert left_out == 0


def test_only_the_pods_of_some_nodes() -> None:
    shown, left_out = pods_view([pod(number) for number in range(5)], ["node-3"], 500, _NOW)
    assert [one["node"] for one in shown] == ["node-3"]
    assert left_out == 0
    assert without_a_pod([pod(1)], ["node-1", "node-10", "node-9"]) == ["node-9", "node-10"]


def test_an_age_is_never_below_0() -> None:
    ((shown,), _left_out) = pods_view([pod(1)], None, 1, datetime(2025, 1, 1, tzinfo=UTC))
    assert shown["age_seconds"] == 0


@pytest.mark.parametrize("broken", [{4990}, set(range(5000)), set()])
def test_of_thousands_the_unwell_are_shown_and_the_rest_is_counted(broken: set[int]) -> None:
    # 5,000 pods of 8 KB each, of which a page at a time is whole.
    pods = [cut_down(pod(number, ready=number not in broken)) for number in range(5000)]
    size = len(json.dumps(pods[0]))
    assert size < 1500
    assert size < len(json.dumps(pod(0))) / 5
    shown, left_out = pods_view(pods, None, 10, _NOW)
    assert (len(shown), left_out) == (10, 4990)
    assert sum(not one["ready"] for one in shown) == min(len(broken), 10)
    assert len(json.dumps(shown)) < 10_000
