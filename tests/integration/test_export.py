# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a DaemonSet from a cluster as code, and applying that code: nothing happens."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.export import manifest_of

from tests.integration.api import Api, uids
from tests.integration.harness import alike, both_ways, task
from tests.integration.makers import OTHERS, Maker
from tests.integration.manifests import full
from tests.integration.verbs import Tasks

_FQCN = "everynode.kubernetes.daemonset"
_SECRET = {"name": "API_TOKEN", "value": "swordfish"}
_BRACES = "{{ no_variable }}"
_AGENT: dict[str, Any] = {
    "name": "agent",
    "description": "Watches",
    "annotations": {"note": "a"},
    "containers": [
        {"name": "agent", "image": "example.test/agent:1", "env": [_SECRET], "args": ["--all"]}
    ],
    "tolerations": [{"operator": "Exists"}],
    "update_strategy": {"rolling_update": {"max_surge": "10%"}},
    "termination_grace_period_seconds": 0,
}


def exported(tasks: Tasks, export: str, **parameters: Any) -> dict[str, Any]:
    outcome = tasks.info(export=export, **parameters)
    assert not outcome.result.get("failed"), outcome.result
    assert len(outcome.requests) == 1
    (shown,) = outcome.result["daemonsets"]
    found: dict[str, Any] = shown["export"]
    return found


def test_an_exported_task_finds_nothing_to_do(tasks: Tasks) -> None:
    tasks.ok(**_AGENT)

    found = exported(tasks, "task", name="agent")

    assert found["name"] == "Keep DaemonSet agent"
    tasks.same(**found[_FQCN])


def test_an_exported_manifest_finds_nothing_to_do(tasks: Tasks) -> None:
    tasks.ok(**_AGENT)

    found = exported(tasks, "manifest", name="agent")

    assert found.keys() == {"apiVersion", "kind", "metadata", "spec"}
    assert "managedFields" not in found["metadata"]
    tasks.same(definition=found)


def test_an_export_is_what_was_asked_for(tasks: Tasks) -> None:
    tasks.ok(**_AGENT)

    parameters = exported(tasks, "task", name="agent")[_FQCN]

    assert {key: parameters[key] for key in _AGENT if key != "update_strategy"} == {
        key: value for key, value in _AGENT.items() if key != "update_strategy"
    }
    # The other number was sent, too, as the API wants it.
    strategy = {"rolling_update": {"max_surge": "10%", "max_unavailable": 0}}
    assert parameters["update_strategy"] == strategy


def test_secrets_are_hidden_in_what_is_shown_and_not_in_an_export(tasks: Tasks) -> None:
    tasks.ok(**_AGENT)

    (shown,) = tasks.info(name="agent", export="manifest", include=["daemonset"]).result[
        "daemonsets"
    ]

    assert "swordfish" in str(shown["export"])
    assert "swordfish" not in str(shown["daemonset"])


def test_nothing_is_exported_unless_asked_for(tasks: Tasks) -> None:
    tasks.ok(**_AGENT)

    (shown,) = tasks.info(name="agent").result["daemonsets"]

    assert "export" not in shown


@pytest.mark.parametrize("maker", OTHERS.values(), ids=OTHERS)
def test_what_others_made_is_taken_over_without_a_restart(
    api: Api, tasks: Tasks, maker: Maker
) -> None:
    maker.make(api, [full("agent", tasks.namespace)])
    before = api.settled(tasks.namespace, "agent")
    pods = api.pods(tasks.namespace, "agent")

    parameters = exported(tasks, "task", name="agent")[_FQCN]
    taken = tasks.ok(**parameters, adopt=[maker.word])
    tasks.same(**parameters, adopt=[maker.word])

    after = api.daemonset(tasks.namespace, "agent")
    assert "warnings" not in taken.result or "leaves" not in taken.warnings
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    assert after["spec"] == before["spec"]
    assert uids(api.pods(tasks.namespace, "agent")) == uids(pods)


def test_in_a_playbook(api: Api, two_namespaces: tuple[str, str]) -> None:
    agent = {**_AGENT, "annotations": {"note": "a", "braces": _BRACES}}
    info = {"name": "agent", "export": "task"}
    parameters = f"read.daemonsets[0].export['{_FQCN}']"
    tasks = [
        # From a file, since a play's arguments would be templates.
        task("make", name="agent", src="agent.yaml"),
        {
            "name": "read",
            "everynode.kubernetes.daemonset_info": info,
            "register": "read",
        },
        task(
            "apply as manifest",
            definition=f"{{{{ {parameters} | everynode.kubernetes.to_manifest }}}}",
        ),
        {
            "name": "take apart",
            "ansible.builtin.set_fact": {
                "again": f"{{{{ {parameters} | everynode.kubernetes.to_manifest"
                " | everynode.kubernetes.from_manifest }}"
            },
        },
        task(
            "apply parameters",
            **{key: f"{{{{ again.{key} }}}}" for key in (*agent, "selector", "pod_labels")},
        ),
    ]
    source = file_of(agent)

    here, there = both_ways(api, two_namespaces, tasks, files={"agent.yaml": source})

    for name in ("make", "read", "apply as manifest", "apply parameters"):
        alike(here.step(name), there.step(name), two_namespaces)
    assert here.step("make").changed
    read = here.step("read").result["daemonsets"][0]["export"][_FQCN]
    assert read["annotations"]["braces"] == _BRACES
    assert not here.step("apply as manifest").changed, here.step("apply as manifest").result
    assert not here.step("apply parameters").changed, here.step("apply parameters").result


def file_of(parameters: dict[str, Any]) -> bytes:
    """The manifest of a task's parameters as a file."""
    made, _warnings = manifest_of(parameters)
    return json.dumps(made).encode()
