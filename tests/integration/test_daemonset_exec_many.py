# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command on a hundred nodes, as many at a time as there may be."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.channels import (
    Conversation,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.daemonset_exec import VERB

from tests.integration.api import Api
from tests.integration.verbs import Tasks
from tests.support.cluster import running

_NODES = [f"node-{number}" for number in range(100)]
_MANY = 50


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tasks]:
    """A DaemonSet on a hundred nodes."""
    audit_log = tmp_path_factory.mktemp("hundred") / "audit.log"
    with running(f"commands-{os.getpid()}", nodes=100, audit_log=audit_log) as cluster:
        api = Api(cluster)
        api.add_namespace("many")
        tasks = Tasks(api, "many")
        tasks.ok(name="agent", containers=[{"name": "agent", "image": "example.test/agent:1"}])
        api.settled("many", "agent", within=300)
        yield tasks


@pytest.mark.parametrize("at_once", [10, 100])
def test_each_node_has_its_own_answer(many: Tasks, at_once: int) -> None:
    shell = 'read -r word; echo "$word $NODE_NAME"; case "$NODE_NAME" in *7) exit 7;; esac'
    done = many.ok(
        verb=VERB,
        name="agent",
        shell=shell,
        stdin="to",
        concurrency=at_once,
        max_fail_percentage=10,
    )
    nodes = done.result["nodes"]
    assert [one["node"] for one in nodes] == _NODES
    assert [one["stdout"] for one in nodes] == [f"to {node}" for node in _NODES]
    sevens = [node for node in _NODES if node.endswith("7")]
    assert done.result["failed_nodes"] == sevens
    assert {one["rc"] for one in nodes} == {0, 7}
    assert "/bin/sh failed on 10 of 100 nodes" in done.warnings
    assert done.warnings.endswith(
        "\n  - node-7, node-17, node-27, node-37, node-47 and 5 more: it ended with 7; on node-7 it"
        " said: to node-7"
    )


def test_no_more_run_at_a_time_than_may(many: Tasks) -> None:
    """Each command leaves a file as long as it runs, and says how many there are."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o777)  # the commands are another user's
        shell = f'touch {folder}/"$NODE_NAME"; ls {folder} | wc -l; rm {folder}/"$NODE_NAME"'
        done = many.ok(verb=VERB, name="agent", shell=shell, concurrency=4, nodes=_NODES[:_MANY])
    counts = [int(one["stdout"]) for one in done.result["nodes"]]
    assert len(counts) == _MANY
    assert 1 <= max(counts) <= 4


def test_some_nodes_take_too_long_and_the_others_do_not_wait_for_them(many: Tasks) -> None:
    shell = 'echo "$NODE_NAME"; case "$NODE_NAME" in node-?) exec sleep 922.3606;; esac'
    done = many.ok(
        verb=VERB, name="agent", shell=shell, timeout=15, concurrency=30, max_fail_percentage=10
    )
    assert done.result["failed_nodes"] == _NODES[:10]
    assert [one["stdout"] for one in done.result["nodes"]] == _NODES
    assert "sleep" not in str(done.result["nodes"])


def test_a_person_who_waits_is_told_how_far_it_is(
    many: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    running_module = "ansible_collections.everynode.kubernetes.plugins.module_utils._verbs."
    monkeypatch.setattr(running_module + "many_at_once._SECONDS_BETWEEN_LINES", 0.0)
    done = many.ok(verb=VERB, name="agent", command=["true"], concurrency=1, nodes=_NODES[:3])
    assert done.progress == [
        "1 of 3 pods are done, 0 of them failed",
        "2 of 3 pods are done, 0 of them failed",
    ]


def test_an_api_server_that_goes_away(many: Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs is cut off, nothing further is begun, and what was said is in the result."""
    cluster = many.api.cluster
    shell = 'echo "$NODE_NAME"; exec sleep 600'
    given: dict[str, Any] = {"name": "agent", "shell": shell, "concurrency": 5, "timeout": 20}
    heard = threading.Event()
    keep = Conversation._keep

    def keep_and_tell(conversation: Conversation, stream: int, data: bytes) -> None:
        keep(conversation, stream, data)
        if data:
            heard.set()

    monkeypatch.setattr(Conversation, "_keep", keep_and_tell)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(many.run, verb=VERB, **given)
        assert heard.wait(60)
        cluster.stop("kube-apiserver")
        try:
            done = future.result()
        finally:
            cluster.start("kube-apiserver")
    assert done.result["failed"]
    nodes = done.result["nodes"]
    assert [one["node"] for one in nodes] == _NODES
    begun = [one for one in nodes if one["stdout"]]
    assert 1 <= len(begun) <= 5
    assert all(one["stdout"] == one["node"] for one in begun)
    assert all("did not last" in one["msg"] for one in begun)
    assert [one["msg"] for one in nodes].count("It was not run.") >= 50
    assert done.result["error"]["kind"] == "unreachable"
    assert "connection refused" in done.result["msg"]
