# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands in pods from playbooks: both ways alike, what is not shown, and the examples."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.gates.documentation import MODULES, text
from tests.gates.tasks import action, tasks
from tests.integration.api import Api
from tests.integration.harness import Play, alike, both_ways, playbook, run
from tests.integration.verbs import Tasks

_HIDDEN = "c4n4ry of the input"
_MODULE = "everynode.kubernetes.daemonset_exec"


@pytest.fixture
def two_agents(api: Api, two_namespaces: tuple[str, str]) -> tuple[str, str]:
    """Two namespaces with a DaemonSet on five nodes in each."""
    containers = [{"name": "agent", "image": "example.test/agent:1"}]
    for namespace in two_namespaces:
        Tasks(api, namespace).ok(name="agent", containers=containers)
    for namespace in two_namespaces:
        api.settled(namespace, "agent")
    return two_namespaces


def step(name: str, keywords: dict[str, Any] | None = None, /, **given: Any) -> dict[str, Any]:
    return {
        "name": name,
        _MODULE: {"name": "agent", **given},
        "ignore_errors": True,
        **(keywords or {}),
    }


def test_both_ways_give_the_same(api: Api, two_agents: tuple[str, str]) -> None:
    on_three = 'test "$NODE_NAME" != node-3 || { echo no >&2; exit 9; }'
    steps = [
        step("all", shell='echo "$NODE_NAME"'),
        step("stdin", command=["cat"], stdin=_HIDDEN, nodes=["node-0"]),
        step("too many", shell=on_three),
        step("few enough", shell=on_three, max_fail_percentage=20),
        step("late", command=["sh", "-c", "echo a; sleep 917.3205"], timeout=5, nodes=["node-1"]),
        step("bytes", command=["printf", r"\377\000"], nodes=["node-1"]),
        step("nowhere", command=["true"], nodes=["elsewhere"]),
        step("none", command=["true"], nodes=[]),
        step("check", {"check_mode": True}, command=["true"]),
        step("both", command=["true"], shell="true"),
        step("faults", command=["ls -l"], timeout=0),
        step("unknown", command=["true"], node="node-1"),
    ]
    plays = both_ways(api, two_agents, steps)
    for task in steps:
        here, there = (play.step(task["name"]) for play in plays)
        alike(here, there, two_agents)
    results = {one.task: one for one in plays[0].steps}
    assert [one["stdout"] for one in results["all"].result["nodes"]] == [
        f"node-{number}" for number in range(5)
    ]
    failed = {name for name, one in results.items() if one.status == "failed"}
    assert failed == {"too many", "late", "nowhere", "both", "faults", "unknown"}
    changed = {name for name, one in results.items() if one.result.get("changed")}
    assert changed == {"all", "stdin", "too many", "few enough", "late", "bytes"}
    assert results["check"].status == "skipped"
    assert results["late"].result["nodes"][0]["stdout"] == "a"


def test_the_input_is_not_shown_but_what_the_command_makes_of_it(
    api: Api, two_agents: tuple[str, str]
) -> None:
    given = step("stdin", command=["cat"], stdin=_HIDDEN, nodes=["node-0"])
    for play in both_ways(api, two_agents, [given], "-vvv"):
        result = play.done().step("stdin").result
        assert result["nodes"][0]["stdout"] == _HIDDEN
        assert _HIDDEN not in str(result["invocation"])
        assert "VALUE_SPECIFIED" not in str(result["nodes"])


def test_a_hidden_task_shows_nothing(api: Api, two_agents: tuple[str, str]) -> None:
    given = {"command": ["echo", "c4n4ry"], "nodes": ["node-0"]}
    for play in both_ways(api, two_agents, [step("hidden", {"no_log": True}, **given)], "-v"):
        assert "c4n4ry" not in play.output
        assert "censored" in play.step("hidden").result


def test_the_playbook_decides_what_changed_and_failed(
    api: Api, two_agents: tuple[str, str]
) -> None:
    steps = [
        step("read", {"changed_when": False, "register": "read"}, command=["true"]),
        step(
            "judged",
            {
                "failed_when": "result.highest_rc not in [0, 3]",
                "changed_when": "result.nodes | selectattr('rc', 'eq', 3) | list != []",
                "register": "result",
            },
            shell='case "$NODE_NAME" in node-2) exit 3;; esac',
        ),
        step("again", {"register": "again"}, nodes="{{ result.failed_nodes }}", command=["true"]),
        step("later", {"async": 300, "poll": 1}, shell='echo "$NODE_NAME"', nodes=["node-4"]),
    ]
    for play in both_ways(api, two_agents, steps):
        play.done()
        assert not play.step("read").changed
        assert play.step("judged").changed
        assert play.step("judged").status == "ok"
        assert [one["node"] for one in play.step("again").result["nodes"]] == ["node-2"]
        assert play.step("later").result["nodes"][0]["stdout"] == "node-4"


def test_a_host_for_each_node(api: Api, two_agents: tuple[str, str]) -> None:
    """As in a play over the hosts of the inventory plugin."""
    hosts = "".join(f"node-{number}\n" for number in range(5))
    given = step("each", {"delegate_to": "localhost"}, shell='echo "on $NODE_NAME"')
    given[_MODULE]["nodes"] = ["{{ inventory_hostname }}"]
    play = run(api, playbook(api, two_agents[0], [given], hosts="all"), inventory=hosts).done()
    said = {one.host: [node["stdout"] for node in one.result["nodes"]] for one in play.steps}
    assert said == {f"node-{number}": [f"on node-{number}"] for number in range(5)}


def test_the_examples_run(api: Api, namespace: str) -> None:
    (module,) = [module for module in MODULES if module.stem == "daemonset_exec"]
    examples = yaml.safe_load(
        text(module, "EXAMPLES").replace("namespace: logging", f"namespace: {namespace}")
    )
    variable = {"name": "LICENCE_FILE", "value": "/dev/null"}
    container = {"name": "shipper", "image": "example.test/shipper:1", "env": [variable]}
    Tasks(api, namespace).ok(name="log-shipper", containers=[container])
    api.settled(namespace, "log-shipper")
    plays = playbook(
        api, namespace, examples, hosts="all", vars={"shipper_licence": "full"}, connection="local"
    )
    play = run(api, plays, inventory="node-2\n").done()
    assert len(play.steps) == len(list(tasks(examples)))
    shown = [one["name"] for one in examples if action(one) == _MODULE]
    results = {name: play.step(name).result for name in shown}
    assert len(results["Which kernel each node has"]["nodes"]) == 5
    assert len(results["Find the nodes that hold back more than 1 GiB"]["failed_nodes"]) == 5
    assert {one["rc"] for name in (shown[2], shown[3]) for one in results[name]["nodes"]} == {0}
    assert [one["node"] for one in results[shown[4]]["nodes"]] == ["node-2"]
    assert _changed(play, shown) == [False, False, True, True, False]


def _changed(play: Play, names: list[str]) -> list[bool]:
    return [play.step(name).changed for name in names]
