# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolling updates by plays over the nodes: the playbook of the collection, and the example."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.api import MERGE, Api
from tests.integration.harness import ENVIRONMENT, Play, run, run_in
from tests.integration.manifests import simple
from tests.integration.pod_watch import PodWatch
from tools.environments import places
from tools.environments.making import environment

_PLAYBOOK = [{"ansible.builtin.import_playbook": "everynode.kubernetes.rolling_update"}]
_ROLLBACK = [{"ansible.builtin.import_playbook": "everynode.kubernetes.rollback"}]
_EXAMPLE = places.CHECKOUT / "examples" / "rolling-update"
_NODES = [f"node-{number}" for number in range(5)]
_INVENTORY = "cluster.everynode_nodes.yml"
# What a node may take that fails, and what the others have to do with.
_SHORT = 15
_STRATEGY = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}}


class Rollout:
    """A DaemonSet whose first version is everywhere, and the playbook for further ones."""

    def __init__(self, api: Api, namespace: str):
        self.api = api
        self.namespace = namespace
        api.apply(self.version("1"), "everynode")
        api.settled(namespace, "agent")

    def version(self, tag: str, broken: str = "") -> dict[str, Any]:
        """A manifest; the pods on the nodes named in `broken` cannot pull their image."""
        manifest = simple("agent", self.namespace)
        spec = manifest["spec"]
        spec["updateStrategy"] = _STRATEGY
        spec["template"]["spec"]["containers"][0]["image"] = f"example.test/agent:{tag}"
        if broken:
            simulate = "everynode.kubernetes/simulate"
            told = {simulate: "image-pull", f"{simulate}-on": broken}
            spec["template"]["metadata"]["annotations"] = told
        return manifest

    def run(
        self, tag: str | None = None, *arguments: str, broken: str = "", **variables: Any
    ) -> Play:
        told = {"daemonset_name": "agent", "daemonset_namespace": self.namespace} | {
            f"rolling_update_{name}": value for name, value in variables.items()
        }
        if tag is not None:
            told["rolling_update_definition"] = self.version(tag, broken)
        inventory = {"plugin": "everynode.kubernetes.nodes"}
        return run(
            self.api,
            _PLAYBOOK,
            f"--inventory={_INVENTORY}",
            f"--extra-vars={json.dumps(told)}",
            *arguments,
            files={_INVENTORY: yaml.safe_dump(inventory).encode()},
            variables={"KUBECONFIG": str(self.api.cluster.kubeconfig)},
        )

    def go_back(self, *arguments: str, **variables: Any) -> Play:
        told = {"daemonset_name": "agent", "daemonset_namespace": self.namespace} | {
            f"rollback_{name}": value for name, value in variables.items()
        }
        return run(
            self.api,
            _ROLLBACK,
            f"--extra-vars={json.dumps(told)}",
            *arguments,
            variables={"KUBECONFIG": str(self.api.cluster.kubeconfig)},
        )

    def strategy(self) -> dict[str, Any]:
        found: dict[str, Any] = self.api.daemonset(self.namespace, "agent")["spec"][
            "updateStrategy"
        ]
        return found

    def images(self) -> dict[str, str]:
        return {
            pod["spec"]["nodeName"]: pod["spec"]["containers"][0]["image"].rpartition(":")[2]
            for pod in self.api.pods(self.namespace, "agent")
        }


@pytest.fixture
def rollout(api: Api, namespace: str) -> Rollout:
    return Rollout(api, namespace)


def _hooks(folder: Path) -> dict[str, str]:
    """A file of tasks for each hook, which tells that it was here."""
    made = {}
    for name in ("before", "after", "always"):
        path = folder / f"{name}.yml"
        path.write_text(yaml.safe_dump([{"name": name, "ansible.builtin.debug": {"msg": name}}]))
        made[name] = str(path)
    return made


