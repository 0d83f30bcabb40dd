# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Typed parameters laid over a definition, merged as the API's own types say."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from .names import Path
from .schema import FieldType, fields_of

# For each element of a merged list: its index in the definition's list and in the typed one.
ListOrigins = dict[Path, list[tuple["int | None", "int | None"]]]

# Fields of which an object has only one: a typed one takes the place of the definition's. The two
# names of the service account are one thing to the server, which copies the newer into the older.
_ALTERNATIVES: Mapping[str, tuple[str, ...]] = {
    "EnvVar": ("value", "valueFrom"),
    "Probe": ("exec", "grpc", "httpGet", "tcpSocket"),
    "RollingUpdateDaemonSet": ("maxSurge", "maxUnavailable"),
    "PodSpec": ("serviceAccount", "serviceAccountName"),
}
_ALL_ALTERNATIVES = frozenset({"EnvVarSource", "LifecycleHandler", "VolumeProjection"})


def overlaid(
    base: Any, over: Any, expected: FieldType, origins: ListOrigins, path: Path = ()
) -> Any:
    """One value laid over another; both in the API's spelling, and neither is changed.

    Objects and maps are merged key by key, and null removes what ``base`` has; objects that the API
    takes as a whole are replaced. Lists are merged by their keys or values where the API does so,
    in the order of ``base``, and else replaced.

    Args:
        base: the definition's value.
        over: the typed value, not None.
        expected: the type of both.
        origins: filled with where the elements of merged lists come from.
        path: where the value stands in the manifest.
    """
    if isinstance(over, dict) and isinstance(base, dict):
        if expected.ref is None:
            return _merged_map(base, over)
        if expected.relation != "atomic":
            return _merged_object(base, over, expected.ref, origins, path)
    elif isinstance(over, list) and isinstance(base, list):
        if expected.relation == "set":
            return base + [value for value in over if value not in base]
        if expected.relation == "map":
            return _merged_list(base, over, expected, origins, path)
    return without_nulls(over)


def without_nulls(value: Any) -> Any:
    """A typed value without its nulls, which mean that nothing is said."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def _merged_map(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**base, **over}
    return {key: value for key, value in merged.items() if value is not None or key not in over}


def _merged_object(
    base: Mapping[str, Any],
    over: Mapping[str, Any],
    type_name: str,
    origins: ListOrigins,
    path: Path,
) -> dict[str, Any]:
    fields = fields_of(type_name)
    displaced = _displaced(type_name, over)
    merged = {key: value for key, value in base.items() if key not in displaced}
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = overlaid(merged.get(key), value, fields[key], origins, (*path, key))
    return merged


def _displaced(type_name: str, over: Mapping[str, Any]) -> set[str]:
    alternatives = _alternatives(type_name)
    given = {name for name in alternatives if over.get(name) is not None}
    return set(alternatives) - given if given else set()


@functools.cache
def _alternatives(type_name: str) -> tuple[str, ...]:
    if type_name == "Volume":
        return tuple(name for name in fields_of(type_name) if name != "name")
    if type_name in _ALL_ALTERNATIVES:
        return tuple(fields_of(type_name))
    return _ALTERNATIVES.get(type_name, ())


def _merged_list(
    base: list[Any], over: list[Any], expected: FieldType, origins: ListOrigins, path: Path
) -> list[Any]:
    """Elements of the same keys are merged in place, new ones stand behind.

    A second element of the same keys in either list stays an element of its own: checks report it.
    """
    element = expected.element
    if element is None or element.ref is None:
        raise ValueError(f"{path} is merged by keys and has no objects")
    merged = list(base)
    sources: list[tuple[int | None, int | None]] = [(index, None) for index in range(len(base))]
    places: dict[tuple[Any, ...], int] = {}
    for index, item in enumerate(base):
        places.setdefault(_identity(item, expected.keys, element.ref), index)
    for index, item in enumerate(over):
        place = places.pop(_identity(item, expected.keys, element.ref), None)
        if place is None:
            merged.append(without_nulls(item))
            sources.append((None, index))
        else:
            merged[place] = overlaid(base[place], item, element, origins, (*path, place))
            sources[place] = (place, index)
    origins[path] = sources
    return merged


def _identity(item: Mapping[str, Any], keys: tuple[str, ...], type_name: str) -> tuple[Any, ...]:
    fields = fields_of(type_name)
    return tuple(fields[key].default if item.get(key) is None else item[key] for key in keys)
