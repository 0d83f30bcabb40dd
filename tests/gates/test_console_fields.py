# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/console-fields.md is complete and true: every line, its parameters and its tests."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

from tests.cases.rows import ROWS
from tests.gates.arguments import specification
from tests.gates.documentation import MODULES
from tools.environments import places

_PAGE = places.CHECKOUT / "docs" / "console-fields.md"
_COUNTS = {"D": 59, "Y": 22, "K": 37, "L": 88}
_IDS = [f"{letter}{number + 1}" for letter, count in _COUNTS.items() for number in range(count)]
# What later work brings: views; what is asked beforehand.
_LATER = set(
    """
    D9 D27
    """.split()
)
# Charts of past measurements are the matter of a monitoring system.
_OUT_OF_SCOPE = {"L81"}
_LINE = re.compile(r"^\| ([DYKL]\d+) \| (.+?) \| (.+?) \| (.+?) \|$", re.M)
_LINES = {match[1]: match for match in _LINE.finditer(_PAGE.read_text())}
_CODE = re.compile(r"`([^`]+)`")
_TRIED = {one for row in ROWS for one in row.ids.split()}


def test_every_line_is_there_once_and_in_its_order() -> None:
    assert [match[1] for match in _LINE.finditer(_PAGE.read_text())] == _IDS


def test_only_what_may_be_is_left_for_later() -> None:
    assert {name for name, line in _LINES.items() if line[4] == "not yet"} == _LATER
    assert {name for name, line in _LINES.items() if line[4] == "out of scope"} == _OUT_OF_SCOPE


def test_every_row_that_is_tried_is_a_line() -> None:
    assert set(_IDS) >= _TRIED


@functools.cache
def _names_in(file: str) -> set[str]:
    path = places.CHECKOUT / file
    tree = ast.parse(path.read_text()) if path.is_file() else ast.Module([], [])
    return {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}


@pytest.mark.parametrize("name", [name for name in _IDS if name not in _LATER | _OUT_OF_SCOPE])
def test_a_line_is_shown_by_tests_that_exist(name: str) -> None:
    assert name in _LINES, "it is missing"
    proofs = _LINES[name][4].split(", ")
    for proof in proofs:
        if proof == "rows":
            assert name in _TRIED, "no row of tests/cases is about it"
            continue
        file, separator, test = proof.strip("`").partition("::")
        assert separator, proof
        assert Path(file).name.startswith("test_")
        assert test.startswith("test_")
        assert test in _names_in(file), f"{file} has no {test}"
    # What is tried row by row says so.
    assert ("rows" in proofs) is (name in _TRIED)


def test_parameters_and_modules_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {module.stem for module in MODULES}
    for module in MODULES:
        for name, entry in specification(module, monkeypatch)["argument_spec"].items():
            known |= {name, *entry.get("aliases", ())}
    for name, line in _LINES.items():
        if line[3] == "-":
            assert line[4] in ("not yet", "out of scope"), name
            continue
        named = _CODE.findall(line[3])
        assert named, name
        unknown = {re.split(r"[.\[:]", one)[0] for one in named} - known
        assert not unknown, f"{name}: {unknown}"