def test_batch_by_batch_with_hooks_and_the_strategy_back_in_the_end(
    rollout: Rollout, tmp_path: Path
) -> None:
    # Hooks run on the nodes; these ones need no connection to them.
    hooks = _hooks(tmp_path)
    with PodWatch(rollout.api, rollout.namespace) as seen:
        done = rollout.run("2", **hooks, serial=[1, "50%", "100%"]).done()
        again = rollout.run("2", serial=[5]).done()
    assert seen.restarts_by_node() == dict.fromkeys(_NODES, 1)
    assert seen.most_unavailable() == 1
    assert rollout.strategy()["rollingUpdate"]["maxUnavailable"] == 2
    assert set(rollout.images().values()) == {"2"}
    for node in _NODES:
        mine = [step.task for step in done.steps if step.host == node]
        order = [one for one in mine if one in (*hooks, "Replace its pod")]
        assert order == ["before", "Replace its pod", "after", "always"]
    assert "5 of 5 nodes have the new version" in done.output
    assert not any(step.changed for step in again.steps if "changed" in step.result)
    assert not [request for request in again.requests if request.writes]


def test_it_ends_where_too_many_fail_goes_on_and_goes_back(
    rollout: Rollout, tmp_path: Path
) -> None:
    hooks = _hooks(tmp_path)
    with PodWatch(rollout.api, rollout.namespace) as seen:
        failed = rollout.run("simulate-image-pull", **hooks, wait_timeout=_SHORT)
        assert failed.code != 0
        seen.caught_up()
        assert len(seen.restarts_by_node()) == 1
        touched = seen.restarted_nodes()
        # Nothing goes on by itself, and the node was released.
        assert rollout.strategy()["type"] == "OnDelete"
        ran = [step.task for step in failed.steps if step.host in touched]
        assert "always" in ran
        assert "after" not in ran
        rollout.run("1").done()
        seen.caught_up()
        assert seen.restarted_nodes() == touched
    assert rollout.strategy()["rollingUpdate"]["maxUnavailable"] == 2
    assert seen.ever_unavailable() == touched


def test_a_batch_in_which_one_fails_is_the_last_and_touches_no_further_node(
    rollout: Rollout, tmp_path: Path
) -> None:
    """The third node fails, in the middle of a batch: its neighbours are released all the same."""
    hooks = _hooks(tmp_path)
    with PodWatch(rollout.api, rollout.namespace) as seen:
        failed = rollout.run(
            "2", **hooks, broken="node-2", serial=[1, "80%"], wait_timeout=_SHORT, at_once=1
        )
    assert failed.code == 2
    assert seen.restarted_nodes() == {"node-0", "node-1", "node-2"}
    assert seen.most_unavailable() == 1
    assert rollout.strategy()["type"] == "OnDelete"
    released = [step.host for step in failed.steps if step.task == "always"]
    assert sorted(released) == _NODES
    left = [step for step in failed.steps if step.task == "Replace its pod"][-1]
    assert left.host == "node-4"
    assert "ImagePull on node-2" in left.message
    assert "everynode.kubernetes.rollback" in left.message


def test_batches_end_where_too_many_failed_and_no_sooner(rollout: Rollout) -> None:
    """Two of three are more than half, though not of all nodes."""
    told = {"serial": [1, 3], "max_fail_percentage": 50, "wait_timeout": _SHORT}
    with PodWatch(rollout.api, rollout.namespace) as seen:
        failed = rollout.run("2", broken="node-1,node-2", **told)
    assert failed.code == 2
    assert seen.restarted_nodes() == {"node-0", "node-1", "node-2", "node-3"}
    assert rollout.strategy()["type"] == "OnDelete"


def test_what_failed_within_bounds_does_not_keep_it_from_its_end(rollout: Rollout) -> None:
    failed = rollout.run(
        "2", broken="node-1", serial=[2, 3], max_fail_percentage=50, wait_timeout=_SHORT
    )
    assert failed.code == 2
    assert [step.host for step in failed.steps if step.status == "failed"] == ["node-1"] * 2
    assert "5 of 5 nodes have the new version" in failed.output
    assert rollout.strategy()["rollingUpdate"]["maxUnavailable"] == 2


