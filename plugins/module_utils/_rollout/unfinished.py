# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rolling back a DaemonSet that remembers a rollout which has not ended."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import EverynodeError, RolloutError
from .._cluster import fieldset, managers
from .._cluster.applying import Applied
from .._cluster.connection import Cluster
from .._cluster.objects import How
from .._cluster.revisions import Revision, revisions_of
from .._spec.fields import CHANGE_CAUSE
from .annotation import ANNOTATION, has_state
from .patience import Patience
from .state import PAUSED, State, state_of

_CAUSE = ("f:metadata", "f:annotations", f"f:{CHANGE_CAUSE}")


@dataclass(frozen=True)
class Ended:
    """A rollout that was ended by going back.

    Attributes:
        applied: from what was there to what it went back to.
        stable: the revision that it went back to.
        restarts: which pods restart by that, as a result tells it.
    """

    applied: Applied
    stable: Revision
    restarts: dict[str, Any]


def ended(
    cluster: Cluster,
    live: dict[str, Any],
    how: How,
    patience: Patience,
    deadline: Deadline,
    progress: Any,
) -> Ended | None:
    """End a staged rollout, or a rebuild, by going back; None where there is none.

    Raises:
        RolloutError: there is nothing to go back to.
        ClusterError: the server could not be asked.
    """
    state = _state(live)
    if state is None or state.kind == PAUSED:
        return None
    # A module is compiled anew in each task, so what few tasks need is imported where it is used.
    from . import foreseeing, staging
    from .held import Held

    stable = next(
        (one for one in revisions_of(cluster, live, deadline) if one.name == state.revision), None
    )
    if stable is None:
        metadata = live["metadata"]
        raise RolloutError(
            f"The ControllerRevision {state.revision} that the unfinished rollout of DaemonSet"
            f" {metadata['namespace']}/{metadata['name']} would go back to is gone. Nothing was"
            " changed.",
            advice="Have the definition that shall run take the rollout's place: state: present"
            " with on_unfinished_rollout: proceed.",
        )
    held = Held(cluster, live, how, deadline, progress)
    restarts = foreseeing.going_back(held, state)["restarts"]
    if how.dry_run:
        after = _before(live, state, stable.template)
        # As any change does, so that what is there says nothing of it.
        after["metadata"]["generation"] += 1
        return Ended(Applied(live, after, True), stable, restarts)
    applied = staging.abandon(cluster, live, how, deadline, progress, patience)
    return Ended(replace(applied, changed=True), stable, restarts)


def as_seen(live: Mapping[str, Any]) -> dict[str, Any]:
    """A DaemonSet that is only foretold, as the controller will have seen it once all pods are of
    its template.
    """
    status = dict(live.get("status") or {})
    status["observedGeneration"] = live["metadata"]["generation"]
    status["updatedNumberScheduled"] = status.get("desiredNumberScheduled", 0)
    return {**live, "status": status}


def resumed(cluster: Cluster, applied: Applied, how: How, deadline: Deadline) -> Applied:
    """Have a paused rollout go on with the template that has just been put there.

    It goes on only now, so that no further pod gets the template that was paused.
    """
    state = _state(applied.after)
    if state is None or state.kind != PAUSED:
        return applied
    if how.dry_run:
        return replace(applied, after=_before(applied.after, state, None), changed=True)
    from . import pausing

    try:
        done = pausing.resume(cluster, applied.after, how, deadline)
    except EverynodeError as error:
        error.details["changed"] = True
        raise
    warnings = [*applied.warnings, *done.warnings]
    return replace(applied, after=done.after, changed=True, warnings=warnings)


def _state(live: Mapping[str, Any]) -> State | None:
    return state_of(live) if has_state(live) else None


def _before(
    live: Mapping[str, Any], state: State, template: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The DaemonSet as it was before the rollout began, as far as that can be told, with what the
    rollout's field manager owned of it.
    """
    found = copy.deepcopy(dict(live))
    found["spec"]["updateStrategy"] = state.strategy
    annotations = found["metadata"]["annotations"]
    annotations.pop(ANNOTATION)
    owned = {"f:updateStrategy": state.strategy_owned}
    if template is not None:
        found["spec"]["template"] = dict(template)
        owned["f:template"] = state.owned
    for entry in managers.entries(found):
        if entry.get("manager") == state.manager and entry.get("operation") == "Apply":
            fields = entry["fieldsV1"]
            spec = {**fields.get("f:spec", {}), **owned}
            fields["f:spec"] = {
                name: below for name, below in spec.items() if below or name not in owned
            }
            if template is not None and fieldset.contains(fields, _CAUSE):
                annotations.pop(CHANGE_CAUSE, None)
    if template is not None and state.change_cause is not None:
        annotations[CHANGE_CAUSE] = state.change_cause
    return found
