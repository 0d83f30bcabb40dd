# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measurements, each against its bar."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from . import fleet, plays, rollouts, staged, views
from .clusters import Cluster
from .links import slow_link
from .plays import Run
from .rows import Row, in_words, ratio_row
from .tasks import (
    AS_MODULE,
    CORE,
    DEBUG,
    KUBECTL,
    NAMESPACES,
    OURS,
    PING,
    Task,
    core,
    looped,
    manifest,
    our_code,
    ours,
)

_TASKS = 50
# Each thing is measured in rounds, in turn with the others, so that a busy moment of the machine
# falls upon all of them.
_ROUNDS = 5
_NAMES = tuple(f"agent-{number:02}" for number in range(50))
_HOSTS = 50
_HOST_TASKS = 5
_CONTAINERS, _VOLUMES, _VARIABLES = 20, 60, 8
_CHECK_SECONDS = 0.020
_ROUND_TRIP = 0.050
# As many as the rollouts leave.
_VIEW_NODES = 1000
# As many as the fleet has, which comes after it.
_STAGED_NODES = 100
_NEW_IMAGE = "hwameistor/local-disk-manager:v0.6.2"


def rows(cluster: Cluster) -> Iterator[Row]:
    """Measure everything, one row after the other; the cluster has five nodes."""
    make_namespaces(cluster)
    yield from _single_tasks(cluster)
    yield from _requests(cluster)
    yield from _many_in_one_task(cluster)
    yield from _slow_link(cluster)
    yield from _many_hosts(cluster)
    yield from _memory(cluster)
    yield from _offline_checks()
    yield from rollouts.rows(cluster)
    yield from views.rows(cluster, _VIEW_NODES)
    yield from staged.rows(cluster, _STAGED_NODES)
    yield from fleet.rows(cluster)


def make_namespaces(cluster: Cluster) -> None:
    """Make the namespaces of all whose tools are measured."""
    for namespace in NAMESPACES.values():
        cluster.run_kubectl("create", "namespace", namespace)


def _single_tasks(cluster: Cluster) -> Iterator[Row]:
    """A task that changes nothing, in all the ways to run one."""
    our_task, core_task = _ours(cluster), _core(cluster)
    for task in (our_task, core_task):
        plays.run([task], warm_up=False)
    cluster.wait_until_ready(NAMESPACES[OURS])
    cluster.wait_until_ready(NAMESPACES[CORE])
    run = _in_turn(
        {
            "debug": lambda count: plays.run([DEBUG] * count),
            "ping": lambda count: plays.run([PING] * count),
            "ours": lambda count: plays.run([our_task] * count),
            "module": lambda count: plays.run([our_task] * count, variables=AS_MODULE),
            "core": lambda count: plays.run([core_task] * count),
        }
    )
    mine, module = run["ours"], run["module"]
    what = "`daemonset` that changes nothing, in-process"
    for other, name, bar, most in (
        ("core", "`kubernetes.core.k8s`", "at most 1/12", 1 / 12),
        ("ping", "`ping`", "at most 1/5", 1 / 5),
        ("debug", "`debug`", "at most 3 times", 3.0),
    ):
        yield ratio_row(what, mine, f"{name}", run[other], bar, most)
    yield ratio_row(
        "the same as a plain module", module, "`kubernetes.core.k8s`", run["core"], "not slower", 1
    )


