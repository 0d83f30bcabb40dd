# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers in sentences and in names, and lists of names."""

from __future__ import annotations

import re
from collections.abc import Sequence


def count_of(number: int, one: str, many: str = "") -> str:
    """A number with what it counts: ``1 node``, ``3 nodes``.

    Args:
        number: how many there are.
        one: what follows the number 1, such as ``node`` or ``pod is``.
        many: what follows any other; by default, the same with an s.
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def some_of(texts: Sequence[str], most: int) -> str:
    """The first of some texts, and how many more there are: ``a, b and 3 more``."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts names with the numbers in them by their size: node-2 before node-10."""
    return [
        (int(piece), "") if piece.isdigit() else (-1, piece)
        for piece in re.split(r"([0-9]+)", name)
    ]
