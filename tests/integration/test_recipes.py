# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each recipe does what it promises, taken from its page and run on real control planes."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.integration.api import MERGE, Api, RefusedByServerError, Request, eventually, uids
from tests.integration.awx import Awx
from tests.integration.fleet import fleet, kubeconfig
from tests.integration.harness import Play
from tests.integration.manifests import simple
from tests.integration.pod_watch import PodWatch
from tests.integration.recipes import Recipe, recipe, titles
from tools.environments import places

_CANARY = "A canary, and somebody who approves of it"
_WAVES = "Several clusters in waves"
_ROTATION = "Restart when a secret is rotated"
_LOGS = "Logs of what went wrong"
_DRIFT = "A nightly look for drift"
_NODES = [f"node-{number}" for number in range(5)]
_SHIPPER = ("logging", "log-shipper")
# The page soaks for a minute.
_SOAKED = ("-esoak_seconds=1",)


@pytest.fixture
def logging(api: Api) -> Iterator[str]:
    """The namespace of the recipes, which is gone again before the next one."""
    (name, _daemonset) = _SHIPPER
    api.add_namespace(name)
    yield name
    api.remove_namespace(name)

    def gone() -> bool | None:
        try:
            api.request("GET", f"/api/v1/namespaces/{name}")
        except RefusedByServerError as error:
            return error.status == 404
        return None

    eventually(gone, f"namespace {name} is gone", within=300)


def _versions(api: Api) -> dict[str, str]:
    """Which version of the shipper each node has."""
    return {
        pod["spec"]["nodeName"]: pod["spec"]["containers"][0]["image"].rpartition(":")[2]
        for pod in api.pods(*_SHIPPER)
    }


def _writes(play: Play) -> list[Request]:
    return [request for request in play.requests if request.writes]


def _changed(play: Play) -> list[str]:
    return [step.task for step in play.steps if step.result.get("changed")]


def test_every_recipe_is_run() -> None:
    assert titles() == [_CANARY, _WAVES, _ROTATION, _LOGS, _DRIFT]


@pytest.fixture
def canaries(api: Api) -> Iterator[set[str]]:
    """Two nodes of the pool for canaries."""
    chosen = {"node-1", "node-3"}
    for value in ("canary", None):
        for node in chosen:
            body = {"metadata": {"labels": {"pool": value}}}
            api.request("PATCH", f"/api/v1/nodes/{node}", body=body, kind=MERGE)
        if value:
            yield chosen


@pytest.fixture
def canary(api: Api, logging: str, canaries: set[str], tmp_path: Path) -> Recipe:
    """The recipe, whose commands bring 1.4.3 where 1.4.2 is now."""
    made = recipe(_CANARY, tmp_path, api)
    made.run(made.commands[0], "-eshipper_version=1.4.2").done()
    api.settled(*_SHIPPER)
    assert _versions(api) == dict.fromkeys(_NODES, "1.4.2")
    return made


def test_the_canary_waits_for_an_approval(api: Api, canary: Recipe, canaries: set[str]) -> None:
    first, approved, _back = canary.commands
    with PodWatch(api, *_SHIPPER) as seen:
        held = canary.run(first, *_SOAKED).done()
        assert seen.restarts_by_node() == dict.fromkeys(canaries, 1)
        assert "stage 1 of" in held.output
        # The others keep theirs, and it may be run again.
        again = canary.run(first, *_SOAKED).done()
        assert not _changed(again)
        assert not _writes(again)
        canary.run(approved, *_SOAKED).done()
    assert seen.restarts_by_node() == dict.fromkeys(_NODES, 1)
    assert _versions(api) == dict.fromkeys(_NODES, "1.4.3")
    assert not _changed(canary.run(approved, *_SOAKED).done())


