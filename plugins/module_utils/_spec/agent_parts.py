# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects that a node agent needs beside its DaemonSet, as typed parameters: reading them."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._base.errors import Fault
from .names import snake
from .parse import parse_bundle
from .schema import FieldType, fields_of
from .spelling import normalise

_LISTS = {
    "config_maps": "AgentConfigMap",
    "secrets": "AgentSecret",
    "persistent_volume_claims": "AgentClaim",
    "services": "AgentService",
}
_OBJECTS = {"service_account": "AgentAccount", "priority_class": "AgentPriority"}


@dataclass
class Parts:
    """What a task asks for beside the DaemonSet, in the API's spelling.

    Attributes:
        service_account: the account and its rights, or None.
        priority_class: the priority class, or None.
        config_maps: plain or versioned ConfigMaps.
        secrets: plain or versioned Secrets.
        persistent_volume_claims: claims.
        services: Services.
        others: whole manifests, each with the path where the user wrote it.
        faults: what could not be read.
        warnings: sentences for the user.
    """

    service_account: dict[str, Any] | None = None
    priority_class: dict[str, Any] | None = None
    config_maps: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[dict[str, Any]] = field(default_factory=list)
    persistent_volume_claims: list[dict[str, Any]] = field(default_factory=list)
    services: list[dict[str, Any]] = field(default_factory=list)
    others: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def argument_spec() -> dict[str, dict[str, Any]]:
    """Ansible's argument spec of the parts; deeper values are read here, as a DaemonSet's are."""
    spec: dict[str, dict[str, Any]] = {name: {"type": "dict"} for name in _OBJECTS}
    spec |= {name: {"type": "list", "elements": "dict"} for name in (*_LISTS, "other_objects")}
    # What is secret in it travels as secrets_content; Ansible would hide every name in it.
    spec["secrets"]["no_log"] = False
    spec["secrets_content"] = {"type": "str", "no_log": True}
    return spec


def taken_apart(params: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, Any]]]:
    """The parameters with a definition of nothing but the DaemonSet, and the other objects of the
    definition, each with its path.

    Raises:
        InputError: the definition is no text, no YAML, or has not exactly one DaemonSet.
    """
    origin = "definition" if params.get("definition") is not None else "src"
    source = params.get("definition") if origin == "definition" else params.get("src_content")
    if source is None:
        return dict(params), []
    daemonset, others = parse_bundle(source, origin=origin)
    named = [(f"{origin}: {_name_of(one)}", one) for one in others]
    key = "definition" if origin == "definition" else "src_content"
    return {**params, key: daemonset if key == "definition" else json.dumps(daemonset)}, named


def read_parts(params: Mapping[str, Any], others: list[tuple[str, Any]]) -> Parts:
    """The parts that the parameters name, read as a DaemonSet's parameters are."""
    parts = Parts()
    given = dict(params)
    if given.get("secrets_content") is not None:
        given["secrets"] = json.loads(given["secrets_content"])
    for name, ref in _OBJECTS.items():
        if given.get(name) is not None:
            setattr(parts, name, _read(parts, given[name], FieldType("object", ref=ref), name))
    for name, ref in _LISTS.items():
        if given.get(name) is not None:
            element = FieldType("object", ref=ref)
            found = _read(parts, given[name], FieldType("list", element=element), name)
            setattr(parts, name, found or [])
            parts.faults += _missing(name, ref, found or [], parts.faults)
    parts.others += [(path, copy.deepcopy(one)) for path, one in others]
    for index, one in enumerate(given.get("other_objects") or []):
        parts.others.append((f"other_objects[{index}]", copy.deepcopy(one)))
    wrong = {path: _manifest_faults(path, one) for path, one in parts.others}
    parts.faults += [fault for faults in wrong.values() for fault in faults]
    parts.others = [(path, one) for path, one in parts.others if not wrong[path]]
    return parts


def _missing(name: str, ref: str, entries: list[dict[str, Any]], known: list[Fault]) -> list[Fault]:
    """The fields that each entry must have and that are not there."""
    paths = {fault.path for fault in known}
    required = [field for field, expected in fields_of(ref).items() if expected.required]
    missing = [
        f"{name}[{index}].{snake(field)}"
        for index, entry in enumerate(entries)
        for field in required
        if not entry.get(field)
    ]
    return [Fault(path, "is missing") for path in missing if path not in paths]


def _read(parts: Parts, value: Any, expected: FieldType, name: str) -> Any:
    result, faults, warnings = normalise(value, expected, name)
    parts.faults += faults
    parts.warnings += warnings
    return _without_nulls(result)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _manifest_faults(path: str, manifest: Any) -> list[Fault]:
    if not isinstance(manifest, Mapping):
        return [Fault(path, "is no manifest")]
    faults = [
        Fault(f"{path}.{key}", "is missing")
        for key in ("apiVersion", "kind")
        if not isinstance(manifest.get(key), str)
    ]
    metadata = manifest.get("metadata")
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("name"), str):
        faults.append(Fault(f"{path}.metadata.name", "is missing"))
    elif manifest.get("kind") == "DaemonSet":
        faults.append(Fault(path, "is another DaemonSet: one task manages one"))
    return faults


def _name_of(manifest: Mapping[str, Any]) -> str:
    metadata = manifest.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return f"{manifest.get('kind')} {name}"
