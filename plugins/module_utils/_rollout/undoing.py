# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking back a plain rolling update that did not end well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import EverynodeError, RolloutError
from .._base.words import some_of
from .._cluster import daemonsets, fieldset, managers, revisions
from .._cluster.applying import Applied, apply
from .._cluster.connection import Cluster
from .._cluster.objects import How, controllable
from .._nodes.readiness import verdict
from .._spec.fields import CHANGE_CAUSE
from . import forecast, history, rolling_back, waiting
from .state import HALTED

# The least that a rollback has, as the task's own time is often over.
_SECONDS = 60.0
_MANY = 8
_GONE = ("deleted", "replaced", "deleting")
_TEMPLATE = ("f:spec", "f:template")


def roll_back(
    cluster: Cluster,
    applied: Applied,
    how: How,
    patience: waiting.Patience,
    deadline: Deadline,
    progress: waiting.Progress,
    error: RolloutError,
) -> None:
    """Give a DaemonSet back what stood before a change, and wait for that too.

    Args:
        cluster: the connection.
        applied: the change, as the task made it.
        how: as the change was applied.
        patience: what the wait puts up with.
        deadline: the task's; where less than a minute is left of it, the rollback has one.
        progress: takes lines for a person who waits.
        error: the failure of the rollout, which is completed by what was done.
    """
    before = applied.before
    reason = _nothing_to_undo(applied, error)
    if reason or before is None:
        error.message = f"{error.message} {reason}".strip()
        return
    own = Deadline(max(deadline.left(), _SECONDS))
    progress(f"{_name(before)}: rolling back")
    try:
        live = _still_ours(cluster, applied, own)
        # Once the controller sees the template again, it gives its revision the next number.
        number = _number(cluster, before, own)
        applied_back = _put_back(cluster, before, live, how, own)
    except EverynodeError as trouble:
        error.message = f"{error.message} It could not be rolled back: {trouble.message}"
        error.advice = trouble.advice
        return
    back, rest = applied_back.after, list(applied_back.warnings)
    try:
        back, theirs = _put_rest_back(cluster, before, back, how, own)
        if theirs:
            rest.append(f"What others have set meanwhile stays: {some_of(theirs, _MANY)}.")
    except EverynodeError as trouble:
        rest.append(f"What is beside the template stays as the task made it: {trouble.message}")
    before_that = live["metadata"]["resourceVersion"]
    told = forecast.restarts(cluster, live, back, own, at=before_that)
    found: dict[str, Any] = {
        "to_revision": number,
        "count": told["pods"],
        "nodes": told["nodes"],
    }
    try:
        _after, end = waiting.until_ready(cluster, back, patience, own, progress)
        found |= {"ready": True, "message": end.message}
        ended = f": {end.message}."
    except EverynodeError as trouble:
        found |= {"ready": False, "message": trouble.message}
        ended = f", but that has not come to its end. {trouble.message}"
    where = "to what it was" if number is None else f"to revision {number}"
    unfinished = "" if verdict(before).ready else _unfinished(verdict(before).message)
    told_rest = "".join(f" {text}" for text in rest)
    error.message = f"{error.message} It was rolled back {where}{ended}{unfinished}{told_rest}"
    error.advice = "Mend the cause, then run the task again."
    error.details["rollout"] |= {"state": "rolled_back", "rolled_back": found}


def pause(
    cluster: Cluster, applied: Applied, how: How, deadline: Deadline, error: RolloutError
) -> None:
    """Have no further pod replaced after a rollout that did not end well.

    Args:
        cluster: the connection.
        applied: the change, as the task made it.
        how: as the change was applied.
        deadline: the task's; where less than a minute is left of it, the pause has one.
        error: the failure of the rollout, which is completed by what was done.
    """
    from . import pausing

    if error.details["rollout"].get("state") in _GONE:
        return
    own = Deadline(max(deadline.left(), _SECONDS))
    try:
        live = _still_ours(cluster, applied, own)
        pausing.pause(cluster, live, how, own, why=_why(error))
    except EverynodeError as trouble:
        error.message = f"{error.message} It could not be paused: {trouble.message}"
        error.advice = trouble.advice
        return
    error.message += " It was paused: no further pod is replaced."
    error.advice = (
        "Mend the cause, then have it go on with state: resumed. Where the template is the cause,"
        " go back with daemonset_rollback, or give another with on_unfinished_rollout: proceed."
    )
    error.details["changed"] = True
    error.details["rollout"] |= {"state": HALTED, "paused": True}


def _why(error: RolloutError) -> str:
    """Why a rollout failed, for those who find it paused: without evidence, which may be secret."""
    told = error.details["rollout"]
    causes = ", ".join(dict.fromkeys(str(one["cause"]) for one in told.get("reasons") or []))
    return f"its rolling update failed, {told['message']}{f' ({causes})' if causes else ''}"


