# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts in stages beside those that Kubernetes leads: what they cost, and a bad version does.

And the same by Ansible's own means, node by node.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from . import plays
from .clusters import Cluster, by_verb
from .rows import Row, in_words
from .tasks import CORE, DEBUG, KUBECTL, NAMESPACES, OURS, Task, core, manifest, ours

_NAME = "large"
_STAGES: list[int | str] = [1, "10%", "100%"]
# As many pods may be replaced at a time, in stages and without.
_AT_A_TIME = "10%"
_BAD = "example/agent:simulate-image-pull"
# After so long everybody gives a bad version up.
_PATIENCE_SECONDS = 10
_ROUNDS = 2
_MEMORY_MIB = 40
_SINGLE_NODES = 20
_SECONDS = 300
_IN_STAGES = {"stages": _STAGES, "max_unavailable": _AT_A_TIME}
_VERSIONS = itertools.count(1)


@dataclass(frozen=True)
class _Rollout:
    """What one rollout has cost; `memory` is the peak in MiB, less that of `debug` where told."""

    seconds: float
    memory: float
    requests: str


def rows(cluster: Cluster, nodes: int) -> Iterator[Row]:
    """Measure on so many nodes; the namespaces are there, and no DaemonSets."""
    cluster.set_nodes(nodes)
    plays.run([_ours(cluster), _core(cluster)], warm_up=False)
    _kubectl_apply(cluster, _wanted(KUBECTL))
    cluster.wait_until_ready(NAMESPACES[KUBECTL])
    yield from _good(cluster, nodes)
    yield from _bad(cluster, nodes)
    yield from _node_by_node(cluster)
    for who in (OURS, CORE, KUBECTL):
        cluster.run_kubectl("-n", NAMESPACES[who], "delete", "daemonset", _NAME)
    cluster.wait_until_no_pods()


def _good(cluster: Cluster, nodes: int) -> Iterator[Row]:
    """A version that is well."""
    idle = plays.run([DEBUG], warm_up=False).worker_mib
    ways: dict[str, Callable[[], tuple[float, float]]] = {
        "staged": lambda: _by_task(_ours(cluster, rollout=_IN_STAGES), idle),
        "the same without stages": lambda: _by_task(_ours(cluster), idle),
        "`kubectl apply` and `kubectl rollout status`": lambda: _by_kubectl(cluster),
        "`kubernetes.core.k8s` with `wait`": lambda: _by_task(_core(cluster), idle),
    }
    done: dict[str, list[_Rollout]] = {way: [] for way in ways}
    for _ in range(_ROUNDS):
        for way, roll_out in ways.items():
            with cluster.requests() as asked:
                seconds, memory = roll_out()
            done[way].append(_Rollout(seconds, memory, by_verb(asked)))
    mine = done.pop("staged")
    more = max(one.memory for one in mine)
    stages = ", ".join(map(str, _STAGES))
    yield Row(
        f"rollout on {nodes} nodes in stages of {stages}, {_AT_A_TIME} of the nodes at a time",
        _cost(mine, "+"),
        "; ".join(
            f"{way}: {_cost(each, '' if 'kubectl' in way else '+')}" for way, each in done.items()
        ),
        f"at most +{_MEMORY_MIB} MiB",
        more <= _MEMORY_MIB,
    )
    yield Row(
        "requests of that",
        mine[-1].requests,
        "; ".join(f"{way}: {each[-1].requests}" for way, each in done.items()),
    )


def _bad(cluster: Cluster, nodes: int) -> Iterator[Row]:
    """A version whose image cannot be pulled, until all pods are of the one before again."""
    grace = {"failure_grace_seconds": _PATIENCE_SECONDS}
    in_stages = _ours(cluster, _BAD, rollout=_IN_STAGES, **grace)
    at_once = _ours(cluster, _BAD, on_failure="rollback", **grace)
    lost, seconds = _losses(cluster, OURS, lambda: _rolled_back(in_stages, "count == 1"))
    others = {
        "without stages, with `on_failure: rollback`": _losses(
            cluster, OURS, lambda: _rolled_back(at_once, "ready")
        ),
        f"`kubectl rollout status` for {_PATIENCE_SECONDS} s, then `kubectl rollout undo`": _losses(
            cluster, KUBECTL, lambda: _undone(cluster)
        ),
    }
    yield Row(
        f"a bad image on {nodes} nodes, in stages, until all is as before",
        f"{lost} of {nodes} pods replaced, {in_words(seconds)}",
        "; ".join(f"{way}: {pods}, {in_words(took)}" for way, (pods, took) in others.items()),
        "1 pod",
        lost == 1,
    )


