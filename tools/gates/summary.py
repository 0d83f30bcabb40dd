# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said at the end: every gate, the slowest tests of all, and what was left out."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator

from .running import Outcome, report

_SLOWEST = 10


def summary(outcomes: Iterable[Outcome], seconds: float) -> str:
    """A table of the gates, then the slowest tests, what was left out, and the verdict in one line.

    A test that the machine cannot run is left out with its reason; the verdict counts them, so that
    nobody takes a run for more than it was.
    """
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
    missing = list(_left_out(outcomes))
    if missing:
        lines += ["", "Left out"]
        lines += [f"  {number} of {reason}" for reason, number in Counter(missing).items()]
    failed = [outcome.gate.name for outcome in outcomes if outcome.fault]
    verdict = f"Failed: {', '.join(failed)}." if failed else f"All {len(outcomes)} gates passed."
    if missing:
        verdict += f" {len(missing)} tests were left out."
    minutes, rest = divmod(int(seconds), 60)
    return "\n".join([*lines, "", f"{verdict} It took {minutes} min {rest} s."])


def _tests(outcomes: Iterable[Outcome]) -> Iterator[tuple[float, str]]:
    for gate, case in _cases(outcomes):
        name = f"{case.get('classname', '')}.{case.get('name', '')}"
        yield float(case.get("time", "0")), f"{gate}: {name}"


def _left_out(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """The gate and the reason of each test that was skipped."""
    for gate, case in _cases(outcomes):
        for skipped in case.iter("skipped"):
            yield f"{gate}: {skipped.get('message', '')}"


def _cases(outcomes: Iterable[Outcome]) -> Iterator[tuple[str, ET.Element]]:
    for outcome in outcomes:
        file = report(outcome.gate)
        if file.exists():
            for case in ET.parse(file).iter("testcase"):
                yield outcome.gate.name, case
