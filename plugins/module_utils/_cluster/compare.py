# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What applying an intent would change in a live object, worked out from both alone. Pure.

The verdict may be a doubt, which costs a request; it must never hide a change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._spec.defaults import is_absent_zero, is_default
from .._spec.quantity import same_quantity
from .._spec.schema import DAEMONSET, FieldType, fields_of
from .fieldset import key_fields

# Lists whose order means nothing to Kubernetes. The server takes a reorder of any list in the
# template for a new template, and restarts every pod. An env list is one of these only without
# $(NAME) references.
_ORDERLESS = {
    ("PodSpec", "volumes"),
    ("PodSpec", "tolerations"),
    ("PodSpec", "imagePullSecrets"),
    ("PodSpec", "hostAliases"),
    ("Container", "ports"),
    ("Container", "volumeMounts"),
    ("Container", "volumeDevices"),
    ("Container", "env"),
    ("Capabilities", "add"),
    ("Capabilities", "drop"),
}


def align(
    intent: Any, live: Any, field_type: FieldType = DAEMONSET, orderless: bool = False
) -> Any:
    """The intent with every list whose order means nothing put into the order of the live object.

    Items that the live list does not have follow in the order in which they were given. An amount
    that is the live one in other words (1Gi, 1024Mi) is written as that one, since the server would
    take the other words for a new template.
    """
    if isinstance(intent, dict) and isinstance(live, dict):
        known = fields_of(field_type.ref) if field_type.ref else None
        aligned = {}
        for name, value in intent.items():
            child = known.get(name) if known is not None else field_type.element
            free = (field_type.ref or "", name) in _ORDERLESS
            if free and name == "env":
                free = not _has_references(value)
            aligned[name] = value if child is None else align(value, live.get(name), child, free)
        return aligned
    if isinstance(intent, list) and isinstance(live, list) and field_type.element is not None:
        pairs = _pair(intent, live, field_type)
        element = field_type.element
        items = [
            (place, align(item, live[place], element) if place is not None else item)
            for item, place in zip(intent, pairs, strict=True)
        ]
        if orderless:
            items.sort(key=lambda pair: len(live) if pair[0] is None else pair[0])
        return [item for _place, item in items]
    if field_type.kind == "quantity" and None not in (intent, live):
        return live if same_quantity(intent, live) else intent
    return intent


def _has_references(env: Any) -> bool:
    """Whether a variable of an env list may refer to one before it (`$(NAME)` is expanded in
    order).
    """
    return any("$(" in str(item.get("value") or "") for item in env or [] if isinstance(item, dict))


def _pair(intent: list[Any], live: list[Any], field_type: FieldType) -> list[int | None]:
    """For each item of the intent, the index of its counterpart in the live list."""
    element = field_type.element
    if field_type.relation == "map":
        by_key = {
            tuple(key_fields(item, field_type).items()): i
            for i, item in reversed(list(enumerate(live)))
        }
        return [by_key.get(tuple(key_fields(item, field_type).items())) for item in intent]
    free = list(range(len(live)))
    found: list[int | None] = []
    for item in intent:
        place = next(
            (i for i in free if element and not differences(item, live[i], element, whole=True)),
            None,
        )
        if place is not None:
            free.remove(place)
        found.append(place)
    return found


def differences(
    intent: Any,
    live: Any,
    field_type: FieldType = DAEMONSET,
    path: str = "",
    *,
    whole: bool = False,
) -> list[str]:
    """Paths at which the live object may not be what applying the intent would make of it.

    Args:
        intent: what is asked for, in the API's spelling, aligned with the live object.
        live: what the server holds.
        field_type: the type of both.
        path: where they are.
        whole: whether the value is replaced as a whole (atomic), so that more than the intent is a
            difference.
    """
    if intent is None:
        return [] if live is None else [path]
    if isinstance(intent, dict):
        return _object_differences(intent, live, field_type, path, whole)
    if isinstance(intent, list):
        return _list_differences(intent, live, field_type, path, whole)
    return [] if _same_scalar(intent, live, field_type.kind) else [path]


def _same_scalar(intent: Any, live: Any, kind: str) -> bool:
    if kind == "quantity" and live is not None:
        return same_quantity(intent, live)
    return type(intent) is type(live) and bool(intent == live)


def _object_differences(
    intent: Mapping[str, Any], live: Any, field_type: FieldType, path: str, whole: bool
) -> list[str]:
    if not isinstance(live, dict):
        empty_map = not intent and live is None and field_type.kind == "map"
        return [] if empty_map else [path]
    whole = whole or field_type.relation == "atomic"
    known = fields_of(field_type.ref) if field_type.ref else None
    found: list[str] = []
    for name, value in intent.items():
        child = known.get(name) if known is not None else field_type.element
        below = f"{path}.{name}" if path else name
        if name not in live and is_absent_zero(field_type.ref, name, value):
            continue
        if child is None:
            found.append(below)
        else:
            found.extend(differences(value, live.get(name), child, below, whole=whole))
    if whole:
        found.extend(
            f"{path}.{name}"
            for name, value in live.items()
            if name not in intent and not is_default(field_type.ref, name, value, live)
        )
    return found


def _list_differences(
    intent: list[Any], live: Any, field_type: FieldType, path: str, whole: bool
) -> list[str]:
    if not isinstance(live, list):
        return [] if not intent and live is None else [path]
    element = field_type.element
    if element is None:
        return [] if intent == live else [path]
    if field_type.relation == "map" and not whole:
        places = _pair(intent, live, field_type)
        known = [place for place in places if place is not None]
        if len(known) != len(places) or known != sorted(known):
            return [path]
        found: list[str] = []
        for item, place in zip(intent, known, strict=True):
            label = ",".join(str(v) for v in key_fields(item, field_type).values())
            found.extend(differences(item, live[place], element, f"{path}[{label}]"))
        return found
    if len(intent) != len(live):
        return [path]
    return [
        text
        for i, (item, other) in enumerate(zip(intent, live, strict=True))
        for text in differences(item, other, element, f"{path}[{i}]", whole=True)
    ]
