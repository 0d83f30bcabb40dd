# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects that DaemonSets name, and those that are about their pods or their accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._base.errors import ForbiddenError
from .._base.words import some_of
from .._cluster.lists import each
from .._spec.references import Reference
from .._views import supporting as views
from .._views.claims import claim_view, claims_named
from .._views.references import Use, uses_of
from .detail_reading import Known, Reading

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_PATHS = {
    "ConfigMap": "/api/v1/namespaces/{}/configmaps/",
    "Secret": "/api/v1/namespaces/{}/secrets/",
    "PersistentVolumeClaim": "/api/v1/namespaces/{}/persistentvolumeclaims/",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts/",
    "PriorityClass": "/apis/scheduling.k8s.io/v1/priorityclasses/",
    "RuntimeClass": "/apis/node.k8s.io/v1/runtimeclasses/",
}
_CLASSES = {"PriorityClass": "priorityClassName", "RuntimeClass": "runtimeClassName"}
# In a note so many objects are named.
_NAMED = 20

_Known = dict[Reference, Known]


def claims(reading: Reading) -> list[list[dict[str, Any]]]:
    """The claims that the template of each DaemonSet names."""
    named = [claims_named(one.template) for one in reading.each]
    wanted = [[("PersistentVolumeClaim", name) for name in sorted(uses)] for uses in named]
    return [
        [
            claim_view(name, uses[name], known.exists, known.kept)
            for (_kind, name), known in found.items()
        ]
        for uses, found in zip(named, _looked_up(reading, wanted), strict=True)
    ]


def supporting(reading: Reading) -> list[dict[str, Any]]:
    """The other objects that each DaemonSet needs or that are about its pods or its account.

    Of ConfigMaps and Secrets nothing but the names of their keys is kept.
    """
    uses = [uses_of(one.template) for one in reading.each]
    wanted = [[*used, *_named(one.template)] for one, used in zip(reading.each, uses, strict=True)]
    known = _looked_up(reading, wanted)
    shown = [
        _of_template(one.template, used, found)
        for one, used, found in zip(reading.each, uses, known, strict=True)
    ]
    budgets = reading.lists(
        "/apis/policy/v1", "poddisruptionbudgets", views.small_budget, warn=False
    )
    bindings, of_cluster = _role_bindings(reading), _cluster_role_bindings(reading)
    for one, view in zip(reading.each, shown, strict=True):
        account = views.account_of(one.template)
        for key, listed in (
            ("role_bindings", bindings[one.namespace]),
            ("cluster_role_bindings", of_cluster),
        ):
            view[key] = (
                None if listed is None else views.binding_views(listed, one.namespace, account)
            )
        own = budgets[one.namespace]
        view["disruption_budgets"] = None if own is None else views.budget_views(own, one.template)
    return shown


def _named(template: Any) -> list[Reference]:
    """What a template names beside ConfigMaps and Secrets."""
    classes = {kind: template["spec"].get(field) for kind, field in _CLASSES.items()}
    return [
        ("ServiceAccount", views.account_of(template)),
        *((kind, name) for kind, name in classes.items() if name),
    ]


def _of_template(template: Any, uses: dict[Reference, Use], known: _Known) -> dict[str, Any]:
    def of(kind: str, shape: Any, *more: Any) -> dict[str, Any] | None:
        return next(
            (
                shape(name, found.exists, found.kept, *more)
                for (its_kind, name), found in known.items()
                if its_kind == kind
            ),
            None,
        )

    def contents(kind: str) -> list[dict[str, Any]]:
        return [
            views.content_view(name, use, known[its_kind, name].exists, known[its_kind, name].kept)
            for (its_kind, name), use in uses.items()
            if its_kind == kind
        ]

    return {
        "service_account": of("ServiceAccount", views.account_view, template),
        "config_maps": contents("ConfigMap"),
        "secrets": contents("Secret"),
        "priority_class": of("PriorityClass", views.priority_view),
        "runtime_class": of("RuntimeClass", views.runtime_view),
    }


def _looked_up(reading: Reading, wanted: Sequence[Sequence[Reference]]) -> list[_Known]:
    """What is known of the objects that each DaemonSet names; a note tells what is not."""

    def path(namespace: str, reference: Reference) -> str:
        kind, name = reference
        return f"{_PATHS[kind].format(namespace)}{name}"

    paths = [
        {reference: path(one.namespace, reference) for reference in references}
        for one, references in zip(reading.each, wanted, strict=True)
    ]
    found = reading.look_up((path for own in paths for path in own.values()), _kept)
    known = [{reference: found[at] for reference, at in own.items()} for own in paths]
    for one, own in zip(reading.each, known, strict=True):
        unknown = [" ".join(reference) for reference, one in own.items() if one.exists is None]
        if unknown:
            told = some_of(unknown, _NAMED)
            reading.tell([one], f"Whether these are there is not known: {told}.")
    return known


def _kept(obj: dict[str, Any]) -> dict[str, Any]:
    if obj["kind"] in ("ConfigMap", "Secret"):
        return views.small_content(obj)
    return obj


def _role_bindings(reading: Reading) -> dict[str, list[dict[str, Any]] | None]:
    """The role bindings that may name the accounts, by the namespace of those.

    Those of other namespaces can do so as well, and are among them where all may be listed.
    """
    try:
        found = _all_bindings(reading, "rolebindings")
    except ForbiddenError:
        listed = reading.lists(_RBAC, "rolebindings", views.small_binding, warn=False)
        told = [one for one in reading.each if listed[one.namespace] is not None]
        reading.tell(told, "The role bindings of other namespaces may not be read.")
        return listed
    return {one.namespace: found for one in reading.each}


def _cluster_role_bindings(reading: Reading) -> list[dict[str, Any]] | None:
    try:
        return _all_bindings(reading, "clusterrolebindings")
    except ForbiddenError as error:
        reading.tell(reading.each, f"The clusterrolebindings are not shown: {error.message}")
        return None


def _all_bindings(reading: Reading, resource: str) -> list[dict[str, Any]]:
    found = each(
        reading.task.cluster,
        f"{_RBAC}/{resource}",
        {},
        reading.deadline,
        f"list {resource} in all namespaces",
    )
    return [kept for one in found if (kept := views.small_binding(one)) is not None]
