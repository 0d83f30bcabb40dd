# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``daemonset`` with label selectors: many DaemonSets restarted or removed."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import BatchError, EverynodeError, Fault
from .._cluster import guards, objects
from .._cluster.applying import Applied
from .._nodes.readiness import verdict
from .._rollout import batch, batch_waiting, forecast, guarding, restart, waiting
from .._rollout.batch import Batch, Member
from .._spec import build
from .._spec.query_selectors import check_label_selectors
from . import guard, restarting
from .difference import difference
from .settling import field_changes, foretold
from .verb import Task

_STATES = ("absent", "restarted")
_DONE = {"absent": "removed", "restarted": "restarted"}


def faults(params: Mapping[str, Any], state: str) -> list[Fault]:
    """What is wrong with the parameters that choose many DaemonSets."""
    selectors, limit = params.get("label_selectors"), params.get("max_objects")
    if selectors is None:
        problem = "it is the limit of label_selectors, which are not given"
        return [] if limit is None else [Fault("max_objects", problem)]
    found = [
        Fault(name, "it cannot be given together with label_selectors")
        for name in ("name", "definition", "src")
        if params.get(name) is not None
    ]
    if state not in _STATES:
        problem = f"only states absent and restarted take it, not {state}"
        found.append(Fault("label_selectors", problem))
    if not selectors or not all(one.strip() for one in selectors):
        problem = "an empty selector would match every DaemonSet of the namespace"
        found.append(Fault("label_selectors", problem))
    else:
        found += check_label_selectors("label_selectors", selectors)
    if limit is None:
        problem = "it is missing: say how many DaemonSets label_selectors may match at most"
        found.append(Fault("max_objects", problem))
    elif limit < 1:
        found.append(Fault("max_objects", f"{limit} is not a number of DaemonSets, 1 or more"))
    return found


def run(task: Task) -> dict[str, Any]:
    """Restart or remove every DaemonSet that the selectors match, and wait for all of them.

    Raises:
        InputError: there are more than ``max_objects``.
        BatchError: some of them failed; its details say what became of each.
    """
    params = task.params
    deadline = Deadline(params["wait_timeout"])
    # The name only makes up the whole that is checked.
    given = {"name": "all", "namespace": params["namespace"]}
    namespace, _any_name = build.identity(given, task.cluster.namespace)
    selectors = params["label_selectors"]
    chosen = batch.listed(task.cluster, namespace, selectors, params["max_objects"], deadline)
    if params["state"] == "absent":
        _remove(task, chosen, deadline)
    else:
        if not chosen.members:
            task.warnings.append(f"No DaemonSet in namespace {namespace} has {_words(selectors)}.")
        _restart(task, chosen, deadline)
    return _result(task, chosen)


def _restart(task: Task, chosen: Batch, deadline: Deadline) -> None:
    """Restart those that are in no rollout at once, and the others as soon as theirs has ended."""
    rolling = _in_a_rollout(task, chosen, deadline)
    _mark(task, [one for one in chosen.members if one not in rolling], chosen, deadline)
    if rolling:
        waited_for = chosen.members if task.params["wait"] else rolling
        _wait(task, waited_for, chosen, deadline)
        for member in rolling:
            if member.error is not None:
                guard.explain(member.error, restarting.CHANGE)
        _mark(task, rolling, chosen, deadline)
    if task.params["wait"] and not task.check_mode:
        _wait(task, rolling or chosen.members, chosen, deadline)


def _wait(task: Task, members: Sequence[Member], chosen: Batch, deadline: Deadline) -> None:
    some = Batch(chosen.namespace, members, chosen.version)
    patience = waiting.patience_of(task.params)
    batch_waiting.until_all_ready(task.cluster, some, patience, deadline, task.progress)


def _in_a_rollout(task: Task, chosen: Batch, deadline: Deadline) -> list[Member]:
    """The members whose rollout is waited for first. Those that may not be restarted get an
    error.
    """
    choice = task.params["on_unfinished_rollout"] or guarding.WAIT
    found: list[Member] = []

    def look(member: Member) -> None:
        guards.refuse_deleting(member.live)
        if restart.is_restarted_for(member.live, task.params["restart_key"]):
            return
        restarting.refuse_steps(member.live)
        if choice == guarding.PROCEED or not guarding.is_rolling(member.live):
            return
        if choice == guarding.REFUSE or task.check_mode:
            guard.hold(task, member.live, restarting.CHANGE, deadline, choice)
        else:
            found.append(member)

    batch.each(chosen, look)
    return found


