# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks for a fleet: one host of an inventory is one cluster, and clusters go in waves.

The clusters are namespaces of one test cluster, which their kubeconfigs name. One more is dead.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from tests.integration.api import Api, Request, uids
from tests.integration.harness import ENVIRONMENT, Play, run
from tests.integration.pod_watch import PodWatch

_NODES = 5
_SHIPPER: dict[str, Any] = {
    "role": "node_agent",
    "settings": {
        "name": "shipper",
        "labels": {"team": "logging"},
        "tolerate": ["every_node"],
        "containers": [{"name": "shipper", "image": "example.test/shipper:{{ shipper_tag }}"}],
        "config_maps": [{"name": "shipper", "data": {"level": "info"}, "versioned": False}],
    },
}


class Fleet:
    """Three clusters, of which two are to be monitored, and what the playbooks do to them."""

    # The Ansible that runs them.
    where = ENVIRONMENT

    def __init__(self, api: Api, places: Mapping[str, str]):
        self.api = api
        self.places = dict(places)
        self.dead: set[str] = set()
        # More settings of an agent, by its name.
        self.more: dict[str, dict[str, Any]] = {}

    def run(self, playbook: str, *arguments: str, **variables: Any) -> Play:
        return run(
            self.api,
            [{"ansible.builtin.import_playbook": f"everynode.kubernetes.{playbook}"}],
            "--inventory=clusters.yml",
            f"--extra-vars={json.dumps(variables)}",
            *arguments,
            files={
                "clusters.yml": yaml.safe_dump(self._inventory()).encode(),
                **{f"{name}.kubeconfig": self._kubeconfig(name) for name in self.places},
            },
            environment=self.where,
        )

    def agents(self, *arguments: str, tag: str = "1", **variables: Any) -> Play:
        """Run the playbook node_agents, one cluster first unless told."""
        told = {f"node_agents_{name}": value for name, value in variables.items()}
        return self.run("node_agents", *arguments, shipper_tag=tag, **told)

    def names(self, cluster: str) -> list[str]:
        """The DaemonSets of a cluster."""
        path = f"/apis/apps/v1/namespaces/{self.places[cluster]}/daemonsets"
        return sorted(one["metadata"]["name"] for one in self.api.request("GET", path)["items"])

    def pods(self, cluster: str, name: str = "shipper") -> set[str]:
        return uids(self.api.pods(self.places[cluster], name))

    def requests(self, play: Play, cluster: str) -> list[Request]:
        return [one for one in play.requests if one.namespace == self.places[cluster]]

    def _inventory(self) -> dict[str, Any]:
        shipper, exporter = (self.more.get(name, {}) for name in ("shipper", "node-exporter"))
        hosts = {
            name: {
                "cluster_kubeconfig": "{{ inventory_dir }}/{{ inventory_hostname }}.kubeconfig",
                "node_exporter_namespace": place,
                "node_exporter_settings": {"labels": {"team": "metrics"}, **exporter},
                # All are on the same nodes.
                "node_exporter_port": 9110 + number,
            }
            for number, (name, place) in enumerate(self.places.items())
        }
        return {
            "all": {
                "hosts": hosts,
                "vars": {
                    "node_agents": [{**_SHIPPER, "settings": {**_SHIPPER["settings"], **shipper}}]
                },
                "children": {
                    "monitored": {
                        "hosts": {"b": {}, "c": {}},
                        "vars": {"node_agents_for_monitored": ["node_exporter"]},
                    }
                },
            }
        }

    def _kubeconfig(self, cluster: str) -> bytes:
        config = yaml.safe_load(self.api.cluster.kubeconfig.read_text())
        for context in config["contexts"]:
            context["context"]["namespace"] = self.places[cluster]
        if cluster in self.dead:
            # A port at which nobody listens.
            config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
        return yaml.safe_dump(config).encode()


@pytest.fixture
def fleet(api: Api, namespaces: Callable[[], str]) -> Fleet:
    return Fleet(api, {name: namespaces() for name in ("a", "b", "c")})


def _writes(play: Play) -> list[Request]:
    return [request for request in play.requests if request.writes]


def _changed(play: Play) -> list[str]:
    return [step.task for step in play.steps if step.result.get("changed")]


def test_clusters_go_in_waves_and_agents_are_waited_for_together(fleet: Fleet) -> None:
    done = fleet.agents(serial=[1, 2]).done()
    assert [fleet.names(one) for one in "abc"] == [
        ["shipper"],
        ["node-exporter", "shipper"],
        ["node-exporter", "shipper"],
    ]
    for cluster in "abc":
        asked = fleet.requests(done, cluster)
        watches = [request.received for request in asked if request.verb == "watch"]
        # One wait for both, which begins after the last of them is there.
        assert len(watches) <= 1
        written = [request.received for request in asked if request.writes]
        assert all(watch > max(written) for watch in watches)
        for name in fleet.names(cluster):
            assert len(fleet.pods(cluster, name)) == _NODES
    first = max(request.received for request in fleet.requests(done, "a"))
    later = [request for one in "bc" for request in fleet.requests(done, one)]
    assert min(request.received for request in later) > first

    again = fleet.agents(serial=[1, 2]).done()
    assert not _writes(again)
    assert not _changed(again)


