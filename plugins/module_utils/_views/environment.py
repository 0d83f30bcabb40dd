# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment of a pod template's containers. Pure: what it refers to is not read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .containers import containers_of

# The sources of a value (EnvVarSource), and what they are called here.
_SOURCES = {
    "configMapKeyRef": "ConfigMap",
    "secretKeyRef": "Secret",
    "fieldRef": "field",
    "resourceFieldRef": "resource",
    "fileKeyRef": "file",
}


def environment_views(template: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The environment of each container that has one, in the order in which they start."""
    return [
        {
            "container": one["name"],
            "variables": [_variable(variable) for variable in one.get("env") or []],
            "from": [_all_of(source) for source in one.get("envFrom") or []],
        }
        for _kind, one in containers_of(template)
        if one.get("env") or one.get("envFrom")
    ]


def _variable(variable: Mapping[str, Any]) -> dict[str, Any]:
    given = variable.get("valueFrom") or {}
    source = next(
        (_source(kind, given[field]) for field, kind in _SOURCES.items() if given.get(field)), None
    )
    # A variable without a value is empty.
    value = None if source else variable.get("value") or ""
    return {"name": variable["name"], "value": value, "source": source}


def _source(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "field":
        return {"kind": kind, "path": given.get("fieldPath")}
    if kind == "resource":
        return {
            "kind": kind,
            "resource": given.get("resource"),
            "container": given.get("containerName"),
            "divisor": given.get("divisor"),
        }
    if kind == "file":
        found = {"volume": given.get("volumeName"), "path": given.get("path")}
    else:
        found = {"name": given.get("name")}
    return {
        "kind": kind,
        **found,
        "key": given.get("key"),
        "optional": bool(given.get("optional")),
    }


def _all_of(source: Mapping[str, Any]) -> dict[str, Any]:
    is_secret = bool(source.get("secretRef"))
    reference = source.get("secretRef") or source.get("configMapRef") or {}
    return {
        "kind": "Secret" if is_secret else "ConfigMap",
        "name": reference.get("name"),
        "prefix": source.get("prefix"),
        "optional": bool(reference.get("optional")),
    }
