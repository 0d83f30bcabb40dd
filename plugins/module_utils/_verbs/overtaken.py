# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollout that has ended well, and is not what was asked for: somebody changed the template."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .._base.errors import RolloutError
from .._base.words import some_of
from .._nodes.readiness import Verdict
from .verb import Task

_NAMED = 3
_TEMPLATE = "spec.template."


def look(task: Task, ours: Mapping[str, Any], live: Mapping[str, Any], found: Verdict) -> None:
    """Look whether the pods that are ready are those that the task wanted, and warn where somebody
    has only added something to their template.

    Args:
        task: the task.
        ours: the DaemonSet as the task left it, with its managedFields.
        live: as it is now that its rollout has ended.
        found: the state of its rollout.

    Raises:
        RolloutError: the template has another value in a field that it had, or lacks it.
    """
    if live["metadata"]["generation"] == ours["metadata"]["generation"]:
        return
    from .._rollout.history import same_template

    if same_template(ours["spec"]["template"], live["spec"]["template"]):
        return
    # The other way round, as then the manager of a field is the one who has it now.
    from .._views.changes import changes_of

    changed = [
        one
        for one in changes_of(live, ours, task.params["field_manager"], task.secrets)
        if str(one["field"] or "").startswith(_TEMPLATE)
    ]
    replaced = [one for one in changed if one["after"] is not None]
    metadata = live["metadata"]
    who = (
        f"the pod template of DaemonSet {metadata['namespace']}/{metadata['name']} while the task"
        " waited for its rollout"
    )
    if not replaced:
        told = some_of([_added(one) for one in changed], _NAMED)
        task.warnings.append(f"Somebody else added to {who}: {told}.")
        return
    told = some_of([_replaced(one) for one in replaced], _NAMED)
    raise RolloutError(
        f"Somebody else changed {who}: {told}. The pods that are ready are not what this task"
        " asked for.",
        advice="Settle who is right, then run the task again.",
        details={
            "rollout": {
                **found.as_result(),
                "ready": False,
                "state": "overtaken",
                "message": "somebody else changed its template",
                "failed_by": "overtaken",
            }
        },
    )


def _added(one: Mapping[str, Any]) -> str:
    return f"{_field(one)} is {json.dumps(one['before'])}{_by(one)}"


def _replaced(one: Mapping[str, Any]) -> str:
    now = "is not there any more" if one["before"] is None else f"is {json.dumps(one['before'])}"
    return f"{_field(one)} {now}{_by(one)} instead of {json.dumps(one['after'])}"


def _field(one: Mapping[str, Any]) -> str:
    return str(one["field"])


def _by(one: Mapping[str, Any]) -> str:
    return f" (by {one['manager']})" if one["manager"] else ""
