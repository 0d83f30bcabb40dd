# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a DaemonSet is ready: a pure function from the object to a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .._base.words import count_of, natural
from .trouble import MAX_NODES_NAMED

if TYPE_CHECKING:
    from .coverage import Coverage


@dataclass(frozen=True)
class Allowance:
    """What may be missing from a rollout that counts as ready all the same.

    Attributes:
        unavailable_budget: how many eligible nodes may lack an available updated pod, whatever the
            reason: a number, or a percentage of all eligible nodes, rounded down.
        ignore_not_ready_nodes: at most so many of them are excused because the node is not Ready:
            a number or percentage, as above.
    """

    unavailable_budget: str | None = None
    ignore_not_ready_nodes: str | None = None


STRICT = Allowance()


@dataclass(frozen=True)
class Verdict:
    """The state of a rollout.

    Attributes:
        ready: whether nothing is left to wait for.
        state: ``ready``, ``observing``, ``updating``, ``starting``, ``deleting``, ``deleted`` or
            ``replaced``.
        message: the same in a sentence without a full stop.
        counts: pods, by what the controller says of them.
        excused: (node, why) of each node that lacks its pod in a rollout that is ready all the
            same; the node is empty where its name is not known.
        lacking: nodes without an available pod of this template, where pods were counted.
        reasons: why the excused nodes lack their pod, see ``diagnosis.reasons``; empty where that
            is not known.
    """

    ready: bool
    state: str
    message: str
    counts: dict[str, int]
    excused: tuple[tuple[str, str], ...] = ()
    lacking: int | None = None
    reasons: tuple[Mapping[str, Any], ...] = ()

    @property
    def shortfall(self) -> int:
        """How many nodes lack an available pod of this template: by the pods where they were
        counted, otherwise at least so many by the controller's numbers.
        """
        return _least_lacking(self.counts) if self.lacking is None else self.lacking

    def as_result(self) -> dict[str, Any]:
        """The verdict as a task returns it."""
        found: dict[str, Any] = {
            "ready": self.ready,
            "state": self.state,
            "message": self.message,
            **self.counts,
        }
        if self.excused:
            found["excused"] = excused_in_words(self.excused, self.reasons)
        return found


_COUNTS = {
    "desired": "desiredNumberScheduled",
    "current": "currentNumberScheduled",
    "updated": "updatedNumberScheduled",
    "ready_pods": "numberReady",
    "available": "numberAvailable",
    "unavailable": "numberUnavailable",
    "misscheduled": "numberMisscheduled",
}
_BY_BUDGET = "within unavailable_budget"
BY_NODE = "the node is not Ready (ignore_not_ready_nodes)"


def resolve_share(text: str | int, total: int, *, up: bool = False) -> int:
    """How many of ``total`` a number (``3``, ``"3"``) or percentage (``"10%"``) is.

    Args:
        text: the number or percentage.
        total: what a percentage is of.
        up: whether a percentage is rounded up, as the controller does with maxUnavailable.
    """
    # Most tasks ask for no share, and only look at numbers.
    from .._spec.shares import share_of

    return share_of(text, total, up=up)


def is_seen(daemonset: Mapping[str, Any]) -> bool:
    """Whether the controller has seen the DaemonSet's generation."""
    metadata, status = daemonset.get("metadata") or {}, daemonset.get("status") or {}
    return int(status.get("observedGeneration") or 0) >= int(metadata.get("generation") or 0)


