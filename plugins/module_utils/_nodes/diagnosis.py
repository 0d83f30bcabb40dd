# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a DaemonSet is not available on its nodes: a table by cause. Pure.

Whether waiting may help is decided by what has to happen for the trouble to end: something that
goes on by itself, or somebody who does something.

==============  =================================  ================================================
cause           what is in the way                 whether waiting may help
==============  =================================  ================================================
ImagePull       the image cannot be had            if the registry is busy, slow or away; not if it
                                                   has no such image or does not give it to us
CrashLoop       a container ends again and again   no: it has been tried several times
OutOfMemory     the same, killed for its memory    no: the next one needs as much
InitFailed      an init container fails            no, as CrashLoop
ContainerConfig a container cannot be created:     no; but if the runtime is only slow
                a missing ConfigMap, a command
                that is not there
ProbeFailed     a container runs, a probe fails    yes, it may be slow to start; not once the
                                                   kubelet ends it because of that
Unschedulable   the scheduler or the kubelet       yes: other pods end, taints go; not if a claim
                turns the pod away                 does not exist or lies on another node, nor if
                                                   the pod requests more than the node has at all
HostPortTaken   a port of the node is in use       no: who has it keeps it
PodSandbox      the pod's network or cgroup        yes; not if the node lacks the runtime class
                cannot be set up
VolumeMount     a volume cannot be mounted         if its driver, server or disk may still come;
                                                   not if what it is made of does not exist
HostPathType    a path of the node is not of the   no
                type that was asked for
Quota           the namespace's quota or limits    no
                refuse pods
PodSecurity     pod security refuses pods          no
Webhook         admission refuses pods             if the webhook cannot be reached; not if it
                                                   refuses
NodeNotReady    the node is away or not Ready      yes: it is not the rollout's fault
NodePressure    the node is short of something     yes, as above
Evicted         the pod was ended on its node      yes, as above; not if it used more than its own
                                                   limit
Terminating     the old pod has not gone           yes: its grace period, or who holds it
ClockSkew       Ready, but not for long enough     yes, later than one would think
                by the controller's clock
ControllerIdle  the DaemonSet controller does not  yes: it goes on once a controller manager runs
                act: none runs, or it is behind    and leads
NoPod           the controller has made no pod     yes; not if the API refuses it for good
Starting        nothing is wrong so far            yes
NotReady        it is not Ready, for no reason     yes
                that is known
==============  =================================  ================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .._base.words import natural
from .causes_of_pods import trouble_of
from .controller import specified_at
from .coverage import NUMBER_OF_POD, TEMPLATE_NUMBER
from .eligibility import name_of, why_not
from .events import by_object, last_seen, refusals
from .exits import NEVER_RAN
from .pods import (
    condition,
    container_statuses,
    is_available,
    is_ending,
    is_ready,
    moment,
    node_of,
    uid_of,
)
from .readiness import is_seen
from .trouble import MAX_NODES_NAMED, Trouble, trouble

__all__ = [
    "LogWanted",
    "Trouble",
    "in_words",
    "needs",
    "reasons",
    "trouble_of",
    "troubles_of_daemonset",
]
# By the cause, and whether waiting may help.
_Groups = dict[tuple[str, bool], dict[str, Any]]
_MAX_LOGS = 3
_MAX_CAUSES_IN_WORDS = 5
# The controller looks again after minReadySeconds, and its status takes a moment to be written.
_SETTLED = timedelta(seconds=30)


@dataclass(frozen=True)
class LogWanted:
    """A log that tells more than the status does.

    Attributes:
        pod: whose.
        container: its name.
        previous: whether that of the run before is wanted, since the container waits for its next.
    """

    pod: Mapping[str, Any]
    container: str
    previous: bool


