# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many logs share the room of a result, what is wrong with parameters, and what is no fault."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import (
    ClusterError,
    InputError,
    NotFoundError,
    RefusedError,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.pod_logs import (
    absence,
    enough_for,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import (
    daemonset_logs,
    log_wish,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._views.logs import (
    Log,
    Shares,
    level,
    logs_view,
)


@pytest.mark.parametrize(
    ("sizes", "total", "limit"),
    [
        ([], 10, 0),
        ([5, 5], 10, 5),
        ([3, 4], 10, 4),
        ([100, 100, 100], 90, 30),
        ([1, 100, 100], 91, 45),
        ([0, 0, 1000], 10, 10),
        ([5, 5, 5], 2, 0),
    ],
)
def test_the_limit_for_each(sizes: list[int], total: int, limit: int) -> None:
    assert level(sizes, total) == limit
    assert sum(min(size, limit) for size in sizes) <= total


def test_what_is_cut_does_not_depend_on_the_order() -> None:
    texts = [b"a" * 5, b"b" * 50, b"c" * 1000, b"d" * 30, b"e" * 400]
    results = set()
    for order in itertools.permutations(texts):
        shares = Shares(150, keeps_end=True)
        logs = {text: Log(None, content=text, size=len(text)) for text in order}
        for log in logs.values():
            shares.add(log)
        assert shares.finish() == 3
        results.add(tuple(logs[text].content for text in texts))
        assert sum(log.size for log in logs.values()) <= 150
        assert [logs[text].truncated for text in texts] == [False, True, True, False, True]
    assert results == {(b"a" * 5, b"b" * 38, b"c" * 38, b"d" * 30, b"e" * 38)}


def test_memory_is_bounded_while_logs_come() -> None:
    shares = Shares(1000, keeps_end=False)
    logs = []
    for _number in range(200):
        logs.append(Log(None, content=b"x" * 400, size=400))
        shares.add(logs[-1])
        assert sum(len(log.content or b"") for log in logs) <= 2000
    assert shares.finish() == 200
    assert {log.content for log in logs} == {b"x" * 5}


def test_how_logs_are_shown() -> None:
    logs = [
        Log("node-1", "agent-a", "agent", b"caf\xc3\xa9 \xff\n", 1, 7, matches=1),
        Log("node-1", "agent-a", "sidecar", b"", matches=2, failed=True, message="It broke."),
        Log("node-2", "agent-b", "agent", None, 3, 30, path="/x/y", changed=True, truncated=True),
        Log(None, "agent-c", failed=True, message="There is none."),
    ]
    shown = logs_view(logs, searched=True)
    assert shown["changed"]
    assert shown["counts"] == {"node-1": 3}
    assert shown["failed_nodes"] == ["node-1", "agent-c"]
    assert shown["total_bytes"] == 37
    assert shown["logs"][0] == {
        "node": "node-1",
        "pod": "agent-a",
        "container": "agent",
        "text": "café \ufffd\n",
        "lines": 1,
        "bytes": 7,
        "matches": 1,
        "truncated": False,
        "path": None,
        "failed": False,
        "msg": None,
    }
    assert shown["logs"][2]["text"] is None
    assert "counts" not in logs_view(logs, searched=False)


@pytest.mark.parametrize(
    ("message", "clause"),
    [
        ('container "a" in pod "p" is waiting to start: ContainerCreating.', "(ContainerCreating)"),
        (
            'container "a" in pod "p" is waiting to start: trying and failing to pull image.',
            "(trying and failing to pull image)",
        ),
        ('container "a" in pod "p" is waiting to start.', "has no log yet"),
        ('previous terminated container "a" in pod "p" not found.', "has not been restarted"),
    ],
)
def test_a_container_without_a_log(message: str, clause: str) -> None:
    told = absence(RefusedError(f"Cannot read the log of pod n/p: {message}", status=400))
    assert told is not None
    assert told.endswith(clause) or clause in told


@pytest.mark.parametrize(
    "error",
    [
        RefusedError("container x is not valid for pod p.", status=400),
        NotFoundError('pods "is waiting to start" not found', status=404),
        ClusterError("previous terminated container a not found", status=500),
    ],
)
def test_other_failures_are_failures(error: ClusterError) -> None:
    assert absence(error) is None


def test_what_is_asked_for_is_enough_for_the_tail() -> None:
    assert enough_for(10, 100) == 4 * 1024 * 1024
    assert enough_for(100_000, 100) >= 100_000 * 16 * 1024
    assert enough_for(1, 2**30) == 2**30


def wish(**given: Any) -> log_wish.Wish:
    checked = ArgumentSpecValidator(daemonset_logs.VERB.argument_spec).validate(
        {"name": "agent", **given}
    )
    assert checked.error_messages == []
    return log_wish.checked(checked.validated_parameters)


@pytest.mark.parametrize(
    ("given", "lines", "max_bytes", "keeps_end"),
    [
        ({}, 100, 65536, True),
        ({"tail_lines": -1}, None, 65536, False),
        ({"tail_lines": 7, "dest": "x"}, 7, 16 * 1024 * 1024, True),
        ({"dest": "x"}, None, 16 * 1024 * 1024, False),
        ({"search": "x"}, None, 65536, False),
        ({"max_bytes": 10}, 100, 10, True),
        ({"max_total_bytes": 10}, 100, 10, True),
        ({"max_total_bytes": 10, "dest": "x"}, None, 16 * 1024 * 1024, False),
    ],
)
def test_how_much_is_read_and_kept(
    given: dict[str, Any], lines: int | None, max_bytes: int, keeps_end: bool, tmp_path: Path
) -> None:
    if "dest" in given:
        given = {**given, "dest": str(tmp_path / given["dest"])}
    found = wish(**given)
    assert (found.part.tail_lines, found.max_bytes, found.keeps_end) == (
        lines,
        max_bytes,
        keeps_end,
    )


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z"),
        ("2026-03-01T13:30:00+01:30", "2026-03-01T12:00:00Z"),
        ("2026-03-01t12:00:00.25z", "2026-03-01T12:00:00.250000Z"),
        # What YAML makes of a time without quotes.
        ("2026-03-01 12:00:00+00:00", "2026-03-01T12:00:00Z"),
    ],
)
def test_times(given: str, sent: str) -> None:
    assert wish(since_time=given).part.since_time == sent


