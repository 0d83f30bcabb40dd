# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DaemonSets that the tests work with, as manifests in the API's own spelling."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

# A DaemonSet that runs nowhere makes no pods: where a test is only about the object.
NOWHERE = {"everynode.kubernetes/nowhere": "true"}


def simple(name: str, namespace: str | None = None, **spec: Any) -> dict[str, Any]:
    """One container and nothing else. `spec` is laid over the pod's spec."""
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": metadata,
        "spec": {
            "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "template": {
                "metadata": {"labels": {"app.kubernetes.io/name": name}},
                "spec": {
                    "containers": [{"name": "agent", "image": "example.test/agent:1"}],
                    **spec,
                },
            },
        },
    }


def full(name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    """A DaemonSet with one of everything that a playbook may stop naming."""
    manifest = simple(name, namespace, **spec)
    manifest["metadata"]["labels"] = {"tier": "node", "extra-label": "1"}
    manifest["metadata"]["annotations"] = {"note": "kept", "extra-annotation": "1"}
    template = manifest["spec"]["template"]
    template["metadata"]["labels"]["extra-pod-label"] = "1"
    template["metadata"]["annotations"] = {"extra-pod-annotation": "1"}
    template["spec"] |= {
        "tolerations": [
            {"key": "kept", "operator": "Exists", "effect": "NoSchedule"},
            {"key": "extra", "operator": "Exists", "effect": "NoExecute"},
        ],
        "volumes": [
            {"name": "data", "hostPath": {"path": "/var/lib/data"}},
            {"name": "extra-volume", "emptyDir": {}},
        ],
        "initContainers": [{"name": "extra-init", "image": "example.test/init:1"}],
        "containers": [
            {
                "name": "agent",
                "image": "example.test/agent:1",
                "args": ["--verbose"],
                "env": [{"name": "MODE", "value": "node"}, {"name": "EXTRA", "value": "1"}],
                "ports": [
                    {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
                    {"name": "dns", "containerPort": 53, "protocol": "UDP"},
                    {"name": "extra", "containerPort": 8081},
                ],
                "resources": {
                    "requests": {"cpu": "10m", "memory": "16Mi"},
                    "limits": {"cpu": "1", "memory": "64Mi"},
                },
                "volumeMounts": [
                    {"name": "data", "mountPath": "/data"},
                    {"name": "data", "mountPath": "/extra", "readOnly": True},
                ],
                "readinessProbe": {"tcpSocket": {"port": 53}, "periodSeconds": 5},
                "securityContext": {"privileged": True},
            },
            {"name": "extra-container", "image": "example.test/extra:1"},
        ],
    }
    return manifest


_POD = ("spec", "template", "spec")
_AGENT = (*_POD, "containers", 0)
# What goes away, by its name in the tests: the path in the manifest of `full`, and as we write it.
EXTRAS: dict[str, tuple[tuple[str | int, ...], str]] = {
    "env-variable": ((*_AGENT, "env", 1), "containers[name=agent].env[name=EXTRA]"),
    "volume": ((*_POD, "volumes", 1), "volumes[name=extra-volume]"),
    "mount": (
        (*_AGENT, "volumeMounts", 1),
        "containers[name=agent].volumeMounts[mountPath=/extra]",
    ),
    "toleration": ((*_POD, "tolerations", 1), "tolerations"),
    "label": (("metadata", "labels", "extra-label"), "metadata.labels[extra-label]"),
    "annotation": (
        ("metadata", "annotations", "extra-annotation"),
        "metadata.annotations[extra-annotation]",
    ),
    "port": (
        (*_AGENT, "ports", 2),
        "containers[name=agent].ports[containerPort=8081,protocol=TCP]",
    ),
    "limit": (
        (*_AGENT, "resources", "limits", "memory"),
        "containers[name=agent].resources.limits.memory",
    ),
    "probe": ((*_AGENT, "readinessProbe"), "containers[name=agent].readinessProbe"),
    "container": ((*_POD, "containers", 1), "containers[name=extra-container]"),
    "init-container": ((*_POD, "initContainers", 0), "initContainers[name=extra-init]"),
    "pod-label": (
        ("spec", "template", "metadata", "labels", "extra-pod-label"),
        "template.metadata.labels[extra-pod-label]",
    ),
    "pod-annotation": (
        ("spec", "template", "metadata", "annotations", "extra-pod-annotation"),
        "template.metadata.annotations[extra-pod-annotation]",
    ),
    "arguments": ((*_AGENT, "args"), "containers[name=agent].args"),
    "security-context": (
        (*_AGENT, "securityContext", "privileged"),
        "containers[name=agent].securityContext.privileged",
    ),
}


def without(manifest: Mapping[str, Any], path: Iterable[str | int]) -> dict[str, Any]:
    """A copy without what lies at a path; a list or map that becomes empty goes too."""
    found = copy.deepcopy(dict(manifest))
    steps = list(path)
    holders: list[Any] = [found]
    for step in steps[:-1]:
        holders.append(holders[-1][step])
    del holders[-1][steps[-1]]
    while len(holders) > 1 and not holders[-1]:
        holders.pop()
        steps.pop()
        del holders[-1][steps[-1]]
    return found


def at(manifest: Any, path: Iterable[str | int]) -> Any:
    """What lies at a path, or None."""
    for step in path:
        try:
            manifest = manifest[step]
        except (KeyError, IndexError, TypeError):
            return None
    return manifest


def desired(live: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a live object that somebody asked for: labels, annotations and spec."""
    annotations = dict(live["metadata"].get("annotations") or {})
    annotations.pop("deprecated.daemonset.template.generation", None)
    return {
        "labels": live["metadata"].get("labels") or {},
        "annotations": annotations,
        "spec": live["spec"],
    }