def test_nodes_that_hooks_cannot_reach_end_it(rollout: Rollout, tmp_path: Path) -> None:
    hook = tmp_path / "before.yml"
    task = {"name": "there", "ansible.builtin.command": "true", "changed_when": False}
    away = "{{ 'ssh' if inventory_hostname == 'node-1' else 'local' }}"
    there = {"ansible_connection": away, "ansible_host": "127.0.0.1", "ansible_port": 1}
    hook.write_text(yaml.safe_dump([task | {"vars": there}]))
    with PodWatch(rollout.api, rollout.namespace) as seen:
        failed = rollout.run("2", before=str(hook), serial=[2])
    assert failed.code != 0
    assert seen.restarted_nodes() == {"node-0"}
    assert "node-1 could not be reached by your tasks" in failed.output


def test_a_node_that_has_left_is_no_failure(rollout: Rollout, tmp_path: Path) -> None:
    """The inventory has one more than the cluster."""
    hosts: dict[str, Any] = {"all": {"children": {"kubernetes_nodes": {"hosts": {"node-00": {}}}}}}
    (tmp_path / "gone.yml").write_text(yaml.safe_dump(hosts))
    done = rollout.run("2", f"--inventory={tmp_path / 'gone.yml'}", serial=[1, 5]).done()
    replaced = {step.host: step for step in done.steps if step.task == "Replace its pod"}
    assert "There is no node node-00" in replaced["node-00"].message
    assert "5 of 5 nodes have the new version" in done.output


def test_limit_is_as_good_as_the_variable(rollout: Rollout) -> None:
    with PodWatch(rollout.api, rollout.namespace) as seen:
        told = rollout.run("2", "--limit=node-1:node-3").done()
        seen.caught_up()
        assert seen.restarted_nodes() == {"node-1", "node-3"}
        assert rollout.strategy()["type"] == "OnDelete"
        assert "2 of 5 nodes have the new version; the update strategy stays" in told.output
        rollout.run("2").done()
    assert seen.restarts_by_node() == dict.fromkeys(_NODES, 1)


def test_without_nodes_or_files_nothing_is_begun(rollout: Rollout) -> None:
    empty = rollout.run("2", hosts="nobody")
    assert empty.code == 2
    assert "No host of the inventory matches nobody" in empty.output
    lacking = rollout.run("2", always="/nowhere/always.yml")
    assert lacking.code == 2
    assert "There is no file /nowhere/always.yml" in lacking.output
    for failed in (empty, lacking):
        assert not [request for request in failed.requests if request.writes]


def test_the_rollback_playbook_brings_back_what_was_touched(rollout: Rollout) -> None:
    with PodWatch(rollout.api, rollout.namespace) as seen:
        assert rollout.run("2", broken="node-2", wait_timeout=_SHORT).code == 2
        seen.caught_up()
        touched = seen.restarted_nodes()
        assert touched == {"node-0", "node-1", "node-2"}
        told = rollout.go_back("--check").done()
        assert not [request for request in told.requests if request.writes]
        done = rollout.go_back().done()
    assert seen.restarts_by_node() == dict.fromkeys(touched, 2)
    assert seen.most_unavailable() == 1
    assert set(rollout.images().values()) == {"1"}
    shown = done.step("Tell what stands now").result["msg"]
    assert shown["rollout"] == "all 5 pods are updated and available"
    assert shown["update_strategy"] == "OnDelete"
    # What was broken is first.
    replaced = done.step("Replace the pod of the node").result["results"]
    assert replaced[0]["node"] == "node-2"
    left = rollout.run("3", broken="node-0", wait_timeout=_SHORT)
    assert left.code == 2
    rollout.go_back(replace=False).done()
    assert list(rollout.images().values()).count("3") == 1


