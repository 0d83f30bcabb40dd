# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects that a DaemonSet needs or that are about its pods. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._spec.selector import selects
from .references import Use

_ALL_ACCOUNTS = "system:serviceaccounts"
_SHOWN_KEYS = 100


def account_of(template: Mapping[str, Any]) -> str:
    """The name of the service account of the pods (SetDefaults: the admission plugin fills in
    ``default``).
    """
    return str((template.get("spec") or {}).get("serviceAccountName") or "default")


def account_view(
    name: str, exists: bool | None, account: Mapping[str, Any] | None, template: Mapping[str, Any]
) -> dict[str, Any]:
    """The service account, and whether the pods get its token: what the pod says counts before what
    the account says.
    """
    spec, account = template.get("spec") or {}, account or {}
    said = (spec.get("automountServiceAccountToken"), account.get("automountServiceAccountToken"))
    automounted = next((one for one in said if one is not None), True if exists else None)
    return {
        "name": name,
        "exists": exists,
        "token_mounted": automounted,
        "image_pull_secrets": [one.get("name") for one in account.get("imagePullSecrets") or []],
    }


def small_content(obj: Mapping[str, Any]) -> dict[str, Any]:
    """A ConfigMap or Secret without the values in it: only the names of the keys are kept."""
    keys = [*(obj.get("data") or {}), *(obj.get("binaryData") or {})]
    return {
        "keys": sorted(keys),
        "type": obj.get("type"),
        "immutable": bool(obj.get("immutable")),
        "version": obj["metadata"].get("resourceVersion"),
    }


def content_view(
    name: str, use: Use, exists: bool | None, content: Mapping[str, Any] | None
) -> dict[str, Any]:
    """A ConfigMap or Secret that the template names, with the names of its keys.

    Args:
        name: its name.
        use: what the template does with it.
        exists: None where that could not be found out.
        content: see `small_content`; None where it is not there or may not be read.
    """
    keys = None if content is None else content["keys"]
    shown = {
        "name": name,
        "exists": exists,
        "optional": use.optional,
        "used_by": use.used_by,
        "keys": None if keys is None else keys[:_SHOWN_KEYS],
        "missing_keys": None if keys is None else sorted(use.keys - set(keys)),
        "immutable": None if content is None else content["immutable"],
        # Changes with the content, so a task can restart the pods then, without reading it.
        "resource_version": None if content is None else content["version"],
    }
    if content is not None and content["type"]:
        shown["type"] = content["type"]
    return shown


def priority_view(
    name: str, exists: bool | None, found: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The priority class that the template names."""
    found = found or {}
    return {
        "name": name,
        "exists": exists,
        "priority": found.get("value"),
        "preemption_policy": found.get("preemptionPolicy"),
    }


def runtime_view(name: str, exists: bool | None, found: Mapping[str, Any] | None) -> dict[str, Any]:
    """The runtime class that the template names."""
    return {"name": name, "exists": exists, "handler": (found or {}).get("handler")}


def small_binding(binding: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is needed of a RoleBinding or ClusterRoleBinding; None where it names no account."""
    subjects = [one for one in binding.get("subjects") or [] if _may_be_account(one)]
    if not subjects:
        return None
    metadata, role = binding["metadata"], binding["roleRef"]
    return {
        "name": metadata["name"],
        "namespace": metadata.get("namespace"),
        "role": {"kind": role.get("kind"), "name": role.get("name")},
        "subjects": subjects,
    }


def binding_views(
    bindings: Iterable[Mapping[str, Any]], namespace: str, account: str
) -> list[dict[str, Any]]:
    """Those bindings that give the account rights: by its own name, as a user, or by a group that
    all accounts of its namespace, or of the cluster, are in.
    """
    found = []
    for one in bindings:
        via = next(
            (via for subject in one["subjects"] if (via := _via(subject, one, namespace, account))),
            None,
        )
        if via is not None:
            shown = {key: one[key] for key in ("name", "namespace", "role")}
            found.append({**shown, "via": via})
    return sorted(found, key=lambda view: (view["namespace"] or "", view["name"]))


def _may_be_account(subject: Mapping[str, Any]) -> bool:
    kind, name = subject.get("kind"), str(subject.get("name") or "")
    return kind == "ServiceAccount" or (
        kind in ("User", "Group") and name.startswith("system:serviceaccount")
    )


def _via(
    subject: Mapping[str, Any], binding: Mapping[str, Any], namespace: str, account: str
) -> str | None:
    """By which name the subject is this account; None where it is another.

    The names of accounts as users and groups are made in staging/src/k8s.io/apiserver
    pkg/authentication/serviceaccount/util.go.
    """
    kind, name = subject.get("kind"), subject.get("name")
    if kind == "ServiceAccount":
        where = subject.get("namespace") or binding["namespace"]
        return "account" if (where, name) == (namespace, account) else None
    if kind == "User":
        return "user" if name == f"system:serviceaccount:{namespace}:{account}" else None
    return "group" if name in (_ALL_ACCOUNTS, f"{_ALL_ACCOUNTS}:{namespace}") else None


def small_budget(budget: Mapping[str, Any]) -> dict[str, Any]:
    """What is needed of a PodDisruptionBudget."""
    return {
        "name": budget["metadata"]["name"],
        "spec": budget.get("spec") or {},
        "status": budget.get("status") or {},
    }


def budget_views(
    budgets: Iterable[Mapping[str, Any]], template: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The disruption budgets of the namespace that select the pods, by name.

    An empty selector selects all pods of the namespace, none selects no pod (policy/v1).
    """
    labels = (template.get("metadata") or {}).get("labels") or {}
    found = [
        one
        for one in budgets
        if one["spec"].get("selector") is not None and selects(one["spec"]["selector"], labels)
    ]
    return sorted((_budget(one) for one in found), key=lambda view: str(view["name"]))


def _budget(budget: Mapping[str, Any]) -> dict[str, Any]:
    spec, status = budget["spec"], budget["status"]
    return {
        "name": budget["name"],
        "min_available": spec.get("minAvailable"),
        "max_unavailable": spec.get("maxUnavailable"),
        "healthy": status.get("currentHealthy"),
        "needed": status.get("desiredHealthy"),
        "pods": status.get("expectedPods"),
        "disruptions_allowed": status.get("disruptionsAllowed"),
    }
