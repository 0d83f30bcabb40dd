# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Going forward: the stages of a rollout, one after the other.

The strategy is OnDelete from the first stage to the end. The new template stands only while pods of
a stage are made; otherwise the stable one does, so that a node which joins, a pod that is evicted
or a job that is killed gets nothing new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .._base.errors import RolloutError
from .._base.words import count_of
from .._cluster.revisions import Revision, revisions_of
from .._nodes.causes_of_pods import trouble_of
from .._nodes.pods import uid_of
from .._spec.rollout import Plan
from .._spec.shares import share_of
from . import reverting, staged
from .held import ON_DELETE, Held
from .node_work import NodeOutcome, Proof
from .patience import Patience
from .pods import Replacing
from .stage_nodes import StageNodes
from .state import FAILED, HOLDING, PROMOTING, ROLLING, State
from .surroundings import refuse_unmatched, standing
from .turns import Cut, cut, has_same_stages, holds, kept_plan, next_stage, renumbered


class Stages:
    """The stages of one run.

    Args:
        held: the DaemonSet, with its state.
        intent: what the task wants.
        plan: how.
        patience: how long to put up with what.
        stable: the revision that stands between the stages.

    Attributes:
        nodes: what has become of the nodes.
    """

    def __init__(
        self,
        held: Held,
        intent: dict[str, Any],
        plan: Plan,
        patience: Patience,
        stable: Revision,
    ):
        self.held = held
        self.plan = plan
        self.patience = patience
        self.stable = stable
        self.nodes = StageNodes(held, plan, patience)
        self._replaced_by: list[Replacing] = []
        self._intent = intent
        self._new: Revision | None = None
        self._turn: Cut | None = None

    @property
    def state(self) -> State:
        """The rollout's state as it was written last."""
        if self.held.state is None:
            raise RolloutError(f"DaemonSet {self.held.name} has no rollout.")
        return self.held.state

    def run(self) -> bool:
        """Go on from where the state says; whether all nodes are done.

        Raises:
            staged.StageError: a stage failed.
            RolloutError: no node has the labels that the plan goes by.
            LostError: somebody else took hold of the object.
            ClusterError: the server could not be asked.
        """
        if self.state.phase == PROMOTING and self._new_stands():
            return True
        self.nodes.look_around()
        if self.plan.goes_by_labels and self.state.hash is None:
            refuse_unmatched(self.held, self.plan, self.nodes.labels, standing(self.held))
        state = self._renumbered()
        if holds(self.plan, state):
            return False
        is_retried = state.phase in (FAILED, HOLDING)
        new = self._new_revision()
        with self._replacing(new) as pods:
            stage = next_stage(state)
            while True:
                self.nodes.look_around()
                turn = self._cut(pods, stage)
                if not turn.again and not turn.now and not turn.outdated:
                    return True
                pods.forgive(turn.again)
                if is_retried:
                    is_retried = False
                    self._retry(pods, stage, turn)
                if not self._stage(pods, stage, turn):
                    continue
                if holds(self.plan, self.state) and self._cut(pods, stage).outdated:
                    return False
                stage += 1

    def promote(self, *, partial: bool) -> None:
        """Put the new template there for good, with all else that the task wants, the user's
        strategy included. No pod restarts: all are of this template already.
        """
        held = self.held
        held.write(self.state.at(PROMOTING))
        trial = held.predict(self._intent)
        found = trial.after["spec"]["template"]
        new = self._new
        if new is not None and not staged.is_template_of(found, new):
            raise RolloutError(
                f"The definition of DaemonSet {held.name} does not give the template that its"
                " stages rolled out, so that putting it there would restart every pod. The nodes"
                " keep their new pods.",
                advice="Did an admission webhook change its mind, or another manager set a field?"
                " Undo that, then run the task again.",
            )
        held.put(lambda: self._intent, partial=partial)
        held.observed()
        if held.strategy.get("type") == "OnDelete":
            self._catch_up()
        held.clear()

    def _catch_up(self) -> None:
        """Replace the pods that were made from the former template at the last moment, such as on
        nodes that have just joined: under OnDelete nobody else does.
        """
        held = self.held
        new = self._new or staged.standing_revision(held.cluster, held.live, held.deadline)
        with self._replacing(new) as pods:
            late = self.nodes.left(pods.pods(), pods.outdated())
            if late:
                pods.replace(late, at_once=self._at_once(), max_failures=len(late))

    def stand_stable(self) -> None:
        """Put the stable template back, and have the controller see it."""
        reverting.stand(self.held, self.stable)

    def take_back(self) -> bool:
        """Put the stable template back; whether it was not there."""
        return reverting.take_back(self.held, self.stable)

    @property
    def touched(self) -> list[str]:
        """The nodes where this run has deleted a pod, however it was broken off then."""
        return list(dict.fromkeys(node for one in self._replaced_by for node in one.touched))

    @property
    def done(self) -> tuple[int, int]:
        """How many nodes have a new pod, and how many there are, as they were seen last."""
        return (self._turn.updated, self._turn.total) if self._turn is not None else (0, 0)

    def patience_for_failed(self) -> Patience:
        """The patience of the last wait: failed nodes that were put up with are excused."""
        if not self.nodes.failed:
            return self.patience
        allowance = self.patience.allowance
        desired = int((self.held.live.get("status") or {}).get("desiredNumberScheduled") or 0)
        budget = share_of(allowance.unavailable_budget or 0, desired)
        wanted = str(max(budget, len(self.nodes.failed)))
        return replace(self.patience, allowance=replace(allowance, unavailable_budget=wanted))

    def _renumbered(self) -> State:
        """The state by this plan, which may have other stages than the one before."""
        if has_same_stages(self.plan, self.state) and not holds(self.plan, self.state):
            return self.state
        sick = self.nodes.sick
        there = {node: one for node, one in standing(self.held).items() if node not in sick}
        self._turn = cut(self.plan, self.state, there, self.nodes.labels, 1)
        found = renumbered(self.plan, self.state, self._turn)
        if found is not self.state and holds(self.plan, found):
            self.held.write(found.at(HOLDING, plan=kept_plan(self.plan)))
        return found

    # What stands.

    def _new_stands(self) -> bool:
        return staged.digest_of(self.held.template) == self.state.digest

    def _new_revision(self) -> Revision:
        """The revision of the new template; it has to stand once to be made."""
        held, state = self.held, self.state
        if state.hash is not None:
            for one in revisions_of(held.cluster, held.live, held.deadline):
                if one.hash == state.hash:
                    self._new = one
                    # Somebody has changed it, and the task takes its place.
                    if held.strategy.get("type") != "OnDelete":
                        held.put(lambda: held.with_strategy(ON_DELETE))
                    # Until then the controller may still take pods away by another strategy.
                    held.observed()
                    return one
        held.write(self._at_stage(next_stage(state)))
        self._stand_new()
        found = staged.standing_revision(held.cluster, held.live, held.deadline)
        held.write(self.state.at(ROLLING, hash=found.hash))
        self._new = found
        return found

    def _stand_new(self) -> None:
        held = self.held
        if self._new is None or not staged.is_template_of(held.template, self._new):
            held.put(lambda: held.with_template(self._intent))
        held.observed()

    def _at_stage(self, stage: int, **changes: Any) -> State:
        """The state while the pods of a stage are replaced."""
        return self.state.at(
            ROLLING,
            stage=stage,
            plan=kept_plan(self.plan),
            verifies=self.plan.verify is not None,
            why="",
            **changes,
        )

    # One stage.

    def _replacing(self, new: Revision) -> Replacing:
        held, plan, patience = self.held, self.plan, self.patience
        wanted = self._intent["spec"].get(
            "minReadySeconds", held.live["spec"].get("minReadySeconds")
        )
        proof = Proof(
            min_ready_seconds=int(wanted or 0),
            soak_seconds=plan.soak_seconds,
            max_pod_restarts=plan.max_pod_restarts,
            verify=plan.verify,
            grace_seconds=patience.grace_seconds if patience.fail_early else float("inf"),
            progress_deadline_seconds=patience.progress_deadline_seconds,
        )
        replacing = Replacing(
            held.cluster,
            held.live,
            new.hash,
            proof,
            held.deadline,
            held.progress,
            check=held.look,
        )
        self._replaced_by.append(replacing)
        return replacing

    def _cut(self, pods: Replacing, stage: int) -> Cut:
        pods.refresh()
        standing, nodes = pods.pods(), self.nodes
        there = nodes.revisions(standing, pods.revision)
        unwell = nodes.unwell(standing, pods.revision)
        turn = cut(self.plan, self.state, there, nodes.labels, stage, unwell, nodes.failed.keys())
        self._turn = turn
        return turn

    def _enter(self, stage: int, turn: Cut) -> int:
        """Say that the pods of a stage are replaced, before any is; how many stages there are."""
        stages = max(len(turn.sizes), stage)
        self.held.write(self._at_stage(stage, stages=stages))
        return stages

    def _retry(self, pods: Replacing, stage: int, turn: Cut) -> None:
        """Have the nodes of a stage that has failed before start anew.

        A pod that would wait for long before its next try is replaced; one that has come to itself
        meanwhile is not failed by what was.
        """
        standing = pods.pods()
        new = [node for node in turn.now if node not in set(turn.outdated)]
        pods.forgive(new)
        bad = []
        for node in new:
            trouble = trouble_of(standing[node])
            if trouble is not None and not trouble.heals:
                bad.append(node)
        if bad:
            self._enter(stage, turn)
            self._stand_new()
            pods.remove(uid_of(standing[node]) for node in bad)

    def _stage(self, pods: Replacing, stage: int, turn: Cut) -> bool:
        """Do one stage; whether it is over, or else has to be taken up again."""
        held, total = self.held, len(turn.outdated)
        stages = self._enter(stage, turn)
        held.progress(f"{held.name}: stage {stage} of {stages}, {count_of(len(turn.now), 'node')}")
        desired = int((held.live.get("status") or {}).get("desiredNumberScheduled") or total)
        allowed = share_of(self.plan.max_failures, desired)
        if turn.again:
            # A version that fails after its stage goes no further.
            again = pods.replace(
                turn.again,
                at_once=len(turn.again),
                max_failures=max(0, allowed - len(self.nodes.failed)),
            )
            self._note(again, stage, allowed)
        if set(turn.now) & set(turn.outdated):
            self._stand_new()
        outcomes = pods.replace(
            turn.now,
            at_once=self._at_once(),
            max_failures=max(0, allowed - len(self.nodes.failed)),
            when_created=self.stand_stable,
        )
        is_over = self._note(outcomes, stage, allowed)
        self.stand_stable()
        if not is_over:
            return False
        well = [one.node for one in outcomes if one.updated]
        if well and self.plan.soak_seconds:
            left = max(0, allowed - len(self.nodes.failed))
            self._note(pods.soak(well, max_failures=left), stage, allowed, soaked=True)
        held.write(self.state.at(HOLDING, stage=stage))
        return True

    def _at_once(self) -> int:
        """How many pods may be replaced at a time."""
        wanted: Mapping[str, Any] | None = self._intent["spec"].get("updateStrategy")
        strategy = wanted or self.state.strategy
        return staged.at_once(self.held.live, strategy, self.plan.max_unavailable)

    def _note(
        self, outcomes: Iterable[NodeOutcome], stage: int, allowed: int, *, soaked: bool = False
    ) -> bool:
        """Take in what became of nodes; after the soak it is none that the deadline cut short.

        Returns:
            whether all had their turn; if not, some were left out for which others have to come.

        Raises:
            staged.StageError: too many failed, or the time was up before all had their turn.
        """
        outcomes = list(outcomes)
        lost = self.nodes.take_in(outcomes)
        undone = [one for one in outcomes if not one.updated and not one.gone and not one.failed]
        is_late = self.held.deadline.passed()
        if len(self.nodes.failed) <= allowed and not (soaked and is_late):
            # Others have to come for those that are not there any more.
            is_short = bool(lost) or any(one.gone for one in outcomes)
            if is_short and not soaked and not is_late:
                return False
            if not undone and (soaked or not is_late or not lost):
                return True
        cut_short = lost if is_late else []
        reasons = staged.reasons_of([*self.nodes.failed.values(), *cut_short])
        told = f"stage {stage} of {max(self.state.stages, stage)}"
        if is_late:
            told += f" was not over after {self.held.deadline.seconds:g} seconds"
        else:
            told += " failed"
        raise staged.StageError(told, reasons)
