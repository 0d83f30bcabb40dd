# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines that a person who waits for rollouts is told: one line, however many they are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .._base.words import count_of

if TYPE_CHECKING:
    from .following import Following

_BETWEEN_LINES = 1.0
_NAMED = 3


class Telling:
    """Tells where something moved, not more than one line a second.

    Args:
        progress: takes the lines.
    """

    def __init__(self, progress: Callable[[str], None]):
        self._progress = progress
        self._told = ""
        self._told_at = -math.inf

    def tell(self, all_of: Sequence[Following], now: float, *, missing: int = 0) -> None:
        """Tell how far these DaemonSets are, if it is time and there is something new.

        Args:
            all_of: all that are waited for.
            now: the time.
            missing: how many there are to be beside them.
        """
        ended = not missing and all(one.ended for one in all_of)
        if not ended and now - self._told_at < _BETWEEN_LINES:
            return
        if len(all_of) == 1 and not missing:
            line = all_of[0].line(now)
        else:
            line = _of_many(all_of, now, missing)
        if line and line != self._told:
            self._told, self._told_at = line, now
            self._progress(line)


def _of_many(all_of: Sequence[Following], now: float, missing: int) -> str:
    """How many are ready, and how far the first of the others are: those with a cause first."""
    total = len(all_of) + missing
    ready = sum(one.found.ready for one in all_of)
    failed = [one for one in all_of if one.error is not None]
    left = sorted((one for one in all_of if not one.ended), key=lambda one: not one.causes)
    told = f"{ready} of {count_of(total, 'DaemonSet is', 'DaemonSets are')} ready"
    if failed:
        told += f", {len(failed)} failed"
    if missing:
        told += f", {missing} not there yet"
    lines = [line for one in left if (line := one.line(now))]
    more = f" | and {len(lines) - _NAMED} more" if len(lines) > _NAMED else ""
    return told + (f": {' | '.join(lines[:_NAMED])}{more}" if lines else "")
