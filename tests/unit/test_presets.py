# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What most node agents say alike: what the presets become, and that the user's word counts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.test_conveniences import AGENT, REQUIRED, faults_of, pod

EVERY = {"operator": "Exists"}


def agent(**fields: Any) -> list[dict[str, Any]]:
    return [{**AGENT, **fields}]


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        (["every_node"], [None]),
        (
            ["control_plane", "critical"],
            [
                "node-role.kubernetes.io/control-plane",
                "node-role.kubernetes.io/master",
                "CriticalAddonsOnly",
            ],
        ),
        (["gpu"], ["nvidia.com/gpu", "amd.com/gpu", "gpu.intel.com/i915"]),
    ],
)
def test_tolerations_have_names(names: list[str], keys: list[str | None]) -> None:
    found = pod(tolerate=names)["tolerations"]
    assert [one.get("key") for one in found] == keys
    assert {one["operator"] for one in found} == {"Exists"}


def test_own_tolerations_come_after_those_of_the_presets_and_once() -> None:
    own = {"key": "storage", "operator": "Exists"}
    assert pod(tolerate=["every_node"], tolerations=[own, EVERY])["tolerations"] == [own, EVERY]
    assert pod(tolerate=["every_node"], tolerations=[own])["tolerations"] == [EVERY, own]


def test_an_unknown_preset_is_told() -> None:
    (fault,) = faults_of(containers=[AGENT], tolerate=["everynode"])
    assert fault.startswith("tolerate[0]: 'everynode' is not allowed")


def test_nodes_are_chosen_by_what_the_image_has() -> None:
    affinity = pod(
        operating_systems=["linux"], architectures=["amd64", "arm64"], virtual_nodes=False
    )["affinity"]["nodeAffinity"][REQUIRED]
    (term,) = affinity["nodeSelectorTerms"]
    assert [(one["key"], one["operator"], one["values"]) for one in term["matchExpressions"]] == [
        ("kubernetes.io/os", "In", ["linux"]),
        ("kubernetes.io/arch", "In", ["amd64", "arm64"]),
        ("type", "NotIn", ["virtual-kubelet"]),
        ("eks.amazonaws.com/compute-type", "NotIn", ["fargate"]),
    ]


def test_what_the_affinity_requires_has_to_hold_as_well() -> None:
    terms = [
        {"matchExpressions": [{"key": "disk", "operator": "Exists"}]},
        {"matchExpressions": [{"key": "pool", "operator": "Exists"}]},
    ]
    affinity = {"node_affinity": {REQUIRED: {"nodeSelectorTerms": terms}}}
    found = pod(affinity=affinity, architectures=["arm64"], node_names=["a"])
    made = found["affinity"]["nodeAffinity"][REQUIRED]["nodeSelectorTerms"]
    assert [[one["key"] for one in term["matchExpressions"]] for term in made] == [
        ["disk", "kubernetes.io/arch"],
        ["pool", "kubernetes.io/arch"],
    ]
    assert all(term["matchFields"][0]["values"] == ["a"] for term in made)


def test_virtual_nodes_are_left_alone_unless_they_are_ruled_out() -> None:
    assert "affinity" not in pod(virtual_nodes=True)
    assert "affinity" not in pod()


def test_a_value_that_no_label_can_have_is_a_fault() -> None:
    (fault,) = faults_of(containers=[AGENT], architectures=["x 86"])
    assert fault.startswith("architectures[0]: ")


def test_host_paths_are_mounts_with_their_volumes() -> None:
    found = pod(containers=agent(host_paths=["logs", "metrics"]))
    paths = {volume["name"]: volume["hostPath"]["path"] for volume in found["volumes"]}
    assert paths == {
        "node-log": "/var/log",
        "node-docker-logs": "/var/lib/docker/containers",
        "node-proc": "/proc",
        "node-sys": "/sys",
        "node-root": "/",
    }
    made = {mount["name"]: mount for mount in found["containers"][0]["volumeMounts"]}
    assert set(made) == set(paths)
    assert all(mount["readOnly"] for mount in made.values())
    assert made["node-root"]["mountPath"] == "/host/root"
    assert made["node-root"]["mountPropagation"] == "HostToContainer"


