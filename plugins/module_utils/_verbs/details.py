# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``daemonset_info`` shows of each DaemonSet on demand.

What each of them costs, beside the DaemonSets and their pods:

- ``containers``, ``environment``, ``drift``: nothing, all is in the DaemonSet itself;
- ``services``: one list, for each namespace (of more than three, for all at once where that is
  allowed);
- ``claims``: one request for each claim that a template names;
- ``objects``: one request for each object that a template names; one list of disruption budgets as
  of services; one list of all role bindings (or, where that is not allowed, one for each namespace)
  and one of cluster role bindings;
- ``revisions``: one list, as of services;
- ``events``: two lists, as of services, and more pages where there are many;
- ``metrics``: one list, as of services;
- ``reasons``: one list of the nodes; of a DaemonSet that is not well the events about its pods and
  the logs of a few.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from .._base.deadline import Deadline
from .detail_reading import Reading, Shown
from .verb import Task

# Those about pods, for which the pods are to be listed even where they are not to be shown.
NEED_PODS = frozenset({"events", "metrics", "reasons"})


def more(
    task: Task,
    found: Sequence[dict[str, Any]],
    pods: Sequence[list[dict[str, Any]] | None],
    include: Collection[str],
    deadline: Deadline,
) -> list[dict[str, Any]]:
    """The further keys of each DaemonSet: those that ``include`` names, and always ``notes``.

    A key is None, with a warning, where it may not be read; what is known in part only is told in
    ``notes``, sentences about what could not be found out. Secrets that the task knows of, and what
    looks like one, are hidden.

    Args:
        task: the task; of its parameters ``field_manager``, ``nodes`` and ``max_pods`` count.
        found: the DaemonSets that are shown, whole, with managedFields.
        pods: all pods of each, whatever the task shows of them, with at least their metadata's
            name, uid and labels, their node and conditions; None where they were not listed, or may
            not be.
        include: which keys; names of others are passed over.
        deadline: when to give up.

    Raises:
        ClusterError: the server could not be asked; never because of a right that is missing.
    """
    each = [Shown(live, own) for live, own in zip(found, pods, strict=True)]
    views: list[dict[str, Any]] = [{} for _one in each]
    reading = Reading(task, each, deadline)
    for name, detail in _DETAILS.items():
        if name in include and each:
            for view, shown in zip(views, detail(reading), strict=True):
                view.update(shown)
    for view, one in zip(views, each, strict=True):
        view["notes"] = one.notes
    return views


# A module is compiled anew in each task, so what few tasks need is imported where it is used.


def _containers(reading: Reading) -> list[dict[str, Any]]:
    from .._views.containers import container_views

    return [{"containers": _shown(reading, container_views(one.template))} for one in reading.each]


def _environment(reading: Reading) -> list[dict[str, Any]]:
    from .._views.environment import environment_views

    return [
        {"environment": _shown(reading, environment_views(one.template))} for one in reading.each
    ]


def _shown(reading: Reading, value: Any) -> Any:
    from .._base.redaction import redact
    from .._views.bounds import bounded

    return bounded(redact(value, reading.task.secrets))


def _services(reading: Reading) -> list[dict[str, Any]]:
    from .._views.services import service_views, small_service

    listed = reading.lists("/api/v1", "services", small_service)
    return [
        {
            "services": None
            if (services := listed[one.namespace]) is None
            else service_views(services, one.template)
        }
        for one in reading.each
    ]


def _claims(reading: Reading) -> list[dict[str, Any]]:
    from .detail_objects import claims

    return [{"claims": shown} for shown in claims(reading)]


def _objects(reading: Reading) -> list[dict[str, Any]]:
    from .detail_objects import supporting

    return [{"objects": shown} for shown in supporting(reading)]


def _revisions(reading: Reading) -> list[dict[str, Any]]:
    from .._cluster.daemonsets import label_selector
    from .._cluster.revisions import owned_revisions
    from .._rollout.history import current
    from .._views.revisions import revision_views, small_revision

    homes = reading.by_namespace()
    uids = {one.uid for one in reading.each}

    def keep(stored: dict[str, Any]) -> dict[str, Any] | None:
        owners = stored["metadata"].get("ownerReferences") or []
        return small_revision(stored) if any(o.get("uid") in uids for o in owners) else None

    def query(namespace: str) -> dict[str, str]:
        those = homes.get(namespace, ())
        if len(those) != 1:
            return {}
        return {"labelSelector": label_selector(those[0].live["spec"]["selector"])}

    listed = reading.lists("/apis/apps/v1", "controllerrevisions", keep, query=query)
    views: list[dict[str, Any]] = []
    for one in reading.each:
        stored = listed[one.namespace]
        history = None if stored is None else owned_revisions(stored, one.uid)
        views.append(
            {
                "revisions": None
                if history is None
                else revision_views(history, current(one.live, history), one.pods)
            }
        )
    return views


def _events(reading: Reading) -> list[dict[str, Any]]:
    from .detail_events import events

    return [{"events": shown} for shown in events(reading)]


def _metrics(reading: Reading) -> list[dict[str, Any]]:
    from .detail_metrics import metrics

    return [{"metrics": shown} for shown in metrics(reading)]


def _reasons(reading: Reading) -> list[dict[str, Any]]:
    from .detail_reasons import diagnoses

    return diagnoses(reading)


def _drift(reading: Reading) -> list[dict[str, Any]]:
    from .._views.drift import drift_of

    manager, secrets = reading.task.params["field_manager"], reading.task.secrets
    return [{"drift": drift_of(one.live, manager, secrets)} for one in reading.each]


_DETAILS: dict[str, Callable[[Reading], list[dict[str, Any]]]] = {
    "containers": _containers,
    "environment": _environment,
    "services": _services,
    "claims": _claims,
    "objects": _objects,
    "revisions": _revisions,
    "events": _events,
    "metrics": _metrics,
    "reasons": _reasons,
    "drift": _drift,
}
