# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nodes whose pods are replaced together, and how many of them may fail. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .node_work import CREATED, Work


class Round:
    """One call of ``replace``."""

    def __init__(
        self,
        works: Sequence[Work],
        at_once: int,
        max_failures: int,
        when_created: Callable[[], None] | None,
    ):
        self.works = works
        self.at_once = max(at_once, 1)
        self.when_created = when_created
        self.is_over = False
        self._max_failures = max_failures

    @property
    def has_failed(self) -> bool:
        """Whether more nodes failed than may."""
        return sum(work.outcome.failed for work in self.works) > self._max_failures

    def all_created(self) -> bool:
        """Whether no further pod of this revision has to be made."""
        if self.has_failed:
            return True
        return all(work.ended or work.reached >= CREATED for work in self.works)


def give_up(works: Iterable[Work]) -> None:
    """The time is over: what is under way has failed."""
    for work in works:
        if work.is_busy:
            work.fail(work.trouble)
