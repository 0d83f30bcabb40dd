# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who owns which fields of a live object, and taking over what another tool made. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._spec.defaults import is_default
from .._spec.schema import DAEMONSET, FieldType, fields_of
from . import fieldset
from .fieldset import FieldSet, SetPath

# The names under which other tools write, by the word that ``adopt`` takes for them. The names are
# those that the tools send (kubectl: its commands' field managers; the others: the first word of
# their User-Agent).
KNOWN_MANAGERS: dict[str, tuple[str, ...]] = {
    "kubectl": (
        "kubectl",
        "kubectl-client-side-apply",
        "kubectl-create",
        "kubectl-edit",
        "kubectl-patch",
        "kubectl-replace",
        "kubectl-label",
        "kubectl-annotate",
        "kubectl-set",
        "kubectl-rollout",
        "kubectl-last-applied",
    ),
    "helm": ("helm",),
    "kubernetes.core": ("OpenAPI-Generator",),
}
_NEVER_ADOPTED = ("kube-controller-manager",)

_TEMPLATE_ANNOTATIONS = ("f:spec", "f:template", "f:metadata", "f:annotations")
# Dropping a restart annotation is a new template, which restarts every pod.
_STAYS: tuple[SetPath, ...] = (
    (*_TEMPLATE_ANNOTATIONS, "f:kubectl.kubernetes.io/restartedAt"),
    (*_TEMPLATE_ANNOTATIONS, "f:kubesphere.io/restartedAt"),
    ("f:metadata", "f:annotations", "f:deprecated.daemonset.template.generation"),
)
_NO_LOSS: tuple[SetPath, ...] = (
    ("f:metadata", "f:annotations", "f:kubectl.kubernetes.io/last-applied-configuration"),
)


