# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading, applying and deleting DaemonSets: server-side apply, with a proof where nothing would
change.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError, ConflictError, NotFoundError, RefusedError
from . import fieldset, guards, managers
from .compare import align, differences
from .connection import Cluster

APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
_CONFLICT_RETRIES = 5
_MANY = 8
_PAGE = 500


@dataclass
class Applied:
    """What an apply did, or in check mode would do.

    Attributes:
        before: the live object, or None where there was none.
        after: the object afterwards.
        changed: whether the object or what we own of it changed; status never counts.
        warnings: the server's warnings, and our own about this apply.
        rewritten: paths where the server holds something else than was asked for.
    """

    before: dict[str, Any] | None
    after: dict[str, Any]
    changed: bool
    warnings: list[str] = field(default_factory=list)
    rewritten: list[str] = field(default_factory=list)


def path_of(namespace: str, name: str = "") -> str:
    """The API path of a namespace's DaemonSets, or of one of them."""
    base = f"/apis/apps/v1/namespaces/{namespace}/daemonsets"
    return f"{base}/{name}" if name else base


def read(cluster: Cluster, namespace: str, name: str, deadline: Deadline) -> dict[str, Any] | None:
    """The live DaemonSet, or None where there is none."""
    try:
        return cluster.request(
            "GET",
            path_of(namespace, name),
            deadline=deadline,
            doing=f"read DaemonSet {namespace}/{name}",
        ).body
    except NotFoundError:
        return None


@dataclass(frozen=True)
class How:
    """How to apply.

    Attributes:
        manager: our field manager.
        force: take fields over that others own, whatever they hold.
        adopt: the values of the parameter ``adopt``.
        dry_run: ask the server what would happen and write nothing (check mode).
        resource_version: apply to an object of this version only, whatever it is.
        partial: the intent is a part of the object, so that what others made is not left behind.
    """

    manager: str
    force: bool = False
    adopt: tuple[str, ...] = ()
    dry_run: bool = False
    resource_version: str | None = None
    partial: bool = False


def apply(
    cluster: Cluster,
    intent: dict[str, Any],
    live: dict[str, Any] | None,
    how: How,
    deadline: Deadline,
) -> Applied:
    """Make ``intent`` all that our field manager wants of the object, by server-side apply
    (KEP-555).

    Sends nothing where the live object proves that the server would change nothing: every value
    that is asked for is there, and the fields that we own are those that applying would make ours.

    Raises:
        ConflictError: another manager owns a field with another value.
        RefusedError: the server does not accept the object.
        ClusterError: everything else that a request can run into.
    """
    if live is None:
        return _create(cluster, intent, how, deadline)
    intended = fieldset.set_of_intent(intent)
    names = managers.manager_names(how.adopt)
    adoption = managers.plan_adoption(live, how.manager, names)
    silent = how.force or how.partial
    warnings = [] if silent else _left_behind(live, intended, how.manager, names)
    aligned = align(intent, live)
    owned = managers.applied_set(live, how.manager)
    if adoption is None and owned == intended and not differences(aligned, live):
        return Applied(live, live, False, warnings)
    if adoption is None:
        after, server_warnings = _patch(cluster, aligned, how, deadline)
    elif how.dry_run:
        after, server_warnings = _predict_adoption(
            cluster, aligned, intended, live, adoption, how, deadline
        )
    else:
        version = _adopt(cluster, live, adoption, names, how, deadline)
        if how.resource_version is not None:
            how = replace(how, resource_version=version)
        after, server_warnings = _patch(cluster, aligned, how, deadline)
    rewritten = differences(align(aligned, after), after)
    changed = adoption is not None or _changed(live, after, how.manager)
    return Applied(live, after, changed, [*server_warnings, *warnings], rewritten)


