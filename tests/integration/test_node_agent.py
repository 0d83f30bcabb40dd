# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DaemonSet with all that it needs: made, found unchanged, changed, pruned, removed."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import node_agent

from tests.integration.api import Api, eventually
from tests.integration.harness import alike, both_ways
from tests.integration.manifests import NOWHERE, simple
from tests.integration.verbs import Outcome, Tasks

_VERB = node_agent.VERB
_LABEL = "everynode.kubernetes/agent"
_PATHS = {
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Secret": "/api/v1/namespaces/{}/secrets",
    "Service": "/api/v1/namespaces/{}/services",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "PersistentVolumeClaim": "/api/v1/namespaces/{}/persistentvolumeclaims",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "PriorityClass": "/apis/scheduling.k8s.io/v1/priorityclasses",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
}


def _agent(**more: Any) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "agent",
        "image": "example.test/agent:1",
        "ports": [{"name": "metrics", "container_port": 9100}],
        "env_from": [{"secret_ref": {"name": "login"}}],
        "volume_mounts": [{"name": "conf", "mount_path": "/etc/agent"}],
    }
    return {
        "name": "agent",
        "containers": [container],
        "volumes": [{"name": "conf", "config_map": {"name": "conf"}}],
        "node_selector": NOWHERE,
        "config_maps": [{"name": "conf", "data": {"agent.conf": "level: info\n"}}],
        "secrets": [{"name": "login", "data": {"PASSWORD": "hunter2-hunter2"}}],
        **more,
    }


def _everything(namespace: str, **more: Any) -> dict[str, Any]:
    return _agent(
        service_account={
            "rules": [{"api_groups": [""], "resources": ["pods"], "verbs": ["get"]}],
            "cluster_rules": [{"api_groups": [""], "resources": ["nodes"], "verbs": ["get"]}],
            "image_pull_secrets": [{"name": "login"}],
        },
        services=[{"headless": True}, {"name": "agent-web", "type": "NodePort"}],
        priority_class={"value": 1000},
        persistent_volume_claims=[
            {"name": "cache", "capacity": "1Gi", "access_modes": ["ReadWriteMany"]}
        ],
        other_objects=[
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": "agent"},
                "spec": {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "agent"}}},
            }
        ],
        **more,
    )


def _belonging(api: Api, namespace: str) -> dict[str, list[str]]:
    """The names of all objects with the agent's label, by kind, as the server has them."""
    found = {}
    for kind, path in _PATHS.items():
        query = {"labelSelector": f"{_LABEL}={namespace}.agent"}
        items = api.request("GET", path.format(namespace), query=query)["items"]
        if items:
            found[kind] = sorted(item["metadata"]["name"] for item in items)
    return found


def _run(tasks: Tasks, asked: dict[str, Any], **more: Any) -> Outcome:
    return tasks.ok(verb=_VERB, **asked, **more)


def _actions(outcome: Outcome) -> dict[str, str]:
    return {f"{one['kind']} {one['name']}": one["action"] for one in outcome.result["objects"]}


def _pod(api: Api, namespace: str) -> dict[str, Any]:
    spec: dict[str, Any] = api.daemonset(namespace, "agent")["spec"]["template"]["spec"]
    return spec


