# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps a pod from being available: its cause, the evidence, and whether waiting may help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MAX_EVIDENCE = 300
MAX_NODES_NAMED = 5
_CUT = "..."


@dataclass(frozen=True)
class Trouble:
    """Why a pod is not available.

    Attributes:
        cause: one word, such as ``ImagePull``.
        evidence: the cluster's own words, in one line of at most `MAX_EVIDENCE` characters.
        heals: whether waiting may help, without anybody doing something about it.
    """

    cause: str
    evidence: str
    heals: bool


def trouble(cause: str, words: Any, heals: bool) -> Trouble:
    """A trouble whose evidence is these words, shortened."""
    return Trouble(cause, quoted(words) or "no more is told", heals)


def quoted(value: Any, limit: int = MAX_EVIDENCE) -> str:
    """A text in one line of at most ``limit`` characters, cut in its middle: what matters stands at
    the beginning of some messages and at the end of others.
    """
    text = " ".join(str(value or "").split())
    if len(text) <= limit:
        return text
    begin = limit * 3 // 5
    return text[:begin] + _CUT + text[len(text) - (limit - begin - len(_CUT)) :]


def quoted_end(value: Any, limit: int) -> str:
    """A text in one line of at most ``limit`` characters, cut at its beginning."""
    text = " ".join(str(value or "").split())
    return text if len(text) <= limit else _CUT + text[len(text) - (limit - len(_CUT)) :]
