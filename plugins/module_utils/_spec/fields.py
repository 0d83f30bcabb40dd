# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one table of the typed parameters: what each is called and where it goes in the manifest.

Argument spec, documentation, reading and messages all come from it. What lies below a parameter is
the API's own, see schema.py. What it all means is said in tools/generate/descriptions.yml, which
only the documentation needs.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from .choices import POD_SECURITY_LEVELS, TOLERATION_PRESETS
from .names import Path
from .schema import FieldType, type_at

DESCRIPTION_ANNOTATION = "kubernetes.io/description"
CHANGE_CAUSE = "kubernetes.io/change-cause"

_POD: Path = ("spec", "template", "spec")
_POD_METADATA: Path = ("spec", "template", "metadata")

PARAMETERS: Mapping[str, Path] = {
    "name": ("metadata", "name"),
    "namespace": ("metadata", "namespace"),
    "labels": ("metadata", "labels"),
    "annotations": ("metadata", "annotations"),
    "selector": ("spec", "selector"),
    "pod_labels": (*_POD_METADATA, "labels"),
    "pod_annotations": (*_POD_METADATA, "annotations"),
    "containers": (*_POD, "containers"),
    "init_containers": (*_POD, "initContainers"),
    "volumes": (*_POD, "volumes"),
    "node_selector": (*_POD, "nodeSelector"),
    "tolerations": (*_POD, "tolerations"),
    "affinity": (*_POD, "affinity"),
    "topology_spread_constraints": (*_POD, "topologySpreadConstraints"),
    "priority_class_name": (*_POD, "priorityClassName"),
    "scheduler_name": (*_POD, "schedulerName"),
    "runtime_class_name": (*_POD, "runtimeClassName"),
    "os": (*_POD, "os"),
    "host_network": (*_POD, "hostNetwork"),
    "host_pid": (*_POD, "hostPID"),
    "host_ipc": (*_POD, "hostIPC"),
    "host_users": (*_POD, "hostUsers"),
    "share_process_namespace": (*_POD, "shareProcessNamespace"),
    "dns_policy": (*_POD, "dnsPolicy"),
    "dns_config": (*_POD, "dnsConfig"),
    "host_aliases": (*_POD, "hostAliases"),
    "enable_service_links": (*_POD, "enableServiceLinks"),
    "image_pull_secrets": (*_POD, "imagePullSecrets"),
    "service_account_name": (*_POD, "serviceAccountName"),
    "automount_service_account_token": (*_POD, "automountServiceAccountToken"),
    "pod_security_context": (*_POD, "securityContext"),
    "termination_grace_period_seconds": (*_POD, "terminationGracePeriodSeconds"),
    "update_strategy": ("spec", "updateStrategy"),
    "min_ready_seconds": ("spec", "minReadySeconds"),
    "revision_history_limit": ("spec", "revisionHistoryLimit"),
}

# Typed parameters that are no field of the manifest: they shape it, or guard it.
SETTINGS: Mapping[str, FieldType] = {
    "node_names": FieldType("list", element=FieldType("string")),
    "node_failure_toleration_seconds": FieldType("integer", bits=64),
    "tolerate": FieldType("list", element=FieldType("string", enum=TOLERATION_PRESETS)),
    "operating_systems": FieldType("list", element=FieldType("string")),
    "architectures": FieldType("list", element=FieldType("string")),
    "virtual_nodes": FieldType("boolean"),
    "kubelet_root": FieldType("string"),
    "image_prefix": FieldType("string"),
    "harden": FieldType("boolean"),
    "image_policy": FieldType("object", ref="ImagePolicy"),
}

# Parameters that are no field of the manifest, or not always the same one.
_OTHERS: Mapping[str, Mapping[str, Any]] = {
    "definition": {"type": "raw"},
    "src": {"type": "path"},
    "src_content": {"type": "str", "no_log": True},
    "description": {"type": "str"},
    "description_annotation": {"type": "str", "default": DESCRIPTION_ANNOTATION},
    "strict_names": {"type": "bool", "default": False},
    "extra_warnings": {"type": "bool", "default": False},
    "pod_security": {"type": "str", "choices": ["report", *POD_SECURITY_LEVELS]},
}

# Whole numbers are raw, and no `int`: Ansible's own conversion takes true for 1.
_SPEC_TYPES = {
    "object": "dict",
    "map": "dict",
    "list": "list",
    "string": "str",
    "boolean": "bool",
    "integer": "raw",
}


@functools.cache
def type_of(parameter: str) -> FieldType:
    """The type of a typed parameter."""
    if parameter in SETTINGS:
        return SETTINGS[parameter]
    expected = type_at(PARAMETERS[parameter])
    if expected is None:
        raise KeyError(f"parameter {parameter} leads to no field of a DaemonSet")
    return expected


def argument_spec() -> dict[str, dict[str, Any]]:
    """Ansible's argument spec of everything that describes the DaemonSet; top level only.

    Deeper values are read by spelling.py, which reports all faults at once with their paths.
    """
    spec = {name: _spec_of(type_of(name)) for name in (*PARAMETERS, *SETTINGS)}
    # Names of Secrets and no secrets, which Ansible would ask about.
    spec["image_pull_secrets"]["no_log"] = False
    return spec | {name: dict(entry) for name, entry in _OTHERS.items()}


def _spec_of(expected: FieldType) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": _SPEC_TYPES[expected.kind]}
    if expected.kind == "list" and expected.element is not None:
        entry["elements"] = _SPEC_TYPES[expected.element.kind]
    return entry
