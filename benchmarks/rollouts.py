# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs to wait for rollouts, and how soon their end is seen."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

from . import plays
from .clusters import Cluster, by_verb
from .rows import Row, ratio_row
from .tasks import CORE, DEBUG, NAMESPACES, OURS, Task, core, looped, manifest, ours, ours_wait

_ROUNDS = 5
_MANY = tuple(f"agent-{number:02}" for number in range(20))
_LARGE, _LARGEST = 100, 1000
_LAG_SECONDS = 0.2
_SLOW = {"everynode.kubernetes/simulate": "slow-start"}


def rows(cluster: Cluster) -> Iterator[Row]:
    """Measure on more and more nodes."""
    for namespace in NAMESPACES.values():
        # Their pods on a hundred nodes would be ten thousand.
        cluster.run_kubectl("-n", namespace, "delete", "daemonsets", "--all")
    yield from _many_at_once(cluster)
    cluster.set_nodes(_LARGE)
    yield from _end_is_seen(cluster)
    cluster.set_nodes(_LARGEST)
    yield from _thousand_nodes(cluster)


def _many_at_once(cluster: Cluster) -> Iterator[Row]:
    """Apply in a loop without waiting, then wait for all together.

    The pods take some seconds to get ready, or the rollouts would end within the loop.
    """
    manifests = [_at_once(name, "{{ turn }}") for name in _MANY]
    for one in manifests:
        metadata = one["spec"]["template"]["metadata"]
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **_SLOW}
    apply = looped(ours("{{ item }}", cluster.kubeconfig, wait=False), manifests)
    wait = ours_wait(cluster.kubeconfig, namespaces=[NAMESPACES[OURS]], names=list(_MANY))
    late = []
    for turn in range(_ROUNDS):
        done = plays.run([apply, wait], warm_up=False, variables={"turn": turn})
        slowest = max(
            cluster.last_status_write(NAMESPACES[OURS], name, done.ended) for name in _MANY
        )
        late.append(done.ended - slowest)
    lag = statistics.median(late)
    yield Row(
        f"{len(_MANY)} DaemonSets applied in a loop, then one `daemonset_wait`: from the last"
        " write of the slowest's status to the end of the task",
        f"{lag * 1000:.0f} ms",
        "",
        "at most 0.2 s",
        lag <= _LAG_SECONDS,
    )
    cluster.run_kubectl("-n", NAMESPACES[OURS], "delete", "daemonsets", "--all")


def _end_is_seen(cluster: Cluster) -> Iterator[Row]:
    """How soon a task sees that a rollout has ended."""
    late: dict[str, list[float]] = {OURS: [], CORE: []}
    for who, seconds in late.items():
        for turn in range(_ROUNDS):
            done = plays.run([_task(cluster, who, turn)], warm_up=False)
            ended = cluster.last_status_write(NAMESPACES[who], "large", done.ended)
            seconds.append(done.ended - ended)
        cluster.run_kubectl("-n", NAMESPACES[who], "delete", "daemonset", "large")
    mine, other = statistics.median(late[OURS]), statistics.median(late[CORE])
    yield ratio_row(
        f"rollout on {_LARGE} nodes: from the last write of its status to the end of the task",
        mine,
        "`kubernetes.core.k8s`",
        other,
        "at most 0.2 s",
        _LAG_SECONDS / other,
    )


def _thousand_nodes(cluster: Cluster) -> Iterator[Row]:
    """What a wait asks for and holds where there are very many pods."""
    asked: dict[str, str] = {}
    peak: dict[str, float] = {"debug": plays.run([DEBUG], warm_up=False).worker_mib}
    lists_pods: dict[str, bool] = {}
    late: dict[str, float] = {}
    for who in (OURS, CORE):
        plays.run([_task(cluster, who, 0)], warm_up=False)
        with cluster.requests() as requests:
            done = plays.run([_task(cluster, who, 1)], warm_up=False)
        asked[who] = by_verb(requests)
        lists_pods[who] = any(entry["objectRef"]["resource"] == "pods" for entry in requests)
        peak[who] = done.worker_mib
        ended = cluster.last_status_write(NAMESPACES[who], "large", done.ended)
        late[who] = done.ended - ended
        cluster.run_kubectl("-n", NAMESPACES[who], "delete", "daemonset", "large")
    what = f"rollout on {_LARGEST} nodes"
    yield ratio_row(
        f"{what}: from the last write of its status to the end of the task",
        late[OURS],
        "`kubernetes.core.k8s`",
        late[CORE],
        "at most 0.2 s",
        _LAG_SECONDS / late[CORE],
    )
    yield Row(
        f"{what}: requests, while all goes well",
        asked[OURS],
        f"`kubernetes.core.k8s`: {asked[CORE]}",
        "no list of pods",
        not lists_pods[OURS],
    )
    more = peak[OURS] - peak["debug"]
    yield Row(
        f"{what}: peak memory of the process that waits",
        f"{peak[OURS]:.0f} MiB",
        f"`debug` {peak['debug']:.0f} MiB (+{more:.0f}), `kubernetes.core.k8s` and its module"
        f" {peak[CORE]:.0f} MiB",
        "at most + 40 MiB",
        more <= 40,
    )


def _task(cluster: Cluster, who: str, turn: int) -> Task:
    wanted = _at_once("large", str(turn), who)
    make, more = {OURS: (ours, {}), CORE: (core, {"wait": True, "wait_timeout": 600})}[who]
    return make(wanted, cluster.kubeconfig, **more)


def _at_once(name: str, version: str, who: str = OURS) -> dict[str, Any]:
    """A DaemonSet whose pods are all replaced at once, so that what counts is how it ends."""
    wanted = manifest(name, who)
    wanted["spec"]["updateStrategy"] = {"rollingUpdate": {"maxUnavailable": "100%"}}
    wanted["spec"]["template"]["spec"]["containers"][1]["image"] = f"example/agent:{version}"
    return wanted
