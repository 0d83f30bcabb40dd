# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook report: what it says of clusters that are well, that are not, and that are away.

The clusters are namespaces of one test cluster, which the inventory names, and one that is dead.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.integration.api import Api, eventually
from tests.integration.harness import ENVIRONMENT, Play, run_in
from tests.integration.manifests import NOWHERE
from tests.integration.verbs import Tasks
from tools.environments import places
from tools.environments.making import environment

_IMAGE = "example.test/agent"
_HOSTILE = "no `such` image | <script>x</script> [a](b) @everyone\n# not a title"
# What a report may never hold.
_SECRET = "hunter2-hunter2"


@dataclass
class Report:
    """A run of the playbook, and what it wrote."""

    play: Play
    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text()

    @property
    def tokens(self) -> list[Token]:
        """It as Markdown is read."""
        return MarkdownIt("commonmark").enable("table").parse(self.text)

    @property
    def titles(self) -> list[str]:
        found = self.tokens
        return [
            f"{token.tag} {found[number + 1].content}"
            for number, token in enumerate(found)
            if token.type == "heading_open"
        ]

    def tables(self) -> list[list[list[str]]]:
        """The rows of each table, as text without its markup."""
        made: list[list[list[str]]] = []
        for token in self.tokens:
            if token.type == "table_open":
                made.append([])
            elif token.type == "tr_open":
                made[-1].append([])
            elif token.type == "inline" and made and made[-1] and token.level > 3:
                made[-1][-1].append(_plain(token))
        return made

    def items(self, title: str) -> list[str]:
        """The items of all lists below a title."""
        found, below = [], False
        for token in self.tokens:
            if token.type == "inline":
                if token.content == title:
                    below = True
                elif below and token.level > 2:
                    found.append(_plain(token))
            elif token.type == "heading_open":
                below = False
        return found


def _plain(inline: Token) -> str:
    return "".join(child.content for child in inline.children or [])


class Fleet:
    """Clusters by name, each a namespace, and the playbook over all of them."""

    def __init__(self, api: Api, folder: Path, places: Mapping[str, str]):
        self.api = api
        self.folder = folder
        self.places = dict(places)
        self.hosts: dict[str, dict[str, Any]] = {
            name: {"report_namespaces": [place]} for name, place in places.items()
        }

    def tasks(self, name: str) -> Tasks:
        return Tasks(self.api, self.places[name])

    def report(self, *arguments: str, where: Path = ENVIRONMENT, **variables: Any) -> Report:
        inventory = {
            "all": {
                "hosts": self.hosts,
                "vars": {"cluster_kubeconfig": str(self.api.cluster.kubeconfig)},
            }
        }
        (self.folder / "clusters.yml").write_text(yaml.safe_dump(inventory, sort_keys=False))
        told = {f"report_{name}": value for name, value in variables.items()}
        play = run_in(
            self.api,
            self.folder,
            [
                "--inventory=clusters.yml",
                "everynode.kubernetes.report",
                f"--extra-vars={json.dumps(told)}",
                *arguments,
            ],
            environment=where,
        )
        return Report(play, self.folder / variables.get("dest", "report.md"))

    def add_dead(self, name: str) -> None:
        """A cluster at a port at which nobody listens."""
        config = yaml.safe_load(self.api.cluster.kubeconfig.read_text())
        config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
        path = self.folder / "dead.kubeconfig"
        path.write_text(yaml.safe_dump(config))
        self.hosts[name] = {"cluster_kubeconfig": str(path)}


@pytest.fixture
def fleet(api: Api, namespaces: Callable[[], str], tmp_path: Path) -> Fleet:
    return Fleet(api, tmp_path, {name: namespaces() for name in ("east", "west")})


def _agent(name: str, tag: str = "1", **more: Any) -> dict[str, Any]:
    """A task with a DaemonSet of that image."""
    image = {"name": "agent", "image": f"{_IMAGE}:{tag}"}
    env = [{"name": "PASSWORD", "value": "first"}]
    return {"name": name, "containers": [{**image, "env": env}], "wait": True, **more}


def _break(tasks: Tasks) -> None:
    """A rollout of an image that nodes 1 and 3 cannot pull."""
    told = {
        "everynode.kubernetes/simulate-on": "node-1,node-3",
        "everynode.kubernetes/simulate-message": _HOSTILE,
    }
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%"}}
    common: dict[str, Any] = {
        "pod_annotations": told,
        "update_strategy": strategy,
        "change_cause": "a | release",
        "node_names": [f"node-{number}" for number in range(4)],
    }
    tasks.ok(**_agent("broken", **common))
    tasks.ok(**_agent("broken", "simulate-image-pull", **common, wait=False))

    def failing() -> bool | None:
        pods = tasks.api.pods(tasks.namespace, "broken")
        waits = [
            status.get("state", {}).get("waiting", {}).get("reason")
            for pod in pods
            for status in pod["status"].get("containerStatuses", [])
        ]
        available = tasks.api.daemonset(tasks.namespace, "broken")["status"].get("numberAvailable")
        return (waits.count("ImagePullBackOff") == 2 and available == 2) or None

    eventually(failing, "two pods cannot pull their image")


