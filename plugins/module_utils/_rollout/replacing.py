# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Another selector: the API never changes that of a DaemonSet, so a new one takes its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ConflictError, EverynodeError, RolloutError
from .._base.words import some_of
from .._cluster import daemonsets, fieldset, managers, objects
from .._cluster.applying import Applied, apply
from .._cluster.connection import Cluster
from .._nodes.pods import node_of
from .._spec.selector import selects, shown
from . import restart, waiting
from .recreating import put_back
from .taking_over import TEMPLATE_NUMBER, for_running_pods, without_help

_RESTARTS = (restart.RESTARTED_AT, restart.RESTART_KEY, "kubesphere.io/restartedAt")
_NO_LOSS = (TEMPLATE_NUMBER, "kubectl.kubernetes.io/last-applied-configuration", *_RESTARTS)
_LONGEST_PREFIX = 50
_MANY = 8


@dataclass(frozen=True)
class Replacement:
    """A DaemonSet that is to take the place of another.

    Attributes:
        live: the one on the server.
        intent: all that our field manager wants of the new one.
        policy: the propagation policy of the deletion, ``Orphan`` or ``Background``.
    """

    live: dict[str, Any]
    intent: dict[str, Any]
    policy: str


def carry_out(
    cluster: Cluster,
    replacement: Replacement,
    how: objects.How,
    deadline: Deadline,
    progress: waiting.Progress,
) -> Applied:
    """Delete the DaemonSet and create the new one; a dry run only says what that would give.

    Before anything is deleted, the server is asked whether it would create the new one, under a
    name that it generates, since the real one is taken. Orphaned pods go on running: the new one
    adopts them, and replaces them by and by where its template is another.

    Raises:
        ConflictError: pods would be left behind; nothing was changed.
        RolloutError: the old one was not gone in time, or the new one could not be created; the
            message says what stands now.
        ClusterError: everything else that a request can run into.
    """
    live, intent = replacement.live, replacement.intent
    ours = managers.manager_names(how.adopt) | {how.manager, restart.MANAGER}
    # The new object has no version yet, and nothing to adopt.
    how = replace(how, adopt=(), resource_version=None)
    kept: dict[str, str] = {}
    wanted = intent
    if replacement.policy == "Orphan":
        pods, _version = daemonsets.pods_of(cluster, live, deadline)
        _refuse_leftovers(pods, live, intent["spec"]["selector"])
        kept = _restarts(live, intent)
        wanted = for_running_pods(intent, pods, kept)
    predicted, warnings = _try_out(cluster, wanted, how, deadline)
    warnings += _lost(live, predicted, ours)
    if how.dry_run:
        return Applied(live, predicted, True, warnings)
    objects.delete(cluster, live, replacement.policy, False, deadline)
    _until_gone(cluster, replacement, deadline, progress)
    try:
        made = apply(cluster, wanted, None, how, deadline)
    except EverynodeError as error:
        raise _not_created(cluster, live, error) from error
    if wanted is not intent:
        made = without_help(cluster, intent, made, kept, how, deadline)
    return Applied(live, made.after, True, [*warnings, *made.warnings], made.rewritten)


def _refuse_leftovers(
    pods: Iterable[Mapping[str, Any]], live: Mapping[str, Any], selector: Mapping[str, Any]
) -> None:
    """Refuse to orphan pods that the new selector does not match: nobody would own them again."""
    running = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
    left = [pod for pod in running if not selects(selector, pod["metadata"].get("labels") or {})]
    if not left:
        return
    namespace, name = live["metadata"]["namespace"], live["metadata"]["name"]
    named = sorted(f"{pod['metadata']['name']} on {node_of(pod)}" for pod in left)
    raise ConflictError(
        f"DaemonSet {namespace}/{name} cannot be replaced around its running pods: the new selector"
        f" ({shown(selector)}) does not match the labels of {len(left)} of {len(running)} of them,"
        f" and they would be left over: {some_of(named, 5)}. Nothing was changed.",
        advice="Add the labels with pod_labels under the selector that it has, and change the"
        " selector once all pods are updated; or set on_selector_change: recreate.",
    )