def verdict(
    daemonset: Mapping[str, Any],
    allowance: Allowance = STRICT,
    *,
    uid: str | None = None,
    pods: Iterable[Mapping[str, Any]] | None = None,
    nodes: Iterable[Mapping[str, Any]] | None = None,
    revision: str | None = None,
    now: datetime | None = None,
    by_numbers: bool = False,
) -> Verdict:
    """Judge one snapshot of a DaemonSet.

    Ready means that the controller has seen this generation, and that on every eligible node the
    pod is of this template and available (available counts pods of any template, so both numbers
    are needed; pkg/controller/daemon/daemon_controller.go, updateDaemonSetStatus). Under OnDelete
    the controller replaces no pod by itself, so where pods of another template run there is nothing
    to wait for once it has seen the generation; where none do, as after its creation, it is as
    under RollingUpdate. No eligible node is ready.

    What the allowance excuses is told, by node. To excuse anybody the pods have to be known, and to
    excuse nodes that are not Ready the nodes too: the numbers alone do not say where a pod lacks.

    Args:
        daemonset: as the server has it.
        allowance: who may be excused.
        uid: of the DaemonSet that is waited for: another one of its name is another DaemonSet.
        pods: all of this DaemonSet; None where they were not read.
        nodes: all of the cluster; None where they were not read.
        revision: the hash of the live template's ControllerRevision, where it is known. With the
            pods, it proves that they are of this template; the controller's own count is wrong
            where pods of a deleted namesake were adopted.
        now: the time, for minReadySeconds; without it pods with minReadySeconds are taken as
            unavailable.
        by_numbers: whether unavailable_budget may be judged by the controller's numbers where pods
            cannot be read.
    """
    metadata, status = daemonset.get("metadata", {}), daemonset.get("status") or {}
    counts = {ours: int(status.get(theirs) or 0) for ours, theirs in _COUNTS.items()}
    if uid is not None and metadata.get("uid") != uid:
        told = "it was deleted, and another of its name was created"
        return Verdict(False, "replaced", told, counts)
    if metadata.get("deletionTimestamp"):
        return Verdict(False, "deleting", "it is being deleted", counts)
    if not is_seen(daemonset):
        return Verdict(False, "observing", "the controller has not seen the change yet", counts)
    found = _judged(daemonset, counts, allowance, pods, nodes, revision, now, by_numbers)
    strays = counts["misscheduled"]
    if not strays:
        return found
    # The controller lets them be, such as under a NoSchedule taint, and makes no new one there.
    told = count_of(strays, "node that is not eligible has", "nodes that are not eligible have")
    return replace(found, message=f"{found.message}; {told} a pod, which is not updated")


def _judged(
    daemonset: Mapping[str, Any],
    counts: dict[str, int],
    allowance: Allowance,
    pods: Iterable[Mapping[str, Any]] | None,
    nodes: Iterable[Mapping[str, Any]] | None,
    revision: str | None,
    now: datetime | None,
    by_numbers: bool,
) -> Verdict:
    """The verdict once the controller has seen this generation; see `verdict`."""
    desired, updated, available = counts["desired"], counts["updated"], counts["available"]
    strategy = (daemonset.get("spec", {}).get("updateStrategy") or {}).get("type")
    by_deletion = strategy == "OnDelete"
    if by_deletion and counts["current"] > updated:
        return _by_deletion(counts, counts["current"] - updated)
    strict = _by_numbers(counts)
    if pods is None:
        return _excused_by_numbers(strict, allowance) if by_numbers else strict
    from .coverage import covered

    seen = covered(daemonset, pods, nodes, revision, now)
    if by_deletion and seen.outdated:
        return _by_deletion(counts, seen.outdated)
    return _with_pods(strict, allowance, seen, desired - min(updated, available))


def _by_deletion(counts: dict[str, int], outdated: int) -> Verdict:
    """The verdict under OnDelete where pods of another template run, which only somebody's deletion
    replaces.
    """
    desired = counts["desired"]
    updated = max(min(counts["updated"], counts["current"] - outdated), 0)
    told = f"{updated} of {count_of(desired, 'pod runs', 'pods run')} this template"
    told += "; the others are replaced when they are deleted (OnDelete)"
    return Verdict(True, "ready", told, counts)


def _by_numbers(counts: dict[str, int]) -> Verdict:
    desired, updated, available = counts["desired"], counts["updated"], counts["available"]
    if updated < desired:
        return Verdict(False, "updating", f"{updated} of {_pods_are(desired)} updated", counts)
    if available < desired:
        told = f"{available} of {count_of(desired, 'updated pod is', 'updated pods are')} available"
        return Verdict(False, "starting", told, counts)
    if desired == 0:
        return Verdict(True, "ready", "no node is eligible", counts)
    told = f"{'' if desired == 1 else 'all '}{_pods_are(desired)} updated and available"
    return Verdict(True, "ready", told, counts)


