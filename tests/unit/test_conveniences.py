# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parameters of our own: what they become in the manifest, and what they do not take."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import InputError
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.build import Draft, build

AGENT = {"name": "agent", "image": "registry.example/agent:1"}
GPU = "nvidia.com/gpu"
VGPU = "nvidia.com/vgpu"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"


def draft(**params: Any) -> Draft:
    return build({"name": "agent", **params}, context_namespace="default")


def pod(**params: Any) -> dict[str, Any]:
    if "definition" not in params:
        params = {"containers": [AGENT], **params}
    found: dict[str, Any] = draft(**params).manifest["spec"]["template"]["spec"]
    return found


def container(**fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = pod(containers=[{**AGENT, **fields}])["containers"][0]
    return found


def definition(**pod_fields: Any) -> dict[str, Any]:
    labels = {"app": "agent"}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": copy.deepcopy({"containers": [AGENT], **pod_fields}),
            },
        },
    }


def faults_of(**params: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        draft(**params)
    return [str(fault) for fault in caught.value.faults]


def faults_of_container(**fields: Any) -> list[str]:
    return faults_of(containers=[{**AGENT, **fields}])


@pytest.mark.parametrize(
    ("gpu", "amounts"),
    [
        ({"resource": GPU, "count": 1}, {GPU: "1"}),
        ({"resource": "amd.com/gpu", "count": "2"}, {"amd.com/gpu": "2"}),
        (
            {"resource": VGPU, "count": 1, "cores": 0, "memory_mb": 1},
            {VGPU: "1", "nvidia.com/gpucores": "0", "nvidia.com/gpumem": "1"},
        ),
        (
            {"resource": VGPU, "count": 1, "cores": 100, "memoryMb": 4096},
            {VGPU: "1", "nvidia.com/gpucores": "100", "nvidia.com/gpumem": "4096"},
        ),
    ],
)
def test_gpus_are_limits_and_equal_requests(gpu: Any, amounts: dict[str, str]) -> None:
    assert container(gpu=gpu)["resources"] == {"limits": amounts, "requests": amounts}


def test_gpus_beside_other_resources() -> None:
    resources = {"limits": {"memory": "1Gi"}, "requests": None}
    for fields in (
        {"gpu": {"resource": GPU, "count": 1}, "resources": resources},
        {"resources": resources, "gpu": {"resource": GPU, "count": 1}},
    ):
        assert container(**fields)["resources"] == {
            "limits": {"memory": "1Gi", GPU: "1"},
            "requests": {GPU: "1"},
        }


def test_gpus_over_a_definition_that_has_both() -> None:
    both = {"limits": {GPU: "1", "cpu": "1"}, "requests": {GPU: "1"}}
    found = pod(
        definition=definition(containers=[{**AGENT, "resources": both}]),
        containers=[{"name": "agent", "gpu": {"resource": GPU, "count": 2}}],
    )
    assert found["containers"][0]["resources"] == {
        "limits": {GPU: "2", "cpu": "1"},
        "requests": {GPU: "2"},
    }


@pytest.mark.parametrize(
    ("gpu", "path", "says"),
    [
        ({"resource": GPU, "count": 0}, ".count", "0 is not allowed: it must be 1 or more"),
        ({"resource": GPU, "count": -1}, ".count", "it must be 1 or more"),
        ({"resource": GPU, "count": True}, ".count", "expects a whole number, got true"),
        ({"resource": GPU, "count": 1.5}, ".count", "expects a whole number, got 1.5"),
        ({"resource": GPU, "count": "1.5"}, ".count", "expects a whole number"),
        ({"resource": GPU}, ".count", "is missing"),
        ({"count": 1}, ".resource", "is missing"),
        ({"resource": "gpu", "count": 1}, ".resource", "nvidia.com/gpu"),
        ({"resource": "a b/gpu", "count": 1}, ".resource", "device plugin"),
        ({"resource": VGPU, "count": 1, "cores": 101}, ".cores", "from 0 to 100"),
        ({"resource": VGPU, "count": 1, "memory_mb": 0}, ".memory_mb", "1 or more"),
        ({"resource": "amd.com/gpu", "count": 1, "cores": 5}, ".cores", "nvidia.com"),
        ({"resource": GPU, "count": 1, "core": 5}, ".core", "did you mean cores?"),
        (1, "", "expects a dictionary"),
    ],
)
def test_gpus_that_cannot_be(gpu: Any, path: str, says: str) -> None:
    (told,) = faults_of_container(gpu=gpu)
    assert told.startswith(f"containers[0].gpu{path}: ")
    assert says in told


def test_all_that_is_wrong_with_gpus_is_told() -> None:
    assert len(faults_of_container(gpu={"resource": VGPU, "count": 0, "cores": 101})) == 2


def test_gpus_said_twice() -> None:
    told = faults_of_container(gpu={"resource": GPU, "count": 1}, resources={"limits": {GPU: 1}})
    assert [one.partition(": ") for one in told] == [
        (
            "containers[0].gpu",
            ": ",
            f"says how much {GPU} there is, and so does resources.limits; keep one of them",
        )
    ]


def test_a_fault_in_resources_is_told_where_it_was_written() -> None:
    told = faults_of_container(
        gpu={"resource": GPU, "count": 1}, resources={"limits": {"cpu": "much"}}
    )
    assert [one.partition(": ")[0] for one in told] == ["containers[0].resources.limits.cpu"]


_MOUNT = {"name": "host-time", "mountPath": "/etc/localtime", "readOnly": True}
_VOLUME = {"name": "host-time", "hostPath": {"path": "/etc/localtime"}}


@pytest.mark.parametrize("key", ["sync_host_timezone", "syncHostTimezone"])
def test_the_time_zone_of_the_node(key: str) -> None:
    found = pod(
        containers=[
            {**AGENT, key: True, "volume_mounts": [{"name": "x", "mount_path": "/x"}]},
            {"name": "other", "image": "other:1", key: "yes"},
        ],
        init_containers=[{"name": "first", "image": "first:1", key: False}],
        volumes=[{"name": "x", "empty_dir": {}}],
    )
    assert found["volumes"] == [{"name": "x", "emptyDir": {}}, _VOLUME]
    assert found["containers"][0]["volumeMounts"] == [{"name": "x", "mountPath": "/x"}, _MOUNT]
    assert found["containers"][1]["volumeMounts"] == [_MOUNT]
    assert "volumeMounts" not in found["initContainers"][0]


def test_the_time_zone_over_a_definition_that_has_it() -> None:
    volume = {"name": "host-time", "hostPath": {"path": "/etc/localtime", "type": ""}}
    exported = definition(containers=[{**AGENT, "volumeMounts": [_MOUNT]}], volumes=[volume])
    found = pod(definition=exported, containers=[{"name": "agent", "sync_host_timezone": True}])
    assert found["containers"][0]["volumeMounts"] == [_MOUNT]
    assert found["volumes"] == [volume]


def test_the_time_zone_said_twice() -> None:
    (told,) = faults_of(
        containers=[
            {
                **AGENT,
                "sync_host_timezone": True,
                "volume_mounts": [{"name": "z", "mount_path": "/etc/localtime"}],
            }
        ],
        volumes=[{"name": "z", "host_path": {"path": "/etc/localtime"}}],
    )
    assert told.startswith("containers[0].sync_host_timezone: mounts /etc/localtime, and so does")


@pytest.mark.parametrize("typed", [True, False])
def test_another_volume_of_the_name(typed: bool) -> None:
    wanted = [{**AGENT, "sync_host_timezone": True}]
    other = {"name": "host-time", "emptyDir": {}}
    (told,) = (
        faults_of(containers=wanted, volumes=[other])
        if typed
        else faults_of(containers=wanted, definition=definition(volumes=[other]))
    )
    assert told.startswith("containers[0].sync_host_timezone: needs the volume host-time")


def _named(*names: str) -> list[dict[str, Any]]:
    return [{"key": "metadata.name", "operator": "In", "values": [name]} for name in names]


def test_nodes_by_name() -> None:
    terms = pod(node_names=["node-1", "node-2", "node-1"])["affinity"]["nodeAffinity"][REQUIRED]
    assert terms == {
        "nodeSelectorTerms": [{"matchFields": _named("node-1")}, {"matchFields": _named("node-2")}]
    }


def test_nodes_by_name_and_what_the_affinity_requires() -> None:
    ssd = {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}
    gpu = {"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}
    affinity = {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [ssd, gpu]}}, "podAffinity": {}}
    for params in ({"affinity": affinity}, {"definition": definition(affinity=affinity)}):
        found = pod(node_names=["a", "b"], **params)["affinity"]
        assert found["podAffinity"] == {}
        assert found["nodeAffinity"][REQUIRED]["nodeSelectorTerms"] == [
            {**term, "matchFields": _named(name)} for name in ("a", "b") for term in (ssd, gpu)
        ]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([], "node_names: names no node"),
        (["node-1", "Node 2"], "node_names[1]: "),
        ([1.5], "node_names[0]: expects text"),
        ("node-1", "node_names: expects a list"),
    ],
)
def test_nodes_that_cannot_be(names: Any, told: str) -> None:
    for params in ({"containers": [AGENT]}, {"definition": definition()}):
        (fault,) = faults_of(node_names=names, **params)
        assert fault.startswith(told)


