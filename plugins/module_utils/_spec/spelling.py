# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what the user wrote to what the API reads: names in the API's spelling, values in its types.

YAML and Jinja change values: a port becomes text, ``yes`` becomes true, an unquoted date becomes a
datetime. Where the schema leaves one meaning only, the value is put right; where it does not, that
is a fault. All faults are collected: reading goes on behind each of them.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .._base.errors import Fault
from .names import Path, camel, snake
from .reading import Aside, Place, Reading, kind_of, manifest_path
from .scalars import Reader, scalar_reader
from .schema import FieldType, fields_of

if TYPE_CHECKING:
    from .conveniences import Convenience

# Fields whose text is data for a program and no name: true and 1.5 have a meaning there.
_DATA_FIELDS = frozenset(
    {
        ("EnvVar", "value"),
        ("Toleration", "value"),
        ("PodDNSConfigOption", "value"),
        ("Sysctl", "value"),
        ("HTTPHeader", "value"),
        ("Container", "args"),
        ("Container", "command"),
        ("ExecAction", "command"),
        ("LabelSelectorRequirement", "values"),
        ("NodeSelectorRequirement", "values"),
    }
)
_MODE_FIELDS = frozenset({"mode", "defaultMode"})


class Known(NamedTuple):
    """What a key in an object leads to."""

    field: str
    read: Reader
    convenience: Convenience | None = None


def normalise(
    value: Any, expected: FieldType, user_path: str, *, typed: bool = True
) -> tuple[Any, list[Fault], list[str]]:
    """One value of the user in the API's spelling and types.

    Args:
        value: what the user wrote.
        expected: the type of the field.
        user_path: where the user wrote it, for messages.
        typed: whether it is a task parameter, as opposed to a manifest.

    Returns:
        The value, in which faulty scalars are None, the faults and the warnings.
    """
    reading = Reading(typed=typed)
    result = read_field(reading, value, expected, user_path, ())
    return result, reading.faults, reading.warnings


def read_field(
    reading: Reading, value: Any, expected: FieldType, user_path: str, path: Path
) -> Any:
    """The value in the API's spelling and types; faults and warnings go into ``reading``.

    Args:
        reading: what collects them.
        value: what the user wrote.
        expected: the type of the field.
        user_path: where the user wrote it.
        path: where it goes in the manifest.
    """
    if value is None:
        return None
    return _reader(expected, "name")(reading, value, (None, user_path, path))


@functools.cache
def _reader(expected: FieldType, purpose: str) -> Reader:
    """The function that reads values of this type; for ``purpose`` see `scalar_reader`."""
    if expected.ref is not None:
        return functools.partial(_read_object, expected.ref)
    if expected.element is None:
        return scalar_reader(expected, purpose)
    if expected.kind == "list":
        return functools.partial(_read_list, expected.element, _reader(expected.element, purpose))
    return functools.partial(_read_map, _reader(expected.element, "data"))


@functools.cache
def known_keys(type_name: str, typed: bool) -> Mapping[str, Known]:
    """Everything that may be written in an object of this type, in both spellings."""
    known: dict[str, Known] = {}
    for name, expected in fields_of(type_name).items():
        purpose = "name"
        if (type_name, name) in _DATA_FIELDS:
            purpose = "data"
        elif name in _MODE_FIELDS:
            purpose = "mode"
        known[name] = known[snake(name)] = Known(name, _reader(expected, purpose))
    if typed:
        # A module is compiled anew in each task, and many have a definition only.
        from .conveniences import CONVENIENCES

        for name, extra in CONVENIENCES.get(type_name, {}).items():
            entry = Known(extra.field, _reader(extra.accepts, "name"), extra)
            known[name] = known[camel(name)] = entry
    return known


