# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a task's parameters to a manifest: merging, what follows, faults and where they are."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import InputError
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.build import (
    Draft,
    build,
    complete,
    identity,
)

AGENT = {"name": "agent", "image": "registry.example/agent:1"}
DEFINITION = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "defined", "namespace": "system", "labels": {"team": "a", "tier": "b"}},
    "spec": {
        "selector": {"matchLabels": {"app": "agent"}},
        "template": {
            "metadata": {"labels": {"app": "agent"}},
            "spec": {
                "containers": [
                    {
                        "name": "agent",
                        "image": "registry.example/agent:1",
                        "env": [
                            {
                                "name": "NODE",
                                "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}},
                            },
                            {"name": "LEVEL", "value": "info"},
                        ],
                        "ports": [
                            {"containerPort": 53, "name": "dns-tcp"},
                            {"containerPort": 53, "name": "dns", "protocol": "UDP"},
                        ],
                        "livenessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 5},
                        "volumeMounts": [{"name": "state", "mountPath": "/state"}],
                    },
                    {"name": "helper", "image": "registry.example/helper:1"},
                ],
                "volumes": [{"name": "state", "hostPath": {"path": "/var/lib/agent"}}],
                "tolerations": [{"operator": "Exists"}],
                "nodeSelector": {"disk": "ssd", "kubernetes.io/os": "linux"},
                "serviceAccount": "old",
            },
        },
    },
}


def draft(**params: Any) -> Draft:
    return build(params, context_namespace="context")


def over_definition(**params: Any) -> Any:
    return draft(definition=copy.deepcopy(DEFINITION), **params).manifest


def pod_of(manifest: Any) -> Any:
    return manifest["spec"]["template"]["spec"]


def faults_of(**params: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        draft(**params)
    return [str(fault) for fault in caught.value.faults]


def test_typed_parameters_alone() -> None:
    found = draft(
        name="agent",
        labels={"team": "a"},
        description="Looks after the node.",
        pod_labels={"app": "agent"},
        containers=[AGENT],
        host_network=True,
        min_ready_seconds="5",
        description_annotation=None,
    )
    assert found.manifest == {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {
            "name": "agent",
            "namespace": "context",
            "labels": {"team": "a"},
            "annotations": {"kubernetes.io/description": "Looks after the node."},
        },
        "spec": {
            "template": {
                "metadata": {"labels": {"app": "agent"}},
                "spec": {"containers": [AGENT], "hostNetwork": True},
            },
            "minReadySeconds": 5,
        },
    }
    assert not found.selector_given
    assert not found.namespace_given


def test_a_definition_alone_stays_as_it_is() -> None:
    found = draft(definition=DEFINITION)
    assert found.manifest == DEFINITION
    assert found.selector_given
    assert found.namespace_given


def test_a_definition_may_be_text_or_a_file() -> None:
    text = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: a}\n"
    pod = "spec: {template: {spec: {containers: [{name: c, image: i, tty: %s}]}}}\n"
    assert pod_of(draft(definition=text + pod % "true").manifest)["containers"][0]["tty"] is True
    assert faults_of(src="f.yml", src_content=text + pod % "1") == [
        "src.spec.template.spec.containers[0].tty: expects true or false, got 1"
    ]


@pytest.mark.parametrize(
    ("params", "namespace", "given"),
    [
        ({"definition": DEFINITION}, "system", True),
        ({"definition": DEFINITION, "namespace": "mine"}, "mine", True),
        ({"name": "a", "containers": [AGENT], "namespace": "mine"}, "mine", True),
        ({"name": "a", "containers": [AGENT]}, "context", False),
    ],
)
def test_the_namespace(params: dict[str, Any], namespace: str, given: bool) -> None:
    found = draft(**params)
    assert found.manifest["metadata"]["namespace"] == namespace
    assert found.namespace_given is given
    assert identity(params, "context")[0] == namespace


def test_parameters_go_before_the_definition() -> None:
    manifest = over_definition(name="typed", dns_policy="Default")
    assert manifest["metadata"]["name"] == "typed"
    assert pod_of(manifest)["dnsPolicy"] == "Default"


