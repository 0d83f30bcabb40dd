# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What daemonset_info shows of a DaemonSet beside its pods: containers, environment, services,
claims and the other objects that it names or that are about it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.api import Api, eventually
from tests.integration.harness import alike, both_ways
from tests.integration.manifests import NOWHERE
from tests.integration.returned import documented
from tests.integration.verbs import Tasks

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_LABELS = {"app": "agent", "tier": "node"}
_CONTAINER: dict[str, Any] = {
    "name": "agent",
    "image": "example.test/agent:1",
    "command": ["/agent"],
    "args": ["--listen=:9100", "--token=swordfish"],
    "ports": [{"name": "metrics", "containerPort": 9100, "hostPort": 19100}],
    "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
    "readinessProbe": {"httpGet": {"path": "/ready", "port": "metrics"}, "periodSeconds": 5},
    "securityContext": {"privileged": True},
    "lifecycle": {"preStop": {"exec": {"command": ["/agent", "stop"]}}},
    "env": [
        {"name": "LEVEL", "value": "info"},
        {"name": "API_TOKEN", "value": "swordfish"},
        {"name": "EMPTY"},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {
            "name": "PASSWORD",
            "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}},
        },
        {
            "name": "ZONE",
            "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "zone", "optional": True}},
        },
        {
            "name": "MEMORY",
            "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}},
        },
    ],
    "envFrom": [
        {"prefix": "S_", "configMapRef": {"name": "settings"}},
        {"secretRef": {"name": "extra", "optional": True}},
    ],
    "volumeMounts": [
        {"name": "logs", "mountPath": "/var/log", "readOnly": True},
        {"name": "config", "mountPath": "/etc/agent/agent.yml", "subPath": "agent.yml"},
        {"name": "data", "mountPath": "/data"},
        {"name": "all", "mountPath": "/all"},
        {"name": "scratch", "mountPath": "/tmp", "mountPropagation": "None"},
    ],
}
_POD: dict[str, Any] = {
    "serviceAccountName": "agent",
    "nodeSelector": NOWHERE,
    "priorityClassName": "system-node-critical",
    "imagePullSecrets": [{"name": "registry"}],
    "initContainers": [
        {"name": "prepare", "image": "example.test/prepare:1", "command": ["true"]},
        {"name": "helper", "image": "example.test/helper:1", "restartPolicy": "Always"},
    ],
    "containers": [_CONTAINER],
    "volumes": [
        {"name": "logs", "hostPath": {"path": "/var/log", "type": "Directory"}},
        {
            "name": "config",
            "configMap": {"name": "config", "items": [{"key": "main", "path": "agent.yml"}]},
        },
        {"name": "data", "persistentVolumeClaim": {"claimName": "shared"}},
        {"name": "more", "persistentVolumeClaim": {"claimName": "gone", "readOnly": True}},
        {
            "name": "all",
            "projected": {
                "sources": [
                    {"configMap": {"name": "settings"}},
                    {"secret": {"name": "login"}},
                    {"serviceAccountToken": {"path": "token"}},
                ]
            },
        },
        {"name": "scratch", "emptyDir": {}},
    ],
}


def _daemonset(name: str = "agent", **pod: Any) -> dict[str, Any]:
    labels = {**_LABELS, "app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": labels},
                "spec": copy.deepcopy(_POD) | copy.deepcopy(pod),
            },
        },
    }


def _plain(name: str, **pod: Any) -> dict[str, Any]:
    """One that names nothing."""
    made = _daemonset(name)
    made["spec"]["template"]["spec"] = {
        "nodeSelector": NOWHERE,
        "containers": [{"name": name, "image": f"example.test/{name}:1"}],
        **pod,
    }
    return made


def _make(api: Api, namespace: str, resource: str, name: str, **body: Any) -> None:
    group = {
        "daemonsets": "/apis/apps/v1",
        "rolebindings": _RBAC,
        "poddisruptionbudgets": "/apis/policy/v1",
    }.get(resource, "/api/v1")
    metadata = {"name": name, **body.pop("metadata", {})}
    api.request(
        "POST", f"{group}/namespaces/{namespace}/{resource}", body={"metadata": metadata, **body}
    )


def _put(api: Api, namespace: str, daemonset: dict[str, Any]) -> None:
    api.request("POST", f"/apis/apps/v1/namespaces/{namespace}/daemonsets", body=daemonset)


def _details(tasks: Tasks, *include: str, name: str = "agent", **more: Any) -> dict[str, Any]:
    result = tasks.info(name=name, include=list(include), **more).result
    assert not result.get("failed"), result["msg"]
    (shown,) = result["daemonsets"]
    found: dict[str, Any] = shown
    return found


