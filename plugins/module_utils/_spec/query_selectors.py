# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Label and field selectors as they stand in a query: what the API server would refuse, said first.

Source: k8s.io/apimachinery pkg/labels/selector.go (Parser) and pkg/fields/selector.go; the field
labels are those of pkg/runtime/conversion.go, DefaultMetaV1FieldSelectorConversion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from .._base.errors import Fault
from .checks.syntax import LABEL_KEY, LABEL_VALUE, Rule

_LABELS = (
    "allowed are key, !key, key=value, key!=value, key in (a, b) and key notin (a, b),"
    " and several of them with commas between"
)
_FIELDS = "allowed are metadata.name and metadata.namespace, each with =, == or != and a value"
_TOKEN = re.compile(r"==|!=|[=!(),<>]|[^ \t\r\n=!(),<>]+")
_SIGNS = frozenset(("==", "!=", "=", "!", "(", ")", ",", "<", ">"))
_FIELD_NAMES = ("metadata.name", "metadata.namespace")
# A term, up to a comma that no backslash stands before.
_TERM = re.compile(r"(?:\\.|[^,\\]|\\$)*", re.DOTALL)
_FIELD = re.compile(r"(?P<name>.*?)(?:!=|==|=)(?P<value>.*)", re.DOTALL)
_FIELD_VALUE = re.compile(r"(?:\\[\\,=]|[^\\,=])*", re.DOTALL)


class _WrongError(Exception):
    """A selector that the API server refuses; its text says why."""


def check_label_selectors(name: str, selectors: Sequence[str]) -> list[Fault]:
    """What is wrong with a parameter that takes label selectors, all of which count.

    Args:
        name: the parameter.
        selectors: its elements; one selector may stand in several of them, where Ansible has taken
            the commas in a text for those of a list.
    """
    return _faults(name, selectors, _read_labels, "label selector", _LABELS)


def check_field_selectors(name: str, selectors: Sequence[str]) -> list[Fault]:
    """The same for field selectors of DaemonSets."""
    return _faults(name, selectors, _read_fields, "field selector", _FIELDS)


def _faults(
    name: str, selectors: Sequence[str], read: Callable[[str], None], what: str, allowed: str
) -> list[Fault]:
    whole = ",".join(selectors)
    told = _why(read, whole)
    if not told:
        return []
    alone = {index: why for index, one in enumerate(selectors) if (why := _why(read, one))}
    if not alone:
        alone = {
            index: "it is empty" for index, one in enumerate(selectors) if not one.strip(" \t\r\n")
        }
    if any("(" in one and ")" not in one for one in selectors):
        # Its parts say nothing by themselves.
        alone = {}
    if not alone:
        return [Fault(name, f'"{whole}" is no {what}: {told}; {allowed}')]
    return [
        Fault(f"{name}[{index}]", f'"{selectors[index]}" is no {what}: {why}; {allowed}')
        for index, why in alone.items()
    ]


def _why(read: Callable[[str], None], text: str) -> str:
    """Why a selector is refused; empty where it is not."""
    try:
        read(text)
    except _WrongError as wrong:
        return str(wrong)
    return ""


def _read_labels(text: str) -> None:
    tokens = _TOKEN.findall(text)
    if tokens:
        _Labels(tokens).read()


def _read_fields(text: str) -> None:
    place = 0
    while place <= len(text):
        found = _TERM.match(text, place)
        term = found.group() if found else ""
        place += len(term) + 1
        if term:
            _read_field(term)


def _read_field(term: str) -> None:
    found = _FIELD.fullmatch(term)
    if found is None:
        raise _WrongError(f'"{term}" has no =, == or !=')
    name, value = found["name"], found["value"]
    if not _FIELD_VALUE.fullmatch(value):
        raise _WrongError(f'in the value "{value}" a backslash has to stand before each of , = \\')
    if name not in _FIELD_NAMES and (name or value):
        raise _WrongError(f'DaemonSets cannot be selected by the field "{name}"')


class _Labels:
    """The requirements of a label selector, read from its words and signs."""

    def __init__(self, tokens: Sequence[str]):
        self._tokens = tokens
        self._at = 0

    def read(self) -> None:
        """Read all of it.

        Raises:
            _WrongError: the API server would refuse it.
        """
        while True:
            self._requirement()
            if self._next is None:
                return
            self._expect(",")

    @property
    def _next(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self) -> str | None:
        found = self._next
        self._at += 1
        return found

    def _expect(self, *signs: str) -> str:
        found = self._take()
        if found not in signs:
            wanted = " or ".join(signs)
            raise _WrongError(f"{_shown(found)} where {wanted} should be")
        return found or ""

    def _word(self, what: str) -> str:
        found = self._take()
        if found is None or found in _SIGNS:
            raise _WrongError(f"{_shown(found)} where {what} should be")
        return found

    def _requirement(self) -> None:
        is_negated = self._next == "!"
        if is_negated:
            self._take()
        key = self._word("the key of a label")
        _check(LABEL_KEY, key, "label key")
        if is_negated or self._next in (None, ","):
            return
        operator = self._expect("=", "==", "!=", "in", "notin", "<", ">")
        if operator in ("in", "notin"):
            self._values()
        elif operator in ("<", ">"):
            number = self._word("a whole number")
            _check(LABEL_VALUE, number, "label value")
            if not re.fullmatch(r"[+-]?[0-9]+", number):
                raise _WrongError(f'"{number}" where a whole number should be')
        elif self._next not in (None, ","):
            _check(LABEL_VALUE, self._word("a label value"), "label value")

    def _values(self) -> None:
        self._expect("(")
        while True:
            if self._next not in (",", ")"):
                _check(LABEL_VALUE, self._word("a label value"), "label value")
            if self._expect(",", ")") == ")":
                return


def _check(rule: Rule, text: str, what: str) -> None:
    if not rule.holds(text):
        raise _WrongError(f'"{text}" is not a valid {what} ({rule.allowed})')


def _shown(token: str | None) -> str:
    return "the end" if token is None else f'"{token}"'
