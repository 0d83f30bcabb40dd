# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of details: containers, environment, services, claims and supporting objects."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.redaction import redact
from ansible_collections.everynode.kubernetes.plugins.module_utils._views import supporting
from ansible_collections.everynode.kubernetes.plugins.module_utils._views.bounds import bounded
from ansible_collections.everynode.kubernetes.plugins.module_utils._views.claims import (
    claim_view,
    claims_named,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._views.containers import (
    container_views,
    volume_source,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._views.environment import (
    environment_views,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._views.references import (
    Use,
    uses_of,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._views.services import (
    service_views,
    small_service,
)


def _template(labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"labels": labels or {"app": "agent"}}, "spec": spec}


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        ({}, ("emptyDir", None)),
        ({"emptyDir": {}}, ("emptyDir", None)),
        ({"hostPath": {"path": "/var/log", "type": ""}}, ("hostPath", "/var/log")),
        ({"configMap": {"name": "a", "defaultMode": 420}}, ("configMap", "a")),
        ({"secret": {"secretName": "b"}}, ("secret", "b")),
        ({"secret": {"optional": True}}, ("secret", None)),
        ({"persistentVolumeClaim": {"claimName": "c"}}, ("persistentVolumeClaim", "c")),
        ({"csi": {"driver": "d.example", "readOnly": True}}, ("csi", "d.example")),
        ({"nfs": {"server": "192.0.2.1", "path": "/e"}}, ("nfs", "/e")),
        ({"image": {"reference": "example.test/f:1"}}, ("image", "example.test/f:1")),
        ({"downwardAPI": {"items": []}}, ("downwardAPI", None)),
        ({"ephemeral": {"volumeClaimTemplate": {}}}, ("ephemeral", None)),
        ({"projected": {}}, ("projected", None)),
        (
            {"projected": {"sources": [{"secret": {"name": "g"}}, {"downwardAPI": {}}]}},
            ("projected", "secret g, downwardAPI"),
        ),
    ],
)
def test_the_kind_and_source_of_a_volume(
    volume: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    assert volume_source({"name": "any", **volume}) == expected


def test_a_container_without_anything() -> None:
    (shown,) = container_views(_template(containers=[{"name": "agent", "image": "agent:1"}]))
    assert shown == {
        "name": "agent",
        "kind": "container",
        "image": "agent:1",
        "image_pull_policy": None,
        "command": [],
        "args": [],
        "working_dir": None,
        "resources": {"requests": {}, "limits": {}},
        "ports": [],
        "probes": {"liveness": None, "readiness": None, "startup": None},
        "mounts": [],
        "devices": [],
        "security_context": {},
        "lifecycle": {},
    }


def test_a_mount_of_a_volume_by_variables_and_a_device() -> None:
    container = {
        "name": "agent",
        "volumeMounts": [{"name": "v", "mountPath": "/v", "subPathExpr": "$(NODE)"}],
        "volumeDevices": [{"name": "disk", "devicePath": "/dev/xvda"}],
    }
    (shown,) = container_views(
        _template(containers=[container], volumes=[{"name": "v", "hostPath": {"path": "/x"}}])
    )
    assert shown["mounts"] == [
        {
            "path": "/v",
            "volume": "v",
            "kind": "hostPath",
            "source": "/x",
            "sub_path": "$(NODE)",
            "read_only": False,
            "propagation": None,
        }
    ]
    assert shown["devices"] == [{"path": "/dev/xvda", "volume": "disk"}]


@pytest.mark.parametrize(
    ("given", "source"),
    [
        (
            {"fileKeyRef": {"volumeName": "v", "path": "env", "key": "K"}},
            {"kind": "file", "volume": "v", "path": "env", "key": "K", "optional": False},
        ),
        (
            {"configMapKeyRef": {"name": "c", "key": "K", "optional": True}},
            {"kind": "ConfigMap", "name": "c", "key": "K", "optional": True},
        ),
        ({"fieldRef": {"fieldPath": "status.podIP"}}, {"kind": "field", "path": "status.podIP"}),
        (
            {"resourceFieldRef": {"resource": "limits.cpu", "containerName": "other"}},
            {"kind": "resource", "resource": "limits.cpu", "container": "other", "divisor": None},
        ),
    ],
)
def test_where_a_variable_comes_from(given: dict[str, Any], source: dict[str, Any]) -> None:
    containers = [{"name": "agent", "env": [{"name": "V", "valueFrom": given}]}]
    (shown,) = environment_views(_template(containers=containers))
    assert shown["variables"] == [{"name": "V", "value": None, "source": source}]
    assert shown["from"] == []


def test_containers_without_an_environment_are_left_out() -> None:
    containers = [{"name": "a"}, {"name": "b", "env": [{"name": "V", "value": "1"}]}]
    prepare = {"name": "i", "envFrom": [{"secretRef": {"name": "s"}}]}
    shown = environment_views(_template(containers=containers, initContainers=[prepare]))
    assert [one["container"] for one in shown] == ["i", "b"]
    assert shown[0]["from"] == [{"kind": "Secret", "name": "s", "prefix": None, "optional": False}]


def test_what_names_a_secret_is_not_taken_for_one() -> None:
    """Names of Secrets and of their keys are shown, as nothing secret is in them."""
    env = [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "api-token", "key": "token"}}}]
    shown = environment_views(_template(containers=[{"name": "a", "env": env}]))
    assert redact(shown) == shown
    content = {"keys": ["password", "token"], "type": "Opaque", "immutable": False, "version": "1"}
    uses = Use(optional=False, keys={"secret"}, used_by=["container agent"])
    view = supporting.content_view("db-password", uses, True, content)
    assert redact({"secrets": [view]}) == {"secrets": [view]}
    assert view["missing_keys"] == ["secret"]