@pytest.fixture
def agent(api: Api, tasks: Tasks) -> Tasks:
    """A DaemonSet that has nearly everything."""
    _put(api, tasks.namespace, _daemonset())
    return tasks


def test_containers(agent: Tasks) -> None:
    asked = agent.info(name="agent", include=["containers"])
    assert [request.verb for request in asked.requests] == ["list"]
    shown = asked.result["daemonsets"][0]["containers"]
    assert [(one["name"], one["kind"]) for one in shown] == [
        ("prepare", "init"),
        ("helper", "sidecar"),
        ("agent", "container"),
    ]
    main = shown[2]
    assert main["image"] == "example.test/agent:1"
    assert main["image_pull_policy"] == "IfNotPresent"
    assert main["command"] == ["/agent"]
    assert main["args"] == ["--listen=:9100", "--token=********"]
    assert main["ports"] == [
        {
            "name": "metrics",
            "port": 9100,
            "protocol": "TCP",
            "host_port": 19100,
            "host_ip": None,
        }
    ]
    assert main["resources"] == {
        "requests": {"cpu": "100m", "memory": "64Mi"},
        "limits": {"memory": "128Mi"},
    }
    assert main["probes"]["readiness"]["httpGet"]["path"] == "/ready"
    assert main["probes"]["liveness"] is None
    assert main["security_context"] == {"privileged": True}
    assert main["lifecycle"] == _CONTAINER["lifecycle"]
    mounts = {one["path"]: (one["kind"], one["source"], one["read_only"]) for one in main["mounts"]}
    assert mounts == {
        "/var/log": ("hostPath", "/var/log", True),
        "/etc/agent/agent.yml": ("configMap", "config", False),
        "/data": ("persistentVolumeClaim", "shared", False),
        "/all": (
            "projected",
            "configMap settings, secret login, serviceAccountToken",
            False,
        ),
        "/tmp": ("emptyDir", None, False),
    }
    assert main["mounts"][1]["sub_path"] == "agent.yml"
    assert asked.result["daemonsets"][0]["notes"] == []


def test_the_environment_names_sources_and_hides_secrets(agent: Tasks) -> None:
    asked = agent.info(name="agent", include=["environment"])
    assert [request.verb for request in asked.requests] == ["list"]
    (shown,) = asked.result["daemonsets"][0]["environment"]
    assert shown["container"] == "agent"
    values = {one["name"]: one["value"] for one in shown["variables"]}
    assert values == {
        "LEVEL": "info",
        "API_TOKEN": "********",
        "EMPTY": "",
        "NODE": None,
        "PASSWORD": None,
        "ZONE": None,
        "MEMORY": None,
    }
    sources = {one["name"]: one["source"] for one in shown["variables"] if one["source"]}
    assert sources == {
        "NODE": {"kind": "field", "path": "spec.nodeName"},
        "PASSWORD": {"kind": "Secret", "name": "login", "key": "password", "optional": False},
        "ZONE": {"kind": "ConfigMap", "name": "settings", "key": "zone", "optional": True},
        "MEMORY": {
            "kind": "resource",
            "resource": "limits.memory",
            "container": None,
            "divisor": "1Mi",
        },
    }
    assert shown["from"] == [
        {"kind": "ConfigMap", "name": "settings", "prefix": "S_", "optional": False},
        {"kind": "Secret", "name": "extra", "prefix": None, "optional": True},
    ]
    assert "swordfish" not in str(asked.result)


def test_services_are_those_that_select_the_pods(api: Api, agent: Tasks) -> None:
    ports = [{"name": "metrics", "port": 80, "targetPort": "metrics"}]
    specs: dict[str, dict[str, Any]] = {
        "agent": {"selector": {"app": "agent"}, "type": "NodePort"},
        "headless": {"selector": {"tier": "node"}, "clusterIP": "None"},
        "other": {"selector": {"app": "agent", "tier": "edge"}},
        "none": {},
        "outside": {
            "selector": {"app": "agent"},
            "type": "ExternalName",
            "externalName": "example.test",
        },
    }
    for name, spec in specs.items():
        _make(api, agent.namespace, "services", name, spec={"ports": ports, **spec})
    asked = agent.info(name="agent", include=["services"])
    assert [request.verb for request in asked.requests] == ["list", "list"]
    shown = {one["name"]: one for one in asked.result["daemonsets"][0]["services"]}
    assert list(shown) == ["agent", "headless"]
    real = api.request("GET", f"/api/v1/namespaces/{agent.namespace}/services/agent")["spec"]
    assert shown["agent"]["type"] == "NodePort"
    assert shown["agent"]["cluster_ips"] == real["clusterIPs"]
    assert shown["agent"]["selector"] == {"app": "agent"}
    assert shown["agent"]["ports"] == [
        {
            "name": "metrics",
            "port": 80,
            "target_port": "metrics",
            "protocol": "TCP",
            "node_port": real["ports"][0]["nodePort"],
            "app_protocol": None,
        }
    ]
    assert shown["headless"]["cluster_ips"] == []


