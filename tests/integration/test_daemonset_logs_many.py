# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logs of a hundred nodes: side by side, in order, and when the API server goes away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.api import Api
from tests.integration.speakers import Speakers
from tests.support.cluster import running

_NODES = [f"node-{number}" for number in range(100)]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Speakers]:
    """A DaemonSet on a hundred nodes."""
    audit_log = tmp_path_factory.mktemp("hundred") / "audit.log"
    with running(f"logs-{os.getpid()}", nodes=100, audit_log=audit_log) as cluster:
        api = Api(cluster)
        api.add_namespace("many")
        pods = Speakers(api, "many")
        image = "example.test/agent:1"
        pods.tasks.ok(name="agent", containers=[{"name": "agent", "image": image}])
        api.settled("many", "agent", within=300)
        yield pods


@pytest.mark.parametrize("at_once", [1, 10, 100])
def test_each_node_has_its_own_log(many: Speakers, at_once: int) -> None:
    done = many.ok(concurrency=at_once, search="starting on")
    logs = done.result["logs"]
    assert [log["node"] for log in logs] == _NODES
    assert [log["text"] for log in logs] == [f"agent: starting on {node}\n" for node in _NODES]
    assert done.result["counts"] == dict.fromkeys(_NODES, 1)
    assert len(done.requests) == 102


def test_files_of_many(many: Speakers, tmp_path: Path) -> None:
    assert many.ok(concurrency=20, dest=str(tmp_path)).changed
    assert {path.name for path in tmp_path.iterdir()} == {f"{node}.agent.log" for node in _NODES}
    assert "node-57" in (tmp_path / "node-57.agent.log").read_text()
    assert not many.ok(concurrency=20, dest=str(tmp_path)).changed


def test_what_is_kept_does_not_depend_on_who_was_first(many: Speakers) -> None:
    texts = [
        [log["text"] for log in many.ok(concurrency=at_once, max_total_bytes=1111).result["logs"]]
        for at_once in (1, 30, 100)
    ]
    assert texts[0] == texts[1] == texts[2]
    assert set(texts[0]) == {"ent: ready\n"}


def test_a_person_who_waits_is_told_how_far_it_is(
    many: Speakers, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = "ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.many_at_once"
    monkeypatch.setattr(f"{place}._SECONDS_BETWEEN_LINES", 0.0)
    done = many.ok(concurrency=1, nodes=_NODES[:3])
    assert done.progress == [
        "1 of 3 pods are read, 0 of them failed",
        "2 of 3 pods are read, 0 of them failed",
    ]


def test_an_api_server_that_goes_away(many: Speakers, tmp_path: Path) -> None:
    """Nobody waits for it a hundred times, and what was read is in the result."""
    os.mkfifo(tmp_path / "pipe")
    many.say("node-1", f"file:{tmp_path / 'pipe'}")
    cluster = many.api.cluster
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(many.run, concurrency=1, timeout=20)
        # This is open once the second log is being read.
        with (tmp_path / "pipe").open("wb"):
            cluster.stop("kube-apiserver")
            try:
                done = future.result()
            finally:
                cluster.start("kube-apiserver")
    logs = done.result["logs"]
    assert logs[0]["text"] == "agent: starting on node-0\nagent: ready\n"
    assert done.result["failed_nodes"] == _NODES[1:]
    assert "cannot be reached" in logs[1]["msg"]
    assert "connection refused" in logs[1]["msg"]
    assert "kubelet" not in logs[1]["msg"]
    assert {log["msg"] for log in logs[1:]} == {logs[1]["msg"]}
    some = "node-1, node-2, node-3, node-4, node-5 and 94 more: Cannot read the log"
    assert f"The logs of 99 of 100 nodes could not be read: {some}" in done.warnings
