# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs that break off, or never end: what no healthy cluster does, from a server that does it."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import daemonset_logs
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.verb import (
    Task,
    carry_out,
)

from tests.integration.connection.servers import (
    Answer,
    answer,
    scripted,
    silent,
    status,
    stream,
)

_DAEMONSET = {
    "metadata": {"name": "agent", "namespace": "default", "uid": "u"},
    "spec": {"selector": {"matchLabels": {"app": "agent"}}},
}


def _pod(node: str) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"agent-{node}",
            "namespace": "default",
            "uid": node,
            "ownerReferences": [{"uid": "u"}],
        },
        "spec": {"nodeName": node, "containers": [{"name": "agent"}]},
        "status": {"phase": "Running"},
    }


def _run(logs: Sequence[Answer], nodes: int = 1, **given: Any) -> dict[str, Any]:
    """Carry out a task that gets these answers for the logs, one after the other."""
    pods = [_pod(f"node-{number}") for number in range(nodes)]
    before = [
        answer(200, _DAEMONSET),
        answer(200, {"metadata": {"resourceVersion": "1"}, "items": pods}),
    ]
    with scripted([*before, *logs]) as server:
        parameters = {"name": "agent", "host": server.url, "concurrency": 1, "timeout": 30}
        checked = ArgumentSpecValidator(daemonset_logs.VERB.argument_spec).validate(
            parameters | given
        )
        assert checked.error_messages == []
        return carry_out(daemonset_logs.VERB, Task(checked.validated_parameters))


def _cut(connection: socket.socket) -> None:
    connection.close()


def test_a_log_that_breaks_off() -> None:
    result = _run([stream(b"one\ntw", end=_cut), answer(200, "fine\n", kind="text/plain")], 2)
    assert not result.get("failed")
    broken, fine = result["logs"]
    assert (broken["text"], broken["truncated"], broken["failed"]) == ("one\ntw", True, True)
    assert "did not last" in broken["msg"]
    assert (fine["text"], fine["failed"]) == ("fine\n", False)
    assert result["failed_nodes"] == ["node-0"]


def test_what_has_come_in_time_is_kept() -> None:
    result = _run([stream(b"one\n", b"two\n", end=silent)], timeout=3)
    (log,) = result["logs"]
    assert (log["text"], log["truncated"], log["failed"]) == ("one\ntwo\n", True, True)
    assert "the time of 3 s for the pod was over after 8 bytes" in log["msg"]
    # No other log was read, so the task fails, with what there is.
    assert result["failed"]
    assert result["error"]["kind"] == "batch"


def test_what_has_come_becomes_a_file(tmp_path: Path) -> None:
    (tmp_path / "node-0.agent.log").write_bytes(b"before\n")
    result = _run([stream(b"one\ntw", end=_cut)], dest=str(tmp_path))
    assert result["changed"]
    assert (tmp_path / "node-0.agent.log").read_bytes() == b"one\ntw"
    nothing = _run([stream(end=_cut)], dest=str(tmp_path))
    assert nothing["failed"]
    assert not nothing["changed"]
    assert (tmp_path / "node-0.agent.log").read_bytes() == b"one\ntw"


@pytest.mark.parametrize("search", [None, "x"])
def test_a_log_without_end(search: str | None) -> None:
    """As from a container that writes faster than the log is read."""

    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        line = b"x" * 999 + b"\n"
        while True:
            connection.sendall(b"%x\r\n%s\r\n" % (len(line), line))
            time.sleep(0.001)

    given: dict[str, Any] = {"tail_lines": 100} if search is None else {"search": search}
    result = _run([endless], timeout=3, max_bytes=5000, **given)
    (log,) = result["logs"]
    assert log["text"] == ("x" * 999 + "\n") * 5
    assert log["truncated"]
    assert log["failed"]
    if search is not None:
        assert log["matches"] > 5


def test_a_passing_trouble_is_overcome() -> None:
    busy = answer(503, status(503, "starting"))
    result = _run([busy, answer(200, "fine\n", kind="text/plain")])
    assert result["logs"][0]["text"] == "fine\n"


def test_a_page_of_a_proxy_is_no_log() -> None:
    result = _run([answer(404, "<html>not here</html>", kind="text/html")])
    assert result["failed"]
    assert "is no Kubernetes object" in result["logs"][0]["msg"]


def test_a_node_with_a_name_that_leads_elsewhere(tmp_path: Path) -> None:
    """A server may say anything; files are in the folder all the same."""
    pods = [_pod("../../outside")]
    answers = [
        answer(200, _DAEMONSET),
        answer(200, {"metadata": {"resourceVersion": "1"}, "items": pods}),
        answer(200, "x\n", kind="text/plain"),
    ]
    dest = tmp_path / "one" / "two"
    with scripted(answers) as server:
        given = {"name": "agent", "host": server.url, "dest": str(dest)}
        checked = ArgumentSpecValidator(daemonset_logs.VERB.argument_spec).validate(given)
        carry_out(daemonset_logs.VERB, Task(checked.validated_parameters))
    (file,) = dest.iterdir()
    assert file.read_text() == "x\n"
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
