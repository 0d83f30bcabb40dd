# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Single fields of objects as lists of them show them. Pure."""

from __future__ import annotations

import json
from typing import Any

from .._cluster.fieldset import SetPath

MOST = 100
_MOST_OF_A_TEXT = 1000


def shown(path: SetPath) -> str:
    """A path of a set, short: ``spec.template.spec.containers[agent].image``."""
    text = ""
    for step in path:
        kind, rest = step.split(":", 1)
        if kind == "k":
            text += f"[{','.join(str(value) for value in json.loads(rest).values())}]"
        elif kind == "v":
            text += f"[{json.loads(rest)}]"
        else:
            text += f".{rest}" if rest.replace("_", "").isalnum() else f"[{rest}]"
    return text.removeprefix(".")


def shortened(value: Any) -> Any:
    """A value whose long texts end with how much of them was left out."""
    if isinstance(value, str) and len(value) > _MOST_OF_A_TEXT:
        left = len(value) - _MOST_OF_A_TEXT
        return f"{value[:_MOST_OF_A_TEXT]}... ({left} more characters)"
    if isinstance(value, dict):
        return {name: shortened(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shortened(item) for item in value]
    return value
