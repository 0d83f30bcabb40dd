# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is kept of pods, nodes and events is what a diagnosis looks at."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.smaller import (
    small_event,
    small_node,
    small_pod,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.causes_of_pods import (
    trouble_of,
)

_LOTS = [{"name": f"V{number}", "value": "x" * 50} for number in range(50)]


def pod(ready: str = "False", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "p", "uid": "u", "managedFields": [{}], "annotations": {"a": "b"}},
        "spec": {
            "containers": [{"name": "c", "image": "i", "env": _LOTS, "volumeMounts": [{}]}],
            "volumes": [{}],
            **spec,
        },
        "status": {
            "phase": "Pending",
            "conditions": [
                {"type": "Ready", "status": ready},
                {"type": "Initialized", "status": "True"},
            ],
            "containerStatuses": [{"name": "c", "ready": False, "imageID": "i", "state": {}}],
        },
    }


def test_a_pod_that_is_ready_says_where_it_is() -> None:
    assert small_pod(pod("True", nodeName="n")) == {
        "metadata": {"name": "p", "uid": "u"},
        "spec": {"nodeName": "n"},
        "status": {"phase": "Pending", "conditions": [{"type": "Ready", "status": "True"}]},
    }


def test_of_others_no_more_is_kept_than_tells_why() -> None:
    found = small_pod(pod(nodeName="n"))
    assert len(json.dumps(found)) < 400
    assert found["spec"]["containers"] == [{"name": "c", "image": "i"}]
    assert found["status"]["containerStatuses"] == [{"name": "c", "ready": False, "state": {}}]


def test_one_that_is_going_is_not_well() -> None:
    made = pod("True", nodeName="n")
    made["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a/b"]}
    assert trouble_of(small_pod(made)) == trouble_of(made)


_UNSCHEDULED = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available: "}
_NODE = {
    "metadata": {"name": "n", "labels": {}},
    "spec": {"taints": [{"key": "a/b", "effect": "NoSchedule"}]},
    "status": {
        "conditions": [{"type": "Ready", "status": "True"}],
        "allocatable": {"cpu": "1"},
    },
}


@pytest.mark.parametrize(
    ("message", "spec", "words"),
    [
        ("1 Insufficient cpu.", {"overhead": {"cpu": "2"}}, "more cpu than"),
        ("1 Insufficient cpu.", {"resources": {"requests": {"cpu": "2"}}}, "more cpu than"),
        ("1 node(s) had untolerated taint(s).", {}, "a/b:NoSchedule"),
        (
            "1 node(s) didn't match Pod's node affinity/selector.",
            {"tolerations": [{"operator": "Exists"}], "nodeSelector": {"k": "v"}},
            "k=v is wanted",
        ),
        (
            "1 node(s) didn't have free ports.",
            {
                "hostNetwork": True,
                "initContainers": [{"name": "s", "ports": [{"containerPort": 80}]}],
            },
            "80/TCP",
        ),
        ("", {"schedulerName": "mine"}, "0/1 nodes"),
    ],
)
def test_why_there_is_no_node_is_told_as_before(
    message: str, spec: dict[str, Any], words: str
) -> None:
    made = pod(**spec)
    made["status"]["conditions"].append(
        {**_UNSCHEDULED, "message": _UNSCHEDULED["message"] + message}
    )
    found = trouble_of(small_pod(made), node=small_node(_NODE))
    assert found == trouble_of(made, node=_NODE)
    assert found is not None
    assert words in found.evidence


def test_secrets_are_hidden_as_before() -> None:
    made = pod(nodeName="n")
    made["spec"]["containers"][0]["env"] = [*_LOTS, {"name": "TOKEN", "value": "hunter2"}]
    last = {"exitCode": 1, "message": "no login with hunter2"}
    made["status"]["containerStatuses"][0]["state"] = {"terminated": last}
    found = trouble_of(small_pod(made))
    assert found is not None
    assert found.evidence == "container c: exit code 1; message: no login with ********"


def test_events() -> None:
    made = {
        "metadata": {"name": "e", "creationTimestamp": "t", "managedFields": []},
        "involvedObject": {"kind": "Pod", "uid": "u", "fieldPath": "spec.containers{c}"},
        "reason": "Unhealthy",
        "message": "m",
        "lastTimestamp": "t",
        "source": {"host": "n"},
    }
    assert small_event(made) == {
        "metadata": {"creationTimestamp": "t"},
        "involvedObject": {"uid": "u", "fieldPath": "spec.containers{c}"},
        "reason": "Unhealthy",
        "message": "m",
        "lastTimestamp": "t",
    }
