# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pods of a DaemonSet that a task is about: all, those on some nodes, or some by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import Fault, InputError, NotFoundError
from .._base.words import natural
from .._cluster import daemonsets, lists, objects
from .._nodes.pods import is_ending, node_of
from .._spec.build import identity
from .._spec.names import nearest
from .verb import Task

TARGET_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str"},
    "nodes": {"type": "list", "elements": "str"},
    "pods": {"type": "list", "elements": "str"},
}
# For `Verb.mutually_exclusive`.
EITHER = ("nodes", "pods")

# What kubectl and the consoles take as well (k8s.io/kubectl pkg/cmd/util/podcmd/podcmd.go).
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"

# No other name can be that of a node or pod, and some characters mean something in a selector.
_NAME = re.compile(r"[a-z0-9.-]+")


@dataclass(frozen=True)
class Target:
    """A pod that was chosen.

    Attributes:
        namespace: the pod's.
        node: where it is, or is meant to be; empty where it names none.
        pod: its name.
        uid: its uid.
        containers: the names of its normal containers.
        init_containers: those of its init containers, sidecars among them.
        ephemeral_containers: those that somebody added to the running pod, to look into it.
        default_container: the one that is meant where none is named.
        phase: the pod's, ``Running`` or another.
        running: whether the phase is that, and the pod is not on its way out.
        ending: whether it is on its way out: there may be another one on the same node.
        created: when it was made, as the API writes times.
        idle: the containers that do not run, and why, a clause.
    """

    namespace: str
    node: str
    pod: str
    uid: str
    containers: tuple[str, ...]
    init_containers: tuple[str, ...]
    ephemeral_containers: tuple[str, ...]
    default_container: str
    phase: str
    running: bool
    ending: bool
    created: str
    idle: Mapping[str, str] = field(default_factory=dict)

    @property
    def all_containers(self) -> tuple[str, ...]:
        """The names of all its containers, the normal ones first."""
        return (*self.containers, *self.init_containers, *self.ephemeral_containers)


@dataclass(frozen=True)
class Missing:
    """A node or pod that was asked for, and of which there is no pod.

    Attributes:
        node: the node's name, None where a pod was asked for.
        pod: the pod's name, None where a node was asked for.
        why: a sentence.
    """

    node: str | None
    pod: str | None
    why: str