def test_everything_in_one_task(api: Api, tasks: Tasks) -> None:
    asked = _everything(tasks.namespace)
    checked = _run(tasks, asked, check=True)
    assert checked.changed
    assert not checked.writes
    assert _belonging(api, tasks.namespace) == {}

    made = _run(tasks, asked, diff=True)
    assert made.changed
    assert _actions(made) == _actions(checked)
    assert set(_actions(made).values()) == {"created"}
    found = _belonging(api, tasks.namespace)
    assert set(found) == set(_PATHS)
    assert found["Service"] == ["agent", "agent-web"]
    bound = f"{tasks.namespace}:agent"
    assert (found["ClusterRole"], found["ClusterRoleBinding"]) == ([bound], [bound])
    # References are to what was made.
    pod = _pod(api, tasks.namespace)
    assert pod["volumes"][0]["configMap"]["name"] == found["ConfigMap"][0]
    assert pod["containers"][0]["envFrom"][0]["secretRef"]["name"] == found["Secret"][0]
    assert pod["serviceAccountName"] == "agent"
    assert pod["priorityClassName"] == f"{tasks.namespace}.agent"
    account = api.request("GET", f"/api/v1/namespaces/{tasks.namespace}/serviceaccounts/agent")
    assert account["automountServiceAccountToken"] is True
    assert account["imagePullSecrets"] == [{"name": found["Secret"][0]}]
    secret = api.request(
        "GET", f"/api/v1/namespaces/{tasks.namespace}/secrets/{found['Secret'][0]}"
    )
    assert base64.b64decode(secret["data"]["PASSWORD"]) == b"hunter2-hunter2"
    assert secret["immutable"] is True
    assert "hunter2" not in str(made.result)
    assert base64.b64encode(b"hunter2-hunter2").decode() not in str(made.result)
    services = api.request("GET", f"/api/v1/namespaces/{tasks.namespace}/services")["items"]
    for service in services:
        assert [port["port"] for port in service["spec"]["ports"]] == [9100]
        assert service["spec"]["selector"] == {"app.kubernetes.io/name": "agent"}

    # At most one request an object; for the kind that is not built in, a dry run more.
    before = api.settled(tasks.namespace, "agent")
    for check in (True, False):
        mark = api.mark()
        same = _run(tasks, asked, check=check)
        requests = api.requests(mark)
        assert not same.changed, _actions(same)
        assert set(_actions(same).values()) == {"unchanged"}
        assert len(requests) == len(same.result["objects"]) + 2, [r.path for r in requests]
        assert not [request for request in requests if request.writes]
    assert api.daemonset(tasks.namespace, "agent") == before

    # What is named no more goes; a claim stays.
    less = _run(tasks, _agent())
    assert less.changed
    found = _belonging(api, tasks.namespace)
    assert set(found) == {"ConfigMap", "Secret", "PersistentVolumeClaim"}
    assert _actions(less)["PersistentVolumeClaim cache"] == "kept"
    assert _actions(less)["NetworkPolicy agent"] == "deleted"
    assert not _run(tasks, _agent()).changed

    gone = _run(tasks, {"name": "agent"}, state="absent", delete_claims=True)
    assert gone.changed
    assert not api.exists(tasks.namespace, "agent")
    left = _belonging(api, tasks.namespace)
    # A claim goes once its protection ends.
    assert set(left) <= {"PersistentVolumeClaim"}
    assert not _run(tasks, {"name": "agent"}, state="absent").changed


def test_configuration_is_versioned_with_the_pods(api: Api, tasks: Tasks) -> None:
    _run(tasks, _agent())
    old = _belonging(api, tasks.namespace)
    newer = _agent(config_maps=[{"name": "conf", "data": {"agent.conf": "level: debug\n"}}])
    changed = _run(tasks, newer)
    assert changed.changed
    found = _belonging(api, tasks.namespace)
    # The first revision still refers to the old one.
    assert len(found["ConfigMap"]) == 2
    assert set(old["ConfigMap"]) < set(found["ConfigMap"])
    assert found["Secret"] == old["Secret"]
    (new,) = set(found["ConfigMap"]) - set(old["ConfigMap"])
    assert _pod(api, tasks.namespace)["volumes"][0]["configMap"]["name"] == new
    assert not _run(tasks, newer).changed
    # Once no revision is kept that refers to it, it goes with the next change.
    api.settled(tasks.namespace, "agent")
    _run(tasks, newer, revision_history_limit=0)
    api.settled(tasks.namespace, "agent")
    _run(tasks, newer, revision_history_limit=0, labels={"a": "b"})
    assert _belonging(api, tasks.namespace)["ConfigMap"] == [new]


def test_plain_configuration_rolls_the_pods_by_a_checksum(api: Api, tasks: Tasks) -> None:
    def plain(text: str) -> dict[str, Any]:
        return _agent(config_maps=[{"name": "conf", "data": {"a": text}, "versioned": False}])

    _run(tasks, plain("one"))
    assert _belonging(api, tasks.namespace)["ConfigMap"] == ["conf"]
    before = api.daemonset(tasks.namespace, "agent")
    assert not _run(tasks, plain("one")).changed
    _run(tasks, plain("two"))
    after = api.daemonset(tasks.namespace, "agent")
    key = "everynode.kubernetes/config-checksum"
    checksums = {
        side["spec"]["template"]["metadata"]["annotations"][key] for side in (before, after)
    }
    assert len(checksums) == 2
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1


