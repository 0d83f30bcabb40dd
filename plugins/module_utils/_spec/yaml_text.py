# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""YAML or JSON text to plain documents, read as kubectl reads it, with nothing harmful in it.

Scalars follow kubectl's reader (sigs.k8s.io/yaml, go.yaml.in/yaml/v2 resolve.go), not PyYAML's:
``yes``, ``on`` and ``y`` are booleans, ``0644`` and ``0o644`` are octal, ``1e3`` and ``08`` are
numbers, ``1:30`` and dates are text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .documents import DEPTH_LIMIT, TextError, key_text

try:
    import yaml

    try:
        from yaml import CSafeLoader as _Loader
    except ImportError:
        from yaml import SafeLoader as _Loader  # type: ignore[assignment]
except ImportError:  # said by read_documents, for text only: a dict needs no YAML
    yaml = None  # type: ignore[assignment]

# The API server itself refuses more than 3 MiB.
SIZE_LIMIT = 3 * 1024 * 1024
NODE_LIMIT = 200_000
# A text counts once more for each so many characters, so that a long one cannot be multiplied by
# aliases.
_CHARACTERS_A_NODE = 64

_TAG = "tag:yaml.org,2002:"
_TRUE = frozenset(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"))
_FALSE = frozenset(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"))
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

_FENCE = re.compile(r"^[ \t]*(```|~~~)", re.MULTILINE)
_ADMONITION = re.compile(r"^[ \t]*(?:\?\?\?\+?|!!!|:::|> ?\[!)[ \t]*\w+", re.MULTILINE)
_VAULT = re.compile(r"^\s*\$ANSIBLE_VAULT;")
_TEMPLATE = re.compile(r"\{\{-?\s*(?:if|end|else|range|with|include|toYaml|\.\w)")


class _OddShapeError(TextError):
    """What is usual in text that is no manifest at all."""


def read_documents(text: str | bytes) -> list[Any]:
    """Return the documents in a YAML or JSON text, empty ones left out.

    Raises:
        TextError: not text, not YAML, or something that a manifest has no use for: a key twice in
            one mapping, a tag, an anchor in itself, more than 3 MiB, 100 levels or 200,000 values
            (counted after expanding aliases).
    """
    plain = _as_text(text)
    if not plain.strip():
        raise TextError("is empty")
    if plain.lstrip()[0] in "{[":
        try:
            return [_read_json(plain)]
        except (ValueError, RecursionError):
            # Not JSON, or JSON with a fault: the YAML reader knows the line. Outside of strings a
            # tab is white space to JSON, and inside of them JSON has none.
            plain = plain.replace("\t", " ")
    if yaml is None:
        raise TextError("needs the Python library PyYAML to be read, which is not installed")
    try:
        documents = list(_documents(plain))
    except yaml.YAMLError as error:
        raise TextError(_yaml_problem(error, plain)) from error
    except _OddShapeError as error:
        strange = not_a_manifest(plain)
        raise TextError(f"is not YAML: {strange}" if strange else str(error)) from error
    return [document for document in documents if document is not None]


def not_a_manifest(text: str | bytes) -> str:
    """Say what shows that a text is no plain manifest, such as a Markdown fence, or nothing."""
    plain = text if isinstance(text, str) else text.decode("utf-8", "replace")
    for pattern, what in (
        (_VAULT, "is the head of an encrypted Ansible vault: it has to be decrypted first"),
        (_FENCE, "is a Markdown code fence: take the fence lines out"),
        (_ADMONITION, "is a heading of a Markdown note: take that line out"),
        (_TEMPLATE, "is a template: render it first (for Helm with `helm template`)"),
    ):
        match = pattern.search(plain)
        if match:
            return f"line {plain.count(chr(10), 0, match.start()) + 1} {what}"
    return ""


def _as_text(text: str | bytes) -> str:
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-16" if text[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
        except UnicodeDecodeError as error:
            raise TextError(
                f"is not text in UTF-8 (byte {error.start + 1} is not); is it a binary file?"
            ) from error
    if "\0" in text:
        raise TextError("contains NUL bytes: it is a binary file, not YAML")
    try:
        too_large = len(text) > SIZE_LIMIT or len(text.encode()) > SIZE_LIMIT
    except UnicodeEncodeError as error:
        raise TextError("is not text in UTF-8; is it a binary file?") from error
    if too_large:
        raise TextError("is larger than 3 MiB, more than the API server accepts")
    return text.removeprefix("\ufeff")


def _read_json(text: str) -> Any:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(mapping := dict(items)) != len(items):
            raise ValueError("a key twice")
        return mapping

    def constant(name: str) -> Any:
        raise ValueError(name)

    document = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    _check_depth(document, 1)
    return document


def _check_depth(value: Any, depth: int) -> None:
    if depth > DEPTH_LIMIT:
        raise TextError(f"is nested more than {DEPTH_LIMIT} levels deep")
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return
    for member in value:
        _check_depth(member, depth + 1)


def _documents(text: str) -> Iterator[Any]:
    """Build the documents from the parser's events, which know lines and can be counted."""
    events = iter(yaml.parse(text, Loader=_Loader))
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            yield _Builder(events).document()


@dataclass(slots=True)
class _Anchor:
    value: Any
    nodes: int


@dataclass(slots=True)
class _Builder:
    """Builds one document from parser events."""

    events: Iterator[Any]
    anchors: dict[str, _Anchor | None] = field(default_factory=dict)
    nodes: int = 0

    def document(self) -> Any:
        value = self._value(next(self.events), 1)
        next(self.events)  # the document's end
        return value

    def _value(self, event: Any, depth: int) -> Any:
        self._count(1)
        if depth > DEPTH_LIMIT:
            raise TextError(f"line {_line(event)} is nested more than {DEPTH_LIMIT} levels deep")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self.nodes
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        value: Any
        if isinstance(event, yaml.MappingStartEvent):
            value = self._mapping(event, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(event, depth)
        else:
            self._count(len(event.value) // _CHARACTERS_A_NODE)
            value = _scalar(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchor(value, self.nodes - before + 1)
        return value

    def _count(self, nodes: int) -> None:
        self.nodes += nodes
        if self.nodes > NODE_LIMIT:
            raise TextError(
                f"has more than {NODE_LIMIT:,} values once its aliases are expanded: refused"
            )

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self.anchors:
            raise TextError(
                f'line {_line(event)} refers to "*{event.anchor}", which is not defined'
            )
        anchor = self.anchors[event.anchor]
        if anchor is None:
            raise TextError(f'line {_line(event)}: the anchor "&{event.anchor}" contains itself')
        self._count(anchor.nodes)
        return _copy(anchor.value)

    def _sequence(self, event: Any, depth: int) -> list[Any]:
        _refuse_tag(event, "seq")
        members = []
        while not isinstance(member := next(self.events), yaml.SequenceEndEvent):
            members.append(self._value(member, depth + 1))
        return members

    def _mapping(self, event: Any, depth: int) -> dict[str, Any]:
        _refuse_tag(event, "map")
        lines: dict[str, int] = {}
        mapping: dict[str, Any] = {}
        merged: list[dict[str, Any]] = []
        while not isinstance(member := next(self.events), yaml.MappingEndEvent):
            if _is_merge(member):
                merged += _merge_sources(self._value(next(self.events), depth + 1), member)
                continue
            key = self._key(member, depth)
            if key in lines:
                raise TextError(
                    f'the key "{key}" stands twice in one mapping,'
                    f" in lines {lines[key]} and {_line(member)}"
                )
            lines[key] = _line(member)
            mapping[key] = self._value(next(self.events), depth + 1)
        for source in merged:
            for key, value in source.items():
                mapping.setdefault(key, value)
        return mapping

    def _key(self, event: Any, depth: int) -> str:
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            raise _OddShapeError(
                f"line {_line(event)} has a mapping or a list as a key;"
                " a {{ template }} that starts a value must be in quotes"
            )
        return key_text(self._value(event, depth + 1), f"line {_line(event)}")


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(member) for key, member in value.items()}
    return [_copy(member) for member in value] if isinstance(value, list) else value


def _is_merge(event: Any) -> bool:
    return (
        isinstance(event, yaml.ScalarEvent)
        and event.value == "<<"
        and event.tag is None
        and bool(event.implicit[0])
    )


def _merge_sources(value: Any, event: Any) -> list[dict[str, Any]]:
    sources = value if isinstance(value, list) else [value]
    if not all(isinstance(source, dict) for source in sources):
        raise TextError(f'line {_line(event)}: "<<" takes a mapping or a list of mappings')
    return sources


def _refuse_tag(event: Any, kind: str) -> None:
    if event.tag not in (None, "!", _TAG + kind):
        raise _OddShapeError(_tag_problem(event))


def _tag_problem(event: Any) -> str:
    name = event.tag.replace(_TAG, "!!")
    return f'line {_line(event)} has the tag "{name}", which has no meaning in a manifest'


def _scalar(event: Any) -> Any:
    if event.tag is None:
        return plain_scalar(event.value, _line(event)) if event.implicit[0] else event.value
    if event.tag in ("!", _TAG + "str", _TAG + "timestamp"):
        return event.value
    value: Any = plain_scalar(event.value, _line(event))
    tag = event.tag.removeprefix(_TAG)
    fits = {
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
        "bool": isinstance(value, bool),
        "null": value is None,
    }
    if tag not in fits:
        raise _OddShapeError(_tag_problem(event))
    if not fits[tag]:
        raise TextError(f'line {_line(event)}: "{event.value}" does not fit its tag')
    return float(value) if tag == "float" else value


def plain_scalar(text: str, line: int = 1) -> Any:
    """Return what a plain (unquoted, untagged) YAML scalar means to kubectl.

    Raises:
        TextError: infinity or not a number, which JSON cannot express.

    Source: go.yaml.in/yaml/v2 resolve.go.
    """
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text[0] not in "+-.0123456789":
        return text
    if _NOT_FINITE.fullmatch(text):
        raise TextError(f'line {line}: "{text}" is not a number that JSON can express')
    digits = text.replace("_", "")
    # As Go's ParseInt with base 0: "0644" and "0o644" are octal, "0x1f" and "0b1" what they are
    # elsewhere.
    if len(digits) <= 66 and _INTEGER.fullmatch(digits):
        number = _integer(digits)
        if -(2**63) <= number < 2**64:
            return number
    if _FLOAT.fullmatch(digits) and (text[0] != "." or digits == text):
        decimal = float(digits)
        return text if decimal in (float("inf"), float("-inf")) else decimal
    return text


def _integer(digits: str) -> int:
    sign = -1 if digits[0] == "-" else 1
    body = digits.lstrip("+-").lower()
    for prefix, base in (("0x", 16), ("0b", 2), ("0o", 8)):
        if body.startswith(prefix):
            return sign * int(body[2:], base)
    return sign * int(body, 8 if len(body) > 1 and body[0] == "0" else 10)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _yaml_problem(error: Any, text: str) -> str:
    """Say in one clause what is wrong with text that is no YAML."""
    strange = not_a_manifest(text)
    if strange:
        return f"is not YAML: {strange}"
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    if mark is None:
        return f"is not YAML: {problem}"
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        problem = "YAML is indented with spaces, never with tabs"
    elif "{{" in line or "{%" in line:
        problem = f"{problem}; a {{{{ template }}}} that starts a value must be in quotes"
    return f"is not YAML: line {mark.line + 1}, column {mark.column + 1}: {problem}"
