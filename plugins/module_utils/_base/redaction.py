# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hiding secrets in whatever is shown: results, diffs, messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .secret_names import ends_secret, is_harmless, looks_secret

MARKER = "********"

# Shorter ones would tear holes into ordinary words; they are still hidden where they are the whole
# text.
_SHORTEST_WITHIN_TEXT = 4

_LAST_APPLIED = "last-applied-configuration"
# Maps whose values are names that the API shows to everyone.
_OPEN_MAPS = frozenset(
    {"images", "labels", "matchLabels", "match_labels", "nodeSelector", "node_selector"}
)

_PRIVATE_KEY = re.compile(
    r"(-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----)(.+?)(-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.S
)
# No scheme is longer; without that, a long word would be gone through once for each of its letters.
_USER_INFO = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}://)([^\s/?#\"'<>]+)(@)")
_BEARER = re.compile(r"(?i)(\bbearer\s+)([A-Za-z0-9._~+/=-]{8,})()")
_AUTHORIZATION = re.compile(
    r"(?i)(\bauthorization[\"']?\s*[:=]\s*[\[\"']*(?:(?:basic|bearer|token)\s+)?)([^\s\"',\]]+)()"
)
_WEB_TOKEN = re.compile(r"()(\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)()")
# What announces a value, up to where that begins: --name=, --name value, NAME=value, "name":
_FLAG = re.compile(r"(?<![\w-])--?([A-Za-z][\w.-]*)(?:=|\s+(?!-))")
_ASSIGNMENT = re.compile(r"(?<![\w.-])([A-Za-z_][\w-]*)=")
_JSON_PAIR = re.compile(r"\"([\w.-]+)\"\s*:\s*(?=\")")
_VALUE = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|\$\([^)]*\)|[^\s\"';&|,)}\]]+")
_BARE_FLAG = re.compile(r"--?([A-Za-z][\w.-]*)")
# Most texts in a manifest are a word or two without any of these, and need no closer look.
_SUSPICIOUS = re.compile(r"[=@\s\"]|eyJ|(?i:authorization)")

_Mark = Callable[[str], str]


def redact(value: Any, secrets: Iterable[str] = ()) -> Any:
    """A deep copy with secrets hidden; the structure stays.

    Hidden are: values of environment variables and headers (``{name, value}``) and of map keys
    whose names promise a secret, such flags in arguments and commands, the data of Secrets, user
    information in URLs, private keys and web tokens, last-applied annotations, and each of the
    given texts anywhere.

    Args:
        value: any JSON value.
        secrets: texts that must not be shown.
    """
    return _Redactor(secrets, lambda _secret: MARKER).value(value)


def redact_pair(before: Any, after: Any, secrets: Iterable[str] = ()) -> tuple[Any, Any]:
    """Both values of a diff as by :func:`redact`: equal secrets look equal, different ones
    different.

    The first gets the plain marker, each further one a number: a changed password still shows as a
    change.
    """
    known: dict[str, str] = {}

    def mark(secret: str) -> str:
        if secret not in known:
            known[secret] = f"{MARKER} ({len(known) + 1})" if known else MARKER
        return known[secret]

    redactor = _Redactor(secrets, mark)
    return redactor.value(before), redactor.value(after)


def redact_text(text: str, secrets: Iterable[str] = ()) -> str:
    """A text, such as a message or a program's output, with secrets hidden as by :func:`redact`."""
    return _Redactor(secrets, lambda _secret: MARKER).text(text)


def hide(text: str, secrets: Iterable[str]) -> str:
    """A text without the given texts, and otherwise as it is: what a program wrote is data."""
    return str(_Redactor(secrets, lambda _secret: MARKER).literals(text))


class _Redactor:
    """Hides secrets; ``mark`` says what stands in the place of one."""

    def __init__(self, secrets: Iterable[str], mark: _Mark):
        self._mark = mark
        # The longest first: one may be a part of another.
        self._secrets = sorted({item for item in secrets if item}, key=len, reverse=True)

    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, (list, tuple)):
            return self._list(value)
        return value

    def text(self, text: str) -> str:
        for secret in self._secrets:
            if secret == text:
                return self._mark(secret)
            if len(secret) >= _SHORTEST_WITHIN_TEXT and secret in text:
                text = text.replace(secret, self._mark(secret))
        if not _SUSPICIOUS.search(text):
            return text
        for pattern in (_PRIVATE_KEY, _USER_INFO, _AUTHORIZATION, _BEARER, _WEB_TOKEN):
            text = pattern.sub(self._hide_middle, text)
        for pattern in (_FLAG, _ASSIGNMENT, _JSON_PAIR):
            text = self._without_named(text, pattern)
        return text

    def _without_named(self, text: str, announcement: re.Pattern[str]) -> str:
        """The text without the values that are announced by a name that promises a secret.

        Only those are skipped over: another announcement may stand in any other value.
        """
        shown = []
        position = 0
        while match := announcement.search(text, position):
            shown.append(text[position : match.end()])
            position = match.end()
            value = _VALUE.match(text, position) if looks_secret(match[1]) else None
            if value is not None:
                quote = value[0][0] if value[0][0] in "\"'" else ""
                content = value[0][1:-1] if quote else value[0]
                shown.append(f"{quote}{self._hidden(content)}{quote}")
                position = value.end()
        return "".join(shown) + text[position:]

    def _hide_middle(self, match: re.Match[str]) -> str:
        return f"{match[1]}{self._hidden(match[2])}{match[3]}"

    def _hidden(self, value: Any) -> str:
        text = str(value)
        if is_harmless(text) or text.startswith(MARKER):
            return text
        return self._mark(text)

    def _mapping(self, value: Mapping[Any, Any]) -> dict[Any, Any]:
        is_secret = value.get("kind") == "Secret"
        named_secret = isinstance(value.get("name"), str) and looks_secret(value["name"])
        result = {}
        for key, item in value.items():
            if is_secret and key in ("data", "stringData") and isinstance(item, Mapping):
                shown: Any = {name: self._hidden(content) for name, content in item.items()}
            elif named_secret and key == "value" and _is_scalar(item):
                shown = self._hidden(item)
            elif key in _OPEN_MAPS and isinstance(item, Mapping):
                shown = {name: self.literals(content) for name, content in item.items()}
            elif isinstance(item, str) and self._is_secret_key(key):
                shown = self._hidden(item)
            else:
                shown = self.value(item)
            result[self.text(key) if isinstance(key, str) else key] = shown
        return result

    def _is_secret_key(self, key: Any) -> bool:
        return isinstance(key, str) and (key.endswith(_LAST_APPLIED) or ends_secret(key))

    def literals(self, content: Any) -> Any:
        if not isinstance(content, str):
            return self.value(content)
        for secret in self._secrets:
            if secret == content or (len(secret) >= _SHORTEST_WITHIN_TEXT and secret in content):
                content = content.replace(secret, self._mark(secret))
        return content

    def _list(self, value: Iterable[Any]) -> list[Any]:
        """A list, where a flag on its own (``--token``) hides the word that follows it."""
        result = []
        hide_next = False
        for item in value:
            is_word = isinstance(item, str)
            if hide_next and is_word and not item.startswith("-"):
                result.append(self._hidden(item))
                hide_next = False
                continue
            flag = _BARE_FLAG.fullmatch(item) if is_word else None
            hide_next = flag is not None and looks_secret(flag[1])
            result.append(self.value(item))
        return result


def _is_scalar(value: Any) -> bool:
    return value is not None and not isinstance(value, (Mapping, list, tuple, bool))
