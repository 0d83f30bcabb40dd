# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role is documented and tried, and says the same of itself everywhere."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader

from tests.support.molecule import KUBECONFIG, Live
from tools.environments import places

_ROLES = places.CHECKOUT / "roles"
_SCENARIOS = places.CHECKOUT / "extensions" / "molecule"
_NAMES = sorted(path.name for path in _ROLES.iterdir() if path.is_dir())
_BASE = "node_agent"
_AGENTS = [name for name in _NAMES if name != _BASE]
_STATES = {"present", "absent", "restarted"}


@cache
def _read(path: Path) -> Any:
    """A file of YAML as Ansible reads it, with its own tags."""
    return DataLoader().load_from_file(str(path))


def _defaults(role: str) -> dict[str, Any]:
    found: dict[str, Any] = _read(_ROLES / role / "defaults" / "main.yml") or {}
    return found


def _options(role: str) -> dict[str, dict[str, Any]]:
    specs = _read(_ROLES / role / "meta" / "argument_specs.yml")["argument_specs"]
    found: dict[str, dict[str, Any]] = specs["main"]["options"]
    return found


def test_there_are_roles() -> None:
    assert {_BASE, "node_exporter"} <= {*_NAMES}


@pytest.mark.parametrize("role", _NAMES)
def test_defaults_are_what_the_argument_specs_say(role: str) -> None:
    said = {name: spec["default"] for name, spec in _options(role).items() if "default" in spec}
    assert said == _defaults(role)


@pytest.mark.parametrize("role", _NAMES)
def test_variables_have_the_name_of_the_role(role: str) -> None:
    assert [name for name in _options(role) if not name.startswith(f"{role}_")] == []
    assert {*_options(role)[f"{role}_state"]["choices"]} >= _STATES


@pytest.mark.parametrize("role", _AGENTS)
def test_an_agent_can_be_changed_like_any_other(role: str) -> None:
    common = ("state", "name", "namespace", "settings", "variant_label", "variants")
    assert [name for name in common if f"{role}_{name}" not in _options(role)] == []


@pytest.mark.parametrize("role", _AGENTS)
def test_the_readme_has_each_variable(role: str) -> None:
    text = (_ROLES / role / "README.md").read_text()
    rows = set(re.findall(rf"^\| `({role}_\w+)` \|", text, flags=re.MULTILINE))
    assert rows == {*_options(role)}
    assert f"everynode.kubernetes.{role}" in text


@pytest.mark.parametrize("role", _NAMES)
def test_the_role_has_its_documents(role: str) -> None:
    for name in ("README.md", "meta/main.yml", "tasks/main.yml"):
        assert (_ROLES / role / name).is_file()


@pytest.mark.parametrize("role", _NAMES)
def test_what_a_role_is_tried_with_are_variables_of_it(role: str) -> None:
    tried = _read(places.CHECKOUT / "tests" / "roles" / f"{role}.yml")
    assert {*tried} <= {"variables", "upgrade", "variants"}
    for given in (tried["variables"], tried["upgrade"]["variables"]):
        assert given
        assert {*given} <= {*_options(role)}


@pytest.mark.parametrize("role", _NAMES)
def test_a_role_has_a_scenario_that_adds_nothing_of_its_own(role: str) -> None:
    folder = _SCENARIOS / role
    assert [path.name for path in folder.iterdir()] == ["molecule.yml"]
    assert _read(folder / "molecule.yml") == {}


def test_a_scenario_is_of_a_role() -> None:
    assert sorted(path.parent.name for path in _SCENARIOS.glob("*/molecule.yml")) == _NAMES


def test_a_scenario_without_a_cluster_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="there is no cluster"):
        Live({KUBECONFIG: str(tmp_path / "kubeconfig")}).kubeconfig()