def test_it_tells_what_is_in_the_way_on_which_nodes(fleet: Fleet) -> None:
    tasks = fleet.tasks("east")
    tasks.ok(**_agent("good"))
    tasks.ok(**_agent("nowhere", node_selector=NOWHERE))
    _break(tasks)
    found = fleet.report()
    found.play.done()
    assert not [request for request in found.play.requests if request.writes]
    assert found.titles[:2] == ["h1 DaemonSets of 2 clusters", "h2 east"]
    overview, east = found.tables()
    assert overview == [
        ["cluster", "DaemonSets", "ready", "no nodes", "starting", "changed by others"],
        ["east", "3", "1", "1", "1", "0"],
        ["west", "0", "0", "0", "0", "0"],
    ]
    place = fleet.places["east"]
    assert [row[:5] for row in east[1:]] == [
        [f"{place}/broken", "starting", "2 of 4", "2", ""],
        [f"{place}/good", "ready", "5 of 5", "1", ""],
        [f"{place}/nowhere", "no nodes", "0 of 0", "1", ""],
    ]
    assert east[1][5] == f"{_IMAGE}:simulate-image-pull"
    assert found.titles[2:] == [f"h3 {place}/broken: starting", "h2 west"]
    items = found.items(f"{place}/broken: starting")
    cause = next(item for item in items if item.startswith("ImagePull"))
    assert cause.startswith("ImagePull on 2 nodes (node-1, node-3): ")
    # As it is but for the line's end, and nothing of it is markup.
    assert "no `such` image | <script>x</script> [a](b) @everyone # not a title" in cause
    assert any(item.startswith("1 node (node-4), by affinity: ") for item in items)
    assert any(item.startswith("2, current, of ") and "a | release" in item for item in items)
    assert any(item.startswith("1, of ") and f"{_IMAGE}:1" in item for item in items)
    assert not {"html_inline", "html_block", "link_open"} & {
        child.type for token in found.tokens for child in [token, *(token.children or [])]
    }
    assert "There are no DaemonSets." in found.text
    assert "Not well: 1 of 3 DaemonSets. Not asked: 0 of 2 clusters." in found.play.output


def test_what_others_have_changed(fleet: Fleet) -> None:
    tasks = fleet.tasks("west")
    tasks.ok(**_agent("agent"))
    fleet.api.kubectl("set", "image", "ds/agent", f"agent={_IMAGE}:2", "-n", tasks.namespace)
    fleet.api.kubectl("set", "env", "ds/agent", f"PASSWORD={_SECRET}", "-n", tasks.namespace)
    tasks.api.settled(tasks.namespace, "agent")
    found = fleet.report(only_unwell=True)
    found.play.done()
    items = found.items(f"{tasks.namespace}/agent: ready")
    image = next(item for item in items if "containers[agent].image" in item)
    assert f"is {_IMAGE}:2, by kubectl-set at 20" in image
    assert any("PASSWORD" in item for item in items)
    assert "All that may be read is well." in found.text
    assert _SECRET not in found.text
    assert _SECRET not in found.play.output
    # The same in the same state, so a file that is kept in git says what has changed.
    before = found.text
    again = fleet.report(only_unwell=True).play.done()
    assert not again.step("Write the report").changed
    assert found.text == before


def test_rollouts_that_are_held(fleet: Fleet) -> None:
    tasks = fleet.tasks("east")
    for name in ("staged", "paused"):
        tasks.ok(**_agent(name))
    tasks.ok(**_agent("staged", "2", rollout={"stages": [2], "until_stage": 1}))
    tasks.ok(name="paused", state="paused")
    found = fleet.report(clusters="east")
    found.play.done()
    assert found.tables()[0][1] == ["east", "2", "0", "1", "1", "0"]
    assert found.titles[2:] == [
        f"h3 {tasks.namespace}/paused: paused",
        f"h3 {tasks.namespace}/staged: staged",
    ]
    assert "A rollout in stages is holding at stage 1 of" in found.text
    assert "No pod is replaced until state: resumed" in found.text.replace("It is paused: n", "N")


