# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What daemonset_info shows of what pods use, where the cluster serves metrics and where not.

What metrics-server serves is served here by a CustomResourceDefinition of the same group, version
and kind, with objects of the same shape.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.api import Api, RefusedByServerError, eventually
from tests.integration.manifests import NOWHERE
from tests.integration.returned import documented
from tests.integration.verbs import Tasks

_GROUP = "metrics.k8s.io"
_PATH = f"/apis/{_GROUP}/v1beta1"
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_CONTAINERS = [
    {
        "name": "agent",
        "image": "example.test/agent:1",
        "resources": {
            "requests": {"cpu": "100m", "memory": "64Mi"},
            "limits": {"memory": "128Mi"},
        },
    },
    {"name": "helper", "image": "example.test/helper:1"},
]


@pytest.fixture
def served(api: Api) -> Iterator[None]:
    """The API of metrics, with nothing in it."""
    anything = {"x-kubernetes-preserve-unknown-fields": True}
    schema = {
        "type": "object",
        "properties": {
            "timestamp": {"type": "string", "format": "date-time"},
            "window": {"type": "string"},
            "containers": {"type": "array", "items": {"type": "object", **anything}},
        },
    }
    api.request(
        "POST",
        _DEFINITIONS,
        body={
            "metadata": {
                "name": f"pods.{_GROUP}",
                # Names that end so are the project's own: this says that it is not approved.
                "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
            },
            "spec": {
                "group": _GROUP,
                "scope": "Namespaced",
                "names": {"plural": "pods", "kind": "PodMetrics", "listKind": "PodMetricsList"},
                "versions": [
                    {
                        "name": "v1beta1",
                        "served": True,
                        "storage": True,
                        "schema": {"openAPIV3Schema": schema},
                    }
                ],
            },
        },
    )
    _answers(api, 200)
    yield
    api.request("DELETE", f"{_DEFINITIONS}/pods.{_GROUP}")
    _answers(api, 404)


def _answers(api: Api, status: int) -> None:
    """Wait until the list of metrics is answered so; what is not served has no JSON to say so."""

    def answered() -> bool | None:
        connection = api.new_connection()
        try:
            connection.request("GET", f"{_PATH}/pods")
            return connection.getresponse().status == status or None
        finally:
            connection.close()

    eventually(answered, f"metrics are answered with {status}")


def _measure(
    api: Api, pod: dict[str, Any], containers: dict[str, tuple[str, str]], window: str = "15.5s"
) -> None:
    """Write what a pod's containers use, by their names."""
    metadata = pod["metadata"]
    body = {
        "apiVersion": f"{_GROUP}/v1beta1",
        "kind": "PodMetrics",
        "metadata": {"name": metadata["name"], "labels": metadata["labels"]},
        "timestamp": "2026-01-01T10:00:00Z",
        "window": window,
        "containers": [
            {"name": name, "usage": {"cpu": cpu, "memory": memory}}
            for name, (cpu, memory) in containers.items()
        ],
    }
    path = f"{_PATH}/namespaces/{metadata['namespace']}/pods"

    def written() -> bool:
        # A definition that is new is not known to all of the server at once.
        with contextlib.suppress(RefusedByServerError):
            api.request("POST", path, body=body)
            return True
        return False

    eventually(lambda: written() or None, "a measurement is written")


def _pods(api: Api, tasks: Tasks, name: str = "agent") -> list[dict[str, Any]]:
    return sorted(api.pods(tasks.namespace, name), key=lambda pod: str(pod["spec"]["nodeName"]))


def test_where_no_metrics_are_served_they_are_null_and_a_note_says_so(tasks: Tasks) -> None:
    tasks.ok(name="agent", containers=_CONTAINERS, wait=True)
    asked = tasks.info(name="agent", include=["metrics"])
    assert [(one.verb, one.status) for one in asked.requests] == [
        ("list", 200),
        ("list", 200),
        ("list", 404),
    ]
    (shown,) = asked.result["daemonsets"]
    assert shown["metrics"] is None
    assert shown["notes"] == [
        "The cluster serves no metrics of pods (metrics.k8s.io), so none are shown."
    ]
    assert not asked.warnings


