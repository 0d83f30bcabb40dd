# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of each pod by a change, and the sentence about it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout import fates, forecast

_ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}
_ON_DELETE = {"type": "OnDelete"}


def _pod(node: str, revision: str = "old", *, second: int = 0, ending: bool = False) -> Any:
    metadata: dict[str, Any] = {
        "labels": {"controller-revision-hash": revision},
        "creationTimestamp": f"2026-01-01T00:00:{second:02}Z",
    }
    if ending:
        metadata["deletionTimestamp"] = "2026-01-01T00:01:00Z"
    return {"metadata": metadata, "spec": {"nodeName": node}}


def _node(name: str, *taints: tuple[str, str], **labels: str) -> Any:
    found = [{"key": key, "effect": effect} for key, effect in taints]
    return {"metadata": {"name": name, "labels": labels}, "spec": {"taints": found}}


def _live(strategy: Any = _ROLLING, **selector: str) -> Any:
    spec = {"nodeSelector": selector}
    return {"metadata": {}, "spec": {"updateStrategy": strategy, "template": {"spec": spec}}}


def test_all_restart_by_a_new_template() -> None:
    found = fates.of_pods([_pod("node-10"), _pod("node-2")], _live())
    assert (found.restart, found.nodes, found.stay) == (2, ["node-2", "node-10"], 0)


def test_pods_of_the_template_stay() -> None:
    found = fates.of_pods([_pod("a"), _pod("b", "new")], _live(), {"new"})
    assert (found.nodes, found.stay) == (["a"], 1)


@pytest.mark.parametrize(("spared", "restart"), [("old", []), ("new", ["a"])])
def test_a_successor_that_surged_is_not_the_node_s_pod(spared: str, restart: list[str]) -> None:
    pods = [_pod("a", "new", second=9), _pod("a", "old", second=1)]
    assert fates.of_pods(pods, _live(), {spared}).nodes == restart


def test_what_is_ending_already_does_not_restart() -> None:
    found = fates.of_pods([_pod("a", ending=True), _pod("b")], _live())
    assert found.nodes == ["b"]


@pytest.mark.parametrize(
    ("taint", "strategy", "revision", "ends"),
    [
        (("late", "NoSchedule"), _ROLLING, "old", True),
        # It is neither deleted by the rolling update nor for the taint.
        (("late", "NoSchedule"), _ROLLING, "new", False),
        (("late", "NoSchedule"), _ON_DELETE, "old", False),
        (("late", "NoExecute"), _ROLLING, "new", True),
        (("late", "NoExecute"), _ON_DELETE, "old", True),
        (("late", "PreferNoSchedule"), _ROLLING, "old", False),
        # Once the node is Ready again, its pod restarts.
        (("node.kubernetes.io/not-ready", "NoSchedule"), _ROLLING, "old", False),
        (("node.kubernetes.io/unreachable", "NoSchedule"), _ROLLING, "old", False),
        (("node.kubernetes.io/unschedulable", "NoSchedule"), _ROLLING, "old", False),
    ],
)
def test_a_taint_that_came_later(taint: Any, strategy: Any, revision: str, ends: bool) -> None:
    live, node = _live(strategy), _node("a", taint)
    found = fates.of_pods([_pod("a", revision)], live, {"new"}, [node], live)
    assert bool(found.end) == ends
    assert fates.lacks_eligible(live, [node], 1) == (
        taint[1] in ("NoSchedule", "NoExecute") and taint[0] == "late"
    )


def test_nodes_that_may_not_be_read_lack_nothing() -> None:
    assert not fates.lacks_eligible(_live(), None, 5)


def test_nodes_that_become_eligible_get_their_first() -> None:
    nodes = [_node("a", pool="x"), _node("b", pool="y"), _node("c", pool="y"), _node("d")]
    before, after = _live(pool="x"), _live(pool="y")
    found = fates.of_pods([_pod("a"), _pod("b")], after, (), nodes, before)
    assert (found.nodes, found.end, found.begin) == (["b"], ["a"], ["c"])


@pytest.mark.parametrize(
    ("found", "strategy", "words"),
    [
        (fates.Fates(0), _ROLLING, "no pod restarts: there is none"),
        (fates.Fates(1), _ROLLING, "1 pod restarts"),
        (fates.Fates(3), _ROLLING, "3 pods restart, at most 1 at a time"),
        (fates.Fates(0, stay=2), _ROLLING, "no pod restarts: all 2 have this template already"),
        (
            fates.Fates(2, stay=2, end=["a"], begin=["b", "c"]),
            _ROLLING,
            (
                "2 of 4 pods restart, at most 1 at a time; the others have this template already; 1"
                " pod ends without a successor, on nodes that are not eligible: a; 2 nodes get one:"
                " b, c"
            ),
        ),
        (
            fates.Fates(2),
            _ON_DELETE,
            (
                "no pod restarts by itself: under OnDelete, each of the 2 is replaced when it is"
                " deleted"
            ),
        ),
    ],
)
def test_in_words(found: fates.Fates, strategy: Any, words: str) -> None:
    assert forecast.in_words(found, _live(strategy))["message"] == words
