# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""examples/awx-project: its job templates and its workflow, run on two clusters."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.integration.api import Api
from tests.integration.awx import Awx
from tests.integration.fleet import fleet, images, kubeconfig
from tools.environments import places
from tools.environments.making import environment

_EXAMPLE = places.CHECKOUT / "examples" / "awx-project"
_FIRST, _SECOND, _THIRD = "v1.12.0", "v1.12.1", "v1.12.2"
_ROLLED_BACK = {"roll-back": True, "tell": False}


@dataclass
class Project:
    """The example as a git repository, the controller that uses it, and its clusters."""

    awx: Awx
    clusters: dict[str, Api]

    def release(self, branch: str, version: str) -> None:
        """Commit another version of the exporter, from main on, as that branch."""
        self._git("checkout", "--quiet", "-B", branch, "main")
        path = self.awx.project / "agents.yml"
        plays = yaml.safe_load(path.read_text())
        plays[0]["vars"] |= {
            "node_exporter_version": version,
            "agents_soak_seconds": 1,
            "node_agent_wait_timeout": 300,
        }
        path.write_text(yaml.safe_dump(plays, sort_keys=False))
        self._git("commit", "--quiet", "--all", "--message", version)
        self._git("checkout", "--quiet", "main")

    def merge(self, branch: str) -> None:
        """Make it what main says."""
        self._git("merge", "--quiet", "--ff-only", branch)

    def versions(self) -> list[Counter[str]]:
        """How many pods of the exporter run which version, for each cluster."""
        return [
            Counter(
                pod["spec"]["containers"][0]["image"].rpartition(":")[2]
                for pod in api.pods("monitoring", "node-exporter")
            )
            for api in self.clusters.values()
        ]

    def _git(self, *arguments: str) -> None:
        whose = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        subprocess.run(["git", *whose, *arguments], cwd=self.awx.project, check=True)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("awx")
    repository = folder / "repository"
    shutil.copytree(_EXAMPLE, repository)
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", repository], check=True)
    with fleet(folder, "east-1", "west-1") as clusters:
        secrets = {"secret_kubeconfig": yaml.safe_dump(kubeconfig(clusters))}
        secrets |= _token(clusters["east-1"])
        made = Project(Awx(repository, folder / "jobs", secrets), clusters)
        made._git("add", ".")
        made._git("commit", "--quiet", "--message", "as it is")
        made.release("first", _FIRST)
        made.merge("first")
        for job in made.awx.launch("Apply agents"):
            assert job.code == 0, job.output
        yield made


def _token(api: Api) -> dict[str, str]:
    """What the credential of one cluster holds: an account's token, as one makes it for AWX."""
    api.kubectl("create", "serviceaccount", "awx", "--namespace=kube-system")
    api.kubectl(
        "create", "clusterrolebinding", "awx", "--clusterrole=cluster-admin",
        "--serviceaccount=kube-system:awx",
    )  # fmt: skip
    config = yaml.safe_load(api.cluster.kubeconfig.read_text())["clusters"][0]["cluster"]
    ca = config.get("certificate-authority-data")
    pem = base64.b64decode(ca).decode() if ca else Path(config["certificate-authority"]).read_text()
    return {
        "secret_east_1_host": api.server,
        "secret_east_1_token": api.kubectl("create", "token", "awx", "-n", "kube-system").strip(),
        "secret_east_1_ca_certificate": pem,
    }


def test_the_slices_are_all_clusters_and_a_second_job_changes_nothing(project: Project) -> None:
    again = project.awx.launch("Apply agents")
    assert [job.changed for job in again] == [{"east-1": 0}, {"west-1": 0}]
    (plan,) = project.awx.launch("Plan agents")
    assert plan.changed == {"east-1": 0, "west-1": 0}
    for api in project.clusters.values():
        assert images(api, "monitoring", "node-exporter") == {f"prom/node-exporter:{_FIRST}"}