def test_a_canary_that_is_not_approved_of_goes_back(
    api: Api, canary: Recipe, canaries: set[str]
) -> None:
    first, _approved, back = canary.commands
    with PodWatch(api, *_SHIPPER) as seen:
        canary.run(first, *_SOAKED).done()
        canary.run(back).done()
    assert seen.restarts_by_node() == dict.fromkeys(canaries, 2)
    assert _versions(api) == dict.fromkeys(_NODES, "1.4.2")


def test_a_canary_that_is_not_well_goes_back_by_itself(
    api: Api, canary: Recipe, canaries: set[str]
) -> None:
    first = canary.commands[0]
    with PodWatch(api, *_SHIPPER) as seen:
        failed = canary.run(first, *_SOAKED, "-eshipper_version=simulate-image-pull")
    assert failed.code != 0
    assert "ImagePull on" in failed.output
    assert seen.restarted_nodes() <= canaries
    assert _versions(api) == dict.fromkeys(_NODES, "1.4.2")


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Api]]:
    """Control planes for all clusters of the inventory but one."""
    with fleet(tmp_path_factory.mktemp("fleet"), "test-1", "east-1", "west-1") as made:
        yield made


def _config(clusters: Mapping[str, Api], away: Collection[str] = ()) -> str:
    """A kubeconfig with a context for each cluster, of which some do not answer."""
    config = kubeconfig(clusters)
    for cluster in config["clusters"]:
        if cluster["name"] in away:
            # Nobody listens at this port.
            cluster["cluster"] = {"server": "https://127.0.0.1:1"}
    return yaml.safe_dump(config)


@dataclass
class Waves:
    """The recipe of the waves, and its clusters in the order of the inventory."""

    made: Recipe
    clusters: dict[str, Api]

    def run(self, command: str, *more: str, away: Collection[str] = ()) -> Play:
        """Run a command of the page, without the minutes between its waves."""
        self.made.kubeconfig.write_text(_config(self.clusters, away))
        return self.made.run(command, "-enode_agents_soak_seconds=1", *more)

    def having(self, version: str) -> list[str]:
        """The clusters all of whose nodes run that version."""
        return [
            name
            for name, api in self.clusters.items()
            if api.exists(*_SHIPPER) and set(_versions(api).values()) == {version}
        ]


@pytest.fixture
def waves(api: Api, logging: str, others: dict[str, Api], tmp_path: Path) -> Waves:
    clusters = {name: others.get(name, api) for name in ("test-1", "east-1", "east-2", "west-1")}
    return Waves(recipe(_WAVES, tmp_path, api, tmp_path / "kubeconfig"), clusters)


def test_clusters_go_in_waves(waves: Waves) -> None:
    plan, go = waves.made.commands
    marks = {name: api.mark() for name, api in waves.clusters.items()}
    waves.run(plan).done()
    assert not waves.having("1.4.2")
    done = waves.run(go).done()
    assert waves.having("1.4.2") == list(waves.clusters)
    asked = {
        name: api.requests(marks[name], agent=f"awx-job={done.job}")
        for name, api in waves.clusters.items()
    }
    order = [["test-1"], ["east-1", "east-2"], ["west-1"]]
    for earlier, later in itertools.pairwise(order):
        last = max(request.received for name in earlier for request in asked[name])
        assert last < min(request.received for name in later for request in asked[name])
    assert not _changed(waves.run(go).done())


@pytest.mark.parametrize(
    ("away", "version", "having"),
    [
        (["east-1"], "1.4.3", ["test-1", "east-2", "west-1"]),
        (["east-1", "east-2"], "1.4.4", ["test-1"]),
        (["test-1"], "1.4.5", []),
    ],
)
def test_waves_go_on_only_while_few_enough_clusters_fail(
    waves: Waves, away: list[str], version: str, having: list[str]
) -> None:
    go = waves.made.commands[1]
    release = f"-eshipper_version={version}"
    failed = waves.run(go, release, away=away)
    assert failed.code != 0
    assert sorted(step.host for step in failed.steps if step.status == "failed") == away
    assert waves.having(version) == having
    again = waves.run(go, release).done()
    assert {step.host for step in again.steps if step.result.get("changed")} == (
        set(waves.clusters) - set(having)
    )
    assert waves.having(version) == list(waves.clusters)