def test_with_a_soak_each_wave_but_the_last_is_looked_at(fleet: Fleet) -> None:
    done = fleet.agents(serial=[1, 1, 1], soak_seconds=1).done()
    looked = [step for step in done.steps if step.task.startswith("Look on")]
    assert [(step.host, step.status) for step in looked] == [
        ("a", "ok"),
        ("b", "ok"),
        ("c", "skipped"),
    ]


def test_a_cluster_that_is_dead_ends_it(fleet: Fleet) -> None:
    fleet.dead = {"b"}
    failed = fleet.agents(serial=[1, 1, 1])
    assert failed.code != 0
    assert [fleet.names(one) for one in "abc"] == [["shipper"], [], []]
    assert {step.host for step in failed.steps} == {"a", "b"}


def test_some_clusters_may_fail(fleet: Fleet) -> None:
    fleet.dead = {"a"}
    failed = fleet.agents(serial=[2, 1], max_fail_percentage=50)
    # The job has failed, and says where; the others have all that they should have.
    assert failed.code != 0
    assert [step.host for step in failed.steps if step.status == "failed"] == ["a"]
    assert [fleet.names(one) for one in "bc"] == [["node-exporter", "shipper"]] * 2
    # Once it is back, the same job does what is left to do.
    fleet.dead = set()
    again = fleet.agents(serial=[2, 1], max_fail_percentage=50).done()
    assert {request.namespace for request in _writes(again)} == {fleet.places["a"]}


def test_only_some_clusters_and_some_agents(fleet: Fleet) -> None:
    fleet.agents(clusters="monitored:!c", only=["node_exporter"]).done()
    assert [fleet.names(one) for one in "abc"] == [[], ["node-exporter"], []]


def test_a_rollout_that_fails_ends_it_after_all_agents_are_applied(fleet: Fleet) -> None:
    fleet.agents("--limit=b,c").done()
    before = fleet.pods("c")
    failed = fleet.agents("--limit=b,c", tag="simulate-image-pull", wait_timeout=3)
    assert failed.code != 0
    waited = [step for step in failed.steps if step.task.startswith("Wait for")]
    assert [(step.host, step.status) for step in waited] == [("b", "failed")]
    assert "shipper" in waited[0].message
    assert fleet.pods("c") == before


def test_what_settings_bring_in_stages_is_waited_for_by_its_own_task(fleet: Fleet) -> None:
    fleet.agents("--limit=b").done()
    stages = {"stages": [1, "100%"]}
    fleet.more = {name: {"rollout": stages} for name in ("shipper", "node-exporter")}
    with (
        PodWatch(fleet.api, fleet.places["b"], "shipper") as shippers,
        PodWatch(fleet.api, fleet.places["b"], "node-exporter") as exporters,
    ):
        version = {"node_exporter_image": "example.test/node-exporter:2"}
        done = fleet.run("node_agents", "--limit=b", shipper_tag="2", **version).done()
    for seen in (shippers, exporters):
        assert set(seen.restarts_by_node().values()) == {1}
        assert len(seen.restarted_nodes()) == _NODES
    led = [step.result for step in done.steps if step.task.startswith("Keep the agent")]
    assert [one["results"][0]["rollout"]["ready"] for one in led] == [True, True]
    (last,) = (step for step in done.steps if step.task.startswith("Wait for"))
    assert last.status == "skipped"
    # One that is held is nobody's to wait for.
    fleet.more = {"shipper": {"rollout": {**stages, "until_stage": 1}}}
    held = fleet.agents("--limit=b", tag="3").done()
    (last,) = (step for step in held.steps if step.task.startswith("Wait for"))
    assert last.status == "ok"
    assert [one["name"] for one in last.result["daemonsets"]] == ["node-exporter"]


def test_tags(fleet: Fleet) -> None:
    done = fleet.agents("--skip-tags=wait", "--limit=a").done()
    assert fleet.names("a") == ["shipper"]
    assert not [step for step in done.steps if step.task.startswith("Wait for")]
    applied = fleet.agents("--tags=apply", "--limit=b").done()
    assert fleet.names("b") == ["node-exporter", "shipper"]
    assert [step.status for step in applied.steps if step.task.startswith("Wait for")] == ["ok"]


def test_check_mode_writes_nothing_and_tells(fleet: Fleet) -> None:
    first = fleet.agents("--limit=b", "--check").done()
    assert not _writes(first)
    assert _changed(first)
    assert fleet.names("b") == []
    fleet.agents("--limit=b").done()
    assert not _changed(fleet.agents("--limit=b", "--check").done())
    upgrade = fleet.agents("--limit=b", "--check", "--diff", tag="2").done()
    assert not _writes(upgrade)
    assert "example.test/shipper:2" in upgrade.output
    told = [step for step in upgrade.steps if step.task.startswith("Keep the agent")]
    assert [step.changed for step in told] == [True, False]


