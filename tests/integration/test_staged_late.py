# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A way back that is not over in time says on which nodes, and why; the next run goes on."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout import reverting
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import daemonset_rollback

from tests.integration.api import Api
from tests.integration.stages import BROKEN, NEW, scene
from tests.integration.verbs import Tasks


def test_a_former_template_that_does_not_run_is_gone_back_to_in_vain(
    api: Api, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It gets a minute otherwise.
    monkeypatch.setattr(reverting, "LEAST_SECONDS", 1.0)
    with scene(api, tasks, update_strategy={"type": "OnDelete"}) as agent:
        agent.ok(BROKEN)
        agent.ok(NEW, rollout={"stages": [2], "max_unavailable": 2, "until_stage": 1})
        back: dict[str, Any] = {"verb": daemonset_rollback.VERB, "name": "agent", "wait": True}
        late = tasks.fails(**back, wait_timeout=20, failure_grace_seconds=300)
        assert late.changed
        assert late.result["msg"].startswith(
            f"DaemonSet {tasks.namespace}/agent is not back on its former template after"
        )
        assert "seconds, on 2 of 2 nodes: ImagePull on node-0, node-1 (" in late.result["msg"]
        rollout = late.result["rollout"]
        assert [one["cause"] for one in rollout["reasons"]] == ["ImagePull"]
        assert agent.remembered["phase"] == "reverting"
        # Whoever puts up with these pods for less long gets to the end of it.
        agent.tasks.run(**back, wait_timeout=60, failure_grace_seconds=1)
        assert agent.remembered == {}
        assert agent.standing == BROKEN
