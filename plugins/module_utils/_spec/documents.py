# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every definition has in common, whether it is text or data that Ansible loaded."""

from __future__ import annotations

from typing import Any

API_VERSION = "apps/v1"
KIND = "DaemonSet"

DEPTH_LIMIT = 100


class TextError(ValueError):
    """It cannot be read; the message says why and where, a clause without a full stop."""


def key_text(key: Any, where: str) -> str:
    """Return a mapping's key as kubectl writes it into JSON: numbers and booleans become text.

    Raises:
        TextError: null or something that is no scalar; ``where`` begins the message.
    """
    if isinstance(key, str):
        return str(key)
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, int | float):
        return str(key)
    raise TextError(f"{where} has a key that is no text")
