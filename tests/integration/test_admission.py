# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Admission that rewrites or refuses what is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.api import APPLY, Api, daemonsets, eventually
from tests.integration.manifests import NOWHERE, at, simple
from tests.integration.verbs import Tasks

_POLICIES = "/apis/admissionregistration.k8s.io/v1"
_DIGEST = "example.test/agent@sha256:" + "0" * 64
_IMAGE = ("spec", "template", "spec", "containers", 0, "image")
_AGENT: dict[str, Any] = {
    "name": "agent",
    "containers": [{"name": "agent", "image": "example.test/agent:1"}],
    "node_selector": NOWHERE,
}


def _add(api: Api, kind: str, name: str, spec: dict[str, Any]) -> None:
    body = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }
    api.request("POST", f"{_POLICIES}/{_plural(kind)}", body=body)


def _plural(kind: str) -> str:
    return kind.lower().removesuffix("y") + "ies" if kind.endswith("y") else kind.lower() + "s"


def _matching(namespace: str) -> dict[str, Any]:
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["daemonsets"],
    }
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    return {"resourceRules": [rule], "namespaceSelector": selector}


@pytest.fixture
def tags_become_digests(api: Api, namespace: str) -> Iterator[None]:
    """Admission that replaces the tag of an image by a digest."""
    patch = (
        '[JSONPatch{op: "replace", path: "/spec/template/spec/containers/0/image", '
        f'value: "{_DIGEST}"}}]'
    )
    _add(
        api,
        "MutatingAdmissionPolicy",
        namespace,
        {
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "matchConstraints": _matching(namespace),
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patch}}],
        },
    )
    _add(api, "MutatingAdmissionPolicyBinding", namespace, {"policyName": namespace})

    def active() -> bool | None:
        query = {"fieldManager": "tests", "dryRun": "All"}
        path = f"{daemonsets(namespace)}/probe"
        body = simple("probe", namespace)
        answer = api.request("PATCH", path, query=query, body=body, kind=APPLY)
        return at(answer, _IMAGE) == _DIGEST or None

    eventually(active, "the policy is in force")
    yield
    for plural in ("mutatingadmissionpolicybindings", "mutatingadmissionpolicies"):
        api.request("DELETE", f"{_POLICIES}/{plural}/{namespace}")


@pytest.mark.usefixtures("tags_become_digests")
def test_what_admission_rewrites_is_unchanged_the_second_time(api: Api, tasks: Tasks) -> None:
    done = tasks.ok(**_AGENT)
    assert done.changed
    assert at(done.result["daemonset"], _IMAGE) == _DIGEST
    before = api.daemonset(tasks.namespace, "agent")
    for check in (False, True, False):
        again = tasks.ok(**_AGENT, check=check)
        assert not again.changed
        assert len(again.requests) <= 2
        assert "image" in again.warnings
    after = api.daemonset(tasks.namespace, "agent")
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    newer = {**_AGENT, "labels": {"newer": "1"}}
    assert tasks.ok(**newer).changed
    assert not tasks.ok(**newer).changed


@pytest.fixture
def nothing_without_a_team(api: Api, namespace: str) -> Iterator[None]:
    """Admission that refuses a DaemonSet without the label team."""
    validation = {
        "expression": "has(object.metadata.labels) && 'team' in object.metadata.labels",
        "message": "every DaemonSet needs the label team",
    }
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": _matching(namespace),
        "validations": [validation],
    }
    _add(api, "ValidatingAdmissionPolicy", namespace, spec)
    binding = {"policyName": namespace, "validationActions": ["Deny"]}
    _add(api, "ValidatingAdmissionPolicyBinding", namespace, binding)
    yield
    for plural in ("validatingadmissionpolicybindings", "validatingadmissionpolicies"):
        api.request("DELETE", f"{_POLICIES}/{plural}/{namespace}")


@pytest.mark.usefixtures("nothing_without_a_team")
def test_what_admission_refuses_is_told_in_its_words(api: Api, tasks: Tasks) -> None:
    def refused() -> str | None:
        outcome = tasks.run(**_AGENT, check=True)
        return outcome.result["msg"] if outcome.result.get("failed") else None

    eventually(refused, "the policy is in force")
    for check in (True, False):
        failed = tasks.fails(**_AGENT, check=check)
        assert "every DaemonSet needs the label team" in failed.result["msg"]
        assert failed.result["error"]["kind"] in ("refused", "forbidden")
        assert not failed.changed
    assert not api.exists(tasks.namespace, "agent")
    assert tasks.ok(**_AGENT, labels={"team": "night"}).changed
