# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What daemonset_info shows of a pod template: its containers, their environment, and services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.api import Api
from tests.integration.harness import alike, both_ways
from tests.integration.rich_daemonset import CONTAINER, RBAC, daemonset, make, plain, put
from tests.integration.verbs import Tasks


@pytest.fixture
def agent(api: Api, tasks: Tasks) -> Tasks:
    """A DaemonSet that has nearly everything."""
    put(api, tasks.namespace, daemonset())
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
    assert main["lifecycle"] == CONTAINER["lifecycle"]
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
        make(api, agent.namespace, "services", name, spec={"ports": ports, **spec})
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


def test_many_in_several_namespaces_share_their_lists(
    api: Api, tasks: Tasks, namespaces: Callable[[], str]
) -> None:
    homes = [tasks.namespace, *(namespaces() for _number in range(4))]
    volume = {"name": "config", "configMap": {"name": "settings"}}
    for home in homes:
        for name in ("a", "b"):
            put(api, home, plain(name, volumes=[volume]))
        spec = {"selector": {"app": "a"}, "ports": [{"port": 80}]}
        make(api, home, "services", "a", spec=spec)
        make(api, home, "configmaps", "settings", data={home: "1"})
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
    assert paths.count(f"{RBAC}/rolebindings") == 1
    # Of each namespace the DaemonSets, its ConfigMap and its account: each once for both.
    assert len(paths) == 4 + 3 * 5


def test_both_ways_say_the_same(api: Api, two_namespaces: tuple[str, str]) -> None:
    include = ["containers", "environment", "services", "claims", "objects", "metrics", "drift"]
    agent = daemonset()
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
