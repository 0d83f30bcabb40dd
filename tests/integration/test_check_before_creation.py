# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode of a play that goes on with a DaemonSet that the real run would create before."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import (
    daemonset,
    daemonset_exec,
    daemonset_logs,
    daemonset_node,
    daemonset_rollback,
    daemonset_wait,
)

from tests.integration.verbs import Tasks

_TASKS: dict[str, dict[str, Any]] = {
    "patched": {"state": "patched", "images": {"agent": "example.test/agent:2"}},
    "restarted": {"state": "restarted"},
    "paused": {"state": "paused"},
    "resumed": {"state": "resumed"},
    "exec": {"verb": daemonset_exec.VERB, "command": ["true"]},
    "logs": {"verb": daemonset_logs.VERB},
    "updated on a node": {"verb": daemonset_node.VERB, "node": "node-1"},
    "restarted on a node": {"verb": daemonset_node.VERB, "node": "node-1", "state": "restarted"},
    "waited for": {"verb": daemonset_wait.VERB},
}
_CHANGED = {"patched", "restarted", "paused", "restarted on a node"}


@pytest.mark.parametrize("which", _TASKS)
def test_what_may_still_be_created_is_a_warning_and_fails_in_the_real_run(
    tasks: Tasks, which: str
) -> None:
    given = {"name": "agent", **_TASKS[which]}
    called = f"DaemonSet {tasks.namespace}/agent"
    if which == "waited for":
        called = f"DaemonSet agent in namespace {tasks.namespace}"
    real = tasks.fails(**given)
    assert f"There is no {called}" in real.result["msg"]
    assert real.result["error"] == {"kind": "not_found", "status": 404}
    checked = tasks.ok(check=True, **given)
    (warning,) = checked.result["warnings"]
    assert f"There is no {called}" in warning
    assert checked.changed == (which in _CHANGED)
    assert checked.writes == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        # What a task before creates has nothing to go back to, so the real run fails, too.
        ({"verb": daemonset_rollback.VERB}, "so it cannot be rolled back"),
        # Somebody has seen it.
        (
            {"verb": daemonset.VERB, **_TASKS["patched"], "resource_version": "1"},
            "the task wants it at resource version 1",
        ),
    ],
    ids=["rollback", "resource_version"],
)
def test_what_fails_whatever_comes_before_fails_in_check_mode(
    tasks: Tasks, given: dict[str, Any], told: str
) -> None:
    for check in (False, True):
        assert told in tasks.fails(name="agent", check=check, **given).result["msg"]
