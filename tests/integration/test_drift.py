# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook drift: what differs in each cluster of a fleet, and who has changed it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from tests.integration.api import Api
from tests.integration.harness import Play
from tests.integration.test_fleet import Fleet
from tools.environments.making import environment

_IMAGE = "spec.template.spec.containers[shipper].image"


class Drift(Fleet):
    """The fleet, and what the playbook drift says of it."""

    def __init__(self, api: Api, places: dict[str, str], folder: Path):
        super().__init__(api, places)
        self.folder = folder
        self._far: dict[str, Any] = {}

    def drift(self, *arguments: str, **variables: Any) -> Play:
        """Run the playbook; its files are in the test's folder."""
        variables = {"shipper_tag": "1", "drift_dest": str(self.folder / "found.md"), **variables}
        done = self.run("drift", *arguments, **variables)
        # A trial of a deletion is told from one by its body, which the audit log does not have.
        assert {request.verb for request in done.requests if request.writes} <= {"delete"}
        return done

    def add_far_host(self, name: str) -> None:
        """Add a host to the inventory at which nobody listens."""
        self._far[name] = {
            "ansible_connection": "ssh",
            "ansible_host": "127.0.0.1",
            "ansible_port": 1,
        }

    def _inventory(self) -> dict[str, Any]:
        found = super()._inventory()
        found["all"]["hosts"] |= self._far
        return found

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "found.json").read_text())
        return found

    @property
    def markdown(self) -> str:
        return (self.folder / "found.md").read_text()

    def agents_of(self, cluster: str) -> dict[str, dict[str, Any]]:
        """What the report says of each agent of a cluster."""
        (found,) = [one for one in self.report["clusters"] if one["cluster"] == cluster]
        return {agent["role"]: agent for agent in found["agents"]}

    def states(self) -> dict[str, str]:
        return {one["cluster"]: one["status"] for one in self.report["clusters"]}

    def kubectl(self, cluster: str, *arguments: str) -> str:
        return self.api.kubectl("-n", self.places[cluster], *arguments)


@pytest.fixture
def fleet(api: Api, namespaces: Callable[[], str], tmp_path: Path) -> Drift:
    made = Drift(api, {name: namespaces() for name in ("a", "b", "c")}, tmp_path)
    made.agents(serial=[3]).done()
    return made


def _summary(play: Play) -> str:
    (last,) = [step for step in play.steps if step.task == "Tell how it is"]
    return last.message


def test_nothing_differs(fleet: Drift) -> None:
    done = fleet.drift().done()
    assert _summary(done).startswith("As wanted: 3 of 3 clusters.")
    assert fleet.states() == dict.fromkeys("abc", "same")
    assert fleet.report["totals"] == {
        "clusters": 3,
        "as_wanted": 3,
        "differing": 0,
        "not_checked": 0,
        "changes": 0,
        "set_by_others": 0,
    }
    assert [*fleet.agents_of("b")] == ["node_agent", "node_exporter"]
    first = fleet.markdown
    assert "| a | as wanted | 1 |" in first
    other = fleet.folder / "other.md"
    checked = fleet.drift("--check", "--diff", drift_dest=str(other)).done()
    assert "| a | as wanted | 1 |" in checked.output
    assert "It is all in" not in _summary(checked)
    assert not other.exists()
    assert not other.with_suffix(".json").exists()
    assert fleet.markdown == first