@pytest.mark.parametrize("mode", ["0600", "640", "0444"])
def test_modes(mode: str) -> None:
    assert wish(mode=mode).mode == int(mode, 8)


@pytest.mark.parametrize(
    ("given", "path", "words"),
    [
        ({"name": "Agent"}, "name", "lower"),
        ({"nodes": ["a", " "]}, "nodes[1]", "empty"),
        ({"containers": []}, "containers", "empty"),
        ({"tail_lines": 0}, "tail_lines", "-1 for all lines"),
        ({"tail_lines": -2}, "tail_lines", "from 1 to"),
        ({"since_seconds": 0}, "since_seconds", "from 1 to"),
        ({"since_time": "yesterday"}, "since_time", "2026-03-01T12:00:00Z"),
        ({"since_time": "2026-03-01T12:00:00"}, "since_time", "zone"),
        ({"since_time": "2026-02-30T12:00:00Z"}, "since_time", "RFC 3339"),
        ({"search": "(unclosed"}, "search", "unterminated subpattern"),
        ({"search": "a" + "{99999999999}"}, "search", "regular expression"),
        ({"search": ""}, "search", "empty"),
        ({"concurrency": 101}, "concurrency", "from 1 to 100"),
        ({"timeout": 0}, "timeout", "from 1"),
        ({"max_bytes": 0}, "max_bytes", "from 1"),
        ({"max_total_bytes": 2**40}, "max_total_bytes", "67108864"),
        ({"max_fail_percentage": 101}, "max_fail_percentage", "from 0 to 100"),
        ({"mode": 384}, "mode", "in quotes"),
        ({"mode": "u=rw"}, "mode", "octal"),
        ({"mode": "1777"}, "mode", "octal"),
        ({"dest": ""}, "dest", "path of a folder"),
        ({"dest": "/dev/null"}, "dest", "not a folder"),
        ({"dest": "/dev/null/logs"}, "dest", "/dev/null is not a folder"),
    ],
)
def test_faults(given: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        wish(**given)
    assert [fault.path for fault in caught.value.faults] == [path]
    assert words in caught.value.message


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        wish(tail_lines=0, search="(", mode=600, dest="/dev/null", pods=[""])
    assert {fault.path for fault in caught.value.faults} == {
        "pods[0]",
        "tail_lines",
        "search",
        "mode",
        "dest",
    }
