# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that the server itself refuses, and those that get no node for what they need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.api import Api
from tests.integration.rollouts.failures import Failure, reason_of, told, waits
from tests.integration.rollouts.refusing import in_force, until_refused
from tests.integration.verbs import Tasks

_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
_CLASSES = "/apis/node.k8s.io/v1/runtimeclasses"
_BIG = {"resources": {"limits": {"memory": "1Gi"}}}


def _limits(api: Api, namespace: str) -> None:
    limits = [{"type": "Container", "max": {"memory": "64Mi"}}]
    body = {"metadata": {"name": "small"}, "spec": {"limits": limits}}
    api.request("POST", f"/api/v1/namespaces/{namespace}/limitranges", body=body)
    container = {"name": "c", "image": "example.test/c:1", **_BIG}
    pod = {"metadata": {"name": "try"}, "spec": {"containers": [container]}}
    until_refused(api, namespace, pod, "maximum memory usage")


def _quota_of_a_class(api: Api, namespace: str) -> None:
    scope = {"scopeName": "PriorityClass", "operator": "In", "values": ["system-node-critical"]}
    spec = {"hard": {"pods": "1"}, "scopeSelector": {"matchExpressions": [scope]}}
    in_force(api, namespace, {"metadata": {"name": "critical"}, "spec": spec})


def _fails(tasks: Tasks, failure: Failure, count: int) -> dict[str, Any]:
    """The reason that a task gives which waits for what fails by now, on so many nodes."""
    tasks.ok(definition=failure.manifest("agent"))
    told(tasks, "agent", [(failure.cause, count)])
    return reason_of(waits(tasks, "agent", failure))


def _nothing(_api: Api, _namespace: str) -> None:
    """What is named is not there."""


@pytest.mark.parametrize(
    ("prepare", "failure", "count", "words"),
    [
        pytest.param(
            _limits, Failure("Quota", (), container=_BIG), 5, "maximum memory usage", id="limits"
        ),
        pytest.param(
            _quota_of_a_class,
            Failure("Quota", (), spec={"priorityClassName": "system-node-critical"}),
            4,
            "exceeded quota: critical",
            id="a quota of a priority class",
        ),
        pytest.param(
            _nothing,
            Failure("NoPod", (), spec={"priorityClassName": "nobody"}),
            5,
            "no PriorityClass with name nobody was found",
            id="no such priority class",
        ),
        pytest.param(
            _nothing,
            Failure("NoPod", (), spec={"runtimeClassName": "nobody"}),
            5,
            'RuntimeClass "nobody" not found',
            id="no such runtime class",
        ),
        pytest.param(
            _nothing,
            Failure("NoPod", (), spec={"serviceAccountName": "nobody"}),
            5,
            'serviceaccount "nobody" not found',
            id="no such account",
        ),
    ],
)
def test_refused(
    api: Api, tasks: Tasks, prepare: Any, failure: Failure, count: int, words: str
) -> None:
    prepare(api, tasks.namespace)
    reason = _fails(tasks, failure, count)
    assert (reason["cause"], reason["count"], reason["heals"]) == (failure.cause, count, False)
    assert words in reason["evidence"]


@pytest.fixture
def policy(api: Api, tasks: Tasks) -> Iterator[None]:
    """No pod without a label may be made in the namespace, once that is in force."""
    name = tasks.namespace
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["pods"],
    }
    chosen = {"matchLabels": {"kubernetes.io/metadata.name": name}}
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule], "namespaceSelector": chosen},
        "validations": [
            {"expression": "'owner' in object.metadata.labels", "message": "who owns it?"}
        ],
    }
    bound = {"policyName": name, "validationActions": ["Deny"]}
    policies = f"{_ADMISSION}/validatingadmissionpolicies"
    api.request("POST", policies, body={"metadata": {"name": name}, "spec": spec})
    bindings = f"{_ADMISSION}/validatingadmissionpolicybindings"
    api.request("POST", bindings, body={"metadata": {"name": name}, "spec": bound})
    pod = {
        "metadata": {"name": "try", "labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "example.test/c:1"}]},
    }
    until_refused(api, name, pod, "who owns it?")
    yield
    api.request("DELETE", f"{bindings}/{name}")
    api.request("DELETE", f"{policies}/{name}")


@pytest.mark.usefixtures("policy")
def test_a_policy_refuses_the_pods(tasks: Tasks) -> None:
    reason = _fails(tasks, Failure("Webhook", ()), 5)
    assert (reason["cause"], reason["count"], reason["heals"]) == ("Webhook", 5, False)
    assert "ValidatingAdmissionPolicy" in reason["evidence"]
    assert "who owns it?" in reason["evidence"]


def test_the_runtime_class_wants_other_nodes(api: Api, tasks: Tasks) -> None:
    wanted = {"example.test/kata": "yes"}
    body = {
        "metadata": {"name": tasks.namespace},
        "handler": "kata",
        "scheduling": {"nodeSelector": wanted},
    }
    api.request("POST", _CLASSES, body=body)
    try:
        failure = Failure("Unschedulable", (), spec={"runtimeClassName": tasks.namespace})
        reason = _fails(tasks, failure, 5)
    finally:
        api.request("DELETE", f"{_CLASSES}/{tasks.namespace}")
    # The controller does not know of that, and makes pods that no node is given to.
    assert (reason["cause"], reason["count"]) == ("Unschedulable", 5)
    assert "example.test/kata=yes is wanted, the node has no such label" in reason["evidence"]


def test_a_scheduler_that_is_not_there(tasks: Tasks) -> None:
    reason = _fails(tasks, Failure("Starting", (), spec={"schedulerName": "nobody"}), 5)
    assert (reason["cause"], reason["count"]) == ("Starting", 5)
    assert reason["evidence"] == "not scheduled yet (by nobody)"
