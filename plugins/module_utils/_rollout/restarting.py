# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A restart under OnDelete: the template is marked, and then each pod really replaced."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError, RolloutError
from .._base.words import count_of, natural
from .._cluster import daemonsets, evidence, managers
from .._cluster.applying import Applied
from .._cluster.connection import Cluster
from .._cluster.failures import is_trouble
from .._cluster.fieldset import contains
from .._cluster.revisions import revisions_of
from .._nodes.coverage import is_node_ready
from .._nodes.diagnosis import in_words
from .._nodes.pods import is_available, is_ending, node_of, revision_of
from .._nodes.readiness import resolve_share, verdict
from . import fates, forecast, history, restart
from .annotation import has_state
from .fates import Fates
from .outcomes import reasons_of
from .patience import Patience
from .pods import NodeOutcome, Proof, Replacing
from .remembered import steps
from .waiting import Progress, until_observed

_NAMED = 20
_FOR_COUNTING = 5.0
_MARK = ("f:spec", "f:template", "f:metadata", "f:annotations", f"f:{restart.RESTARTED_AT}")


def replace_pods(
    cluster: Cluster,
    applied: Applied,
    key: str | None,
    patience: Patience,
    dry_run: bool,
    deadline: Deadline,
    progress: Progress,
) -> tuple[Applied, dict[str, Any]]:
    """Replace each pod that does not bear the mark of a restart that was just made or found.

    So a restart that was interrupted is completed by another run with the same key, and pods that
    were restarted before are left alone. The DaemonSet has the strategy OnDelete: under another one
    the controller does all of that.

    Args:
        cluster: the connection.
        applied: the marked DaemonSet, as `restart.once` leaves it.
        key: the restart's key, if it has one.
        patience: what is put up with. The unavailable budget is how many nodes may fail; nodes that
            are not Ready, and may be ignored, are left alone.
        dry_run: only find out which pods would be replaced.
        deadline: the task's.
        progress: takes lines for a person who waits.

    Returns:
        the same, changed where a pod was replaced, and as the DaemonSet is afterwards; and which
        pods restart: ``pods``, ``nodes`` (some) and ``message``.

    Raises:
        RolloutError: more pods than may did not come back.
    """
    if not applied.changed and _all_are_well(applied.after):
        return applied, _restarts(applied.after, [], [], [])
    live = applied.after
    if not dry_run:
        live = until_observed(cluster, live, deadline, progress)
    pods, _version = daemonsets.pods_of(cluster, live, deadline)
    left = nodes_left(live, pods, key)
    nodes = _nodes(cluster, left, patience, deadline)
    dead, most = _excusable(live, nodes or [], patience)
    spared = [node for node in left if node in dead][:most]
    left = [node for node in left if node not in spared]
    restarts = _restarts(live, left, spared, fates.barred(live, nodes or [], left))
    if spared:
        applied.warnings.append(f"DaemonSet {_called(live)}: {_spared_in_words(spared)}.")
    if dry_run:
        return replace(applied, changed=applied.changed or bool(left)), restarts
    least = int(live["spec"].get("minReadySeconds") or 0)
    now = datetime.datetime.now(datetime.UTC)
    well = {node_of(pod) for pod in pods if is_available(pod, least, now)}
    if not left and len(well.union(spared)) >= _desired(live):
        return replace(applied, after=live), restarts
    # Those whose pod was taken down before are not waited for either.
    excused = [*spared, *sorted(dead - well - {*spared, *left}, key=natural)][:most]
    try:
        outcomes = _replaced(cluster, live, left, excused, patience, deadline, progress)
    except ClusterError as error:
        if not is_trouble(error):
            raise
        raise _interrupted(live, error, changed=applied.changed or bool(left)) from error
    changed = applied.changed or any(outcome.touched for outcome in outcomes)
    found = _counted(cluster, live, sum(outcome.updated for outcome in outcomes))
    if not _has_ended_well(outcomes, _allowed(live, patience)):
        raise _stopped(found, outcomes, changed)
    return replace(applied, after=found, changed=changed), restarts


def _all_are_well(live: Mapping[str, Any]) -> bool:
    """Whether the status alone says that no pod is left of another template, such as an older
    mark's, and that none is missing.
    """
    found = verdict(live)
    return found.ready and found.counts["updated"] >= max(
        found.counts["current"], found.counts["desired"]
    )


def nodes_left(
    live: Mapping[str, Any], pods: Iterable[Mapping[str, Any]], key: str | None
) -> list[str]:
    """The nodes with a pod that does not bear the mark of the last restart, in order.

    Where somebody else restarted the DaemonSet after ours with this key, pods that bear the key
    count as restarted.
    """
    wanted = restart.template_annotations(dict(live)).get(restart.RESTARTED_AT)
    is_ours = contains(managers.applied_set(live, restart.MANAGER), _MARK)
    left = set()
    for pod in pods:
        marks = pod["metadata"].get("annotations") or {}
        bears_key = key is not None and marks.get(restart.RESTART_KEY) == key
        is_marked = marks.get(restart.RESTARTED_AT) == wanted or (bears_key and not is_ours)
        if not is_marked and not is_ending(pod) and node_of(pod):
            left.add(node_of(pod))
    return sorted(left, key=natural)


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


def _nodes(
    cluster: Cluster, left: Sequence[str], patience: Patience, deadline: Deadline
) -> forecast.Nodes | None:
    """All nodes, where it matters how they are; None where not, or where they cannot be read."""
    if patience.allowance.ignore_not_ready_nodes is not None:
        return evidence.nodes(cluster, deadline)
    return forecast.nodes_of(cluster, deadline) if left else None


