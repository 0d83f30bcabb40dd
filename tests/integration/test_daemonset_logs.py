# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs in the result of a task: which ones, which part of them, and how much."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.api import Api
from tests.integration.manifests import NOWHERE
from tests.integration.speakers import NODES, SPEAKER, Speakers, speakers


@pytest.fixture(scope="module")
def shared(api: Api) -> Iterator[Speakers]:
    with speakers(api, "logs-in-results") as made:
        yield made


@pytest.fixture
def pods(shared: Speakers) -> Iterator[Speakers]:
    yield shared
    shared.forget()


def _asked(requests: list[Any]) -> list[str]:
    return [f"{request.verb} {request.path.split('?')[0].split('/')[-1]}" for request in requests]


def test_all_pods_and_containers(pods: Speakers) -> None:
    done = pods.ok(containers=None)
    assert not done.changed
    logs = done.result["logs"]
    assert [(log["node"], log["container"]) for log in logs] == [
        (node, container) for node in NODES for container in ("agent", "sidecar")
    ]
    for log in logs:
        container, node = log["container"], log["node"]
        assert log["text"] == f"{container}: starting on {node}\n{container}: ready\n"
        assert (log["lines"], log["bytes"]) == (2, len(log["text"]))
        assert log["pod"] == pods.pod(node)["metadata"]["name"]
        assert (log["failed"], log["msg"], log["truncated"]) == (False, None, False)
        assert log["matches"] is log["path"] is None
    assert done.result["failed_nodes"] == []
    assert done.result["total_bytes"] == sum(log["bytes"] for log in logs)
    assert "counts" not in done.result
    assert "warnings" not in done.result
    # One GET of the DaemonSet, one list of its pods, and the logs.
    assert _asked(done.requests) == ["get agent", "list pods", *["get log"] * 10]


def test_some_nodes(pods: Speakers) -> None:
    logs = pods.ok(nodes=["node-3", "node-1"]).result["logs"]
    assert [log["node"] for log in logs] == ["node-1", "node-3"]


def test_some_pods(pods: Speakers) -> None:
    name = pods.pod("node-2")["metadata"]["name"]
    assert pods.one(pods=[name])["node"] == "node-2"


def test_an_init_container(pods: Speakers) -> None:
    log = pods.one(nodes=["node-0"], containers=["prepare"])
    assert log["container"] == "prepare"
    assert "prepare: starting" in log["text"]


def test_no_nodes_at_all(pods: Speakers) -> None:
    done = pods.ok(nodes=[])
    assert done.result["logs"] == []
    assert "warnings" not in done.result


def test_a_daemonset_without_pods(api: Api, namespace: str) -> None:
    pods = Speakers(api, namespace)
    pods.tasks.ok(**SPEAKER, node_selector=NOWHERE)
    done = pods.ok()
    assert done.result["logs"] == done.result["failed_nodes"] == []
    assert "There is no log to read, since the DaemonSet has no pods." in done.warnings


def test_the_last_lines(pods: Speakers) -> None:
    pods.say("node-0", "".join(f"line {number}\n" for number in range(200)))
    log = pods.one(nodes=["node-0"], tail_lines=2)
    assert (log["text"], log["lines"], log["truncated"]) == ("line 198\nline 199\n", 2, False)
    assert pods.one(nodes=["node-0"])["lines"] == 100
    assert pods.one(nodes=["node-0"], tail_lines=-1)["lines"] == 200


def test_the_end_is_kept_of_a_tail_and_the_beginning_of_a_whole_log(pods: Speakers) -> None:
    pods.say("node-0", "".join(f"line {number}\n" for number in range(200)))
    end = pods.one(nodes=["node-0"], max_bytes=18)
    assert (end["text"], end["lines"], end["truncated"]) == ("line 198\nline 199\n", 2, True)
    whole = pods.one(nodes=["node-0"], tail_lines=-1, max_bytes=14)
    assert (whole["text"], whole["lines"], whole["truncated"]) == ("line 0\nline 1\n", 2, True)
    fits = pods.one(nodes=["node-0"], tail_lines=-1, max_bytes=1690)
    assert (fits["lines"], fits["truncated"]) == (200, False)


def test_characters_are_not_cut(pods: Speakers) -> None:
    pods.say("node-0", "é" * 100)
    for lines in (1, -1):
        log = pods.one(nodes=["node-0"], tail_lines=lines, max_bytes=7)
        assert (log["text"], log["bytes"], log["truncated"]) == ("ééé", 6, True)


def test_bytes_that_are_no_text(pods: Speakers, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"caf\xc3\xa9\r\n\xff\xfe\x00\x1b[31m\nno end")
    pods.say("node-0", f"file:{log}")
    found = pods.one(nodes=["node-0"])
    assert found["text"] == "café\r\n\ufffd\ufffd\x00\x1b[31m\nno end"
    assert (found["lines"], found["bytes"], found["truncated"]) == (3, 22, False)


