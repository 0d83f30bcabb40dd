# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API's types: which fields there are, of which kind, and how server-side apply merges them.

The tables in api_schema*.py have one block for each type: the type's name (``atomic`` behind it
where the server takes the object as a whole), then one line for each field::

    NAME[!] SHAPE [RELATION] [= DEFAULT]

``!`` marks a required field. SHAPE is a scalar kind, with the allowed values in brackets where the
API names them, or the name of a type; ``[SHAPE]`` is a list and ``{SHAPE}`` a map with keys of the
user's own. RELATION is ``map(KEY,...)`` or ``set`` for lists that are merged by these keys or by
value, ``atomic`` for such maps; lists without it are atomic. DEFAULT is JSON. A line that
begins with four blanks goes on where the one before it ends.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from . import own_schema
from .api_schema import TABLE


@dataclass(frozen=True, slots=True)
class FieldType:
    """What the API says about one field, list element or map value.

    Attributes:
        kind: ``string``, ``integer``, ``boolean``, ``quantity``, ``int-or-string`` or
            ``any`` for what holds no further fields; ``object``, ``list`` or ``map`` for what does.
        ref: the name of the type, for the kind ``object``.
        element: what a list or map holds.
        keys: the fields that identify an element of a list, where the list is merged by keys.
        relation: how server-side apply merges: ``atomic``, ``set`` or ``map`` for lists,
            ``granular`` or ``atomic`` for objects and maps, ``atomic`` for the rest.
        enum: the allowed values, where the API names them.
        required: whether the object that has the field must have it.
        default: the schema's default, which fills list keys that are left out, or None.
        bits: the size of an integer, 32 or 64; 0 for other kinds.
    """

    kind: str
    ref: str | None = None
    element: FieldType | None = None
    keys: tuple[str, ...] = ()
    relation: str = "atomic"
    enum: tuple[str, ...] = ()
    required: bool = False
    default: Any = None
    bits: int = 0


_SCALARS = {
    "string": FieldType("string"),
    "boolean": FieldType("boolean"),
    "int32": FieldType("integer", bits=32),
    "int64": FieldType("integer", bits=64),
    "quantity": FieldType("quantity"),
    "int-or-string": FieldType("int-or-string"),
    "any": FieldType("any"),
}
_FIELD = re.compile(
    r"  (?P<name>\w+)(?P<required>!?) (?P<shape>\S+)"
    r"(?: (?:(?P<relation>atomic|set)|map\((?P<keys>[\w,]+)\)))?(?: = (?P<default>.*))?"
)


@functools.cache
def fields_of(type_name: str) -> Mapping[str, FieldType]:
    """The fields of a type by their names in the API, such as ``containerPort``.

    Types of our own parameters are known too, see own_schema.py.

    Raises:
        KeyError: there is no such type.
    """
    return dict(_parse_field(line) for line in _block(type_name)[1:])


def type_names() -> tuple[str, ...]:
    """All types that a DaemonSet is made of, such as ``Container``."""
    return tuple(_blocks(TABLE))


def kind_type(api_version: str, kind: str) -> FieldType | None:
    """The type of a top-level object, or None where the table does not know it."""
    if (api_version, kind) == ("apps/v1", "DaemonSet"):
        return DAEMONSET
    group = _GROUPS.get(api_version)
    if group is None or kind not in _blocks(group()):
        return None
    return FieldType("object", ref=kind, relation="granular")


def type_at(path: Iterable[str | int]) -> FieldType | None:
    """The type of what stands at a path of a DaemonSet's manifest; None where nothing can."""
    expected: FieldType | None = DAEMONSET
    for part in path:
        if expected is None:
            return None
        if expected.ref is not None:
            expected = fields_of(expected.ref).get(str(part))
        else:
            expected = expected.element
    return expected


@functools.cache
def _blocks(table: str) -> dict[str, list[str]]:
    blocks = (block.splitlines() for block in table.replace("\n    ", "").split("\n\n"))
    return {lines[0].partition(" ")[0]: lines for lines in blocks}


# The tables of other groups are imported when they are first asked for: a task that manages
# nothing but a DaemonSet never pays for them.
def _core() -> str:
    from .api_schema_core import TABLE as CORE

    return CORE


def _rbac() -> str:
    from .api_schema_rbac import TABLE as RBAC

    return RBAC


def _scheduling() -> str:
    from .api_schema_scheduling import TABLE as SCHEDULING

    return SCHEDULING


_GROUPS: dict[str, Callable[[], str]] = {
    "v1": _core,
    "rbac.authorization.k8s.io/v1": _rbac,
    "scheduling.k8s.io/v1": _scheduling,
}


def _block(type_name: str) -> list[str]:
    for table in (own_schema.TABLE, TABLE):
        if type_name in _blocks(table):
            return _blocks(table)[type_name]
    for group in _GROUPS.values():
        if type_name in _blocks(group()):
            return _blocks(group())[type_name]
    raise KeyError(type_name)


def _parse_field(line: str) -> tuple[str, FieldType]:
    match = _FIELD.fullmatch(line)
    if match is None:
        raise ValueError(f"line {line!r} of the table of API types is not in its notation")
    name, required, shape, relation, keys, default = match.groups()
    parsed = _parse_shape(shape)
    if keys:
        parsed = replace(parsed, relation="map", keys=tuple(keys.split(",")))
    elif relation:
        parsed = replace(parsed, relation=relation)
    if required or default is not None:
        parsed = replace(
            parsed,
            required=bool(required),
            default=None if default is None else json.loads(default),
        )
    return name, parsed


@functools.cache
def _parse_shape(shape: str) -> FieldType:
    if shape.startswith("["):
        return FieldType("list", element=_parse_shape(shape[1:-1]))
    if shape.startswith("{"):
        return FieldType("map", element=_parse_shape(shape[1:-1]), relation="granular")
    kind, bracket, values = shape.partition("(")
    if kind in _SCALARS:
        scalar = _SCALARS[kind]
        return replace(scalar, enum=tuple(values[:-1].split("|"))) if bracket else scalar
    atomic = _block(shape)[0].endswith(" atomic")
    return FieldType("object", ref=shape, relation="atomic" if atomic else "granular")


DAEMONSET = FieldType("object", ref="DaemonSet", relation="granular")
