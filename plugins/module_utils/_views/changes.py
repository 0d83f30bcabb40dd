# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of an object, field by field, and who had set those fields before. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._base.redaction import MARKER, redact_pair, redact_text
from .._cluster import fieldset, kinds, managers
from .._cluster.clearing import child_of
from .._cluster.fieldset import FieldSet, SetPath
from .._cluster.objects import controllable
from .._spec.schema import FieldType
from .fields import MOST, shortened, shown

# Stands for what is not there; an API object holds no such value.
_NOTHING: Any = ...


@dataclass(frozen=True)
class _Sides:
    """A value before and after, and both without secrets."""

    before: Any
    after: Any
    shown_before: Any
    shown_after: Any

    def below(self, before: Any, after: Any) -> _Sides:
        """What lies under a key or an index of the value before, and of the one after."""
        return _Sides(
            _under(self.before, before),
            _under(self.after, after),
            _under(self.shown_before, before, MARKER),
            _under(self.shown_after, after, MARKER),
        )


def _under(holder: Any, key: Any, otherwise: Any = _NOTHING) -> Any:
    if isinstance(holder, dict):
        return holder.get(key, otherwise)
    return holder[key] if isinstance(holder, list) and key is not None else otherwise


def changes_of(
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    manager: str,
    secrets: Iterable[str] = (),
) -> list[dict[str, Any]]:
    """What becomes of one object: its fields that get another value, as far as users control them.

    Items of a list are told apart as the API does: by their keys, by their value, or the list is
    one value (structural schema, ``x-kubernetes-list-type``).

    Args:
        before: the whole object with its managedFields, None where there is none.
        after: the same afterwards, or as a dry run predicts it; None where it is gone.
        manager: our field manager.
        secrets: texts that must not be shown.

    Returns:
        one entry for an object that is made or removed, else one for each field; where no value
        changes, one for each field that we come to own, or own no more.
    """
    told = kinds.called(before or after or {})
    if before is None or after is None:
        done = "created" if before is None else "deleted"
        return [_entry(told, done, None, None, None, None)]
    secrets = list(secrets)
    sides = (controllable(before), controllable(after))
    redacted = redact_pair(*sides, secrets)
    found = [
        _entry(
            told,
            "changed",
            redact_text(shown(path), secrets),
            _told(value.before, value.shown_before),
            _told(value.after, value.shown_after),
            _owner(before, path, manager),
        )
        for path, value in _different(_Sides(*sides, *redacted), _type_of(before), ())
    ]
    return found or list(_owned_otherwise(told, before, after, manager, secrets))


def bounded(found: list[dict[str, Any]], told: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a result that lists changes: a bounded number, and how many more there are.

    Args:
        found: the changes.
        told: the same part with changes of other objects, which follow; it may be empty.
    """
    listed = [*found, *told.get("changes", [])]
    left = max(0, len(listed) - MOST) + int(told.get("changes_left_out", 0))
    return {"changes": listed[:MOST], **({"changes_left_out": left} if left else {})}


def _entry(
    told: str,
    change: str,
    field: str | None,
    before: Any,
    after: Any,
    owner: Mapping[str, Any] | None,
) -> dict[str, Any]:
    return {
        "object": told,
        "change": change,
        "field": field,
        "before": before,
        "after": after,
        "manager": owner.get("manager") if owner else None,
        "changed_at": owner.get("time") if owner else None,
    }


def _told(value: Any, redacted: Any) -> Any:
    return None if value is _NOTHING else shortened(redacted)


def _type_of(obj: Mapping[str, Any]) -> FieldType | None:
    kind = kinds.kind_of(obj)
    return kind.field_type if kinds.is_built_in(kind) else None


def _different(
    value: _Sides, field_type: FieldType | None, path: SetPath
) -> Iterator[tuple[SetPath, _Sides]]:
    """The paths at which two values differ: of lists and objects that are one value, theirs."""
    before, after = value.before, value.after
    if before == after:
        return
    empty = _empty(field_type)
    if empty is not None:
        before, after = (empty if side is _NOTHING else side for side in (before, after))
    mergeable = field_type is None or field_type.relation != "atomic"
    if mergeable and isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(name for name in after if name not in before)]:
            child = None if field_type is None else child_of(field_type, name)
            yield from _different(value.below(name, name), child, (*path, f"f:{name}"))
    elif (
        mergeable
        and field_type is not None
        and isinstance(before, list)
        and isinstance(after, list)
    ):
        yield from _different_items(value, before, after, field_type, path)
    else:
        yield path, value


def _empty(field_type: FieldType | None) -> Any:
    """What an absent map or list is as good as; None for types whose absence says something."""
    if field_type is None or field_type.relation == "atomic":
        return None
    return {"map": {}, "list": []}.get(field_type.kind)


def _different_items(
    value: _Sides, before: list[Any], after: list[Any], field_type: FieldType, path: SetPath
) -> Iterator[tuple[SetPath, _Sides]]:
    old = {fieldset.item_key(item, field_type): place for place, item in enumerate(before)}
    new = {fieldset.item_key(item, field_type): place for place, item in enumerate(after)}
    if len(old) < len(before) or len(new) < len(after):
        # Items with the same key, which the API puts up with in some lists.
        yield path, value
        return
    differs = False
    for step in [*old, *(step for step in new if step not in old)]:
        item = value.below(old.get(step), new.get(step))
        if step in old and step in new and field_type.relation == "map":
            found = _different(item, field_type.element, (*path, step))
        else:
            found = iter([((*path, step), item)] if step not in old or step not in new else [])
        for one in found:
            differs = True
            yield one
    if not differs and list(old) != list(new):
        yield path, value


def _owner(live: Mapping[str, Any], path: SetPath, manager: str) -> Mapping[str, Any] | None:
    """The entry of whoever set a field last: ours where we own it too, as nobody can have changed
    it since.
    """
    found = [
        entry
        for entry in managers.entries(live)
        if not entry.get("subresource") and fieldset.contains(entry.get("fieldsV1") or {}, path)
    ]
    return max(
        found,
        key=lambda entry: (entry.get("manager") == manager, str(entry.get("time") or "")),
        default=None,
    )


def _owned_otherwise(
    told: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    manager: str,
    secrets: list[str],
) -> Iterator[dict[str, Any]]:
    """An entry for each field that keeps its value, and that we come to own, or own no more."""
    had, has = (managers.applied_set(side, manager) for side in (before, after))
    value, _same = redact_pair(controllable(after), {}, secrets)
    field_type = _type_of(after)
    for change, fields, others in (("taken_over", has, had), ("given_up", had, has)):
        for path in _only_in(fields, others):
            kept = None if field_type is None else fieldset.select(value, path, field_type)
            kept = shortened(kept)
            field = redact_text(shown(path), secrets)
            yield _entry(told, change, field, kept, kept, _owner(before, path, manager))


def _only_in(fields: FieldSet, others: FieldSet) -> Iterator[SetPath]:
    """The outermost paths of a set that another one does not have."""
    last: SetPath | None = None
    for path in fieldset.members(fields):
        inside = last is not None and path[: len(last)] == last
        if not inside and not fieldset.contains(others, path):
            last = path
            yield path
