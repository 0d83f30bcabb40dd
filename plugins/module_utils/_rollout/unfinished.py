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
from .._cluster.applying import Applied
from .._cluster.connection import Cluster
from .._cluster.objects import How
from .._cluster.revisions import Revision, revisions_of
from .patience import Patience
from .state import ANNOTATION, PAUSED, State, has_state, state_of


@dataclass(frozen=True)
class Ended:
    """A rollout that was ended by going back.

    Attributes:
        applied: from what was there to what it went back to.
        stable: the revision that it went back to.
    """

    applied: Applied
    stable: Revision


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
    from . import staging

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
    if how.dry_run:
        return Ended(Applied(live, _before(live, state, stable.template), True), stable)
    applied = staging.abandon(cluster, live, how, deadline, progress, patience)
    return Ended(replace(applied, changed=True), stable)


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
    """The DaemonSet as it was before the rollout began, as far as that can be told."""
    found = copy.deepcopy(dict(live))
    found["metadata"]["annotations"].pop(ANNOTATION)
    found["spec"]["updateStrategy"] = state.strategy
    if template is not None:
        found["spec"]["template"] = dict(template)
    return found