def test_an_empty_log(pods: Speakers) -> None:
    pods.say("node-0", "")
    log = pods.one(nodes=["node-0"])
    assert (log["text"], log["lines"], log["msg"]) == ("", 0, None)


def test_all_together_share_their_room(pods: Speakers) -> None:
    pods.say("node-1", "a" * 5000 + "1")
    pods.say("node-2", "b" * 300 + "2")
    pods.say("node-3", "c" * 4000 + "3")
    done = pods.ok(nodes=["node-1", "node-2", "node-3"], max_total_bytes=1301)
    logs = done.result["logs"]
    assert [(log["bytes"], log["truncated"]) for log in logs] == [
        (500, True),
        (301, False),
        (500, True),
    ]
    assert [log["text"][-1] for log in logs] == ["1", "2", "3"]
    assert done.result["total_bytes"] == 1301
    assert "2 logs are shorter than max_bytes allows" in done.warnings
    assert "max_total_bytes" in done.warnings


def test_times(pods: Speakers) -> None:
    start = pods.started("node-0")
    pods.say("node-0", "first\nsecond\nthird\n")
    moment = (start + timedelta(seconds=1)).isoformat()
    assert pods.one(nodes=["node-0"], since_time=moment)["text"] == "second\nthird\n"
    assert pods.one(nodes=["node-0"], since_time="2040-01-01T00:00:00Z")["text"] == ""
    assert pods.one(nodes=["node-0"], since_seconds=86400)["lines"] == 3
    told = pods.one(nodes=["node-0"], timestamps=True)["text"].splitlines()
    assert [line.split()[1] for line in told] == ["first", "second", "third"]
    assert told[0].startswith(f"{start:%Y-%m-%dT%H:%M:%S}")


def test_searching(pods: Speakers) -> None:
    pods.say("node-1", "error: one\nfine\nERROR: two\n" * 60)
    pods.say("node-2", "an error\r\n")
    done = pods.ok(search="^(?i:error)")
    assert done.result["counts"] == {
        "node-0": 0,
        "node-1": 120,
        "node-2": 0,
        "node-3": 0,
        "node-4": 0,
    }
    log = done.result["logs"][1]
    assert (log["matches"], log["lines"]) == (120, 120)
    assert log["text"].startswith("error: one\nERROR: two\n")
    assert pods.one(nodes=["node-2"], search="error$")["text"] == "an error\r\n"
    assert pods.one(nodes=["node-1"], search="^error", timestamps=True)["matches"] == 60
    assert pods.one(nodes=["node-1"], search="error", tail_lines=6)["matches"] == 2


def test_matches_are_counted_beyond_what_is_kept(pods: Speakers) -> None:
    pods.say("node-0", "".join(f"needle {number}\n" for number in range(100)))
    log = pods.one(nodes=["node-0"], search="needle", max_bytes=18)
    assert (log["matches"], log["text"], log["truncated"]) == (100, "needle 0\nneedle 1\n", True)
    log = pods.one(nodes=["node-0"], search="needle", max_bytes=20, tail_lines=50)
    assert (log["matches"], log["text"]) == (50, "needle 98\nneedle 99\n")


def test_counts_are_of_all_containers_of_a_node(pods: Speakers) -> None:
    done = pods.ok(nodes=["node-4"], containers=None, search="starting|ready")
    assert done.result["counts"] == {"node-4": 4}


def test_a_large_log_takes_little_memory(pods: Speakers, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as file:
        for number in range(16):
            file.write(b"x" * 1024 * 1024 + b"needle %d\n" % number)
    pods.say("node-0", f"file:{log}")
    tracemalloc.start()
    try:
        found = [
            pods.one(nodes=["node-0"], search="needle|^xxx", containers=["agent"]),
            pods.one(nodes=["node-0"], tail_lines=3),
            pods.one(nodes=["node-0"], tail_lines=-1),
        ]
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found[0]["matches"] == 16
    assert found[1]["text"].endswith("needle 15\n")
    assert all(log["truncated"] and 0 < log["bytes"] <= 65536 for log in found)
    assert most < 4 * 1024 * 1024


def test_the_previous_log(pods: Speakers) -> None:
    done = pods.ok(nodes=["node-0"], previous=True)
    (log,) = done.result["logs"]
    assert (log["text"], log["failed"]) == ("", False)
    assert "it has not been restarted" in log["msg"]
    assert done.result["failed_nodes"] == []
    assert "warnings" not in done.result


def test_check_mode_reads_as_well(pods: Speakers) -> None:
    done = pods.ok(check=True)
    assert not done.changed
    assert len(done.result["logs"]) == 5
    assert done.writes == []