def test_what_others_have_changed(fleet: Drift) -> None:
    fleet.kubectl(
        "a",
        "set",
        "image",
        "daemonset/shipper",
        "shipper=example.test/shipper:hot|fix",
        "--field-manager=hotfix",
    )
    fleet.kubectl("a", "label", "daemonset/shipper", "--overwrite", "team=night")
    config = {"data": {"level": "debug"}}
    fleet.kubectl("b", "patch", "configmap", "shipper", "-p", json.dumps(config))
    fleet.kubectl("c", "delete", "daemonset", "node-exporter")
    fleet.kubectl("c", "annotate", "daemonset/shipper", "seen=x")
    fleet.kubectl("c", "delete", "configmap", "shipper")
    done = fleet.drift()
    assert done.code == 2
    assert fleet.states() == dict.fromkeys("abc", "differs")

    shipper = fleet.agents_of("a")["node_agent"]
    entries = fleet.api.daemonset(fleet.places["a"], "shipper")["metadata"]["managedFields"]
    times = {entry["manager"]: entry["time"] for entry in entries}
    told = {one["field"]: one for one in shipper["changes"]}
    assert told[_IMAGE]["manager"] == "hotfix"
    assert told[_IMAGE]["after"] == "example.test/shipper:1"
    assert told[_IMAGE]["changed_at"] == times["hotfix"]
    assert (told["metadata.labels.team"]["before"], told["metadata.labels.team"]["after"]) == (
        "night",
        "logging",
    )
    assert told["metadata.labels.team"]["manager"] == "kubectl-label"
    assert len(told) == 2
    assert not shipper["set_by_others"]

    found = fleet.agents_of("b")
    assert [(one["object"], one["field"]) for one in found["node_agent"]["changes"]] == [
        (f"ConfigMap {fleet.places['b']}/shipper", "data.level")
    ]
    assert found["node_exporter"]["status"] == "same"

    found = fleet.agents_of("c")
    assert found["node_exporter"]["status"] == "missing"
    assert [one["change"] for one in found["node_exporter"]["changes"]] == ["created"]
    assert found["node_agent"]["status"] == "differs"
    assert [(one["object"], one["change"]) for one in found["node_agent"]["changes"]] == [
        (f"ConfigMap {fleet.places['c']}/shipper", "created")
    ]
    assert [(one["field"], one["manager"]) for one in found["node_agent"]["set_by_others"]] == [
        ("metadata.annotations.seen", "kubectl-annotate")
    ]
    assert fleet.report["totals"]["changes"] == 5
    summary = _summary(done)
    assert "As wanted: 0 of 3 clusters." in summary
    assert "Different (5 changes): a, b, c." in summary
    assert f"`ConfigMap {fleet.places['c']}/shipper` is missing." in fleet.markdown
    assert f"`DaemonSet {fleet.places['c']}/node-exporter` is missing." in fleet.markdown
    assert "example.test/shipper:hot\\|fix" in fleet.markdown


def test_what_others_add_counts_where_that_is_asked_for(fleet: Drift) -> None:
    fleet.kubectl("a", "annotate", "daemonset/shipper", "seen=x")
    fleet.drift("--limit=a").done()
    assert "metadata.annotations.seen" in fleet.markdown
    assert fleet.drift("--limit=a", drift_strict=True).code == 2
    assert fleet.states() == {"a": "differs"}


def test_clusters_that_cannot_be_asked_hide_no_other(fleet: Drift) -> None:
    fleet.kubectl("c", "label", "daemonset/shipper", "--overwrite", "team=night")
    fleet.dead = {"a", "b"}
    done = fleet.drift()
    assert done.code == 2
    assert fleet.states() == {"a": "not_checked", "b": "not_checked", "c": "differs"}
    assert "127.0.0.1:1" in fleet.agents_of("a")["node_agent"]["why"]
    # It is not tried again with each agent.
    assert "see above" in fleet.agents_of("b")["node_exporter"]["why"]
    assert "Not checked, or not all of it: a, b." in _summary(done)
    assert fleet.report["totals"]["not_checked"] == 2


def test_one_agent_that_cannot_be_checked_hides_no_other(fleet: Drift) -> None:
    done = fleet.drift("--limit=b", "--extra-vars={'node_exporter_port': 99999999}")
    assert done.code == 2
    found = fleet.agents_of("b")
    assert found["node_exporter"]["status"] == "not_checked"
    assert "port" in found["node_exporter"]["why"]
    assert found["node_agent"]["status"] == "same"


