# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: run one gate, a group of them, or all.

python3 -m tools.gates test
python3 -m tools.gates lint
python3 -m tools.gates unit
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from types import FrameType

from ..environments.making import environment
from ..environments.problems import SetupProblemError
from .lanes import Lanes
from .running import Processes, report, run
from .summary import summary
from .table import GATES, Gate, named

_CLUSTER = Gate(
    "build of the cluster", (("tools/cluster/cluster", "build"),), own_home=False, minutes=60
)


def main() -> int:
    """Run what the command line names. Return the exit code."""
    parser = argparse.ArgumentParser(prog="tools.gates", description=__doc__)
    groups = {group for gate in GATES for group in gate.groups}
    parser.add_argument("name", choices=["test", *sorted(groups), *(gate.name for gate in GATES)])
    gates = named(parser.parse_args().name)
    # SIGINT too: started in a script's background it would be ignored, by our children as well.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    started = time.monotonic()
    processes = Processes()
    try:
        _prepare(gates, processes)
        outcomes = Lanes(processes).run(gates)
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        print("Interrupted: ending what runs, within a minute.", flush=True)
        processes.end()
        return 130
    print(summary(outcomes, time.monotonic() - started), flush=True)
    return 1 if any(outcome.fault for outcome in outcomes) else 0


def _prepare(gates: Sequence[Gate], processes: Processes) -> None:
    """Make what the gates need, where its progress is seen and nobody waits for it in silence.

    What cannot be made fails its gates later, each with the reason, and does not stop the others.
    """
    for gate in gates:
        report(gate).unlink(missing_ok=True)
    for name in sorted({name for gate in gates for name in (gate.environment, *gate.also)}):
        try:
            environment(name)
        except SetupProblemError as problem:
            print(problem, file=sys.stderr, flush=True)
    if any(gate.cluster for gate in gates):
        run(_CLUSTER, processes)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
