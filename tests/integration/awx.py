# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs job templates and workflows with ansible-runner, as AWX does, from the data that sets it up.

What AWX does with these data is rebuilt here as far as the example needs it: credentials become
files, variables and an environment; a sliced job becomes several; a workflow goes along its nodes,
and a branch that it was started with counts for the templates that ask for one.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import yaml

from tests.support import ansible_yaml
from tools.environments.making import environment
from tools.environments.surroundings import surroundings

_KUBERNETES = "OpenShift or Kubernetes API Bearer Token"


def controller(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """All variables of a folder of data for infra.aap_configuration."""
    read: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("*.yml")):
        read |= ansible_yaml.load(path.read_text())
    return read


@dataclass(frozen=True)
class Job:
    """A job that has run."""

    template: str
    code: int
    output: str
    # How many tasks have changed something, by host.
    changed: dict[str, int]


@dataclass
class Awx:
    """A controller with the data of the example. `secrets` are what its credentials name."""

    project: Path
    folder: Path
    secrets: Mapping[str, str]
    data: dict[str, list[dict[str, Any]]] = field(init=False)
    _numbers: Any = field(default_factory=lambda: itertools.count(1), init=False)

    def __post_init__(self) -> None:
        self.data = controller(self.project / "controller")

    def named(self, kind: str, name: str) -> dict[str, Any]:
        """The object of that name."""
        return next(one for one in self.data[kind] if one["name"] == name)

    def launch(
        self, template: str, *, branch: str | None = None, answers: Mapping[str, Any] | None = None
    ) -> list[Job]:
        """Run a job template, with `answers` to its survey: a job for each slice."""
        settings = self.named("controller_templates", template)
        asked = {one["variable"] for one in settings.get("survey_spec", {}).get("spec", [])}
        assert set(answers or {}) <= asked, f"the survey of {template!r} does not ask that"
        own = self.named("controller_projects", settings["project"])["scm_branch"]
        if not settings.get("ask_scm_branch_on_launch"):
            branch = None
        slices = settings.get("job_slice_count", 1)
        # Together, as on different execution nodes.
        with ThreadPoolExecutor(slices) as pool:
            running = [
                pool.submit(self._run, settings, branch or own, answers or {}, (number, slices))
                for number in range(slices)
            ]
            return [one.result() for one in running]

    def workflow(
        self, name: str, *, branch: str, denied: Sequence[str] = (), after: Any = None
    ) -> dict[str, bool]:
        """Go along a workflow; return its nodes as they ran, and whether each went well.

        `after` is called with each node that has run.
        """
        nodes = {
            node["identifier"]: node
            for node in self.named("controller_workflows", name)["simplified_workflow_nodes"]
        }
        targets = {
            target
            for node in nodes.values()
            for way in ("success_nodes", "failure_nodes", "always_nodes")
            for target in node.get(way, [])
        }
        waiting = [one for one in nodes if one not in targets]
        ran: dict[str, bool] = {}
        while waiting:
            one = waiting.pop(0)
            node = nodes[one]
            if "approval_node" in node:
                ran[one] = one not in denied
            else:
                jobs = self.launch(
                    node["unified_job_template"], branch=branch, answers=node.get("extra_data")
                )
                ran[one] = all(job.code == 0 for job in jobs)
            if after:
                after(one)
            outcome = "success_nodes" if ran[one] else "failure_nodes"
            waiting += [*node.get(outcome, []), *node.get("always_nodes", [])]
        return ran

    def _run(
        self,
        settings: Mapping[str, Any],
        branch: str,
        answers: Mapping[str, Any],
        part: tuple[int, int],
    ) -> Job:
        number = next(self._numbers)
        private = self.folder / f"job-{number}"
        seen = private / "env"
        seen.mkdir(parents=True)
        places = [str(self.project), str(private / "project")]
        subprocess.run(["git", "clone", "--quiet", "--branch", branch, *places], check=True)
        self._inventory(settings["inventory"], part, private)
        variables = {**settings.get("extra_vars", {}), **answers}
        # These are in the environment of every job of AWX.
        injected = {"JOB_ID": str(number), "AWX_PRIVATE_DATA_DIR": str(private)}
        for name in settings.get("credentials", []):
            self._inject(self.named("controller_credentials", name), seen, variables, injected)
        options = [f"--forks={settings.get('forks', 5)}"]
        options += ["--check"] * (settings.get("job_type") == "check")
        options += ["--diff"] * bool(settings.get("diff_mode"))
        (seen / "cmdline").write_text(" ".join(options))
        (seen / "extravars").write_text(json.dumps(variables))
        (seen / "envvars").write_text(json.dumps(injected))
        return _runner(settings, private)

    def _inventory(self, name: str, part: tuple[int, int], private: Path) -> None:
        source = next(
            one for one in self.data["controller_inventory_sources"] if one["inventory"] == name
        )
        found = yaml.safe_load((self.project / source["source_path"]).read_text())
        number, slices = part
        for group in found.values():
            chosen = sorted(group["hosts"])[number::slices]
            group["hosts"] = {host: group["hosts"][host] for host in chosen}
        (private / "inventory").mkdir()
        (private / "inventory" / "hosts.yml").write_text(yaml.safe_dump(found))

    def _inject(
        self,
        credential: Mapping[str, Any],
        folder: Path,
        variables: dict[str, Any],
        injected: dict[str, str],
    ) -> None:
        inputs = {
            name: _rendered(value, self.secrets) for name, value in credential["inputs"].items()
        }
        if credential["credential_type"] == _KUBERNETES:
            injected |= _of_kubernetes(inputs, folder)
            return
        kind = self.named("controller_credential_types", credential["credential_type"])
        names = {}
        for key, template in kind["injectors"].get("file", {}).items():
            path = folder / f"file-{key}"
            path.write_text(_rendered(template, inputs))
            path.chmod(0o600)
            names[key.removeprefix("template.")] = str(path)
        known = inputs | {"tower": {"filename": names}}
        for key, template in kind["injectors"].get("extra_vars", {}).items():
            variables[key] = _rendered(template, known)
        for key, template in kind["injectors"].get("env", {}).items():
            injected[key] = _rendered(template, known)