def _in_turn(measured: dict[str, Callable[[int], Run]]) -> dict[str, float]:
    """The median task of each, in seconds, over all rounds."""
    seconds: dict[str, list[float]] = {name: [] for name in measured}
    for _ in range(_ROUNDS):
        for name, run in measured.items():
            done = run(_TASKS // _ROUNDS)
            _unchanged(done)
            seconds[name] += done.seconds
    return {name: statistics.median(each) for name, each in seconds.items()}


def _requests(cluster: Cluster) -> Iterator[Row]:
    """What the API server is asked for."""
    for tool, make in (("everynode.kubernetes", ours), ("kubernetes.core", core)):
        who = OURS if make is ours else CORE
        wanted = manifest("agent", who)
        with cluster.requests() as nothing:
            plays.run([make(wanted, cluster.kubeconfig)], warm_up=False)
        wanted["spec"]["template"]["spec"]["containers"][1]["image"] = _NEW_IMAGE
        more = {"wait": False} if make is ours else {}
        with cluster.requests() as change:
            plays.run([make(wanted, cluster.kubeconfig, **more)], warm_up=False)
        is_mine = make is ours
        yield Row(
            f"requests of `{tool}`: nothing to do / a change",
            f"{len(nothing)} / {len(change)}",
            "",
            "1 / 2" if is_mine else "",
            (len(nothing), len(change)) == (1, 2) if is_mine else None,
        )
        # As it was, for what follows.
        plays.run([make(manifest("agent", who), cluster.kubeconfig)], warm_up=False)
        cluster.wait_until_ready(NAMESPACES[who])


def _many_in_one_task(cluster: Cluster) -> Iterator[Row]:
    """Fifty DaemonSets that are as they should be, in one task, out of files like kubectl's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "all.yml"
        file.write_text(yaml.safe_dump_all(manifest(each, KUBECTL) for each in _NAMES))
        apply = ("apply", "--server-side", "-f", file)
        cluster.run_kubectl(*apply)
        our_loop = looped(ours(None, cluster.kubeconfig, src="{{ item }}"), _files(folder, OURS))
        core_loop = looped(core(None, cluster.kubeconfig, src="{{ item }}"), _files(folder, CORE))
        for task in (our_loop, core_loop):
            plays.run([task], warm_up=False)
        for namespace in NAMESPACES.values():
            cluster.wait_until_ready(namespace)
        mine, bare, other = [], [], []
        for _ in range(_ROUNDS):
            mine.append(_one_task(our_loop))
            bare.append(_one_task(looped(DEBUG, list(_NAMES))))
            started = time.monotonic()
            cluster.run_kubectl(*apply)
            other.append(time.monotonic() - started)
        with cluster.requests() as made:
            plays.run([our_loop], warm_up=False)
        with_core = _one_task(core_loop)
    what = f"{len(_NAMES)} DaemonSets without a change, in one task with a loop"
    seconds = statistics.median(mine)
    yield ratio_row(
        what,
        seconds,
        "`kubectl apply --server-side`",
        statistics.median(other),
        "at most half",
        0.5,
    )
    yield ratio_row(what, seconds, "`debug` in a loop", statistics.median(bare))
    yield ratio_row(what, seconds, "`kubernetes.core.k8s` in a loop", with_core)
    yield Row("requests of that", str(len(made)), "", str(len(_NAMES)), len(made) == len(_NAMES))


def _files(folder: Path, who: str) -> list[str]:
    """A manifest a file; their paths."""
    paths = []
    for name in _NAMES:
        path = folder / f"{who}-{name}.yml"
        path.write_text(yaml.safe_dump(manifest(name, who)))
        paths.append(str(path))
    return paths


def _one_task(task: Task) -> float:
    """The seconds of a task that changes nothing."""
    done = plays.run([task, DEBUG], warm_up=False)
    _unchanged(done)
    return done.seconds[0]


def _slow_link(cluster: Cluster) -> Iterator[Row]:
    """A task that changes nothing, far away from its cluster."""
    with slow_link(cluster.port, _ROUND_TRIP) as port, tempfile.TemporaryDirectory() as folder:
        far = cluster.kubeconfig_for_port(port, Path(folder) / "kubeconfig")
        mine = plays.run([ours(manifest("agent", OURS), far)] * _TASKS)
        _unchanged(mine)
        other = plays.run([core(manifest("agent", CORE), far)] * (_TASKS // _ROUNDS))
    yield ratio_row(
        "a task that changes nothing, with round trips of 50 ms",
        mine.median,
        "`kubernetes.core.k8s`",
        other.median,
        "at most 210 ms: 3 round trips + 60 ms",
        (3 * _ROUND_TRIP + 0.060) / other.median,
    )


def _many_hosts(cluster: Cluster) -> Iterator[Row]:
    """Hosts that stand for clusters, five of which Ansible serves at a time."""
    task = _ours(cluster)
    mine, other = [], []
    for _ in range(_ROUNDS):
        done = plays.run([task] * _HOST_TASKS, hosts=_HOSTS)
        _unchanged(done)
        mine.append(sum(done.seconds))
        other.append(sum(plays.run([DEBUG] * _HOST_TASKS, hosts=_HOSTS).seconds))
    yield ratio_row(
        f"{_HOSTS} hosts x {_HOST_TASKS} tasks",
        statistics.median(mine),
        "`debug`",
        statistics.median(other),
    )


def _memory(cluster: Cluster) -> Iterator[Row]:
    """How large Ansible's main process grows."""
    mine = plays.run([_ours(cluster)] * _TASKS).peak_mib
    other = plays.run([DEBUG] * _TASKS).peak_mib
    yield Row(
        f"peak memory of the controller over {_TASKS} tasks",
        f"{mine:.0f} MiB",
        f"`debug` {other:.0f} MiB (+{mine - other:.0f})",
        "at most + 40 MiB",
        mine <= other + 40,
    )


def _offline_checks() -> Iterator[Row]:
    """What a task does before its first request, for a large DaemonSet."""
    build = our_code("_spec.build").build
    parameters = {
        "name": "large",
        "containers": [
            {
                "name": f"c{container}",
                "image": "example/agent:1",
                "env": [{"name": f"V{number}", "value": "x"} for number in range(_VARIABLES)],
                "volume_mounts": [
                    {"name": f"v{number}", "mount_path": f"/{number}"} for number in range(3)
                ],
            }
            for container in range(_CONTAINERS)
        ],
        "volumes": [
            {"name": f"v{number}", "host_path": {"path": f"/{number}"}}
            for number in range(_VOLUMES)
        ],
    }
    seconds = []
    for _ in range(_TASKS):
        start = time.perf_counter()
        build(parameters, context_namespace="default")
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    yield Row(
        f"reading and checking {_CONTAINERS} containers and {_VOLUMES} volumes offline",
        in_words(median),
        "",
        f"at most {in_words(_CHECK_SECONDS)}",
        median <= _CHECK_SECONDS,
    )


def _ours(cluster: Cluster) -> Task:
    return ours(manifest("agent", OURS), cluster.kubeconfig)


def _core(cluster: Cluster) -> Task:
    return core(manifest("agent", CORE), cluster.kubeconfig)


def _unchanged(run: Run) -> None:
    if run.changed:
        raise plays.VoidError("a task that should have changed nothing has changed something")
