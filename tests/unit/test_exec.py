# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What daemonset_exec makes of parameters, of what commands write, and of what went wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.channels import Output
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import (
    daemonset_exec,
    exec_running,
    exec_wish,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.exec_running import (
    Outcome,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.targets import Target


def wish(**given: Any) -> exec_wish.Wish:
    parameters = {
        "name": "agent",
        "namespace": None,
        "nodes": None,
        "pods": None,
        **{name: entry.get("default") for name, entry in exec_wish.OWN_SPEC.items()},
    }
    return exec_wish.checked(parameters | given)


def target(**parts: Any) -> Target:
    given: dict[str, Any] = {
        "namespace": "logging",
        "node": "node-1",
        "pod": "agent-x7k2p",
        "uid": "u",
        "containers": ("agent", "helper"),
        "init_containers": ("prepare",),
        "ephemeral_containers": (),
        "default_container": "agent",
        "phase": "Running",
        "running": True,
        "ending": False,
        "created": "2026-01-01T00:00:00Z",
        "idle": {"prepare": "it has ended (Completed, exit code 0)"},
    }
    return Target(**(given | parts))


def test_a_line_for_a_shell_is_one_word() -> None:
    assert wish(shell="a | b").command == ("/bin/sh", "-c", "a | b")
    assert wish(command=["a", "| b"]).command == ("a", "| b")


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({}, None),
        ({"stdin": "a"}, b"a\n"),
        ({"stdin": "a\n"}, b"a\n\n"),
        ({"stdin": ""}, b""),
        ({"stdin": "ü", "stdin_add_newline": False}, "ü".encode()),
        ({"stdin": "\udcff", "stdin_add_newline": False}, b"\xff"),
        ({"stdin_content": json.dumps({"stdin": "b"})}, b"b\n"),
        ({"stdin_content": json.dumps({"stdin": 5})}, b"5\n"),
    ],
)
def test_what_is_read(given: dict[str, Any], read: bytes | None) -> None:
    assert wish(command=["cat"], **given).stdin == read


@pytest.mark.parametrize(
    ("max_bytes", "total", "nodes", "each"),
    [
        (65536, 16 * 1024 * 1024, 0, 65536),
        (65536, 16 * 1024 * 1024, 128, 65536),
        (65536, 16 * 1024 * 1024, 1000, 8388),
        (10, 100, 3, 10),
        (10, 1, 3, 1),
    ],
)
def test_every_stream_has_an_equal_part(max_bytes: int, total: int, nodes: int, each: int) -> None:
    given = wish(command=["a"], max_bytes=max_bytes, max_total_bytes=total)
    assert given.bytes_of_a_stream(nodes) == each


@pytest.mark.parametrize(
    ("container", "pod", "words"),
    [
        ("agent", target(), None),
        ("agent", target(ending=True, running=False), None),
        (
            "prepare",
            target(),
            (
                "Container prepare of pod logging/agent-x7k2p does not run: it has ended"
                " (Completed, exit code 0)."
            ),
        ),
        (
            "agent",
            target(phase="Pending", idle={"agent": "it has not started"}),
            (
                "Container agent of pod logging/agent-x7k2p does not run: it has not started. The"
                " pod's phase is Pending."
            ),
        ),
        (
            "other",
            target(),
            (
                "There is no container other in pod logging/agent-x7k2p, which has: agent, helper,"
                " prepare."
            ),
        ),
    ],
)
def test_why_nothing_can_run(container: str, pod: Target, words: str | None) -> None:
    assert exec_running.obstacle(pod, container) == words


def test_the_better_one_of_two_pods() -> None:
    runs, later = target(pod="a", created="1"), target(pod="b", created="2")
    waits = target(pod="c", created="3", idle={"agent": "it waits (x)"})
    ends = target(pod="d", created="4", ending=True)
    given = wish(command=["a"])
    for many, best in [
        ([runs, later], "b"),
        ([later, runs], "b"),
        ([runs, waits], "a"),
        ([waits, ends], "d"),
        ([ends, runs], "a"),
    ]:
        assert [one.pod for one in daemonset_exec._one_of_each_node(many, given)] == [best]
    # Pods that are on no node yet are no pair.
    nowhere = [target(node="", pod=name) for name in ("a", "b")]
    assert len(daemonset_exec._one_of_each_node(nowhere, given)) == 2


def outcome(name: str, stdout: bytes = b"", rc: int | None = 1, **more: Any) -> Outcome:
    output = Output(True, bytearray(stdout), truncated=more.pop("truncated", False))
    return Outcome(name, f"agent-{name}", "agent", rc, output, **more)


@pytest.mark.parametrize(
    ("written", "truncated", "shown"),
    [
        (b"a\r\n\n", False, "a"),
        (b"\n a \n", False, "\n a "),
        ("aé".encode(), False, "aé"),
        ("aé".encode()[:2], False, "a\ufffd"),
        ("aé".encode()[:2], True, "a"),
        (b"it is hunter22\n", False, "it is ********"),
        (b"it is hunter2", True, "it is ********"),
        (b"it is hunter2", False, "it is hunter2"),
        (b"it is hun", True, "it is hun"),
    ],
)
def test_what_is_shown_of_a_stream(written: bytes, truncated: bool, shown: str) -> None:
    found = outcome("n", written, 0, truncated=truncated).shown("a", ["hunter22"])
    assert found["stdout"] == shown
    assert found["stdout_lines"] == shown.splitlines()
    assert not found["failed"]


def told(*failed: Outcome, secrets: tuple[str, ...] = ()) -> list[str]:
    text = daemonset_exec._told(wish(command=["a"]), failed, 9, secrets, foreseen=False)
    first, *lines = text.split("\n  - ")
    assert first == f"a failed on {len(failed)} of 9 nodes (max_fail_percentage is 0):"
    return lines


def test_failures_are_told_by_what_they_were() -> None:
    gone = 'Cannot run a in pod logging/agent-n3: pods "agent-n3" not found.'
    assert told(
        outcome("n1", b"x\ny\n"),
        outcome("n2", b"z", 2),
        outcome("n3", rc=None, problem=gone),
        outcome("n4", rc=None, problem=gone.replace("n3", "n4")),
        outcome("n5", b"x"),
    ) == [
        "n1, n5: it ended with 1; on n1 it said: x y",
        "n2: it ended with 2: z",
        'n3, n4: Cannot run a in the pod: pods "..." not found.',
    ]


def test_not_all_is_told_of_many() -> None:
    lines = told(*[outcome(f"n{number}", rc=number + 1) for number in range(8)])
    assert lines[4:] == ["n4: it ended with 5", "and 3 more reasons"]
    (line,) = told(*[outcome(f"n{number}") for number in range(8)])
    assert line == "n0, n1, n2, n3, n4 and 3 more: it ended with 1"


def test_a_secret_is_not_told_in_part() -> None:
    secret = "s3cr3t" * 100
    (line,) = told(outcome("n1", f"{secret}!".encode()), secrets=(secret,))
    assert line == "n1: it ended with 1: ********!"
