# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the parts of a node agent to its objects, and to a DaemonSet that refers to them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._base.errors import Fault
from .agent_checks import check_object
from .agent_parts import Parts
from .references import POD_SPEC, Reference, mentioned, renamed
from .schema import FieldType

AGENT_LABEL = "everynode.kubernetes/agent"
CHECKSUM = "everynode.kubernetes/config-checksum"
_RBAC = "rbac.authorization.k8s.io"
_PULL_SECRETS = FieldType("list", element=FieldType("object", ref="LocalObjectReference"))
_LABEL_LIMIT = 63
# What others need comes first; kinds that are not named come last.
_ORDER = (
    "Namespace CustomResourceDefinition PriorityClass ServiceAccount Role ClusterRole RoleBinding"
    " ClusterRoleBinding ConfigMap Secret PersistentVolumeClaim Service"
).split()
_CLUSTER_WIDE = frozenset(
    "Namespace CustomResourceDefinition PriorityClass ClusterRole ClusterRoleBinding".split()
)


@dataclass
class Arrangement:
    """An agent as it is to be.

    Attributes:
        daemonset: the DaemonSet's intent.
        objects: the other objects' intents, in the order in which they are applied.
        versioned: which of them have a hash of their content in their names.
        faults: what is wrong.
        warnings: sentences for the user.
    """

    daemonset: dict[str, Any]
    objects: list[dict[str, Any]] = field(default_factory=list)
    versioned: set[Reference] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def owner_of(namespace: str, name: str) -> str:
    """The value of the label that each object of an agent carries."""
    plain = f"{namespace}.{name}"
    if len(plain) <= _LABEL_LIMIT:
        return plain
    return f"{name[:40].rstrip('-.')}-{hashlib.sha256(plain.encode()).hexdigest()[:16]}"


def arrange(parts: Parts, daemonset: dict[str, Any]) -> Arrangement:
    """The objects of an agent, and its DaemonSet with references to them.

    Args:
        parts: what the task asks for beside the DaemonSet.
        daemonset: the DaemonSet that it asks for, complete.
    """
    made = Arrangement(_copy(daemonset))
    pod = made.daemonset["spec"]["template"]["spec"]
    found: list[tuple[str, dict[str, Any]]] = []
    names: dict[Reference, str] = {}
    for kind, parameter, entries in (
        ("ConfigMap", "config_maps", parts.config_maps),
        ("Secret", "secrets", parts.secrets),
    ):
        for index, entry in enumerate(entries):
            path = f"{parameter}[{index}]"
            if not isinstance(entry.get("name"), str):
                continue
            manifest = _configuration(kind, entry, path, made, daemonset["metadata"]["name"])
            if entry.get("versioned", True):
                names[kind, entry["name"]] = manifest["metadata"]["name"]
                made.versioned.add((kind, manifest["metadata"]["name"]))
            found.append((path, manifest))
    if parts.priority_class is not None:
        found.append(("priority_class", _priority(parts.priority_class, daemonset, pod, made)))
    if parts.service_account is not None:
        found += _account(parts.service_account, daemonset, pod, names, made)
    found += [
        (
            f"persistent_volume_claims[{index}]",
            _claim(entry, f"persistent_volume_claims[{index}]", made),
        )
        for index, entry in enumerate(parts.persistent_volume_claims)
        if isinstance(entry.get("name"), str)
    ]
    found += [
        (f"services[{index}]", _service(entry, daemonset, f"services[{index}]", made))
        for index, entry in enumerate(parts.services)
    ]
    found += [(path, _other(one)) for path, one in parts.others]
    spec = renamed(pod, names)
    made.daemonset["spec"]["template"]["spec"] = spec
    _finish(found, daemonset, made)
    _add_checksum(made, spec)
    return made


def _finish(
    found: Iterable[tuple[str, dict[str, Any]]], daemonset: Mapping[str, Any], made: Arrangement
) -> None:
    """Give each object its place and its label, and check it."""
    namespace = daemonset["metadata"]["namespace"]
    owner = owner_of(namespace, daemonset["metadata"]["name"])
    seen: dict[tuple[str, ...], str] = {}
    for path, manifest in found:
        metadata = manifest["metadata"]
        if manifest["kind"] not in _CLUSTER_WIDE and not metadata.get("namespace"):
            metadata["namespace"] = namespace
        metadata["labels"] = {**(metadata.get("labels") or {}), AGENT_LABEL: owner}
        key = (
            manifest["apiVersion"],
            manifest["kind"],
            metadata.get("namespace", ""),
            metadata["name"],
        )
        if key in seen:
            made.faults.append(
                Fault(path, f"is a second {manifest['kind']} {metadata['name']}, as {seen[key]} is")
            )
            continue
        seen[key] = path
        made.faults += check_object(path, manifest)
        made.objects.append(manifest)
    made.objects.sort(key=lambda one: rank(one["kind"]))


