# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets of owned fields, in the form in which the API server keeps them (FieldsV1). Pure.

A set is a tree: ``f:NAME`` is a field, ``k:{...}`` an item of a list that is keyed by fields,
``v:...`` an item of a set. A node is a member of the set where it is empty or holds ``.``. The
rules are those of server-side apply (KEP-555; structured-merge-diff, typed/tofieldset.go).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .._spec.schema import DAEMONSET, FieldType, fields_of

FieldSet = dict[str, Any]
SetPath = tuple[str, ...]

# What the server never counts as applied (fieldmanager/stripmeta.go, and the status reset of the
# DaemonSet strategy).
_NOT_OWNED: tuple[SetPath, ...] = (
    ("f:apiVersion",),
    ("f:kind",),
    ("f:metadata", "f:name"),
    ("f:metadata", "f:namespace"),
    ("f:metadata", "f:creationTimestamp"),
    ("f:metadata", "f:selfLink"),
    ("f:metadata", "f:uid"),
    ("f:metadata", "f:clusterName"),
    ("f:metadata", "f:generation"),
    ("f:metadata", "f:managedFields"),
    ("f:metadata", "f:resourceVersion"),
    ("f:status",),
)


def set_of_intent(intent: Mapping[str, Any], field_type: FieldType = DAEMONSET) -> FieldSet:
    """The fields that applying ``intent`` makes ours, exactly as the server would record them."""
    fields = _node(intent, field_type) or {}
    for path in _NOT_OWNED:
        _discard(fields, path)
    return fields


def item_key(item: Any, field_type: FieldType) -> str:
    """The ``k:`` or ``v:`` step of an item of a keyed list or a set.

    A key field that is not given takes the schema's default (``protocol`` is TCP).
    """
    if field_type.relation == "set":
        return "v:" + _json(item)
    return "k:" + _json(key_fields(item, field_type))


def key_fields(item: Mapping[str, Any], field_type: FieldType) -> dict[str, Any]:
    """The key fields of an item of a keyed list, with the schema's defaults filled in."""
    element = field_type.element
    known = fields_of(element.ref) if element and element.ref else {}
    key = {}
    for name in field_type.keys:
        value = item.get(name)
        if value is None and name in known:
            value = known[name].default
        if value is not None:
            key[name] = value
    return key


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _node(value: Any, field_type: FieldType) -> FieldSet | None:
    """The node of one value, or None where the value adds nothing to the set."""
    if value is None or value == {}:
        return {}
    if field_type.relation == "atomic" or field_type.kind not in ("object", "map", "list"):
        return {}
    children: FieldSet = {}
    if field_type.kind == "list":
        for item in value:
            below = {} if field_type.relation == "set" else _element_node(item, field_type)
            children[item_key(item, field_type)] = {".": {}, **below} if below else {}
        return children or None
    known = fields_of(field_type.ref) if field_type.ref else None
    for name, child_value in value.items():
        child_type = known[name] if known is not None else field_type.element
        child = _node(child_value, child_type) if child_type else {}
        if child is not None:
            children["f:" + name] = child
    return children or None


def _element_node(item: Any, field_type: FieldType) -> FieldSet:
    return (_node(item, field_type.element) or {}) if field_type.element else {}


def _discard(fields: FieldSet, path: SetPath) -> None:
    """Take a path and all below it out of a tree, and the nodes that become empty by it."""
    step, *rest = path
    if step not in fields:
        return
    if rest:
        _discard(fields[step], tuple(rest))
        if fields[step]:
            return
    del fields[step]


def is_member(node: FieldSet) -> bool:
    """Whether the node itself, and not only something below it, is in the set."""
    return not node or "." in node


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    """The fields that are in either set."""
    return _merged(left, right) if left and right else left or right


def _merged(left: FieldSet, right: FieldSet) -> FieldSet:
    """The union of two nodes, where an empty node is a member without members below."""
    children: FieldSet = {}
    for step in [*left, *(step for step in right if step not in left)]:
        if step == ".":
            continue
        if step in left and step in right:
            children[step] = _merged(left[step], right[step])
        else:
            children[step] = left[step] if step in left else right[step]
    if children and (is_member(left) or is_member(right)):
        return {".": {}, **children}
    return children


def without(fields: FieldSet, paths: tuple[SetPath, ...]) -> tuple[FieldSet, FieldSet]:
    """Split a set into what is not at or below ``paths``, and what is."""
    kept: FieldSet = json.loads(json.dumps(fields))
    taken: FieldSet = {}
    for path in paths:
        node: Any = kept
        for step in path:
            node = node.get(step) if isinstance(node, dict) else None
            if node is None:
                break
        if node is None:
            continue
        branch: FieldSet = node
        for step in reversed(path):
            branch = {step: branch}
        taken = union(taken, branch)
        _discard(kept, path)
    return kept, taken


def members(fields: FieldSet, prefix: SetPath = ()) -> Iterator[SetPath]:
    """Every path that is a member of the set."""
    for step, node in fields.items():
        if step == ".":
            continue
        path = (*prefix, step)
        if is_member(node):
            yield path
        yield from members(node, path)


