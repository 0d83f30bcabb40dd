# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking over what another tool made, before the apply; and what that would give (check mode)."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ConflictError, RefusedError
from .._spec.schema import FieldType
from . import fieldset, guards, managers, obstacles
from .connection import Cluster
from .kinds import kind_of
from .objects import How, read, send

JSON_PATCH = "application/json-patch+json"
_CONFLICT_RETRIES = 5
# Objects whose fields do not exclude one another, by the step that leads to them.
_OPEN = frozenset({"f:spec", "f:template", "f:metadata", "f:annotations", "f:labels"})
_LISTS_OF_OPEN = frozenset({"f:containers", "f:initContainers"})


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
                found = read(cluster, kind, namespace, name, deadline) if error.repeated else None
                if found is not None and _is_taken_over(live, found, how.manager, names):
                    return str(found["metadata"]["resourceVersion"])
                why = "it has just been changed"
                raise guards.stale(what, how.resource_version, why) from error
            if attempt == _CONFLICT_RETRIES - 1:
                raise
        current = read(cluster, kind, namespace, name, deadline)
        plan = managers.plan_adoption(current, how.manager, names) if current else None
    return ""


def _is_taken_over(
    live: dict[str, Any], found: dict[str, Any], manager: str, names: frozenset[str]
) -> bool:
    """Whether nothing but the adoption has been written since, whose answer was lost."""
    is_same = found["metadata"]["uid"] == live["metadata"]["uid"]
    is_adopted = managers.plan_adoption(found, manager, names) is None
    return is_same and is_adopted and not managers.others_have_written(live, found, manager)


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
        aside: dict[fieldset.SetPath, Any] = {}
        try:
            after, warnings = _applied(cluster, intent, adoption, how, deadline)
        except RefusedError:
            less, aside = _set_aside(intent, live, pruned, kind.field_type)
            if not aside:
                raise
            after, warnings = _applied(cluster, less, adoption, how, deadline)
        if not pruned:
            return after, warnings
        attempts -= 1
        try:
            answer = cluster.request(
                "PUT",
                kind.path(namespace, name),
                query={"dryRun": "All", "fieldManager": how.manager},
                body=_with(_without(after, pruned, kind.field_type), aside, kind.field_type),
                deadline=deadline,
                doing=f"predict {kind.called(namespace, name)}",
            )
        except ConflictError:
            # It has changed between the two requests; its status, mostly.
            if how.resource_version is not None or not attempts:
                raise
        except RefusedError as error:
            raise obstacles.refusal(error, kind.called(namespace, name)) from error
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
        owners = {manager for _path, manager in obstacles.conflicts(error)}
        if owners - set(adoption.managers):
            metadata = intent["metadata"]
            what = kind_of(intent).called(metadata.get("namespace", ""), metadata["name"])
            raise obstacles.conflict(error, what, adoption.managers) from error
        return send(cluster, intent, How(how.manager, True, how.adopt, True), deadline)


def _set_aside(
    intent: dict[str, Any],
    live: dict[str, Any],
    pruned: Iterable[fieldset.SetPath],
    field_type: FieldType,
) -> tuple[dict[str, Any], dict[fieldset.SetPath, Any]]:
    """An intent without what the fields that go may exclude, such as the new source of a volume
    whose former source goes, and that by its paths.
    """
    less = copy.deepcopy(intent)
    aside: dict[fieldset.SetPath, Any] = {}
    for *steps, _last in pruned:
        parent = tuple(steps)
        if not parent or parent[-1] in _OPEN or parent[-2:][0] in _LISTS_OF_OPEN:
            continue
        wanted = fieldset.select(less, parent, field_type)
        there = fieldset.select(live, parent, field_type)
        if not isinstance(wanted, dict) or not isinstance(there, dict):
            continue
        for name in [key for key, value in wanted.items() if there.get(key) != value]:
            aside[(*parent, f"f:{name}")] = wanted.pop(name)
    return less, aside


def _with(
    obj: dict[str, Any], fields: dict[fieldset.SetPath, Any], field_type: FieldType
) -> dict[str, Any]:
    """An object with these fields, whose parents it has."""
    for path, value in fields.items():
        parent = fieldset.select(obj, path[:-1], field_type)
        if isinstance(parent, dict):
            parent[path[-1].removeprefix("f:")] = value
    return obj


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
