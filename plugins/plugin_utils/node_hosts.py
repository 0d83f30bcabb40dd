# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes of a cluster as inventory hosts: their variables and groups. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..module_utils._base.words import natural

ALL_NODES = "kubernetes_nodes"
# What nodes are grouped by unless the user chooses.
KINDS = ("condition", "role", "taint", "zone")
_ROLE = "node-role.kubernetes.io/"
# Each with the labels that it had before, which clusters still set.
_ZONE = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
_REGION = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")
_INSTANCE_TYPE = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type")

_MOST_TOLD = 5


class Group(NamedTuple):
    """A group of a node's host.

    Attributes:
        name: its name before it is made safe.
        source: what of the node makes it, in words: of two that give one name, both are told.
    """

    name: str
    source: str


def variables_of(node: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of a node's host, without a prefix: nothing in them is secret.

    Annotations are left out, since controllers keep whole states there.
    """
    metadata = node["metadata"]
    spec, status = node.get("spec") or {}, node.get("status") or {}
    info, labels = status.get("nodeInfo") or {}, dict(metadata.get("labels") or {})
    conditions = {
        str(one["type"]): str(one.get("status")) for one in status.get("conditions") or []
    }
    return {
        "name": metadata["name"],
        "uid": metadata.get("uid"),
        "created": metadata.get("creationTimestamp"),
        "labels": labels,
        "taints": [
            {key: taint.get(key) for key in ("key", "value", "effect")}
            for taint in spec.get("taints") or []
        ],
        "conditions": conditions,
        "ready": conditions.get("Ready") == "True",
        "unschedulable": bool(spec.get("unschedulable")),
        "roles": sorted(_roles(labels)),
        "zone": _first(labels, _ZONE),
        "region": _first(labels, _REGION),
        "instance_type": _first(labels, _INSTANCE_TYPE),
        "addresses": _addresses(status.get("addresses") or []),
        "provider_id": spec.get("providerID"),
        "pod_cidrs": list(spec.get("podCIDRs") or []),
        "allocatable": dict(status.get("allocatable") or {}),
        "capacity": dict(status.get("capacity") or {}),
        "os": info.get("operatingSystem"),
        "os_image": info.get("osImage"),
        "architecture": info.get("architecture"),
        "kernel_version": info.get("kernelVersion"),
        "kubelet_version": info.get("kubeletVersion"),
        "container_runtime": info.get("containerRuntimeVersion"),
    }


def address_of(variables: Mapping[str, Any], wanted: Sequence[str]) -> str | None:
    """The first address of the first of the wanted types that a node has."""
    addresses = variables["addresses"]
    return next((addresses[kind][0] for kind in wanted if addresses.get(kind)), None)


def groups_of(
    variables: Mapping[str, Any], kinds: Iterable[str], label_keys: Iterable[str]
) -> list[Group]:
    """The groups of a node's host."""
    found = [Group(ALL_NODES, "being a node")]
    for kind in kinds:
        found += _BY_KIND[kind](variables)
    for key in label_keys:
        if key in variables["labels"]:
            value = variables["labels"][key]
            named = f"label_{key}_{value}" if value else f"label_{key}"
            found.append(Group(named, f"the label {key}={value}" if value else f"the label {key}"))
    return found


def is_another(variables: Mapping[str, Any], uid: str, prefix: str) -> bool:
    """Whether the variables of a host are those of another node than that of this uid.

    Args:
        variables: the host's so far.
        uid: the node's.
        prefix: what the names of its variables begin with; those of another cluster's nodes may
            begin with another.
    """
    if variables.get(f"{prefix}uid", uid) != uid:
        return True
    return any(
        value != uid and f"{name.removesuffix('uid')}kubelet_version" in variables
        for name, value in variables.items()
        if name.endswith("uid")
    )


def merged(sources: Mapping[str, Collection[str]]) -> str:
    """A sentence about the groups that hold nodes for more than one reason; empty where none does.

    Args:
        sources: by the names of groups, once they are made safe, what makes them.
    """
    told = [
        f"{name} is made by {' and by '.join(sorted(found, key=natural))}"
        for name, found in sources.items()
        if len(found) > 1
    ]
    if not told:
        return ""
    return (
        "A group of the inventory holds the nodes of several labels or the like, as in its name all"
        f" but letters, digits and _ becomes _: {'; '.join(told[:_MOST_TOLD])}"
        f"{f'; and {len(told) - _MOST_TOLD} more' if len(told) > _MOST_TOLD else ''}. To tell them"
        " apart, make groups of your own of the variable with the labels."
    )


def _by_condition(variables: Mapping[str, Any]) -> Iterator[Group]:
    ready = "ready" if variables["ready"] else "not_ready"
    yield Group(ready, "the condition Ready")
    if variables["unschedulable"]:
        yield Group("unschedulable", "being cordoned")
    for name, status in variables["conditions"].items():
        if name != "Ready" and status == "True":
            yield Group(f"condition_{name}", f"the condition {name}")


def _by_role(variables: Mapping[str, Any]) -> Iterator[Group]:
    for role in variables["roles"]:
        yield Group(f"role_{role}", f"the role {role}")


def _by_taint(variables: Mapping[str, Any]) -> Iterator[Group]:
    for taint in variables["taints"]:
        key, value, effect = (taint[part] for part in ("key", "value", "effect"))
        named = "_".join(["taint", *(str(part) for part in (key, value, effect) if part)])
        yield Group(named, f"the taint {key}{f'={value}' if value else ''}:{effect}")


def _by_zone(variables: Mapping[str, Any]) -> Iterator[Group]:
    for kind in ("zone", "region"):
        if variables[kind]:
            yield Group(f"{kind}_{variables[kind]}", f"the {kind} {variables[kind]}")


_BY_KIND = {
    "condition": _by_condition,
    "role": _by_role,
    "taint": _by_taint,
    "zone": _by_zone,
}


def _roles(labels: Mapping[str, str]) -> Iterator[str]:
    for key, value in labels.items():
        if key.startswith(_ROLE) and key != _ROLE:
            yield key.removeprefix(_ROLE)
        elif key == "kubernetes.io/role" and value:
            yield value


def _first(labels: Mapping[str, str], keys: Iterable[str]) -> str | None:
    return next((labels[key] for key in keys if labels.get(key)), None)


def _addresses(given: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in given:
        found.setdefault(str(one["type"]), []).append(str(one["address"]))
    return found
