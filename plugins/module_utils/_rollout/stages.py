# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Going forward: the stages of a rollout, one after the other.

The strategy is OnDelete from the first stage to the end. The new template stands only while pods of
a stage are made; otherwise the stable one does, so that a node which joins, a pod that is evicted
or a job that is killed gets nothing new.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._base.errors import RolloutError
from .._base.words import count_of, natural
from .._cluster.revisions import Revision, revisions_of
from .._nodes.pods import is_ready, revision_of
from .._spec.rollout import Plan, stages_of
from .._spec.shares import share_of
from . import reverting, staged
from .held import ON_DELETE, Held
from .node_work import NodeOutcome, Proof
from .outcomes import reasons_of
from .patience import Patience
from .pods import Replacing
from .state import HOLDING, PROMOTING, ROLLING, State
from .surroundings import Surroundings, away, look_around


class StageError(RolloutError):
    """A stage failed: too many nodes did, or the time was up.

    Attributes:
        brief: the same as the message, without what may quote secrets.
        reasons: why nodes failed, grouped by cause.
    """

    def __init__(self, what: str, reasons: list[dict[str, Any]]):
        super().__init__(f"{what}: {staged.in_words(reasons)}" if reasons else what)
        causes = ", ".join(dict.fromkeys(str(one["cause"]) for one in reasons))
        self.brief = f"{what}: {causes}" if causes else what
        self.reasons = reasons


@dataclass(frozen=True)
class Cut:
    """The nodes as one stage sees them.

    Attributes:
        outdated: all that have no new pod yet.
        again: those of earlier stages that are not well any more, to be proven again first.
        now: those whose turn it is: to be replaced, or to be proven where the new pod is there.
        sizes: how many nodes each stage has.
    """

    outdated: Sequence[str]
    again: Sequence[str]
    now: Sequence[str]
    sizes: Sequence[int]


class Stages:
    """The stages of one run.

    Args:
        held: the DaemonSet, with its state.
        intent: what the task wants.
        plan: how.
        patience: how long to put up with what.
        stable: the revision that stands between the stages.
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
        self.touched: list[str] = []
        self.failed: dict[str, NodeOutcome] = {}
        self._intent = intent
        self._left_out: set[str] = set()
        self._excused: set[str] = set()
        self._new: Revision | None = None
        self._around = Surroundings()

    @property
    def state(self) -> State:
        """The rollout's state as it was written last."""
        if self.held.state is None:
            raise RolloutError(f"DaemonSet {self.held.name} has no rollout.")
        return self.held.state

    def run(self) -> bool:
        """Go on from where the state says; whether all nodes are done.

        Raises:
            StageError: a stage failed.
            LostError: somebody else took hold of the object.
            ClusterError: the server could not be asked.
        """
        if self.state.phase == PROMOTING and self._new_stands():
            return True
        if holds(self.plan, self.state):
            return False
        self._around = look_around(self.held, self.plan, self.patience)
        new = self._new_revision()
        with self._replacing(new) as pods:
            stage = next_stage(self.state)
            while True:
                turn = self._cut(pods, stage)
                if not turn.again and not turn.now and not turn.outdated:
                    return True
                self._stage(pods, stage, turn)
                if stage == self.plan.until_stage and self._cut(pods, stage).outdated:
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
        held.clear()

    def stand_stable(self) -> None:
        """Put the stable template back, and have the controller see it."""
        reverting.stand(self.held, self.stable)

    def take_back(self) -> bool:
        """Put the stable template back; whether it was not there."""
        return reverting.take_back(self.held, self.stable)

    @property
    def excused(self) -> list[str]:
        """The nodes with a pod that were left out, as they are not Ready and the task allows it."""
        return sorted(self._excused, key=natural)

    def why_excused(self) -> list[dict[str, Any]]:
        """What is wrong with those nodes, in the shape of all reasons."""
        troubles = self._around.excused
        return reasons_of(NodeOutcome(node, trouble=troubles[node]) for node in self.excused)

    def patience_for_failed(self) -> Patience:
        """The patience of the last wait: failed nodes that were put up with are excused."""
        if not self.failed:
            return self.patience
        allowance = self.patience.allowance
        desired = int((self.held.live.get("status") or {}).get("desiredNumberScheduled") or 0)
        budget = share_of(allowance.unavailable_budget or 0, desired)
        wanted = str(max(budget, len(self.failed)))
        return replace(self.patience, allowance=replace(allowance, unavailable_budget=wanted))

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
        return Replacing(
            held.cluster,
            held.live,
            new.hash,
            proof,
            held.deadline,
            held.progress,
            check=held.look,
        )

    def _cut(self, pods: Replacing, stage: int) -> Cut:
        pods.refresh()
        hashes = {node: revision_of(pod) for node, pod in pods.pods().items()}
        left_out = self._left_out | self._around.excused.keys()
        there = {node: one for node, one in hashes.items() if node not in left_out}
        self._excused = {
            node
            for node in self._around.excused.keys() & set(hashes)
            if hashes[node] != pods.revision
        }
        unwell = {
            node
            for node, pod in pods.pods().items()
            if hashes[node] == pods.revision and node in there and not is_ready(pod)
        }
        unwell -= away(self.held, unwell)
        return cut(self.plan, self.state, there, self._around.labels, stage, unwell)

    def _stage(self, pods: Replacing, stage: int, turn: Cut) -> None:
        held, total = self.held, len(turn.outdated)
        stages = max(len(turn.sizes), stage)
        held.write(self._at_stage(stage, stages=stages))
        held.progress(f"{held.name}: stage {stage} of {stages}, {count_of(len(turn.now), 'node')}")
        desired = int((held.live.get("status") or {}).get("desiredNumberScheduled") or total)
        allowed = share_of(self.plan.max_failures, desired)
        if turn.again:
            # A version that fails after its stage goes no further.
            again = pods.replace(
                turn.again,
                at_once=len(turn.again),
                max_failures=max(0, allowed - len(self.failed)),
            )
            self._note(again, stage, allowed)
        if set(turn.now) & set(turn.outdated):
            self._stand_new()
        outcomes = pods.replace(
            turn.now,
            at_once=staged.at_once(held.live, self._strategy(), self.plan.max_unavailable),
            max_failures=max(0, allowed - len(self.failed)),
            when_created=self.stand_stable,
        )
        self._note(outcomes, stage, allowed)
        self.stand_stable()
        well = [one.node for one in outcomes if one.updated]
        if well and self.plan.soak_seconds:
            left = max(0, allowed - len(self.failed))
            self._note(pods.soak(well, max_failures=left), stage, allowed, soaked=True)
        held.write(self.state.at(HOLDING, stage=stage))

    def _strategy(self) -> Mapping[str, Any]:
        """The update strategy that the task wants, or else the one of before."""
        found: Mapping[str, Any] | None = self._intent["spec"].get("updateStrategy")
        return found or self.state.strategy

    def _note(
        self, outcomes: Iterable[NodeOutcome], stage: int, allowed: int, *, soaked: bool = False
    ) -> None:
        """Take in what became of nodes; after the soak it is none that the deadline cut short.

        Raises:
            StageError: too many failed, or the time was up before all had their turn.
        """
        outcomes = list(outcomes)
        self.touched += [
            one.node for one in outcomes if one.touched and one.node not in self.touched
        ]
        self.failed.update({one.node: one for one in outcomes if one.failed})
        self._left_out.update(one.node for one in outcomes if one.failed or one.gone)
        undone = [one for one in outcomes if not one.updated and not one.gone and not one.failed]
        is_cut = soaked and self.held.deadline.passed()
        if len(self.failed) <= allowed and not undone and not is_cut:
            return
        reasons = staged.reasons_of(self.failed.values())
        told = f"stage {stage} of {max(self.state.stages, stage)}"
        if self.held.deadline.passed():
            told += f" was not over after {self.held.deadline.seconds:g} seconds"
        else:
            told += " failed"
        raise StageError(told, reasons)


