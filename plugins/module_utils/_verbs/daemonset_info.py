# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verb of ``daemonset_info``: DaemonSets as a list shows them, and on demand in detail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import Fault, ForbiddenError, InputError
from .._base.redaction import redact
from .._cluster import objects
from .._cluster.options import CONNECTION_SPEC
from .._views.daemonset import entry_view
from .._views.selection import SORTS, in_order, page, selected
from .._views.state import STATES
from . import reach
from .verb import Task, Verb

_TIME_FOR_READING = 120.0

# What details.py finds out.
_DETAILS = (
    "containers",
    "environment",
    "services",
    "claims",
    "objects",
    "revisions",
    "events",
    "metrics",
    "reasons",
    "drift",
)

_OWN_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str"},
    "namespace": {"type": "str"},
    "namespaces": {"type": "list", "elements": "str"},
    "all_namespaces": {"type": "bool", "default": False},
    "name_contains": {"type": "str"},
    "label_selectors": {"type": "list", "elements": "str", "default": []},
    "field_selectors": {"type": "list", "elements": "str", "default": []},
    "states": {"type": "list", "elements": "str", "choices": list(STATES), "default": []},
    "sort_by": {"type": "str", "choices": list(SORTS), "default": "namespace"},
    "descending": {"type": "bool", "default": False},
    "limit": {"type": "int"},
    "offset": {"type": "int", "default": 0},
    "include": {
        "type": "list",
        "elements": "str",
        "choices": ["daemonset", "metadata", "pods", "quotas", *_DETAILS],
        "default": [],
    },
    "nodes": {"type": "list", "elements": "str"},
    "max_pods": {"type": "int", "default": 500},
    "field_manager": {"type": "str", "default": "everynode"},
    "export": {"type": "str", "choices": ["manifest", "task"]},
}


def run(task: Task) -> dict[str, Any]:
    """Read the DaemonSets that were asked for, and of those that are shown what else was."""
    params = task.params
    faults = [*reach.faults(params), *_faults(params)]
    if faults:
        raise InputError(faults)
    deadline = Deadline(_TIME_FOR_READING)
    found, where = reach.daemonsets(task, _query(params), deadline)
    found = selected(found, name_contains=params["name_contains"], states=params["states"])
    shown = page(
        in_order(found, params["sort_by"], params["descending"]), params["limit"], params["offset"]
    )
    views: list[dict[str, Any]] = redact(_views(task, shown, where, deadline), task.secrets)
    if params["export"] is not None:
        # Not redacted: with a hidden value in it, an export would be another DaemonSet.
        for view, exported in zip(views, _exported(task, shown), strict=True):
            view["export"] = exported
    result = {
        "changed": False,
        "daemonsets": views,
        "found": len(found),
        "denied_namespaces": list(where.denied),
        "missing_namespaces": list(where.missing),
    }
    if "quotas" in params["include"]:
        result["quotas"] = _quotas(task, where, deadline)
    return result


def _faults(params: Mapping[str, Any]) -> list[Fault]:
    least = {"limit": 1, "offset": 0, "max_pods": 1}
    found = [
        Fault(name, f"it is {params[name]}, and has to be {number} or more")
        for name, number in least.items()
        if params[name] is not None and params[name] < number
    ]
    if params["label_selectors"] or params["field_selectors"]:
        from .._spec import query_selectors

        found += query_selectors.check_label_selectors("label_selectors", params["label_selectors"])
        found += query_selectors.check_field_selectors("field_selectors", params["field_selectors"])
    return found


def _query(params: Mapping[str, Any]) -> dict[str, str]:
    fields = list(params["field_selectors"])
    if params["name"] is not None:
        fields.append(f"metadata.name={params['name']}")
    query = {
        "labelSelector": ",".join(params["label_selectors"]),
        "fieldSelector": ",".join(fields),
    }
    return {key: value for key, value in query.items() if value}


