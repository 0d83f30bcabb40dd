# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Admission that refuses DaemonSets, for as long as a test wants it."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from tests.integration.api import APPLY, Api, RefusedByServerError, daemonsets, eventually
from tests.integration.manifests import simple

_GROUP = "/apis/admissionregistration.k8s.io/v1"
_POLICIES = f"{_GROUP}/validatingadmissionpolicies"
_BINDINGS = f"{_GROUP}/validatingadmissionpolicybindings"


class Refusal:
    """Refuses to create DaemonSets of a namespace that do not meet an expression.

    One called `probe` is refused always, which tells when the policy is in force.
    """

    MESSAGE = "the policy of the test refuses it"

    def __init__(self, api: Api, namespace: str, expression: str):
        self._api = api
        self._namespace = namespace
        self._expression = f"object.metadata.name != 'probe' && ({expression})"

    def __enter__(self) -> Refusal:
        rule = {
            "apiGroups": ["apps"],
            "apiVersions": ["v1"],
            "operations": ["CREATE"],
            "resources": ["daemonsets"],
        }
        selector = {"matchLabels": {"kubernetes.io/metadata.name": self._namespace}}
        spec = {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [rule], "namespaceSelector": selector},
            "validations": [{"expression": self._expression, "message": self.MESSAGE}],
        }
        self._add(_POLICIES, "ValidatingAdmissionPolicy", spec)
        binding = {"policyName": self._namespace, "validationActions": ["Deny"]}
        self._add(_BINDINGS, "ValidatingAdmissionPolicyBinding", binding)
        eventually(self._in_force, "the policy is in force")
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for path in (_BINDINGS, _POLICIES):
            self._api.request("DELETE", f"{path}/{self._namespace}")
        eventually(lambda: None if self._in_force() else True, "the policy is gone")

    def _add(self, path: str, kind: str, spec: dict[str, Any]) -> None:
        body = {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": self._namespace},
            "spec": spec,
        }
        self._api.request("POST", path, body=body)

    def _in_force(self) -> bool | None:
        path = f"{daemonsets(self._namespace)}/probe"
        query = {"fieldManager": "tests", "dryRun": "All"}
        try:
            body = simple("probe", self._namespace)
            self._api.request("PATCH", path, query=query, body=body, kind=APPLY)
        except RefusedByServerError as error:
            return self.MESSAGE in str(error) or None
        return None
