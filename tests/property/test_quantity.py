# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Quantities: arithmetic that holds for all of them, and the API server's own view."""

from __future__ import annotations

from fractions import Fraction

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.quantity import (
    parse_quantity,
    same_quantity,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import good_manifest
from tests.integration.api import APPLY, Api, RefusedByServerError, daemonsets

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_numbers = st.integers(0, 10**9)
# All that a quantity is written with, and some that it is not.
_noise = st.text("0123456789.+-eEinumkKMGTP x,", min_size=1, max_size=7)


@given(_numbers, st.sampled_from(sorted(_DECIMAL)))
def test_decimal_suffixes_are_powers_of_ten(number: int, suffix: str) -> None:
    value = Fraction(number) * Fraction(10) ** _DECIMAL[suffix]

    assert parse_quantity(f"{number}{suffix}") == value
    assert parse_quantity(f"{number}e{_DECIMAL[suffix]}") == value
    assert parse_quantity(f"-{number}{suffix}") == -value


@given(st.integers(0, 7), st.sampled_from(sorted(_BINARY)))
def test_binary_suffixes_are_powers_of_two(number: int, suffix: str) -> None:
    assert parse_quantity(f"{number}{suffix}") == number * 2 ** _BINARY[suffix]


@given(_numbers, st.integers(0, 9))
def test_decimals_are_exact(number: int, places: int) -> None:
    text = f"{number:0{places + 1}d}"
    written = f"{text[: len(text) - places]}.{text[len(text) - places :]}"

    assert parse_quantity(written) == Fraction(number, 10**places)


@given(_noise, _noise)
def test_the_same_is_the_same_both_ways(a: str, b: str) -> None:
    assert same_quantity(a, a)
    assert same_quantity(a, b) is same_quantity(b, a)


@given(_noise)
def test_any_text_is_a_quantity_or_a_value_error(text: str) -> None:
    if not _is_quantity(text):
        with pytest.raises(ValueError, match="quantity"):
            parse_quantity(text)


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(_noise, min_size=20, max_size=20))
def test_the_server_reads_it_so(api: Api, texts: list[str]) -> None:
    for text in texts:
        assert _is_read_as(api, text), text


def _is_read_as(api: Api, text: str) -> bool:
    """Whether the server and we agree on what a text means, in a place where it does not round."""
    manifest = good_manifest()
    volume = {"name": "x", "emptyDir": {"sizeLimit": text}}
    manifest["spec"]["template"]["spec"]["volumes"].append(volume)
    query = {"fieldManager": "tests", "dryRun": "All", "force": "true"}
    path = f"{daemonsets('default')}/agent"
    try:
        answer = api.request("PATCH", path, query=query, body=manifest, kind=APPLY)
    except RefusedByServerError as error:
        # A negative one is a quantity all the same, only no size.
        if "must be a valid resource quantity" in str(error):
            return parse_quantity(text) < 0
        return not _is_quantity(text)
    read = answer["spec"]["template"]["spec"]["volumes"][-1]["emptyDir"]["sizeLimit"]
    return _is_quantity(text) and same_quantity(read, text)


def _is_quantity(text: str) -> bool:
    try:
        parse_quantity(text)
    except ValueError:
        return False
    return True
