# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shown stays small, whatever somebody wrote into it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LONGEST = 2000
_MOST = 200


def bounded(value: Any) -> Any:
    """A copy of a JSON value in which texts have at most 2,000 characters and lists at most 200
    items, with a word about what was left out.

    Secrets are to be hidden before: a text that was cut may no longer look like one.
    """
    if isinstance(value, str):
        if len(value) <= _LONGEST:
            return value
        return f"{value[:_LONGEST]}... (and {len(value) - _LONGEST} more characters)"
    if isinstance(value, Mapping):
        return {key: bounded(item) for key, item in value.items()}
    if isinstance(value, list):
        shown = [bounded(item) for item in value[:_MOST]]
        if len(value) > _MOST and all(isinstance(item, str) for item in value):
            shown.append(f"... (and {len(value) - _MOST} more)")
        return shown
    return value
