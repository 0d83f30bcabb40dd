# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of rollouts: examples run, and every key that is returned is documented."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import (
    daemonset_node,
    daemonset_rollback,
    daemonset_wait,
)

from tests.gates.documentation import parsed
from tests.integration.api import Api
from tests.integration.harness import playbook, run_in
from tests.integration.stages import BROKEN, NEW, Scene, scene
from tests.integration.verbs import Outcome, Tasks
from tools.environments import places

_MODULES = places.CHECKOUT / "plugins" / "modules"
# As the examples write the namespaces that they are about.
_NAMESPACE = re.compile(r"\b(?:agents|logging|monitoring)(?=/)|(?<=namespace: )\w+$", re.MULTILINE)
# Of every module's result.
_COMMON = {"changed", "failed", "msg", "warnings", "diff", "invocation", "exception"}
_AGENTS = [{"name": "log-shipper", "image": "example.test/shipper:1"}]


def _keep(tasks: Tasks, name: str, image: str) -> None:
    tasks.ok(name=name, containers=[{"name": "shipper", "image": image}], wait=True)


@pytest.mark.parametrize("module", ["daemonset_rollback", "daemonset_wait"])
def test_the_examples_run(api: Api, tasks: Tasks, tmp_path: Path, module: str) -> None:
    for version in ("1.4.0", "1.4.1", "1.4.2"):
        _keep(tasks, "log-shipper", f"example/log-shipper:{version}")
    _keep(tasks, "node-exporter", "example/node-exporter:1")
    examples = yaml.safe_dump(parsed(_MODULES / f"{module}.py", "EXAMPLES"))
    # Those of other tests may be on their way out.
    examples = examples.replace("all_namespaces: true", "namespace: logging")
    examples = _NAMESPACE.sub(tasks.namespace, examples)
    plays = playbook(api, tasks.namespace, yaml.safe_load(examples))
    plays[0]["vars"] = {"agents": _AGENTS}
    (tmp_path / "playbook.yml").write_text(yaml.safe_dump(plays, sort_keys=False))
    play = run_in(api, tmp_path, ["playbook.yml"]).done()
    assert not [step.task for step in play.steps if step.status == "failed"]


@pytest.fixture
def agent(api: Api, tasks: Tasks) -> Iterator[Scene]:
    with scene(api, tasks) as made:
        yield made


def test_every_key_that_is_returned_is_documented(agent: Scene) -> None:
    plan = {"stages": [1, "100%"]}
    rollback, node = daemonset_rollback.VERB, daemonset_node.VERB
    run = agent.tasks.run
    wish = agent.wish(NEW, rollout={**plan, "until_stage": 1})
    for check in (True, False):
        _documented("daemonset", run(check=check, **wish))
    _documented("daemonset_rollback", run(verb=rollback, name="agent", wait=True, wait_timeout=60))
    verify = [["sh", "-c", 'test "$NODE_NAME" != node-1'], ["true"]]
    for command in verify:
        more = {"max_failures": 0, "verify": command}
        _documented("daemonset", run(**agent.wish(NEW, rollout={**plan, **more})))
    _documented("daemonset_rollback", run(verb=rollback, name="agent", to_revision=99))
    _documented("daemonset_rollback", run(verb=rollback, name="agent", wait=True, wait_timeout=60))
    _documented("daemonset_rollback", run(verb=rollback, name="agent", to_revision=-1))
    for on_failure in ("rollback", "pause"):
        _documented("daemonset", run(**agent.wish(BROKEN, on_failure=on_failure)))
    _documented("daemonset_wait", run(verb=daemonset_wait.VERB, name="agent"))
    for named in ("node-0", "nowhere", ""):
        _documented("daemonset_node", run(verb=node, name="agent", node=named, wait_timeout=5))
    _documented("daemonset", run(name="agent", state="absent", wait=True, wait_timeout=60))


def _documented(module: str, outcome: Outcome) -> None:
    found = parsed(_MODULES / f"{module}.py", "RETURN")
    result = {key: value for key, value in outcome.result.items() if key not in _COMMON}
    assert list(_undocumented(result, found, "")) == [], (module, outcome.result.get("msg"))


def _undocumented(value: Any, documented: Mapping[str, Any], path: str) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, dict):
            continue
        for key in item:
            if key not in documented:
                yield f"{path}{key}"
            elif "contains" in documented[key]:
                yield from _undocumented(item[key], documented[key]["contains"], f"{path}{key}.")
