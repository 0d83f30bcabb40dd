# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The states of the module ``daemonset`` beside ``present``; a module run of that needs none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import NotFoundError
from .._cluster import daemonsets, fieldset, guards, managers, objects
from .._rollout import waiting
from .._rollout.annotation import has_state
from .._rollout.state import PAUSED
from .._spec import build, patch
from . import change, coming, pausing
from .change import Wish, with_change_cause
from .daemonset import deadline_of, guard, how_of
from .difference import difference
from .settling import changed_all_the_same, field_changes
from .verb import Task


def patched(task: Task) -> dict[str, Any]:
    """Change a part of what our field manager owns."""
    patch.read_patch(task.params)
    namespace, name = build.identity(task.params, task.cluster.namespace)
    deadline = deadline_of(task)
    live = daemonsets.read(task.cluster, namespace, name, deadline)
    if live is None and task.params["resource_version"] is None:
        return _missing(task, namespace, name, "patched")
    guard(task, live, namespace, name)
    how = replace(how_of(task), partial=True)
    names = managers.manager_names(how.adopt)

    def intent_of(live: dict[str, Any] | None) -> dict[str, Any]:
        found = live or {}
        owned = fieldset.from_owned(found, managers.owned_with(found, how.manager, names))
        if has_state(found):
            owned = _as_before(task, found, how, deadline)
        owned.update(apiVersion="apps/v1", kind="DaemonSet")
        owned.setdefault("metadata", {}).update(name=name, namespace=namespace)
        return with_change_cause(task, patch.patched(task.params, owned, found), found)

    wish = Wish(intent_of, how, change.plan_of(task.params))
    applied, result = change.carry_out(task, wish, live, deadline)
    task.warnings.extend(_still_there(task, applied.after))
    return result


def _as_before(
    task: Task, live: dict[str, Any], how: objects.How, deadline: Deadline
) -> dict[str, Any]:
    """What we own of a DaemonSet in the middle of a rollout, with the update strategy of before.

    Raises:
        ConflictError: the task gives no images, so that it has no template of its own, and more
            than one template is about.
    """
    from .._rollout.held import Held
    from .staged_change import refuse

    held = Held(task.cluster, live, how, deadline, task.progress)
    if not task.params["images"] and (held.state is None or held.state.kind != PAUSED):
        refuse(live, "be patched")
    return held.with_strategy(held.strategy_before())


def _still_there(task: Task, live: Mapping[str, Any]) -> list[str]:
    """A warning for each label and annotation whose removal was asked for and that another owns."""
    asked = patch.read_patch(task.params)
    told = []
    for field, changes in (("labels", asked.labels), ("annotations", asked.annotations)):
        for key in live["metadata"].get(field) or {}:
            if key in changes and changes[key] is None:
                owners = managers.owners_of(live, ("f:metadata", f"f:{field}", f"f:{key}"))
                words = ", ".join(managers.word_for(owner) for owner in owners)
                told.append(
                    f"{field}[{key}] stays, since {', '.join(owners)} set it. To take over all that"
                    f" they set, add adopt: [{words}]."
                )
    return told


def restarted(task: Task) -> dict[str, Any]:
    """Replace every pod, unless the last restart was for the same key."""
    from . import restarting

    namespace, name = build.identity(task.params, task.cluster.namespace)
    deadline = deadline_of(task)
    live = daemonsets.read(task.cluster, namespace, name, deadline)
    if live is None:
        return _missing(task, namespace, name, "restarted")
    guards.refuse_deleting(live)
    return restarting.carry_out(task, live, deadline)


def paused(task: Task) -> dict[str, Any]:
    """Stop the rolling update of a DaemonSet where it is."""
    return _halted_or_not(task, "paused", pausing.pause)


def resumed(task: Task) -> dict[str, Any]:
    """Have a rolling update that was stopped go on."""
    return _halted_or_not(task, "resumed", pausing.resume)


def _halted_or_not(
    task: Task, state: str, do: Callable[[Task, dict[str, Any], Deadline], dict[str, Any]]
) -> dict[str, Any]:
    namespace, name = build.identity(task.params, task.cluster.namespace)
    deadline = deadline_of(task)
    live = daemonsets.read(task.cluster, namespace, name, deadline)
    if live is None:
        return _missing(task, namespace, name, state)
    guards.refuse_deleting(live)
    return do(task, live, deadline)


def absent(task: Task) -> dict[str, Any]:
    """Remove the DaemonSet, and wait until it is gone where the task waits."""
    namespace, name = build.identity(task.params, task.cluster.namespace)
    deadline = deadline_of(task)
    policy = task.params["propagation_policy"]
    live = daemonsets.read(task.cluster, namespace, name, deadline)
    result: dict[str, Any] = {"changed": False, "daemonset": None, "rollout": None, "changes": []}
    if live is None:
        return result
    result["changed"] = "deletionTimestamp" not in live["metadata"]
    if result["changed"]:
        objects.delete(task.cluster, live, policy, task.check_mode, deadline)
        result |= field_changes(task, [(live, None)])
    if task.diff_mode:
        result["diff"] = difference(task, live, None)
    if task.params["wait"] and not task.check_mode:
        unseen = changed_all_the_same(
            result["changed"],
            lambda: waiting.until_gone(task.cluster, live, policy, deadline, task.progress),
        )
        if unseen:
            task.warnings.append(unseen)
    return result


STATES: dict[str, Callable[[Task], dict[str, Any]]] = {
    "patched": patched,
    "restarted": restarted,
    "absent": absent,
    "paused": paused,
    "resumed": resumed,
}


def _missing(task: Task, namespace: str, name: str, state: str) -> dict[str, Any]:
    """The result of a check where there is no DaemonSet.

    Raises:
        NotFoundError: it is no check, and what is missing cannot be ``state``.
    """
    error = NotFoundError(
        f"There is no DaemonSet {namespace}/{name} on {task.cluster.server}, so it cannot be"
        f" {state}.",
        advice="Create it with state: present, or check name, namespace and cluster.",
        status=404,
    )
    coming.warn_or_fail(task, error)
    # What a task before creates is not paused.
    changed = state != "resumed"
    return {"changed": changed, "daemonset": None, "rollout": None, "changes": []}
