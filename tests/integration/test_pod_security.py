# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The levels of pod security beside what a real API server warns of, control by control."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.documents import TextError
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.pod_security import (
    standing,
    violations,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.pod_security_controls import (  # noqa: E501
    BASELINE,
    RESTRICTED,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.yaml_text import (
    read_documents,
)

from tests.cases import CASES, Case
from tests.cases.pod_security import BREACHES, HARMLESS, SecurityCase, restricted_manifest
from tests.integration.api import Api, RefusedByServerError
from tests.integration.pod_security import assert_server_says_the_same, watched_namespaces
from tests.integration.verbs import Tasks

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


@pytest.fixture(scope="module")
def watched(api: Api) -> Iterator[dict[str, str]]:
    with watched_namespaces(api) as names:
        yield names


def test_the_restricted_manifest(api: Api, watched: dict[str, str]) -> None:
    assert standing(restricted_manifest()).level == "restricted"
    assert_server_says_the_same(api, watched, restricted_manifest())


def test_every_control_has_a_case() -> None:
    # No server of today takes what breaks this one, it refuses such a pod altogether.
    unreachable = {"procMount"}
    tried = {control for case in BREACHES for control in case.controls}
    assert tried == {*BASELINE, *RESTRICTED} - unreachable


@pytest.mark.parametrize("case", BREACHES, ids=lambda case: case.name)
def test_each_control(api: Api, watched: dict[str, str], case: SecurityCase) -> None:
    manifest = case.manifest()

    assert_server_says_the_same(api, watched, manifest)

    broken = [*violations(manifest, "baseline"), *violations(manifest, "restricted")]
    assert {one.control for one in broken} == case.controls
    assert case.path in {one.path for one in standing(manifest).violations}


@pytest.mark.parametrize("case", HARMLESS, ids=lambda case: case.name)
def test_what_is_allowed(api: Api, watched: dict[str, str], case: SecurityCase) -> None:
    manifest = case.manifest()

    assert standing(manifest).level == "restricted"
    assert_server_says_the_same(api, watched, manifest)


@pytest.mark.parametrize("case", [one for one in CASES if one.server_accepts], ids=lambda c: c.name)
def test_cases(api: Api, watched: dict[str, str], case: Case) -> None:
    assert_server_says_the_same(api, watched, case.manifest())


def test_a_task_reports(tasks: Tasks) -> None:
    outcome = tasks.ok(definition=restricted_manifest(), pod_security="report", host_pid=True)

    assert outcome.result["pod_security"] == {
        "level": "privileged",
        "violations": [
            {
                "level": "baseline",
                "control": "hostNamespaces",
                "path": "host_pid",
                "problem": "is true",
            }
        ],
    }


def test_a_task_refuses_before_the_first_request(tasks: Tasks) -> None:
    outcome = tasks.fails(definition=restricted_manifest(), pod_security="baseline", host_pid=True)

    assert outcome.result["faults"] == [
        {
            "path": "host_pid",
            "problem": "is true; pod_security baseline does not allow it (hostNamespaces)",
        }
    ]
    assert outcome.requests == []


def test_what_the_server_warns_of_is_told_without_it(api: Api, watched: dict[str, str]) -> None:
    """In a namespace that warns, whatever the task asks for."""
    manifest = restricted_manifest()
    namespace = watched["baseline"]

    outcome = Tasks(api, namespace).ok(definition=manifest, host_pid=True)

    assert 'would violate PodSecurity "baseline:latest": host namespaces' in outcome.warnings
    assert "pod_security" not in outcome.result


if CORPUS.is_dir():

    @pytest.mark.parametrize("path", sorted(CORPUS.glob("*.yaml")), ids=lambda path: path.name)
    def test_real_manifests(api: Api, watched: dict[str, str], path: Path) -> None:
        try:
            documents = read_documents(path.read_bytes())
        except TextError:
            # One has a key twice.
            return
        for document in documents:
            if document["apiVersion"] != "apps/v1":
                continue
            document["metadata"].pop("namespace", None)
            try:
                assert_server_says_the_same(api, watched, document)
            except RefusedByServerError:
                # Some were made for servers of long ago.
                continue