def test_claims_are_shown_whether_they_are_there_or_not(api: Api, agent: Tasks) -> None:
    _make(
        api,
        agent.namespace,
        "persistentvolumeclaims",
        "shared",
        spec={
            "accessModes": ["ReadWriteMany"],
            "storageClassName": "fast",
            "resources": {"requests": {"storage": "5Gi"}},
        },
    )
    asked = agent.info(name="agent", include=["claims"])
    assert [request.verb for request in asked.requests] == ["list", "get", "get"]
    gone, shared = asked.result["daemonsets"][0]["claims"]
    assert shared == {
        "name": "shared",
        "exists": True,
        "volumes": ["data"],
        "read_only": False,
        "phase": "Pending",
        "requested": "5Gi",
        "capacity": None,
        "storage_class": "fast",
        "persistent_volume": None,
        "access_modes": ["ReadWriteMany"],
        "volume_mode": "Filesystem",
    }
    assert (gone["name"], gone["exists"], gone["read_only"]) == ("gone", False, True)
    assert gone["phase"] is None


@pytest.fixture
def surroundings(api: Api, agent: Tasks) -> Iterator[Tasks]:
    """The agent with its account, rights, configuration and a disruption budget."""
    home = agent.namespace
    _make(api, home, "serviceaccounts", "agent", imagePullSecrets=[{"name": "mirror"}])
    _make(api, home, "configmaps", "settings", data={"a": "1"}, binaryData={"b": "AAE="})
    _make(api, home, "configmaps", "config", data={"other": "1"}, immutable=True)
    _make(api, home, "secrets", "login", stringData={"password": "swordfish", "user": "me"})
    account = {"kind": "ServiceAccount", "name": "agent", "namespace": home}
    everyone = {
        "kind": "Group",
        "name": f"system:serviceaccounts:{home}",
        "apiGroup": "rbac.authorization.k8s.io",
    }
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    for name, subject in {
        "agent": account,
        "everyone": everyone,
        "another": {**account, "name": "another"},
    }.items():
        _make(api, home, "rolebindings", name, subjects=[subject], roleRef=role)
    api.request(
        "POST",
        f"{_RBAC}/clusterrolebindings",
        body={"metadata": {"name": home}, "subjects": [account], "roleRef": role},
    )
    selector = {"matchLabels": {"tier": "node"}}
    _make(
        api,
        home,
        "poddisruptionbudgets",
        "agent",
        spec={"selector": selector, "maxUnavailable": "20%"},
    )
    _make(
        api,
        home,
        "poddisruptionbudgets",
        "other",
        spec={"selector": {"matchLabels": {"tier": "edge"}}, "minAvailable": 1},
    )
    yield agent
    api.request("DELETE", f"{_RBAC}/clusterrolebindings/{home}")


