# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tasks return when they fail is in the documentation of their modules."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from tests.gates.documentation import parsed
from tests.integration.verbs import Tasks
from tools.environments import places

_VERBS = "ansible_collections.everynode.kubernetes.plugins.module_utils._verbs"
# Every result has these.
_COMMON = {"changed", "failed", "invocation", "msg", "warnings"}
_AGENT = {"containers": [{"name": "agent", "image": "example.test/agent:1"}]}
# What each module needs at least, and a parameter that is wrong.
_TASKS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "daemonset": (_AGENT, {"wait_timeout": 0}),
    "daemonset_exec": ({"command": ["true"]}, {"concurrency": 0}),
    "daemonset_info": ({}, {"limit": -1}),
    "daemonset_logs": ({}, {"search": ""}),
    "daemonset_node": ({"node": "node-0"}, {"soak_seconds": -1}),
    "daemonset_rollback": ({}, {"wait_timeout": 0}),
    "daemonset_wait": ({}, {"wait_timeout": 0}),
    "node_agent": (_AGENT, {"wait_timeout": 0}),
}


def _documented(module: str) -> set[str]:
    path = places.CHECKOUT / "plugins" / "modules" / f"{module}.py"
    return set(parsed(path, "RETURN")) | _COMMON


def _fails(tasks: Tasks, module: str, **parameters: Any) -> dict[str, Any]:
    verb = importlib.import_module(f"{_VERBS}.{module}").VERB
    return tasks.fails(verb=verb, name="agent", **_TASKS[module][0], **parameters).result


@pytest.mark.parametrize("module", _TASKS)
def test_every_key_of_a_failure_is_documented(tasks: Tasks, module: str) -> None:
    wrong = _fails(tasks, module, **_TASKS[module][1])
    assert wrong["error"]["kind"] == "invalid_input"
    assert wrong["faults"]
    refused = _fails(tasks, module, impersonate_user="nobody")
    assert refused["error"]["kind"] == "forbidden"
    assert refused["forbidden"]["user"] == "nobody"
    another = _fails(tasks, module, expected_cluster="none")
    assert another["error"]["kind"] == "wrong_cluster"
    assert {*wrong, *refused, *another} <= _documented(module)