def test_some_nodes_now_and_the_others_later(rollout: Rollout) -> None:
    with PodWatch(rollout.api, rollout.namespace) as seen:
        rollout.run("2", hosts="node-1:node-3", serial=[2], at_once=2).done()
        assert rollout.strategy()["type"] == "OnDelete"
        seen.caught_up()
        assert seen.restarted_nodes() == {"node-1", "node-3"}
        told = rollout.run("2", serial=["100%"], at_once=5).done()
    assert seen.restarts_by_node() == dict.fromkeys(_NODES, 1)
    assert rollout.strategy()["rollingUpdate"]["maxUnavailable"] == 2
    assert "5 of 5 nodes" in told.output


def test_check_mode_tells_and_writes_nothing(rollout: Rollout) -> None:
    told = rollout.run("2", "--check").done()
    assert told.step("Apply the new version").changed
    assert "5 pods would be replaced" in told.step("Tell what it replaces").message
    # It is not there, so that none of them would seem to be outdated.
    replaced = [step.status for step in told.steps if step.task == "Replace its pod"]
    assert replaced == ["skipped"] * 5
    assert not [request for request in told.requests if request.writes]
    assert set(rollout.images().values()) == {"1"}


def test_without_a_name_it_says_what_is_missing(rollout: Rollout) -> None:
    failed = rollout.run("2", "--extra-vars=daemonset_name=")
    assert failed.code == 2
    assert "with the variable daemonset_name" in failed.output


def test_the_example_drains_and_always_uncordons(
    api: Api, rollout: Rollout, tmp_path: Path
) -> None:
    folder = tmp_path / "example"
    shutil.copytree(_EXAMPLE, folder)

    def example(tag: str, broken: str = "") -> Play:
        (folder / "agent.yaml").write_text(yaml.safe_dump(rollout.version(tag, broken)))
        return run_in(
            api,
            folder,
            [
                "drained.yml",
                f"--inventory={_INVENTORY}",
                # Each node is many tasks of modules.
                "--limit=node-0:node-1:node-3",
                "--extra-vars=agent_src=agent.yaml",
                "--extra-vars=agent_soak_seconds=1",
                "--extra-vars=rolling_update_wait_timeout=20",
            ],
            variables={
                "KUBECONFIG": str(api.cluster.kubeconfig),
                "AGENT": "agent",
                "AGENT_NAMESPACE": rollout.namespace,
            },
            environment=environment("bench"),
        )

    assert environment("bench") != ENVIRONMENT
    # One that somebody else took out of service, and one that a run did which was killed.
    _patch_node(api, "node-3", {"spec": {"unschedulable": True}})
    mark = {"annotations": {"rolling-update/cordoned": "true"}}
    _patch_node(api, "node-1", {"metadata": mark, "spec": {"unschedulable": True}})
    try:
        with PodWatch(api, rollout.namespace) as seen:
            done = example("2").done()
            assert _out_of_service(api) == ["node-3"]
            # In a batch of its own each, as 25 % of three are one at least.
            failed = example("3", broken="node-1")
    finally:
        left = _out_of_service(api)
        _patch_node(api, "node-3", {"spec": {"unschedulable": None}})
    drained = [step.host for step in done.steps if step.task == "Drain it"]
    assert sorted(drained) == ["node-0", "node-1", "node-3"]
    cordoned = [step.host for step in done.steps if step.task.startswith("Cordon") and step.changed]
    assert cordoned == ["node-0"]
    assert "3 of 5 nodes have the new version" in done.output
    # The second node failed, and is in service again all the same; no further one was touched.
    assert failed.code == 2
    assert left == ["node-3"]
    assert seen.restarts_by_node() == {"node-0": 2, "node-1": 2, "node-3": 1}
    nodes = api.request("GET", "/api/v1/nodes")["items"]
    assert not [node for node in nodes if "rolling-update" in str(node["metadata"]["annotations"])]


def _patch_node(api: Api, name: str, change: dict[str, Any]) -> None:
    api.request("PATCH", f"/api/v1/nodes/{name}", body=change, kind=MERGE)


def _out_of_service(api: Api) -> list[str]:
    nodes = api.request("GET", "/api/v1/nodes")["items"]
    return [node["metadata"]["name"] for node in nodes if node["spec"].get("unschedulable")]