def reasons(
    daemonset: Mapping[str, Any],
    pods: Iterable[Mapping[str, Any]],
    *,
    nodes: Iterable[Mapping[str, Any]] | None = None,
    events: Iterable[Mapping[str, Any]] | None = None,
    logs: Mapping[str, str] | None = None,
    now: datetime | None = None,
    controller: Trouble | None = None,
) -> list[dict[str, Any]]:
    """Why nodes lack an available pod: causes, most frequent first, each with how many nodes, the
    first of them, the evidence of one, and whether waiting may help.

    Bounded whatever the number of nodes: a line a cause, or two where waiting helps on some of its
    nodes only. Each node counts once, by its newest pod.

    Args:
        daemonset: as the server has it.
        pods: all of it.
        nodes: of the cluster, with ``metadata``, ``spec.taints``, ``status.conditions`` and
            ``status.allocatable``; None where they were not read: there is less to say then.
        events: of the DaemonSet and of its pods; None where they were not read.
        logs: the last lines of crashed containers, by the uid of the pod, see `needs`.
        now: the time, to tell what takes too long.
        controller: that the DaemonSet controller does not act, where that is known. It is told
            first, of all nodes, where the controller has not seen this generation; else of the
            nodes where nothing else keeps it from replacing the pod, or from making one.
    """
    least = int((daemonset.get("spec") or {}).get("minReadySeconds") or 0)
    told = by_object(events)
    uid = str((daemonset.get("metadata") or {}).get("uid") or "")
    own = None if events is None else told.get(uid, [])
    there = None if nodes is None else {name_of(node): node for node in nodes}
    pods = newest_of_each_node(pods)
    groups: _Groups = {}
    behind = []
    for pod in pods:
        name = node_of(pod)
        node = (there or {}).get(name)
        absence = None if node is None else why_not(daemonset, node)
        if absence is not None and absence.pods_end:
            # The controller ends the pod, and wants none there. One that stays on a node that is
            # tainted, since it is not Ready for example, uses up maxUnavailable as any other.
            continue
        found = trouble_of(
            pod,
            node=node,
            events=told.get(uid_of(pod), ()),
            log=(logs or {}).get(uid_of(pod), ""),
            min_ready_seconds=least,
            now=now,
        )
        if found is None:
            behind += [name] if is_outdated(daemonset, pod) else []
            continue
        _add(groups, found, [name])
    is_unseen = controller is not None and not is_seen(daemonset)
    if not is_unseen:
        _add_absent(groups, daemonset, pods, there, own, controller)
        _add_kept(groups, daemonset, pods, behind, own, controller)
    if now is not None and least > 0:
        _add_clock_skew(groups, daemonset, pods, now)
    table = sorted(
        groups.values(), key=lambda group: (-int(group["count"]), group["cause"], group["heals"])
    )
    if controller is not None and is_unseen:
        table.insert(0, of_all_nodes(daemonset, controller))
    return table


def of_all_nodes(daemonset: Mapping[str, Any], one: Trouble) -> dict[str, Any]:
    """The line of the table for a trouble of the whole DaemonSet: its nodes are counted, as far as
    the controller has counted them, and not named.
    """
    desired = int((daemonset.get("status") or {}).get("desiredNumberScheduled") or 0)
    groups: _Groups = {}
    _add(groups, one, [""] * desired)
    return groups[one.cause, one.heals]


def is_outdated(daemonset: Mapping[str, Any], pod: Mapping[str, Any]) -> bool:
    """Whether the pod was made from another template, by the numbers of both; False where that is
    not known.
    """
    metadata = daemonset.get("metadata") or {}
    number = (metadata.get("annotations") or {}).get(TEMPLATE_NUMBER)
    made_from = ((pod.get("metadata") or {}).get("labels") or {}).get(NUMBER_OF_POD)
    return bool(number and made_from and number != made_from)


