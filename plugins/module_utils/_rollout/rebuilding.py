# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rebuilding: all old pods go before the first new one comes.

For the first half the new template has a node selector that no node matches, so the controller ends
all pods, whatever the update strategy is (pkg/controller/daemon/daemon_controller.go,
podsShouldBeOnNode).
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import EverynodeError, RolloutError
from .._cluster.applying import Applied
from .._cluster.connection import Cluster
from .._cluster.failures import is_trouble
from .._cluster.objects import How
from .._cluster.revisions import Revision
from .._cluster.user_agent import user_agent
from .._nodes.readiness import verdict
from .._spec.rollout import FAIL, PAUSE, Plan
from . import emptying, forecast, history, reverting, staged, unheard, waiting
from .held import Held
from .history import NOWHERE
from .lost import LostError, foreign
from .patience import Patience
from .staged import Staged
from .state import EMPTYING, FILLING, PAUSED, REBUILD, REVERTING, State
from .turns import kept_plan


def carry_out(
    cluster: Cluster,
    live: dict[str, Any],
    intent: dict[str, Any],
    plan: Plan | None,
    how: How,
    patience: Patience,
    deadline: Deadline,
    progress: waiting.Progress,
    *,
    proceed: bool = False,
) -> Staged:
    """Rebuild a DaemonSet, or go on with a rebuild; see ``staging.carry_out``."""
    held = Held(cluster, live, how, deadline, progress)
    found = held.state
    chosen = plan or (Plan.from_dict(found.plan) if found is not None else Plan(rebuild=True))
    state = None
    if found is None or found.kind == PAUSED:
        reverting.refuse_without_history(held, 2)
        emptying.refuse_lost_nodes(held, patience)
    else:
        state = _taken_up(held, found, intent, proceed)
    final = held.predict(intent, partial=how.partial)
    if state is None or state.phase != FILLING:
        restarts = forecast.rebuilt(cluster, live, final.after, deadline)
    else:
        restarts = forecast.restarts(cluster, live, final.after, deadline)
    if how.dry_run:
        return Staged(
            Applied(live, final.after, True, final.warnings, final.rewritten),
            {"kind": REBUILD, "phase": "check", "restarts": restarts},
            patience=patience,
        )
    held.write(state or _begun(held, intent, chosen))
    is_back = state is not None and state.phase == REVERTING
    try:
        if is_back:
            _back(held, patience)
            held.may_stand(staged.digest_of(final.after["spec"]["template"]))
            held.put(lambda: intent, partial=how.partial)
        else:
            _rebuild(held, intent, patience, partial=how.partial)
    except EverynodeError as error:
        if is_back or isinstance(error, LostError):
            error.details.setdefault("changed", True)
            raise
        raise _after_failure(held, chosen, patience, error) from error
    return Staged(
        Applied(live, held.live, True, held.warnings),
        {"kind": REBUILD, "phase": "rolled_back" if is_back else "done", "restarts": restarts},
        patience=patience,
    )


def abandon(
    cluster: Cluster,
    live: dict[str, Any],
    how: How,
    deadline: Deadline,
    progress: waiting.Progress,
    patience: Patience,
) -> Applied:
    """End a rebuild: the former template and strategy come back."""
    held = Held(cluster, live, how, deadline, progress)
    _back(held, patience)
    return Applied(live, held.live, True, held.warnings)


def _begun(held: Held, intent: dict[str, Any], plan: Plan) -> State:
    """The state of a rebuild that begins."""
    held.observed()
    stable = staged.standing_revision(held.cluster, held.live, held.deadline)
    wanted = held.predict(held.with_template(intent)).after["spec"]["template"]
    remembered, before = held.remembered(), held.state
    if before is not None:
        # It was paused: the user's strategy is the one that the state has kept.
        remembered |= {"strategy": before.strategy, "strategy_owned": before.strategy_owned}
    return State(
        kind=REBUILD,
        phase=EMPTYING,
        plan=kept_plan(plan),
        by=user_agent(os.environ),
        revision=stable.name,
        digest=staged.digest_of(wanted),
        **remembered,
    )


def _taken_up(held: Held, found: State, intent: dict[str, Any], proceed: bool) -> State:
    """The state with which a rebuild goes on, towards what the task wants.

    Raises:
        RolloutError: the task wants something else, or somebody changed the object.
    """
    stable = reverting.stable_of(held)
    wanted = held.predict(held.with_template(intent)).after["spec"]["template"]
    standing = _with_selector(held.template, None)
    known = staged.digest_of(standing) == found.digest or history.same_template(
        standing, stable.template
    )
    if not known and not proceed:
        raise foreign(held.name, ["spec.template"], held.live)
    if staged.digest_of(wanted) == found.digest:
        # One that failed before is tried again, from the beginning.
        return found.at(EMPTYING, why="") if found.phase == REVERTING else found
    if history.same_template(wanted, stable.template):
        return found.at(REVERTING, why="the task wants the former template")
    if not proceed:
        raise RolloutError(
            f"DaemonSet {held.name} is being rebuilt to another template. Nothing was changed.",
            advice="Let that end first, or put the former definition back; or have this one take"
            " its place with on_unfinished_rollout: proceed.",
            details={"rollout": {**verdict(held.live).as_result(), "ready": False}},
        )
    return found.at(EMPTYING, digest=staged.digest_of(wanted), why="")


