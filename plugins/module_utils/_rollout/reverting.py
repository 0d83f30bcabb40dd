# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Going back: the nodes that a staged rollout has touched get the stable template's pods again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import RolloutError
from .._base.words import count_of
from .._cluster.revisions import Revision, revisions_of
from .._nodes.pods import revision_of
from .._nodes.readiness import verdict
from .._spec.rollout import Plan
from . import staged
from .held import ON_DELETE, Held
from .lost import foreign
from .node_work import NodeOutcome, Proof
from .patience import Patience
from .pods import Replacing
from .state import REVERTING

# What a rollback gets at least, as it often begins when the task's own time is over.
LEAST_SECONDS = 60.0


def stable_of(held: Held) -> Revision:
    """The revision with the stable template.

    Raises:
        RolloutError: it is gone.
    """
    state = held.state
    name = state.revision if state else ""
    for one in revisions_of(held.cluster, held.live, held.deadline):
        if one.name == name:
            return one
    raise RolloutError(
        f"The ControllerRevision {name} with the stable template of DaemonSet {held.name} is gone,"
        " so that there is nothing to go back to.",
        advice="Have the definition that shall run take the rollout's place: state: present with"
        " on_unfinished_rollout: proceed.",
    )


def refuse_without_history(held: Held, least: int) -> None:
    """Refuse to begin where the controller would forget the stable template meanwhile.

    Raises:
        RolloutError: it would.
    """
    limit = held.live["spec"].get("revisionHistoryLimit")
    if limit is None or limit >= least:
        return
    raise RolloutError(
        f"DaemonSet {held.name} has revisionHistoryLimit {limit}, so that there would be nothing to"
        " go back to. Nothing was changed.",
        advice=f"Set revisionHistoryLimit to {least} or more with a task of its own first.",
    )


def give_time(held: Held) -> None:
    """Have the deadline leave what a rollback needs at least."""
    if held.deadline.left() < LEAST_SECONDS:
        held.deadline = Deadline(LEAST_SECONDS)


def take_back(held: Held, stable: Revision) -> bool:
    """Put the stable template there; whether it was not.

    Raises:
        LostError: others hold what would have to change.
    """
    if staged.is_template_of(held.template, stable):
        return False
    state = held.state
    if not held.put_template(stable.template, state.owned if state else {}):
        raise foreign(held.name, ["spec.template"], held.live)
    return True


def stand(held: Held, stable: Revision) -> None:
    """Have the stable template stand, under OnDelete, seen by the controller.

    Raises:
        LostError: others hold what would have to change.
    """
    take_back(held, stable)
    held.observed()


def revert(
    held: Held, plan: Plan, patience: Patience, why: str, also: Iterable[str] = ()
) -> dict[str, Any]:
    """Give the touched nodes the stable template's pods, then the user's strategy back.

    Killed in between, it is taken up by the next run: the state goes last.

    Args:
        held: the DaemonSet, with its state.
        plan: the plan, for its pace.
        patience: how long to put up with what.
        why: a clause that the state keeps.
        also: nodes whose old pod was deleted, and that may have no pod at all.

    Returns:
        keys for the result: ``to_revision``, ``nodes`` (those that are back), and ``left`` (those
        whose pod could not be replaced).

    Raises:
        RolloutError: not all of them were back in time.
        LostError: somebody else changed the object.
        ClusterError: the server could not be asked.
    """
    state = held.state
    if state is None:
        raise RolloutError(f"DaemonSet {held.name} has no rollout to go back from.")
    give_time(held)
    stable = stable_of(held)
    held.progress(f"{held.name}: going back: {why}")
    held.write(state.at(REVERTING, why=why))
    hashes = {one for one in (state.hash, *state.earlier) if one}
    if not hashes and not staged.is_template_of(held.template, stable):
        # Killed before its revision was known; nobody but us has put it there.
        held.observed()
        hashes = {staged.standing_revision(held.cluster, held.live, held.deadline).hash}
    if hashes:
        # The controller must replace no pod by itself meanwhile.
        if held.strategy.get("type") != "OnDelete":
            held.put(lambda: held.with_strategy(ON_DELETE))
        stand(held, stable)
    back, left = _replace(held, stable, hashes, plan, patience, also)
    held.put(lambda: held.with_strategy(held.strategy_before()))
    held.observed()
    held.clear()
    return {
        "to_revision": stable.number,
        "revision": stable.name,
        **staged.named(back),
        **({"left": staged.named(left)} if left else {}),
    }


def _replace(
    held: Held,
    stable: Revision,
    hashes: set[str],
    plan: Plan,
    patience: Patience,
    also: Iterable[str],
) -> tuple[list[str], list[str]]:
    """Replace the pods of these revisions; the nodes that are back, and those that are not."""
    hashes = hashes - {stable.hash}
    if not hashes:
        return [], []
    proof = Proof(
        min_ready_seconds=int(held.live["spec"].get("minReadySeconds") or 0),
        max_pod_restarts=None,
        grace_seconds=patience.grace_seconds,
        progress_deadline_seconds=patience.progress_deadline_seconds,
    )
    state = held.state
    at_once = staged.at_once(held.live, state.strategy if state else {}, plan.max_unavailable)
    with Replacing(
        held.cluster,
        held.live,
        stable.hash,
        proof,
        held.deadline,
        held.progress,
        check=held.look,
        called="a pod of the former template",
    ) as pods:
        touched = [node for node, pod in pods.pods().items() if revision_of(pod) in hashes]
        touched += [node for node in also if node not in touched]
        outcomes = pods.replace(touched, at_once=at_once, max_failures=len(touched))
    back = [one.node for one in outcomes if one.updated]
    left = [one for one in outcomes if not one.updated and not one.gone]
    if left and held.deadline.passed():
        raise _late(held, left, len(touched))
    return back, [one.node for one in left]


def _late(held: Held, left: Sequence[NodeOutcome], total: int) -> RolloutError:
    """What is told where the time was up before all nodes were back."""
    reasons = staged.reasons_of(left)
    told = f": {staged.in_words(reasons)}" if reasons else ""
    return RolloutError(
        f"DaemonSet {held.name} is not back on its former template after"
        f" {held.deadline.seconds:g} seconds, on {len(left)} of {count_of(total, 'node')}{told}.",
        details={"rollout": {**verdict(held.live).as_result(), "ready": False, "reasons": reasons}},
    )
