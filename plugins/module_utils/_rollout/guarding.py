# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in the way of a new template: a rollout that is not finished, nodes without a pod.

The controller replaces pods that are not available at once, whatever maxUnavailable says. So a
second bad template over a rollout that is still going takes down what the first one left
(kubernetes/kubernetes#123232). All is judged by the status that the task has read anyway.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ForbiddenError, RolloutError
from .._cluster.connection import Cluster
from .._nodes.pods import moment
from .._nodes.readiness import Allowance, Verdict, could_be_excused, verdict
from .._spec.shares import share_of
from .restart import is_on_delete

WAIT, REFUSE, PROCEED = "wait", "fail", "proceed"
_PACE = ("maxUnavailable", "maxSurge")


def is_rolling(live: Mapping[str, Any]) -> bool:
    """Whether a rollout is under way: the controller has not seen the newest template, or pods of
    an older one are left for it to replace.
    """
    found = verdict(live)
    return not found.ready and found.state in ("observing", "updating")


def unfinished(live: Mapping[str, Any]) -> Verdict | None:
    """The state of the rollout before, where that has not come to its end; None where it has.

    It has not either where all pods are updated, and some are not available: it is failing.
    """
    found = verdict(live)
    return None if found.ready else found


def ended(live: Mapping[str, Any]) -> dict[str, Any]:
    """The DaemonSet as it will be once its rollout has come to its end, for a forecast."""
    status = dict(live.get("status") or {})
    status["observedGeneration"] = live["metadata"]["generation"]
    for name in ("currentNumberScheduled", "updatedNumberScheduled", "numberAvailable"):
        status[name] = status.get("desiredNumberScheduled", 0)
    return {**live, "status": status}


def is_excused(
    cluster: Cluster, live: Mapping[str, Any], allowance: Allowance, deadline: Deadline
) -> bool:
    """Whether all that is missing from the rollout before is put up with.

    Pods and nodes are read only where that may be.
    """
    if not could_be_excused(verdict(live), allowance):
        return False
    from .._cluster import evidence

    try:
        pods = evidence.pods(cluster, live, deadline)
    except ForbiddenError:
        return verdict(live, allowance, by_numbers=True).ready
    nodes = evidence.nodes(cluster, deadline)
    now = datetime.datetime.now(datetime.UTC)
    return verdict(live, allowance, pods=pods, nodes=nodes, now=now).ready


def refusal(live: Mapping[str, Any], found: Verdict, change: str) -> RolloutError:
    """The failure of a task that would come upon a rollout that is not finished.

    Args:
        live: the DaemonSet.
        found: the state of that rollout.
        change: what the task would do, such as ``change the template``.
    """
    return RolloutError(
        f"DaemonSet {_name(live)} is in the middle of a rollout:"
        f" {found.message}. Nothing was changed.",
        advice=f"Wait until it has ended, or {change} all the same with on_unfinished_rollout:"
        " proceed.",
        details={"rollout": found.as_result()},
    )


def overtaken(live: Mapping[str, Any], after: Mapping[str, Any] | None = None) -> list[str]:
    """A warning where a new template takes the place of one that is still being rolled out.

    Args:
        live: the DaemonSet as it was.
        after: with the new template, where the controller rolls that out; None where the tool does.
    """
    found = verdict(live)
    if not is_rolling(live) or (after is not None and is_on_delete(after)):
        return []
    told = (
        f"The rollout before of DaemonSet {_name(live)} is not finished ({found.message}), and this"
        " template takes its place."
    )
    if after is not None:
        told += " Pods that are not available are replaced at once, whatever maxUnavailable says;"
    else:
        told += " That is so unless told:"
    return [f"{told} on_unfinished_rollout: wait or fail prevents that."]


def used_up(live: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """A warning where as many pods as may are not available already, before the first is replaced.

    Nodes that have no pod at all do not count for the controller
    (pkg/controller/daemon/update.go, rollingUpdate).

    Args:
        live: the DaemonSet as it was.
        after: with the new template; its update strategy counts.
    """
    rolling = (after["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    counts = verdict(live).counts
    desired, missing = counts["desired"], counts["current"] - counts["available"]
    most = share_of(rolling.get("maxUnavailable", 1), desired, up=True)
    surges = share_of(rolling.get("maxSurge") or 0, 100)
    if is_on_delete(after) or surges or not 0 < most <= missing or most >= desired:
        return []
    told = (
        f"On {missing} of {desired} nodes the pod of DaemonSet {_name(live)} is not available"
        f" already, and maxUnavailable allows {most}: those pods are replaced first, and no other"
        " one is before they are available. Where their nodes are down, the rollout waits for them;"
        " a larger maxUnavailable lets it go on."
    )
    return [told]


def made_young(
    before: Mapping[str, Any], after: Mapping[str, Any], now: datetime.datetime
) -> list[str]:
    """A warning where a change of the template also has pods count as unavailable that were
    available, since it asks for a longer time: the controller replaces those at once.

    How long the pods have been ready is not read. No longer than the DaemonSet is there; and where
    the controller has not written the status for a while, none became ready in it.

    Args:
        before: the DaemonSet as it was.
        after: with the new template.
        now: the time.
    """
    old, new = (int(one["spec"].get("minReadySeconds") or 0) for one in (before, after))
    strategy = after["spec"].get("updateStrategy") or {}
    if new <= old or is_on_delete(after) or _is_all_at_once(before, strategy):
        return []
    since = _unmoved_since(before)
    if since is None or (now - since).total_seconds() >= new:
        return []
    told = (
        f"min_ready_seconds of DaemonSet {_name(before)} grows from {old} to {new} together with a"
        " new template: pods that have not been ready for so long count as unavailable, and are"
        " replaced at once, whatever maxUnavailable says. Change min_ready_seconds in a task of its"
        " own, and the template once that has ended."
    )
    return [told]


def _name(live: Mapping[str, Any]) -> str:
    return f"{live['metadata']['namespace']}/{live['metadata']['name']}"


def _is_all_at_once(live: Mapping[str, Any], strategy: Mapping[str, Any]) -> bool:
    """Whether there is no pod that would be replaced later than the first ones."""
    rolling, desired = strategy.get("rollingUpdate") or {}, verdict(live).counts["desired"]
    most = [share_of(rolling.get(key) or 0, desired, up=True) for key in _PACE]
    return max(*most, 1) >= desired


def _unmoved_since(live: Mapping[str, Any]) -> datetime.datetime | None:
    """When the DaemonSet was created, or its status was written last."""
    metadata = live["metadata"]
    written = [
        moment(entry.get("time"))
        for entry in metadata.get("managedFields") or []
        if entry.get("subresource") == "status"
    ]
    moments = [one for one in (moment(metadata.get("creationTimestamp")), *written) if one]
    return max(moments, default=None)