def faults(params: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with the parameters of `TARGET_SPEC`, without asking anybody."""
    found = []
    try:
        identity(params, "default")
    except InputError as error:
        found += error.faults
    for option, what in (("nodes", "node"), ("pods", "pod")):
        for index, name in enumerate(params[option] or ()):
            if not name.strip():
                found.append(Fault(f"{option}[{index}]", f"is empty: give the name of a {what}"))
    return found


def choose(task: Task, deadline: Deadline) -> tuple[list[Target], list[Missing]]:
    """The pods that the parameters of `TARGET_SPEC` choose, by the names of their nodes.

    Costs one GET of the DaemonSet and one list of its pods, a page at a time. An empty list of
    nodes or pods chooses none.

    Args:
        task: its parameters must be without `faults`.
        deadline: when to give up.

    Returns:
        the pods (several of a node are in the order in which they were made), and the names for
        which there is none.

    Raises:
        NotFoundError: there is no such DaemonSet.
        ClusterError: in one of its other kinds.
    """
    namespace, name = identity(task.params, task.cluster.namespace)
    live = daemonsets.read(task.cluster, namespace, name, deadline)
    if live is None:
        raise NotFoundError(
            f"There is no DaemonSet {namespace}/{name} on {task.cluster.server}.",
            advice="Check name, namespace and cluster.",
            status=404,
        )
    nodes, pods = task.params["nodes"], task.params["pods"]
    if nodes == [] or pods == []:
        return [], []
    found = list(_listed(task, live, _narrow(nodes, pods), deadline))
    if not found and _narrow(nodes, pods):
        # A pod that is not scheduled yet, or a wrong name, for which the right ones are needed.
        found = list(_listed(task, live, {}, deadline))
    found.sort(key=lambda target: (natural(target.node), target.created, target.pod))
    called = f"DaemonSet {namespace}/{name}"
    return _chosen(found, nodes, pods), [*_missing(found, nodes, pods, called)]


def _narrow(nodes: Sequence[str] | None, pods: Sequence[str] | None) -> dict[str, str]:
    """A field selector where just one node or pod is asked for: of thousands, one is sent."""
    for field_name, names in (("spec.nodeName", nodes), ("metadata.name", pods)):
        if names is not None and len(names) == 1 and _NAME.fullmatch(names[0]):
            return {"fieldSelector": f"{field_name}={names[0]}"}
    return {}


def _listed(
    task: Task, live: Mapping[str, Any], narrow: Mapping[str, str], deadline: Deadline
) -> Iterator[Target]:
    metadata = live["metadata"]
    pods = lists.each(
        task.cluster,
        f"/api/v1/namespaces/{metadata['namespace']}/pods",
        {**daemonsets.pods_query(live), **narrow},
        deadline,
        f"list the pods of DaemonSet {metadata['namespace']}/{metadata['name']}",
    )
    for pod in pods:
        if objects.owned_by([pod], metadata["uid"]):
            yield target_of(pod)


def target_of(pod: Mapping[str, Any]) -> Target:
    """What is kept of a pod."""
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
    containers = _names(spec.get("containers"))
    default = (metadata.get("annotations") or {}).get(_DEFAULT_CONTAINER)
    phase, ending = str(status.get("phase") or "Unknown"), is_ending(pod)
    names = {
        "containers": containers,
        "init_containers": _names(spec.get("initContainers")),
        "ephemeral_containers": _names(spec.get("ephemeralContainers")),
    }
    return Target(
        namespace=metadata["namespace"],
        node=node_of(pod),
        pod=metadata["name"],
        uid=metadata["uid"],
        **names,
        default_container=default if default in containers else containers[0],
        phase=phase,
        running=phase == "Running" and not ending,
        ending=ending,
        created=str(metadata.get("creationTimestamp") or ""),
        idle=_idle([name for group in names.values() for name in group], status),
    )


def _names(containers: Iterable[Mapping[str, Any]] | None) -> tuple[str, ...]:
    return tuple(str(container["name"]) for container in containers or ())


def _idle(names: Iterable[str], status: Mapping[str, Any]) -> dict[str, str]:
    states = {
        one["name"]: one.get("state") or {}
        for kind in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
        for one in status.get(kind) or ()
    }
    return {name: _in_words(states.get(name, {})) for name in names if not _runs(states, name)}


def _runs(states: Mapping[str, Mapping[str, Any]], name: str) -> bool:
    return "running" in states.get(name, {})


def _in_words(state: Mapping[str, Any]) -> str:
    """Why a container does not run."""
    waiting, ended = state.get("waiting"), state.get("terminated")
    if waiting is not None:
        return f"it waits ({waiting.get('reason') or 'no reason is told'})"
    if ended is not None:
        reason = ended.get("reason") or "no reason is told"
        return f"it has ended ({reason}, exit code {ended.get('exitCode', 'unknown')})"
    return "it has not started"


def _chosen(
    found: Sequence[Target], nodes: Sequence[str] | None, pods: Sequence[str] | None
) -> list[Target]:
    return [
        target
        for target in found
        if (nodes is None or target.node in nodes) and (pods is None or target.pod in pods)
    ]


def _missing(
    found: Sequence[Target],
    nodes: Sequence[str] | None,
    pods: Sequence[str] | None,
    called: str,
) -> Iterator[Missing]:
    known = {target.node for target in found if target.node}
    for name in dict.fromkeys(nodes or ()):
        if name not in known:
            why = f"There is no pod of {called} on {name}{_meant(name, known)}"
            yield Missing(name, None, why)
    known = {target.pod for target in found}
    for name in dict.fromkeys(pods or ()):
        if name not in known:
            near = nearest(name, known)
            hint = f"; did you mean {near}?" if near else ": it may have been replaced meanwhile."
            yield Missing(None, name, f"{called} has no pod {name}{hint}")


def _meant(name: str, known: Iterable[str]) -> str:
    """The end of a sentence, with the node that was probably meant.

    Nodes are often numbered: of two that differ in nothing but a number, none is a misspelt other.
    """
    candidates = [one for one in known if _without_numbers(one) != _without_numbers(name)]
    candidates += [one for one in known if natural(one) == natural(name)]
    longer = sorted(one for one in known if one.startswith(f"{name}."))
    near = longer[0] if longer else nearest(name, candidates)
    return f"; did you mean {near}?" if near else "."


def _without_numbers(name: str) -> str:
    return re.sub(r"[0-9]+", "0", name)


def unknown_container(path: str, name: str, targets: Sequence[Target]) -> Iterator[Fault]:
    """The fault of a container that none of the pods has; none where there are no pods.

    Args:
        path: the parameter that names it.
        name: its name.
        targets: the pods.
    """
    known = sorted({one for target in targets for one in target.all_containers})
    if known and name not in known:
        near = nearest(name, known)
        hint = f"; did you mean {near}?" if near else f": there are {', '.join(known)}"
        yield Fault(path, f"no pod has a container {name}{hint}")


def out_of_range(
    params: Mapping[str, Any], ranges: Mapping[str, tuple[int, int | None]]
) -> Iterator[Fault]:
    """The faults of numbers that are smaller or larger than allowed.

    Args:
        params: the parameters; one that is None is not looked at.
        ranges: the least and the largest number of each; None for no largest.
    """
    for name, (least, most) in ranges.items():
        value = params[name]
        if value is not None and (value < least or (most is not None and value > most)):
            allowed = f"{least} or more" if most is None else f"from {least} to {most}"
            yield Fault(name, f"{value} is not allowed: it must be {allowed}")
