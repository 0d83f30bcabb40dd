# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods a restart under OnDelete has still to replace, and how many at a time."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout import (
    restart,
    restarting,
)

_FIRST, _SECOND = "2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z"


def _live(at: str, key: str | None = None, *, ours: bool = True) -> dict[str, Any]:
    marks = {restart.RESTARTED_AT: at} | ({restart.RESTART_KEY: key} if key else {})
    owned: dict[str, Any] = {f"f:{name}": {} for name in marks}
    fields = {"f:spec": {"f:template": {"f:metadata": {"f:annotations": owned}}}}
    entry = {"manager": restart.MANAGER, "operation": "Apply", "fieldsV1": fields}
    return {
        "metadata": {"managedFields": [entry] if ours else []},
        "spec": {"template": {"metadata": {"annotations": marks}}},
    }


def _pod(node: str, at: str | None = None, key: str | None = None) -> dict[str, Any]:
    marks = {restart.RESTARTED_AT: at, restart.RESTART_KEY: key}
    annotations = {name: value for name, value in marks.items() if value}
    return {"metadata": {"uid": node, "annotations": annotations}, "spec": {"nodeName": node}}


_ENDING = {"metadata": {"deletionTimestamp": _FIRST}, "spec": {"nodeName": "node-9"}}


@pytest.mark.parametrize(
    ("live", "pod", "is_left"),
    [
        (_live(_FIRST), _pod("n"), True),
        (_live(_FIRST), _pod("n", _FIRST), False),
        (_live(_SECOND), _pod("n", _FIRST), True),
        (_live(_SECOND, "k"), _pod("n", _SECOND, "k"), False),
        # Restarted for the same key once before, and for another in between.
        (_live(_SECOND, "k"), _pod("n", _FIRST, "k"), True),
        # Somebody else restarted it after us: that is none of this key's.
        (_live(_SECOND, "k", ours=False), _pod("n", _FIRST, "k"), False),
        (_live(_SECOND, "k", ours=False), _pod("n", _FIRST, "j"), True),
        (_live(_FIRST), _ENDING, False),
    ],
)
def test_pods_without_the_mark_are_left(
    live: dict[str, Any], pod: dict[str, Any], is_left: bool
) -> None:
    assert bool(restarting.nodes_left(live, [pod], "k")) is is_left


def test_nodes_come_in_their_natural_order() -> None:
    pods = [_pod(f"node-{number}") for number in (10, 2, 1)]
    assert restarting.nodes_left(_live(_FIRST), pods, None) == ["node-1", "node-2", "node-10"]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ({"type": "OnDelete"}, 1),
        ({"type": "OnDelete", "rollingUpdate": {"maxUnavailable": 3, "maxSurge": 0}}, 3),
        ({"type": "OnDelete", "rollingUpdate": {"maxUnavailable": "15%"}}, 2),
        ({"type": "OnDelete", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 2}}, 1),
        ({"type": "OnDelete", "rollingUpdate": {"maxUnavailable": "0%"}}, 1),
    ],
)
def test_how_many_at_a_time(strategy: dict[str, Any], expected: int) -> None:
    live = {"spec": {"updateStrategy": strategy}, "status": {"desiredNumberScheduled": 10}}
    assert restarting.at_once(live) == expected
