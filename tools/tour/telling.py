# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tour says, and how it ends when it cannot go on."""

from __future__ import annotations

import sys


class TourError(Exception):
    """Something that the tour cannot go on without; the message is for a person."""


def heading(text: str) -> None:
    """Say what comes next."""
    print(f"\n== {text}", flush=True)


def say(text: str) -> None:
    """Say a line or a few."""
    print(text, flush=True)


def is_terminal() -> bool:
    """Whether a person reads along and can answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()
