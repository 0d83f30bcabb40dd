# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading, sending and deleting objects of any kind of the table in kinds.py."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ConflictError, NotFoundError, RefusedError
from . import guards, obstacles
from .connection import Cluster
from .kinds import Kind, kind_of

APPLY = "application/apply-patch+yaml"
_NOT_FOR_USERS = frozenset(
    {
        "deprecated.daemonset.template.generation",
        "everynode.kubernetes/agent-objects",
        "everynode.kubernetes/rollout",
    }
)


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
        create_namespace: make the namespace of a new object where it is missing.
        verbatim: send every list in the order, and every amount in the words, in which it is given,
            even where the live one means the same.
    """

    manager: str
    force: bool = False
    adopt: tuple[str, ...] = ()
    dry_run: bool = False
    resource_version: str | None = None
    partial: bool = False
    create_namespace: bool = False
    verbatim: bool = False


def read(
    cluster: Cluster, kind: Kind, namespace: str, name: str, deadline: Deadline
) -> dict[str, Any] | None:
    """The live object, or None where there is none."""
    try:
        return cluster.request(
            "GET",
            kind.path(namespace, name),
            deadline=deadline,
            doing=f"read {kind.called(namespace, name)}",
        ).body
    except NotFoundError:
        return None


def send(
    cluster: Cluster, intent: dict[str, Any], how: How, deadline: Deadline
) -> tuple[dict[str, Any], list[str]]:
    """One server-side apply; with ``dry_run``, nothing is stored.

    Returns:
        the object afterwards, and the server's warnings.

    Raises:
        ConflictError: another manager owns a field with another value, or the object is not at the
            resource version that ``how`` names.
        RefusedError: the server does not accept the object.
    """
    kind, metadata = kind_of(intent), intent["metadata"]
    namespace, name = metadata.get("namespace", ""), metadata["name"]
    what, version = kind.called(namespace, name), how.resource_version
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
            kind.path(namespace, name),
            query=query,
            body=guards.guarded(intent, version) if version else intent,
            content_type=APPLY,
            deadline=deadline,
            doing=f"apply {what}",
        )
    except ConflictError as error:
        if version and not obstacles.conflicts(error):
            stale = guards.stale(what, version, "it has just been changed")
            stale.repeated = error.repeated
            raise stale from error
        raise obstacles.conflict(error, what) from error
    except RefusedError as error:
        raise obstacles.refusal(error, what) from error
    return answer.body, answer.warnings


def delete(
    cluster: Cluster,
    live: Mapping[str, Any],
    propagation_policy: str,
    dry_run: bool,
    deadline: Deadline,
) -> None:
    """Delete exactly this object (its uid is a precondition); gone already is fine."""
    kind, metadata = kind_of(live), live["metadata"]
    namespace, name = metadata.get("namespace", ""), metadata["name"]
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": propagation_policy,
        "preconditions": {"uid": metadata["uid"]},
    }
    if dry_run:
        body["dryRun"] = ["All"]
    try:
        cluster.request(
            "DELETE",
            kind.path(namespace, name),
            body=body,
            deadline=deadline,
            doing=f"delete {kind.called(namespace, name)}",
        )
    except NotFoundError:
        return


def list_all(
    cluster: Cluster, path: str, query: Mapping[str, str], deadline: Deadline, doing: str
) -> tuple[list[dict[str, Any]], str]:
    """Every object of a list, read in pages, and the list's resourceVersion."""
    # Imported here, as a module is compiled anew in each task and few list anything.
    from .lists import PAGE

    found: list[dict[str, Any]] = []
    page = dict(query, limit=str(PAGE))
    while True:
        body = cluster.request("GET", path, query=page, deadline=deadline, doing=doing).body
        found.extend(body.get("items") or [])
        token = body["metadata"].get("continue")
        if not token:
            return found, body["metadata"]["resourceVersion"]
        page["continue"] = token


def owned_by(objects: Iterable[dict[str, Any]], uid: str) -> list[dict[str, Any]]:
    """Those objects whose owner is the object of that uid."""
    return [
        obj
        for obj in objects
        if any(o.get("uid") == uid for o in obj["metadata"].get("ownerReferences") or [])
    ]


def controller_of(obj: Mapping[str, Any]) -> str | None:
    """The uid of the owner that controls an object; None for an orphan."""
    owners = obj["metadata"].get("ownerReferences") or []
    return next((str(one["uid"]) for one in owners if one.get("controller")), None)


def controllable(obj: Mapping[str, Any] | None) -> dict[str, Any]:
    """The part of an object that a user controls: name, labels, annotations and all beside metadata
    and status.
    """
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
        if key not in _NOT_FOR_USERS
    }
    if annotations:
        kept["annotations"] = annotations
    shown = {
        key: kept if key == "metadata" else copy.deepcopy(value)
        for key, value in obj.items()
        if key != "status"
    }
    template = shown["spec"].get("template") if isinstance(shown.get("spec"), dict) else None
    if template:
        template.get("metadata", {}).pop("creationTimestamp", None)
    return shown