@pytest.fixture
def rotation(api: Api, logging: str, tmp_path: Path) -> Recipe:
    return recipe(_ROTATION, tmp_path, api)


def test_a_secret_of_the_task_restarts_the_pods_by_itself(api: Api, rotation: Recipe) -> None:
    ours = rotation.commands[0]

    def run(token: str) -> Play:
        return rotation.run(ours, variables={"SHIPPER_TOKEN": token}).done()

    run("token-one")
    before = uids(api.pods(*_SHIPPER))
    assert not _changed(run("token-one"))
    assert uids(api.pods(*_SHIPPER)) == before
    done = run("token-two")
    assert not uids(api.pods(*_SHIPPER)) & before
    assert "token-two" not in done.output


def _secret(api: Api, token: str) -> None:
    """What an operator does: write the Secret anew."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "shipper-token", "namespace": _SHIPPER[0]},
        "stringData": {"TOKEN": token},
    }
    api.kubectl("apply", "--server-side", "-f", "-", stdin=secret)


@pytest.fixture
def fed(api: Api, logging: str) -> None:
    """The shipper with a Secret that is none of its task's."""
    _secret(api, "token-one")
    manifest = simple("log-shipper", logging)
    manifest["metadata"]["labels"] = {"uses": "shipper-token"}
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    container["envFrom"] = [{"secretRef": {"name": "shipper-token"}}]
    api.apply(manifest, "somebody")
    api.settled(*_SHIPPER)


def test_a_secret_of_somebody_else_restarts_the_pods_once(
    api: Api, fed: None, rotation: Recipe
) -> None:
    job = rotation.commands[1]
    rotation.run(job).done()
    for token, restarts in (("token-one", 0), ("token-two", 1)):
        _secret(api, token)
        with PodWatch(api, *_SHIPPER) as seen:
            first = rotation.run(job).done()
            again = rotation.run(job).done()
        assert seen.restarts_by_node() == (dict.fromkeys(_NODES, 1) if restarts else {})
        assert bool(_changed(first)) == bool(restarts)
        assert not _changed(again)
        assert not _writes(again)
        assert token not in first.output + json.dumps([step.result for step in first.steps])


def test_a_secret_that_is_not_there_is_told(api: Api, fed: None, rotation: Recipe) -> None:
    api.request("DELETE", "/api/v1/namespaces/logging/secrets/shipper-token")
    failed = rotation.run(rotation.commands[1])
    assert failed.code != 0
    assert not _writes(failed)


def test_whoever_rotates_restarts_by_a_label(api: Api, fed: None, rotation: Recipe) -> None:
    last = rotation.commands[2]
    with PodWatch(api, *_SHIPPER) as seen:
        rotation.run(last).done()
        assert not _changed(rotation.run(last).done())
    assert seen.restarts_by_node() == dict.fromkeys(_NODES, 1)


def test_the_logs_of_what_went_wrong_are_kept(api: Api, logging: str, tmp_path: Path) -> None:
    made = recipe(_LOGS, tmp_path, api)
    go = made.commands[0]
    made.run(go, "-eshipper_version=1.4.2").done()
    api.settled(*_SHIPPER)
    folder = tmp_path / "logs"
    made.run(go).done()
    assert not folder.exists()
    with PodWatch(api, *_SHIPPER) as seen:
        failed = made.run(go, "-eshipper_version=simulate-crash-loop")
    assert failed.code != 0
    assert "CrashLoop on" in failed.step("End with the reasons").message
    nodes = seen.restarted_nodes()
    assert len(nodes) == 1
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        f"{node}.shipper{which}.log" for node in nodes for which in ("", ".previous")
    )
    assert all(path.read_text() for path in folder.iterdir())
    # It went back, and nowhere else.
    assert _versions(api) == dict.fromkeys(_NODES, "1.4.3")