def newest_of_each_node(pods: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """One pod of each node, in the order of the nodes' names: the newest that is not ending, else
    the newest. Pods without a node stand for themselves.
    """

    def age(pod: Mapping[str, Any]) -> tuple[bool, bool, datetime, bool]:
        created = moment((pod.get("metadata") or {}).get("creationTimestamp"))
        over = (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded")
        return (
            not is_ending(pod),
            not over,
            created or datetime.min.replace(tzinfo=UTC),
            # Of two that were created in the same second, with maxSurge, it is the new one.
            not is_ready(pod),
        )

    chosen: dict[str, Mapping[str, Any]] = {}
    nameless = []
    for pod in pods:
        node = node_of(pod)
        if not node:
            nameless.append(pod)
        elif node not in chosen or age(pod) > age(chosen[node]):
            chosen[node] = pod
    return [*nameless, *(chosen[node] for node in sorted(chosen, key=natural))]


def troubles_of_daemonset(
    daemonset: Mapping[str, Any], events: Iterable[Mapping[str, Any]]
) -> list[Trouble]:
    """Why the controller could not create pods of this DaemonSet, newest first.

    Args:
        daemonset: as the server has it.
        events: those of others are left out.
    """
    uid = str((daemonset.get("metadata") or {}).get("uid") or "")
    return refusals(by_object(events).get(uid, ()))


def needs(pods: Iterable[Mapping[str, Any]]) -> list[LogWanted]:
    """The few logs that are worth reading: of containers that crash, one of each container and
    image, and of no more than three pods.
    """
    wanted: dict[tuple[str, str], LogWanted] = {}
    for pod in newest_of_each_node(pods):
        if is_ready(pod) or is_ending(pod):
            continue
        for status in container_statuses(pod):
            key = (str(status.get("name")), str(status.get("image")))
            previous = _crashed(status)
            if previous is not None and key not in wanted:
                wanted[key] = LogWanted(pod, key[0], previous)
                break
        if len(wanted) == _MAX_LOGS:
            break
    return list(wanted.values())


def _crashed(status: Mapping[str, Any]) -> bool | None:
    """Whether the log of the run before is the crash's; None where there is no log of a crash."""
    state = status.get("state") or {}
    now, before = state.get("terminated") or {}, (status.get("lastState") or {}).get("terminated")
    if (now or before or {}).get("reason") in NEVER_RAN:
        return None
    if now.get("exitCode"):
        return False
    return None if before is None or status.get("ready") else "running" in state


def _add(groups: _Groups, one: Trouble, nodes: list[str]) -> None:
    """Count a trouble; where waiting helps on some nodes only, they are told apart."""
    new = {"cause": one.cause, "count": 0, "nodes": [], "evidence": one.evidence}
    group = groups.setdefault((one.cause, one.heals), new | {"heals": one.heals})
    group["count"] += len(nodes)
    group["nodes"] += [node for node in nodes if node][: MAX_NODES_NAMED - len(group["nodes"])]


def _add_absent(
    groups: _Groups,
    daemonset: Mapping[str, Any],
    pods: list[Mapping[str, Any]],
    nodes: Mapping[str, Mapping[str, Any]] | None,
    events: list[Mapping[str, Any]] | None,
    controller: Trouble | None,
) -> None:
    """Count the eligible nodes without any pod, by what the controller says of that."""
    taken = {node_of(pod) for pod in pods}
    if nodes is None:
        status = daemonset.get("status") or {}
        desired = int(status.get("desiredNumberScheduled") or 0)
        strays = int(status.get("numberMisscheduled") or 0)
        missing = [""] * max(desired - max(len(pods) - strays, 0), 0)
    else:
        missing = [
            name
            for name in sorted(nodes, key=natural)
            if name not in taken and why_not(daemonset, nodes[name]) is None
        ]
    if not missing:
        return
    if events is None and controller is None:
        told = "the controller has not made a pod; the DaemonSet's events were not read"
        _add(groups, trouble("NoPod", told, True), missing)
        return
    changed = specified_at(daemonset)
    since = (one for one in events or () if changed is None or last_seen(one) >= changed)
    found = [*refusals(since), *([] if controller is None else [controller])]
    if found:
        _add(groups, found[0], missing)
        return
    told = "the controller has not made a pod, and no event says why"
    before = refusals(events or ())
    if before:
        # It may hold still: a client says no more than so much of one object in a while.
        told += f" since the DaemonSet was changed; before that: {before[0].evidence}"
    _add(groups, trouble("NoPod", told, True), missing)


def _add_kept(
    groups: _Groups,
    daemonset: Mapping[str, Any],
    pods: list[Mapping[str, Any]],
    behind: list[str],
    events: list[Mapping[str, Any]] | None,
    controller: Trouble | None,
) -> None:
    """Count the nodes whose old pod is well, and that the controller may not delete: it has made
    no other since it said so. Or it deletes none, as it does nothing.
    """
    times = [specified_at(daemonset)]
    times += [moment((pod.get("metadata") or {}).get("creationTimestamp")) for pod in pods]
    changed = max((time for time in times if time is not None), default=None)
    since = [one for one in events or () if changed is None or last_seen(one) >= changed]
    found = [*refusals(since, "FailedDelete"), *([] if controller is None else [controller])]
    if behind and found:
        _add(groups, found[0], behind)


def _add_clock_skew(
    groups: _Groups,
    daemonset: Mapping[str, Any],
    pods: list[Mapping[str, Any]],
    now: datetime,
) -> None:
    """Count pods that have been Ready for longer than minReadySeconds by their kubelets' clocks,
    but are not available by the controller's: those that became Ready last.
    """
    least = int(daemonset["spec"]["minReadySeconds"])
    settled = [pod for pod in pods if is_available(pod, least, now - _SETTLED)]
    available = int((daemonset.get("status") or {}).get("numberAvailable") or 0)
    odd = len(settled) - available
    if odd <= 0 or ("ClockSkew", True) in groups:
        return
    settled.sort(key=lambda pod: str(condition(pod, "Ready").get("lastTransitionTime")))
    told = (
        f"{odd} pods have been Ready for longer than minReadySeconds ({least}), but the controller"
        " does not count them as available: the clocks of nodes and controller differ"
    )
    _add(groups, trouble("ClockSkew", told, True), [node_of(pod) for pod in settled[-odd:]])


def in_words(found: Iterable[Mapping[str, Any]]) -> str:
    """The table as one line of text: the most frequent causes, and how many more there are."""
    found = list(found)
    lines = []
    for group in found[:_MAX_CAUSES_IN_WORDS]:
        count, named = int(group["count"]), list(group["nodes"])
        nodes = ", ".join(named)
        more = count - len(named)
        nodes += f" and {more} more" if more and named else ""
        where = f" on {count}" if count else ""
        where += f" ({nodes})" if nodes else ""
        lines.append(f"{group['cause']}{where}: {group['evidence']}")
    if len(found) > _MAX_CAUSES_IN_WORDS:
        lines.append(f"and {len(found) - _MAX_CAUSES_IN_WORDS} more causes")
    return "; ".join(lines)