def test_an_object_of_another_agent_is_an_error(api: Api, tasks: Tasks) -> None:
    other = {"name": "shared", "data": {"a": "b"}, "versioned": False}
    _run(tasks, {**_agent(config_maps=[other]), "name": "first"})
    before = api.settled(tasks.namespace, "first")
    failed = tasks.fails(verb=_VERB, **_agent(config_maps=[other]))
    assert "belongs to another agent" in failed.result["msg"]
    assert not failed.writes
    assert not api.exists(tasks.namespace, "agent")
    assert api.daemonset(tasks.namespace, "first") == before


def test_what_is_not_ours_is_never_pruned(api: Api, tasks: Tasks) -> None:
    plain = {"name": "extra", "data": {"a": "b"}, "versioned": False}
    asked = _agent()
    asked["config_maps"] = [*asked["config_maps"], plain]
    _run(tasks, asked)
    path = f"/api/v1/namespaces/{tasks.namespace}/configmaps/extra"
    merge = "application/merge-patch+json"
    api.request("PATCH", path, body={"metadata": {"labels": {_LABEL: None}}}, kind=merge)
    done = _run(tasks, _agent())
    assert "left alone" in done.warnings
    assert api.request("GET", path)["data"] == {"a": "b"}


def test_no_pruning(api: Api, tasks: Tasks) -> None:
    _run(tasks, _agent(services=[{"name": "web"}]))
    kept = _run(tasks, _agent(), prune=False)
    assert _actions(kept)["Service web"] == "kept", kept.result
    assert _belonging(api, tasks.namespace)["Service"] == ["web"]
    _run(tasks, _agent(), labels={"a": "b"})
    assert "Service" not in _belonging(api, tasks.namespace)


def test_a_failure_says_what_was_done_and_a_rerun_completes_it(api: Api, tasks: Tasks) -> None:
    # The address is no Service's, which only the server knows.
    bad = _agent(services=[{"name": "web", "cluster_ip": "192.0.2.1"}])
    failed = tasks.fails(verb=_VERB, **bad)
    assert failed.changed
    assert "Service" in failed.result["msg"]
    assert "Done before: ConfigMap" in failed.result["msg"]
    assert "Not done:" in failed.result["msg"]
    assert not api.exists(tasks.namespace, "agent")
    # Somebody else's words for it, and without the Service: nothing is forgotten.
    other = _agent(config_maps=[{"name": "conf", "data": {"agent.conf": "other"}}])
    done = _run(tasks, other)
    assert done.changed
    assert len(_belonging(api, tasks.namespace)["ConfigMap"]) == 1
    assert not _run(tasks, other).changed


def test_nothing_that_a_failed_run_made_is_forgotten(api: Api, tasks: Tasks) -> None:
    _run(tasks, _agent())
    before = _belonging(api, tasks.namespace)
    more = {"name": "more", "data": {"a": "b"}}
    bad = _agent(services=[{"name": "web", "cluster_ip": "192.0.2.1"}])
    bad["config_maps"] = [*bad["config_maps"], more]
    failed = tasks.fails(verb=_VERB, **bad)
    assert f"DaemonSet {tasks.namespace}/agent" in failed.result["msg"]
    assert len(_belonging(api, tasks.namespace)["ConfigMap"]) == 2
    checked = _run(tasks, _agent(), check=True)
    done = _run(tasks, _agent())
    assert (checked.changed, _actions(checked)) == (done.changed, _actions(done))
    assert done.changed
    assert _belonging(api, tasks.namespace) == before


