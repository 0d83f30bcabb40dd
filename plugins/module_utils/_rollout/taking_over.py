# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creating a DaemonSet that takes over pods which are there already."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import EverynodeError, ForbiddenError
from .._cluster import daemonsets, objects
from .._cluster.applying import Applied, apply
from .._cluster.connection import Cluster
from . import restart

# An annotation of the API server's own: the template's number, which the controller writes into the
# label of each pod. Pods with the number of the DaemonSet count as updated, whatever their template
# (IsPodUpdated in pkg/controller/daemon/util/daemonset_util.go).
TEMPLATE_NUMBER = "deprecated.daemonset.template.generation"
_NUMBER_OF_POD = "pod-template-generation"


def create(
    cluster: Cluster, intent: dict[str, Any], how: objects.How, deadline: Deadline
) -> tuple[Applied, list[dict[str, Any]]]:
    """Create a DaemonSet where pods may be left of one that was deleted without them, or made anew
    by a run that did not come to its end: it takes them over, and replaces those of another
    template.

    Returns:
        what became of it, and those pods.
    """
    pods = _orphans(cluster, intent, deadline)
    wanted = for_running_pods(intent, pods, {})
    made = apply(cluster, wanted, None, how, deadline)
    if not how.dry_run and wanted is not intent:
        settled = without_help(cluster, intent, made, {}, how, deadline)
        made = replace(settled, before=None, changed=True, namespace=made.namespace)
    return made, pods


def _orphans(
    cluster: Cluster, intent: Mapping[str, Any], deadline: Deadline
) -> list[dict[str, Any]]:
    """The pods that the selector matches and no controller owns; none where they cannot be seen."""
    namespace, name = intent["metadata"]["namespace"], intent["metadata"]["name"]
    try:
        pods, _version = objects.list_all(
            cluster,
            f"/api/v1/namespaces/{namespace}/pods",
            {"labelSelector": daemonsets.label_selector(intent["spec"]["selector"])},
            deadline,
            f"list the pods that DaemonSet {namespace}/{name} would take over",
        )
    except ForbiddenError:
        return []
    return [pod for pod in pods if objects.controller_of(pod) is None]


def for_running_pods(
    intent: dict[str, Any], pods: Iterable[Mapping[str, Any]], restarts: Mapping[str, str]
) -> dict[str, Any]:
    """The intent with what makes the controller judge running pods by their template alone."""
    numbers = [
        int(number)
        for pod in pods
        if (number := (pod["metadata"].get("labels") or {}).get(_NUMBER_OF_POD, "")).isdigit()
    ]
    if not numbers and not restarts:
        return intent
    wanted = copy.deepcopy(intent)
    _annotate(wanted, {TEMPLATE_NUMBER: str(max(numbers, default=0) + 1)})
    if restarts:
        _annotate(wanted["spec"]["template"], restarts)
    return wanted


def _annotate(holder: dict[str, Any], annotations: Mapping[str, str]) -> None:
    metadata = holder.get("metadata") or {}
    holder["metadata"] = metadata
    metadata["annotations"] = {**(metadata.get("annotations") or {}), **annotations}


def without_help(
    cluster: Cluster,
    intent: dict[str, Any],
    made: Applied,
    restarts: dict[str, str],
    how: objects.How,
    deadline: Deadline,
) -> Applied:
    """Give up what only served the running pods: the values stay, and are no more this task's."""
    after = made.after
    try:
        if restarts:
            after = restart.own(cluster, after, restarts, deadline)
        settled = apply(cluster, intent, after, how, deadline)
    except EverynodeError as error:
        error.details["changed"] = True
        raise
    return replace(settled, warnings=[*made.warnings, *settled.warnings])
