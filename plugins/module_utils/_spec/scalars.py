# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values without fields, put into the API's types where one meaning only is left.

Each reader takes what the user wrote, never None, and gives back the value, or None after a fault.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from .checks.strategy import INSTEAD_OF_RECREATE
from .reading import Place, Reading, kind_of, plain, shown
from .schema import FieldType

Reader = Callable[[Reading, Any, Place], Any]

_MOST_LISTED = 12
_WHOLE = re.compile(r"[+-]?(?:0|[1-9][0-9]*)")
_OCTAL = re.compile(r"0o?[0-7]+")
# 1.1 may have been 1.10 before YAML took it for a number; 0.5 and 1.0 hardly ever.
_LIKE_A_VERSION = re.compile(r"[1-9][0-9]*\.[1-9]")
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def scalar_reader(expected: FieldType, purpose: str) -> Reader:
    """The function that reads values of this type.

    Args:
        expected: a type that has no fields.
        purpose: ``data`` for text that a program reads, where a boolean or number has a meaning;
            ``mode`` for a file mode; ``name`` for everything else.
    """
    if expected.enum:
        return functools.partial(_read_choice, {value.lower(): value for value in expected.enum})
    if expected.kind == "integer":
        limit = 1 << (expected.bits - 1)
        return functools.partial(_read_mode if purpose == "mode" else _read_whole, limit)
    if expected.kind == "string":
        return _read_data if purpose == "data" else _read_name
    return _READERS[expected.kind]


def _read_name(reading: Reading, value: Any, place: Place) -> str | None:
    if value.__class__ is str:
        return value
    if isinstance(value, (bool, float)):
        reading.fault(place, f"expects text, got {kind_of(value)}; put it in quotes")
        return None
    return _text(reading, value, place)


def _read_data(reading: Reading, value: Any, place: Place) -> str | None:
    if value.__class__ is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = _decimal(value)
        if _LIKE_A_VERSION.fullmatch(text):
            reading.warn(
                place,
                "this number was made text; put it in quotes, without them 1.10 becomes 1.1",
            )
        return text
    return _text(reading, value, place)


def _text(reading: Reading, value: Any, place: Place) -> str | None:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return str(int.__int__(value))
    moment = getattr(value, "isoformat", None)
    if moment is not None:
        # An unquoted date in YAML; the server writes UTC as Z.
        return str(moment()).replace("+00:00", "Z")
    reading.fault(place, f"expects text, got {kind_of(value)}{_text_hint(value)}")
    return None


def _text_hint(value: Any) -> str:
    return "; the filter to_json makes it text" if isinstance(value, (dict, list, tuple)) else ""


def _decimal(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) >= 1e15 else repr(float(value))


def _read_choice(choices: dict[str, str], reading: Reading, value: Any, place: Place) -> str | None:
    """Text of which the API names the values. Empty text is as good as none to the API."""
    if not isinstance(value, str):
        hint = "" if isinstance(value, (dict, list, tuple)) else "; put it in quotes"
        reading.fault(place, f"expects one of {_listed(choices)}, got {kind_of(value)}{hint}")
        return None
    text = str.__str__(value)
    if not text or text in choices.values():
        return text
    if text.lower() in choices:
        return choices[text.lower()]
    if text.lower() == "recreate" and "rollingupdate" in choices:
        reading.fault(place, f"{shown(text, place)} {INSTEAD_OF_RECREATE}")
        return None
    reading.fault(place, f"{shown(text, place)} is not allowed, allowed: {_listed(choices)}")
    return None


def _listed(choices: dict[str, str]) -> str:
    named = [choice for choice in choices.values() if choice]
    return ", ".join(named[:_MOST_LISTED]) + (", ..." if len(named) > _MOST_LISTED else "")


def _read_whole(limit: int, reading: Reading, value: Any, place: Place) -> int | None:
    number = value if value.__class__ is int else _whole(value)
    if number is None:
        reading.fault(place, f"expects a whole number, got {shown(value, place)}")
    elif not -limit <= number < limit:
        reading.fault(place, f"{number} is too large for this field, the limit is {limit - 1}")
        return None
    return number


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    return None


def _read_mode(limit: int, reading: Reading, value: Any, place: Place) -> int | None:
    """A file mode: a number, or text that is octal where it begins with 0, as in Ansible."""
    if not isinstance(value, str):
        return _read_whole(limit, reading, value, place)
    text = str.__str__(value).strip()
    if _OCTAL.fullmatch(text):
        return int(text.replace("o", ""), 8)
    number = _read_whole(limit, reading, text, place)
    if number is not None and re.fullmatch("[0-7]{3}", text):
        reading.warn(
            place,
            f"{text} is a decimal number here ({number:04o} in octal); write '0{text}' for octal",
        )
    return number


def _read_boolean(reading: Reading, value: Any, place: Place) -> bool | None:
    if value is True or value is False:
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else None
    if word in _WORDS:
        return _WORDS[word]
    reading.fault(place, f"expects true or false, got {shown(value, place)}")
    return None


def _read_quantity(reading: Reading, value: Any, place: Place) -> str | None:
    if value.__class__ is str:
        return value
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        reading.fault(place, f"expects a quantity such as 500m or 64Mi, got {kind_of(value)}")
        return None
    value = plain(value)
    return _decimal(value) if isinstance(value, float) else str(value)


def _read_int_or_string(reading: Reading, value: Any, place: Place) -> int | str | None:
    """A number stays or becomes one: the API takes the text 8080 for a name."""
    if value.__class__ is int:
        return value
    number = _whole(value)
    if number is not None:
        return number
    if isinstance(value, str):
        return str.__str__(value)
    reading.fault(place, f"expects a whole number or text, got {shown(value, place)}")
    return None


def _read_any(reading: Reading, value: Any, place: Place) -> Any:
    if isinstance(value, dict):
        return {plain(key): _read_any(reading, item, place) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_read_any(reading, item, place) for item in value]
    return plain(value)


_READERS: dict[str, Reader] = {
    "boolean": _read_boolean,
    "quantity": _read_quantity,
    "int-or-string": _read_int_or_string,
    "any": _read_any,
}
