# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which labels a selector matches."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.selector import (
    differs,
    selects,
)


def _one(key: str, operator: str, *values: str) -> dict[str, Any]:
    listed = {"values": list(values)} if values else {}
    return {"matchExpressions": [{"key": key, "operator": operator, **listed}]}


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ({"matchLabels": {"app": "agent"}}, True),
        ({"matchLabels": {"app": "agent", "tier": "node"}}, True),
        ({"matchLabels": {"app": "agent", "tier": "edge"}}, False),
        ({"matchLabels": {"team": ""}}, False),
        (_one("app", "In", "agent", "other"), True),
        (_one("app", "In", "other"), False),
        (_one("team", "In", "a"), False),
        (_one("app", "NotIn", "agent"), False),
        (_one("app", "NotIn", "other"), True),
        (_one("team", "NotIn", "a"), True),
        (_one("app", "Exists"), True),
        (_one("team", "Exists"), False),
        (_one("app", "DoesNotExist"), False),
        (_one("team", "DoesNotExist"), True),
        ({"matchLabels": {"app": "agent"}, **_one("tier", "Exists")}, True),
        ({"matchLabels": {"app": "agent"}, **_one("team", "Exists")}, False),
    ],
)
def test_what_a_selector_matches(selector: dict[str, Any], matches: bool) -> None:
    assert selects(selector, {"app": "agent", "tier": "node"}) is matches


def test_the_order_of_a_selector_means_nothing() -> None:
    there = {"matchLabels": {"a": "1", "b": "2"}, **_one("c", "In", "x", "y")}
    here = {**_one("c", "In", "y", "x"), "matchLabels": {"b": "2", "a": "1"}}
    assert not differs(here, there)
    assert differs({"matchLabels": {"a": "1"}}, there)