def test_the_time_that_failing_nodes_are_tolerated() -> None:
    found = draft(
        containers=[AGENT],
        tolerations=[
            {"operator": "Exists", "effect": "NoSchedule"},
            {"key": NOT_READY, "operator": "Exists", "effect": "NoExecute"},
        ],
        node_failure_toleration_seconds=0,
    )
    limited = {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0}
    assert found.manifest["spec"]["template"]["spec"]["tolerations"] == [
        {"operator": "Exists", "effect": "NoSchedule"},
        {"key": NOT_READY, **limited},
        {"key": UNREACHABLE, **limited},
    ]
    (told,) = found.warnings
    assert told.startswith("node_failure_toleration_seconds: it has no effect")


@pytest.mark.parametrize("seconds", [-1, True, "soon", 1.5])
def test_a_time_that_cannot_be(seconds: Any) -> None:
    (told,) = faults_of(containers=[AGENT], node_failure_toleration_seconds=seconds)
    assert told.startswith("node_failure_toleration_seconds: ")


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"name": "agent.v1"}, "name: "),
        ({"name": "a" * 64, "selector": {"match_labels": {"a": "b"}}}, "name: "),
        ({"description": "ü" * 257}, "description: "),
        ({"description": "x" * 257, "description_annotation": "a.example/b"}, "description: "),
        ({"dns_config": {"searches": [f"d{n}" for n in range(7)]}}, "dns_config.searches: "),
        ({"termination_grace_period_seconds": 10000}, "termination_grace_period_seconds: "),
        ({"annotations": {"kubesphere.io/alias-name": "x" * 64}}, "annotations"),
    ],
)
def test_what_consoles_refuse(params: dict[str, Any], says: str) -> None:
    params = {"containers": [AGENT], **params}
    for strict in (None, False):
        (warning,) = draft(**params, strict_names=strict).warnings
        assert warning.startswith(says)
    (fault,) = faults_of(**params, strict_names=True)
    assert fault.startswith(says)


