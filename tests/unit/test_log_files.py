# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of logs: names that are safe, whole contents, and nothing outside of the folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._views.log_files import (
    Folder,
    file_names,
    problem_of,
)

Write = Callable[..., bool]


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "logs"


@pytest.fixture
def write(dest: Path) -> Write:
    """Writes a log to the folder; whether that changed anything."""

    def write_it(
        content: bytes, name: str = "a.log", *, mode: int = 0o600, check: bool = False
    ) -> bool:
        folder = Folder(str(dest), mode, check_mode=check)
        with folder.draft() as draft:
            draft.file.write(content)
            changed = folder.place(draft, name)
        folder.close()
        return changed

    return write_it


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_names() -> None:
    logs = [
        ("node-1", "agent-a", "agent"),
        ("node-1", "agent-a", "sidecar"),
        ("node-2.example.test", "agent-b", "agent"),
        ("node-3", "agent-c", "agent"),
        ("node-3", "agent-d", "agent"),
        ("", "agent-e", "agent"),
    ]
    assert file_names(logs, previous=False) == [
        "node-1.agent.log",
        "node-1.sidecar.log",
        "node-2.example.test.agent.log",
        "node-3_agent-c.agent.log",
        "node-3_agent-d.agent.log",
        "_agent-e.agent.log",
    ]
    assert file_names(logs[:1], previous=True) == ["node-1.agent.previous.log"]


@pytest.mark.parametrize(
    "node", ["../../etc/cron.d/x", "/etc/passwd", "..", ".hidden", "a\nb", "a/b", "-rf", "ä"]
)
def test_names_that_no_node_has(node: str) -> None:
    (name,) = file_names([(node, "pod", "agent")], previous=False)
    assert "/" not in name
    assert "\n" not in name
    assert name.isascii()
    assert not name.startswith((".", "-"))
    assert name.endswith(".agent.log")


def test_other_names_stay_different() -> None:
    nodes = ["a/b", "a\nb", "a_b", "a b"]
    names = file_names([(node, "pod", "agent") for node in nodes], previous=False)
    assert len(set(names)) == len(nodes)


def test_long_names() -> None:
    nodes = [f"{'n' * 249}.one", f"{'n' * 249}.two"]
    names = file_names([(node, "pod", "c" * 63) for node in nodes], previous=True)
    assert len(set(names)) == 2
    assert {len(name) for name in names} == {255}
    assert all(name.endswith(f".{'c' * 63}.previous.log") for name in names)


def test_a_file_changes_once(dest: Path, write: Write) -> None:
    assert write(b"one\n")
    assert (dest / "a.log").read_bytes() == b"one\n"
    assert mode_of(dest / "a.log") == 0o600
    assert mode_of(dest) == 0o700
    inode = (dest / "a.log").stat().st_ino
    assert not write(b"one\n")
    assert (dest / "a.log").stat().st_ino == inode
    assert write(b"two\n")
    assert (dest / "a.log").read_bytes() == b"two\n"
    assert (dest / "a.log").stat().st_ino != inode
    assert os.listdir(dest) == ["a.log"]


def test_the_permissions_are_those_that_were_asked_for(dest: Path, write: Write) -> None:
    before = os.umask(0o077)
    try:
        assert write(b"one", mode=0o644)
    finally:
        os.umask(before)
    assert mode_of(dest / "a.log") == 0o644
    assert write(b"one", mode=0o640, check=True)
    assert mode_of(dest / "a.log") == 0o644
    assert write(b"one", mode=0o640)
    assert mode_of(dest / "a.log") == 0o640
    assert not write(b"one", mode=0o640)


def test_check_mode_writes_nothing(dest: Path, write: Write) -> None:
    assert write(b"one", check=True)
    assert not dest.exists()
    write(b"one")
    assert not write(b"one", check=True)
    assert write(b"two", check=True)
    assert (dest / "a.log").read_bytes() == b"one"
    assert os.listdir(dest) == ["a.log"]


def test_large_files_are_compared_to_their_end(dest: Path, write: Write) -> None:
    content = os.urandom(300_000)
    assert write(content)
    assert not write(content)
    assert write(content[:-1] + bytes([content[-1] ^ 1]))
    assert write(content + b"x")


def test_links_are_replaced_and_not_followed(dest: Path, tmp_path: Path, write: Write) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"one")
    dest.mkdir()
    (dest / "a.log").symlink_to(victim)
    (dest / "b.log").symlink_to(tmp_path / "nowhere")
    assert write(b"one", check=True)
    assert write(b"one")
    assert write(b"two", "b.log")
    assert victim.read_bytes() == b"one"
    assert not (dest / "a.log").is_symlink()
    assert not (tmp_path / "nowhere").exists()
    assert (dest / "b.log").read_bytes() == b"two"


def test_a_hard_link_keeps_its_content(dest: Path, tmp_path: Path, write: Write) -> None:
    dest.mkdir()
    (dest / "a.log").write_bytes(b"one")
    os.link(dest / "a.log", tmp_path / "other")
    assert write(b"two")
    assert (tmp_path / "other").read_bytes() == b"one"


def test_a_pipe_is_replaced(dest: Path, write: Write) -> None:
    dest.mkdir()
    os.mkfifo(dest / "a.log")
    assert write(b"one")
    assert (dest / "a.log").read_bytes() == b"one"


@pytest.mark.parametrize("check", [False, True])
def test_a_folder_of_that_name_is_left_alone(dest: Path, write: Write, check: bool) -> None:
    (dest / "a.log").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        write(b"one", check=check)
    assert os.listdir(dest) == ["a.log"]
    assert (dest / "a.log").is_dir()


def test_what_is_not_placed_is_gone(dest: Path) -> None:
    folder = Folder(str(dest), 0o600, check_mode=False)
    with folder.draft() as draft:
        draft.file.write(b"half")
        (name,) = os.listdir(dest)
        assert mode_of(dest / name) == 0o600
    assert os.listdir(dest) == []
    with pytest.raises(ZeroDivisionError), folder.draft():
        raise ZeroDivisionError
    assert os.listdir(dest) == []
    folder.close()


def test_a_link_to_a_folder_may_be_the_folder(dest: Path, tmp_path: Path, write: Write) -> None:
    (tmp_path / "real").mkdir()
    dest.symlink_to(tmp_path / "real")
    assert problem_of(str(dest)) is None
    assert write(b"one")
    assert (tmp_path / "real" / "a.log").read_bytes() == b"one"


def test_folders_that_do_not_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert problem_of(str(file)) == "is not a folder"
    assert problem_of(str(file / "logs")) == f"{file} is not a folder"
    assert problem_of(str(tmp_path / "dangling")) == "is not a folder"
    assert problem_of(str(tmp_path / "one" / "two")) is None
    assert problem_of(str(tmp_path)) is None
    monkeypatch.chdir(tmp_path)
    assert problem_of("logs") is None
    assert problem_of("file") == "is not a folder"


def test_a_folder_that_may_not_be_written_to() -> None:
    """Root is told that it may, and finds out before any log is read."""
    path = "/proc/everynode/logs"
    told = problem_of(path)
    if told is None:
        with pytest.raises(OSError, match="No such file or directory"):
            Folder(path, 0o600, check_mode=False)
    else:
        assert told == "nothing may be written to /proc by this user"