def test_a_mount_of_the_same_path_takes_the_place_of_the_preset() -> None:
    found = pod(
        containers=agent(
            host_paths=["logs"], volume_mounts=[{"name": "mine", "mount_path": "/var/log"}]
        ),
        volumes=[{"name": "mine", "host_path": {"path": "/var/log"}}],
    )
    assert [mount["name"] for mount in found["containers"][0]["volumeMounts"]] == [
        "mine",
        "node-docker-logs",
    ]
    assert [volume["name"] for volume in found["volumes"]] == ["mine", "node-docker-logs"]


def test_the_folder_of_the_kubelet_may_be_another() -> None:
    paths = ["kubelet_pods", "kubelet_plugins", "kubelet_registry", "device_plugins"]
    root = "/var/snap/kubelet/"
    # Only a privileged container may pass its mounts on to the node.
    containers = agent(host_paths=paths, security_context={"privileged": True})
    found = pod(kubelet_root=root, containers=containers)
    made = {volume["name"]: volume["hostPath"]["path"] for volume in found["volumes"]}
    assert made == {
        "kubelet-pods": "/var/snap/kubelet/pods",
        "kubelet-plugins": "/var/snap/kubelet/plugins",
        "kubelet-registry": "/var/snap/kubelet/plugins_registry",
        "device-plugins": "/var/snap/kubelet/device-plugins",
    }
    mounted = {mount["name"]: mount for mount in found["containers"][0]["volumeMounts"]}
    assert mounted["kubelet-pods"]["mountPath"] == "/var/snap/kubelet/pods"
    assert mounted["kubelet-pods"]["mountPropagation"] == "Bidirectional"
    assert mounted["kubelet-registry"]["mountPath"] == "/registration"
    assert mounted["device-plugins"]["mountPath"] == "/var/lib/kubelet/device-plugins"


def test_the_folder_of_the_kubelet_is_an_absolute_path() -> None:
    (fault,) = faults_of(containers=[AGENT], kubelet_root="kubelet")
    assert fault.startswith('kubelet_root: "kubelet" is no absolute path')


def test_a_hardened_container_may_do_nothing_that_it_does_not_ask_for() -> None:
    found = pod(harden=True)
    assert found["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
    assert found["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
    }


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        (
            {"privileged": True},
            {"privileged": True, "readOnlyRootFilesystem": True},
        ),
        (
            {"run_as_user": 0, "read_only_root_filesystem": False},
            {
                "runAsUser": 0,
                "readOnlyRootFilesystem": False,
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            },
        ),
        (
            {"capabilities": {"add": ["SYS_ADMIN"]}, "run_as_non_root": False},
            {
                "capabilities": {"add": ["SYS_ADMIN"], "drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": False,
            },
        ),
    ],
)
def test_what_a_container_asks_for_it_keeps(
    context: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = pod(harden=True, containers=agent(security_context=context))
    assert found["containers"][0]["securityContext"] == expected


def test_the_pods_user_and_profile_count_too() -> None:
    profile = {"type": "Unconfined"}
    found = pod(
        harden=True,
        pod_security_context={"run_as_user": 0, "seccomp_profile": profile},
        init_containers=agent(name="first"),
    )
    assert found["securityContext"]["seccompProfile"] == profile
    assert "runAsNonRoot" not in found["containers"][0]["securityContext"]
    assert found["initContainers"][0]["securityContext"]["allowPrivilegeEscalation"] is False


def test_all_images_come_from_one_place() -> None:
    found = pod(
        image_prefix="mirror.example/all/",
        containers=[
            {"name": "a", "image": "agent:1"},
            {"name": "b", "image": "mirror.example/all/b"},
        ],
        init_containers=[{"name": "c", "image": "team/c@sha256:" + "0" * 64}],
    )
    assert [one["image"] for one in found["containers"]] == [
        "mirror.example/all/agent:1",
        "mirror.example/all/b",
    ]
    assert found["initContainers"][0]["image"].startswith("mirror.example/all/team/c@sha256:")


@pytest.mark.parametrize("prefix", ["/", "https://mirror.example"])
def test_a_prefix_is_the_beginning_of_a_name(prefix: str) -> None:
    (fault,) = faults_of(containers=[AGENT], image_prefix=prefix)
    assert fault.startswith("image_prefix: ")