def _lost(live: Mapping[str, Any], predicted: Mapping[str, Any], ours: frozenset[str]) -> list[str]:
    """A warning about what others set on the old object, and the new one has otherwise or not.

    Args:
        live: the old object.
        predicted: the new one, with the API's defaults.
        ours: the managers whose fields are the task's to drop.
    """
    lost: dict[str, str] = {}
    outer: tuple[str, ...] = ("nowhere",)
    for path, owner in sorted(_fields_of_others(live, ours)):
        if path[: len(outer)] == outer or path[-1].removeprefix("f:") in _NO_LOSS:
            continue
        if _is_lost(fieldset.select(live, path), fieldset.select(predicted, path)):
            lost[fieldset.readable(path)] = owner
            outer = path
    if not lost:
        return []
    listed = some_of([f"{path} ({owner})" for path, owner in lost.items()], _MANY)
    told = "The DaemonSet is made anew, and what others set, and the task does not ask for, goes"
    return [f"{told} with the old one: {listed}."]


def _fields_of_others(
    live: Mapping[str, Any], ours: frozenset[str]
) -> Iterator[tuple[fieldset.SetPath, str]]:
    for entry in managers.entries(live):
        if entry.get("manager") not in ours and not entry.get("subresource"):
            for path in fieldset.members(entry.get("fieldsV1") or {}):
                yield path, str(entry.get("manager"))


def _is_lost(before: Any, after: Any) -> bool:
    if isinstance(before, (dict, list)):
        return after is None
    return before is not None and before != after


def _restarts(live: dict[str, Any], intent: Mapping[str, Any]) -> dict[str, str]:
    """The annotations of earlier restarts: without them the template would be another."""
    asked = (intent["spec"]["template"].get("metadata") or {}).get("annotations") or {}
    found = restart.template_annotations(live)
    return {key: found[key] for key in _RESTARTS if key in found and key not in asked}


def _try_out(
    cluster: Cluster, wanted: Mapping[str, Any], how: objects.How, deadline: Deadline
) -> tuple[dict[str, Any], list[str]]:
    """What the server would create, and its warnings: a dry run under a generated name."""
    metadata = dict(wanted["metadata"])
    namespace, name = metadata["namespace"], metadata.pop("name")
    metadata["generateName"] = f"{name[:_LONGEST_PREFIX]}-"
    answer = cluster.request(
        "POST",
        daemonsets.path_of(namespace),
        query={"dryRun": "All", "fieldManager": how.manager, "fieldValidation": "Strict"},
        body={**wanted, "metadata": metadata},
        deadline=deadline,
        doing=f"create DaemonSet {namespace}/{name} anew, as a trial before the old one is deleted",
    )
    made = answer.body["metadata"]
    for key in ("generateName", "uid", "creationTimestamp"):
        made.pop(key, None)
    made["name"] = name
    return answer.body, answer.warnings


def _until_gone(
    cluster: Cluster, replacement: Replacement, deadline: Deadline, progress: waiting.Progress
) -> None:
    live = replacement.live
    namespace, name = live["metadata"]["namespace"], live["metadata"]["name"]
    try:
        waiting.until_gone(cluster, live, replacement.policy, deadline, progress)
        found = daemonsets.read(cluster, namespace, name, deadline)
    except EverynodeError as error:
        raise RolloutError(
            f"{error.message} The new one has not been created.",
            advice="Run the task again once it is gone, with more time in wait_timeout if that was"
            " short: it then creates the new one.",
            details={**error.details, "changed": True},
        ) from error
    if found is not None:
        raise RolloutError(
            f"DaemonSet {namespace}/{name} was deleted, but there is one of that name again, which"
            " somebody else made meanwhile or which is still ending. It was left alone.",
            advice="Find out who makes it, such as a GitOps tool, then run the task again.",
            details={"changed": True},
        )


def _not_created(cluster: Cluster, live: Mapping[str, Any], error: EverynodeError) -> RolloutError:
    namespace, name = live["metadata"]["namespace"], live["metadata"]["name"]
    is_back, told = put_back(cluster, live)
    if is_back:
        advice = "Mend the cause, then run the task again."
    else:
        advice = (
            "Its pods, where they were orphaned, run on. To get it back, mend the cause and run the"
            f" task with the selector that it had ({shown(live['spec']['selector'])}) and its"
            " former values, which the result shows as previous, without secrets."
        )
    return RolloutError(
        f"DaemonSet {namespace}/{name} was deleted to change its selector, but the new one could"
        f" not be created: {error.message} {told}",
        advice=f"{error.advice} {advice}".strip(),
        details={"changed": True, "previous": objects.controllable(live)},
    )