def rank(kind: str) -> int:
    """The place of a kind in the order in which objects are applied."""
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _object(api_version: str, kind: str, name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name}
    metadata |= {key: dict(entry[key]) for key in ("labels", "annotations") if entry.get(key)}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def _configuration(
    kind: str, entry: Mapping[str, Any], path: str, made: Arrangement, agent: str
) -> dict[str, Any]:
    content: dict[str, Any] = {}
    data, binary = entry.get("data") or {}, entry.get("binaryData") or {}
    for key, text in binary.items():
        try:
            base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            made.faults.append(Fault(f"{path}.binary_data[{key}]", "is not base64"))
    for key in data.keys() & binary.keys():
        made.faults.append(Fault(f"{path}.data[{key}]", "is in binary_data, too"))
    if kind == "Secret":
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
        content["data"] = {**encoded, **binary}
        if entry.get("type"):
            content["type"] = entry["type"]
    else:
        content["data"] = dict(data)
        if binary:
            content["binaryData"] = dict(binary)
    name = entry["name"]
    if not entry.get("versioned", True):
        return {**_object("v1", kind, name, entry), **content}
    # Agents of one namespace may have the same content under the same name, and each its own.
    versioned = _object("v1", kind, f"{name}-{_digest([agent, content])[:10]}", entry)
    return {**versioned, **content, "immutable": True}


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _add_checksum(made: Arrangement, pod: Mapping[str, Any]) -> None:
    """Have the pods replaced when a ConfigMap or Secret changes that keeps its name."""
    used = set(mentioned(pod, POD_SPEC)) - made.versioned
    namespace = made.daemonset["metadata"]["namespace"]
    contents = [
        [one["kind"], one["metadata"]["name"], one.get("data"), one.get("binaryData")]
        for one in made.objects
        if (one["kind"], one["metadata"]["name"]) in used
        and one["metadata"].get("namespace") == namespace
    ]
    if not contents:
        return
    template = made.daemonset["spec"]["template"]
    metadata = template["metadata"] = template.get("metadata") or {}
    checksum = _digest(contents)[:16]
    metadata["annotations"] = {**(metadata.get("annotations") or {}), CHECKSUM: checksum}


def _priority(
    entry: Mapping[str, Any], daemonset: Mapping[str, Any], pod: dict[str, Any], made: Arrangement
) -> dict[str, Any]:
    metadata = daemonset["metadata"]
    name = entry.get("name") or pod.get("priorityClassName")
    name = name or f"{metadata['namespace']}.{metadata['name']}"
    if pod.setdefault("priorityClassName", name) != name:
        made.faults.append(
            Fault("priority_class.name", f"the pods have another: {pod['priorityClassName']}")
        )
    fields = ("value", "globalDefault", "preemptionPolicy", "description")
    manifest = _object("scheduling.k8s.io/v1", "PriorityClass", name, entry)
    return {**manifest, **{key: entry[key] for key in fields if key in entry}}


def _account(
    entry: Mapping[str, Any],
    daemonset: Mapping[str, Any],
    pod: dict[str, Any],
    names: Mapping[Reference, str],
    made: Arrangement,
) -> list[tuple[str, dict[str, Any]]]:
    metadata = daemonset["metadata"]
    name = entry.get("name") or pod.get("serviceAccountName") or metadata["name"]
    if pod.setdefault("serviceAccountName", name) != name:
        made.faults.append(
            Fault("service_account.name", f"the pods have another: {pod['serviceAccountName']}")
        )
    account = _object("v1", "ServiceAccount", name, entry)
    has_rules = bool(entry.get("rules") or entry.get("clusterRules"))
    account["automountServiceAccountToken"] = entry.get("automountToken", has_rules)
    if entry.get("imagePullSecrets"):
        account["imagePullSecrets"] = renamed(entry["imagePullSecrets"], names, _PULL_SECRETS)
    found = [("service_account", account)]
    subject = {"kind": "ServiceAccount", "name": name, "namespace": metadata["namespace"]}
    for key, kind, path, bound in (
        ("rules", "Role", "service_account.rules", name),
        (
            "clusterRules",
            "ClusterRole",
            "service_account.cluster_rules",
            f"{metadata['namespace']}:{name}",
        ),
    ):
        if entry.get(key):
            role = _object(f"{_RBAC}/v1", kind, bound, entry) | {"rules": entry[key]}
            binding = _object(f"{_RBAC}/v1", f"{kind}Binding", bound, entry)
            binding["subjects"] = [subject]
            binding["roleRef"] = {"apiGroup": _RBAC, "kind": kind, "name": bound}
            found += [(path, role), (path, binding)]
    return found


