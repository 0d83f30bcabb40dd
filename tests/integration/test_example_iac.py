# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""examples/iac-repo with three clusters: a release comes to dev, is planned, and is promoted."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.integration.api import Api
from tests.integration.fleet import fleet, images, kubeconfig
from tests.integration.harness import ENVIRONMENT
from tools.environments import places
from tools.environments.surroundings import surroundings

_EXAMPLE = places.CHECKOUT / "examples" / "iac-repo"
_EXPORTER = "DaemonSet monitoring/node-exporter"
_BEFORE, _AFTER = "prom/node-exporter:v1.12.0", "prom/node-exporter:v1.12.1"


@dataclass
class Repository:
    """A copy of the example, and the clusters of its inventory."""

    folder: Path
    kubeconfig: Path
    clusters: dict[str, Api]

    def apply(self, *arguments: str) -> dict[str, int]:
        """Run site.yml, and return how many tasks have changed something, by cluster."""
        more = ("--extra-vars", '{"soak_seconds": 1}')
        done = self._run("ansible-playbook", "site.yml", *more, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return {
            cluster: int(changed)
            for cluster, changed in re.findall(r"^(\S+) +: ok=.* changed=(\d+)", done.stdout, re.M)
        }

    def plan(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the check of a pull request."""
        return self._run("ci/plan.sh", *arguments, **variables)

    def release(self, stage: str, name: str) -> None:
        """Make the one change that brings a stage to a release."""
        path = self.folder / "inventory" / "group_vars" / stage / "release.yml"
        text = path.read_text()
        path.write_text(re.sub(r'^release: ".*"$', f'release: "{name}"', text, flags=re.M))
        assert yaml.safe_load(path.read_text()) == {"release": name}

    def exporters(self) -> dict[str, set[str]]:
        """The images of the exporter's pods, by cluster."""
        found = {
            name: images(api, "monitoring", "node-exporter") for name, api in self.clusters.items()
        }
        return {name: there for name, there in found.items() if there}

    def _run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        seen = surroundings(ENVIRONMENT, proxies=False, own_home=True)
        seen |= {"KUBECONFIG": str(self.kubeconfig), "TMPDIR": str(self.folder)} | variables
        # The settings are those of the repository.
        del seen["ANSIBLE_CONFIG"]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=seen,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    folder = tmp_path_factory.mktemp("repository")
    shutil.copytree(_EXAMPLE, folder / "iac-repo")
    with fleet(folder, "dev-1", "prod-1", "prod-2") as clusters:
        path = folder / "kubeconfig"
        path.write_text(yaml.safe_dump(kubeconfig(clusters)))
        yield Repository(folder / "iac-repo", path, clusters)


def test_a_release_comes_to_dev_and_is_promoted_to_prod(repository: Repository) -> None:
    # As it stands, all clusters have the same release; the second run finds nothing to do.
    assert repository.apply() == {"dev-1": 2, "prod-1": 2, "prod-2": 3}
    assert repository.apply() == {"dev-1": 0, "prod-1": 0, "prod-2": 0}
    nothing = repository.plan()
    assert nothing.stdout == "Nothing changes in dev-1, prod-1, prod-2.\n"
    assert set(repository.exporters()) == {"dev-1", "prod-1", "prod-2"}
    assert repository.clusters["prod-2"].exists("monitoring", "disk-health")
    assert not repository.clusters["prod-1"].exists("monitoring", "disk-health")

    # A new release for dev: the plan says it, and changes nothing.
    repository.release("dev", "2026.11")
    plan = repository.plan()
    assert plan.returncode == 0, plan.stderr
    assert f"| dev-1 | {_EXPORTER} | node-exporter: 2 pods restart, " in plan.stdout
    assert "Nothing changes in prod-1, prod-2." in plan.stdout
    assert _changed_lines(plan.stdout) == [f"-image: {_BEFORE}", f"+image: {_AFTER}"]
    assert set.union(*repository.exporters().values()) == {_BEFORE}
    assert repository.apply("--limit", "dev") == {"dev-1": 1}
    assert repository.exporters() == {"dev-1": {_AFTER}, "prod-1": {_BEFORE}, "prod-2": {_BEFORE}}

    # Promotion: the same one line for prod. Both of its clusters have the same change, shown once.
    repository.release("prod", "2026.11")
    plan = repository.plan()
    assert f"<summary>{_EXPORTER} in prod-1, prod-2</summary>" in plan.stdout
    assert "Nothing changes in dev-1." in plan.stdout
    assert _changed_lines(plan.stdout) == [f"-image: {_BEFORE}", f"+image: {_AFTER}"]
    assert repository.apply() == {"dev-1": 0, "prod-1": 1, "prod-2": 1}
    assert set.union(*repository.exporters().values()) == {_AFTER}
    assert repository.apply() == {"dev-1": 0, "prod-1": 0, "prod-2": 0}


def test_where_a_cluster_cannot_be_asked_the_others_are_planned(repository: Repository) -> None:
    config = yaml.safe_load(repository.kubeconfig.read_text())
    for cluster in config["clusters"]:
        if cluster["name"] == "prod-1":
            cluster["cluster"]["server"] = "https://127.0.0.1:9"
    other = repository.folder / "partial"
    other.write_text(yaml.safe_dump(config))
    posted = repository.folder / "posted.md"
    plan = repository.plan(KUBECONFIG=str(other), PLAN_POST=f"tee {posted}")
    assert plan.returncode != 0
    assert plan.stdout == posted.read_text()
    assert "**prod-1 cannot be planned**" in plan.stdout
    assert "| prod-1 | unknown |" in plan.stdout
    others = re.findall(r"^(?:\| |Nothing changes in ).*\b(dev-1|prod-2)\b", plan.stdout, re.M)
    assert others
    assert "dev-1 cannot be planned" not in plan.stdout


def test_a_plan_that_is_too_long_names_what_it_leaves_out(repository: Repository) -> None:
    told = '{"node_exporter_collectors": {"wifi": true}, "logs_host": "logs.example.org"}'
    plan = repository.plan("--limit", "dev", "--extra-vars", told, PLAN_MAX_CHARACTERS="0")
    assert plan.returncode == 0, plan.stderr
    assert f"\n{_EXPORTER} in dev-1: see the job's log\n" in plan.stdout
    assert "```" not in plan.stdout


def _changed_lines(markdown: str) -> list[str]:
    """The lines of all diffs that are no context."""
    lines = [line for line in markdown.splitlines() if re.match(r"[-+] ", line)]
    return [line[0] + line[1:].strip() for line in lines]
