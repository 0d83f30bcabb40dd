# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of examples/awx-project have the keys that infra.aap_configuration publishes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.awx import controller
from tests.support import aap_configuration as published
from tools.environments import places

_PROJECT = places.CHECKOUT / "examples" / "awx-project"
_DATA = controller(_PROJECT / "controller")
_NODES = [
    node
    for workflow in _DATA["controller_workflows"]
    for node in workflow["simplified_workflow_nodes"]
]
_TEMPLATES = _DATA["controller_templates"]
_QUESTIONS = [
    (template["playbook"], question)
    for template in _TEMPLATES
    for question in template.get("survey_spec", {}).get("spec", [])
]


def _names(kind: str) -> set[str]:
    return {one["name"] for one in _DATA[kind]}


def test_the_variables_are_those_that_the_role_dispatch_looks_for() -> None:
    assert set(_DATA) == set(published.KEYS)


@pytest.mark.parametrize("kind", published.KEYS)
def test_the_keys_of_each_object_are_published(kind: str) -> None:
    unknown = {one["name"]: set(one) - published.KEYS[kind] for one in _DATA[kind]}
    assert not any(unknown.values()), f"not in {published.VERSION}: {unknown}"
    assert len(_names(kind)) == len(_DATA[kind])


@pytest.mark.parametrize("node", _NODES, ids=lambda node: str(node["identifier"]))
def test_a_node_of_a_workflow_runs_a_template_or_asks_somebody(node: dict[str, Any]) -> None:
    assert set(node) <= published.NODE
    assert set(node.get("approval_node", {})) <= published.APPROVAL
    assert ("approval_node" in node) != ("unified_job_template" in node)
    known = {one["identifier"] for one in _NODES}
    for way in ("success_nodes", "failure_nodes", "always_nodes"):
        assert set(node.get(way, [])) <= known
    if "unified_job_template" in node:
        template = next(one for one in _TEMPLATES if one["name"] == node["unified_job_template"])
        asked = {one["variable"] for one in template.get("survey_spec", {}).get("spec", [])}
        # Others would be left out without a word.
        assert set(node.get("extra_data", {})) <= asked


def test_the_way_back_is_not_the_branch_of_the_release() -> None:
    (back,) = [node for node in _NODES if node["identifier"] == "roll-back"]
    template = next(one for one in _TEMPLATES if one["name"] == back["unified_job_template"])
    # The branch that a workflow is started with counts before that of a node.
    assert "ask_scm_branch_on_launch" not in template


@pytest.mark.parametrize(
    ("playbook", "question"), _QUESTIONS, ids=[one["variable"] for _, one in _QUESTIONS]
)
def test_a_question_of_a_survey_is_one_that_its_playbook_reads(
    playbook: str, question: dict[str, Any]
) -> None:
    assert set(question) <= published.QUESTION
    assert question["type"] in published.ANSWERS
    own = (_PROJECT / playbook).read_text()
    (imported,) = re.findall(r"import_playbook: everynode\.kubernetes\.(\w+)", own)
    read = own + (places.CHECKOUT / "playbooks" / f"{imported}.yml").read_text()
    assert re.search(rf"\b{question['variable']}\b", read)


def test_credential_types_are_whole() -> None:
    for kind in _DATA["controller_credential_types"]:
        fields = kind["inputs"]["fields"]
        assert all(set(field) <= published.CREDENTIAL_FIELD for field in fields)
        assert set(kind["inputs"]["required"]) <= {field["id"] for field in fields}
        assert set(kind["injectors"]) <= published.INJECTORS
        # Instead of environment variables.
        assert "env" not in kind["injectors"]


def test_credentials_give_the_inputs_of_their_types_and_hold_no_secret() -> None:
    inputs = {published.KUBERNETES_TYPE: set(published.KUBERNETES_INPUTS)} | {
        kind["name"]: {field["id"] for field in kind["inputs"]["fields"]}
        for kind in _DATA["controller_credential_types"]
    }
    for credential in _DATA["controller_credentials"]:
        assert set(credential["inputs"]) <= inputs[credential["credential_type"]]
        texts = [value for value in credential["inputs"].values() if isinstance(value, str)]
        assert all(text.startswith("{{ secret_") for text in texts)


# Which key names an object of which kind.
_REFERENCES = {
    "organization": "aap_organizations",
    "project": "controller_projects",
    "source_project": "controller_projects",
    "inventory": "controller_inventories",
    "execution_environment": "controller_execution_environments",
    "default_environment": "controller_execution_environments",
    "credentials": "controller_credentials",
    "instance_groups": "controller_instance_groups",
    "unified_job_template": "controller_templates",
}


def _references() -> Iterator[tuple[str, str]]:
    for objects in (*_DATA.values(), _NODES):
        for one in objects:
            for key in set(one) & set(_REFERENCES):
                for name in [one[key]] if isinstance(one[key], str) else one[key]:
                    yield key, name


@pytest.mark.parametrize(("key", "name"), sorted(set(_references())))
def test_what_is_named_is_there(key: str, name: str) -> None:
    assert name in _names(_REFERENCES[key])


def test_playbooks_and_inventories_are_files_of_the_project() -> None:
    paths = [one["playbook"] for one in _TEMPLATES]
    paths += [one["source_path"] for one in _DATA["controller_inventory_sources"]]
    assert [path for path in paths if not (_PROJECT / path).is_file()] == []


def test_schedules_have_rules_that_awx_reads() -> None:
    rule = re.compile(
        r"DTSTART;TZID=\w+/\w+:\d{8}T\d{6} RRULE:FREQ=[A-Z]+;INTERVAL=\d+(;[A-Z]+=\w+)*"
    )
    for one in _DATA["controller_schedules"]:
        assert rule.fullmatch(one["rrule"])
