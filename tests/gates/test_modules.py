# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module is complete: in the action group, with an action plugin, with examples that work."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.build import (
    build,
    complete,
)

from tests.gates.arguments import checked, specification
from tests.gates.documentation import MODULES, parsed
from tests.gates.tasks import action, tasks
from tools.environments import places

_NAMES = {module.stem for module in MODULES}
each_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)


def test_there_are_modules() -> None:
    assert _NAMES


def test_the_action_group_names_every_module() -> None:
    runtime = yaml.safe_load((places.CHECKOUT / "meta" / "runtime.yml").read_text())
    assert set(runtime["action_groups"]["all"]) == _NAMES


def test_every_module_has_an_action_plugin() -> None:
    plugins = (places.CHECKOUT / "plugins" / "action").glob("*.py")
    assert {plugin.stem for plugin in plugins} - {"__init__"} == _NAMES


@each_module
def test_the_documentation_names_the_module(module: Path) -> None:
    documentation = parsed(module, "DOCUMENTATION")
    assert documentation["module"] == module.stem
    assert documentation["author"] == ["everynode contributors (@everynode)"]


@each_module
def test_examples_use_full_names(module: Path) -> None:
    examples = parsed(module, "EXAMPLES")
    assert examples
    for task in tasks(examples):
        assert action(task).count(".") >= 2, f"{action(task)} is not a full name"


@each_module
def test_examples_show_the_module(module: Path) -> None:
    shown = [action(task) for task in tasks(parsed(module, "EXAMPLES"))]
    assert f"everynode.kubernetes.{module.stem}" in shown


@each_module
def test_examples_have_valid_arguments(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the real argument spec; what a DaemonSet is made from, by our own checks as well."""
    for example in tasks(parsed(module, "EXAMPLES")):
        name = action(example)
        namespace, _, called = name.rpartition(".")
        if namespace == "everynode.kubernetes":
            assert called in _NAMES, f"{name} does not exist"
            spec = specification(module.with_stem(called), monkeypatch)
            parameters, faults = checked(spec, example[name] or {})
            assert faults == [], example.get("name")
            # A file that an example names is the user's: there is none here to read.
            if called == "daemonset" and parameters["state"] == "present" and not parameters["src"]:
                complete(build(parameters, context_namespace="default"), live=None)


@each_module
def test_documented_options_are_the_real_ones(
    module: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the top level, fragments included: the documentation is what a user can write."""
    documentation = parsed(module, "DOCUMENTATION")
    documented = set(documentation.get("options") or {})
    for fragment in documentation.get("extends_documentation_fragment") or []:
        documented |= _options_of(fragment)
    assert documented == set(specification(module, monkeypatch)["argument_spec"])


def _options_of(fragment: str) -> set[str]:
    """The options that a fragment of ours adds."""
    namespace, _, name = fragment.removeprefix("everynode.kubernetes.").partition(".")
    module = __import__(
        f"ansible_collections.everynode.kubernetes.plugins.doc_fragments.{namespace}",
        fromlist=["ModuleDocFragment"],
    )
    content = getattr(module.ModuleDocFragment, (name or "documentation").upper())
    return set(yaml.safe_load(content).get("options") or {})