def _claim(entry: Mapping[str, Any], path: str, made: Arrangement) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "accessModes": entry.get("accessModes") or [],
        "resources": {"requests": {"storage": entry.get("capacity")}},
    }
    for key, target in (
        ("storageClass", "storageClassName"),
        ("volumeMode", "volumeMode"),
        ("volumeName", "volumeName"),
    ):
        if key in entry:
            spec[target] = entry[key]
    if entry.get("snapshot"):
        group = "snapshot.storage.k8s.io"
        spec["dataSource"] = {
            "apiGroup": group,
            "kind": "VolumeSnapshot",
            "name": entry["snapshot"],
        }
    if entry.get("clone"):
        spec["dataSource"] = {"kind": "PersistentVolumeClaim", "name": entry["clone"]}
    if entry.get("snapshot") and entry.get("clone"):
        made.faults.append(Fault(f"{path}.clone", "is given beside snapshot; keep one of them"))
    if not {"ReadWriteMany", "ReadOnlyMany"} & set(spec["accessModes"]):
        made.warnings.append(
            f"{path}.access_modes: a claim that one node at a time can mount, while a DaemonSet has"
            " a pod on each: pods on other nodes may not start."
        )
    return {**_object("v1", "PersistentVolumeClaim", entry["name"], entry), "spec": spec}


_SERVICE_FIELDS = (
    "type sessionAffinity externalTrafficPolicy internalTrafficPolicy trafficDistribution clusterIP"
    " externalIPs ipFamilies ipFamilyPolicy loadBalancerIP loadBalancerClass"
    " loadBalancerSourceRanges allocateLoadBalancerNodePorts healthCheckNodePort"
    " publishNotReadyAddresses"
).split()


def _service(
    entry: Mapping[str, Any], daemonset: Mapping[str, Any], path: str, made: Arrangement
) -> dict[str, Any]:
    spec = {key: entry[key] for key in _SERVICE_FIELDS if key in entry}
    if entry.get("headless"):
        if entry.get("clusterIP") not in (None, "None"):
            made.faults.append(Fault(f"{path}.cluster_ip", "a headless Service has none"))
        if entry.get("type") not in (None, "ClusterIP"):
            made.faults.append(Fault(f"{path}.headless", f"excludes the type {entry['type']}"))
        spec["clusterIP"] = "None"
    if "sessionAffinityTimeoutSeconds" in entry:
        if entry.get("sessionAffinity") != "ClientIP":
            made.faults.append(
                Fault(
                    f"{path}.session_affinity_timeout_seconds",
                    "needs session_affinity: ClientIP",
                )
            )
        seconds = entry["sessionAffinityTimeoutSeconds"]
        spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": seconds}}
    selector = entry.get("selector") or daemonset["spec"]["selector"].get("matchLabels")
    if selector:
        spec["selector"] = dict(selector)
    else:
        made.faults.append(
            Fault(f"{path}.selector", "is needed, since the DaemonSet's has no matchLabels")
        )
    spec["ports"] = _ports(entry, daemonset)
    if not spec["ports"] and not entry.get("headless"):
        made.faults.append(Fault(f"{path}.ports", "is needed: the containers name no ports"))
    name = entry.get("name") or daemonset["metadata"]["name"]
    return {**_object("v1", "Service", name, entry), "spec": spec}


def _ports(entry: Mapping[str, Any], daemonset: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The ports that are given, a node port of 0 being none, or those of the containers."""
    if "ports" in entry:
        return [
            {key: value for key, value in port.items() if (key, value) != ("nodePort", 0)}
            for port in entry["ports"]
        ]
    pod = daemonset["spec"]["template"]["spec"]
    found = [port for container in pod["containers"] for port in container.get("ports") or []]
    ports = []
    for port in found:
        number, protocol = port["containerPort"], port.get("protocol", "TCP")
        name = port.get("name") or (f"port-{number}-{protocol.lower()}" if len(found) > 1 else None)
        ports.append(
            {
                "port": number,
                "protocol": protocol,
                "targetPort": port.get("name") or number,
                **({"name": name} if name else {}),
            }
        )
    return ports


def _other(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest as it is applied: without what the server sets, a Secret without stringData, which
    the server would never take away again.
    """
    own = {key: _copy(value) for key, value in manifest.items() if key != "status"}
    kept = ("name", "namespace", "labels", "annotations", "finalizers")
    own["metadata"] = {key: own["metadata"][key] for key in kept if own["metadata"].get(key)}
    if own["kind"] == "Secret" and own["apiVersion"] == "v1" and own.get("stringData"):
        texts = own.pop("stringData")
        encoded = {key: base64.b64encode(str(v).encode()).decode() for key, v in texts.items()}
        own["data"] = {**(own.get("data") or {}), **encoded}
    return own
