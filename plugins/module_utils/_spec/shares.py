# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parts of all nodes: a number, or a percentage such as ``10%``."""

from __future__ import annotations

import re

_PERCENT = re.compile(r"0*([0-9]{1,3})%", re.ASCII)


def percent(value: int | str) -> int | None:
    """The number before the percent sign, None where there is none or it is above 100."""
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    return int(match[1]) if match and int(match[1]) <= 100 else None


def share_of(value: int | str, total: int, *, up: bool = False) -> int:
    """How many of ``total`` nodes a number or percentage is; may be more than there are.

    Args:
        value: such as ``3``, ``"3"`` or ``"10%"``.
        total: all nodes that count.
        up: whether a percentage is rounded up, as the controller does with maxUnavailable.
    """
    found = percent(value)
    if found is None:
        return int(value)
    return -(-found * total // 100) if up else found * total // 100