def test_restart_by_name_and_by_key(fleet: Fleet) -> None:
    fleet.agents().done()
    before = {one: fleet.pods(one) for one in "abc"}
    exporters = fleet.pods("b", "node-exporter")
    told = fleet.run("restart", "--check", restart_names="shipper").done()
    assert not _writes(told)
    assert {step.host for step in told.steps if step.result.get("changed")} == {*"abc"}
    with PodWatch(fleet.api, fleet.places["a"], "shipper") as seen:
        fleet.run("restart", restart_names=["shipper"], restart_key="job-1").done()
    assert sum(seen.restarts_by_node().values()) == _NODES
    for one in "abc":
        assert not fleet.pods(one) & before[one]
    assert fleet.pods("b", "node-exporter") == exporters
    again = fleet.run("restart", restart_names=["shipper"], restart_key="job-1").done()
    assert not _writes(again)


def test_restart_by_selector(fleet: Fleet) -> None:
    fleet.agents("--limit=b,c").done()
    before = {one: fleet.pods(one, "node-exporter") for one in "bc"}
    shippers = fleet.pods("b")
    fleet.run("restart", restart_selectors="team=metrics", restart_clusters="monitored").done()
    assert fleet.pods("b") == shippers
    for one in "bc":
        assert not fleet.pods(one, "node-exporter") & before[one]
    refused = fleet.run(
        "restart",
        restart_selectors=["team"],
        restart_max_objects=1,
        restart_clusters="b",
    )
    assert refused.code != 0
    assert not _writes(refused)


def test_restart_by_a_selector_that_matches_nothing(fleet: Fleet) -> None:
    fleet.agents("--limit=b").done()
    given = {"restart_selectors": "team=metrics", "restart_serial": 1}
    failed = fleet.run("restart", "--limit=a,b", **given)
    assert failed.code != 0
    # It ends with the first wave.
    (said,) = [step for step in failed.steps if step.status == "failed"]
    assert said.host == "a"
    assert "matches team=metrics" in said.message
    assert not _writes(failed)
    assert fleet.run("restart", "--check", "--limit=a", **given).code != 0
    before = fleet.pods("b", "node-exporter")
    fleet.run("restart", "--limit=a,b", **given, restart_may_match_none=True).done()
    assert not fleet.pods("b", "node-exporter") & before


@pytest.mark.parametrize(
    ("playbook", "variables", "missing"),
    [
        ("restart", {}, "with restart_names or with restart_selectors"),
        (
            "restart",
            {"restart_names": "x", "restart_selectors": "y"},
            "with restart_names or with restart_selectors",
        ),
        ("remove", {"remove_names": ""}, "with remove_names"),
    ],
)
def test_what_is_not_said(
    fleet: Fleet, playbook: str, variables: dict[str, Any], missing: str
) -> None:
    failed = fleet.run(playbook, **variables)
    assert failed.code != 0
    assert missing in failed.output
    assert not failed.requests


@pytest.mark.parametrize(
    ("playbook", "variables"),
    [
        ("node_agents", {"shipper_tag": "1"}),
        ("restart", {"restart_names": "shipper"}),
        ("remove", {"remove_names": "shipper"}),
        ("report", {}),
        ("drift", {"shipper_tag": "1"}),
    ],
)
def test_a_misspelt_variable_leads_to_no_other_cluster(
    fleet: Fleet, playbook: str, variables: dict[str, Any]
) -> None:
    failed = fleet.run(playbook, **variables, cluster_context="of-{{ mispelt }}")
    assert failed.code != 0
    assert "mispelt" in failed.output
    assert not failed.requests


def test_remove_in_waves_with_all_that_belongs_to_them(fleet: Fleet) -> None:
    fleet.agents().done()
    told = fleet.run("remove", "--check", remove_names=["shipper"]).done()
    assert {step.host for step in told.steps if step.result.get("changed")} == {*"abc"}
    assert fleet.names("a") == ["shipper"]
    done = fleet.run("remove", remove_names="shipper", remove_serial=[1, 2]).done()
    assert [fleet.names(one) for one in "abc"] == [[], ["node-exporter"], ["node-exporter"]]
    for one in "abc":
        path = f"/api/v1/namespaces/{fleet.places[one]}/configmaps"
        kept = [item["metadata"]["name"] for item in fleet.api.request("GET", path)["items"]]
        assert "shipper" not in kept
    first = max(request.received for request in fleet.requests(done, "a"))
    later = [request for one in "bc" for request in fleet.requests(done, one)]
    assert min(request.received for request in later) > first
    again = fleet.run("remove", remove_names="shipper").done()
    assert not _writes(again)
    assert not _changed(again)