def test_maps_merge_by_key_and_null_removes() -> None:
    manifest = over_definition(
        labels={"tier": None, "new": 1}, node_selector={"disk": "hdd", "absent": None}
    )
    assert manifest["metadata"]["labels"] == {"team": "a", "new": "1"}
    assert pod_of(manifest)["nodeSelector"] == {"disk": "hdd", "kubernetes.io/os": "linux"}


def test_lists_merge_by_their_keys_in_the_definitions_order() -> None:
    manifest = over_definition(
        containers=[
            {"name": "new", "image": "registry.example/new:1"},
            {
                "name": "agent",
                "image": "registry.example/agent:2",
                "env": [{"name": "MORE", "value": 1}, {"name": "LEVEL", "value": "debug"}],
                "ports": [{"container_port": "53", "protocol": "udp", "name": "dns-udp"}],
                "volume_mounts": [{"name": "state", "mount_path": "/state", "read_only": True}],
            },
        ]
    )
    agent, helper, new = pod_of(manifest)["containers"]
    assert [agent["name"], helper["name"], new["name"]] == ["agent", "helper", "new"]
    assert agent["image"] == "registry.example/agent:2"
    assert agent["env"] == [
        DEFINITION["spec"]["template"]["spec"]["containers"][0]["env"][0],  # type: ignore[index]
        {"name": "LEVEL", "value": "debug"},
        {"name": "MORE", "value": "1"},
    ]
    assert agent["ports"] == [
        {"containerPort": 53, "name": "dns-tcp"},
        {"containerPort": 53, "name": "dns-udp", "protocol": "UDP"},
    ]
    assert agent["volumeMounts"] == [{"name": "state", "mountPath": "/state", "readOnly": True}]


def test_lists_without_keys_are_replaced() -> None:
    tolerations = [{"key": "a", "operator": "Exists"}]
    assert pod_of(over_definition(tolerations=tolerations))["tolerations"] == tolerations
    assert pod_of(over_definition(tolerations=[]))["tolerations"] == []


@pytest.mark.parametrize(
    ("params", "path", "expected"),
    [
        (
            {"volumes": [{"name": "state", "empty_dir": {}}]},
            ("volumes", 0),
            {"name": "state", "emptyDir": {}},
        ),
        (
            {"volumes": [{"name": "state", "host_path": {"type": "Directory"}}]},
            ("volumes", 0, "hostPath"),
            {"path": "/var/lib/agent", "type": "Directory"},
        ),
        (
            {"containers": [{"name": "agent", "env": [{"name": "NODE", "value": "a"}]}]},
            ("containers", 0, "env", 0),
            {"name": "NODE", "value": "a"},
        ),
        (
            {
                "containers": [
                    {
                        "name": "agent",
                        "env": [
                            {
                                "name": "NODE",
                                "value_from": {"secret_key_ref": {"name": "s", "key": "k"}},
                            }
                        ],
                    }
                ]
            },
            ("containers", 0, "env", 0, "valueFrom"),
            {"secretKeyRef": {"name": "s", "key": "k"}},
        ),
        (
            {"containers": [{"name": "agent", "liveness_probe": {"tcp_socket": {"port": 53}}}]},
            ("containers", 0, "livenessProbe"),
            {"periodSeconds": 5, "tcpSocket": {"port": 53}},
        ),
        (
            {"containers": [{"name": "agent", "liveness_probe": {"period_seconds": None}}]},
            ("containers", 0, "livenessProbe"),
            {"exec": {"command": ["true"]}},
        ),
    ],
)
def test_of_alternatives_the_typed_one_counts(
    params: dict[str, Any], path: tuple[str | int, ...], expected: Any
) -> None:
    found = pod_of(over_definition(**params))
    for part in path:
        found = found[part]
    assert found == expected


def test_the_old_name_of_the_service_account_goes() -> None:
    pod = pod_of(over_definition(service_account_name="new"))
    assert pod["serviceAccountName"] == "new"
    assert "serviceAccount" not in pod


