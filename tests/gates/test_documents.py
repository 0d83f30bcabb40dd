# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What README, docs and examples show is true: tasks that parse, links that lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.build import build

from tests.gates.arguments import checked, specification
from tests.gates.documentation import MODULES
from tests.gates.tasks import action, tasks
from tests.support import ansible_yaml
from tools.environments import places

_OURS = "everynode.kubernetes."
_BY_NAME = {module.stem: module for module in MODULES}
_PAGES = sorted([places.CHECKOUT / "README.md", *(places.CHECKOUT / "docs").glob("**/*.md")])
_PLAYS = sorted(
    path
    for path in (places.CHECKOUT / "examples").glob("**/*.yml")
    if isinstance(ansible_yaml.load(path.read_text()), list)
)
_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.M | re.S)
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
each_page = pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)


def _check(shown: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> int:
    """Check every task; returns how many of them are ours."""
    ours = 0
    for task in tasks(shown):
        name = action(task)
        assert name.count(".") >= 2, f"{name} is not a full name"
        if name.startswith(_OURS):
            spec = specification(_BY_NAME[name.removeprefix(_OURS)], monkeypatch)
            parameters, faults = checked(spec, task[name] or {})
            assert faults == [], task.get("name")
            if parameters.get("state") == "present" and not parameters["src"]:
                # The name may stand in module_defaults.
                named = {**parameters, "name": parameters["name"] or "agent"}
                build(named, context_namespace="default")
            ours += 1
    return ours


@each_page
def test_tasks_have_valid_arguments(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = [yaml.safe_load(block) for block in _BLOCK.findall(page.read_text())]
    assert blocks, f"{page.name} shows no task"
    # What is no list is an inventory, or data for AWX.
    plays = [block for block in blocks if isinstance(block, list)]
    assert sum(_check(play, monkeypatch) for play in plays)


def test_examples_have_valid_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sum(_check(ansible_yaml.load(path.read_text()), monkeypatch) for path in _PLAYS)


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in _LINK.findall(page.read_text()) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_names_every_module_and_filter() -> None:
    readme = (places.CHECKOUT / "README.md").read_text()
    filters = (places.CHECKOUT / "plugins" / "filter").glob("*.py")
    names = [*_BY_NAME, *(file.stem for file in filters if file.stem != "__init__")]
    assert [name for name in names if f"| `{name}` |" not in readme] == []


def test_the_readme_quotes_the_last_benchmarks() -> None:
    results = (places.CHECKOUT / "benchmarks" / "results.md").read_text()
    table = results[results.index("| what |") :]
    assert table in (places.CHECKOUT / "README.md").read_text()
