# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps a pod from being available: its cause, the evidence, and whether waiting may help."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .._base.said import redact_said

MAX_EVIDENCE = 300
MAX_NODES_NAMED = 5
CUT = "..."
# As much of a text as is looked at; what a probe or a hook printed can be long.
_MAX_LOOKED_AT = 16000
# What programs send to terminals: colours, cursors, titles.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]", re.ASCII
)


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
    """A trouble whose evidence is these words, without secrets, and shortened."""
    return Trouble(cause, without_secrets(words) or "no more is told", heals)


def without_secrets(value: Any) -> str:
    """A text as by `quoted`, without what looks like a secret."""
    # Hidden before it is cut: half of PASSWORD=... does not look like a secret any more.
    text = str(value or "")
    if len(text) > _MAX_LOOKED_AT:
        text = text[:_MAX_LOOKED_AT].rpartition(" ")[0]
    return quoted(redact_said(text))


def quoted(value: Any, limit: int = MAX_EVIDENCE) -> str:
    """A text in one line of at most ``limit`` characters, cut in its middle: what matters stands at
    the beginning of some messages and at the end of others.
    """
    text = in_one_line(value)
    if len(text) <= limit:
        return text
    begin = limit * 3 // 5
    return text[:begin] + CUT + text[len(text) - (limit - begin - len(CUT)) :]


def quoted_end(value: Any, limit: int) -> str:
    """A text in one line of at most ``limit`` characters, cut at its beginning."""
    text = in_one_line(value)
    return text if len(text) <= limit else CUT + text[len(text) - (limit - len(CUT)) :]


def in_one_line(value: Any) -> str:
    """A text in one line, of characters that can be shown: what a program wrote must not act on
    the terminal of whoever reads it.
    """
    text = str(value or "")
    if not text.isprintable():
        text = _ESCAPES.sub("", text)
        text = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(text.split())