def _mark(task: Task, members: Sequence[Member], chosen: Batch, deadline: Deadline) -> None:
    """Restart these, without waiting for what the controller does."""
    key = task.params["restart_key"]
    some = Batch(chosen.namespace, [one for one in members if one.error is None], chosen.version)
    # Read once for all, where a forecast asks for them.
    nodes = functools.cache(lambda: forecast.nodes_of(task.cluster, deadline))

    def note(member: Member, applied: Applied) -> None:
        member.live = member.after = applied.after
        member.changed, member.found = applied.changed, verdict(applied.after)
        task.warnings.extend(applied.warnings)

    def mark(member: Member) -> None:
        live = member.live
        applied = restart.once(task.cluster, live, key, task.check_mode, deadline)
        if applied.changed and not restart.is_on_delete(live):
            found = forecast.restarts(task.cluster, live, applied.after, deadline, nodes=nodes)
            member.restarts = found
        note(member, applied)

    def follow(member: Member) -> None:
        if member.error is not None or not restart.is_on_delete(member.live):
            return
        applied = Applied(member.before, member.live, member.changed)
        try:
            applied, member.restarts = restarting.replaced(task, applied, deadline)
        except EverynodeError as error:
            member.changed = bool(error.details.get("changed"))
            raise
        note(member, applied)

    batch.each(some, mark)
    # Once all are marked: meanwhile the controller replaces the pods of the others.
    batch.each(some, follow)


def _remove(task: Task, chosen: Batch, deadline: Deadline) -> None:
    policy = task.params["propagation_policy"]

    def delete(member: Member) -> None:
        if "deletionTimestamp" not in member.live["metadata"]:
            objects.delete(task.cluster, member.live, policy, task.check_mode, deadline)
            member.changed = True
        member.after = None

    batch.each(chosen, delete)
    if task.params["wait"] and not task.check_mode:
        batch_waiting.until_all_gone(task.cluster, chosen, policy, deadline, task.progress)


def _result(task: Task, chosen: Batch) -> dict[str, Any]:
    result: dict[str, Any] = {
        "changed": any(member.changed for member in chosen.members),
        "daemonsets": [_entry(task, member) for member in chosen.members],
    }
    changed = [(member.before, member.after) for member in chosen.members if member.changed]
    if task.diff_mode:
        result["diff"] = [difference(task, *pair) for pair in changed]
    result |= field_changes(task, changed)
    failed = [member for member in chosen.members if member.error is not None]
    if not failed:
        return {"daemonset": None, "rollout": None, **result}
    lines = "".join(f"\n  - {member.name}: {member.error}" for member in failed)
    raise BatchError(
        f"{len(failed)} of {len(chosen.members)} DaemonSets with"
        f" {_words(task.params['label_selectors'])} in namespace {chosen.namespace} failed:{lines}",
        details=result,
    )


def _entry(task: Task, member: Member) -> dict[str, Any]:
    """What the result says of one DaemonSet."""
    rollout = None if member.found is None else member.found.as_result()
    if rollout is not None and member.restarts is not None:
        rollout |= foretold(task, member.after or member.live, member.restarts)
    entry: dict[str, Any] = {
        "name": member.name,
        "namespace": member.live["metadata"]["namespace"],
        "uid": member.uid,
        "changed": member.changed,
        "done": _DONE[task.params["state"]] if member.changed else "nothing",
        "failed": member.error is not None,
        "rollout": rollout,
    }
    if member.error is not None:
        entry["msg"] = str(member.error)
        entry["error"] = {
            "kind": member.error.kind,
            "status": getattr(member.error, "status", None),
        }
        entry["rollout"] = member.error.details.get("rollout", entry["rollout"])
    return entry


def _words(selectors: list[str]) -> str:
    return ",".join(selectors)