def test_a_kind_without_namespaces_that_is_not_built_in(api: Api, tasks: Tasks) -> None:
    name = f"{tasks.namespace}-class"
    kind = {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass"}
    asked = _agent(other_objects=[{**kind, "metadata": {"name": name}, "handler": "one"}])
    _run(tasks, asked)
    path = f"/apis/node.k8s.io/v1/runtimeclasses/{name}"
    assert api.request("GET", path)["handler"] == "one"
    assert not _run(tasks, asked).changed
    gone = _run(tasks, {"name": "agent"}, state="absent")
    assert _actions(gone)[f"RuntimeClass {name}"] == "deleted"


def test_a_kind_that_the_server_does_not_have(tasks: Tasks) -> None:
    kind = {"apiVersion": "example.test/v1", "kind": "Thing", "metadata": {"name": "one"}}
    checked = _run(tasks, _agent(other_objects=[kind]), check=True, diff=True)
    assert "Thing" in checked.warnings
    assert "Thing" in str([one["before_header"] for one in checked.result["diff"]])
    failed = tasks.fails(verb=_VERB, **_agent(other_objects=[kind]))
    assert "has no kind Thing in example.test/v1" in failed.result["msg"]


def test_what_is_left_is_removed_whatever_is_gone_already(api: Api, tasks: Tasks) -> None:
    _run(tasks, _everything(tasks.namespace))
    api.kubectl("delete", "daemonset", "agent", "--namespace", tasks.namespace)
    api.kubectl("delete", "service", "agent", "--namespace", tasks.namespace)
    gone = _run(tasks, _everything(tasks.namespace), state="absent", delete_claims=True)
    assert gone.changed
    assert set(_belonging(api, tasks.namespace)) <= {"PersistentVolumeClaim"}


def test_check_mode_of_a_removal(api: Api, tasks: Tasks) -> None:
    _run(tasks, _everything(tasks.namespace))
    before = _belonging(api, tasks.namespace)
    checked = _run(tasks, {"name": "agent"}, state="absent", check=True, diff=True)
    assert checked.changed
    assert _belonging(api, tasks.namespace) == before
    assert api.exists(tasks.namespace, "agent")
    gone = _run(tasks, {"name": "agent"}, state="absent")
    assert _actions(gone) == _actions(checked)
    assert _actions(gone)["PersistentVolumeClaim cache"] == "kept"


def test_a_file_of_many_documents(api: Api, tasks: Tasks) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"ports": [{"port": 80}], "selector": {"app.kubernetes.io/name": "agent"}},
    }
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf"}, "data": {}}
    daemonset = simple("agent", nodeSelector=NOWHERE)
    asked = {"definition": [service, config, daemonset]}
    _run(tasks, asked)
    assert _belonging(api, tasks.namespace) == {"ConfigMap": ["conf"], "Service": ["web"]}
    assert not _run(tasks, asked).changed


def test_a_namespace_of_its_own(api: Api, tasks: Tasks) -> None:
    name = f"{tasks.namespace}-own"
    asked = {**_agent(), "namespace": name, "create_namespace": True}
    checked = _run(tasks, asked, check=True, diff=True)
    assert "checked offline only" in checked.warnings
    made = _run(tasks, asked, diff=True)
    assert _actions(made) == _actions(checked)
    shown = [[one["before_header"] for one in run.result["diff"]] for run in (checked, made)]
    assert shown[0] == shown[1]
    assert shown[0].count(f"Namespace {name}") == 1
    same = _run(tasks, asked)
    assert not same.changed
    assert not [request for request in same.requests if request.writes]
    _run(tasks, {"name": "agent", "namespace": name}, state="absent", delete_namespace=True)
    query = {"fieldSelector": f"metadata.name={name}"}
    found = api.request("GET", "/api/v1/namespaces", query=query)["items"]
    assert all("deletionTimestamp" in one["metadata"] for one in found)


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"services": [{"ports": [{"port": 0}]}]}, "services[0].ports[0].port"),
        ({"services": [{"typ": "NodePort"}]}, "services[0].typ"),
        ({"services": [{"ports": [{"port": 1}, {"port": 2}]}]}, "services[0].ports[0].name"),
        ({"services": [{"external_traffic_policy": "Local"}]}, "external_traffic_policy"),
        ({"services": [{"session_affinity_timeout_seconds": 5}]}, "session_affinity"),
        ({"services": [{"headless": True, "type": "NodePort"}]}, "services[0].headless"),
        ({"services": [{"name": "Web"}]}, "services[0].name"),
        ({"config_maps": [{"name": "a", "data": {"a/b": "c"}}]}, "config_maps[0].data"),
        ({"secrets": [{"name": "a", "binary_data": {"b": "?"}}]}, "secrets[0].binary_data[b]"),
        ({"config_maps": [{"data": {}}]}, "config_maps[0].name"),
        ({"persistent_volume_claims": [{"name": "c"}]}, "persistent_volume_claims[0].capacity"),
        ({"priority_class": {"value": 2_000_000_000}}, "priority_class.value"),
        ({"service_account": {"rules": [{"resources": ["pods"]}]}}, "service_account.rules"),
        ({"other_objects": [{"kind": "Service"}]}, "other_objects[0].apiVersion"),
        ({"service_account": {"name": "a"}, "service_account_name": "b"}, "service_account.name"),
    ],
)
def test_wrong_input_is_told_and_not_sent(tasks: Tasks, asked: dict[str, Any], path: str) -> None:
    failed = tasks.fails(verb=_VERB, **_agent() | asked)
    assert path in failed.result["msg"]
    assert failed.result["error"]["kind"] == "invalid_input"
    assert failed.requests == []


