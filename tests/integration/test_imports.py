# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task that finds nothing to do imports: each file is compiled anew, in each module run.

In Ansible's own process it imports nothing more: its main process has done so once for all workers.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.integration.manifests import full, simple
from tests.integration.verbs import Tasks
from tools.environments import places

# What such a task has no use for.
NEEDLESS = (
    "_cluster.adopting",
    "_cluster.failures",
    "_cluster.faults",
    "_cluster.lists",
    "_cluster.proxies",
    "_cluster.watch",
    "_rollout.following",
    "_rollout.guarding",
    "_rollout.state",
    "_rollout.watching",
    "_spec.misspelt",
    "_spec.pod_security",
    "_spec.provenance",
    "_verbs.daemonset_states",
    "_views",
    "_nodes.diagnosis",
)
# Reads parameters, carries the task out, prints which files were imported before and after.
_TASK = """
import importlib, json, sys
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
PLUGINS = "ansible_collections.everynode.kubernetes.plugins"
ROOMS = PLUGINS + ".module_utils."
if sys.argv[1] == "here":
    importlib.import_module(PLUGINS + ".action.daemonset")
verb = importlib.import_module(ROOMS + "_verbs.verb")
VERB = importlib.import_module(ROOMS + "_verbs.daemonset").VERB

def imported():
    return sorted(name.removeprefix(ROOMS) for name in sys.modules if name.startswith(ROOMS))

before = imported()
checked = ArgumentSpecValidator(VERB.argument_spec).validate(json.load(sys.stdin))
result = verb.carry_out(VERB, verb.Task(checked.validated_parameters))
print(json.dumps({"changed": result["changed"], "before": before, "after": imported()}))
"""


def _imported(tasks: Tasks, way: str, **parameters: Any) -> tuple[set[str], set[str]]:
    """The files that were imported before a task that changes nothing, and after it."""
    given = {"kubeconfig": str(tasks.api.cluster.kubeconfig), **parameters}
    done = subprocess.run(
        [sys.executable, "-c", _TASK, way],
        input=json.dumps({"namespace": tasks.namespace, **given}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={"PYTHONPATH": str(places.collections())},
    )
    told = json.loads(done.stdout)
    assert told["changed"] is False
    return set(told["before"]), set(told["after"])


def _made(tasks: Tasks) -> list[dict[str, Any]]:
    """Tasks that change nothing, in all ways to write one."""
    definition = full("full", tasks.namespace)
    typed = {"name": "typed", "containers": [{"name": "agent", "image": "example.test/agent:1"}]}
    ways: list[dict[str, Any]] = [
        {"definition": definition},
        {"src": "agent.yml", "src_content": yaml.safe_dump(simple("simple"))},
        {**typed, "tolerate": ["every_node"]},
    ]
    for way in ways:
        # Or there is something left to wait for.
        tasks.ok(**way, wait=True)
    return ways


@pytest.mark.parametrize("number", range(3))
def test_a_worker_imports_nothing_more(tasks: Tasks, number: int) -> None:
    before, after = _imported(tasks, "here", **_made(tasks)[number])
    assert after == before


@pytest.mark.parametrize("number", range(3))
def test_a_module_run_imports_nothing_needless(tasks: Tasks, number: int) -> None:
    _before, after = _imported(tasks, "module", **_made(tasks)[number])
    assert not after & set(NEEDLESS)
