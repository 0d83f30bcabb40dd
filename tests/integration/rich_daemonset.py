# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DaemonSet that has nearly everything, one that has nothing, and making what belongs to them."""

from __future__ import annotations

import copy
from typing import Any

from tests.integration.api import Api, eventually
from tests.integration.manifests import NOWHERE
from tests.integration.verbs import Tasks

RBAC = "/apis/rbac.authorization.k8s.io/v1"
_LABELS = {"app": "agent", "tier": "node"}
CONTAINER: dict[str, Any] = {
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
    "containers": [CONTAINER],
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


def daemonset(name: str = "agent", **pod: Any) -> dict[str, Any]:
    """One that has nearly everything, and whose pods no node takes."""
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


def plain(name: str, **pod: Any) -> dict[str, Any]:
    """One that names nothing."""
    made = daemonset(name)
    made["spec"]["template"]["spec"] = {
        "nodeSelector": NOWHERE,
        "containers": [{"name": name, "image": f"example.test/{name}:1"}],
        **pod,
    }
    return made


def make(api: Api, namespace: str, resource: str, name: str, **body: Any) -> None:
    """Make an object of a namespace, by the plural of its kind."""
    group = {
        "daemonsets": "/apis/apps/v1",
        "rolebindings": RBAC,
        "poddisruptionbudgets": "/apis/policy/v1",
    }.get(resource, "/api/v1")
    metadata = {"name": name, **body.pop("metadata", {})}
    api.request(
        "POST", f"{group}/namespaces/{namespace}/{resource}", body={"metadata": metadata, **body}
    )


def put(api: Api, namespace: str, daemonset: dict[str, Any]) -> None:
    """Make a DaemonSet, and wait until its controller has seen it."""
    api.request("POST", f"/apis/apps/v1/namespaces/{namespace}/daemonsets", body=daemonset)
    name = daemonset["metadata"]["name"]

    def observed() -> bool | None:
        return "observedGeneration" in api.daemonset(namespace, name)["status"] or None

    eventually(observed, f"DaemonSet {namespace}/{name} is seen")


def details(tasks: Tasks, *include: str, name: str = "agent", **more: Any) -> dict[str, Any]:
    """What daemonset_info shows of a DaemonSet with these details."""
    result = tasks.info(name=name, include=list(include), **more).result
    assert not result.get("failed"), result["msg"]
    (shown,) = result["daemonsets"]
    found: dict[str, Any] = shown
    return found