def _create(cluster: Cluster, intent: dict[str, Any], how: How, deadline: Deadline) -> Applied:
    namespace = intent["metadata"]["namespace"]
    try:
        after, warnings = _patch(cluster, intent, how, deadline)
    except NotFoundError as error:
        if how.dry_run:
            told = (
                f"The namespace {namespace} does not exist yet, so the server could not check this"
                " DaemonSet; it was checked offline only."
            )
            return Applied(None, copy.deepcopy(intent), True, [told])
        raise NotFoundError(
            f"Cannot create DaemonSet {namespace}/{intent['metadata']['name']}: the namespace"
            f" {namespace} does not exist on {cluster.server}.",
            advice="Create the namespace first, or name another with the parameter namespace.",
            status=error.status,
            body=error.body,
        ) from error
    return Applied(None, after, True, warnings, differences(align(intent, after), after))


def _patch(
    cluster: Cluster, intent: dict[str, Any], how: How, deadline: Deadline
) -> tuple[dict[str, Any], list[str]]:
    """One server-side apply; with ``dry_run``, nothing is stored."""
    namespace, name = intent["metadata"]["namespace"], intent["metadata"]["name"]
    version = how.resource_version
    query = {
        "fieldManager": how.manager,
        "fieldValidation": "Strict",
        "force": "true" if how.force else "false",
    }
    if how.dry_run:
        query["dryRun"] = "All"
    try:
        answer = cluster.request(
            "PATCH",
            path_of(namespace, name),
            query=query,
            body=guards.guarded(intent, version) if version else intent,
            content_type=APPLY,
            deadline=deadline,
            doing=f"apply DaemonSet {namespace}/{name}",
        )
    except ConflictError as error:
        if version and not conflicts(error):
            raise guards.stale(namespace, name, version, "it has just been changed") from error
        raise _explained(error, namespace, name) from error
    except RefusedError as error:
        raise _refused(error, namespace, name) from error
    return answer.body, answer.warnings


def _causes(error: ClusterError) -> list[dict[str, Any]]:
    details = error.body.get("details") or {}
    causes: list[dict[str, Any]] = details.get("causes") or []
    return causes


def conflicts(error: ClusterError) -> list[tuple[str, str]]:
    """(field, field manager) for each conflict of a refused server-side apply."""
    found = []
    for cause in _causes(error):
        message = str(cause.get("message", ""))
        manager = message.split('"')[1] if message.count('"') >= 2 else message
        found.append((str(cause.get("field", "")).removeprefix("."), manager))
    return found


def _explained(error: ConflictError, namespace: str, name: str) -> ConflictError:
    """A conflict in words: which field, whose it is, and the way out."""
    found = conflicts(error)
    if not found:
        return error
    listed = "; ".join(f"{path} is owned by {manager}" for path, manager in found[:_MANY])
    more = f"; and {len(found) - _MANY} more" if len(found) > _MANY else ""
    words = sorted({managers.word_for(manager) for _path, manager in found})
    return ConflictError(
        f"Cannot apply DaemonSet {namespace}/{name}: other field managers own fields that this task"
        f" would change: {listed}{more}.",
        advice=f"Take over all that they own with adopt: [{', '.join(words)}], or just these fields"
        " with force_conflicts: true, or leave the fields out of the task.",
        status=error.status,
        body=error.body,
        details={"conflicts": [{"field": path, "manager": manager} for path, manager in found]},
    )


def _refused(error: RefusedError, namespace: str, name: str) -> RefusedError:
    causes = _causes(error)
    if not causes:
        return error
    listed = "; ".join(f"{c.get('field')}: {c.get('message')}" for c in causes[:_MANY])
    more = f"; and {len(causes) - _MANY} more" if len(causes) > _MANY else ""
    advice = error.advice
    if any(str(cause.get("field")) == "spec.selector" for cause in causes):
        advice = (
            "The selector of a DaemonSet cannot be changed: keep the live one (leave selector"
            " out), or remove the DaemonSet with state: absent and create it anew."
        )
    return RefusedError(
        f"The server refuses DaemonSet {namespace}/{name}: {listed}{more}.",
        advice=advice,
        status=error.status,
        body=error.body,
    )


