# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists that are parsed object by object are what they are as a whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.lists import items_of

_OBJECTS = [{"metadata": {"name": 'a"],}{['}, "spec": [1, {"items": []}]}, {}, {"é": "\u2028\\"}]


def _parsed(text: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    found = []
    source = items_of(text)
    while True:
        try:
            found.append(next(source))
        except StopIteration as end:
            return found, end.value


@pytest.mark.parametrize("count", range(len(_OBJECTS) + 1))
@pytest.mark.parametrize("indent", [None, 2, "\t"])
@pytest.mark.parametrize("last", [False, True])
def test_the_objects_and_the_rest(count: int, indent: int | str | None, last: bool) -> None:
    rest = {"kind": "PodList", "metadata": {"continue": "x", "items": [1]}}
    items = {"items": _OBJECTS[:count]}
    document = rest | items if last else items | rest
    for separators in (None, (",", ":")):
        text = json.dumps(document, indent=indent, separators=separators)
        assert _parsed(text) == (_OBJECTS[:count], rest)
        assert _parsed(f" \n{text}\r\n") == (_OBJECTS[:count], rest)


def test_without_objects() -> None:
    assert _parsed('{"metadata":{}}') == ([], {"metadata": {}})
    # As some extension API servers write a list that holds nothing.
    assert _parsed('{"items":null,"metadata":{}}') == ([], {"items": None, "metadata": {}})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        "{}",
        "[]",
        "null",
        '"text"',
        '{"items":[]}',
        '{"items":[],"metadata":null}',
        '{"metadata":{}',
        '{"metadata":{}}}',
        '{"metadata":{}} x',
        '{"metadata":{},}',
        '{"metadata" {}}',
        '{"metadata":{},"items":[',
        '{"metadata":{},"items":[{}',
        '{"metadata":{},"items":[{},',
        '{"metadata":{},"items":[{},]}',
        '{"metadata":{},"items":[{} {}]}',
        '{"metadata":{},"items":[{}]',
        '{"metadata":{},"items":[{"a":]}',
    ],
)
def test_what_is_no_list(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        _parsed(text)
