# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every filter is complete: documented under its name, with examples that use it and work."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.gates.documentation import parsed
from tests.gates.tasks import action, tasks
from tools.environments import places
from tools.environments.surroundings import surroundings

FILTERS = sorted((places.CHECKOUT / "plugins" / "filter").glob("[!_]*.py"))
_PAGES = sorted((places.CHECKOUT / "docs").glob("*.md"))
_CONTAINERS = [{"name": "agent", "image": "agent:1"}]
_MANIFEST = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "agent"},
    "spec": {
        "selector": {"matchLabels": {"app": "agent"}},
        "template": {
            "metadata": {"labels": {"app": "agent"}},
            "spec": {"containers": _CONTAINERS},
        },
    },
}
each_filter = pytest.mark.parametrize("path", FILTERS, ids=lambda path: path.stem)


def test_there_are_filters() -> None:
    assert FILTERS


@each_filter
def test_a_file_has_the_filter_of_its_name(path: Path) -> None:
    name = f"ansible_collections.everynode.kubernetes.plugins.filter.{path.stem}"
    assert list(importlib.import_module(name).FilterModule().filters()) == [path.stem]


@each_filter
def test_the_documentation_names_the_filter(path: Path) -> None:
    documentation = parsed(path, "DOCUMENTATION")
    assert documentation["name"] == path.stem
    assert documentation["author"] == ["everynode contributors (@everynode)"]
    assert "_value" in parsed(path, "RETURN")
    name = f"everynode.kubernetes.{path.stem}"
    assert any(name in page.read_text() for page in _PAGES)


@each_filter
def test_examples_use_the_filter_and_full_names(path: Path) -> None:
    examples = parsed(path, "EXAMPLES")
    assert examples
    for task in tasks(examples):
        assert action(task).count(".") >= 2
        assert f"| everynode.kubernetes.{path.stem}" in str(task)


def test_examples_work(tmp_path: Path) -> None:
    """In a playbook, with a manifest where they read a file."""
    shown = [task for path in FILTERS for task in parsed(path, "EXAMPLES")]
    play = {"hosts": "localhost", "gather_facts": False, "tasks": shown}
    for folder in ("deploy", "tasks"):
        (tmp_path / folder).mkdir()
    (tmp_path / "agent.yaml").write_text(yaml.safe_dump(_MANIFEST))
    (tmp_path / "playbook.yml").write_text(yaml.safe_dump([play]))

    done = subprocess.run(
        [Path(sys.prefix, "bin", "ansible-playbook"), "playbook.yml"],
        cwd=tmp_path,
        env=surroundings(Path(sys.prefix), proxies=False, own_home=True)
        | {"ANSIBLE_LOCAL_TEMP": str(tmp_path), "ANSIBLE_REMOTE_TMP": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    (task,) = yaml.safe_load((tmp_path / "tasks" / "agent.yml").read_text())
    assert task["everynode.kubernetes.daemonset"]["containers"] == _CONTAINERS
    made = yaml.safe_load((tmp_path / "deploy" / "agent.yaml").read_text())
    assert made["kind"] == "DaemonSet"
