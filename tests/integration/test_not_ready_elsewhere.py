# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes that are not Ready, and that a DaemonSet does not run on, use up nothing of what it may
ignore.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.api import MERGE, Api, eventually
from tests.integration.held import back_again
from tests.integration.stages import NEW, Scene, scene
from tests.integration.verbs import Tasks

_PLACE = "example.test/place"
_KUBELET = "everynode.kubernetes/kubelet"
_HERE = ("node-0", "node-1", "node-2")
_AWAY = ("node-1", "node-3", "node-4")


def _label(api: Api, node: str, key: str, value: str | None) -> None:
    body = {"metadata": {"labels": {key: value}}}
    api.request("PATCH", f"/api/v1/nodes/{node}", body=body, kind=MERGE)


def _are_down(api: Api) -> bool | None:
    for name in _AWAY:
        node = api.request("GET", f"/api/v1/nodes/{name}")
        conditions = {one["type"]: one["status"] for one in node["status"]["conditions"]}
        if conditions["Ready"] == "True":
            return None
    return True


@pytest.fixture
def agent(api: Api, tasks: Tasks) -> Iterator[Scene]:
    """On three nodes, of which one is away, and so are the two others of the cluster."""
    for node in _HERE:
        _label(api, node, _PLACE, "here")
    try:
        with scene(api, tasks, node_selector={_PLACE: "here"}) as made:
            for node in _AWAY:
                _label(api, node, _KUBELET, "not-ready")
            eventually(lambda: _are_down(api), "they are not Ready")
            yield made
    finally:
        for node in _AWAY:
            _label(api, node, _KUBELET, "running")
        back_again(api, *_AWAY)
        for node in _HERE:
            _label(api, node, _PLACE, None)


@pytest.mark.parametrize("how", [{"stages": [1]}, {"rebuild": True}], ids=["stages", "rebuild"])
def test_only_its_own_nodes_count(agent: Scene, how: dict[str, Any]) -> None:
    agent.ok(NEW, rollout=how, ignore_not_ready_nodes="1")
    assert agent.on(NEW) == {"node-0", "node-2"}
    assert agent.remembered == {}


def test_what_has_to_be_ignored_is_told_by_its_own_nodes(agent: Scene) -> None:
    refused = agent.fails(NEW, rollout={"rebuild": True})
    assert "1 node with a pod of it is not Ready (node-1)" in refused.result["msg"]
    assert "ignore_not_ready_nodes: '1'" in refused.result["msg"]
