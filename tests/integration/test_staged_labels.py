# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stages that go by a label which no node has would begin on any node: they are refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.api import MERGE, Api
from tests.integration.stages import NEW, Scene, scene
from tests.integration.verbs import Tasks

_CANARY = "rollout.canary_node_selector: no node has pool=canray, of the 5 nodes"
_POOLS = "rollout.order_by.label: no node has the label zonne, of the 5 nodes"


@pytest.fixture
def agent(api: Api, tasks: Tasks) -> Iterator[Scene]:
    with scene(api, tasks) as made:
        yield made


def _label(api: Api, node: str, pool: str | None) -> None:
    body = {"metadata": {"labels": {"pool": pool}}}
    api.request("PATCH", f"/api/v1/nodes/{node}", body=body, kind=MERGE)


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ({"canary_node_selector": {"pool": "canray"}, "until_stage": 1}, _CANARY),
        ({"order_by": {"label": "zonne"}, "stages": [1]}, _POOLS),
    ],
)
def test_a_label_that_no_node_has(agent: Scene, plan: dict[str, Any], told: str) -> None:
    for check in (True, False):
        refused = agent.tasks.run(check=check, **agent.wish(NEW, rollout=plan))
        assert refused.result["failed"] is True
        assert told in refused.result["msg"]
        assert refused.result["changed"] is False
        assert refused.writes == []
    assert agent.restarts() == {}


def test_a_pool_that_no_node_is_in_is_warned_of(agent: Scene) -> None:
    pools = {"label": "pool", "values": ["canray", "canary"], "stages": {"large": [1]}}
    wish = agent.wish(NEW, rollout={"order_by": pools, "stages": ["100%"]})
    _label(agent.api, "node-3", "canary")
    try:
        for check in (True, False):
            done = agent.tasks.run(check=check, **wish)
            assert not done.result.get("failed"), done.result["msg"]
            assert "no node has pool=canray, pool=large, of the 5 nodes" in done.warnings
    finally:
        _label(agent.api, "node-3", None)
    agent.ended(NEW)


def test_nodes_that_lose_it_do_not_hold_a_rollout_that_has_begun(agent: Scene) -> None:
    plan = {"canary_node_selector": {"pool": "canary"}, "stages": ["100%"]}
    _label(agent.api, "node-3", "canary")
    try:
        agent.ok(NEW, rollout={**plan, "until_stage": 1})
        assert agent.on(NEW) == {"node-3"}
    finally:
        _label(agent.api, "node-3", None)
    agent.ok(NEW, rollout=plan)
    agent.ended(NEW)
