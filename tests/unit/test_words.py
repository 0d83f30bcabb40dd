# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers and names in sentences."""

from __future__ import annotations

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.words import (
    count_of,
    some_of,
)


@pytest.mark.parametrize(
    ("number", "words", "told"),
    [
        (1, ("node",), "1 node"),
        (0, ("node",), "0 nodes"),
        (12, ("node",), "12 nodes"),
        (1, ("pod is", "pods are"), "1 pod is"),
        (2, ("pod is", "pods are"), "2 pods are"),
    ],
)
def test_one_is_told_from_many(number: int, words: tuple[str, ...], told: str) -> None:
    assert count_of(number, *words) == told


@pytest.mark.parametrize(
    ("count", "told"),
    [(1, "n0"), (2, "n0, n1"), (3, "n0, n1 and 1 more"), (9, "n0, n1 and 7 more")],
)
def test_of_many_names_some_are_told(count: int, told: str) -> None:
    assert some_of([f"n{number}" for number in range(count)], 2) == told
