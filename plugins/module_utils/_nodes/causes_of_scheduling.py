# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why the scheduler does not give a pod its node. Pure.

The words are those of its plugins (pkg/scheduler/framework/plugins) and of how it sums them up
(pkg/scheduler/framework/types.go, FitError).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .eligibility import unfit
from .events import newest_with
from .pods import condition
from .trouble import Trouble, trouble

_OF_OTHER_NODES = re.compile(
    r"node affinity/selector|plugin\(s\) \[NodeAffinity\]|filtered out by the prefilter result"
    r"|didn't match node selector"
)
_NEVER_FITS = re.compile(
    r"persistentvolumeclaim .* not found|volume node affinity conflict|node affinity conflict"
    r"|match PersistentVolume's node affinity|non-existent (pv|persistentvolume)|required features"
    r"|no available volume zone",
    re.IGNORECASE,
)
_LACKS = re.compile(r"Insufficient ([\w./-]*\w)")
# What does not say what of the node does not fit: newer schedulers do not name the taint.
_NODE_DOES_NOT_FIT = re.compile(r"untolerated taint|node affinity/selector|NodeAffinity")
# What comes after the plugins' words: of ending other pods, and of claims, where there are none.
_AFTERWARDS = re.compile(r"[.,]? (?:[a-z ]+, )*preemption: ")


def scheduling_trouble(
    pod: Mapping[str, Any],
    events: Sequence[Mapping[str, Any]],
    node: Mapping[str, Any] | None = None,
) -> Trouble | None:
    """Why no node was given to the pod yet. The scheduler's words are those of its plugins
    (pkg/scheduler/framework/plugins): what only another pod's end or a change of the node can mend
    may come by waiting. More than the node has at all does not.

    Args:
        pod: as the server has it.
        events: about it, newest first.
        node: the one that it is meant for, where it was read.
    """
    if (pod.get("spec") or {}).get("nodeName"):
        return None
    found = condition(pod, "PodScheduled")
    message = str(found.get("message") or "")
    if not message:
        failed = newest_with(events, "FailedScheduling")
        message = str(failed.get("message") or "") if failed else ""
    if found.get("status") != "False" and not message:
        if not pod.get("spec"):
            return None
        scheduler = pod["spec"].get("schedulerName") or "default-scheduler"
        return trouble("Starting", f"not scheduled yet (by {scheduler})", True)
    message = failing_condition(message)
    if "free ports" in message:
        ports = ", ".join(_host_ports(pod.get("spec") or {}))
        return trouble("HostPortTaken", f"{message} ({ports})" if ports else message, False)
    too_much = lacking_for_good(pod, node, _LACKS.findall(message))
    if too_much:
        return trouble("Unschedulable", f"{message}: {too_much}", False)
    if _NODE_DOES_NOT_FIT.search(message) and node is not None:
        why = unfit(pod.get("spec") or {}, node)
        message += f": {why.evidence}" if why else ""
    told = message or found.get("reason") or "not scheduled"
    return trouble("Unschedulable", told, not _NEVER_FITS.search(message))


def lacking_for_good(
    pod: Mapping[str, Any], node: Mapping[str, Any] | None, resources: Iterable[str]
) -> str:
    """A sentence where the pod requests more of one of these resources than the node has at all."""
    if node is None:
        return ""
    # What few tasks need is imported where it is needed: a module is compiled anew in each task.
    from .requests import beyond_the_node

    return next((told for one in resources if (told := beyond_the_node(pod, node, one))), "")


def _host_ports(spec: Mapping[str, Any]) -> list[str]:
    """The ports of the node that a pod wants; sidecars are init containers."""
    on_host = bool(spec.get("hostNetwork"))
    found = [
        f"{port.get('hostPort') or port.get('containerPort')}/{port.get('protocol') or 'TCP'}"
        for one in (*(spec.get("initContainers") or []), *(spec.get("containers") or []))
        for port in one.get("ports") or []
        if port.get("hostPort") or on_host
    ]
    return list(dict.fromkeys(found))


def failing_condition(message: str) -> str:
    """What the scheduler says of the pod's own node, out of what it says of all nodes.

    A DaemonSet's pod is for one node: that the others do not fit its affinity is how it should be,
    and that ending other pods would not help with them says nothing.
    """
    head = _AFTERWARDS.split(message, maxsplit=1)[0]
    _summary, colon, told = head.partition(" nodes are available: ")
    parts = re.split(r",? (?=\d+ )", told.rstrip(". "))
    own = [one for one in parts if one and not _OF_OTHER_NODES.search(one)]
    return ", ".join(own) if colon and own else head.strip()