def test_a_typed_selector_replaces_the_definitions() -> None:
    manifest = over_definition(selector={"match_labels": {"team": "x"}})
    assert manifest["spec"]["selector"] == {"matchLabels": {"team": "x"}}
    labels = manifest["spec"]["template"]["metadata"]["labels"]
    assert labels == {"app": "agent", "team": "x"}


def test_nulls_in_parameters_say_nothing() -> None:
    found = draft(
        name="a",
        containers=[{**AGENT, "liveness_probe": None, "env": [{"name": "A", "value": None}]}],
        pod_annotations={"a": None},
    )
    assert pod_of(found.manifest)["containers"] == [{**AGENT, "env": [{"name": "A"}]}]
    assert found.manifest["spec"]["template"]["metadata"]["annotations"] == {}


def test_nulls_in_a_definition_are_kept() -> None:
    definition = copy.deepcopy(DEFINITION)
    definition["spec"]["template"]["spec"]["affinity"] = None  # type: ignore[index]
    assert pod_of(draft(definition=definition).manifest)["affinity"] is None


@pytest.mark.parametrize(
    ("strategy", "rolling"),
    [
        ({"max_surge": 1}, {"maxSurge": 1, "maxUnavailable": 0}),
        ({"max_surge": "10%"}, {"maxSurge": "10%", "maxUnavailable": 0}),
        ({"max_surge": 0}, {"maxSurge": 0}),
        ({"max_surge": "0%"}, {"maxSurge": "0%"}),
        ({"max_unavailable": "50%"}, {"maxUnavailable": "50%"}),
        ({"max_surge": 0, "max_unavailable": 2}, {"maxSurge": 0, "maxUnavailable": 2}),
    ],
)
def test_surge_alone_lets_no_pod_be_unavailable(
    strategy: dict[str, Any], rolling: dict[str, Any]
) -> None:
    found = draft(name="a", containers=[AGENT], update_strategy={"rolling_update": strategy})
    assert found.manifest["spec"]["updateStrategy"]["rollingUpdate"] == rolling


def test_surge_takes_the_place_of_unavailable_in_the_definition() -> None:
    definition = copy.deepcopy(DEFINITION)
    definition["spec"]["updateStrategy"] = {"rollingUpdate": {"maxUnavailable": 3}}  # type: ignore[index]
    found = draft(definition=definition, update_strategy={"rollingUpdate": {"maxSurge": 1}})
    rolling = found.manifest["spec"]["updateStrategy"]["rollingUpdate"]
    assert rolling == {"maxSurge": 1, "maxUnavailable": 0}


def test_the_description() -> None:
    other = "kubesphere.io/description"
    manifest = over_definition(description="Words", description_annotation=other)
    assert manifest["metadata"]["annotations"] == {other: "Words"}
    assert over_definition(description="")["metadata"]["annotations"] == {}


@pytest.mark.parametrize("key", ["kubernetes.io/description", "example.org/about"])
def test_the_description_has_a_limit(key: str) -> None:
    params = {"name": "a", "containers": [AGENT], "description_annotation": key}
    draft(**params, description="\u4e2d" * 512)
    (fault,) = faults_of(**params, description="\u4e2d" * 513)
    assert fault.startswith("description: ")
    assert "512" in fault


# Faults


def test_nothing_given() -> None:
    assert faults_of() == [
        "containers: is missing: state present needs containers, or a definition that has them",
        "name: is missing: give a name, or a definition that has one",
    ]


def test_an_empty_list_of_containers() -> None:
    (fault,) = faults_of(name="a", containers=[])
    assert fault.startswith("containers: is empty: ")


def test_a_definition_without_containers() -> None:
    definition = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "a"}}
    (fault,) = faults_of(definition=definition)
    assert fault.startswith("definition.spec.template.spec.containers: is missing")