def _node_by_node(cluster: Cluster) -> Iterator[Row]:
    """A play over nodes, each of which is a host of Ansible's."""
    wanted = _wanted(OURS)
    wanted["spec"]["updateStrategy"] = {"type": "OnDelete"}
    plays.run([ours(wanted, cluster.kubeconfig)], warm_up=False)
    task: Task = {
        "name": "daemonset_node",
        "everynode.kubernetes.daemonset_node": {
            "kubeconfig": str(cluster.kubeconfig),
            "namespace": NAMESPACES[OURS],
            "name": _NAME,
            "node": "node-{{ inventory_hostname | regex_search('[0-9]+') | int }}",
        },
    }
    with cluster.requests() as asked:
        done = plays.run([task], warm_up=False, hosts=_SINGLE_NODES)
    if done.changed != _SINGLE_NODES:
        raise plays.VoidError(f"{done.changed} of {_SINGLE_NODES} nodes have got a new pod")
    (seconds,) = done.seconds
    yield Row(
        f"`daemonset_node` on {_SINGLE_NODES} nodes, five at a time, as Ansible serves hosts",
        f"{in_words(seconds)}, {len(asked) / _SINGLE_NODES:.1f} requests a node",
        by_verb(asked),
    )


def _cost(rollouts: list[_Rollout], sign: str) -> str:
    seconds = statistics.median(one.seconds for one in rollouts)
    memory = max(one.memory for one in rollouts)
    return f"{in_words(seconds)}, {sign}{memory:.0f} MiB"


def _by_task(task: Task, idle: float) -> tuple[float, float]:
    """The seconds of a task, and how much more memory its worker or module needs than `debug`."""
    done = plays.run([task], warm_up=False)
    if done.changed != 1:
        raise plays.VoidError("a rollout has changed nothing")
    return done.seconds[0], done.worker_mib - idle


def _by_kubectl(cluster: Cluster) -> tuple[float, float]:
    """The seconds of a rollout, and the most memory of the commands for it."""
    applied = _kubectl_apply(cluster, _wanted(KUBECTL))
    waited = cluster.measure_kubectl(*_status(_SECONDS))
    return applied[0] + waited[0], max(applied[1], waited[1])


def _rolled_back(task: Task, well: str) -> float:
    """The seconds of a task that fails, and that goes back to what was before, which has to be so
    well as the end of a condition says.
    """
    failing = {**task, "register": "view", "ignore_errors": True}
    is_back = f"view is failed and view.rollout.rolled_back.{well}"
    check: Task = {"name": "check", "ansible.builtin.assert": {"that": is_back, "quiet": True}}
    return plays.run([failing, check], warm_up=False).seconds[0]


def _undone(cluster: Cluster) -> float:
    """The seconds of a rollout by kubectl that is undone once its time is over."""
    started = time.monotonic()
    _kubectl_apply(cluster, _wanted(KUBECTL, _BAD))
    with contextlib.suppress(subprocess.CalledProcessError):
        cluster.run_kubectl(*_status(_PATIENCE_SECONDS))
        raise plays.VoidError("a bad version was rolled out")
    where = ("-n", NAMESPACES[KUBECTL])
    cluster.run_kubectl(*where, "rollout", "undo", f"daemonset/{_NAME}")
    cluster.run_kubectl(*_status(_SECONDS))
    return time.monotonic() - started


def _losses(cluster: Cluster, who: str, roll_out: Callable[[], float]) -> tuple[int, float]:
    """How many of the pods of before are not there after a rollout, and its seconds."""
    before = _pods(cluster, who)
    seconds = roll_out()
    return len(before - _pods(cluster, who)), seconds


def _pods(cluster: Cluster, who: str) -> set[str]:
    listed = cluster.run_kubectl("-n", NAMESPACES[who], "get", "pods", "--output=json")
    return {
        pod["metadata"]["uid"]
        for pod in json.loads(listed)["items"]
        if "deletionTimestamp" not in pod["metadata"]
    }


def _status(seconds: int) -> tuple[str, ...]:
    where = ("-n", NAMESPACES[KUBECTL])
    return (*where, "rollout", "status", f"daemonset/{_NAME}", f"--timeout={seconds}s")


def _kubectl_apply(cluster: Cluster, wanted: dict[str, Any]) -> tuple[float, float]:
    """The seconds and the memory, in MiB, of stating a DaemonSet."""
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        yaml.safe_dump(wanted, file)
        file.flush()
        return cluster.measure_kubectl("apply", "--server-side", "--filename", file.name)


def _ours(cluster: Cluster, image: str | None = None, **more: Any) -> Task:
    return ours(_wanted(OURS, image), cluster.kubeconfig, **more)


def _core(cluster: Cluster) -> Task:
    return core(_wanted(CORE), cluster.kubeconfig, wait=True, wait_timeout=_SECONDS)


def _wanted(who: str, image: str | None = None) -> dict[str, Any]:
    """The DaemonSet, by default of a version that was not there before."""
    wanted = manifest(_NAME, who)
    wanted["spec"]["updateStrategy"] = {"rollingUpdate": {"maxUnavailable": _AT_A_TIME}}
    manager = wanted["spec"]["template"]["spec"]["containers"][1]
    manager["image"] = image or f"example/agent:{next(_VERSIONS)}"
    return wanted
