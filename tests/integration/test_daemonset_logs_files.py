# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs in files, one for each container of each node."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.api import Api, eventually
from tests.integration.speakers import NODES, SPEAKER, Speakers, dead_kubelet, speakers


@pytest.fixture(scope="module")
def shared(api: Api) -> Iterator[Speakers]:
    with speakers(api, "logs-in-files") as made:
        yield made


@pytest.fixture
def pods(shared: Speakers) -> Iterator[Speakers]:
    yield shared
    shared.forget()


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "one" / "two"


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_files_of_all_nodes(pods: Speakers, dest: Path) -> None:
    done = pods.ok(containers=None, dest=str(dest))
    assert done.changed
    assert _files(dest) == {
        f"{node}.{container}.log": f"{container}: starting on {node}\n{container}: ready\n".encode()
        for node in NODES
        for container in ("agent", "sidecar")
    }
    log = done.result["logs"][0]
    assert log["text"] is None
    assert log["path"] == str(dest / "node-0.agent.log")
    assert (log["lines"], log["bytes"]) == (2, (dest / "node-0.agent.log").stat().st_size)
    assert stat.S_IMODE((dest / "node-0.agent.log").stat().st_mode) == 0o600
    again = pods.ok(containers=None, dest=str(dest))
    assert not again.changed
    assert again.result["logs"] == done.result["logs"]


def test_a_log_that_grew_changes_its_file_alone(pods: Speakers, dest: Path) -> None:
    pods.say("node-1", "one\n")
    pods.ok(dest=str(dest))
    before = {path: path.stat().st_mtime_ns for path in dest.iterdir()}
    pods.say("node-1", "one\ntwo\n")
    assert pods.ok(check=True, dest=str(dest)).changed
    assert (dest / "node-1.agent.log").read_bytes() == b"one\n"
    assert pods.ok(dest=str(dest)).changed
    assert (dest / "node-1.agent.log").read_bytes() == b"one\ntwo\n"
    changed = {path.name for path, when in before.items() if path.stat().st_mtime_ns != when}
    assert changed == {"node-1.agent.log"}
    assert not pods.ok(check=True, dest=str(dest)).changed


def test_check_mode_makes_no_folder(pods: Speakers, dest: Path) -> None:
    done = pods.ok(check=True, dest=str(dest))
    assert done.changed
    assert done.result["logs"][0]["path"] == str(dest / "node-0.agent.log")
    assert not dest.parent.exists()


def test_the_whole_log_as_it_is(pods: Speakers, dest: Path, tmp_path: Path) -> None:
    content = os.urandom(200_000) + b"\r\nno end \xff"
    (tmp_path / "log").write_bytes(content)
    pods.say("node-1", f"file:{tmp_path / 'log'}")
    log = pods.one(nodes=["node-1"], dest=str(dest))
    assert (dest / "node-1.agent.log").read_bytes() == content
    assert (log["bytes"], log["truncated"]) == (len(content), False)


def test_limits(pods: Speakers, dest: Path) -> None:
    text = "".join(f"line {number}\n" for number in range(100))
    pods.say("node-1", text)
    log = pods.one(nodes=["node-1"], dest=str(dest), max_bytes=14)
    assert (dest / "node-1.agent.log").read_text() == "line 0\nline 1\n"
    assert (log["truncated"], log["lines"]) == (True, 2)
    log = pods.one(nodes=["node-1"], dest=str(dest), max_bytes=16, tail_lines=99)
    assert (dest / "node-1.agent.log").read_text() == "line 98\nline 99\n"
    assert (log["truncated"], log["lines"]) == (True, 2)
    pods.one(nodes=["node-1"], dest=str(dest), max_total_bytes=1)
    assert (dest / "node-1.agent.log").read_text() == text


