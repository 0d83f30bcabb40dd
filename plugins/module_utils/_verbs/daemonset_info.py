# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verb of ``daemonset_info``: DaemonSets with their state and the pods of each node."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import Fault, ForbiddenError, InputError
from .._base.redaction import redact
from .._cluster import objects
from .._cluster.daemonsets import label_selector
from .._cluster.options import CONNECTION_SPEC
from .._spec.export import clean_manifest, task_of
from .._views.daemonset import daemonset_view, quota_view
from .verb import Task, Verb

_TIME_FOR_READING = 120.0

_OWN_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str"},
    "namespace": {"type": "str"},
    "all_namespaces": {"type": "bool", "default": False},
    "label_selectors": {"type": "list", "elements": "str", "default": []},
    "field_selectors": {"type": "list", "elements": "str", "default": []},
    "include_pods": {"type": "bool", "default": True},
    "include_quotas": {"type": "bool", "default": False},
    "include_revisions": {"type": "bool", "default": False},
    "include_reasons": {"type": "bool", "default": False},
    "export": {"type": "str", "choices": ["manifest", "task"]},
}

_EXPORTS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "manifest": clean_manifest,
    "task": task_of,
}


def run(task: Task) -> dict[str, Any]:
    """Read the DaemonSets that were asked for, and, with one more list, their pods."""
    params = task.params
    if params["all_namespaces"] and params["namespace"] is not None:
        raise InputError([Fault("namespace", "it cannot be given together with all_namespaces")])
    deadline = Deadline(_TIME_FOR_READING)
    scope = "" if params["all_namespaces"] else _namespace_path(task)
    found, _version = objects.list_all(
        task.cluster,
        f"/apis/apps/v1{scope}/daemonsets",
        _query(params),
        deadline,
        f"list DaemonSets{_in_words(scope)}",
    )
    pods = None
    if found and params["include_pods"]:
        pods = _listed(task, scope, "pods", deadline)
    owned = [
        None if pods is None else objects.owned_by(pods, item["metadata"]["uid"]) for item in found
    ]
    views = [daemonset_view(item, its_pods) for item, its_pods in zip(found, owned, strict=True)]
    for more in _details(task, scope, found, owned, deadline):
        for view, detail in zip(views, more, strict=True):
            view.update(detail)
    shown: list[dict[str, Any]] = redact(views, task.secrets)
    if params["export"] is not None:
        # Not redacted: with a hidden value in it, an export would be another DaemonSet.
        for view, exported in zip(shown, _exported(task, found), strict=True):
            view["export"] = exported
    result = {"changed": False, "daemonsets": shown}
    if params["include_quotas"]:
        result["quotas"] = _quotas(task, scope, deadline)
    return result


def _exported(task: Task, found: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any] | None]:
    export = _EXPORTS[task.params["export"]]
    for item in found:
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


def _namespace_path(task: Task) -> str:
    return f"/namespaces/{task.params['namespace'] or task.cluster.namespace}"


def _in_words(scope: str) -> str:
    return f" in namespace {scope.rsplit('/', 1)[1]}" if scope else " in all namespaces"


def _query(params: Any) -> dict[str, str]:
    fields = list(params["field_selectors"])
    if params["name"] is not None:
        fields.append(f"metadata.name={params['name']}")
    query = {
        "labelSelector": ",".join(params["label_selectors"]),
        "fieldSelector": ",".join(fields),
    }
    return {key: value for key, value in query.items() if value}


def _details(
    task: Task,
    scope: str,
    found: Sequence[Mapping[str, Any]],
    pods: Sequence[Sequence[Mapping[str, Any]] | None],
    deadline: Deadline,
) -> Iterator[list[dict[str, Any]]]:
    """More about each DaemonSet, where it was asked for."""
    if task.params["include_revisions"]:
        # A module is compiled anew in each task, so what few tasks need is imported where it is
        # used.
        from . import details

        query = {}
        if len(found) == 1:
            query["labelSelector"] = label_selector(found[0]["spec"]["selector"])
        stored = _listed(task, scope, "controllerrevisions", deadline, "/apis/apps/v1", query)
        yield [{"revisions": history} for history in details.histories(found, stored, pods)]
    if task.params["include_reasons"]:
        from . import details

        yield details.diagnoses(task.cluster, found, pods, deadline)


def _quotas(task: Task, scope: str, deadline: Deadline) -> list[dict[str, Any]] | None:
    """What the scope's quotas allow, and how much of it is used."""
    quotas = _listed(task, scope, "resourcequotas", deadline)
    return None if quotas is None else [quota_view(quota) for quota in quotas]


def _listed(
    task: Task,
    scope: str,
    resource: str,
    deadline: Deadline,
    group: str = "/api/v1",
    query: Mapping[str, str] | None = None,
) -> list[dict[str, Any]] | None:
    """The objects of the scope; None, with a warning, where they may not be listed."""
    doing = f"list {resource}{_in_words(scope)}"
    try:
        found, _version = objects.list_all(
            task.cluster, f"{group}{scope}/{resource}", query or {}, deadline, doing
        )
    except ForbiddenError as error:
        task.warnings.append(f"The {resource} are not shown: {error.message}")
        return None
    return found


VERB = Verb(name="daemonset_info", run=run, argument_spec={**_OWN_SPEC, **CONNECTION_SPEC})