def test_a_release_is_planned_approved_tried_on_one_node_and_brought_to_all(
    project: Project,
) -> None:
    project.release("release", _SECOND)
    stood: dict[str, list[Counter[str]]] = {}
    ran = project.awx.workflow(
        "Release agents",
        branch="release",
        after=lambda node: stood.update({node: project.versions()}),
    )
    assert list(ran.items()) == [
        ("plan", True),
        ("approve-plan", True),
        ("first-nodes", True),
        ("approve-first-nodes", True),
        ("all-nodes", True),
    ]
    assert stood["plan"] == [{_FIRST: 2}] * 2
    assert stood["first-nodes"] == [{_FIRST: 1, _SECOND: 1}] * 2
    assert stood["all-nodes"] == [{_SECOND: 2}] * 2
    project.merge("release")


def test_what_is_not_approved_of_after_the_first_nodes_goes_back(project: Project) -> None:
    before = project.versions()
    project.release("release", _THIRD)
    ran = project.awx.workflow("Release agents", branch="release", denied=["approve-first-nodes"])
    assert ran["first-nodes"]
    assert "all-nodes" not in ran
    assert {node: ran[node] for node in _ROLLED_BACK} == _ROLLED_BACK
    assert project.versions() == before
    (plan,) = project.awx.launch("Plan agents")
    assert plan.changed == {"east-1": 0, "west-1": 0}


def test_what_does_not_run_goes_back(project: Project) -> None:
    before = project.versions()
    project.release("release", "simulate-image-pull")
    ran = project.awx.workflow("Release agents", branch="release")
    assert not ran["first-nodes"]
    assert {node: ran[node] for node in _ROLLED_BACK} == _ROLLED_BACK
    assert project.versions() == before


def test_a_plan_that_is_not_approved_of_changes_nothing(project: Project) -> None:
    project.release("release", _THIRD)
    before = project.versions()
    ran = project.awx.workflow("Release agents", branch="release", denied=["approve-plan"])
    assert ran == {"plan": True, "approve-plan": False}
    assert project.versions() == before


def test_the_buttons_for_one_cluster_work_with_the_credential_of_awx(project: Project) -> None:
    east, west = project.clusters["east-1"], project.clusters["west-1"]
    (before,) = project.versions()[0]
    project.release("release", _THIRD)
    assert [job.code for job in project.awx.launch("Apply agents", branch="release")] == [0, 0]
    since, elsewhere = east.mark(), west.mark()
    answers = {"restart_names": "node-exporter", "restart_namespace": "monitoring"}
    (restarted,) = project.awx.launch("Restart a DaemonSet", answers=answers)
    assert restarted.code == 0, restarted.output
    assert restarted.changed == {"cluster": 1}

    answers = {"daemonset_name": "node-exporter", "daemonset_namespace": "monitoring"}
    (back,) = project.awx.launch("Roll a DaemonSet back", answers=answers)
    assert back.code == 0, back.output
    assert back.changed == {"localhost": 1}
    assert project.versions() == [{before: 2}, {_THIRD: 2}]

    ours = [request for request in east.requests(since) if "awx-job=" in request.agent]
    assert any(request.writes for request in ours)
    assert not [request for request in west.requests(elsewhere) if "awx-job=" in request.agent]


def test_no_secret_is_in_what_a_job_prints(project: Project) -> None:
    printed = [path.read_text() for path in project.awx.folder.glob("job-*/artifacts/one/stdout")]
    assert len(printed) > 2
    config = yaml.safe_load(project.awx.secrets["secret_kubeconfig"])
    secrets = [user["user"].get("client-key-data") for user in config["users"]]
    secrets += [user["user"].get("token") for user in config["users"]]
    for secret in [project.awx.secrets["secret_east_1_token"], *filter(None, secrets)]:
        assert not any(secret in text for text in printed)


def test_the_execution_environment_is_one_that_ansible_builder_reads(tmp_path: Path) -> None:
    builder = environment("importer") / "bin" / "ansible-builder"
    path = _EXAMPLE / "execution-environment" / "execution-environment.yml"
    whereto = ["--context", str(tmp_path), "--output-filename", "Containerfile"]
    subprocess.run([str(builder), "create", "--file", str(path), *whereto], check=True)
    steps = (tmp_path / "Containerfile").read_text()
    assert "ansible-galaxy collection install" in steps
    assert "everynode.kubernetes" in (tmp_path / "_build" / "requirements.yml").read_text()