def test_a_cluster_that_is_away_is_in_it(fleet: Fleet) -> None:
    fleet.add_dead("south_|_")
    fleet.hosts["unknown"] = {"cluster_kubeconfig": "/nowhere/config"}
    found = fleet.report()
    found.play.done()
    assert found.tables()[0][3:] == [
        ["south_|_", "not known", *[""] * 2],
        ["unknown", "not known", *[""] * 2],
    ]
    first, second = found.items("Clusters that could not be asked")
    assert first.startswith("south_|_: ")
    assert "127.0.0.1:1" in first
    assert "/nowhere/config" in second
    assert "Not asked: 2 of 4 clusters." in found.play.output

    none = fleet.report("--limit=unknown", where=environment("smoke-oldest"))
    assert none.play.code == 2
    assert "Not asked: 1 of 1 clusters." in none.play.output
    assert "/nowhere/config" in none.text


def _kubeconfig_of(api: Api, user: str) -> str:
    tool = places.CHECKOUT / "tools" / "cluster" / "cluster"
    made = subprocess.run(
        [tool, "kubeconfig", "--name", api.cluster.name, "--user", user],
        check=True,
        capture_output=True,
        text=True,
    )
    return made.stdout.strip()


def test_namespaces_that_may_not_be_read_are_told(api: Api, fleet: Fleet) -> None:
    tasks = fleet.tasks("east")
    _break(tasks)
    rules = [
        {
            "apiGroups": ["apps"],
            "resources": ["daemonsets"],
            "verbs": ["get", "list"],
        }
    ]
    api.user_with(rules, tasks.namespace, "reporter")
    path = _kubeconfig_of(api, "reporter")
    fleet.hosts = {
        "east": {
            "cluster_kubeconfig": path,
            "report_namespaces": [tasks.namespace, fleet.places["west"]],
        }
    }
    found = fleet.report()
    found.play.done()
    assert "not exist" not in found.text
    assert f"1 namespace may not be read: {fleet.places['west']}" in found.text
    # Revisions may not be read either.
    assert found.tables()[1][1][:4] == [f"{tasks.namespace}/broken", "starting", "2 of 4", "?"]
    items = found.items(f"{tasks.namespace}/broken: starting")
    assert any("nodes" in item and "may not" in item for item in items), items


def test_namespaces_that_do_not_exist_are_told(fleet: Fleet) -> None:
    there = fleet.places["east"]
    fleet.hosts["east"]["report_namespaces"] = [there, "no-such-one"]
    fleet.hosts["west"]["report_namespaces"] = "no-such-either"
    found = fleet.report(only_unwell=True)
    found.play.done()
    assert found.titles == ["h1 DaemonSets of 2 clusters", "h2 east", "h2 west"]
    assert "1 namespace does not exist: no-such-one\n" in found.text
    assert "1 namespace does not exist: no-such-either\n" in found.text
    assert there not in found.text


def test_selected_bounded_and_elsewhere(fleet: Fleet) -> None:
    tasks = fleet.tasks("east")
    for name in ("a", "b", "c"):
        tasks.ok(**_agent(name, labels={"tier": "node"}, node_selector=NOWHERE))
    tasks.ok(**_agent("d", node_selector=NOWHERE))
    found = fleet.report(
        label_selectors=["tier=node"], max_daemonsets=2, clusters="east", dest="here/and.md"
    )
    assert found.play.code != 0
    found = fleet.report(
        label_selectors="tier=node", max_daemonsets=2, clusters="east", dest="other.md"
    )
    found.play.done()
    assert [row[0].rpartition("/")[2] for row in found.tables()[1][1:]] == ["a", "b"]
    assert "1 other is not shown." in found.text
    # With check mode nothing is written, not even the file.
    checked = fleet.report("--check", "--diff", dest="third.md")
    checked.play.done()
    assert not checked.path.exists()
    assert "With --check nothing was written to" in checked.play.output
    assert "DaemonSets of 2 clusters" in checked.play.output


def test_without_an_inventory_it_is_the_cluster_of_the_kubeconfig(
    api: Api, fleet: Fleet, tmp_path: Path
) -> None:
    told = {"report_clusters": "localhost", "report_namespaces": fleet.places["east"]}
    run_in(
        api,
        tmp_path,
        ["everynode.kubernetes.report", f"--extra-vars={json.dumps(told)}"],
        variables={"KUBECONFIG": str(api.cluster.kubeconfig)},
    ).done()
    text = (tmp_path / "report.md").read_text()
    assert text.startswith("# DaemonSets of 1 cluster\n")
    assert "| localhost | 0 | 0 | 0 |" in text


def test_it_is_handed_on_and_works_with_the_oldest_ansible(fleet: Fleet) -> None:
    tasks = fleet.tasks("east")
    _break(tasks)
    newest = fleet.report(hand_on=True)
    newest.play.done()
    handed = newest.play.step("Hand it on to the next job of a workflow").result
    assert handed["ansible_stats"]["data"]["everynode_report"] == newest.text
    oldest = fleet.report(dest="oldest.md", where=environment("smoke-oldest"))
    oldest.play.done()
    assert oldest.text == newest.text
