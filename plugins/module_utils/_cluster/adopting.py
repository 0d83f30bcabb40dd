# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking over what another tool made, before the apply; and what that would give (check mode)."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ConflictError
from .._spec.schema import FieldType
from . import fieldset, guards, managers
from .connection import Cluster
from .kinds import kind_of
from .objects import How, read, send
from .obstacles import conflicts

JSON_PATCH = "application/json-patch+json"
_CONFLICT_RETRIES = 5


def adopt(
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
    kind, metadata = kind_of(live), live["metadata"]
    namespace, name = metadata.get("namespace", ""), metadata["name"]
    what = kind.called(namespace, name)
    plan: managers.Adoption | None = adoption
    current: dict[str, Any] | None = live
    for attempt in range(_CONFLICT_RETRIES):
        if plan is None or current is None:
            break
        version = current["metadata"]["resourceVersion"]
        try:
            answer = cluster.request(
                "PATCH",
                kind.path(namespace, name),
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
                doing=f"take over fields of {what}",
            )
            return str(answer.body["metadata"]["resourceVersion"])
        except ConflictError as error:
            if how.resource_version is not None:
                found = "it has just been changed"
                raise guards.stale(what, how.resource_version, found) from error
            if attempt == _CONFLICT_RETRIES - 1:
                raise
        current = read(cluster, kind, namespace, name, deadline)
        plan = managers.plan_adoption(current, how.manager, names) if current else None
    return ""


def predict(
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
    kind, metadata = kind_of(live), live["metadata"]
    namespace, name = metadata.get("namespace", ""), metadata["name"]
    pruned = managers.pruned_by_adoption(live, adoption, intended, how.manager, kind.field_type)
    attempts = _CONFLICT_RETRIES
    while True:
        after, warnings = _applied(cluster, intent, adoption, how, deadline)
        if not pruned:
            return after, warnings
        attempts -= 1
        try:
            answer = cluster.request(
                "PUT",
                kind.path(namespace, name),
                query={"dryRun": "All", "fieldManager": how.manager},
                body=_without(after, pruned, kind.field_type),
                deadline=deadline,
                doing=f"predict {kind.called(namespace, name)}",
            )
        except ConflictError:
            # It has changed between the two requests; its status, mostly.
            if how.resource_version is not None or not attempts:
                raise
        else:
            return answer.body, warnings


def _applied(
    cluster: Cluster,
    intent: dict[str, Any],
    adoption: managers.Adoption,
    how: How,
    deadline: Deadline,
) -> tuple[dict[str, Any], list[str]]:
    """What the apply would give, were the fields of the adoption nobody else's."""
    try:
        return send(cluster, intent, how, deadline)
    except ConflictError as error:
        foreign = {manager for _path, manager in conflicts(error)} - set(adoption.managers)
        if foreign:
            raise
        return send(cluster, intent, How(how.manager, True, how.adopt, True), deadline)


def _without(
    after: dict[str, Any], pruned: Iterable[fieldset.SetPath], field_type: FieldType
) -> dict[str, Any]:
    """An object without these fields, to be written."""
    wanted = copy.deepcopy(after)
    for path in sorted(pruned, reverse=True):
        place = fieldset.locate(wanted, path, field_type)
        if place is not None:
            _field_type, holder, key = place
            del holder[key]
    wanted["metadata"].pop("managedFields", None)
    return wanted
