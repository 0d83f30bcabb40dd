# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tool says: progress goes to stderr, so that stdout stays for results."""

from __future__ import annotations

import sys


class ClusterError(Exception):
    """Something that the user can understand and act on; its text is all that is shown."""


def say(message: str) -> None:
    """Tell the user what goes on, on stderr."""
    print(message, file=sys.stderr, flush=True)