def _adopt(
    cluster: Cluster,
    live: dict[str, Any],
    adoption: managers.Adoption,
    names: frozenset[str],
    how: How,
    deadline: Deadline,
) -> str:
    """Write the managedFields of an adoption, guarded by the resourceVersion that they were read
    at; returns the one that the object has afterwards.
    """
    namespace, name = live["metadata"]["namespace"], live["metadata"]["name"]
    plan: managers.Adoption | None = adoption
    current: dict[str, Any] | None = live
    for attempt in range(_CONFLICT_RETRIES):
        if plan is None or current is None:
            break
        version = current["metadata"]["resourceVersion"]
        try:
            answer = cluster.request(
                "PATCH",
                path_of(namespace, name),
                query={"fieldManager": how.manager},
                body=[
                    {
                        "op": "replace",
                        "path": "/metadata/managedFields",
                        "value": plan.managed_fields,
                    },
                    {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
                ],
                content_type=JSON_PATCH,
                deadline=deadline,
                doing=f"take over fields of DaemonSet {namespace}/{name}",
            )
            return str(answer.body["metadata"]["resourceVersion"])
        except ConflictError as error:
            if how.resource_version is not None:
                found = "it has just been changed"
                raise guards.stale(namespace, name, how.resource_version, found) from error
            if attempt == _CONFLICT_RETRIES - 1:
                raise
        current = read(cluster, namespace, name, deadline)
        plan = managers.plan_adoption(current, how.manager, names) if current else None
    return ""


def _predict_adoption(
    cluster: Cluster,
    intent: dict[str, Any],
    intended: fieldset.FieldSet,
    live: dict[str, Any],
    adoption: managers.Adoption,
    how: How,
    deadline: Deadline,
) -> tuple[dict[str, Any], list[str]]:
    """What adopting and then applying would give.

    Dry runs cannot build on one another, so the result of the apply is taken, the fields that
    nobody owns any more are dropped from it, and the server is asked what it would make of that.
    """
    try:
        after, warnings = _patch(cluster, intent, how, deadline)
    except ConflictError as error:
        foreign = {manager for _path, manager in conflicts(error)} - set(adoption.managers)
        if foreign:
            raise
        forced = How(how.manager, True, how.adopt, True)
        after, warnings = _patch(cluster, intent, forced, deadline)
    pruned = managers.pruned_by_adoption(live, adoption, intended, how.manager)
    if not pruned:
        return after, warnings
    wanted = copy.deepcopy(after)
    for path in sorted(pruned, reverse=True):
        place = fieldset.locate(wanted, path)
        if place is not None:
            _field_type, holder, key = place
            del holder[key]
    namespace, name = live["metadata"]["namespace"], live["metadata"]["name"]
    wanted["metadata"].pop("managedFields", None)
    answer = cluster.request(
        "PUT",
        path_of(namespace, name),
        query={"dryRun": "All", "fieldManager": how.manager},
        body=wanted,
        deadline=deadline,
        doing=f"predict DaemonSet {namespace}/{name}",
    )
    return answer.body, warnings


def _left_behind(
    live: Mapping[str, Any], intended: fieldset.FieldSet, manager: str, adopted: frozenset[str]
) -> list[str]:
    """A warning for each tool that made fields which this task does not name."""
    told = []
    for word, paths in managers.left_behind(live, intended, manager, adopted).items():
        listed = ", ".join(paths[:_MANY])
        more = f" and {len(paths) - _MANY} more" if len(paths) > _MANY else ""
        told.append(
            f"{word} set fields that this task does not name, and they stay: {listed}{more}."
            f" To take them over, so that they go away, add adopt: [{word}]."
        )
    return told


def controllable(obj: Mapping[str, Any] | None) -> dict[str, Any]:
    """The part of an object that a user controls: name, labels, annotations and spec."""
    if obj is None:
        return {}
    metadata = obj.get("metadata", {})
    kept: dict[str, Any] = {
        key: metadata[key]
        for key in ("name", "namespace", "labels", "finalizers")
        if metadata.get(key)
    }
    annotations = {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if key != "deprecated.daemonset.template.generation"
    }
    if annotations:
        kept["annotations"] = annotations
    spec = copy.deepcopy(obj.get("spec", {}))
    template_metadata = spec.get("template", {}).get("metadata", {})
    template_metadata.pop("creationTimestamp", None)
    return {
        "apiVersion": obj.get("apiVersion"),
        "kind": obj.get("kind"),
        "metadata": kept,
        "spec": spec,
    }


def _changed(before: Mapping[str, Any], after: Mapping[str, Any], manager: str) -> bool:
    if controllable(before) != controllable(after):
        return True
    return managers.applied_set(before, manager) != managers.applied_set(after, manager)


def template_changed(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> bool:
    """Whether the pod template differs, so that pods are replaced."""
    if before is None:
        return True
    return bool(
        controllable(before)["spec"].get("template") != controllable(after)["spec"].get("template")
    )


def delete(
    cluster: Cluster,
    live: Mapping[str, Any],
    propagation_policy: str,
    dry_run: bool,
    deadline: Deadline,
) -> None:
    """Delete exactly this object (its uid is a precondition); gone already is fine."""
    namespace, name = live["metadata"]["namespace"], live["metadata"]["name"]
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": propagation_policy,
        "preconditions": {"uid": live["metadata"]["uid"]},
    }
    if dry_run:
        body["dryRun"] = ["All"]
    try:
        cluster.request(
            "DELETE",
            path_of(namespace, name),
            body=body,
            deadline=deadline,
            doing=f"delete DaemonSet {namespace}/{name}",
        )
    except NotFoundError:
        return


def list_all(
    cluster: Cluster, path: str, query: Mapping[str, str], deadline: Deadline, doing: str
) -> tuple[list[dict[str, Any]], str]:
    """Every object of a list, read in pages, and the list's resourceVersion."""
    found: list[dict[str, Any]] = []
    page = dict(query, limit=str(_PAGE))
    while True:
        body = cluster.request("GET", path, query=page, deadline=deadline, doing=doing).body
        found.extend(body.get("items") or [])
        token = body["metadata"].get("continue")
        if not token:
            return found, body["metadata"]["resourceVersion"]
        page["continue"] = token


def pods_of(
    cluster: Cluster, live: Mapping[str, Any], deadline: Deadline
) -> tuple[list[dict[str, Any]], str]:
    """The pods that this very DaemonSet owns (by uid), and the list's resourceVersion."""
    namespace = live["metadata"]["namespace"]
    pods, version = list_all(
        cluster,
        f"/api/v1/namespaces/{namespace}/pods",
        {"labelSelector": label_selector(live.get("spec", {}).get("selector") or {})},
        deadline,
        f"list the pods of DaemonSet {namespace}/{live['metadata']['name']}",
    )
    return owned_by(pods, live["metadata"]["uid"]), version


def owned_by(objects: Iterable[dict[str, Any]], uid: str) -> list[dict[str, Any]]:
    """Those objects whose owner is the object of that uid."""
    return [
        obj
        for obj in objects
        if any(o.get("uid") == uid for o in obj["metadata"].get("ownerReferences") or [])
    ]


def label_selector(selector: Mapping[str, Any]) -> str:
    """A LabelSelector as the query parameter ``labelSelector`` takes it."""
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or []:
        key, operator = expression["key"], expression["operator"]
        values = ",".join(expression.get("values") or [])
        parts.append(
            {
                "In": f"{key} in ({values})",
                "NotIn": f"{key} notin ({values})",
                "Exists": key,
                "DoesNotExist": f"!{key}",
            }[operator]
        )
    return ",".join(parts)
