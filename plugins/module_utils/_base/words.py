# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers in sentences and in names."""

from __future__ import annotations

import re


def count_of(number: int, one: str, many: str = "") -> str:
    """A number with what it counts: ``1 node``, ``3 nodes``.

    Args:
        number: how many there are.
        one: what follows the number 1, such as ``node`` or ``pod is``.
        many: what follows any other; by default, the same with an s.
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts names with the numbers in them by their size: node-2 before node-10."""
    return [
        (int(piece), "") if piece.isdigit() else (-1, piece)
        for piece in re.split(r"([0-9]+)", name)
    ]