def _spec(api: Api, namespace: str, kind: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = api.request("GET", f"{_PATHS[kind].format(namespace)}/{name}")["spec"]
    return found


def test_services(api: Api, tasks: Tasks) -> None:
    pool = {"metallb.io/address-pool": "edge"}
    wanted: list[dict[str, Any]] = [
        {"name": "inside", "internal_traffic_policy": "Local"},
        {"name": "names", "headless": True, "publish_not_ready_addresses": True},
        {
            "name": "nodes",
            "type": "NodePort",
            "selector": {"team": "edge"},
            "ports": [
                {"name": "a", "port": 80, "target_port": "metrics", "node_port": 0},
                {"name": "b", "port": 53, "protocol": "UDP"},
            ],
            "session_affinity": "ClientIP",
            "session_affinity_timeout_seconds": 30,
            "external_traffic_policy": "Local",
        },
        {
            "name": "balanced",
            "type": "LoadBalancer",
            "load_balancer_ip": "192.0.2.7",
            "annotations": pool,
        },
    ]
    _run(tasks, _agent(services=wanted))
    assert not _run(tasks, _agent(services=wanted)).changed
    inside = _spec(api, tasks.namespace, "Service", "inside")
    assert (inside["type"], inside["internalTrafficPolicy"]) == ("ClusterIP", "Local")
    names = _spec(api, tasks.namespace, "Service", "names")
    assert (names["clusterIP"], names["publishNotReadyAddresses"]) == ("None", True)
    nodes = _spec(api, tasks.namespace, "Service", "nodes")
    assert nodes["selector"] == {"team": "edge"}
    assert [(port["port"], port["protocol"]) for port in nodes["ports"]] == [
        (80, "TCP"),
        (53, "UDP"),
    ]
    assert all(port["nodePort"] >= 30000 for port in nodes["ports"])
    assert nodes["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 30}}
    assert nodes["externalTrafficPolicy"] == "Local"
    path = f"{_PATHS['Service'].format(tasks.namespace)}/balanced"
    balanced = api.request("GET", path)
    assert balanced["metadata"]["annotations"] == pool
    assert balanced["spec"]["loadBalancerIP"] == "192.0.2.7"
    # Edited: the address and the ports that the server picked stay.
    wanted[2].pop("session_affinity_timeout_seconds")
    _run(tasks, _agent(services=wanted))
    edited = _spec(api, tasks.namespace, "Service", "nodes")
    assert edited["clusterIP"] == nodes["clusterIP"]
    assert edited["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 10800}}
    assert [port["nodePort"] for port in edited["ports"]] == [
        port["nodePort"] for port in nodes["ports"]
    ]


def test_claims(api: Api, tasks: Tasks) -> None:
    common = {"capacity": "1Gi", "access_modes": ["ReadWriteMany"]}
    wanted: list[dict[str, Any]] = [
        {**common, "name": "of-a-class", "storage_class": "fast"},
        {**common, "name": "of-a-volume", "storage_class": "", "volume_name": "disk"},
        {**common, "name": "of-a-snapshot", "storage_class": "fast", "snapshot": "yesterday"},
        {**common, "name": "of-another", "storage_class": "fast", "clone": "of-a-class"},
    ]
    made = _run(tasks, _agent(persistent_volume_claims=wanted))
    # None of them is bound, which nobody waits for.
    assert made.changed
    assert made.warnings == ""
    assert not _run(tasks, _agent(persistent_volume_claims=wanted)).changed
    specs = {
        entry["name"]: _spec(api, tasks.namespace, "PersistentVolumeClaim", entry["name"])
        for entry in wanted
    }
    assert specs["of-a-class"]["storageClassName"] == "fast"
    assert specs["of-a-volume"]["volumeName"] == "disk"
    assert specs["of-a-snapshot"]["dataSource"]["kind"] == "VolumeSnapshot"
    assert specs["of-another"]["dataSource"]["name"] == "of-a-class"
    smaller = [{**wanted[0], "capacity": "1Mi"}]
    failed = tasks.fails(verb=_VERB, **_agent(persistent_volume_claims=smaller))
    assert "PersistentVolumeClaim" in failed.result["msg"]


@pytest.mark.parametrize("grows", [True, False], ids=["it allows it", "it does not"])
def test_a_bound_claim_grows_where_its_class_allows_it(api: Api, tasks: Tasks, grows: bool) -> None:
    name = f"{tasks.namespace}-{str(grows).lower()}"
    storage = {
        "metadata": {"name": name},
        "provisioner": "example.test/none",
        "allowVolumeExpansion": grows,
    }
    volume = {
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteMany"],
            "storageClassName": name,
            "hostPath": {"path": "/disk"},
        },
    }
    classes, volumes = "/apis/storage.k8s.io/v1/storageclasses", "/api/v1/persistentvolumes"
    api.request("POST", classes, body=storage)
    api.request("POST", volumes, body=volume)
    claim = {"name": "disk", "storage_class": name, "access_modes": ["ReadWriteMany"]}
    path = f"/api/v1/namespaces/{tasks.namespace}/persistentvolumeclaims/disk"
    try:
        _run(tasks, _agent(persistent_volume_claims=[{**claim, "capacity": "1Gi"}]))
        eventually(
            lambda: api.request("GET", path)["status"].get("phase") == "Bound" or None,
            "the claim is bound",
        )
        larger = _agent(persistent_volume_claims=[{**claim, "capacity": "2Gi"}])
        if grows:
            assert _run(tasks, larger).changed
            assert not _run(tasks, larger).changed
        else:
            failed = tasks.fails(verb=_VERB, **larger)
            assert "PersistentVolumeClaim" in failed.result["msg"]
            assert "storageclass" in failed.result["msg"]
        asked = api.request("GET", path)["spec"]["resources"]["requests"]["storage"]
        assert asked == ("2Gi" if grows else "1Gi")
    finally:
        api.request("DELETE", f"{volumes}/{name}")
        api.request("DELETE", f"{classes}/{name}")


def test_a_claim_for_one_node_is_told(tasks: Tasks) -> None:
    claim = {"name": "cache", "capacity": "1Gi", "access_modes": ["ReadWriteOnce"]}
    made = _run(tasks, _agent(persistent_volume_claims=[claim]))
    assert "persistent_volume_claims[0].access_modes" in made.warnings
    assert "one node" in made.warnings


def test_both_ways(api: Api, two_namespaces: tuple[str, str]) -> None:
    def step(title: str, /, *, check: bool = False, **asked: Any) -> dict[str, Any]:
        module = "everynode.kubernetes.node_agent"
        return {"name": title, module: asked, "ignore_errors": True, "diff": True} | (
            {"check_mode": True} if check else {}
        )

    more = {"services": [{"name": "web"}], "service_account": {}}
    bad = {"config_maps": [{"name": "conf", "data": {"a/b": "c"}}]}
    steps = [
        step("check", check=True, **_agent(**more)),
        step("make", **_agent(**more)),
        step("again", **_agent(**more)),
        step("prune", **_agent()),
        step("wrong", **_agent() | bad),
        step("remove", name="agent", state="absent"),
        step("remove again", name="agent", state="absent"),
    ]
    here, there = both_ways(api, two_namespaces, steps)
    for one in steps:
        alike(here.step(one["name"]), there.step(one["name"]), two_namespaces)
    changed = [here.step(one["name"]).changed for one in steps]
    assert changed == [True, True, False, True, False, True, False], here.output
    assert "hunter2" not in here.output + there.output
    assert "hunter2" not in str([one.result for one in [*here.steps, *there.steps]])
    for name in two_namespaces:
        assert _belonging(api, name) == {}
