# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: measure everything on a cluster of its own, write results.md and results.json."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import clusters, measurements, plays, report

_NODES = 5


def main() -> int:
    """Measure and report: 1 where a bar is missed, 2 where a measurement is void."""
    # Ended politely, it ends its cluster like after an interrupt.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print("Measuring; this takes about five minutes on a machine with nothing else to do.")
    done: list[measurements.Row] = []
    try:
        with clusters.cluster(_NODES) as cluster:
            for row in measurements.rows(cluster):
                done.append(row)
                shown = [row.what, row.value, row.compared, row.bar and f"(bar: {row.bar})"]
                print("  " + "; ".join(filter(None, shown)), flush=True)
            print(f"\n{report.write(done, cluster)}")
    except plays.VoidError as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    missed = [row.what for row in done if row.met is False]
    for what in missed:
        print(f"bench: missed its bar: {what}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
