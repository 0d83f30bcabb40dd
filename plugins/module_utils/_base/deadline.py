# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One monotonic deadline for a task, shared by its requests, retries and waits."""

from __future__ import annotations

import time


class Deadline:
    """A point in time, by the monotonic clock.

    Args:
        seconds: how long from now.
    """

    def __init__(self, seconds: float):
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left, never below 0."""
        return max(0.0, self._end - time.monotonic())

    def passed(self) -> bool:
        """Whether no time is left."""
        return self.left() <= 0.0

    def elapsed(self) -> float:
        """Seconds since the deadline was set."""
        return self.seconds - (self._end - time.monotonic())

    def sleep(self, seconds: float) -> None:
        """Sleep that many seconds, or as long as is left."""
        time.sleep(min(seconds, self.left()))
