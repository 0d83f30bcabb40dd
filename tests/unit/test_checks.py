# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Offline checks: each case has its finding in its place, and what is fine has none."""

from __future__ import annotations

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.checks import (
    Finding,
    check_daemonset,
)

from tests.cases import CASES, Case, good_manifest


def faults(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if not finding.warning]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case_has_its_verdict(case: Case) -> None:
    findings = check_daemonset(case.manifest())

    if case.verdict == "fine":
        assert findings == []
        return
    wanted = case.verdict == "warning"
    assert [
        finding
        for finding in findings
        if finding.path == case.path and finding.warning is wanted and case.says in finding.problem
    ], findings
    assert bool(faults(findings)) is (case.verdict == "fault")


def test_every_fault_is_told_at_once() -> None:
    manifest = good_manifest()
    pod = manifest["spec"]["template"]["spec"]
    pod["containers"][0]["name"] = "Main"
    pod["containers"][0]["ports"][0]["containerPort"] = 0
    pod["volumes"][0]["hostPath"]["type"] = "Folder"
    manifest["spec"]["minReadySeconds"] = -1

    assert {finding.path for finding in check_daemonset(manifest)} == {
        ("spec", "minReadySeconds"),
        ("spec", "template", "spec", "containers", 0, "name"),
        ("spec", "template", "spec", "containers", 0, "ports", 0, "containerPort"),
        ("spec", "template", "spec", "volumes", 0, "hostPath", "type"),
    }


def test_values_of_variables_are_never_told() -> None:
    manifest = good_manifest()
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [
        {"name": "A=", "value": "s3cret"},
        {"name": "B", "value": "s3cret", "valueFrom": {"fieldRef": {"fieldPath": "no"}}},
        {"name": "B", "value": "s3cret"},
    ]

    findings = check_daemonset(manifest)

    assert len(findings) == 4
    assert "s3cret" not in str(findings)


def test_without_a_selector_nothing_is_said_about_it() -> None:
    manifest = good_manifest()
    del manifest["spec"]["selector"]

    assert check_daemonset(manifest) == []


@pytest.mark.parametrize("value", [None, 5, "x", True, [], {}, [None], ["x"], {"name": 5}])
def test_what_has_the_wrong_type_is_left_to_others(value: object) -> None:
    # The converter tells the wrong type; a check must neither fail on it nor hide other faults.
    for key in ("metadata", "spec"):
        check_daemonset({**good_manifest(), key: value})
    for key in good_manifest()["spec"]["template"]["spec"]:
        manifest = good_manifest()
        manifest["spec"]["template"]["spec"][key] = value
        check_daemonset(manifest)
    for key in good_manifest()["spec"]["template"]["spec"]["containers"][0]:
        manifest = good_manifest()
        manifest["spec"]["template"]["spec"]["containers"][0][key] = value
        check_daemonset(manifest)
