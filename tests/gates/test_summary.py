# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last line of a run says how much of it there was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.environments import places
from tools.gates.running import Outcome, report
from tools.gates.summary import summary
from tools.gates.table import Gate

_REPORT = """<testsuites><testsuite>
<testcase classname="a" name="b" time="1.5"/>
<testcase classname="a" name="c"><skipped message="gmond cannot be had: no apt"/></testcase>
<testcase classname="a" name="d"><skipped message="gmond cannot be had: no apt"/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """A gate that passed, with its report in a folder of its own."""
    monkeypatch.setattr(places, "own", lambda: tmp_path)
    return Outcome(Gate("agents", ()), 2.0, "")


def test_what_was_left_out_is_counted_with_its_reason(outcome: Outcome) -> None:
    report(outcome.gate).write_text(_REPORT)
    lines = summary([outcome], 62).splitlines()
    assert "  2 of agents: gmond cannot be had: no apt" in lines
    assert lines[-1] == "All 1 gates passed. 2 tests were left out. It took 1 min 2 s."


def test_where_nothing_was_left_out_nothing_is_said_of_it(outcome: Outcome) -> None:
    report(outcome.gate).write_text("<testsuites/>")
    assert summary([outcome], 1).splitlines()[-1] == "All 1 gates passed. It took 0 min 1 s."
