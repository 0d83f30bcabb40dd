# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of docs/console-fields.md: what the API server makes of them, and that it is settled."""

from __future__ import annotations

import pytest

from tests.cases.row import Row
from tests.cases.rows import ROWS
from tests.integration.api import Api
from tests.integration.manifests import NOWHERE
from tests.integration.verbs import Tasks

_SAYS_WHERE = {"node_selector", "affinity", "node_names"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(api: Api, tasks: Tasks, row: Row) -> None:
    asked = row.parameters
    if not _SAYS_WHERE & set(asked):
        asked["node_selector"] = NOWHERE
    if row.refuses:
        failed = tasks.fails(**asked)
        assert [fault["path"] for fault in failed.result["faults"]] == [row.refuses]
        assert row.says in failed.result["msg"]
        assert failed.requests == []
        return

    # Only what is about waiting is to wait.
    done = tasks.ok(**asked)

    assert done.changed
    assert done.warnings == "" if not row.warns else row.says in done.warnings
    row.compare(api.daemonset(tasks.namespace, asked["name"]))
    tasks.same(**asked)