@pytest.mark.parametrize(
    ("spec", "selected"),
    [
        ({"selector": {"app": "agent"}}, True),
        ({"selector": {"app": "agent", "tier": "node"}}, True),
        ({"selector": {"app": "agent", "tier": "edge"}}, False),
        ({"selector": {}}, False),
        ({}, False),
        ({"selector": {"app": "agent"}, "type": "ExternalName"}, False),
    ],
)
def test_which_services_select_pods(spec: dict[str, Any], selected: bool) -> None:
    small = small_service({"metadata": {"name": "s"}, "spec": spec})
    services = [small] if small else []
    template = _template({"app": "agent", "tier": "node", "more": "x"})
    assert bool(service_views(services, template)) is selected


def test_the_addresses_of_a_service() -> None:
    service = {
        "metadata": {"name": "s"},
        "spec": {
            "selector": {"app": "agent"},
            "type": "LoadBalancer",
            "clusterIPs": ["10.0.0.1", "fd00::1"],
            "externalIPs": ["192.0.2.1"],
            "externalTrafficPolicy": "Local",
        },
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.2"}, {"hostname": "lb.example"}]}},
    }
    small = small_service(service)
    assert small is not None
    (shown,) = service_views([small], _template())
    assert shown["cluster_ips"] == ["10.0.0.1", "fd00::1"]
    assert shown["external_ips"] == ["192.0.2.1"]
    assert shown["load_balancer"] == ["192.0.2.2", "lb.example"]
    assert shown["external_traffic_policy"] == "Local"
    assert shown["ports"] == []


def test_claims_by_name() -> None:
    def volume(name: str, claim: str, read_only: bool) -> dict[str, Any]:
        return {
            "name": name,
            "persistentVolumeClaim": {"claimName": claim, "readOnly": read_only},
        }

    volumes = [volume("a", "x", True), volume("b", "x", False), volume("c", "y", True)]
    named = claims_named(_template(volumes=[*volumes, {"name": "d", "emptyDir": {}}]))
    assert named == {
        "x": {"volumes": ["a", "b"], "read_only": False},
        "y": {"volumes": ["c"], "read_only": True},
    }
    live = {
        "spec": {
            "resources": {"requests": {"storage": "1Gi"}},
            "accessModes": ["ReadWriteMany"],
            "volumeName": "pv-1",
        },
        "status": {
            "phase": "Bound",
            "capacity": {"storage": "2Gi"},
            "accessModes": ["ReadWriteMany", "ReadOnlyMany"],
        },
    }
    shown = claim_view("x", named["x"], True, live)
    assert (shown["requested"], shown["capacity"], shown["phase"]) == ("1Gi", "2Gi", "Bound")
    assert shown["access_modes"] == ["ReadWriteMany", "ReadOnlyMany"]
    assert shown["persistent_volume"] == "pv-1"
    assert claim_view("y", named["y"], None, None)["exists"] is None
    assert claims_named({"spec": {}}) == {}


