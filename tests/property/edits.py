# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do to a manifest between two runs, from nothing over a reorder to another value."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.schema import (
    DAEMONSET,
    FieldType,
    fields_of,
)
from hypothesis import strategies as st

# What every manifest here must have, and what only makes the server refuse it.
_FIXED = frozenset({"selector", "nodeSelector", "apiVersion", "kind", "name", "namespace"})
# Left out of what is sent, so that the server's verdict on them is another matter.
_SERVER_SET = frozenset(
    {
        "status",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "managedFields",
        "selfLink",
        "ownerReferences",
        # As part of a key, "" is another port to the server each time, whoever asks.
        "protocol",
    }
)
_EMPTY: dict[str, tuple[Any, ...]] = {
    "string": ("", None),
    "integer": (0, None),
    "boolean": (False, None),
    "quantity": ("0", 0, None),
    "int-or-string": (0, None),
    "object": ({}, None),
    "map": ({}, None),
    "list": ([], None),
    "number": (0, None),
    "any": (None,),
}
AMOUNTS = frozenset({"cpu", "memory", "sizeLimit", "divisor"})
_ALIKE = {
    "1": ("1000m", 1),
    "500m": ("0.5", 0.5),
    "0.5": ("500m", 0.5),
    "64Mi": ("67108864", "0.0625Gi"),
    "1Gi": ("1024Mi",),
    "1G": ("1e9", "1000M"),
}


def _objects(value: Any, kind: FieldType) -> Iterator[tuple[dict[str, Any], str]]:
    """Every object of a declared type within a manifest, and the type's name."""
    if isinstance(value, dict):
        if kind.ref:
            yield value, kind.ref
        known = fields_of(kind.ref) if kind.ref else {}
        for name, item in value.items():
            child = known.get(name) if kind.ref else kind.element
            if child is not None:
                yield from _objects(item, child)
    elif isinstance(value, list) and kind.element is not None:
        for item in value:
            yield from _objects(item, kind.element)


def _holders(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of values within a manifest, with each of its keys or places."""
    items = list(value.items() if isinstance(value, dict) else enumerate(value))
    for key, item in items:
        if key in _FIXED:
            continue
        yield value, key
        if isinstance(item, dict | list):
            yield from _holders(item)


def _shuffle(draw: st.DrawFn, manifest: dict[str, Any]) -> None:
    lists = [h[k] for h, k in _holders(manifest) if isinstance(h[k], list) and len(h[k]) > 1]
    if lists:
        chosen = draw(st.sampled_from(lists))
        chosen[:] = draw(st.permutations(chosen))


def _shuffle_all(draw: st.DrawFn, manifest: dict[str, Any]) -> None:
    for holder, key in list(_holders(manifest)):
        if isinstance(holder[key], list):
            holder[key][:] = draw(st.permutations(holder[key]))


def _drop(draw: st.DrawFn, manifest: dict[str, Any]) -> None:
    places = [(h, k) for h, k in _holders(manifest["spec"]["template"]["spec"]) if k != "image"]
    places += list(_holders(manifest["metadata"]))
    if places:
        holder, key = draw(st.sampled_from(places))
        del holder[key]


def _empty(draw: st.DrawFn, manifest: dict[str, Any]) -> None:
    """Give a field that was not there its zero, an empty value or null."""
    holder, type_name = draw(st.sampled_from(list(_objects(manifest, DAEMONSET))))
    free = [
        (name, kind)
        for name, kind in sorted(fields_of(type_name).items())
        if name not in holder and name not in _FIXED | _SERVER_SET
    ]
    if free:
        name, kind = draw(st.sampled_from(free))
        holder[name] = copy.deepcopy(draw(st.sampled_from(_EMPTY[kind.kind])))


def _rewrite(draw: st.DrawFn, manifest: dict[str, Any]) -> None:
    """Write a quantity in another way."""
    places = [(h, k) for h, k in _holders(manifest) if k in AMOUNTS and str(h[k]) in _ALIKE]
    if places:
        holder, key = draw(st.sampled_from(places))
        holder[key] = draw(st.sampled_from(_ALIKE[str(holder[key])]))


def _change(draw: st.DrawFn, manifest: dict[str, Any]) -> None:
    places = [
        (h, k) for h, k in _holders(manifest) if isinstance(h[k], str | bool | int) and k != "app"
    ]
    if not places:
        return
    holder, key = draw(st.sampled_from(places))
    value = holder[key]
    if isinstance(value, bool):
        holder[key] = not value
    elif isinstance(value, int):
        holder[key] = value + 1
    else:
        holder[key] = draw(st.sampled_from([value + "x", "", "b"]))


def _repeat(draw: st.DrawFn, manifest: dict[str, Any]) -> None:
    lists = [h[k] for h, k in _holders(manifest) if isinstance(h[k], list) and h[k]]
    if lists:
        chosen = draw(st.sampled_from(lists))
        chosen.append(copy.deepcopy(draw(st.sampled_from(chosen))))


_EDITS = (_shuffle, _shuffle_all, _drop, _empty, _rewrite, _change, _repeat)


@st.composite
def edited(draw: st.DrawFn, manifest: dict[str, Any], most: int = 3) -> dict[str, Any]:
    """A copy of a manifest after up to so many edits."""
    found = copy.deepcopy(manifest)
    for edit in draw(st.lists(st.sampled_from(_EDITS), max_size=most)):
        edit(draw, found)
    return found


@st.composite
def with_empties(draw: st.DrawFn, manifest: dict[str, Any]) -> dict[str, Any]:
    """A copy of a manifest with some zeros, empty values and nulls in it."""
    found = copy.deepcopy(manifest)
    for _time in range(draw(st.integers(0, 2))):
        _empty(draw, found)
    return found
