# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who else has set fields of a DaemonSet that a field manager of ours applies. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._base.redaction import MARKER, redact
from .._cluster import belongings, fieldset, managers
from .._cluster.clearing import child_of
from .._cluster.fieldset import FieldSet, SetPath
from .._rollout import restart, state
from .fields import MOST, shortened, shown

# What these write, beside the manager of a task, is no drift.
_HELPERS = (belongings.MANAGER, restart.MANAGER, state.MANAGER)
_CONTROLLERS = ("kube-controller-manager",)
_SELECTOR: SetPath = ("f:spec", "f:selector")
_ANNOTATIONS: SetPath = ("f:metadata", "f:annotations")
# The numbers of the API server, and the memory of ``kubectl apply``: nobody sets them by hand.
_BOOKKEEPING = (
    (*_ANNOTATIONS, "f:deprecated.daemonset.template.generation"),
    (*_ANNOTATIONS, "f:kubectl.kubernetes.io/last-applied-configuration"),
)


def drift_of(live: Mapping[str, Any], manager: str, secrets: Iterable[str] = ()) -> dict[str, Any]:
    """The fields of a DaemonSet that others have set, or have changed since we applied them.

    Server-side apply keeps who set each field last (KEP-555). What somebody has removed belongs to
    nobody, and is seen only by comparing with what is asked for.

    Args:
        live: the whole DaemonSet, with its managedFields.
        manager: the field manager of the tasks that keep it.
        secrets: texts that must not be shown.

    Returns:
        ``applied_at``, when ``manager`` last changed something by an apply, null where it has
        applied nothing; ``fields``, empty in that case, else each field that belongs to another
        with its value, that manager, its operation (Apply or Update) and when it last changed
        something; ``left_out``, how many more there are; ``managers``, all that own fields, the
        latest first.
    """
    entries = [entry for entry in managers.entries(live) if not entry.get("subresource")]
    applied_at = next(
        (
            entry.get("time")
            for entry in entries
            if entry.get("manager") == manager and entry.get("operation") == "Apply"
        ),
        None,
    )
    found = {} if applied_at is None else _foreign(live, entries, manager)
    listed = sorted(found.items(), key=lambda item: shown(item[0]))
    redacted = redact(_without_managers(live), secrets) if found else {}
    return {
        "manager": manager,
        "applied_at": applied_at,
        "fields": [
            {"field": shown(path), "value": _value(redacted, path), **_by(entry)}
            for path, entry in listed[:MOST]
        ],
        "left_out": max(0, len(listed) - MOST),
        "managers": [_by(entry) for entry in sorted(entries, key=_time, reverse=True)],
    }


def _by(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "manager": entry.get("manager"),
        "operation": entry.get("operation"),
        "changed_at": entry.get("time"),
    }


def _time(entry: Mapping[str, Any]) -> str:
    return str(entry.get("time") or "")


def _foreign(
    live: Mapping[str, Any], entries: Iterable[Mapping[str, Any]], manager: str
) -> dict[SetPath, Mapping[str, Any]]:
    """Each field that others own and we do not, with the latest entry that has it."""
    own: FieldSet = {}
    others = []
    for entry in entries:
        if entry.get("manager") in (manager, *_HELPERS):
            own = fieldset.union(own, entry.get("fieldsV1") or {})
        elif entry.get("manager") not in _CONTROLLERS:
            others.append(entry)
    found: dict[SetPath, Mapping[str, Any]] = {}
    for entry in sorted(others, key=_time):
        fields, _bookkeeping = fieldset.without(entry.get("fieldsV1") or {}, _BOOKKEEPING)
        # Who made the object by other means than an apply owns what the server filled in.
        made = entry.get("operation") == "Update" and fieldset.contains(fields, _SELECTOR)
        for path in _not_in(own, fields, live):
            if not made or managers.means_something(live, path):
                found[path] = entry
    return found


def _not_in(
    own: FieldSet, fields: FieldSet, live: Mapping[str, Any], path: SetPath = ()
) -> Iterator[SetPath]:
    """The outermost paths of a set that hold nothing of ours, but for maps: single keys of them."""
    for step, node in fields.items():
        if step == ".":
            continue
        here = (*path, step)
        place = fieldset.locate(live, here)
        # A field that is owned and not there was given as null.
        if place is None:
            continue
        # With a dot, it is the map or the list as such that is owned, beside what is in it.
        is_one = not node or ("." in node and _is_one(place, step))
        if is_one and not fieldset.contains(own, here):
            yield here
        else:
            yield from _not_in(own, node, live, here)


def _is_one(place: tuple[Any, Any, Any], step: str) -> bool:
    """Whether a value is an item of a list, or an object of a declared type."""
    if not step.startswith("f:"):
        return True
    holder_type, _holder, key = place
    child = child_of(holder_type, key)
    return child is not None and child.ref is not None


def _without_managers(live: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {name: value for name, value in live["metadata"].items() if name != "managedFields"}
    return {**live, "metadata": metadata}


def _value(redacted: Mapping[str, Any], path: SetPath) -> Any:
    place = fieldset.locate(redacted, path)
    return MARKER if place is None else shortened(place[1][place[2]])
