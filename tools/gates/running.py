# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running one gate: its commands, one after the other, within a time limit."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..environments import places
from ..environments.making import environment
from ..environments.problems import SetupProblemError
from ..environments.surroundings import surroundings
from .table import Gate

_SECONDS_TO_TIDY_UP = 60


@dataclass(frozen=True)
class Outcome:
    """How a gate ended. `fault` says why it failed and is empty when it passed."""

    gate: Gate
    seconds: float
    fault: str


class Processes:
    """The commands that run at this moment, so that an interruption can end them.

    Each is a process group of its own: Ctrl-C reaches only us, and we pass it on once, so that
    pytest has the time to take its clusters down.
    """

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._over = False

    def run(
        self, command: tuple[str, ...], seen: Mapping[str, str], log: IO[bytes] | None, limit: float
    ) -> str:
        """Run a command in the checkout. Return what went wrong, empty if nothing did."""
        with self._lock:
            if self._over:
                return "interrupted"
            process = subprocess.Popen(
                # Popen itself would look on our own PATH, not on the one that the command gets.
                [shutil.which(command[0], path=seen["PATH"]) or command[0], *command[1:]],
                cwd=places.CHECKOUT,
                env=seen,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT if log else None,
                start_new_session=True,
            )
            self._running.add(process)
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            _end(process)
            return f"stuck: ended after {limit / 60:.0f} minutes"
        finally:
            # After an interruption it still runs, and end() must find it.
            if process.poll() is not None:
                with self._lock:
                    self._running.discard(process)
        return f"`{command[0]}` ended with {code}" if code else ""

    def end(self) -> None:
        """End everything that runs, and let nothing new begin."""
        with self._lock:
            self._over = True
            running = list(self._running)
        for process in running:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process group to end, and make it end when it does not."""
    for number, seconds in ((signal.SIGINT, _SECONDS_TO_TIDY_UP), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, number)
            process.wait(seconds)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        return


def run(gate: Gate, processes: Processes, log: IO[bytes] | None = None) -> Outcome:
    """Run a gate, its output into the log, or straight through where there is none."""
    started = time.monotonic()
    fault = ""
    try:
        folder = environment(gate.environment)
        seen = surroundings(folder, proxies=not gate.cluster, own_home=gate.own_home)
    except SetupProblemError as problem:
        return Outcome(gate, time.monotonic() - started, str(problem))
    for command in gate.commands:
        expanded = tuple(word.replace("{report}", str(report(gate))) for word in command)
        fault = processes.run(expanded, seen, log, gate.minutes * 60)
        if fault:
            break
    return Outcome(gate, time.monotonic() - started, fault)


def report(gate: Gate) -> Path:
    """Where pytest writes what the summary reads."""
    folder = places.own() / "reports"
    folder.mkdir(exist_ok=True)
    return folder / f"{gate.name}.xml"
