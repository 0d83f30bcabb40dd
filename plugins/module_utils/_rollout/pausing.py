# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pausing a rollout and having it go on: the update strategy OnDelete, and the former one.

OnDelete is the only pause that a DaemonSet has: maxUnavailable and maxSurge cannot both be 0.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import RolloutError
from .._cluster.applying import Applied, apply
from .._cluster.connection import Cluster
from .._cluster.objects import How
from .._cluster.user_agent import user_agent
from .._nodes.readiness import verdict
from . import history, reverting, staged
from .held import ON_DELETE, Held
from .patience import Patience
from .staged import Staged
from .state import HALTED, HOLDING, PAUSED, REBUILD, REVERTING, STAGED, State, state_of

_SAID = "it is paused: no pod is replaced until state: resumed"


def _silent(_line: str) -> None:
    return


def pause(
    cluster: Cluster, live: dict[str, Any], how: How, deadline: Deadline, *, why: str = ""
) -> Applied:
    """Have no further pod replaced.

    A staged rollout stops where it is: a job that is at work on it notices and ends.

    Args:
        cluster: the connection.
        live: the DaemonSet as it is.
        how: whose fields, force, adopt, and whether nothing is written.
        deadline: the task's.
        why: a sentence for those who find it paused.

    Raises:
        ConflictError: another manager owns the update strategy.
        RolloutError: it is being rebuilt or rolled back, which cannot be paused.
    """
    held = Held(cluster, live, how, deadline, _silent)
    state = held.state
    if state is not None:
        _refuse_halfway(held.name, state)
    if state is None:
        state = State(
            kind=PAUSED, phase=HALTED, by=user_agent(os.environ), why=why, **held.remembered()
        )
    elif state.phase == HALTED and held.strategy.get("type") == "OnDelete":
        return Applied(live, live, False)
    else:
        # Half of a stage is taken up again as a whole.
        state = state.at(HALTED, why=why or state.why)
    trial = held.predict(held.with_strategy(ON_DELETE))
    if how.dry_run:
        return Applied(live, trial.after, True, trial.warnings)
    held.write(state)
    held.put(lambda: held.with_strategy(ON_DELETE))
    if state.kind == STAGED:
        _take_back(held)
    return Applied(live, held.live, True, held.warnings)


def _refuse_halfway(name: str, state: State) -> None:
    """Refuse where stopping would leave something that resuming does not take up again."""
    if state.kind == REBUILD:
        raise RolloutError(
            f"DaemonSet {name} is being rebuilt, and a rebuild cannot be paused. Nothing was"
            " changed.",
            advice="Let it end, or put the former definition back.",
        )
    if state.phase == REVERTING:
        raise RolloutError(
            f"DaemonSet {name} is being rolled back, and a rollback cannot be paused. Nothing was"
            " changed.",
            advice="Let it end: run the task that began it again, or daemonset_rollback.",
        )


def _take_back(held: Held) -> None:
    """Have the former template stand meanwhile: the new one does while pods of a stage are made."""
    try:
        stable = reverting.stable_of(held)
    except RolloutError:
        # What stands is all that there is.
        return
    reverting.take_back(held, stable)


def resume(
    cluster: Cluster,
    live: dict[str, Any],
    how: How,
    deadline: Deadline,
    went_on: Callable[[dict[str, Any]], None] = lambda _live: None,
) -> Applied:
    """Have a paused rollout go on: a plain one at once, a staged one with the task's next run.

    A DaemonSet that is not paused is left as it is.

    Args:
        cluster: the connection.
        live: the DaemonSet as it is.
        how: whose fields, force, adopt, and whether nothing is written.
        deadline: the task's.
        went_on: is told the DaemonSet of the moment from which pods are replaced again.
    """
    held = Held(cluster, live, how, deadline, _silent)
    state = held.state
    if state is None or state.phase != HALTED:
        return Applied(live, live, False)
    if state.kind != PAUSED:
        if not how.dry_run:
            held.write(state.at(HOLDING, stage=max(0, state.stage - 1), why=""))
        return Applied(live, held.live, True)
    if how.dry_run:
        trial = held.predict(held.with_strategy(held.strategy_before()))
        return Applied(live, trial.after, True, trial.warnings)
    held.put(lambda: held.with_strategy(held.strategy_before()))
    went_on(held.live)
    held.clear()
    return Applied(live, held.live, True, held.warnings)


def found(
    cluster: Cluster,
    live: dict[str, Any],
    intent: dict[str, Any],
    how: How,
    patience: Patience,
    deadline: Deadline,
) -> Staged:
    """What becomes of a task that finds a paused DaemonSet: all but the update strategy is applied,
    where it wants the template that is there.

    Raises:
        RolloutError: it wants another.
    """
    held = Held(cluster, live, how, deadline, _silent)
    wanted = held.predict(held.with_template(intent)).after["spec"]["template"]
    state = state_of(live)
    why = f" ({state.why.rstrip('.')})" if state and state.why else ""
    # The controller's own state says nothing: under OnDelete it has nothing to do.
    told = {"kind": PAUSED, "phase": HALTED, "state": HALTED, "message": _SAID}
    warning = f"DaemonSet {held.name} is paused{why}: no pod is replaced until state: resumed."
    if staged.digest_of(wanted) == staged.digest_of(held.template):
        paused = {**intent, "spec": {**intent["spec"], "updateStrategy": dict(ON_DELETE)}}
        applied = apply(cluster, paused, live, how, deadline)
        applied.warnings.append(warning)
        return Staged(applied, told, False, patience)
    if history.same_template(wanted, held.template):
        return Staged(Applied(live, live, False, [warning]), told, False, patience)
    raise RolloutError(
        f"DaemonSet {held.name} is paused{why}, and the task wants another template. Nothing was"
        " changed.",
        advice="Have it go on first with state: resumed, or have the task's definition take its"
        " place with on_unfinished_rollout: proceed.",
        details={"rollout": {**verdict(live).as_result(), **told, "ready": False}},
    )
