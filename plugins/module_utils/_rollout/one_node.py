# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pod of one node, replaced and proven."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import (
    ClusterError,
    ConflictError,
    EverynodeError,
    ForbiddenError,
    NotFoundError,
    RolloutError,
)
from .._cluster import daemonsets
from .._cluster.connection import Cluster
from .._cluster.revisions import revisions_of
from .._nodes.diagnosis import trouble_of
from .._nodes.eligibility import why_not
from .._nodes.pods import condition, is_ending, is_ready, node_of, restarts_of, revision_of, uid_of
from .._nodes.trouble import Trouble, quoted
from . import history
from .failed_before import refuse_further
from .outcomes import reasons_of
from .pods import NodeOutcome, Proof, Replacing
from .restart import is_on_delete
from .state import PAUSED, state_of
from .waiting import Progress, until_observed

Pod = dict[str, Any]


@dataclass(frozen=True)
class Wish:
    """What is to happen on a node.

    Attributes:
        node: its name.
        restart: whether its pod is replaced even where it is of the current revision.
        proof: what the new pod has to show.
        wait: whether to wait for that.
        max_failures: with more nodes, a number or a percentage of all, on which the new template
            has failed already, the pod is left alone; None for any number.
    """

    node: str
    restart: bool
    proof: Proof
    wait: bool = True
    max_failures: int | str | None = None


@dataclass
class Done:
    """What happened on a node.

    Attributes:
        live: the DaemonSet.
        revision: the hash of its current revision.
        before: the node's pod as it was, if it had one.
        after: the node's pod afterwards, as far as it is known.
        changed: whether the pod was replaced, or in a dry run would be.
        message: the same in a sentence without a full stop.
        outcome: how it went, where a pod was looked at.
    """

    live: dict[str, Any]
    revision: str
    before: Pod | None
    after: Pod | None = None
    changed: bool = False
    message: str = ""
    outcome: NodeOutcome | None = None


def carry_out(
    cluster: Cluster,
    live: dict[str, Any],
    wish: Wish,
    dry_run: bool,
    deadline: Deadline,
    progress: Progress,
) -> Done:
    """Replace the pod of a node where that is needed, or asked for, and prove the new one.

    Raises:
        NotFoundError: there is no such node.
        ConflictError: pods of this DaemonSet are not replaced node by node now.
        RolloutError: the controller has not seen the template in time, more nodes than may have
            failed with it, or the node is lost.
    """
    _refuse_other_rollout(live)
    if not dry_run:
        live = until_observed(cluster, live, deadline, progress)
    revision = history.current(live, revisions_of(cluster, live, deadline))
    pods, _version = daemonsets.pods_of(cluster, live, deadline, wish.node)
    staying = [pod for pod in pods if not is_ending(pod)]
    done = Done(
        live,
        revision.hash if revision else "",
        staying[-1] if staying else (pods[-1] if pods else None),
    )
    if not pods:
        absence = _absence(cluster, live, wish.node, deadline)
        if absence:
            return replace(done, message=absence)
    is_current = bool(staying) and all(revision_of(pod) == done.revision for pod in staying)
    if not wish.restart and not is_current:
        _refuse_rolling(live, wish.node, staying)
    done.changed = bool(staying) and (wish.restart or not is_current)
    if done.changed:
        _refuse_to_replace(cluster, done, wish, deadline)
    if dry_run:
        return replace(done, message=_in_words(done, wish))
    if is_current and not wish.restart:
        if _is_proven(staying, wish.proof):
            done.after = done.before
            return replace(done, message=_in_words(done, wish))
        wish = replace(wish, proof=_from_now(staying[-1], wish.proof))
    if revision is None:
        raise RolloutError(
            f"The controller has made no revision of DaemonSet {_called(live)} for its template, so"
            " that its pods cannot be told apart. Nothing was changed.",
            advice="Run the task again; if that does not help, look at the controller's log.",
        )
    try:
        with Replacing(
            cluster, live, done.revision, wish.proof, deadline, progress, node=wish.node
        ) as table:
            _replace(done, wish, table)
    except EverynodeError as error:
        error.details.setdefault("changed", done.changed)
        raise
    if done.outcome is not None and done.outcome.failed:
        with contextlib.suppress(ClusterError):
            _look_closer(cluster, done, wish.node)
    return replace(done, message=_in_words(done, wish))


def _refuse_other_rollout(live: Mapping[str, Any]) -> None:
    """A staged rollout or a rebuild decides itself which node has which template."""
    state = state_of(live)
    if state is not None and state.kind != PAUSED:
        raise ConflictError(
            f"DaemonSet {_called(live)} is in a rollout of its own ({state.kind},"
            f" {state.phase}), which decides which node has which template.",
            advice="Finish it with the task that began it, or undo it with"
            " everynode.kubernetes.daemonset_rollback.",
        )


def _refuse_rolling(live: Mapping[str, Any], node: str, staying: list[Pod]) -> None:
    """Under RollingUpdate the controller replaces all pods by itself: an order of ours is none."""
    if is_on_delete(live) or not staying:
        return
    raise ConflictError(
        f"The pod of DaemonSet {_called(live)} on node {node} is of another revision, and the"
        " update strategy is RollingUpdate: the controller replaces the pods of all nodes by"
        " itself, in its own order and as many at a time as maxUnavailable says, so that it cannot"
        " be done node by node.",
        advice="Set update_strategy to OnDelete before the template is changed (the playbook"
        " everynode.kubernetes.rolling_update does), or let the controller go on and wait for it"
        " with everynode.kubernetes.daemonset_wait.",
    )