def test_supporting_objects(api: Api, surroundings: Tasks) -> None:
    asked = surroundings.info(name="agent", include=["objects"])
    told = asked.result["daemonsets"][0]
    shown = told["objects"]
    assert told["notes"] == []
    assert shown["service_account"] == {
        "name": "agent",
        "exists": True,
        "token_mounted": True,
        "image_pull_secrets": ["mirror"],
    }
    config, settings = shown["config_maps"]
    live = api.request("GET", f"/api/v1/namespaces/{surroundings.namespace}/configmaps/config")
    assert config == {
        "name": "config",
        "exists": True,
        "optional": False,
        "used_by": ["volume config"],
        "keys": ["other"],
        "missing_keys": ["main"],
        "immutable": True,
        "resource_version": live["metadata"]["resourceVersion"],
    }
    assert (settings["name"], settings["keys"]) == ("settings", ["a", "b"])
    # Its key zone is optional.
    assert settings["missing_keys"] == []
    assert settings["used_by"] == ["container agent", "volume all"]
    extra, login, registry = shown["secrets"]
    assert (extra["name"], extra["exists"], extra["optional"]) == ("extra", False, True)
    assert (login["keys"], login["type"]) == (["password", "user"], "Opaque")
    assert (registry["exists"], registry["used_by"]) == (False, ["image pulls"])
    assert shown["priority_class"] == {
        "name": "system-node-critical",
        "exists": True,
        "priority": 2000001000,
        "preemption_policy": "PreemptLowerPriority",
    }
    assert shown["runtime_class"] is None
    home = surroundings.namespace
    role = {"kind": "ClusterRole", "name": "view"}
    assert [one for one in shown["role_bindings"] if one["namespace"] == home] == [
        {"name": "agent", "namespace": home, "role": role, "via": "account"},
        {"name": "everyone", "namespace": home, "role": role, "via": "group"},
    ]
    own = [one for one in shown["cluster_role_bindings"] if one["via"] == "account"]
    assert own == [{"name": home, "namespace": None, "role": role, "via": "account"}]
    (budget,) = shown["disruption_budgets"]
    assert (budget["name"], budget["max_unavailable"]) == ("agent", "20%")
    assert "swordfish" not in str(asked.result)
    # Account, class, two ConfigMaps and three Secrets by name, and four lists; those of all
    # namespaces have none in the log.
    verbs = [request.verb for request in asked.requests]
    assert (verbs.count("list"), verbs.count("get")) == (2, 6)


