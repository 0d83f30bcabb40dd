# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Quantities by meaning, and what the server takes for one."""

from __future__ import annotations

from fractions import Fraction

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.quantity import (
    parse_quantity,
    same_quantity,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("1", 1),
        ("+1", 1),
        ("-1", -1),
        ("007", 7),
        ("1.", 1),
        (".5", Fraction(1, 2)),
        ("0.5", Fraction(1, 2)),
        (" 1 ", 1),
        ("100m", Fraction(1, 10)),
        ("5u", Fraction(5, 10**6)),
        ("5n", Fraction(5, 10**9)),
        ("1k", 1000),
        ("1M", 10**6),
        ("1E", 10**18),
        ("1Ki", 1024),
        ("1.5Gi", 3 * 2**29),
        ("1Ei", 2**60),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1E+3", 1000),
        ("12e-1", Fraction(12, 10)),
        # A sign or a point alone is zero to the server, and so is a suffix.
        (".", 0),
        ("-", 0),
        ("k", 0),
        # Finer than a billionth is rounded away from zero.
        ("0.1n", Fraction(1, 10**9)),
        ("-0.1n", Fraction(-1, 10**9)),
        ("1e-20", Fraction(1, 10**9)),
        # Binary quantities end at 2^63 - 1, decimal ones do not.
        ("8Ei", 2**63 - 1),
        ("100E", 10**20),
        (3, 3),
        (0.5, Fraction(1, 2)),
        (1e-07, Fraction(1, 10**7)),
    ],
)
def test_value(text: str | int | float, value: Fraction | int) -> None:
    assert parse_quantity(text) == value


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "x",
            "1K",
            "1ki",
            "1MB",
            "1 Mi",
            "1,5",
            "1.2.3",
            "--1",
            "+-1",
            "1e",
            "1e+",
            "1ee3",
        ),
        *(
            "1Kii",
            "1mm",
            "1e3Ki",
            "0x10",
            "1_000",
            "\uff11",
            "Pi",
            "Ei",
            "1e999999999999",
            "9" * 2000,
        ),
        *(True, False, float("inf"), float("nan"), 10**1200),
    ],
)
def test_no_quantity(text: str | int | float) -> None:
    with pytest.raises(ValueError, match="quantity"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("0.5", "500m", True),
        (0.5, "500m", True),
        (1, "1", True),
        ("1Gi", "1024Mi", True),
        ("1G", "1Gi", False),
        ("1", "1000m", True),
        ("1e3", "1k", True),
        ("0", "0m", True),
        ("1", "2", False),
        ("x", "x", True),
        ("x", "1", False),
        (True, 1, False),
    ],
)
def test_same_quantity(a: str | int | float, b: str | int | float, same: bool) -> None:
    assert same_quantity(a, b) is same
    assert same_quantity(b, a) is same


def test_slips_are_named() -> None:
    with pytest.raises(ValueError, match=r'"64MB" is not a quantity.*did you mean "64M"\?'):
        parse_quantity("64MB")
