# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of the report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the report. `met` is None where there is no bar."""

    what: str
    value: str
    compared: str
    bar: str = ""
    met: bool | None = None


def ratio_row(
    what: str, mine: float, name: str, other: float, bar: str = "", most: float | None = None
) -> Row:
    """A row that compares seconds with those of another; `most` is the bar, as a ratio."""
    ratio = mine / other
    shown = f"1/{1 / ratio:.1f}" if ratio < 0.5 else f"{ratio:.2f} times"
    met = None if most is None else ratio <= most
    return Row(what, in_words(mine), f"{shown} of {name}, {in_words(other)}", bar, met)


def in_words(seconds: float) -> str:
    """A time as a person writes it."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
