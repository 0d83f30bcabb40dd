# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation of daemonset_info says that it returns."""

from __future__ import annotations

from tests.gates.documentation import parsed
from tools.environments import places


def documented(detail: str) -> set[str]:
    """The keys of a detail, or of each of its items."""
    module = places.CHECKOUT / "plugins" / "modules" / "daemonset_info.py"
    return set(parsed(module, "RETURN")["daemonsets"]["contains"][detail]["contains"])
