# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes that join or leave while a task waits: neither is a failure, and both count."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.api import Api, eventually
from tests.integration.held import HELD, Gate
from tests.integration.verbs import Tasks

_AGENT: dict[str, Any] = {
    "name": "agent",
    "containers": [{"name": "agent", "image": "example.test/agent:1"}],
    "pod_annotations": HELD,
    "wait": True,
    "wait_timeout": 240,
}


@pytest.fixture
def five_again(api: Api) -> Iterator[None]:
    yield
    api.cluster.set_nodes(5)


@pytest.mark.usefixtures("five_again")
@pytest.mark.parametrize("count", [6, 4])
def test_the_rollout_is_that_of_the_nodes_that_there_are(
    api: Api, tasks: Tasks, count: int
) -> None:
    def created() -> bool | None:
        return tasks.api.exists(tasks.namespace, "agent") or None

    def desired() -> bool | None:
        status = api.daemonset(tasks.namespace, "agent")["status"]
        return status.get("desiredNumberScheduled") == count or None

    with ThreadPoolExecutor(1) as pool, Gate(api, tasks.namespace) as gate:
        gate.close()
        waiting = pool.submit(tasks.ok, **_AGENT)
        eventually(created, "the DaemonSet is there")
        api.cluster.set_nodes(count)
        eventually(desired, f"it is for {count} nodes")
        assert not waiting.done()
        gate.open()
        done = waiting.result()

    assert done.result["rollout"]["ready"]
    assert done.result["rollout"]["desired"] == count