def _absence(cluster: Cluster, live: Mapping[str, Any], node: str, deadline: Deadline) -> str:
    """Why the node has no pod, where it should have none; empty where it should."""
    found = _read_node(cluster, node, deadline)
    if found is None:
        return f"it has no pod on {node}, and the nodes may not be read to tell why"
    absence = why_not(live, found)
    return "" if absence is None else f"it needs no pod on {node}: {absence.evidence}"


def _refuse_to_replace(cluster: Cluster, done: Done, wish: Wish, deadline: Deadline) -> None:
    """Leave the pod alone where a new one would be no better, or has failed elsewhere."""
    if wish.max_failures is not None:
        most = wish.max_failures
        refuse_further(cluster, done.live, done.revision, wish.node, most, wish.proof, deadline)
    _refuse_lost_node(cluster, done.live, wish.node, deadline)


def _refuse_lost_node(
    cluster: Cluster, live: Mapping[str, Any], node: str, deadline: Deadline
) -> None:
    """Leave a pod alone where nobody would make room for another, nor start it.

    A node whose kubelet says itself that it is not ready is another matter: it may be the old pod,
    such as that of a network plugin, that keeps it from being so.
    """
    found = _read_node(cluster, node, deadline)
    ready = condition(found or {}, "Ready")
    if ready.get("status") != "Unknown":
        return
    trouble = Trouble(
        "NodeNotReady", quoted(f"{ready.get('reason')}: {ready.get('message')}"), True
    )
    raise RolloutError(
        f"The pod of DaemonSet {_called(live)} on node {node} is left as it is, for the node is"
        f" lost, and no new one would start there: {trouble.evidence}",
        advice="Bring the node back and run the task again, or leave it out: the inventory plugin"
        " has it in the group not_ready.",
        details={
            "changed": False,
            "node": node,
            "reasons": reasons_of([NodeOutcome(node, trouble=trouble)]),
        },
    )


def _read_node(cluster: Cluster, node: str, deadline: Deadline) -> dict[str, Any] | None:
    """The node, or None where it may not be read.

    Raises:
        NotFoundError: there is none of that name.
    """
    try:
        found: dict[str, Any] = cluster.request(
            "GET", f"/api/v1/nodes/{node}", deadline=deadline, doing=f"read node {node}"
        ).body
    except NotFoundError:
        raise NotFoundError(
            f"There is no node {node} on {cluster.server}.",
            advice="Where nodes come and go, refresh the inventory before the play"
            " (ansible.builtin.meta: refresh_inventory).",
            status=404,
            details={"node": node},
        ) from None
    except ForbiddenError:
        return None
    return found


def _is_proven(staying: list[Pod], proof: Proof) -> bool:
    """Whether there is nothing more to see of a pod that is of the current revision."""
    if proof.verify is not None or proof.soak_seconds or proof.min_ready_seconds:
        return False
    return len(staying) == 1 and is_ready(staying[0])


def _from_now(pod: Pod, proof: Proof) -> Proof:
    """What a pod has to show that has run before: how often it restarted until now is past."""
    if proof.max_pod_restarts is None or not is_ready(pod):
        return proof
    return replace(proof, max_pod_restarts=proof.max_pod_restarts + restarts_of(pod))


def _replace(done: Done, wish: Wish, table: Replacing) -> None:
    """Do it, and write down how it went."""
    if done.changed:
        # Only what was looked at: another that took its place meanwhile is judged anew.
        done.changed = False
        done.changed = bool(table.remove([uid_of(done.before or {})]))
    if not wish.wait:
        return
    outcome = table.replace([wish.node], at_once=1)[0]
    if outcome.updated and wish.proof.soak_seconds:
        outcome = next(iter(table.soak([wish.node])), outcome)
    outcome.old_uid = outcome.old_uid or (uid_of(done.before or {}) if done.changed else None)
    done.changed = done.changed or outcome.touched
    done.outcome = outcome
    done.after = table.pods().get(wish.node)


def _look_closer(cluster: Cluster, done: Done, node: str) -> None:
    """A pod that is not scheduled was not among those of the node: find out what it lacks."""
    if done.outcome is None or done.outcome.new_uid is not None:
        return
    # Of its own, as the task's may have passed.
    pods, _version = daemonsets.pods_of(cluster, done.live, Deadline(20.0))
    for pod in pods:
        if node_of(pod) == node and revision_of(pod) == done.revision:
            found: Trouble | None = trouble_of(pod)
            done.outcome.trouble = found or done.outcome.trouble
            done.after = pod


def _in_words(done: Done, wish: Wish) -> str:
    outcome, node = done.outcome, wish.node
    if outcome is not None and outcome.gone and outcome.trouble is not None:
        return f"{node}: {outcome.trouble.evidence}"
    if outcome is not None and outcome.trouble is not None:
        return f"{outcome.trouble.cause} on {node}: {outcome.trouble.evidence}"
    if done.changed and done.after is None:
        return f"the pod on {node} makes way for one of the current revision"
    if done.changed:
        return f"the pod on {node} is replaced"
    if done.before is None:
        return f"there is no pod on {node} yet" if done.after is None else f"{node} has its pod"
    return f"the pod on {node} is of the current revision"


def failure(done: Done, wish: Wish, deadline: Deadline) -> RolloutError | None:
    """Why the task fails, or None where it does not."""
    if done.outcome is None or done.outcome.updated or done.outcome.gone:
        return None
    over = f" after {deadline.seconds:g} seconds" if deadline.passed() else ""
    return RolloutError(
        f"The pod of DaemonSet {_called(done.live)} on node {wish.node} is not well{over}:"
        f" {done.message}.",
        advice="Mend the cause and run the task again, or go back with the playbook"
        " everynode.kubernetes.rollback.",
    )


def _called(live: Mapping[str, Any]) -> str:
    return f"{live['metadata']['namespace']}/{live['metadata']['name']}"