def test_what_a_template_refers_to_and_where() -> None:
    env = [
        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "both", "key": "a"}}},
        {
            "name": "B",
            "valueFrom": {"configMapKeyRef": {"name": "maybe", "key": "b", "optional": True}},
        },
    ]
    volumes = [
        {"name": "v", "configMap": {"name": "both", "items": [{"key": "c", "path": "c"}]}},
        {"name": "w", "secret": {"secretName": "s", "optional": True}},
        {"name": "x", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "login"}}},
        {"name": "y", "configMap": {"name": "maybe", "optional": True}},
    ]
    found = uses_of(
        _template(
            containers=[{"name": "agent", "env": env}],
            initContainers=[{"name": "init", "envFrom": [{"secretRef": {"name": "s"}}]}],
            volumes=volumes,
            imagePullSecrets=[{"name": "pull"}, {}],
        )
    )
    assert found == {
        ("ConfigMap", "both"): Use(False, {"a", "c"}, ["container agent", "volume v"]),
        ("ConfigMap", "maybe"): Use(True, set(), ["container agent", "volume y"]),
        ("Secret", "login"): Use(False, set(), ["volume x"]),
        ("Secret", "pull"): Use(True, set(), ["image pulls"]),
        ("Secret", "s"): Use(False, set(), ["container init", "volume w"]),
    }
    assert list(found) == sorted(found)


def test_nothing_but_the_names_of_keys_is_kept() -> None:
    secret = {
        "metadata": {"resourceVersion": "7"},
        "type": "Opaque",
        "data": {"password": "c3dvcmRmaXNo"},
        "immutable": True,
    }
    small = supporting.small_content(secret)
    assert small == {"keys": ["password"], "type": "Opaque", "immutable": True, "version": "7"}


@pytest.mark.parametrize(
    ("of_pod", "of_account", "mounted"),
    [
        (None, None, True),
        (None, False, False),
        (True, False, True),
        (False, True, False),
    ],
)
def test_whether_pods_get_a_token(
    of_pod: bool | None, of_account: bool | None, mounted: bool
) -> None:
    template = _template(automountServiceAccountToken=of_pod)
    account = {"automountServiceAccountToken": of_account}
    assert supporting.account_view("a", True, account, template)["token_mounted"] is mounted


def test_an_unknown_account_leaves_open_whether_pods_get_a_token() -> None:
    assert supporting.account_view("a", None, None, _template())["token_mounted"] is None
    assert supporting.account_of(_template()) == "default"
    assert supporting.account_of(_template(serviceAccountName="own")) == "own"


@pytest.mark.parametrize(
    ("subject", "home", "via"),
    [
        ({"kind": "ServiceAccount", "name": "agent", "namespace": "ns"}, "other", "account"),
        ({"kind": "ServiceAccount", "name": "agent"}, "ns", "account"),
        ({"kind": "ServiceAccount", "name": "agent"}, "other", None),
        ({"kind": "ServiceAccount", "name": "agent", "namespace": "other"}, "ns", None),
        ({"kind": "User", "name": "system:serviceaccount:ns:agent"}, "ns", "user"),
        ({"kind": "User", "name": "system:serviceaccount:ns:agent2"}, "ns", None),
        ({"kind": "User", "name": "agent"}, "ns", None),
        ({"kind": "Group", "name": "system:serviceaccounts:ns"}, "ns", "group"),
        ({"kind": "Group", "name": "system:serviceaccounts"}, "ns", "group"),
        ({"kind": "Group", "name": "system:serviceaccounts:other"}, "ns", None),
        ({"kind": "Group", "name": "system:authenticated"}, "ns", None),
    ],
)
def test_whom_a_binding_names(subject: dict[str, Any], home: str, via: str | None) -> None:
    binding = {
        "metadata": {"name": "b", "namespace": home},
        "roleRef": {"kind": "Role", "name": "r", "apiGroup": "rbac.authorization.k8s.io"},
        "subjects": [{"kind": "User", "name": "somebody"}, subject],
    }
    small = supporting.small_binding(binding)
    found = supporting.binding_views([small] if small else [], "ns", "agent")
    assert [one["via"] for one in found] == ([via] if via else [])
    if found:
        assert found[0]["role"] == {"kind": "Role", "name": "r"}


@pytest.mark.parametrize(
    ("spec", "selected"),
    [
        ({"selector": {"matchLabels": {"app": "agent"}}}, True),
        ({"selector": {}}, True),
        ({}, False),
        ({"selector": {"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}}, False),
    ],
)
def test_which_disruption_budgets_select_pods(spec: dict[str, Any], selected: bool) -> None:
    small = supporting.small_budget({"metadata": {"name": "b"}, "spec": spec})
    assert bool(supporting.budget_views([small], _template())) is selected


def test_long_texts_and_lists_are_cut() -> None:
    long = {"args": ["x" * 2500, "short"], "many": ["y"] * 205, "number": 3, "none": None}
    shown = bounded(long)
    assert shown["args"] == ["x" * 2000 + "... (and 500 more characters)", "short"]
    assert shown["many"][-2:] == ["y", "... (and 5 more)"]
    assert len(shown["many"]) == 201
    assert (shown["number"], shown["none"]) == (3, None)
    variables = bounded([{"name": str(number)} for number in range(300)])
    assert len(variables) == 200