def test_all_faults_come_at_once_in_order_and_in_the_users_words() -> None:
    containers: list[dict[str, Any]] = [{"name": f"c{i}", "image": "i"} for i in range(11)]
    containers[2] = {
        "name": "Bad",
        "image": "i",
        "ports": [{"containerPort": 0, "hostPort": 99999}],
    }
    containers[10] = {
        "name": "c10",
        "imagee": "i",
        "volume_mounts": [{"name": "x", "mount_path": "/"}],
    }
    found = faults_of(name="-", containers=containers, min_ready_seconds=True, labels={"a b": "c"})
    paths = [fault.partition(": ")[0] for fault in found]
    assert paths == [
        "containers[2].name",
        "containers[2].ports[0].containerPort",
        "containers[2].ports[0].hostPort",
        "containers[10].imagee",
        "containers[10].volume_mounts[0].name",
        "labels['a b']",
        "min_ready_seconds",
        "name",
    ]


def test_faults_name_the_source_that_has_the_wrong_value() -> None:
    definition = copy.deepcopy(DEFINITION)
    definition["spec"]["template"]["spec"]["containers"][1]["image"] = ""  # type: ignore[index]
    found = faults_of(
        definition=definition,
        containers=[{"name": "new"}, {"name": "agent", "ports": [{"container_port": 70000}]}],
    )
    assert [fault.partition(": ")[0] for fault in found] == [
        "containers[0].image",
        "containers[1].ports[0].container_port",
        "definition.spec.template.spec.containers[1].image",
    ]


def test_an_unreadable_definition_hides_no_fault_of_the_parameters() -> None:
    found = faults_of(definition="[", containers=[{"nam": "a"}])
    assert [fault.partition(": ")[0] for fault in found] == ["containers[0].nam", "definition"]


def test_what_a_fault_makes_wrong_is_not_told_again() -> None:
    found = faults_of(name=5, containers=[{"name": "a", "image": 1.5}])
    assert found == ["containers[0].image: expects text, got a decimal number; put it in quotes"]


def test_warnings_have_the_users_path() -> None:
    found = draft(name="a", containers=[AGENT], host_network=True, dns_policy="ClusterFirst")
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith("dns_policy: ")


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (("spec", "template", "spec", "containers", 0, "image"), "containers[1].image"),
        (("spec", "template", "spec", "containers", 0, "workingDir"), "containers[1].working_dir"),
        (
            ("spec", "template", "spec", "containers", 0, "env", 0, "name"),
            "definition.spec.template.spec.containers[0].env[0].name",
        ),
        (
            ("spec", "template", "spec", "containers", 0, "env", 2, "value"),
            "containers[1].env[0].value",
        ),
        (("spec", "template", "spec", "containers", 2, "args"), "containers[0].args"),
        (
            ("spec", "template", "spec", "containers", 1, "workingDir"),
            "definition.spec.template.spec.containers[1].workingDir",
        ),
        (
            ("spec", "template", "spec", "containers", 0, "imagePullPolicy"),
            "containers[1].always_pull",
        ),
        (("metadata", "annotations", "kubernetes.io/description"), "description"),
        (("spec", "template", "metadata", "labels", "a/b"), "pod_labels['a/b']"),
    ],
)
def test_the_way_back_to_what_the_user_wrote(path: tuple[str | int, ...], shown: str) -> None:
    found = draft(
        definition=DEFINITION,
        containers=[
            {"name": "new", "image": "i"},
            {
                "name": "agent",
                "image": "i",
                "always_pull": True,
                "volume_mounts": [],
                "env": [{"name": "MORE", "value": "a"}],
            },
        ],
        description="Words",
        pod_labels={"a/b": "c"},
    )
    assert found.user_path(path) == shown


# The selector


def completed(live: dict[str, Any] | None, **params: Any) -> Any:
    return complete(draft(containers=[AGENT], **params), live)["spec"]


def live_with(**selector: Any) -> dict[str, Any]:
    return {"spec": {"selector": selector}}


def test_a_new_daemonset_is_selected_by_its_name() -> None:
    spec = completed(None, name="agent", pod_labels={"a": "b"})
    assert spec["selector"] == {"matchLabels": {"app.kubernetes.io/name": "agent"}}
    assert spec["template"]["metadata"]["labels"] == {"a": "b", "app.kubernetes.io/name": "agent"}


def test_the_live_selector_stays() -> None:
    spec = completed(live_with(matchLabels={"k8s-app": "agent"}), name="agent")
    assert spec["selector"] == {"matchLabels": {"k8s-app": "agent"}}
    assert spec["template"]["metadata"]["labels"] == {"k8s-app": "agent"}


