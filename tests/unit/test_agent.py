# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of a node agent, made from parameters."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.belongings import (
    ANNOTATION,
    Belongings,
    Reference,
    recorded,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.agent import (
    AGENT_LABEL,
    CHECKSUM,
    Arrangement,
    arrange,
    owner_of,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.agent_parts import (
    read_parts,
    taken_apart,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.references import (
    mentioned,
    renamed,
)

_POD: dict[str, Any] = {
    "imagePullSecrets": [{"name": "s"}],
    "initContainers": [{"name": "i", "envFrom": [{"configMapRef": {"name": "c"}}]}],
    "containers": [
        {
            "name": "c",
            "image": "s",
            "envFrom": [{"secretRef": {"name": "s"}}],
            "env": [
                {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "c"}}},
                {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "s"}}},
                {"name": "C", "value": "c"},
            ],
        }
    ],
    "volumes": [
        {"name": "c", "configMap": {"name": "c"}},
        {"name": "s", "secret": {"secretName": "s"}},
        {
            "name": "p",
            "projected": {
                "sources": [{"configMap": {"name": "c"}}, {"secret": {"name": "s"}}],
            },
        },
        {"name": "d", "csi": {"driver": "c", "nodePublishSecretRef": {"name": "s"}}},
        {"name": "e", "persistentVolumeClaim": {"claimName": "c"}},
    ],
}


def test_every_reference_is_found_and_nothing_else_is_renamed() -> None:
    assert set(mentioned(_POD)) == {("ConfigMap", "c"), ("Secret", "s")}
    assert len(list(mentioned(_POD))) == 10
    new = renamed(_POD, {("ConfigMap", "c"): "c-1", ("Secret", "s"): "s-1"})
    assert set(mentioned(new)) == {("ConfigMap", "c-1"), ("Secret", "s-1")}
    text = json.dumps(new).replace('"c-1"', '"c"').replace('"s-1"', '"s"')
    assert json.loads(text) == _POD
    assert renamed(_POD, {}) == _POD


def test_a_label_value_is_short_enough_and_tells_agents_apart() -> None:
    assert owner_of("kube-system", "agent") == "kube-system.agent"
    names = ["a" * 60 + "-one", "a" * 60 + "-two", "x." * 100 + "x"]
    owners = {owner_of("kube-system", name) for name in names}
    assert len(owners) == 3
    assert all(len(owner) <= 63 for owner in owners)


def _arranged(pod: dict[str, Any] | None = None, **params: Any) -> Arrangement:
    containers = [{"name": "agent", "ports": [{"containerPort": 9100, "name": "metrics"}]}]
    daemonset = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": "space"},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"spec": {"containers": containers, **(pod or {})}},
        },
    }
    parts = read_parts(params, [])
    assert parts.faults == []
    return arrange(parts, daemonset)


def test_a_name_follows_the_content() -> None:
    def name(**entry: Any) -> str:
        made = _arranged(config_maps=[{"name": "conf", **entry}])
        found: str = made.objects[0]["metadata"]["name"]
        return found

    one = name(data={"a": "1", "b": "2"})
    assert one == name(data={"b": "2", "a": "1"}, labels={"c": "d"})
    assert one != name(data={"a": "1", "b": "3"})
    assert name(data={"a": "1"}, versioned=False) == "conf"


def test_a_checksum_only_for_what_the_pods_use_and_what_keeps_its_name() -> None:
    plain = {"name": "conf", "data": {"a": "1"}, "versioned": False}
    pod = {"volumes": [{"name": "v", "configMap": {"name": "conf"}}]}

    def annotations(made: Arrangement) -> dict[str, str]:
        metadata = made.daemonset["spec"]["template"].get("metadata") or {}
        found: dict[str, str] = metadata.get("annotations") or {}
        return found

    assert CHECKSUM in annotations(_arranged(pod, config_maps=[plain]))
    assert annotations(_arranged(config_maps=[plain])) == {}
    assert annotations(_arranged(pod, config_maps=[{**plain, "versioned": True}])) == {}


def test_what_others_need_comes_first_and_each_has_the_label() -> None:
    made = _arranged(
        services=[{}],
        service_account={"rules": [{"verbs": ["get"], "resources": ["pods"], "apiGroups": [""]}]},
        priority_class={"value": 1},
        config_maps=[{"name": "conf"}],
        other_objects=[
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}},
            {"apiVersion": "example.test/v1", "kind": "Thing", "metadata": {"name": "t"}},
        ],
    )
    assert made.faults == []
    kinds = "Namespace PriorityClass ServiceAccount Role RoleBinding ConfigMap Service Thing"
    assert [one["kind"] for one in made.objects] == kinds.split()
    assert {one["metadata"]["labels"][AGENT_LABEL] for one in made.objects} == {"space.agent"}
    service = made.objects[-2]
    assert service["metadata"]["name"] == "agent"
    assert service["spec"] == {
        "selector": {"a": "b"},
        "ports": [{"name": "metrics", "port": 9100, "protocol": "TCP", "targetPort": "metrics"}],
    }


def test_a_secret_of_a_manifest_has_no_string_data() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "uid": "1"},
        "stringData": {"a": "b"},
    }
    (made,) = _arranged(other_objects=[secret]).objects
    assert made["data"] == {"a": "Yg=="}
    assert "stringData" not in made
    assert "uid" not in made["metadata"]


@pytest.mark.parametrize("second", ["ConfigMap", "Service"])
def test_a_second_object_of_a_name_is_a_fault(second: str) -> None:
    other = {"apiVersion": "v1", "kind": second, "metadata": {"name": "conf"}}
    made = _arranged(config_maps=[{"name": "conf", "versioned": False}], other_objects=[other])
    assert [fault.path for fault in made.faults] == (
        ["other_objects[0]"] if second == "ConfigMap" else []
    )


def test_a_definition_is_taken_apart() -> None:
    text = "kind: Service\nmetadata: {name: web}\n---\napiVersion: apps/v1\nkind: DaemonSet\n"
    params, others = taken_apart({"src_content": text})
    assert json.loads(params["src_content"])["kind"] == "DaemonSet"
    assert [path for path, _one in others] == ["src: Service web"]


def test_the_list_is_read_as_it_was_written() -> None:
    ref = Reference("v1", "ConfigMap", "space", "conf")
    other = Reference("v1", "Secret", "space", "login")
    text = Belongings([ref], [other]).as_text()
    live = {"metadata": {"annotations": {ANNOTATION: text}}}
    assert recorded(live) == Belongings([ref], [other])
    for broken in ("", "{", "[]", '{"current": [1]}'):
        assert recorded({"metadata": {"annotations": {ANNOTATION: broken}}}) == Belongings()