def kept_plan(plan: Plan) -> dict[str, Any]:
    """A plan as the state keeps it: without the command, which may hold secrets."""
    kept = plan.as_dict()
    kept.pop("verify", None)
    return kept


def next_stage(state: State) -> int:
    """The stage that comes next, or is to be taken up again."""
    return state.stage + 1 if state.phase == HOLDING else max(state.stage, 1)


def holds(plan: Plan, state: State) -> bool:
    """Whether the plan wants no more than what is done already."""
    until = plan.until_stage
    return until is not None and state.phase == HOLDING and state.stage >= until


def cut(
    plan: Plan,
    state: State,
    standing: Mapping[str, str],
    labels: Mapping[str, Mapping[str, str]],
    stage: int,
    unwell: Container[str] = (),
) -> Cut:
    """Whose turn it is in a stage.

    Nodes that are done count as those of the first stages, whatever their names: so a stage that is
    taken up again goes on where it was, though nodes have come and gone.

    Args:
        plan: the plan.
        state: the rollout's state; without a hash, no node is done.
        standing: the revision of each node's pod.
        labels: those of each node, where the plan goes by them.
        stage: which one, counted from 1.
        unwell: nodes whose pod is not ready any more.
    """
    batches = stages_of(plan, [(node, labels.get(node, {})) for node in standing])
    order = [node for batch in batches for node in batch]
    # What another rollout has touched before this one took its place comes first.
    order.sort(key=lambda node: standing[node] not in state.earlier)
    done = [node for node in order if _is_done(state, standing[node])]
    outdated = [node for node in order if not _is_done(state, standing[node])]
    sizes = [len(batch) for batch in batches]
    before, until = sum(sizes[: stage - 1]), sum(sizes[:stage])
    again = [node for node in done[:before] if node in unwell]
    now = [*done[before:], *outdated[: max(0, until - len(done))]]
    return Cut(outdated, again, now, sizes)


def _is_done(state: State, revision: str) -> bool:
    return state.hash is not None and revision == state.hash
