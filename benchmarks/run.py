# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: measure everything on a cluster of its own, write results.md and results.json.

With the name of a part (`views`, `staged`) and a number of nodes, only that is measured, there, and
nothing is written.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import clusters, measurements, plays, report, rows, staged, views

_NODES = 5
_PARTS = {"staged": staged.rows, "views": views.rows}


def main() -> int:
    """Measure and report: 0 unless a measurement is void. A bar that is missed is told."""
    # Ended politely, it ends its cluster like after an interrupt.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        done = _part(sys.argv[1], int(sys.argv[2])) if sys.argv[1:] else _everything()
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


def _everything() -> list[rows.Row]:
    print("Measuring; this takes about half an hour on a machine with nothing else to do.")
    with clusters.cluster(_NODES, "bench") as cluster:
        done = _told(measurements.rows(cluster))
        print(f"\n{report.write(done, cluster)}")
    return done


def _part(name: str, nodes: int) -> list[rows.Row]:
    with clusters.cluster(nodes, f"bench-{name}") as cluster:
        measurements.make_namespaces(cluster)
        return _told(_PARTS[name](cluster, nodes))


def _told(measured: Iterator[rows.Row]) -> list[rows.Row]:
    """The rows, each of which is printed as soon as it is there."""
    done = []
    for row in measured:
        done.append(row)
        shown = [row.what, row.value, row.compared, row.bar and f"(bar: {row.bar})"]
        print("  " + "; ".join(filter(None, shown)), flush=True)
    return done


if __name__ == "__main__":
    sys.exit(main())
