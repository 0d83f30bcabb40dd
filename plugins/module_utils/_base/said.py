# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hiding secrets in what programs say: the last lines of a log, an event, the output of a probe."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .redaction import MARKER, redact_text
from .secret_names import ends_secret, is_harmless

# A name and a colon or an equals sign: password: x, "token" : "x", DB_PASSWORD = x, Api key: x, or
# \"secret\":\"x\" where one document is quoted in another. An unexpected token is a parser's, and a
# container may have any name in our own words. All repetitions are bounded, and no name begins
# within another one: a long text is gone through once.
_ANNOUNCED = re.compile(
    r"""
    (?<![\w./@-]) (?<!nexpected[ ]) (?<!container[ ])
    (?:
        (?P<quote>\\?["']) (?P<quoted>[A-Za-z_][\w.-]{0,60}) (?P=quote)
      | (?P<plain>
            (?: (?i:access|account|api|encryption|license|master|private|shared|signing) [ ] )?
            [A-Za-z_][\w.-]{0,60}
        )
    )
    [ \t]{0,8} (?: :(?![:/]) =? | =>? ) (?!=) (?P<space>[ \t]{0,8})
    """,
    re.VERBOSE,
)
# The rest of a line where a quotation does not end, as what is said is often cut.
_VALUE = re.compile(
    r"""
    (?P<quote>\\["']) (?P<nested>[^"'\\\n]*) (?P=quote)?
  | "(?P<double>(?:[^"\\\n]|\\.)*) (?:"|\\?(?=\n|\Z))
  | '(?P<single>[^'\n]*) (?:'|(?=\n|\Z))
  | (?P<bare>[^\s"',;|&)}\]\\]+)
    """,
    re.VERBOSE,
)
_REST_OF_LINE = re.compile(r"(?P<bare>[^\n\"'|\]]+)")
_COOKIES = ("cookie", "set-cookie")

# Words that say something about a secret, and are none: "token: expired", "password: not set".
_PLAIN_WORDS = frozenset(
    """
    a absent access again an and are as at authentication authorization bad because but by can
    cannot changed client configured connect connection context could couldn created creating
    decoding default denied dial did didn differs disabled do does doesn don duplicate empty enabled
    eof error exceeded expected expired failed failing failure file for forbidden found from get
    given had has have http https if illegal in incorrect internal invalid io is isn it its json
    length lookup malformed may mismatch missing must my net never new nil no none not null of
    ok on only open operation optional or parse permission please post provided read reading refused
    rejected request required requires response revoked rpc server set should signature stat
    storage such that the this timed timeout tls to too unable unauthenticated unauthorized
    undefined unexpected unknown unset unsupported updated used user using value verification was
    were when while will with without wrong x509 yaml you your
    basic bearer digest negotiate token
    """.split()
)


def redact_said(text: str, secrets: Iterable[str] = ()) -> str:
    """A text that a program or the cluster wrote for people, with secrets hidden.

    It hides what `redact_text` hides, and what follows a name that promises a secret and a colon,
    such as ``password: x``: too much for values of a manifest, where that is often prose.

    Args:
        text: what was said, in any number of lines.
        secrets: texts that must not be shown.
    """
    shown, position = [], 0
    text = redact_text(text, secrets)
    while match := _ANNOUNCED.search(text, position):
        shown.append(text[position : match.end()])
        position = match.end()
        name = match["quoted"] or match["plain"]
        if not ends_secret(name) or _is_image(match):
            continue
        is_cookie = name.lower() in _COOKIES
        value = (_REST_OF_LINE if is_cookie else _VALUE).match(text, position)
        if value is not None:
            shown.append(_without(value))
            position = value.end()
    return "".join(shown) + text[position:]


def _is_image(announced: re.Match[str]) -> bool:
    """Whether this is rather an image and its tag, in quotes: "token:1.2"."""
    before = announced.string[max(announced.start() - 1, 0) : announced.start()]
    return bool(announced["plain"]) and before in ('"', "'") and not announced["space"]


def _without(value: re.Match[str]) -> str:
    """The value as it is shown, in the quotes that it has."""
    kind = str(value.lastgroup)
    content = value[kind]
    is_plain = kind == "bare" and content.strip(".:!?([<").lower() in _PLAIN_WORDS
    if is_plain or is_harmless(content) or content.startswith(MARKER):
        return value[0]
    begin, end = (border - value.start() for border in value.span(kind))
    return f"{value[0][:begin]}{MARKER}{value[0][end:]}"
