# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: measure everything on a cluster of its own, write results.md and results.json."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import clusters, measurements, plays, report, rows

_NODES = 5


def main() -> int:
    """Measure and report: 0 unless a measurement is void. A bar that is missed is told."""
    # Ended politely, it ends its cluster like after an interrupt.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print("Measuring; this takes about twenty minutes on a machine with nothing else to do.")
    done: list[rows.Row] = []
    try:
        with clusters.cluster(_NODES) as cluster:
            for row in measurements.rows(cluster):
                done.append(row)
                shown = [row.what, row.value, row.compared, row.bar and f"(bar: {row.bar})"]
                print("  " + "; ".join(filter(None, shown)), flush=True)
            print(f"\n{report.write(done, cluster)}")
    except plays.VoidError as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    for row in done:
        if row.met is False:
            print(f"Missed its bar ({row.bar}): {row.what}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