def test_a_newer_version_that_is_not_there_yet(fleet: Drift) -> None:
    assert fleet.drift("--limit=a", shipper_tag="2").code == 2
    (change,) = fleet.agents_of("a")["node_agent"]["changes"]
    assert (change["field"], change["manager"]) == (_IMAGE, "everynode")
    assert (change["before"], change["after"]) == (
        "example.test/shipper:1",
        "example.test/shipper:2",
    )


def test_variables_and_tags(fleet: Drift, tmp_path: Path) -> None:
    fleet.kubectl("b", "delete", "daemonset", "shipper")
    done = fleet.drift("--skip-tags=write", node_agents_clusters="b")
    assert done.code == 2
    assert not list(tmp_path.iterdir())
    fleet.drift(node_agents_clusters="monitored:!c", node_agents_only=["node_exporter"]).done()
    assert fleet.states() == {"b": "same"}
    nothing = fleet.drift(node_agents_only=["no_exporter"])
    assert nothing.code == 2
    assert "No list names an agent to check." in _summary(nothing)
    assert fleet.drift("--tags=check", node_agents_clusters="b").code == 2
    assert fleet.states() == {"b": "differs"}


def test_a_host_that_is_not_reached(fleet: Drift) -> None:
    fleet.add_far_host("0-far")
    assert fleet.drift("--limit=0-far,a").code == 2
    assert fleet.states() == {"0-far": "not_checked", "a": "same"}
    assert "ssh" in fleet.agents_of("0-far")["node_agent"]["why"]


def test_lists_that_are_wrong(fleet: Drift) -> None:
    assert fleet.drift("--extra-vars=node_agents='{{ nowhere }}'").code == 2
    assert fleet.states() == dict.fromkeys("abc", "not_checked")
    assert "nowhere" in fleet.report["clusters"][0]["why"]


def test_what_others_wrote_is_shown_as_it_is_by_the_oldest_ansible_too(fleet: Drift) -> None:
    hostile = "{{ 1 + 1 }} | `x` <b>\n# no title @everyone ${HOME}"
    patch = {"data": {"level": hostile, "7": "more"}}
    fleet.kubectl("a", "patch", "configmap", "shipper", "-p", json.dumps(patch))
    wrong = {"node_exporter_port": 99999999}
    found = []
    for where in (fleet.where, environment("smoke-oldest")):
        fleet.where = where
        assert fleet.drift(**wrong).code == 2
        found.append((fleet.report, fleet.markdown))
    assert found[0] == found[1]
    changes = {one["field"]: one for one in fleet.agents_of("a")["node_agent"]["changes"]}
    assert changes["data.level"]["before"] == hostile
    assert fleet.states() == {"a": "differs", "b": "not_checked", "c": "not_checked"}
    assert fleet.markdown.startswith("# ")
    titles = [line for line in fleet.markdown.splitlines() if line.startswith("#")]
    assert titles == [
        "# Drift of 3 clusters",
        "## a",
        "### `node_agent` (shipper): differs",
        "## b",
        "### `node_exporter` (node-exporter): not checked",
        "## c",
        "### `node_exporter` (node-exporter): not checked",
    ]
    tables = MarkdownIt("commonmark").enable("table").parse(fleet.markdown)
    cells = [token.content for token in tables if token.type == "inline"]
    assert "``{{ 1 + 1 }} | `x` <b> # no title @everyone ${HOME}``" in cells


def test_a_variant_that_is_wanted_no_more(fleet: Drift) -> None:
    label = {"node_exporter_variant_label": "example.test/size"}
    small = {"name": "small", "values": ["small"]}
    told = {**label, "node_exporter_variants": [small]}
    fleet.run("node_agents", "--limit=b", shipper_tag="1", **told).done()
    fleet.drift("--limit=b", **told).done()
    assert fleet.drift("--limit=b", **label).code == 2
    changes = fleet.agents_of("b")["node_exporter"]["changes"]
    assert [one["object"].split("/")[-1] for one in changes if one["change"] == "deleted"] == [
        "node-exporter-small"
    ]
    assert "is not wanted any more." in fleet.markdown
    assert "node-exporter-small" in fleet.names("b")
