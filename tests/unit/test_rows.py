# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of docs/console-fields.md: what is taken, what is refused, what is worth a warning."""

from __future__ import annotations

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import InputError
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.build import build

from tests.cases.row import Row
from tests.cases.rows import ROWS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(row: Row) -> None:
    try:
        warnings = build(row.parameters, context_namespace="default").warnings
        faults: list[str] = []
    except InputError as error:
        faults, warnings = [str(fault) for fault in error.faults], []

    for told, path in ((faults, row.refuses), (warnings, row.warns)):
        assert [one.partition(": ")[0] for one in told] == [path] * bool(path), told
        assert not path or row.says in told[0]


def test_no_two_are_alike() -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
