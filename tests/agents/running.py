# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real agents, run over a configuration as they would be in a pod, as far as a test can."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.agents.packages import UnavailableError, Unpacked, unpacked
from tools.cluster.clusterlib import ports

# Long enough for a machine that does ten other things; nothing waits for it that goes well.
_SECONDS = 300


@dataclass(frozen=True)
class Ended:
    """What an agent said, and how it ended: None where it ran until it was ended."""

    code: int | None
    said: str
    answer: str = ""


def agent(name: str) -> Unpacked:
    """The agent; where it cannot be had, the test is left out, and the run's last line counts it.

    Whoever runs the gates can do without apt: what an agent says of a configuration does not depend
    on the machine, and the project's own machines have it.
    """
    try:
        return unpacked(name)
    except UnavailableError as problem:
        pytest.skip(f"{name} cannot be had: {problem}")


def to_its_end(agent: Unpacked, *arguments: str) -> Ended:
    """Run an agent that ends by itself."""
    ended = subprocess.run(
        [str(agent.program), *arguments],
        env=_environment(agent),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout)


def until_it_answers(agent: Unpacked, port: int, asked: bytes, *arguments: str) -> Ended:
    """Run an agent until it answers on a port of this machine, or ends before that."""
    process = subprocess.Popen(
        [str(agent.program), *arguments],
        env=_environment(agent),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    answer = ""
    try:
        deadline = time.monotonic() + _SECONDS
        while not answer and process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError):
                answer = _answer(port, asked)
            # It takes a moment to open its port, or to find a fault.
            time.sleep(0 if answer else 0.05)
        code = process.poll()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        said, _nothing = process.communicate()
    return Ended(code, said, answer)


def free_port() -> int:
    """A port that nobody listens on, and that is nobody's by chance before it is used."""
    return ports.choose(["agent"], ())["agent"]


def put(folder: Path, name: str, text: str, changes: Mapping[str, str] | None = None) -> Path:
    """A file with that text, paths of the pod changed to those here."""
    for pod, here in (changes or {}).items():
        assert pod in text
        text = text.replace(pod, here)
    file = folder / name
    file.write_text(text)
    return file


def _answer(port: int, asked: bytes) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connected:
        connected.sendall(asked)
        parts = []
        while part := connected.recv(65536):
            parts.append(part)
    return b"".join(parts).decode(errors="replace")


def _environment(agent: Unpacked) -> dict[str, str]:
    return {**os.environ, "LD_LIBRARY_PATH": agent.libraries()}