@dataclass
class Nightly:
    """The recipe for drift, whose clusters have what is wanted."""

    made: Recipe
    clusters: dict[str, Api]

    def reach(self, *, away: Collection[str] = ()) -> None:
        """Write the kubeconfig, for all clusters but those."""
        self.made.kubeconfig.write_text(_config(self.clusters, away))

    def marks(self) -> dict[str, int]:
        return {name: api.mark() for name, api in self.clusters.items()}

    def written(self, since: dict[str, int]) -> list[Request]:
        """What anybody of ours has written to the clusters since then."""
        return [
            request
            for name, api in self.clusters.items()
            for request in api.requests(since[name])
            if request.writes
        ]


@pytest.fixture
def nightly(others: dict[str, Api], tmp_path: Path) -> Nightly:
    for api in others.values():
        # What an earlier test had there may belong to others by now.
        api.kubectl("delete", "ds/log-shipper", "-n", "logging", "--ignore-not-found")
    made = recipe(_DRIFT, tmp_path, others["east-1"], tmp_path / "kubeconfig")
    found = Nightly(made, others)
    found.reach()
    made.run(made.commands[0]).done()
    return found


def test_drift_is_mailed_the_next_morning(nightly: Nightly) -> None:
    made, (job,) = nightly.made, nightly.made.jobs
    marks = nightly.marks()
    assert made.mailed(job) == ""
    image = "shipper=example/log-shipper:by-hand"
    nightly.clusters["east-1"].kubectl("set", "image", "ds/log-shipper", image, "-n", "logging")
    mail = made.mailed(job)
    assert "spec.template.spec.containers[shipper].image" in mail
    assert "by-hand" in mail
    assert "kubectl-set" in mail
    assert made.run(made.commands[1]).code == 2
    nightly.reach(away=["west-1"])
    assert "127.0.0.1:1" in made.mailed(job)
    assert not nightly.written(marks)


def test_what_has_drifted_is_brought_back(nightly: Nightly) -> None:
    made = nightly.made
    image = "shipper=example/log-shipper:by-hand"
    nightly.clusters["east-1"].kubectl("set", "image", "ds/log-shipper", image, "-n", "logging")
    refused = made.run(made.commands[0])
    assert refused.code != 0
    assert "force_conflicts" in refused.output
    inventory = made.folder / "clusters.yml"
    wanted = inventory.read_text()
    inventory.write_text(
        wanted.replace("settings:\n", "settings:\n          force_conflicts: true\n")
    )
    made.run(made.commands[0]).done()
    inventory.write_text(wanted)
    made.run(made.commands[1]).done()


def test_drift_is_looked_for_by_awx(nightly: Nightly, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(places.CHECKOUT / "examples" / "awx-project", project)
    # The recipe's own in place of these.
    for name in ("templates", "schedules", "workflows"):
        (project / "controller" / f"{name}.yml").unlink()
    for name in ("clusters.yml", "drift.yml", "controller/drift.yml"):
        shutil.copy(nightly.made.folder / name, project / name)
    whose = "-c user.name=test -c user.email=test@example.com"
    for command in ("init --quiet --initial-branch=main", "add .", f"{whose} commit -qm all"):
        subprocess.run(["git", *command.split()], cwd=project, check=True)
    awx = Awx(project, tmp_path / "jobs", {"secret_kubeconfig": _config(nightly.clusters)})
    for source in awx.data["controller_inventory_sources"]:
        source["source_path"] = "clusters.yml"
    (schedule,) = awx.data["controller_schedules"]
    (well,) = awx.launch(schedule["unified_job_template"])
    assert well.code == 0, well.output
    image = "shipper=example/log-shipper:by-hand"
    nightly.clusters["west-1"].kubectl("set", "image", "ds/log-shipper", image, "-n", "logging")
    (differs,) = awx.launch(schedule["unified_job_template"])
    assert differs.code == 2
    assert "Different (1 change): west-1" in differs.output