def _rebuild(held: Held, intent: dict[str, Any], patience: Patience, *, partial: bool) -> None:
    state = held.state
    if state is not None and state.phase == EMPTYING:
        excused = emptying.lost_nodes(held, patience).excused
        _empty(held, held.with_template(intent))
        emptying.until_ended(held, patience, but_on=excused)
        held.write(state.at(FILLING))
    held.put(lambda: intent, partial=partial)
    held.observed()
    ready, _verdict = waiting.until_ready(
        held.cluster, held.live, patience, held.deadline, held.progress
    )
    held.live = ready
    held.clear()


def _empty(held: Held, intent: Mapping[str, Any]) -> None:
    """Have all pods end."""
    emptied = _nowhere(intent)
    # The answer to the write may be lost.
    held.may_stand(staged.digest_of(held.predict(emptied).after["spec"]["template"]))
    held.put(lambda: emptied)
    held.observed()


def _nowhere(intent: Mapping[str, Any]) -> dict[str, Any]:
    """An intent whose pods match no node."""
    changed = copy.deepcopy(dict(intent))
    changed["spec"]["template"] = _with_selector(changed["spec"].get("template") or {}, "true")
    return changed


def _with_selector(template: Mapping[str, Any], value: str | None) -> dict[str, Any]:
    """A template with our node selector, or without it."""
    changed = copy.deepcopy(dict(template))
    spec = changed.setdefault("spec", {})
    selector = dict(spec.pop("nodeSelector", None) or {})
    selector.pop(NOWHERE, None)
    if value is not None:
        selector[NOWHERE] = value
    if selector:
        spec["nodeSelector"] = selector
    return changed


def _after_failure(
    held: Held, plan: Plan, patience: Patience, error: EverynodeError
) -> RolloutError:
    error = unheard.behind(error, held.cluster, held.live, held.deadline)
    details = dict(error.details)
    details["changed"] = True
    if is_trouble(error):
        return RolloutError(
            f"The rebuild of DaemonSet {held.name} was interrupted: {error.message} That says"
            " nothing about the new template, so nothing was taken back.",
            advice=f"{error.advice} Run the task again: it goes on from there.".strip(),
            details=details,
        )
    message = f"The rebuild of DaemonSet {held.name} failed: {error.message}"
    if plan.on_failure in (PAUSE, FAIL):
        advice = "Mend the cause, then run the task again: it goes on from there."
        return RolloutError(message, advice=advice, details=details)
    # Without evidence, as a log or an answer may quote secrets.
    why = f"the rebuild failed ({error.kind})"
    try:
        reverting.give_time(held)
        state = held.state
        if state is not None:
            held.write(state.at(REVERTING, why=why))
        _back(held, patience)
    except EverynodeError as second:
        return RolloutError(
            f"{message} It could not be undone yet: {second.message}",
            advice="Run the task again, or put the former definition back.",
            details=details,
        )
    details["rollout"] = {**(details.get("rollout") or {}), "state": "rolled_back"}
    told = "The former template was put back, once all new pods had ended."
    try:
        waiting.until_ready(held.cluster, held.live, patience, held.deadline, held.progress)
    except EverynodeError as third:
        told += f" Its own rollout has not ended well: {third.message}"
    return RolloutError(
        f"{message} {told}",
        advice="Mend the cause, then run the task again.",
        details=details,
    )


def _back(held: Held, patience: Patience) -> None:
    """Put the former template and strategy back, where no pod of the new one is left."""
    state = held.state
    if state is None:
        return
    stable = reverting.stable_of(held)
    if not staged.is_template_of(held.template, stable):
        reverting.give_time(held)
        _end_new_pods(held, stable, patience)
        held.put_template(stable.template, state.owned)
    held.put(lambda: held.with_strategy(held.strategy_before()))
    held.observed()
    held.clear()


def _end_new_pods(held: Held, stable: Revision, patience: Patience) -> None:
    """Have all pods end but those of the former template, which may be on their way out still. A
    node that is lost must not keep the DaemonSet from coming back on all the others.
    """
    lost = emptying.lost_nodes(held, patience).nodes
    if NOWHERE not in (held.template["spec"].get("nodeSelector") or {}):
        _empty(held, held.owned())
    emptying.until_ended(held, patience, but_on=lost, but_of=stable.hash)
