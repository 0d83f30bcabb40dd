# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists that the API merges by keys: each element has its keys, and no two have the same.

A plain POST takes some of these lists with duplicates (environment variables, pull secrets); a
server-side apply never does (HTTP 500, "duplicate entries for key").
"""

from __future__ import annotations

import functools
from typing import Any

from ..schema import DAEMONSET, FieldType, fields_of
from .findings import Place, quoted

# What an element is called in a message, by the name of its list.
_CALLED = {
    "containers": "container",
    "initContainers": "init container",
    "volumes": "volume",
    "volumeMounts": "mount",
    "volumeDevices": "device",
    "ports": "port",
    "env": "environment variable",
    "imagePullSecrets": "pull secret",
    "hostAliases": "host alias",
    "topologySpreadConstraints": "spread constraint",
    "resourceClaims": "resource claim",
    "claims": "resource claim",
    "schedulingGates": "scheduling gate",
}
# The server takes one without a name.
_MAY_BE_NAMELESS = ("pull secret",)


def check_list_keys(manifest: Place) -> None:
    """Check every list in the manifest that the API merges by keys or by value."""
    _walk(manifest, DAEMONSET)


def _walk(place: Place, kind: FieldType) -> None:
    if kind.ref and isinstance(place.value, dict):
        for key, field in _leading_on(kind.ref).items():
            if place.value.get(key) is not None:
                _walk(place.child(key), field)
    elif kind.kind == "list" and kind.element and isinstance(place.value, list):
        if kind.relation == "map":
            _check_keys(place, kind)
        elif kind.relation == "set":
            _check_values(place)
        if kind.element.ref and _leading_on(kind.element.ref):
            for element in place.elements():
                _walk(element, kind.element)


@functools.cache
def _leading_on(type_name: str) -> dict[str, FieldType]:
    """The fields of a type that are such lists, or lead to one."""
    found = {}
    for name, field in fields_of(type_name).items():
        inner = field.ref or (field.element.ref if field.element else None)
        if field.relation in ("map", "set") or (inner and _leading_on(inner)):
            found[name] = field
    return found


def _check_keys(place: Place, kind: FieldType) -> None:
    called = _CALLED.get(str(place.path[-1]), "element")
    defaults = fields_of(kind.element.ref) if kind.element and kind.element.ref else {}
    first: dict[tuple[Any, ...], int] = {}
    for index, value in enumerate(place.value):
        element = Place(value, (*place.path, index), place.findings)
        if value is None:
            element.fault(
                f"this {called} is null: give its {' and '.join(kind.keys)} or take it out"
            )
            continue
        if not isinstance(value, dict):
            continue
        identity = tuple(_key_of(value, key, defaults) for key in kind.keys)
        if any(part is None or part == "" for part in identity) and called not in _MAY_BE_NAMELESS:
            continue  # said by the check of the field itself
        if not all(isinstance(part, str | int) for part in identity):
            continue
        if identity in first:
            shown = " and ".join(
                f"{key} {quoted(part)}" for key, part in zip(kind.keys, identity, strict=True)
            )
            element.child(kind.keys[0]).fault(
                f"a second {called} with the {shown}; element {first[identity]} has it too"
            )
        else:
            first[identity] = index


def _key_of(value: dict[str, Any], key: str, defaults: Any) -> Any:
    given = value.get(key)
    return defaults[key].default if given is None and key in defaults else given


def _check_values(place: Place) -> None:
    seen: set[Any] = set()
    for element in place.elements():
        if isinstance(element.value, str | int):
            if element.value in seen:
                element.fault(f"{quoted(element.value)} stands in this list twice")
            seen.add(element.value)