def _excusable(
    live: Mapping[str, Any], nodes: Iterable[Mapping[str, Any]], patience: Patience
) -> tuple[set[str], int]:
    """The nodes that are not Ready, where such may be ignored, and how many of them."""
    share = patience.allowance.ignore_not_ready_nodes
    if share is None:
        return set(), 0
    dead = {node["metadata"]["name"] for node in nodes if not is_node_ready(node)}
    return dead, resolve_share(share, _desired(live))


def _spared_in_words(spared: Sequence[str]) -> str:
    return (
        f"{count_of(len(spared), 'pod was', 'pods were')} not restarted, since"
        f" {'its node is' if len(spared) == 1 else 'their nodes are'} not Ready"
        f" (ignore_not_ready_nodes): {', '.join(spared[:5])}"
    )


def _restarts(
    live: Mapping[str, Any], left: Sequence[str], spared: Sequence[str], barred: Sequence[str]
) -> dict[str, Any]:
    """Which pods restart.

    Args:
        live: the DaemonSet.
        left: the nodes whose pods are deleted.
        spared: those whose pods are left alone.
        barred: those of the first that are not eligible any more, as under a taint that came later.
    """
    coming = [node for node in left if node not in barred]
    pace = f", at most {at_once(live)} at a time"
    told = forecast.in_words(Fates(len(coming), coming, end=barred), live, pace)["message"]
    if not left:
        told = "no pod restarts"
    if spared:
        told += f"; {_spared_in_words(spared)}"
    return {"pods": len(coming), "nodes": coming[:_NAMED], "message": told}


def _replaced(
    cluster: Cluster,
    live: Mapping[str, Any],
    left: Sequence[str],
    excused: Sequence[str],
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

    def check() -> None:
        _same_template(cluster, live, deadline)

    with Replacing(cluster, live, revision.hash, proof, deadline, progress, check=check) as pods:
        # Those that were restarted before, and those that have lost their pod, count as well, where
        # the new one is not available yet.
        standing = pods.pods().items()
        others = {
            node
            for node, pod in standing
            if revision_of(pod) == revision.hash or not pod or is_ending(pod)
        }
        nodes = sorted({*left, *others} - set(excused), key=natural)
        return pods.replace(nodes, at_once=at_once(live), max_failures=_allowed(live, patience))


def _same_template(cluster: Cluster, live: Mapping[str, Any], deadline: Deadline) -> None:
    """Make sure that the pods that are made still bear the mark.

    Raises:
        RolloutError: they do not.
    """
    metadata = live["metadata"]
    now = daemonsets.read(cluster, metadata["namespace"], metadata["name"], deadline)
    if now is None or now["metadata"]["uid"] != metadata["uid"]:
        what = "it was deleted"
    elif now["spec"]["template"] != live["spec"]["template"]:
        what = "somebody changed its template"
    elif has_state(now):
        what = str(steps(now)["message"])
    else:
        return
    raise RolloutError(
        f"The restart of DaemonSet {_called(live)} was stopped, as meanwhile {what}. The pods that"
        " were restarted before stay as they are.",
        advice="Run the task again once that is settled.",
        details={"changed": True},
    )


def _counted(cluster: Cluster, live: dict[str, Any], updated: int) -> dict[str, Any]:
    """The DaemonSet once the controller has counted so many updated pods, or soon after.

    It only tells what became of the restart, whose own time may be over.
    """
    metadata = live["metadata"]
    namespace, name = metadata["namespace"], metadata["name"]
    deadline, found = Deadline(_FOR_COUNTING), live
    with contextlib.suppress(ClusterError):
        found = daemonsets.read(cluster, namespace, name, deadline) or live
        if verdict(found).counts["updated"] >= updated:
            return found
        for event in cluster.watch(
            daemonsets.path_of(namespace),
            query={"fieldSelector": f"metadata.name={name}"},
            resource_version=found["metadata"]["resourceVersion"],
            deadline=deadline,
        ):
            if event["type"] == "DELETED":
                break
            found = event["object"]
            if verdict(found).counts["updated"] >= updated:
                break
    return found


def _has_ended_well(outcomes: Iterable[NodeOutcome], allowed: int) -> bool:
    ended = all(outcome.updated or outcome.failed or outcome.gone for outcome in outcomes)
    return ended and sum(outcome.failed for outcome in outcomes) <= allowed


def _called(live: Mapping[str, Any]) -> str:
    return f"{live['metadata']['namespace']}/{live['metadata']['name']}"


def _interrupted(live: Mapping[str, Any], error: ClusterError, *, changed: bool) -> RolloutError:
    return RolloutError(
        f"The restart of DaemonSet {_called(live)} was interrupted: {error.message} The pods that"
        " were restarted before stay as they are.",
        advice=f"{error.advice} Run the task again; with the same restart_key it goes on where it"
        " was.".strip(),
        details={"changed": changed, "rollout": {**verdict(live).as_result(), "ready": False}},
    )


def _stopped(live: Mapping[str, Any], outcomes: list[NodeOutcome], changed: bool) -> RolloutError:
    reasons = reasons_of(outcomes)
    done = sum(outcome.updated for outcome in outcomes)
    left = sum(not (one.touched or one.updated or one.failed or one.gone) for one in outcomes)
    message = f"{done} of {count_of(len(outcomes), 'pod is', 'pods are')} restarted and available"
    message += f", {count_of(left, 'was', 'were')} not begun"
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
