# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running many gates: some in front, with their output, and some beside them, quietly."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import IO

from .running import Outcome, Processes, run
from .table import Gate


class Lanes:
    """Two lanes for two cores: more would only make the tests that measure time unreliable.

    What a gate in the background has to say waits until the gate in front is done, so that no
    two outputs mix.
    """

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._started = time.monotonic()
        self._finished: deque[tuple[Outcome, IO[bytes]]] = deque()

    def run(self, gates: Sequence[Gate]) -> list[Outcome]:
        """Run all gates, whether or not others fail. Return how each ended, in the given order."""
        alone = len(gates) == 1
        front = [gate for gate in gates if alone or not gate.beside]
        back = [gate for gate in gates if gate not in front]
        outcomes: list[Outcome] = []
        # A daemon, so that an interruption does not wait for the gates that are still to come.
        background = threading.Thread(target=self._run_beside, args=(back,), daemon=True)
        background.start()
        for gate in front:
            self._say(f"{gate.name} ...")
            outcome = run(gate, self._processes)
            outcomes.append(outcome)
            self._tell(outcome)
            outcomes.extend(self._news())
        if background.is_alive():
            self._say("waiting for what runs in the background ...")
        while background.is_alive():
            background.join(1)
            outcomes.extend(self._news())
        outcomes.extend(self._news())
        return sorted(outcomes, key=lambda outcome: gates.index(outcome.gate))

    def _run_beside(self, gates: Iterable[Gate]) -> None:
        for gate in gates:
            log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever tells of it
            outcome = run(gate, self._processes, log)
            self._finished.append((outcome, log))

    def _news(self) -> list[Outcome]:
        """Tell what the background has finished since the last time."""
        outcomes = []
        while self._finished:
            outcome, log = self._finished.popleft()
            with log:
                if outcome.fault:
                    log.seek(0)
                    print(log.read().decode(errors="replace"), flush=True)
            self._tell(outcome)
            outcomes.append(outcome)
        return outcomes

    def _tell(self, outcome: Outcome) -> None:
        how = f"FAILED: {outcome.fault}" if outcome.fault else "passed"
        self._say(f"{outcome.gate.name} {how} ({outcome.seconds:.0f} s)")

    def _say(self, line: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        print(f"[{minutes:02}:{seconds:02}] {line}", flush=True)
