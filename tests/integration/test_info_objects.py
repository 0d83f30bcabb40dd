# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What daemonset_info shows of the objects that a DaemonSet names or that are about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.integration.api import Api, eventually
from tests.integration.returned import documented
from tests.integration.rich_daemonset import RBAC, daemonset, details, make, plain, put
from tests.integration.verbs import Tasks


@pytest.fixture
def agent(api: Api, tasks: Tasks) -> Tasks:
    """A DaemonSet that has nearly everything."""
    put(api, tasks.namespace, daemonset())
    return tasks


@pytest.fixture
def surroundings(api: Api, agent: Tasks) -> Iterator[Tasks]:
    """The agent with its account, rights, configuration and a disruption budget."""
    home = agent.namespace
    make(api, home, "serviceaccounts", "agent", imagePullSecrets=[{"name": "mirror"}])
    make(api, home, "configmaps", "settings", data={"a": "1"}, binaryData={"b": "AAE="})
    make(api, home, "configmaps", "config", data={"other": "1"}, immutable=True)
    make(api, home, "secrets", "login", stringData={"password": "swordfish", "user": "me"})
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
        make(api, home, "rolebindings", name, subjects=[subject], roleRef=role)
    api.request(
        "POST",
        f"{RBAC}/clusterrolebindings",
        body={"metadata": {"name": home}, "subjects": [account], "roleRef": role},
    )
    selector = {"matchLabels": {"tier": "node"}}
    make(
        api,
        home,
        "poddisruptionbudgets",
        "agent",
        spec={"selector": selector, "maxUnavailable": "20%"},
    )
    make(
        api,
        home,
        "poddisruptionbudgets",
        "other",
        spec={"selector": {"matchLabels": {"tier": "edge"}}, "minAvailable": 1},
    )
    yield agent
    api.request("DELETE", f"{RBAC}/clusterrolebindings/{home}")


def test_claims_are_shown_whether_they_are_there_or_not(api: Api, agent: Tasks) -> None:
    make(
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
    make(api, other, "rolebindings", "theirs", subjects=[account], roleRef=role)
    shown = details(surroundings, "objects")["objects"]["role_bindings"]
    assert {
        "name": "theirs",
        "namespace": other,
        "role": {"kind": "Role", "name": "reader"},
        "via": "account",
    } in shown


def test_every_key_of_a_detail_is_documented(api: Api, surroundings: Tasks) -> None:
    spec = {"selector": {"app": "agent"}, "ports": [{"port": 80}]}
    make(api, surroundings.namespace, "services", "agent", spec=spec)
    include = ["containers", "environment", "services", "claims", "objects", "revisions", "drift"]
    shown = details(surroundings, *include)
    for key in include:
        found = shown[key][0] if isinstance(shown[key], list) else shown[key]
        assert set(found) == documented(key), key


@pytest.fixture
def viewer(api: Api, surroundings: Tasks) -> str:
    """A user with nothing but the ClusterRole view in the namespace."""
    name = f"viewer-{surroundings.namespace}"
    group = "rbac.authorization.k8s.io"
    make(
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


def test_what_may_be_read_in_some_namespaces_only(
    api: Api, tasks: Tasks, namespaces: Callable[[], str]
) -> None:
    homes = [tasks.namespace, *(namespaces() for _number in range(3))]
    daemonsets = {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["list"]}
    services = {"apiGroups": [""], "resources": ["services"], "verbs": ["list"]}
    for number, home in enumerate(homes):
        put(api, home, plain("a"))
        spec = {"selector": {"app": "a"}, "ports": [{"port": 80}]}
        make(api, home, "services", "a", spec=spec)
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