def entries(live: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The object's managedFields."""
    found: list[dict[str, Any]] = live.get("metadata", {}).get("managedFields") or []
    return found


def applied_set(live: Mapping[str, Any], manager: str) -> FieldSet:
    """What ``manager`` owns by server-side apply (empty where it has no entry)."""
    for entry in entries(live):
        if (
            entry.get("manager") == manager
            and entry.get("operation") == "Apply"
            and not entry.get("subresource")
        ):
            fields: FieldSet = entry.get("fieldsV1") or {}
            return fields
    return {}


def manager_names(adopt: Iterable[str]) -> frozenset[str]:
    """The field managers that the values of ``adopt`` stand for: known words, or exact names."""
    names: set[str] = set()
    for word in adopt:
        names.update(KNOWN_MANAGERS.get(word, (word,)))
    return frozenset(names - set(_NEVER_ADOPTED))


def word_for(manager: str) -> str:
    """What to write into ``adopt`` to take over the fields of a manager."""
    return next((word for word, names in KNOWN_MANAGERS.items() if manager in names), manager)


@dataclass(frozen=True)
class Adoption:
    """A take-over of fields.

    Attributes:
        managed_fields: the object's managedFields afterwards.
        taken: the fields that become ours.
        managers: whose they were.
    """

    managed_fields: list[dict[str, Any]]
    taken: FieldSet
    managers: tuple[str, ...]


def plan_adoption(live: Mapping[str, Any], manager: str, names: frozenset[str]) -> Adoption | None:
    """What taking over the fields of the managers ``names`` means, or None where they own none.

    Every entry of such a manager (by update or by apply) goes into our own apply entry, except the
    entries for subresources and the annotations that must stay (client-go, util/csaupgrade, for the
    general idea).
    """
    taken: FieldSet = {}
    managers: list[str] = []
    others: list[dict[str, Any]] = []
    ours: dict[str, Any] = {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": live.get("apiVersion", "apps/v1"),
        "fieldsType": "FieldsV1",
        "fieldsV1": applied_set(live, manager),
    }
    for entry in entries(live):
        name = entry.get("manager", "")
        if entry.get("subresource") or (name == manager and entry.get("operation") == "Apply"):
            if entry.get("subresource"):
                others.append(entry)
            continue
        if name not in names and name != manager:
            others.append(entry)
            continue
        adopted, stays = fieldset.without(entry.get("fieldsV1") or {}, _STAYS)
        if any(True for _path in fieldset.members(adopted)):
            taken = fieldset.union(taken, adopted)
            managers.append(name)
        if stays:
            others.append({**entry, "fieldsV1": stays})
    if not managers:
        return None
    ours["fieldsV1"] = fieldset.union(ours["fieldsV1"], taken)
    ours["time"] = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Adoption([*others, ours], taken, tuple(dict.fromkeys(managers)))


def owned_with(live: Mapping[str, Any], manager: str, names: frozenset[str]) -> FieldSet:
    """What ``manager`` owns once it has taken over the fields of the managers ``names``."""
    owned = applied_set(live, manager)
    adoption = plan_adoption(live, manager, names)
    if adoption is None:
        return owned
    kept, _no_loss = fieldset.without(adoption.taken, _NO_LOSS)
    return fieldset.union(owned, kept)


def owners_of(live: Mapping[str, Any], path: SetPath) -> list[str]:
    """The managers that own a field of the object."""
    return [
        entry.get("manager", "")
        for entry in entries(live)
        if fieldset.contains(entry.get("fieldsV1") or {}, path)
    ]


def others_have_written(before: Mapping[str, Any], after: Mapping[str, Any], manager: str) -> bool:
    """Whether others than ``manager`` have written an object meanwhile, but for its status."""
    return not _writes_of_others(after, manager) <= _writes_of_others(before, manager)


def _writes_of_others(live: Mapping[str, Any], manager: str) -> set[tuple[Any, ...]]:
    return {
        (entry.get("manager"), entry.get("operation"), entry.get("time"))
        for entry in entries(live)
        if entry.get("manager") != manager and not entry.get("subresource")
    }


def _owned_by_others(live: Mapping[str, Any], excluded: Collection[str]) -> FieldSet:
    owned: FieldSet = {}
    for entry in entries(live):
        if entry.get("manager") not in excluded and not entry.get("subresource"):
            owned = fieldset.union(owned, entry.get("fieldsV1") or {})
    return owned


def pruned_by_adoption(
    live: Mapping[str, Any],
    adoption: Adoption,
    intended: FieldSet,
    manager: str,
    field_type: FieldType = DAEMONSET,
) -> list[SetPath]:
    """The fields that go away once an adoption is followed by the apply: taken, not intended,
    nobody else's.
    """
    others = _owned_by_others(live, {*adoption.managers, manager})
    # Every intent names the object, which no field set tells.
    kept = fieldset.union(intended, {"f:metadata": {"f:name": {}}})
    return _outermost(
        path
        for path in fieldset.with_named_parents(adoption.taken, live, field_type)
        if not fieldset.contains(kept, path) and not fieldset.contains(others, path)
    )


def left_behind(
    live: Mapping[str, Any],
    intended: FieldSet,
    manager: str,
    adopted: frozenset[str],
    field_type: FieldType = DAEMONSET,
) -> dict[str, list[str]]:
    """Fields that the task does not name and that only a known, adoptable manager owns.

    Values that are API defaults do not count: such a manager owns them only because it made the
    object.

    Returns:
        readable paths by the word for ``adopt``.
    """
    known = {name for names in KNOWN_MANAGERS.values() for name in names} - adopted - {manager}
    found: dict[str, list[str]] = {}
    present = [e for e in entries(live) if e.get("manager") in known and not e.get("subresource")]
    if not present:
        return found
    others = _owned_by_others(live, known)
    for entry in present:
        fields, _stays = fieldset.without(entry.get("fieldsV1") or {}, (*_STAYS, *_NO_LOSS))
        paths = _outermost(
            path
            for path in fieldset.members(fields)
            if not fieldset.contains(intended, path)
            and not fieldset.contains(others, path)
            # Nothing but itself is left of it once what stays was taken out.
            and fieldset.subset(fields, path) != {".": {}}
            and means_something(live, path, field_type)
        )
        if paths:
            words = found.setdefault(word_for(entry["manager"]), [])
            words.extend(text for path in paths if (text := fieldset.readable(path)) not in words)
    return found


def means_something(
    live: Mapping[str, Any], path: SetPath, object_type: FieldType = DAEMONSET
) -> bool:
    """Whether a field is there with a value that the server does not fill in by itself."""
    place = fieldset.locate(live, path, object_type)
    if place is None:
        return False
    field_type, holder, key = place
    if isinstance(holder, list):
        return True
    return not _is_filled_in(field_type, holder, key)


def _is_filled_in(holder_type: FieldType, holder: Any, key: Any) -> bool:
    """Whether a value is only what the server fills in: empty, a default, an object of those."""
    value = holder[key]
    if value in ({}, [], None) or is_default(holder_type.ref, key, value, holder):
        return True
    child = fields_of(holder_type.ref).get(key) if holder_type.ref else holder_type.element
    if child is None or child.ref is None or not isinstance(value, dict):
        return False
    return all(_is_filled_in(child, value, name) for name in value)


def _outermost(paths: Iterable[SetPath]) -> list[SetPath]:
    """The paths without those that lie below another one of them."""
    found: list[SetPath] = []
    for path in sorted(paths):
        if not (found and path[: len(found[-1])] == found[-1]):
            found.append(path)
    return found
