# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a template says: it is gone after going back, and there again after going forth."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.row import AGENT, Row
from tests.cases.rows import ROWS
from tests.integration.api import Api
from tests.integration.manifests import NOWHERE
from tests.integration.rollbacks import back, observed, template
from tests.integration.verbs import Tasks

_SAYS_WHERE = {"node_selector", "affinity", "node_names"}
# Neither without a history nor in another namespace; a selector is for ever.
_LEFT_OUT = {"revision_history_limit", "namespace", "selector", "pod_labels", "definition"}
_IN_TEMPLATE = [
    row
    for row in ROWS
    if not row.refuses
    and not _LEFT_OUT & set(row.asks)
    # What the server stores otherwise than it was given is no definition to come back to.
    and not row.warns
]


@pytest.mark.parametrize("row", _IN_TEMPLATE, ids=lambda row: row.name)
def test_row(api: Api, tasks: Tasks, row: Row) -> None:
    plain: dict[str, Any] = {
        "name": row.parameters["name"],
        "containers": [{**AGENT, "image": "registry.example/agent:0"}],
        "node_selector": NOWHERE,
    }
    asked = row.parameters
    if not _SAYS_WHERE & set(asked):
        asked["node_selector"] = NOWHERE
    seen = []
    for parameters in (plain, asked):
        tasks.ok(**parameters)
        observed(api, tasks.namespace, plain["name"])
        seen.append(template(api, tasks.namespace, plain["name"]))
    for wanted, parameters in zip(seen, (plain, asked), strict=True):
        assert "What others hold" not in back(tasks, name=plain["name"]).warnings
        assert template(api, tasks.namespace, plain["name"]) == wanted
        observed(api, tasks.namespace, plain["name"])
        # Its definition restarts nothing, even where it states a default that was not ours.
        tasks.ok(**parameters)
        assert template(api, tasks.namespace, plain["name"]) == wanted
        observed(api, tasks.namespace, plain["name"])
