# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of the README do what they promise, and touch nobody's cluster."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tools.environments import places
from tools.environments.interpreters import interpreters
from tools.environments.surroundings import surroundings
from tools.environments.table import ENVIRONMENTS, Environment
from tools.gates.table import GATES

_CLUSTERS = {
    "KUBECONFIG": "/nowhere/kubeconfig",
    "K8S_AUTH_HOST": "https://nowhere.invalid",
    "K8S_AUTH_API_KEY": "secret",
    "KUBERNETES_SERVICE_HOST": "192.0.2.1",
}
_PROXIES = {"HTTPS_PROXY": "http://nowhere.invalid", "no_proxy": "*", "http_proxy": "http://x"}


def _would_run(*arguments: str, **variables: str) -> str:
    """What make would run, without running it."""
    done = subprocess.run(
        ["make", "--dry-run", *arguments],
        cwd=places.CHECKOUT,
        env={**os.environ, **variables},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def test_an_exported_kubeconfig_is_not_touched() -> None:
    for command in ("demo", "test", "bench"):
        assert "mine.yaml" not in _would_run(command, KUBECONFIG="mine.yaml")


def test_a_typed_kubeconfig_is_the_users_wish() -> None:
    would = _would_run("demo", "KUBECONFIG=my own.yaml", KUBECONFIG="other.yaml")
    assert '--kubeconfig "my own.yaml"' in would
    assert "tools/cluster/cluster build" not in would


def test_the_build_server_calls_what_the_readme_names() -> None:
    script = (places.CHECKOUT / ".ci" / "run").read_text()
    assert "make test" in script
    assert "make test" in (places.CHECKOUT / "README.md").read_text()


def test_make_knows_every_gate() -> None:
    for gate in GATES:
        assert f"tools.gates {gate.name}" in _would_run(gate.name)


def test_nothing_leads_to_a_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in (_CLUSTERS | _PROXIES).items():
        monkeypatch.setenv(name, value)
    strict = surroundings(tmp_path, proxies=False, own_home=True)
    assert not {*_CLUSTERS, *_PROXIES} & {*strict}
    assert Path(strict["HOME"]).is_relative_to(places.cache())
    with_proxies = surroundings(tmp_path, proxies=True, own_home=False)
    assert {*_PROXIES} <= {*with_proxies}
    assert not {*_CLUSTERS} & {*with_proxies}


def test_the_users_own_settings_for_ansible_do_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANSIBLE_STRATEGY", "free")
    seen = surroundings(tmp_path, proxies=False, own_home=False)
    assert "ANSIBLE_STRATEGY" not in seen
    assert Path(seen["ANSIBLE_CONFIG"]).read_text() == "[defaults]\n"


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=lambda each: each.name)
def test_requirements_are_pinned(environment: Environment) -> None:
    file = places.CHECKOUT / environment.requirements
    lines = [line.split("#")[0].strip() for line in file.read_text().splitlines()]
    assert [line for line in lines if line and "==" not in line] == []


def test_every_interpreter_that_is_found_runs() -> None:
    found = interpreters()
    assert found
    for interpreter in found:
        answer = subprocess.run([interpreter.path, "--version"], capture_output=True, check=True)
        assert interpreter.dotted in answer.stdout.decode()
        assert "shims" not in interpreter.path.parts
