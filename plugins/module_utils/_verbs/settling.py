# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a change: its rollout is waited for, and the result of the task is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Optional

from .._base.deadline import Deadline
from .._base.errors import EverynodeError, RolloutError
from .._base.redaction import redact
from .._cluster.applying import Applied
from .._nodes.readiness import Verdict, verdict
from .._rollout import waiting
from .._rollout.annotation import shown_metadata
from .difference import difference
from .verb import Task

# An object before and after; None where there is none.
# (Not with |, which ansible-test's linter does not know outside of annotations.)
_Object = Optional[Mapping[str, Any]]  # noqa: UP045
Pair = tuple[_Object, _Object]


def settle(
    task: Task,
    applied: Applied,
    deadline: Deadline,
    *,
    restarts: dict[str, Any] | None = None,
    failed: Callable[[RolloutError], None] | None = None,
    patience: waiting.Patience | None = None,
    tells_fields: bool = True,
) -> dict[str, Any]:
    """The result of a change, once the rollout has ended where the task waits for it.

    Args:
        task: the task.
        applied: the change.
        deadline: the task's.
        restarts: which pods restart by it, for the result.
        failed: what is done where the rollout does not end well; it completes the failure.
        patience: what the wait puts up with; None for what the task says.
        tells_fields: whether the result lists the fields that change.
    """
    tell(task, applied)
    after, found = applied.after, verdict(applied.after)
    more = {} if restarts is None else foretold(task, after, restarts)
    if task.params["wait"] and not task.check_mode:
        patience = patience or waiting.patience_of(task.params)
        try:
            after, found = waiting.until_ready(
                task.cluster, applied.after, patience, deadline, task.progress
            )
        except EverynodeError as error:
            error.details["changed"] = applied.changed
            if isinstance(error, RolloutError):
                error.details["rollout"] = {**(error.details.get("rollout") or {}), **more}
                if failed is not None:
                    failed(error)
            raise
        if after is not applied.after:
            _look_whose_it_is(task, applied, after, found)
    rollout = {**found.as_result(), **more}
    return result_of(task, applied, after, rollout, tells_fields=tells_fields)


def _look_whose_it_is(
    task: Task, applied: Applied, after: Mapping[str, Any], found: Verdict
) -> None:
    from . import overtaken

    changed_all_the_same(applied.changed, lambda: overtaken.look(task, applied.after, after, found))


def foretold(task: Task, live: Mapping[str, Any], restarts: dict[str, Any]) -> dict[str, Any]:
    """What a result's ``rollout`` says of the pods that restart. In check mode that is all that can
    be said of a change, since no controller will ever see it; whoever runs the task is shown it.

    Args:
        task: the task.
        live: the DaemonSet after the change.
        restarts: which pods restart.
    """
    more: dict[str, Any] = {"restarts": restarts}
    if task.check_mode:
        metadata, told = live["metadata"], restarts["message"]
        task.progress(f"{metadata['namespace']}/{metadata['name']}: {told}")
        if verdict(live).state == "observing":
            more["message"] = told
    return more


def tell(task: Task, applied: Applied) -> None:
    """Warn of what the server said about an apply, and of what it made of it."""
    task.warnings.extend(applied.warnings)
    if applied.rewritten and not applied.changed:
        task.warnings.append(
            "The server holds something else than was asked for (an admission webhook, or a value"
            f" that it writes in another form): {', '.join(applied.rewritten[:8])}."
        )


def result_of(
    task: Task,
    applied: Applied,
    after: Mapping[str, Any],
    rollout: dict[str, Any] | None,
    *,
    tells_fields: bool = True,
) -> dict[str, Any]:
    """The result of a change.

    Args:
        task: the task.
        applied: the change.
        after: the DaemonSet as it was seen last.
        rollout: the state of its rollout.
        tells_fields: whether the result lists the fields that change.
    """
    result = {"changed": applied.changed, "daemonset": shown(task, after), "rollout": rollout}
    if tells_fields:
        objects: list[Pair] = [(applied.before, applied.after)] if applied.changed else []
        if applied.namespace is not None:
            objects.insert(0, (None, applied.namespace))
        result |= field_changes(task, objects)
    if task.diff_mode:
        diff = difference(task, applied.before, applied.after)
        result["diff"] = (
            diff if applied.namespace is None else [difference(task, None, applied.namespace), diff]
        )
    return result


def field_changes(
    task: Task,
    objects: Sequence[Pair],
    told: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What a result says of the fields that change: its ``changes``, and how many more there are.

    Args:
        task: the task.
        objects: those that change, before and after.
        told: a result that says it of others already, which come behind these.
    """
    if not objects:
        return {"changes": []} if told is None else {}
    # Imported here, as a module is compiled anew in each task and most tasks change nothing.
    from .._views import changes

    manager, secrets = task.params["field_manager"], task.secrets
    found = [one for pair in objects for one in changes.changes_of(*pair, manager, secrets)]
    return changes.bounded(found, told or {})


def shown(task: Task, live: Mapping[str, Any]) -> dict[str, Any]:
    """The object as a result shows it: without managedFields, a rollout's state and secrets."""
    redacted: dict[str, Any] = redact({**live, "metadata": shown_metadata(live)}, task.secrets)
    return redacted


def changed_all_the_same(changed: bool, wait: Callable[[], Any]) -> Any:
    """Wait, and have a failure say too whether something was changed before."""
    try:
        return wait()
    except EverynodeError as error:
        error.details["changed"] = changed
        raise
