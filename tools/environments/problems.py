# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ends a set-up: told to people, without a traceback."""

from __future__ import annotations


class SetupProblemError(Exception):
    """Something that the machine lacks, with the way out in the message."""
