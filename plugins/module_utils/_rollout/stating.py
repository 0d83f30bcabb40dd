# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The least that has to be said, by server-side apply, to turn a live value into another. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._cluster.clearing import child_of
from .._cluster.fieldset import FieldSet, SetPath, is_member, item_key
from .._spec.schema import FieldType, fields_of
from .._spec.tidy import tidied

# A value that is not there, beside which null is one.
_ABSENT: Any = object()
_CONTAINERS = ("object", "map", "list")


def stated(target: Any, live: Any, owned: FieldSet, field_type: FieldType) -> Any:
    """The part of a value that has to be stated so that it takes the place of the live one.

    That is what we own, and what the live value lacks or has otherwise. What others own with the
    same value, and the API's defaults, are left to them. What we own, and the target lacks, is left
    out, so that it goes away.

    Args:
        target: the value that shall be, with the API's defaults.
        live: the value that is, with the API's defaults.
        owned: our field set of it.
        field_type: the type of both.

    Returns:
        The value, or None where nothing has to be said.
    """
    found = _stated(
        (target, tidied(target, field_type)),
        (live, tidied(live, field_type)),
        owned or None,
        field_type,
    )
    return None if found is _ABSENT else found


# Each side is a pair: the value as the server holds it, and without defaults.
_Side = tuple[Any, Any]


def _stated(target: _Side, live: _Side, owned: FieldSet | None, field_type: FieldType) -> Any:
    if is_leaf(field_type) or not isinstance(target[0], (dict, list)):
        return _stated_leaf(target, live, owned)
    if isinstance(target[0], list):
        return _stated_list(target, live, owned, field_type)
    found = {}
    ours = [step.removeprefix("f:") for step in owned or {} if step != "."]
    for name in dict.fromkeys([*target[0], *ours]):
        child = child_of(field_type, name)
        below = None if owned is None else owned.get(f"f:{name}")
        sides = _field(target, name), _field(live, name)
        value = _stated(*sides, below, child) if child else _stated_leaf(*sides, below)
        if value is not _ABSENT:
            found[name] = value
    if found or (owned is not None and is_member(owned)):
        return found
    # An empty object that says something, such as emptyDir.
    return {} if owned is None and target[1] == {} and live[1] is _ABSENT else _ABSENT


def _stated_leaf(target: _Side, live: _Side, owned: FieldSet | None) -> Any:
    if owned is None:
        return _ABSENT if target[1] is _ABSENT or target[1] == live[1] else target[1]
    if target[0] is not _ABSENT:
        return target[0]
    # A zero that the server does not store is still ours.
    return None if live[0] is _ABSENT else _ABSENT


def _stated_list(target: _Side, live: _Side, owned: FieldSet | None, field_type: FieldType) -> Any:
    element = field_type.element
    places = {item_key(item, field_type): i for i, item in enumerate(_items(live[0]))}
    found = []
    for i, item in enumerate(target[0]):
        key = item_key(item, field_type)
        below = None if owned is None else owned.get(key)
        place = places.get(key)
        if field_type.relation == "set" or element is None:
            if below is not None or place is None:
                found.append(item)
            continue
        sides = (_item(target, i), _item(live, place))
        value = _stated(*sides, below, element)
        if value is not _ABSENT:
            found.append(_keys(item, field_type) | value)
    return found or _ABSENT


def _keys(item: Mapping[str, Any], field_type: FieldType) -> dict[str, Any]:
    """What names an item of a list, without defaults."""
    element = field_type.element
    known = fields_of(element.ref) if element and element.ref else {}
    return {
        name: item[name]
        for name in field_type.keys
        if name in item and item[name] != getattr(known.get(name), "default", None)
    }


def _field(side: _Side, name: str) -> _Side:
    left, right = side
    return (
        left.get(name, _ABSENT) if isinstance(left, dict) else _ABSENT,
        right.get(name, _ABSENT) if isinstance(right, dict) else _ABSENT,
    )


def _item(side: _Side, place: int | None) -> _Side:
    if place is None:
        return _ABSENT, _ABSENT
    right = side[1]
    return side[0][place], right[place] if isinstance(right, list) else _ABSENT


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def is_leaf(field_type: FieldType) -> bool:
    """Whether server-side apply replaces a value of this type as a whole."""
    return field_type.relation == "atomic" or field_type.kind not in _CONTAINERS


def beside(target: Any, found: Any, field_type: FieldType, path: SetPath = ()) -> Iterator[SetPath]:
    """The outermost paths at which a value does not mean the same as another.

    Args:
        target: the one that was meant.
        found: the other one.
        field_type: the type of both.
        path: where they are.
    """
    left, right = tidied(target, field_type), tidied(found, field_type)
    yield from _beside(left, right, field_type, path)


def _beside(left: Any, right: Any, field_type: FieldType, path: SetPath) -> Iterator[SetPath]:
    if left == right:
        return
    if is_leaf(field_type) or left.__class__ is not right.__class__:
        yield path
        return
    if isinstance(left, dict):
        for name in dict.fromkeys([*left, *right]):
            child = child_of(field_type, name)
            one, other = left.get(name, _ABSENT), right.get(name, _ABSENT)
            if child is None:
                if one != other:
                    yield (*path, f"f:{name}")
            else:
                yield from _beside(one, other, child, (*path, f"f:{name}"))
        return
    element = field_type.element
    ours = {item_key(item, field_type): item for item in left}
    theirs = {item_key(item, field_type): item for item in right}
    same_items = ours.keys() == theirs.keys()
    if same_items and list(ours) != list(theirs):
        yield path
        return
    for key in dict.fromkeys([*ours, *theirs]):
        if key not in ours or key not in theirs or element is None:
            yield (*path, key)
        else:
            yield from _beside(ours[key], theirs[key], element, (*path, key))
