# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts in stages from a playbook, in-process and as a module: the same results."""

from __future__ import annotations

from typing import Any

from tests.integration.api import Api
from tests.integration.harness import alike, both_ways, task
from tests.integration.stages import ANNOTATION, BROKEN, NEW, OLD, TWO_AT_ONCE

_STAGES: dict[str, Any] = {"stages": [1, "100%"]}


def _wish(image: str, **more: Any) -> dict[str, Any]:
    return {
        "name": "agent",
        "containers": [{"name": "agent", "image": image}],
        "update_strategy": TWO_AT_ONCE,
        "failure_grace_seconds": 1,
        **more,
    }


def test_both_ways_are_alike(api: Api, two_namespaces: tuple[str, str]) -> None:
    steps = [
        task("made", **_wish(OLD, rollout=_STAGES)),
        task("broken", **_wish(BROKEN, rollout=_STAGES)),
        task("foreseen", **_wish(NEW, rollout=_STAGES)) | {"check_mode": True},
        task("rolled out", **_wish(NEW, rollout=_STAGES)),
        task("unchanged", **_wish(NEW, rollout=_STAGES)),
        task("paused", name="agent", state="paused", wait=False),
        task("resumed", name="agent", state="resumed"),
        task("wrong", **_wish(NEW, rollout={"stages": [0], "stage": 1})),
    ]
    here, there = both_ways(api, two_namespaces, steps, "--diff")
    for name in ("made", "broken", "foreseen", "rolled out", "unchanged", "resumed", "wrong"):
        alike(here.step(name), there.step(name), two_namespaces)
    assert here.step("broken").status == "failed"
    assert "rolled back" in here.step("broken").message
    assert here.step("foreseen").result["rollout"]["stages"] == 2
    assert here.step("rolled out").changed
    assert ANNOTATION not in str(here.step("rolled out").result["diff"])
    assert not here.step("unchanged").changed
    assert "rollout.stages[0]" in here.step("wrong").message
    for namespace in two_namespaces:
        live = api.daemonset(namespace, "agent")
        assert live["spec"]["updateStrategy"]["type"] == "RollingUpdate"
        assert ANNOTATION not in live["metadata"]["annotations"]
