# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A restart under OnDelete: the template is marked, and then each pod really replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import RolloutError
from .._cluster import daemonsets, managers
from .._cluster.applying import Applied
from .._cluster.connection import Cluster
from .._cluster.fieldset import contains
from .._cluster.revisions import revisions_of
from .._nodes.diagnosis import in_words
from .._nodes.pods import is_ending, node_of
from .._nodes.readiness import resolve_share, verdict
from . import history, restart
from .outcomes import reasons_of
from .outdated import is_on_delete
from .patience import Patience
from .pods import NodeOutcome, Proof, Replacing
from .waiting import Progress, until_observed

_MARK = ("f:spec", "f:template", "f:metadata", "f:annotations", f"f:{restart.RESTARTED_AT}")


def replace_pods(
    cluster: Cluster,
    applied: Applied,
    key: str | None,
    patience: Patience,
    dry_run: bool,
    deadline: Deadline,
    progress: Progress,
) -> Applied:
    """Replace each pod that does not bear the mark of a restart that was just made or found.

    So a restart that was interrupted is completed by another run with the same key, and pods that
    were restarted before are left alone. Under another strategy than OnDelete the controller does
    all of that by itself, and nothing is done here.

    Args:
        cluster: the connection.
        applied: the marked DaemonSet, as `restart.once` leaves it.
        key: the restart's key, if it has one.
        patience: what is put up with; the unavailable budget is how many nodes may fail.
        dry_run: only find out whether pods would be replaced.
        deadline: the task's.
        progress: takes lines for a person who waits.

    Returns:
        the same, changed where a pod was replaced, and as the DaemonSet is afterwards.

    Raises:
        RolloutError: more pods than may did not come back.
    """
    if not is_on_delete(applied.after):
        return applied
    if dry_run:
        left = applied.changed or bool(nodes_left(cluster, applied.after, key, deadline))
        return replace(applied, changed=left)
    live = until_observed(cluster, applied.after, deadline)
    nodes = nodes_left(cluster, live, key, deadline)
    if not nodes:
        return replace(applied, after=live)
    outcomes = _replaced(cluster, live, nodes, patience, deadline, progress)
    changed = applied.changed or any(outcome.touched for outcome in outcomes)
    metadata = live["metadata"]
    found = daemonsets.read(cluster, metadata["namespace"], metadata["name"], deadline) or live
    if sum(outcome.failed for outcome in outcomes) > _allowed(live, patience) or any(
        not (outcome.updated or outcome.failed or outcome.gone) for outcome in outcomes
    ):
        raise _stopped(found, outcomes, changed)
    return replace(applied, after=found, changed=changed)


def nodes_left(
    cluster: Cluster, live: Mapping[str, Any], key: str | None, deadline: Deadline
) -> list[str]:
    """The nodes with a pod that does not bear the mark of the last restart, sorted.

    Where somebody else restarted the DaemonSet after ours with this key, pods that bear the key
    count as restarted.
    """
    wanted = restart.template_annotations(dict(live)).get(restart.RESTARTED_AT)
    is_ours = contains(managers.applied_set(live, restart.MANAGER), _MARK)
    pods, _version = daemonsets.pods_of(cluster, live, deadline)
    left = set()
    for pod in pods:
        marks = pod["metadata"].get("annotations") or {}
        bears_key = key is not None and marks.get(restart.RESTART_KEY) == key
        is_marked = marks.get(restart.RESTARTED_AT) == wanted or (bears_key and not is_ours)
        if not is_marked and not is_ending(pod) and node_of(pod):
            left.add(node_of(pod))
    return sorted(left)


def at_once(live: Mapping[str, Any]) -> int:
    """How many pods may be replaced at a time: the strategy's maxUnavailable, else one."""
    strategy = live["spec"].get("updateStrategy") or {}
    share = (strategy.get("rollingUpdate") or {}).get("maxUnavailable")
    # Under OnDelete nobody need have said so.
    return max(1, resolve_share(share or 1, _desired(live), up=True))


def _desired(live: Mapping[str, Any]) -> int:
    return int((live.get("status") or {}).get("desiredNumberScheduled") or 0)


def _allowed(live: Mapping[str, Any], patience: Patience) -> int:
    budget = patience.allowance.unavailable_budget
    return 0 if budget is None else resolve_share(budget, _desired(live))


def _replaced(
    cluster: Cluster,
    live: Mapping[str, Any],
    nodes: list[str],
    patience: Patience,
    deadline: Deadline,
    progress: Progress,
) -> list[NodeOutcome]:
    revision = history.current(live, revisions_of(cluster, live, deadline))
    if revision is None:
        raise RolloutError(
            f"The controller has made no revision of DaemonSet {_called(live)} since its restart,"
            " so no pod was replaced.",
            advice="Run the task again; with the same restart_key it goes on.",
        )
    proof = Proof(
        min_ready_seconds=int(live["spec"].get("minReadySeconds") or 0),
        max_pod_restarts=None,
        grace_seconds=patience.grace_seconds if patience.fail_early else float("inf"),
        progress_deadline_seconds=patience.progress_deadline_seconds,
    )
    with Replacing(cluster, live, revision.hash, proof, deadline, progress) as pods:
        return pods.replace(nodes, at_once=at_once(live), max_failures=_allowed(live, patience))


def _called(live: Mapping[str, Any]) -> str:
    return f"{live['metadata']['namespace']}/{live['metadata']['name']}"


def _stopped(live: Mapping[str, Any], outcomes: list[NodeOutcome], changed: bool) -> RolloutError:
    reasons = reasons_of(outcomes)
    done = sum(outcome.updated for outcome in outcomes)
    left = sum(not outcome.touched for outcome in outcomes)
    message = f"{done} of {len(outcomes)} pods were restarted, {left} were left alone"
    why = f" Reasons: {in_words(reasons)}." if reasons else " The time was over."
    return RolloutError(
        f"The restart of DaemonSet {_called(live)} was stopped: {message}.{why}",
        advice="Mend the cause and run the task again; with the same restart_key it goes on where"
        " it was.",
        details={
            "changed": changed,
            "rollout": {
                **verdict(live).as_result(),
                "ready": False,
                "state": "updating",
                "message": message,
                "reasons": reasons,
            },
        },
    )