def _nothing_to_undo(applied: Applied, error: RolloutError) -> str:
    """Why there is nothing to roll back, a sentence; empty where there is."""
    if error.details["rollout"].get("state") in _GONE:
        return "There is nothing left to roll back."
    if applied.before is None:
        return "This task made it, so there is nothing to go back to."
    if applied.before["metadata"]["uid"] != applied.after["metadata"]["uid"]:
        return "The DaemonSet was made anew, so there is nothing to go back to."
    if not applied.changed or forecast.same(applied.before, applied.after):
        return "This task did not change the template, so there is nothing to go back to."
    return ""


def _unfinished(message: str) -> str:
    return f" The rollout before this task was not finished either ({message})."


def _still_ours(cluster: Cluster, applied: Applied, deadline: Deadline) -> dict[str, Any]:
    """The DaemonSet as it is now, where its template is still the one of this task.

    Raises:
        RolloutError: somebody else has changed it meanwhile.
    """
    metadata = applied.after["metadata"]
    live = daemonsets.read(cluster, metadata["namespace"], metadata["name"], deadline)
    if live is None or live["metadata"]["uid"] != metadata["uid"]:
        raise RolloutError("It is gone.")
    if not forecast.same(applied.after, live):
        raise RolloutError(
            "Somebody else has changed its template meanwhile.",
            advice="Look at it, then run the task again.",
        )
    return live


def _put_back(
    cluster: Cluster, before: dict[str, Any], live: dict[str, Any], how: How, deadline: Deadline
) -> Applied:
    """Apply the template of before with exactly the fields that were ours."""
    owned = managers.owned_with(before, how.manager, managers.manager_names(how.adopt))
    cause = (before["metadata"].get("annotations") or {}).get(CHANGE_CAUSE)
    return rolling_back.to_template(
        cluster,
        live,
        before["spec"]["template"],
        replace(how, adopt=()),
        deadline,
        fields=fieldset.subset(owned, _TEMPLATE) or None,
        cause=rolling_back.Cause(cause),
    )


def _put_rest_back(
    cluster: Cluster,
    before: dict[str, Any],
    live: dict[str, Any],
    how: How,
    deadline: Deadline,
) -> tuple[dict[str, Any], list[str]]:
    """Apply what was beside the template.

    What the task took from others with force, and would be nobody's now, is said as it was. What
    others have set meanwhile stays theirs.

    Returns:
        the DaemonSet then, and the fields that others have set meanwhile.
    """
    if _beside_template(before) == _beside_template(live):
        return live, []
    owned = managers.owned_with(before, how.manager, managers.manager_names(how.adopt))
    ours = managers.applied_set(live, how.manager)
    taken = [
        path
        for path in fieldset.members(ours)
        if not fieldset.contains(owned, path)
        and fieldset.select(before, path) is not None
        and managers.owners_of(before, path)
        and managers.owners_of(live, path) == [how.manager]
    ]
    _rest, again = fieldset.without(ours, tuple(taken))
    beside, _template = fieldset.without(owned, (_TEMPLATE,))
    theirs = tuple(
        path
        for path in fieldset.members(beside)
        if not fieldset.subset(beside, path).keys() - {"."}
        and fieldset.select(before, path) != fieldset.select(live, path)
        and any(owner != how.manager for owner in managers.owners_of(live, path))
    )
    wanted, _theirs = fieldset.without(fieldset.union(owned, again), (_TEMPLATE, *theirs))
    metadata = before["metadata"]
    intent = fieldset.from_owned(before, wanted)
    intent |= {"apiVersion": "apps/v1", "kind": "DaemonSet"}
    intent["metadata"] = {
        **(intent.get("metadata") or {}),
        **{key: metadata[key] for key in ("name", "namespace", "uid")},
    }
    stated = fieldset.from_owned(live, ours)["spec"].get("template")
    intent = rolling_back.with_stated(intent, stated)
    done = apply(cluster, intent, live, replace(how, adopt=(), partial=True), deadline)
    return done.after, [fieldset.readable(path) for path in theirs]


def _beside_template(obj: dict[str, Any]) -> dict[str, Any]:
    shown = controllable(obj)
    return {**shown, "spec": {k: v for k, v in shown["spec"].items() if k != "template"}}


def _number(cluster: Cluster, live: dict[str, Any], deadline: Deadline) -> int | None:
    """The number of the revision of the DaemonSet's template, None where that cannot be read."""
    try:
        found = history.current(live, revisions.revisions_of(cluster, live, deadline))
    except EverynodeError:
        return None
    return None if found is None else found.number


def _name(live: dict[str, Any]) -> str:
    return f"{live['metadata']['namespace']}/{live['metadata']['name']}"