def _read_object(
    type_name: str, reading: Reading, value: Any, place: Place
) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        reading.fault(place, f"expects a dictionary, got {kind_of(value)}")
        return None
    known = known_keys(type_name, reading.typed)
    result: dict[str, Any] = {}
    conveniences: dict[str, Known] = {}
    for key, item in value.items():
        entry = known.get(key)
        if entry is None:
            entry = _guess(type_name, known, reading, value, key, place)
            if entry is None:
                continue
        field, read, convenience = entry
        if convenience is not None:
            conveniences[key] = entry
        elif field in result:
            _fault_twice(known, reading, value, key, (place, key, field))
        else:
            result[field] = None if item is None else read(reading, item, (place, key, field))
    if conveniences:
        _write_conveniences(conveniences, known, reading, value, result, place)
    return result


def _write_conveniences(
    written: Mapping[str, Known],
    known: Mapping[str, Known],
    reading: Reading,
    value: Mapping[Any, Any],
    result: dict[str, Any],
    place: Place,
) -> None:
    """Puts what conveniences stand for into an object whose other fields have been read."""
    seen: list[Convenience] = []
    for key, (field, read, convenience) in written.items():
        inner = (place, key, field)
        if convenience is None or value[key] is None:
            continue
        if convenience in seen:
            _fault_twice(known, reading, value, key, inner)
            continue
        seen.append(convenience)
        item = read(reading, value[key], inner)
        if item is None:
            continue
        beside = next(
            (
                str(other)
                for other in value
                if other not in written and other in known and known[other].field == field
            ),
            None,
        )
        made = convenience.write(item, result.get(field), Aside(reading, inner, beside))
        if made is not None:
            result[field] = made


def _guess(
    type_name: str,
    known: Mapping[str, Known],
    reading: Reading,
    value: Mapping[Any, Any],
    key: Any,
    place: Place,
) -> Known | None:
    """Faults an unknown key; what was clearly meant is read on, for the faults in it."""
    from .misspelt import explain_unknown

    inner = (place, key, key)
    problem, meant = explain_unknown(
        type_name, sorted(known), key, value, manifest_path(place), reading.typed
    )
    reading.fault(inner, problem)
    entry = known.get(meant) if meant is not None else None
    if entry is None or any(
        known.get(other, entry)[0] == entry.field for other in value if other != key
    ):
        return None
    return entry


def _fault_twice(
    known: Mapping[str, Known], reading: Reading, value: Mapping[Any, Any], key: str, place: Place
) -> None:
    field = known[key].field
    first = next(other for other in value if other in known and known[other].field == field)
    reading.fault(place, f"says the same as {first}, which is given too; keep one of them")


def _read_list(
    element: FieldType, read: Reader, reading: Reading, value: Any, place: Place
) -> list[Any] | None:
    if not isinstance(value, (list, tuple)):
        reading.fault(place, f"expects a list, got {kind_of(value)}{_list_hint(element, value)}")
        return None
    result = []
    for index, item in enumerate(value):
        inner = (place, index, index)
        read_item = None
        if item is None:
            reading.fault(inner, "is empty; give a value or remove the entry")
        else:
            read_item = read(reading, item, inner)
        if read_item is None:
            # Of the right shape, so that the other entries keep their index.
            read_item = {} if element.ref is not None else ""
        result.append(read_item)
    return result


def _list_hint(element: FieldType, value: Any) -> str:
    if isinstance(value, dict) and element.ref is not None and "name" in fields_of(element.ref):
        return "; write each entry as '- name: ...'"
    if isinstance(value, str) and value and element.ref is None:
        return "; write each word as an entry of its own"
    return ""


def _read_map(read: Reader, reading: Reading, value: Any, place: Place) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        reading.fault(place, f"expects a dictionary, got {kind_of(value)}")
        return None
    result: dict[str, Any] = {}
    for key, item in value.items():
        name = _map_key(reading, key, place)
        if name is not None:
            result[name] = None if item is None else read(reading, item, (place, name, name))
    return result


def _map_key(reading: Reading, key: Any, place: Place) -> str | None:
    """Keys of maps are the user's own and stay as they are; whole numbers become text."""
    if key.__class__ is str:
        return key
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, int) and not isinstance(key, bool):
        return str(int.__int__(key))
    reading.fault(place, f"has a key that is {kind_of(key)}; put the key in quotes")
    return None
