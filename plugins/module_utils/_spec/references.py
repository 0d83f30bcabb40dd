# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""References of pods to ConfigMaps and Secrets: finding them, and giving them other names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .schema import FieldType, fields_of

# A kind and a name.
Reference = tuple[str, str]

POD_SPEC = FieldType("object", ref="PodSpec", relation="granular")

# Each field of a pod that names a ConfigMap or a Secret, by its type. A LocalObjectReference names
# a Secret wherever it stands in a pod: to pull images, or for a volume's driver.
_NAMING: Mapping[tuple[str, str], str] = {
    ("ConfigMapEnvSource", "name"): "ConfigMap",
    ("ConfigMapKeySelector", "name"): "ConfigMap",
    ("ConfigMapProjection", "name"): "ConfigMap",
    ("ConfigMapVolumeSource", "name"): "ConfigMap",
    ("SecretEnvSource", "name"): "Secret",
    ("SecretKeySelector", "name"): "Secret",
    ("SecretProjection", "name"): "Secret",
    ("SecretVolumeSource", "secretName"): "Secret",
    ("AzureFileVolumeSource", "secretName"): "Secret",
    ("LocalObjectReference", "name"): "Secret",
}


def renamed(value: Any, names: Mapping[Reference, str], expected: FieldType = POD_SPEC) -> Any:
    """A copy in which what is referred to has the new names, where there is one.

    Args:
        value: a pod's spec, or a part of one, in the API's spelling.
        names: the new names by kind and old name.
        expected: the type of the value.
    """
    if isinstance(value, dict):
        known = fields_of(expected.ref) if expected.ref else None
        changed = {}
        for field, item in value.items():
            child = known.get(field) if known is not None else expected.element
            kind = _NAMING.get((expected.ref or "", field))
            if kind is not None:
                changed[field] = names.get((kind, item), item)
            else:
                changed[field] = item if child is None else renamed(item, names, child)
        return changed
    if isinstance(value, list) and expected.element is not None:
        return [renamed(item, names, expected.element) for item in value]
    return value


def mentioned(value: Any, expected: FieldType = POD_SPEC) -> Iterator[Reference]:
    """The ConfigMaps and Secrets that a pod's spec, or a part of one, refers to."""
    if isinstance(value, dict):
        known = fields_of(expected.ref) if expected.ref else None
        for field, item in value.items():
            child = known.get(field) if known is not None else expected.element
            kind = _NAMING.get((expected.ref or "", field))
            if kind is not None and isinstance(item, str):
                yield kind, item
            elif child is not None:
                yield from mentioned(item, child)
    elif isinstance(value, list) and expected.element is not None:
        for item in value:
            yield from mentioned(item, expected.element)
