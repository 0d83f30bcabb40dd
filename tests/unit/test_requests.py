# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a pod requests, and that its node has less than that at all."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.causes_of_pods import (
    trouble_of,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.requests import requested

_NODE = {
    "metadata": {"name": "n1"},
    "status": {
        "conditions": [{"type": "Ready", "status": "True"}],
        "allocatable": {"cpu": "4", "memory": "8Gi", "example.com/card": "1"},
    },
}


def _one(cpu: str | None, **more: Any) -> dict[str, Any]:
    return {"name": "c", "resources": {"requests": {"cpu": cpu} if cpu else {}}, **more}


@pytest.mark.parametrize(
    ("spec", "cpu"),
    [
        ({"containers": [_one(None)]}, 0.0),
        ({"containers": [_one("500m"), _one("1.5")]}, 2.0),
        ({"containers": [_one("1")], "initContainers": [_one("3"), _one("2")]}, 3.0),
        ({"containers": [_one("1")], "initContainers": [_one("2", restartPolicy="Always")]}, 3.0),
        (
            {
                "containers": [_one("1")],
                "initContainers": [_one("2", restartPolicy="Always"), _one("3")],
            },
            5.0,
        ),
        (
            {
                "containers": [_one("1")],
                "initContainers": [_one("3"), _one("1", restartPolicy="Always")],
            },
            3.0,
        ),
        ({"containers": [_one("1")], "overhead": {"cpu": "250m"}}, 1.25),
        ({"containers": [_one("1")], "resources": {"requests": {"cpu": "2"}}}, 2.0),
        ({"containers": [_one("much")]}, None),
    ],
)
def test_as_the_scheduler_counts_it(spec: dict[str, Any], cpu: float | None) -> None:
    assert requested(spec, "cpu") == cpu


def _pod(requests: dict[str, str], message: str) -> dict[str, Any]:
    failed = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    return {
        "metadata": {"name": "p", "uid": "u"},
        "spec": {"containers": [{"name": "c", "resources": {"requests": requests}}]},
        "status": {"phase": "Pending", "conditions": [{**failed, "message": message}]},
    }


@pytest.mark.parametrize(
    ("requests", "lacks", "heals"),
    [
        ({"cpu": "4"}, "1 Insufficient cpu", True),
        ({"cpu": "4001m"}, "1 Insufficient cpu", False),
        ({"cpu": "1", "memory": "9Gi"}, "1 Insufficient cpu, 1 Insufficient memory", False),
        ({"cpu": "9"}, "1 Insufficient memory", True),
        ({"example.com/card": "2"}, "1 Insufficient example.com/card", False),
        # The node does not tell of it: its device plugin may come.
        ({"example.com/other": "2"}, "1 Insufficient example.com/other", True),
    ],
)
def test_more_than_the_node_has_never_fits(
    requests: dict[str, str], lacks: str, heals: bool
) -> None:
    pod = _pod(requests, f"0/1 nodes are available: {lacks}. preemption: none.")
    found = trouble_of(pod, node=_NODE)
    assert found is not None
    assert (found.cause, found.heals) == ("Unschedulable", heals)
    assert ("requests more" in found.evidence) != heals
    unknown = trouble_of(pod)
    assert unknown is not None
    assert unknown.heals


def test_what_the_kubelet_turned_away_is_judged_alike() -> None:
    pod = _pod({"cpu": "9"}, "")
    pod["status"] = {"phase": "Failed", "reason": "OutOfcpu", "message": "not enough cpu"}
    found = trouble_of(pod, node=_NODE)
    assert found is not None
    assert (found.cause, found.heals) == ("Unschedulable", False)