def _of_kubernetes(inputs: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """What AWX's own type for Kubernetes puts into the environment, and nothing else."""
    made = {"K8S_AUTH_HOST": inputs["host"], "K8S_AUTH_API_KEY": inputs["bearer_token"]}
    if not (inputs.get("verify_ssl") and inputs.get("ssl_ca_cert")):
        return made | {"K8S_AUTH_VERIFY_SSL": "False"}
    path = folder / "ca.crt"
    path.write_text(inputs["ssl_ca_cert"])
    return made | {"K8S_AUTH_VERIFY_SSL": "True", "K8S_AUTH_SSL_CA_CERT": str(path)}


def _rendered(value: Any, known: Mapping[str, Any]) -> Any:
    if not isinstance(value, str):
        return value
    return jinja2.Template(value, undefined=jinja2.StrictUndefined).render(known)


def _runner(settings: Mapping[str, Any], private: Path) -> Job:
    venv = environment("runner")
    command = ["run", private, "-p", settings["playbook"], "-i", "one"]
    # Not in the job's own folder: Ansible has a socket there, whose path must be a short one.
    with tempfile.TemporaryDirectory(prefix="job-") as temporary:
        done = subprocess.run(
            [venv / "bin" / "ansible-runner", *command],
            env=surroundings(venv, proxies=False, own_home=True) | {"TMPDIR": temporary},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
    artifacts = private / "artifacts" / "one"
    changed: dict[str, int] = {}
    for path in (artifacts / "job_events").iterdir():
        event = json.loads(path.read_text())
        if event["event"] == "playbook_on_stats":
            told = event["event_data"]
            changed = {host: told["changed"].get(host, 0) for host in told["processed"]}
    assert os.path.exists(artifacts / "rc"), done.stdout + done.stderr
    return Job(settings["name"], done.returncode, (artifacts / "stdout").read_text(), changed)
