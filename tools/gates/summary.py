# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said at the end: every gate, and the slowest tests of all."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator

from .running import Outcome, report

_SLOWEST = 10


def summary(outcomes: Iterable[Outcome], seconds: float) -> str:
    """A table of the gates, then the slowest tests, then one line with the verdict."""
    outcomes = list(outcomes)
    width = max(len(outcome.gate.name) for outcome in outcomes)
    lines = ["", "Gates"]
    for outcome in outcomes:
        how = "FAILED" if outcome.fault else "passed"
        lines.append(f"  {outcome.gate.name:{width}}  {how}  {outcome.seconds:6.1f} s")
    slowest = sorted(_tests(outcomes), reverse=True)[:_SLOWEST]
    if slowest:
        lines += ["", f"The {len(slowest)} slowest tests"]
        lines += [f"  {taken:6.1f} s  {name}" for taken, name in slowest]
    failed = [outcome.gate.name for outcome in outcomes if outcome.fault]
    verdict = f"Failed: {', '.join(failed)}." if failed else f"All {len(outcomes)} gates passed."
    minutes, rest = divmod(int(seconds), 60)
    return "\n".join([*lines, "", f"{verdict} It took {minutes} min {rest} s."])


def _tests(outcomes: Iterable[Outcome]) -> Iterator[tuple[float, str]]:
    for outcome in outcomes:
        file = report(outcome.gate)
        if file.exists():
            for case in ET.parse(file).iter("testcase"):
                name = f"{case.get('classname', '')}.{case.get('name', '')}"
                yield float(case.get("time", "0")), f"{outcome.gate.name}: {name}"