def with_named_parents(
    fields: FieldSet, live: Any, field_type: FieldType = DAEMONSET
) -> Iterator[SetPath]:
    """Every member of the set, and every field of a declared type that has members below it.

    Giving up all that one owns of such a field gives up the field (structured-merge-diff,
    fieldpath/set.go, EnsureNamedFieldsAreMembers; merge/update.go, prune). Items and map keys
    do not count.
    """
    seen: set[SetPath] = set()
    for path in members(fields):
        for length in range(1, len(path) + 1):
            part = path[:length]
            if part in seen:
                continue
            seen.add(part)
            place = locate(live, part, field_type)
            if length == len(path) or (place is not None and place[0].ref is not None):
                yield part


def of_values(fields: FieldSet, value: Any, field_type: FieldType = DAEMONSET) -> FieldSet:
    """A set without the fields that hold no value: those of ``labels: {}``, or of a zero that the
    server leaves out. Whoever owns these keeps nothing in the object.

    Args:
        fields: the set.
        value: the object.
        field_type: its type.
    """
    kept: FieldSet = json.loads(json.dumps(fields))
    for path in members(fields):
        if not subset(fields, path) and _is_bare(locate(value, path, field_type)):
            _discard(kept, path)
    return kept


def _is_bare(place: tuple[FieldType, Any, Any] | None) -> bool:
    """Whether there is nothing at a place, or an object of which each field has owners of its own,
    so that owning the object means nothing.
    """
    if place is None:
        return True
    holder, inside, key = place
    known = fields_of(holder.ref) if holder.ref else {}
    child = known.get(key) or holder.element
    if child is None or child.relation == "atomic" or holder.kind == "list":
        return False
    return child.kind in ("object", "map") and isinstance(inside[key], dict)


def contains(fields: FieldSet, path: SetPath) -> bool:
    """Whether the path is a member, or has members below it."""
    node: Any = fields
    for step in path:
        if step not in node:
            return False
        node = node[step]
    return True


def readable(path: SetPath) -> str:
    """A path as people write it: ``spec.template.spec.containers[name=agent].image``."""
    text = ""
    for step in path:
        kind, rest = step.split(":", 1)
        if kind == "f":
            text += f".{rest}" if _plain(rest) else f"[{rest}]"
        elif kind == "k":
            pairs = ",".join(f"{name}={value}" for name, value in json.loads(rest).items())
            text += f"[{pairs}]"
        else:
            text += f"[{json.loads(rest)}]"
    return text.removeprefix(".")


def _plain(name: str) -> bool:
    return name.replace("_", "").isalnum()


def select(value: Any, path: SetPath, field_type: FieldType = DAEMONSET) -> Any:
    """The value at a path of a set in an object, or None where the object has no such field."""
    found = locate(value, path, field_type)
    return found[1][found[2]] if found else None


def locate(
    value: Any, path: SetPath, field_type: FieldType = DAEMONSET
) -> tuple[FieldType, Any, Any] | None:
    """Where a path of a set lies in an object.

    Returns:
        (the type that holds the last step, the container that holds it, its key or index there), or
        None.
    """
    here: tuple[FieldType, Any, Any] | None = None
    for step in path:
        kind, rest = step.split(":", 1)
        holder: Any = value
        key: Any
        if kind == "f":
            if not isinstance(value, dict) or rest not in value:
                return None
            key = rest
            child = fields_of(field_type.ref).get(rest) if field_type.ref else field_type.element
        else:
            if not isinstance(value, list):
                return None
            key = next((i for i, v in enumerate(value) if item_key(v, field_type) == step), None)
            if key is None:
                return None
            child = field_type.element
        here = (field_type, holder, key)
        value = holder[key]
        if child is None:
            return here
        field_type = child
    return here


def from_owned(live: Any, fields: FieldSet, field_type: FieldType = DAEMONSET) -> Any:
    """The part of an object that a set owns: the intent that was last applied, read back."""
    if field_type.relation == "atomic" or field_type.kind not in ("object", "map", "list"):
        return live
    if field_type.kind == "list":
        return [
            from_owned(item, _below(fields[key]), field_type.element)
            if field_type.element and field_type.relation == "map"
            else item
            for item in live or []
            if (key := item_key(item, field_type)) in fields
        ]
    known = fields_of(field_type.ref) if field_type.ref else None
    owned: dict[str, Any] = {}
    for step, node in _below(fields).items():
        name = step.removeprefix("f:")
        child = known.get(name) if known is not None else field_type.element
        value = (live or {}).get(name)
        # A field that is owned and not stored was given as null, or as a zero that the server
        # leaves out.
        owned[name] = value if child is None or value is None else from_owned(value, node, child)
    return owned


def _below(node: FieldSet) -> FieldSet:
    return {step: child for step, child in node.items() if step != "."}


def subset(fields: FieldSet, path: SetPath) -> FieldSet:
    """The part of a set below a path."""
    for step in path:
        fields = fields.get(step, {})
    return fields
