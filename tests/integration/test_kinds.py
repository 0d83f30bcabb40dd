# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of the built-in table: applied, found unchanged with one request, changed, deleted."""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterator
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.deadline import Deadline
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster import (
    fieldset,
    kinds,
    managers,
    objects,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.applying import (
    Applied,
    apply,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.connect import connect
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.connection import (
    Cluster as Connection,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.options import (
    CONNECTION_SPEC,
)

from tests.integration.api import APPLY, Api, Request

RBAC = "rbac.authorization.k8s.io/v1"
_ACCOUNT = {"kind": "ServiceAccount", "name": "agent", "namespace": "default"}
_USER = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "someone"}
_RULES = [
    {"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["apps"], "resources": ["daemonsets"], "resourceNames": ["a"], "verbs": ["get"]},
]
_PORTS = [
    {"name": "metrics", "port": 9100, "targetPort": "metrics"},
    {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
    {"name": "dns-tcp", "port": 53, "appProtocol": "dns"},
]
_SELECTOR = {"app.kubernetes.io/name": "agent"}


def _case(name: str, api_version: str, kind: str, change: dict[str, Any], **fields: Any) -> Any:
    """A manifest without a name, and what a second one says differently."""
    manifest = {"apiVersion": api_version, "kind": kind, **fields}
    return pytest.param(manifest, {**manifest, **change}, id=name)


def _service(name: str, change: dict[str, Any], **spec: Any) -> Any:
    before = {"selector": _SELECTOR, "ports": _PORTS, **spec}
    return _case(name, "v1", "Service", {"spec": {**before, **change}}, spec=before)


def _claim(name: str, change: dict[str, Any], **spec: Any) -> Any:
    before = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}
    before |= spec
    labels = {"metadata": {"labels": {"tier": "one"}}, "spec": {**before, **change}}
    return _case(name, "v1", "PersistentVolumeClaim", labels, spec=before)


def _text(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


CASES = [
    _case("namespace", "v1", "Namespace", {"metadata": {"labels": {"team": "edge"}}}),
    _case(
        "config-map",
        "v1",
        "ConfigMap",
        {"data": {"agent.conf": "level: info\n"}},
        data={"agent.conf": "level: debug\n", "empty": ""},
        binaryData={"blob": _text("\x00\x01")},
        metadata={"labels": {"a": "b"}, "annotations": {"c": "d"}},
    ),
    _case(
        "immutable-config-map",
        "v1",
        "ConfigMap",
        {"metadata": {"labels": {"a": "b"}}},
        data={"a": "b"},
        immutable=True,
    ),
    _case("empty-config-map", "v1", "ConfigMap", {"data": {"a": "b"}}, data={}),
    _case(
        "secret",
        "v1",
        "Secret",
        {"data": {"password": _text("other")}},
        data={"password": _text("one"), "user": _text("me")},
    ),
    _case(
        "typed-secret",
        "v1",
        "Secret",
        {"data": {"username": _text("you"), "password": _text("")}},
        type="kubernetes.io/basic-auth",
        data={"username": _text("me"), "password": _text("one")},
    ),
    _case("service-account", "v1", "ServiceAccount", {"automountServiceAccountToken": True}),
    _case(
        "service-account-with-all",
        "v1",
        "ServiceAccount",
        {"imagePullSecrets": []},
        automountServiceAccountToken=False,
        imagePullSecrets=[{"name": "registry"}],
        secrets=[{"name": "token"}, {"name": "other"}],
    ),
    _service(
        "cluster-ip",
        {"ports": _PORTS[:1]},
        ports=[*_PORTS, {"name": "x", "port": 1, "nodePort": 0}],
    ),
    _service(
        "spelt-out-cluster-ip", {"type": "NodePort"}, type="ClusterIP", sessionAffinity="None"
    ),
    _service("headless", {"publishNotReadyAddresses": True}, clusterIP="None"),
    _service(
        "node-port",
        {"externalTrafficPolicy": "Cluster"},
        type="NodePort",
        externalTrafficPolicy="Local",
        internalTrafficPolicy="Local",
        sessionAffinity="ClientIP",
        sessionAffinityConfig={"clientIP": {"timeoutSeconds": 30}},
    ),
    _service(
        "load-balancer",
        {"loadBalancerSourceRanges": ["10.0.0.0/8"]},
        type="LoadBalancer",
        loadBalancerIP="10.0.0.7",
        ipFamilyPolicy="SingleStack",
        ipFamilies=["IPv4"],
        allocateLoadBalancerNodePorts=False,
    ),
    _claim("claim", {}, volumeMode="Filesystem"),
    _claim(
        "claim-from-a-volume",
        {},
        storageClassName="",
        volumeName="disk",
        resources={"requests": {"storage": "1024Mi"}},
    ),
    _claim(
        "claim-of-a-snapshot",
        {},
        storageClassName="fast",
        dataSource={"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "s"},
    ),
    _case("role", RBAC, "Role", {"rules": _RULES[:1]}, rules=_RULES),
    _case("role-without-rules", RBAC, "Role", {"rules": _RULES}, rules=[]),
    _case("cluster-role", RBAC, "ClusterRole", {"rules": _RULES[1:]}, rules=_RULES),
    _case(
        "aggregated-cluster-role",
        RBAC,
        "ClusterRole",
        {"metadata": {"labels": {"a": "b"}}},
        aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"everynode-test": "yes"}}]},
    ),
    _case(
        "role-binding",
        RBAC,
        "RoleBinding",
        {"subjects": [_ACCOUNT, _USER]},
        subjects=[_ACCOUNT],
        roleRef={"apiGroup": RBAC[:-3], "kind": "Role", "name": "agent"},
    ),
    _case(
        "cluster-role-binding",
        RBAC,
        "ClusterRoleBinding",
        {"subjects": [_USER]},
        subjects=[{**_ACCOUNT, "apiGroup": ""}],
        roleRef={"apiGroup": RBAC[:-3], "kind": "ClusterRole", "name": "view"},
    ),
    _case(
        "priority-class",
        "scheduling.k8s.io/v1",
        "PriorityClass",
        {"description": "Agents"},
        value=1000,
        globalDefault=False,
        preemptionPolicy="Never",
    ),
    _case(
        "priority-class-of-zero",
        "scheduling.k8s.io/v1",
        "PriorityClass",
        {"description": ""},
        value=0,
        description="None",
    ),
]


class Kinds:
    """One object, applied and deleted as the collection does it."""

    def __init__(self, api: Api, connection: Connection, namespace: str, name: str):
        self.api = api
        self.connection = connection
        self.namespace = namespace
        self.name = name

    def named(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """The manifest with a name, and a namespace where the kind has one."""
        metadata = {**manifest.get("metadata", {}), "name": self.name}
        named = {**copy.deepcopy(manifest), "metadata": metadata}
        if kinds.kind_of(named).namespaced:
            metadata["namespace"] = self.namespace
        return named

    def live(self, manifest: dict[str, Any]) -> dict[str, Any] | None:
        """What the collection reads."""
        kind = kinds.kind_of(manifest)
        return objects.read(self.connection, kind, self.namespace, self.name, Deadline(30))

    def apply(self, manifest: dict[str, Any], **how: Any) -> tuple[Applied, list[Request]]:
        """Read and apply, with what that asked of the API server."""
        mark = self.api.mark()
        applied = apply(
            self.connection,
            self.named(manifest),
            self.live(manifest),
            objects.How("everynode", **how),
            Deadline(30),
        )
        asked = [one for one in self.api.requests(mark) if f"/{self.name}" in one.path]
        return applied, asked

    def verbs(self, asked: list[Request]) -> list[str]:
        """What was asked for, in a few words."""
        return [one.verb for one in asked]


@pytest.fixture(scope="module")
def connection(api: Api) -> Connection:
    options = {"kubeconfig": str(api.cluster.kubeconfig)}
    checked = ArgumentSpecValidator(CONNECTION_SPEC).validate(options)
    return connect(checked.validated_parameters)


@pytest.fixture
def one(api: Api, connection: Connection, namespace: str) -> Iterator[Kinds]:
    found = Kinds(api, connection, namespace, f"{namespace}-one")
    yield found
    for kind in kinds.built_in():
        live = objects.read(connection, kind, namespace, found.name, Deadline(30))
        if live is not None:
            objects.delete(connection, live, "Background", False, Deadline(30))


def test_every_kind_has_a_case_or_tests_of_its_own() -> None:
    cased = {kinds.kind_of(case.values[0]) for case in CASES}
    assert cased == {*kinds.built_in()} - {kinds.DAEMONSET}


@pytest.mark.parametrize(("manifest", "other"), CASES)
def test_a_kind(one: Kinds, manifest: dict[str, Any], other: dict[str, Any]) -> None:
    kind = kinds.kind_of(manifest)

    predicted, asked = one.apply(manifest, dry_run=True)
    assert predicted.changed
    assert not [request for request in asked if request.writes]
    assert one.live(manifest) is None

    made, asked = one.apply(manifest)
    assert (made.changed, one.verbs(asked)) == (True, ["get", "patch"])
    assert made.rewritten == []

    # Unchanged, which is known without asking, and is what the server says.
    same, asked = one.apply(manifest)
    assert (same.changed, one.verbs(asked)) == (False, ["get"])
    _server_agrees(one, manifest, same.after)

    # From one to the other and back, each again without asking.
    for wanted in (other, manifest):
        changed, asked = one.apply(wanted)
        assert (changed.changed, one.verbs(asked)) == (True, ["get", "patch"])
        again, asked = one.apply(wanted)
        assert (again.changed, one.verbs(asked)) == (False, ["get"])
        _server_agrees(one, wanted, again.after)

    live = one.live(manifest)
    assert live is not None
    objects.delete(one.connection, live, "Background", True, Deadline(30))
    assert one.live(manifest) is not None
    objects.delete(one.connection, live, "Background", False, Deadline(30))
    left = one.live(manifest)
    assert left is None or left["metadata"]["deletionTimestamp"], kind


def _server_agrees(one: Kinds, manifest: dict[str, Any], live: dict[str, Any]) -> None:
    """The fields that are ours are those that we work out, and a dry run changes nothing."""
    named = one.named(manifest)
    kind = kinds.kind_of(named)
    owned = managers.applied_set(live, "everynode")
    assert owned == fieldset.set_of_intent(named, kind.field_type)
    query = {"fieldManager": "everynode", "fieldValidation": "Strict", "dryRun": "All"}
    path = kind.path(one.namespace, one.name)
    after = one.api.request("PATCH", path, query=query, body=named, kind=APPLY)
    assert objects.controllable(after) == objects.controllable(live)
    assert managers.applied_set(after, "everynode") == owned


@pytest.mark.parametrize(("manifest", "other"), CASES)
def test_taking_a_kind_over(one: Kinds, manifest: dict[str, Any], other: dict[str, Any]) -> None:
    created = one.named(manifest)
    created["metadata"]["annotations"] = {"made.by/hand": "yes"}
    one.api.kubectl("create", "-f", "-", stdin=created)

    predicted, _asked = one.apply(manifest, dry_run=True, adopt=("kubectl",))
    taken, _asked = one.apply(manifest, adopt=("kubectl",))
    assert predicted.changed
    assert taken.changed
    assert objects.controllable(predicted.after) == objects.controllable(taken.after)
    assert "made.by/hand" not in taken.after["metadata"].get("annotations", {})
    same, asked = one.apply(manifest, adopt=("kubectl",))
    assert (same.changed, one.verbs(asked)) == (False, ["get"])


def test_messages_name_the_kind(one: Kinds) -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "theirs"}}
    kind = kinds.kind_of(config)
    one.api.request(
        "PATCH",
        kind.path(one.namespace, one.name),
        query={"fieldManager": "somebody"},
        body=one.named(config),
        kind=APPLY,
    )
    with pytest.raises(
        Exception,
        match=f"Cannot apply ConfigMap {one.namespace}/{one.name}: .*data.a is owned by somebody",
    ):
        one.apply({**config, "data": {"a": "ours"}})
    role = {"apiVersion": RBAC, "kind": "ClusterRole", "rules": [{"resources": ["pods"]}]}
    with pytest.raises(Exception, match=f"The server refuses ClusterRole {one.name}: rules"):
        one.apply(role)
