# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategies by interruptions: the waiting process killed, the API server away for a while."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from tests.integration.api import Api, eventually
from tests.integration.rollouts.own_process import started
from tests.integration.rollouts.scenes import (
    NEW,
    STRATEGIES,
    Scene,
    scenes,
    settle,
    update_all,
)
from tests.support.cluster import running

FIVE = [f"node-{number}" for number in range(5)]


@pytest.fixture(scope="module")
def killed(api: Api) -> Iterator[dict[str, Scene]]:
    """Updates whose process was killed in the middle, and that were then run again."""
    with scenes(api) as found:
        found.gate.close()
        processes = {name: started(scene, NEW) for name, scene in found.items()}
        for name, scene in found.items():
            eventually(lambda: scene.watch.created() or None, f"{name} has begun")  # noqa: B023
            processes[name].kill()
        for name, process in processes.items():
            assert process.wait(10) != 0, f"{name} was done already"
        update_all(found, NEW)
        settle(found)
        yield found


@pytest.fixture(scope="module")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Scene]]:
    """Updates during which the API server was killed and started again, on their own cluster."""
    audit_log = tmp_path_factory.mktemp("restarted") / "audit.log"
    with running(f"restarted-{os.getpid()}", nodes=5, audit_log=audit_log) as cluster:

        def away() -> None:
            cluster.stop("kube-apiserver")
            time.sleep(1)
            cluster.start("kube-apiserver")

        with scenes(Api(cluster)) as found:
            update_all(found, meanwhile=away)
            settle(found)
            yield found


def _is_done(scene: Scene) -> None:
    result = scene.outcomes[-1].result
    assert not result.get("failed"), result["msg"]
    assert result["rollout"]["ready"]
    assert scene.images() == {NEW}
    assert scene.watch.restarts_by_node() == dict.fromkeys(FIVE, 1)
    assert scene.is_within_limit()
    live = scene.tasks.api.settled(scene.tasks.namespace, "agent")
    assert live["spec"]["updateStrategy"]["type"] == scene.strategy.update["type"]
    assert "everynode.kubernetes/rollout" not in live["metadata"].get("annotations", {})
    scene.tasks.same(**scene.parameters(NEW))


@pytest.mark.parametrize("strategy", list(STRATEGIES))
def test_the_next_run_goes_on_and_nothing_restarts_twice(
    killed: dict[str, Scene], strategy: str
) -> None:
    scene = killed[strategy]
    _is_done(scene)
    # What the controller rolls out, it rolls out whether anybody waits or not.
    assert scene.outcomes[0].changed == bool(scene.strategy.rollout)


@pytest.mark.parametrize("strategy", list(STRATEGIES))
def test_the_api_server_comes_back_and_the_task_goes_on(
    restarted: dict[str, Scene], strategy: str
) -> None:
    _is_done(restarted[strategy])