def _pods_are(number: int) -> str:
    return count_of(number, "pod is", "pods are")


def _with_pods(
    strict: Verdict, allowance: Allowance, seen: Coverage, by_controller: int
) -> Verdict:
    """The verdict where the pods are known.

    The controller and the pods have to agree: each may be ahead of the other, since they are not
    read at the same moment, and the controller's clock may be another.
    """
    if strict.ready:
        if not seen.outdated:
            return strict
        told = (
            f"{count_of(seen.outdated, 'pod')} that the controller counts as updated"
            f" {'is' if seen.outdated == 1 else 'are'} of another template"
        )
        return replace(strict, ready=False, state="updating", message=told, lacking=seen.lacking)
    lacking = max(seen.lacking, by_controller)
    desired = strict.counts["desired"]
    budget, cap = _limits(allowance, desired)
    not_ready = sorted(seen.without_pod & seen.not_ready_nodes, key=natural)
    broken = not_ready[:cap]
    left = max(lacking - len(broken), 0)
    if left > budget:
        told = strict.message
        if allowance.ignore_not_ready_nodes is not None and len(not_ready) > cap:
            told += (
                f"; {count_of(len(not_ready), 'node is', 'nodes are')} not Ready, and no more than"
            )
            told += f" {cap} may be excused"
        return replace(strict, message=told, lacking=lacking)
    others = sorted(seen.without_pod - set(broken), key=natural)
    if len(others) > left:
        # Some of them are not eligible, and nobody knows which.
        others = []
    others += [""] * (left - len(others))
    excused = (*((node, BY_NODE) for node in broken), *((node, _BY_BUDGET) for node in others))
    if not excused:
        return replace(strict, lacking=lacking)
    told = f"{desired - len(excused)} of {_pods_are(desired)} updated and available"
    told += f", {len(excused)} excused: {'; '.join(_counted(why for _node, why in excused))}"
    return Verdict(True, "ready", told, strict.counts, excused, lacking)


def _excused_by_numbers(strict: Verdict, allowance: Allowance) -> Verdict:
    """The verdict where only the controller's numbers are known: nodes whose pod is old and nodes
    whose pod is not available may be others, so that at worst both numbers add up.
    """
    counts = strict.counts
    desired = counts["desired"]
    # While nodes go, the controller may count more of the one than it wants; it makes up for none.
    worst = max(desired - counts["updated"], 0) + max(desired - counts["available"], 0)
    budget, _cap = _limits(allowance, desired)
    if strict.ready or worst > budget:
        return strict
    told = f"at least {desired - worst} of {_pods_are(desired)} updated and available"
    told += f", {worst} excused: {_BY_BUDGET}"
    return Verdict(True, "ready", told, counts, (("", _BY_BUDGET),) * worst, worst)


def could_be_excused(current: Verdict, allowance: Allowance) -> bool:
    """Whether what lacks may fit the allowance, so that pods and nodes are worth reading."""
    if current.ready or current.state not in ("updating", "starting"):
        return False
    return 0 < _least_lacking(current.counts) <= sum(_limits(allowance, current.counts["desired"]))


def _least_lacking(counts: Mapping[str, int]) -> int:
    return max(counts["desired"] - min(counts["updated"], counts["available"]), 0)


def _limits(allowance: Allowance, desired: int) -> tuple[int, int]:
    budget, cap = allowance.unavailable_budget, allowance.ignore_not_ready_nodes
    return (
        0 if budget is None else resolve_share(budget, desired),
        0 if cap is None else resolve_share(cap, desired),
    )


def excused_in_words(
    excused: Sequence[tuple[str, str]], reasons: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Excused nodes, (node, why) each, and by what cause they lack their pod, as a task returns
    them: bounded, whatever their number.
    """
    named = [node for node, _why in excused if node]
    return {
        "count": len(excused),
        "nodes": named[:MAX_NODES_NAMED],
        "why": "; ".join(_counted(why for _node, why in excused)),
        "reasons": [dict(one) for one in reasons],
    }


def _counted(reasons: Iterable[str]) -> list[str]:
    found: dict[str, int] = {}
    for one in reasons:
        found[one] = found.get(one, 0) + 1
    return [f"{count} {why}" for why, count in found.items()]