def test_a_given_selector_fills_the_pod_labels() -> None:
    spec = completed(None, name="agent", selector={"matchLabels": {"app": "agent"}})
    assert spec["template"]["metadata"]["labels"] == {"app": "agent"}


def test_the_live_order_of_a_selector_counts() -> None:
    def expression(*keys: str) -> list[dict[str, Any]]:
        return [{"key": key, "operator": "In", "values": ["a", "b"]} for key in keys]

    live = live_with(matchExpressions=expression("y", "x"))
    spec = completed(
        live,
        name="agent",
        selector={"match_expressions": expression("x", "y")},
        pod_labels={"x": "a", "y": "b"},
    )
    assert spec["selector"] == live["spec"]["selector"]


def test_a_selector_cannot_change() -> None:
    with pytest.raises(InputError) as caught:
        completed(
            live_with(matchLabels={"app": "old"}),
            name="agent",
            selector={"match_labels": {"app": "new"}},
        )
    message = str(caught.value)
    assert "selector: is not that of the existing DaemonSet (app=old)" in message
    assert "on_selector_change" in message


@pytest.mark.parametrize(
    ("live", "told"),
    [
        (None, "give a selector"),
        (live_with(matchLabels={"app.kubernetes.io/name": "agent"}), "cannot be changed"),
    ],
)
def test_pod_labels_that_contradict_a_selector_nobody_gave(
    live: dict[str, Any] | None, told: str
) -> None:
    with pytest.raises(InputError) as caught:
        completed(live, name="agent", pod_labels={"app.kubernetes.io/name": "other"})
    (fault,) = caught.value.faults
    assert fault.path == "pod_labels"
    assert told in fault.problem


def test_a_long_name_needs_a_selector() -> None:
    name = "a" * 64
    with pytest.raises(InputError) as caught:
        completed(None, name=name)
    assert "give a selector" in str(caught.value)
    assert completed(None, name=name, selector={"matchLabels": {"app": "a"}})
    assert completed(live_with(matchLabels={"app": "a"}), name=name)


def test_completing_changes_no_draft() -> None:
    found = draft(name="agent", containers=[AGENT])
    before = copy.deepcopy(found.manifest)
    complete(found, None)["metadata"]["x"] = "y"
    assert found.manifest == before


# Identity


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ({}, "name: is missing"),
        ({"name": "../x"}, "name: "),
        ({"name": "a", "namespace": "A/b"}, "namespace: "),
        ({"definition": "no: manifest"}, "definition: "),
    ],
)
def test_no_identity(params: dict[str, Any], fault: str) -> None:
    with pytest.raises(InputError) as caught:
        identity(params, "context")
    (found,) = caught.value.faults
    assert str(found).startswith(fault)


def test_the_identity_needs_no_containers() -> None:
    assert identity({"name": "a", "containers": "not looked at"}, "context") == ("context", "a")
    assert identity({"definition": DEFINITION}, "context") == ("system", "defined")


@pytest.mark.parametrize(
    ("source", "renewed", "warns"),
    [
        ({"config_map": {"name": "conf"}}, {("ConfigMap", "conf")}, False),
        ({"secret": {"secret_name": "conf"}}, {("Secret", "conf")}, False),
        ({"config_map": {"name": "conf"}}, {("Secret", "conf"), ("ConfigMap", "other")}, True),
        ({"config_map": {"name": "conf"}}, set(), True),
    ],
)
def test_a_file_that_is_renewed_with_its_pods_never_gets_old(
    source: dict[str, Any], renewed: set[tuple[str, str]], warns: bool
) -> None:
    mount = {"name": "conf", "mount_path": "/etc/agent.conf", "sub_path": "agent.conf"}
    params = {
        "name": "agent",
        "containers": [{**AGENT, "volume_mounts": [mount]}],
        "volumes": [{"name": "conf", **source}],
    }
    draft = build(params, context_namespace="default", renewed=renewed)
    assert any("until the pod is restarted" in text for text in draft.warnings) is warns