def test_a_binding_in_another_namespace_is_found(
    api: Api, surroundings: Tasks, namespaces: Callable[[], str]
) -> None:
    other = namespaces()
    account = {"kind": "ServiceAccount", "name": "agent", "namespace": surroundings.namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    _make(api, other, "rolebindings", "theirs", subjects=[account], roleRef=role)
    shown = _details(surroundings, "objects")["objects"]["role_bindings"]
    assert {
        "name": "theirs",
        "namespace": other,
        "role": {"kind": "Role", "name": "reader"},
        "via": "account",
    } in shown


def test_every_key_of_a_detail_is_documented(api: Api, surroundings: Tasks) -> None:
    spec = {"selector": {"app": "agent"}, "ports": [{"port": 80}]}
    _make(api, surroundings.namespace, "services", "agent", spec=spec)
    details = ["containers", "environment", "services", "claims", "objects", "revisions", "drift"]
    shown = _details(surroundings, *details)
    for key in details:
        found = shown[key][0] if isinstance(shown[key], list) else shown[key]
        assert set(found) == documented(key), key


@pytest.fixture
def viewer(api: Api, surroundings: Tasks) -> str:
    """A user with nothing but the ClusterRole view in the namespace."""
    name = f"viewer-{surroundings.namespace}"
    group = "rbac.authorization.k8s.io"
    _make(
        api,
        surroundings.namespace,
        "rolebindings",
        "viewer",
        subjects=[{"apiGroup": group, "kind": "User", "name": name}],
        roleRef={"apiGroup": group, "kind": "ClusterRole", "name": "view"},
    )

    def may() -> bool | None:
        asked = {"namespace": surroundings.namespace, "verb": "list", "resource": "pods"}
        review = {"spec": {"user": name, "resourceAttributes": asked}}
        path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        return api.request("POST", path, body=review)["status"]["allowed"] or None

    eventually(may, "the rights are in force")
    return name


def test_with_the_right_to_view_it_says_less_and_names_what_it_cannot_tell(
    surroundings: Tasks, viewer: str
) -> None:
    everything = ["containers", "environment", "services", "claims", "objects", "revisions"]
    asked = surroundings.info(
        name="agent",
        include=[*everything, "events", "metrics", "reasons", "drift"],
        impersonate_user=viewer,
    )
    told = asked.result["daemonsets"][0]
    shown = told["objects"]
    assert shown["service_account"]["exists"]
    assert [one["exists"] for one in shown["config_maps"]] == [True, True]
    assert [(one["exists"], one["keys"], one["missing_keys"]) for one in shown["secrets"]] == [
        (None, None, None)
    ] * 3
    assert shown["priority_class"]["exists"] is None
    assert shown["role_bindings"] is None
    assert shown["cluster_role_bindings"] is None
    assert [one["name"] for one in shown["disruption_budgets"]] == ["agent"]
    assert told["services"] == []
    assert [one["exists"] for one in told["claims"]] == [False, False]
    assert [one["revision"] for one in told["revisions"]] == [1]
    assert told["events"] == []
    assert told["reasons"] == []
    assert told["nodes_without_pod"] is None
    notes = "\n".join(told["notes"])
    assert "Secret extra, Secret login, Secret registry, PriorityClass" in notes
    assert "rolebindings" in notes
    assert "clusterrolebindings" in notes
    assert "The nodes may not be read" in notes
    assert "swordfish" not in str(asked.result)


def test_without_rights_each_key_is_null_with_a_warning(api: Api, agent: Tasks) -> None:
    rules = [{"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["get", "list"]}]
    reader = api.user_with(rules, agent.namespace, "reader")
    asked = agent.info(
        name="agent",
        include=["services", "claims", "objects", "events", "metrics", "revisions"],
        impersonate_user=reader,
    )
    told = asked.result["daemonsets"][0]
    for key in ("services", "events", "metrics", "revisions"):
        assert told[key] is None, key
    for word in ("services", "pods", "events", "controllerrevisions"):
        assert f"The {word} are not shown" in asked.warnings, word
    assert "The metrics are not shown, as its pods are not known." in told["notes"]
    assert [one["exists"] for one in told["claims"]] == [None, None]
    assert told["objects"]["service_account"]["exists"] is None
    assert told["objects"]["disruption_budgets"] is None
    assert "PersistentVolumeClaim gone" in "\n".join(told["notes"])


def test_many_in_several_namespaces_share_their_lists(
    api: Api, tasks: Tasks, namespaces: Callable[[], str]
) -> None:
    homes = [tasks.namespace, *(namespaces() for _number in range(4))]
    volume = {"name": "config", "configMap": {"name": "settings"}}
    for home in homes:
        for name in ("a", "b"):
            _put(api, home, _plain(name, volumes=[volume]))
        spec = {"selector": {"app": "a"}, "ports": [{"port": 80}]}
        _make(api, home, "services", "a", spec=spec)
        _make(api, home, "configmaps", "settings", data={home: "1"})
    mark = api.mark()
    result = tasks.info(
        namespace=None, namespaces=homes, include=["services", "objects"], name_contains=""
    ).result
    for shown in result["daemonsets"]:
        names = [one["name"] for one in shown["services"]]
        assert names == (["a"] if shown["name"] == "a" else [])
        (config,) = shown["objects"]["config_maps"]
        assert config["keys"] == [shown["namespace"]]
    assert len(result["daemonsets"]) == 10
    paths = [request.path.partition("?")[0] for request in api.requests(mark)]
    assert paths.count("/api/v1/services") == 1
    assert paths.count("/apis/policy/v1/poddisruptionbudgets") == 1
    assert paths.count(f"{_RBAC}/rolebindings") == 1
    # Of each namespace the DaemonSets, its ConfigMap and its account: each once for both.
    assert len(paths) == 4 + 3 * 5


def test_what_may_be_read_in_some_namespaces_only(
    api: Api, tasks: Tasks, namespaces: Callable[[], str]
) -> None:
    homes = [tasks.namespace, *(namespaces() for _number in range(3))]
    daemonsets = {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["list"]}
    services = {"apiGroups": [""], "resources": ["services"], "verbs": ["list"]}
    for number, home in enumerate(homes):
        _put(api, home, _plain("a"))
        spec = {"selector": {"app": "a"}, "ports": [{"port": 80}]}
        _make(api, home, "services", "a", spec=spec)
        api.user_with([daemonsets, services] if number < 2 else [daemonsets], home, "partly")
    asked = tasks.info(
        namespace=None, namespaces=homes, include=["services"], impersonate_user="partly"
    )
    assert not asked.result.get("failed"), asked.result["msg"]
    shown = {one["namespace"]: one for one in asked.result["daemonsets"]}
    for number, home in enumerate(homes):
        if number < 2:
            assert [one["name"] for one in shown[home]["services"]] == ["a"]
            assert shown[home]["notes"] == []
        else:
            assert shown[home]["services"] is None
            assert home in shown[home]["notes"][0]
    (warning,) = asked.result["warnings"]
    assert warning.startswith("The services are not shown")
    assert "1 other namespace" in warning


def test_both_ways_say_the_same(api: Api, two_namespaces: tuple[str, str]) -> None:
    include = ["containers", "environment", "services", "claims", "objects", "metrics", "drift"]
    agent = _daemonset()
    steps = [
        {"name": "Make it", "everynode.kubernetes.daemonset": {"definition": agent, "wait": False}},
        {
            "name": "Look at it",
            "everynode.kubernetes.daemonset_info": {"name": "agent", "include": include},
        },
    ]
    here, there = (play.done().step("Look at it") for play in both_ways(api, two_namespaces, steps))
    assert here.result["daemonsets"][0]["objects"]["secrets"][0]["exists"] is False
    alike(here, there, two_namespaces)