def test_what_consoles_take() -> None:
    found = draft(
        containers=[AGENT],
        description="ü" * 256,
        dns_config={"searches": [f"d{n}" for n in range(6)]},
        strict_names=True,
    )
    assert found.warnings == []


def test_strict_names_leave_other_warnings() -> None:
    assert len(draft(containers=[{**AGENT, "image": "agent"}], strict_names=True).warnings) == 1


def test_extra_warnings() -> None:
    params: dict[str, Any] = {
        "containers": [AGENT],
        "host_network": True,
        "update_strategy": {"rolling_update": {"max_unavailable": "100%"}},
    }
    assert draft(**params).warnings == []
    told = draft(**params, extra_warnings=True).warnings
    assert [one.partition(": ")[0] for one in told] == [
        "priority_class_name",
        "dns_policy",
        "containers",
        "update_strategy.rolling_update.max_unavailable",
    ]


def test_extra_warnings_about_nothing() -> None:
    found = draft(
        containers=[{**AGENT, "resources": {"requests": {"cpu": "10m"}}}],
        priority_class_name="system-node-critical",
        extra_warnings=True,
    )
    assert found.warnings == []


@pytest.mark.parametrize(
    ("params", "limit", "told"),
    [
        ({"min_ready_seconds": 600}, 600, "min_ready_seconds, which is 600"),
        ({"min_ready_seconds": 599}, 600, ""),
        ({"min_ready_seconds": 600, "wait": False}, 600, ""),
        ({"min_ready_seconds": 600, "update_strategy": {"type": "OnDelete"}}, 600, ""),
    ],
)
def test_the_time_to_wait(params: dict[str, Any], limit: int, told: str) -> None:
    params = {"containers": [AGENT], "wait": True, "wait_timeout": limit, **params}
    if told:
        (fault,) = faults_of(**params)
        assert fault.startswith("wait_timeout: ")
        assert told in fault
    else:
        assert draft(**params).warnings == []


@pytest.mark.parametrize(
    ("probe", "warned"),
    [
        ({"failure_threshold": 30, "period_seconds": 10}, True),
        ({"failure_threshold": 29}, False),
        ({"failure_threshold": 29, "initial_delay_seconds": 10}, True),
        ({}, False),
    ],
)
def test_the_time_that_a_start_may_take(probe: dict[str, Any], warned: bool) -> None:
    slow = {**AGENT, "startup_probe": {"exec": {"command": ["true"]}, **probe}}
    warnings = draft(containers=[slow], wait=True, wait_timeout=300).warnings
    assert [one.partition(": ")[0] for one in warnings] == ["wait_timeout"] * warned
