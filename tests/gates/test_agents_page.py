# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/agents.md speaks of every role, and gives a reason for every difference."""

from __future__ import annotations

import pytest

from tools.agents import fleet
from tools.agents.compare import PAGE

_TEXT = PAGE.read_text()
_ROWS = [line.split(" | ") for line in _TEXT.splitlines() if line.startswith("| ")]


@pytest.mark.parametrize("role", fleet.names())
def test_a_role_is_there(role: str) -> None:
    _compared, _heading, alone = _TEXT.partition("## Without a published manifest")
    assert f"## {role}\n" in _TEXT or f"`{role}`" in alone


def test_every_difference_has_a_reason() -> None:
    rows = [row for row in _ROWS if row[0] != "| "]
    assert len(rows) > 100
    assert [row for row in rows if not row[-1].removesuffix("|").strip()] == []


def test_a_table_has_four_columns() -> None:
    assert {len(row) for row in _ROWS} == {4}


def test_what_is_published_is_of_a_role() -> None:
    assert {*fleet.table()} <= {*fleet.names()}
