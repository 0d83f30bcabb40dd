# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ConfigMaps and Secrets that a pod template names, and where. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._spec.references import Reference, mentioned
from .._spec.schema import FieldType
from .containers import containers_of

_VOLUME = FieldType("object", ref="Volume", relation="granular")
_KINDS = {
    "configMap": "ConfigMap",
    "configMapRef": "ConfigMap",
    "configMapKeyRef": "ConfigMap",
    "secret": "Secret",
    "secretRef": "Secret",
    "secretKeyRef": "Secret",
}


@dataclass
class Use:
    """What a template does with a ConfigMap or Secret.

    Attributes:
        optional: whether the pods start without it, too.
        keys: those that have to be there where it is there.
        used_by: the containers and volumes, in words.
    """

    optional: bool = True
    keys: set[str] = field(default_factory=set)
    used_by: list[str] = field(default_factory=list)


def uses_of(template: Mapping[str, Any]) -> dict[Reference, Use]:
    """The ConfigMaps and Secrets that a template names, by kind and name, in that order."""
    found: dict[Reference, Use] = {}
    for place, reference, optional, keys in _all(template.get("spec") or {}, template):
        use = found.setdefault(reference, Use())
        use.optional = use.optional and optional
        if not optional:
            use.keys |= keys
        if place not in use.used_by:
            use.used_by.append(place)
    return dict(sorted(found.items()))


_Found = tuple[str, Reference, bool, set[str]]


def _all(spec: Mapping[str, Any], template: Mapping[str, Any]) -> Iterator[_Found]:
    for _kind, container in containers_of(template):
        place = f"container {container['name']}"
        for variable in container.get("env") or []:
            yield from _references(place, variable.get("valueFrom") or {})
        for source in container.get("envFrom") or []:
            yield from _references(place, source)
    for volume in spec.get("volumes") or []:
        place = f"volume {volume['name']}"
        sources = [volume, *((volume.get("projected") or {}).get("sources") or [])]
        plain = [one for source in sources for one in _references(place, source)]
        yield from plain
        # Those of other kinds of volumes, whose drivers log in with them.
        for reference in set(mentioned(volume, _VOLUME)) - {one[1] for one in plain}:
            yield place, reference, False, set()
    for secret in spec.get("imagePullSecrets") or []:
        if secret.get("name"):
            # Where one is missing, images are pulled without it.
            yield "image pulls", ("Secret", secret["name"]), True, set()


def _references(place: str, holder: Mapping[str, Any]) -> Iterator[_Found]:
    for name, kind in _KINDS.items():
        source = holder.get(name)
        if not isinstance(source, Mapping):
            continue
        called = source.get("secretName") or source.get("name")
        if called:
            keys = [one["key"] for one in [*(source.get("items") or []), source] if one.get("key")]
            yield place, (kind, str(called)), bool(source.get("optional")), set(keys)