@pytest.mark.usefixtures("served")
def test_what_the_pods_use(api: Api, tasks: Tasks) -> None:
    tasks.ok(name="agent", containers=_CONTAINERS, wait=True)
    tasks.ok(name="other", containers=_CONTAINERS[:1], wait=True)
    pods = _pods(api, tasks)
    used = [("250m", "100Mi"), ("123456789n", "51200Ki"), ("0", "0"), ("2", "1e6")]
    for pod, usage in zip(pods, used, strict=False):
        _measure(api, pod, {"agent": usage, "helper": ("1m", "1Ki")})
    # One that has no labels in common, and one of a pod that is not there any more.
    _measure(api, _pods(api, tasks, "other")[0], {"agent": ("64", "64Gi")})
    gone = {"metadata": {**pods[0]["metadata"], "name": "agent-gone0"}}
    _measure(api, gone, {"agent": ("64", "64Gi")})

    asked = tasks.info(name="agent", include=["metrics"])
    assert [request.verb for request in asked.requests] == ["list", "list", "list"]
    (shown,) = asked.result["daemonsets"]
    metrics = shown["metrics"]
    assert shown["notes"] == []
    assert (metrics["pods"], metrics["pods_without"], metrics["nodes_left_out"]) == (4, 1, 0)
    mebi = 1024 * 1024
    assert metrics["containers"] == {
        "agent": {
            "cpu_cores": 2.373456789,
            "memory_bytes": 150 * mebi + 1_000_000,
            "highest_cpu_cores": 2.0,
            "highest_memory_bytes": 100 * mebi,
            "requests": {"cpu_cores": 0.1, "memory_bytes": 64 * mebi},
            "limits": {"cpu_cores": None, "memory_bytes": 128 * mebi},
        },
        "helper": {
            "cpu_cores": 0.004,
            "memory_bytes": 4096,
            "highest_cpu_cores": 0.001,
            "highest_memory_bytes": 1024,
            "requests": {"cpu_cores": None, "memory_bytes": None},
            "limits": {"cpu_cores": None, "memory_bytes": None},
        },
    }
    assert metrics["cpu_cores"] == 2.377456789
    assert metrics["memory_bytes"] == 150 * mebi + 1_000_000 + 4096
    assert [row["node"] for row in metrics["nodes"]] == [f"node-{n}" for n in range(4)]
    assert set(metrics) == documented("metrics")
    first = metrics["nodes"][0]
    assert first == {
        "node": "node-0",
        "pod": pods[0]["metadata"]["name"],
        "cpu_cores": 0.251,
        "memory_bytes": 100 * mebi + 1024,
        "containers": {
            "agent": {"cpu_cores": 0.25, "memory_bytes": 100 * mebi},
            "helper": {"cpu_cores": 0.001, "memory_bytes": 1024},
        },
        "measured": "2026-01-01T10:00:00Z",
        "window_seconds": 15.5,
    }
    few = tasks.info(name="agent", include=["metrics"], max_pods=2).result["daemonsets"][0]
    assert [row["node"] for row in few["metrics"]["nodes"]] == ["node-0", "node-1"]
    assert few["metrics"]["nodes_left_out"] == 2
    assert few["metrics"]["memory_bytes"] == metrics["memory_bytes"]
    some = tasks.info(name="agent", include=["metrics"], nodes=["node-3", "node-4"])
    of_some = some.result["daemonsets"][0]["metrics"]
    assert ([row["node"] for row in of_some["nodes"]], of_some["nodes_left_out"]) == (["node-3"], 0)
    assert of_some["cpu_cores"] == metrics["cpu_cores"]
    both = tasks.info(include=["metrics"])
    assert len(both.requests) == 3
    found = {one["name"]: one["metrics"] for one in both.result["daemonsets"]}
    assert found["agent"] == metrics
    assert found["other"]["pods"] == 1


@pytest.mark.usefixtures("served")
def test_a_daemonset_without_pods_uses_nothing(tasks: Tasks) -> None:
    tasks.ok(name="agent", containers=_CONTAINERS, node_selector=NOWHERE)
    (shown,) = tasks.info(name="agent", include=["metrics"]).result["daemonsets"]
    assert shown["metrics"]["pods"] == 0
    assert shown["metrics"]["cpu_cores"] == 0
    assert shown["metrics"]["containers"]["agent"]["highest_memory_bytes"] is None
    assert shown["metrics"]["nodes"] == []


@pytest.mark.usefixtures("served")
def test_metrics_that_may_not_be_read_are_null_with_a_warning(api: Api, tasks: Tasks) -> None:
    tasks.ok(name="agent", containers=_CONTAINERS, wait=True)
    rules = [
        {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    ]
    reader = api.user_with(rules, tasks.namespace, "reader")
    asked = tasks.info(name="agent", include=["metrics"], impersonate_user=reader)
    (shown,) = asked.result["daemonsets"]
    assert shown["metrics"] is None
    assert "The metrics are not shown" in asked.warnings
    assert "The metrics are not shown" in shown["notes"][0]


@pytest.fixture
def broken(api: Api) -> Iterator[None]:
    """The API of metrics, registered by a server that is not there."""
    services = "/apis/apiregistration.k8s.io/v1/apiservices"
    name = f"v1beta1.{_GROUP}"
    spec = {
        "group": _GROUP,
        "version": "v1beta1",
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "insecureSkipTLSVerify": True,
        "service": {"namespace": "kube-system", "name": "metrics-server"},
    }
    api.request("POST", services, body={"metadata": {"name": name}, "spec": spec})

    _answers(api, 503)
    yield
    api.request("DELETE", f"{services}/{name}")
    _answers(api, 404)


@pytest.mark.usefixtures("broken")
def test_metrics_that_are_out_of_order_do_not_cost_the_rest(tasks: Tasks) -> None:
    tasks.ok(name="agent", containers=_CONTAINERS, wait=True)
    asked = tasks.info(name="agent", include=["metrics", "services"])
    assert not asked.result.get("failed"), asked.result["msg"]
    (shown,) = asked.result["daemonsets"]
    assert shown["metrics"] is None
    assert shown["services"] == []
    assert "The metrics are not known" in shown["notes"][0]
