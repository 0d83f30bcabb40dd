# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job in a minute, both ways: what runs on each end of the supported versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.api import Api
from tests.integration.harness import Play, playbook, run
from tests.support.cluster import Cluster

AGENT: dict[str, Any] = {
    "name": "agent",
    "containers": [
        {"name": "main", "image": "example/agent:1", "env": [{"name": "A", "value": 1}]}
    ],
    "tolerations": [{"operator": "Exists"}],
}


def agent(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "everynode.kubernetes.daemonset": {**AGENT, **more}}


def named(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "everynode.kubernetes.daemonset": {"name": "agent", **more}}


TASKS = [
    agent("foretell", wait=False) | {"check_mode": True},
    agent("create"),
    agent("again"),
    named("patch", state="patched", images={"main": "example/agent:2"}),
    named("restart", state="restarted", restart_key="one"),
    named("restart again", state="restarted", restart_key="one"),
    {
        "name": "look",
        "everynode.kubernetes.daemonset_info": {"name": "agent", "include": ["pods"]},
    },
    named("remove", state="absent"),
    named("remove again", state="absent"),
]


@pytest.fixture(scope="module", params=["auto", "never"])
def play(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[Play]:
    """One run of the tasks, in-process (auto) and as a module (never)."""
    api, namespace = Api(cluster), f"smoke-{request.param}"
    api.add_namespace(namespace)
    try:
        tasks = playbook(api, namespace, TASKS, vars={"everynode_in_process": request.param})
        yield run(api, tasks, "-vvv").done()
    finally:
        api.remove_namespace(namespace)


def test_only_what_changes_something_says_so(play: Play) -> None:
    assert {step.task: step.changed for step in play.steps} == {
        "foretell": True,
        "create": True,
        "again": False,
        "patch": True,
        "restart": True,
        "restart again": False,
        "look": False,
        "remove": True,
        "remove again": False,
    }


def test_the_pods_run_everywhere_and_are_those_of_the_update(play: Play) -> None:
    assert play.step("create").result["rollout"]["available"] == 5
    pods = play.step("look").result["daemonsets"][0]["pods"]
    assert [pod["images"] for pod in pods] == [{"main": "example/agent:2"}] * 5


def test_a_task_that_changes_nothing_costs_one_request(play: Play) -> None:
    assert [request.verb for request in play.requests_of("again")] == ["get"]


def test_the_way_that_was_asked_for_was_taken(play: Play, request: pytest.FixtureRequest) -> None:
    way = request.node.callspec.params["play"]
    told = "in-process" if way == "auto" else "as a module, since everynode_in_process is never"
    assert f"everynode.kubernetes.daemonset: {told}" in play.output