def _views(
    task: Task, shown: Sequence[dict[str, Any]], where: reach.Reach, deadline: Deadline
) -> list[dict[str, Any]]:
    """Each DaemonSet with what was asked for about it.

    A module is compiled anew in each task, so what few tasks need is imported where it is used.
    """
    include = set(task.params["include"])
    views = [entry_view(item) for item in shown]
    if include & {"daemonset", "metadata"}:
        from .._views.daemonset import metadata_view, object_view

        for key, view_of in (("daemonset", object_view), ("metadata", metadata_view)):
            if key in include:
                for view, item in zip(views, shown, strict=True):
                    view[key] = view_of(item)
    if include & {"pods", *_DETAILS}:
        _add_details(task, shown, views, where, deadline)
    return views


def _add_details(
    task: Task,
    shown: Sequence[dict[str, Any]],
    views: Sequence[dict[str, Any]],
    where: reach.Reach,
    deadline: Deadline,
) -> None:
    """Add the pods, and what has to be read beside them."""
    from . import details

    include = set(task.params["include"])
    pods: list[list[dict[str, Any]] | None] = [None] * len(shown)
    if include & {"pods", *details.NEED_PODS}:
        from .owned_pods import pods_of

        # Revisions are counted by all pods.
        of_all = include & {"revisions", *details.NEED_PODS}
        nodes = None if of_all else task.params["nodes"]
        pods = pods_of(task, shown, where, deadline, nodes)
    if "pods" in include:
        _add_pods(task.params, views, pods)
    if include & set(_DETAILS):
        found = details.more(task, shown, pods, include, deadline)
        for view, detail in zip(views, found, strict=True):
            notes = [*view["notes"], *detail.pop("notes", [])]
            view.update(detail, notes=list(dict.fromkeys(notes)))


def _add_pods(
    params: Mapping[str, Any],
    views: Iterable[dict[str, Any]],
    pods: Iterable[list[dict[str, Any]] | None],
) -> None:
    from .._views.pods import pods_view, without_a_pod

    nodes, now = params["nodes"], datetime.now(UTC)
    for view, its_pods in zip(views, pods, strict=True):
        if its_pods is None:
            view.update(pods=None, pods_left_out=None)
            view["notes"].append("The pods are not known, as they may not be listed.")
            continue
        view["pods"], view["pods_left_out"] = pods_view(its_pods, nodes, params["max_pods"], now)
        view["notes"] += [
            f"There is no pod of it on {one}." for one in without_a_pod(its_pods, nodes or ())
        ]


def _exported(task: Task, shown: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any] | None]:
    from .._spec.export import clean_manifest, task_of

    export = {"manifest": clean_manifest, "task": task_of}[task.params["export"]]
    for item in shown:
        try:
            # In a list, the server's answer says the kind once for all.
            yield export({"apiVersion": "apps/v1", "kind": "DaemonSet", **item})
        except InputError as error:
            metadata = item["metadata"]
            task.warnings.append(
                f"DaemonSet {metadata['namespace']}/{metadata['name']} is not exported, as it has"
                f" fields that are not known here. {error.message}"
            )
            yield None


def _quotas(task: Task, where: reach.Reach, deadline: Deadline) -> list[dict[str, Any]] | None:
    """What the quotas of the namespaces that were read allow, and how much of it is used; None
    where none of them may be listed.
    """
    from .._views.daemonset import quota_view

    def listed(namespace: str | None) -> list[dict[str, Any]]:
        found, _version = objects.list_all(
            task.cluster,
            f"/api/v1{reach.path_of(namespace)}/resourcequotas",
            {},
            deadline,
            f"list quotas {reach.in_words(namespace)}",
        )
        return [quota_view(quota) for quota in found]

    places: Sequence[str | None] = [None] if where.namespaces is None else where.namespaces
    answers = reach.in_each(places, listed)
    reach.warn_of(task, "quotas", answers)
    allowed = [answer for answer in answers if not isinstance(answer, ForbiddenError)]
    return [quota for answer in allowed for quota in answer] if allowed else None


VERB = Verb(name="daemonset_info", run=run, argument_spec={**_OWN_SPEC, **CONNECTION_SPEC})
