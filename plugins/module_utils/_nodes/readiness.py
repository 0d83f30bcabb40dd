# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a DaemonSet is ready: a pure function from the object to a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """The state of a rollout.

    Attributes:
        ready: whether nothing is left to wait for.
        state: ``ready``, ``deleting``, ``observing``, ``updating`` or ``starting``.
        message: the same in a sentence without a full stop.
        counts: pods, by what the controller says of them.
    """

    ready: bool
    state: str
    message: str
    counts: dict[str, int]

    def as_result(self) -> dict[str, Any]:
        """The verdict as a task returns it."""
        return {"ready": self.ready, "state": self.state, "message": self.message, **self.counts}


_COUNTS = {
    "desired": "desiredNumberScheduled",
    "current": "currentNumberScheduled",
    "updated": "updatedNumberScheduled",
    "ready_pods": "numberReady",
    "available": "numberAvailable",
    "unavailable": "numberUnavailable",
    "misscheduled": "numberMisscheduled",
}


def verdict(daemonset: Mapping[str, Any]) -> Verdict:
    """Judge one snapshot of a DaemonSet.

    Ready means that the controller has seen this generation, and that on every eligible node the
    pod is of this template and available (available counts pods of any template, so both numbers
    are needed; pkg/controller/daemon/daemon_controller.go, updateDaemonSetStatus). Under OnDelete
    the controller replaces no pod by itself, so there is nothing to wait for once it has seen the
    generation. No eligible node is ready.
    """
    metadata, status = daemonset.get("metadata", {}), daemonset.get("status") or {}
    counts = {ours: int(status.get(theirs) or 0) for ours, theirs in _COUNTS.items()}
    desired, updated, available = counts["desired"], counts["updated"], counts["available"]
    if metadata.get("deletionTimestamp"):
        return Verdict(False, "deleting", "it is being deleted", counts)
    if int(status.get("observedGeneration") or 0) < int(metadata.get("generation") or 0):
        return Verdict(False, "observing", "the controller has not seen the change yet", counts)
    strategy = (daemonset.get("spec", {}).get("updateStrategy") or {}).get("type")
    if strategy == "OnDelete":
        told = f"{updated} of {desired} pods run this template"
        if updated < desired:
            told += "; the others are replaced when they are deleted (OnDelete)"
        return Verdict(True, "ready", told, counts)
    if updated < desired:
        return Verdict(False, "updating", f"{updated} of {desired} pods are updated", counts)
    if available < desired:
        told = f"{available} of {desired} updated pods are available"
        return Verdict(False, "starting", told, counts)
    if desired == 0:
        return Verdict(True, "ready", "no node is eligible", counts)
    return Verdict(True, "ready", f"all {desired} pods are updated and available", counts)
