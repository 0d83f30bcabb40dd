# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Quantities (``500m``, ``0.5``, ``64Mi``) and int-or-string values, compared by meaning."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

# The server's parser is lenient: a sign alone or a lone point is zero, "1." and ".5" are numbers.
# Checked against k8s.io/apimachinery pkg/api/resource/quantity.go (parseQuantityString) and a real
# server.
_SYNTAX = re.compile(
    r"([+-]?)([0-9]*)(?:\.([0-9]*))?([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?", re.ASCII
)
_SI_EXPONENTS = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_EXPONENTS = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
# A suffix without a digit is zero to the server ("k"), but for these two.
_NEEDS_DIGITS = tuple(
    f"{head}{suffix}" for head in ("", "+", "-", ".", "+.", "-.") for suffix in ("Pi", "Ei")
)

# The smallest unit that the server keeps; what is finer is rounded away from zero.
_NANO = 10**9
# The server's cap for binary quantities: 2^63 - 1.
_BINARY_CAP = Fraction(2**63 - 1)
# Nobody has so much of anything, and 10**exponent must stay cheap to compute: here it takes about
# a millisecond. The API server knows no limit, and is out of order with twelve digits.
_EXPONENT_LIMIT = 100_000
_LENGTH_LIMIT = 1000

ALLOWED = (
    "a number with an optional suffix: n, u, m, k, M, G, T, P, E (powers of 1000),"
    " Ki, Mi, Gi, Ti, Pi, Ei (powers of 1024), or an exponent such as e3"
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A parsed quantity.

    Attributes:
        value: the exact value that the server works with.
        binary: whether it was written with a suffix of powers of 1024.
        exponent_form: whether it was written with ``e`` or ``E`` and an exponent.
    """

    value: Fraction
    binary: bool
    exponent_form: bool


def read_quantity(text: str | int | float) -> Quantity:
    """Read a quantity as the API server does.

    Args:
        text: as written; a YAML number is read by its shortest decimal spelling.

    Raises:
        ValueError: not a quantity; the message says what is allowed.

    Source: k8s.io/apimachinery pkg/api/resource/quantity.go, ParseQuantity: finer than a billionth
    is rounded away from zero, binary quantities are capped at 2^63 - 1.
    """
    match = _SYNTAX.fullmatch(_as_text(text))
    if match is None or match[0] in ("", *_NEEDS_DIGITS):
        raise ValueError(f"{_shown(text)} is not a quantity: allowed is {ALLOWED}{_hint(text)}")
    sign, whole, decimals, suffix = match[1], match[2], match[3] or "", match[4] or ""
    value = Fraction(int(whole + decimals or "0"), 10 ** len(decimals))
    binary = suffix in _BINARY_EXPONENTS
    exponent_form = suffix[:1] in ("e", "E") and len(suffix) > 1 and not binary
    if binary:
        value *= 2 ** _BINARY_EXPONENTS[suffix]
    elif exponent_form:
        exponent = int(suffix[1:]) if value else 0
        if abs(exponent) > _EXPONENT_LIMIT:
            raise ValueError(
                f"{_shown(text)} is not a usable quantity: its exponent is out of range"
            )
        value *= Fraction(10) ** exponent
    elif suffix:
        value *= Fraction(10) ** _SI_EXPONENTS[suffix]
    if _NANO % value.denominator:
        value = Fraction(math.ceil(value * _NANO), _NANO)
    if binary:
        value = min(value, _BINARY_CAP)
    return Quantity(-value if sign == "-" else value, binary, exponent_form)


def parse_quantity(text: str | int | float) -> Fraction:
    """Return the exact value of a quantity.

    Raises:
        ValueError: not a quantity; the message says what is allowed.
    """
    return read_quantity(text).value


def same_quantity(a: str | int | float, b: str | int | float) -> bool:
    """Tell whether two quantities mean the same amount, as ``0.5`` and ``500m`` do.

    What is no quantity is the same as itself only.
    """
    if type(a) is type(b) and a == b:
        return True
    try:
        return parse_quantity(a) == parse_quantity(b)
    except ValueError:
        return False


def _as_text(text: str | int | float) -> str:
    """Return what the server would see, or a text that is no quantity."""
    if isinstance(text, str):
        stripped = text.strip()
        return stripped if len(stripped) <= _LENGTH_LIMIT else "too long"
    if isinstance(text, bool) or not isinstance(text, int | float):
        return "no number"
    if isinstance(text, float):
        return repr(text)
    return str(text) if text.bit_length() < 3 * _LENGTH_LIMIT else "too long"


def _shown(text: object) -> str:
    shown = f'"{text}"' if isinstance(text, str) else repr(text)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def _hint(text: object) -> str:
    """Name the usual slips: ``64MB``, ``1K``, ``64mi``, ``0,5``, ``64 Mi``."""
    if not isinstance(text, str):
        return ""
    slip = re.fullmatch(r"\s*([+-]?[0-9]*[.,]?[0-9]+)\s*([A-Za-z]*)\s*", text, re.ASCII)
    if slip is None:
        return ""
    number, unit = slip[1].replace(",", "."), slip[2]
    for right in ("", *_SI_EXPONENTS, *_BINARY_EXPONENTS):
        if unit == right:
            return f' (did you mean "{number}{right}"?)'
    for right in ("k", "M", "G", "T", "P", "E", *_BINARY_EXPONENTS):
        if unit.lower().removesuffix("b") == right.lower():
            return f' (did you mean "{number}{right}"?)'
    return ""
