# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Going through the objects of long lists, of which never more than one is in memory as objects.

A page of 500 pods is 5 MiB of JSON, and 25 MiB once it is parsed as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .._base.deadline import Deadline

if TYPE_CHECKING:
    from .connection import Cluster

PAGE = 500
_DECODER = json.JSONDecoder()


def each(
    cluster: Cluster, path: str, query: Mapping[str, str], deadline: Deadline, doing: str
) -> Iterator[dict[str, Any]]:
    """The objects of a list, read in pages: the next one once all of the last have been taken.

    Raises:
        ClusterError: in one of its kinds.
    """
    page = dict(query, limit=str(PAGE))
    while True:
        rest = yield from cluster.page(path, query=page, deadline=deadline, doing=doing)
        token = rest["metadata"].get("continue")
        if not token:
            return
        page["continue"] = token


def items_of(text: str) -> Generator[dict[str, Any], None, dict[str, Any]]:
    """Yield the objects of a list in JSON one by one; returns the rest, which has ``metadata``.

    Raises:
        ValueError: it is no such list.
    """
    rest: dict[str, Any] = {}
    mark, at = _mark(text, _next(text, 0), "{")
    while mark != "}":
        key, at = _value(text, at)
        mark, at = _mark(text, at, ":")
        if key == "items" and text.startswith("[", at):
            at = yield from _elements(text, at)
        else:
            rest[key], at = _value(text, at)
        mark, at = _mark(text, at, ",}")
    if at != len(text) or not isinstance(rest.get("metadata"), dict):
        raise ValueError("no list of objects")
    return rest


def _elements(text: str, at: int) -> Generator[dict[str, Any], None, int]:
    """The elements of the array that begins there; returns where it has ended."""
    mark, at = _mark(text, at, "[")
    if text.startswith("]", at):
        mark, at = _mark(text, at, "]")
    while mark != "]":
        element, at = _value(text, at)
        yield element
        mark, at = _mark(text, at, ",]")
    return at


def _value(text: str, at: int) -> tuple[Any, int]:
    """The value that begins there, and where what follows it begins."""
    value, end = _DECODER.raw_decode(text, at)
    return value, _next(text, end)


def _mark(text: str, at: int, allowed: str) -> tuple[str, int]:
    """The punctuation mark there, and where what follows it begins."""
    mark = text[at : at + 1]
    if not mark or mark not in allowed:
        raise ValueError(f"{mark!r} at {at} is none of {allowed}")
    return mark, _next(text, at + 1)


def _next(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t", "\n", "\r"):
        at += 1
    return at