def test_lines_that_match(pods: Speakers, dest: Path) -> None:
    done = pods.ok(nodes=["node-1", "node-2"], dest=str(dest), search="ready")
    assert done.result["counts"] == {"node-1": 1, "node-2": 1}
    assert _files(dest) == {
        "node-1.agent.log": b"agent: ready\n",
        "node-2.agent.log": b"agent: ready\n",
    }


def test_permissions(pods: Speakers, dest: Path) -> None:
    assert pods.ok(nodes=["node-1"], dest=str(dest)).changed
    assert pods.ok(nodes=["node-1"], dest=str(dest), mode="0640").changed
    assert not pods.ok(nodes=["node-1"], dest=str(dest), mode="0640").changed
    assert stat.S_IMODE((dest / "node-1.agent.log").stat().st_mode) == 0o640


def test_a_link_is_not_followed(pods: Speakers, dest: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    dest.mkdir(parents=True)
    (dest / "node-1.agent.log").symlink_to(victim)
    assert pods.ok(nodes=["node-1"], dest=str(dest)).changed
    assert victim.read_text() == "precious"
    assert not (dest / "node-1.agent.log").is_symlink()


def test_a_folder_in_the_way(pods: Speakers, dest: Path) -> None:
    (dest / "node-1.agent.log").mkdir(parents=True)
    done = pods.ok(nodes=["node-1", "node-2"], dest=str(dest))
    assert done.result["failed_nodes"] == ["node-1"]
    assert "Cannot write node-1.agent.log: Is a directory" in done.warnings
    assert (dest / "node-2.agent.log").exists()


def test_a_file_is_no_folder(pods: Speakers, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    failed = pods.fails(dest=str(tmp_path / "file" / "logs"))
    assert failed.result["error"]["kind"] == "invalid_input"
    assert f"{tmp_path / 'file'} is not a folder" in failed.result["msg"]
    assert failed.requests == []


def test_a_folder_that_cannot_be_made(pods: Speakers) -> None:
    failed = pods.fails(dest="/proc/everynode")
    assert failed.result["error"]["kind"] == "invalid_input"
    assert not [request for request in failed.requests if "/pods/" in request.path]


def test_two_pods_of_a_node(api: Api, namespace: str, dest: Path) -> None:
    surge = {"rolling_update": {"max_surge": 1, "max_unavailable": 0}}
    pods = Speakers(api, namespace)
    pods.tasks.ok(**SPEAKER, update_strategy=surge)
    api.settled(namespace, "agent")
    broken = {"everynode.kubernetes/simulate": "never-ready"}
    pods.tasks.ok(**SPEAKER, update_strategy=surge, pod_annotations=broken)

    def surged() -> str | None:
        found = api.pods(namespace, "agent")
        nodes = [
            pod["spec"].get("nodeName")
            for pod in found
            if pod["status"].get("containerStatuses")
            and all("running" in one["state"] for one in pod["status"]["containerStatuses"])
        ]
        return next((node for node in nodes if node and nodes.count(node) == 2), None)

    node = eventually(surged, "a node has two pods")
    logs = pods.ok(nodes=[node], dest=str(dest)).result["logs"]
    names = {log["pod"] for log in logs}
    assert len(names) == 2
    assert set(_files(dest)) == {f"{node}_{name}.agent.log" for name in names}


def test_what_cannot_be_read_leaves_the_file_as_it_is(api: Api, pods: Speakers, dest: Path) -> None:
    pods.ok(dest=str(dest))
    before = _files(dest)
    with dead_kubelet(api, "node-2"):
        pods.say("node-3", "new\n")
        done = pods.ok(dest=str(dest))
    assert done.changed
    assert done.result["failed_nodes"] == ["node-2"]
    assert done.result["logs"][2]["path"] is None
    assert _files(dest) == before | {"node-3.agent.log": b"new\n"}


def test_without_a_previous_container_there_is_no_file(pods: Speakers, dest: Path) -> None:
    done = pods.ok(previous=True, dest=str(dest))
    assert not done.changed
    assert _files(dest) == {}
