# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Until when pods that were deleted may take to end, while nothing else comes forward. No I/O."""

from __future__ import annotations

from collections.abc import Mapping


class Endings:
    """The pods that were seen ending since something came forward last.

    Attributes:
        last: when the last of them has to be gone, by the monotonic clock; 0 without any.
    """

    def __init__(self) -> None:
        self.last = 0.0
        self._known: set[str] = set()
        self._is_closed = False

    def note(self, ending: Mapping[str, float], now: float, *, is_late: bool) -> None:
        """Take note of pods that are ending, each once.

        Args:
            ending: how many seconds they have left, by uid.
            now: the time.
            is_late: whether it would be time to give up but for pods that are ending. Those that
                are seen only later do not count: else where pods are deleted again and again,
                nothing would ever be stuck.
        """
        if self._is_closed:
            return
        self._is_closed = is_late
        for uid, seconds in ending.items():
            if uid not in self._known:
                self._known.add(uid)
                self.last = max(self.last, now + seconds)
