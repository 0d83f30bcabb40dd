# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All roles of agents together: made on a hundred nodes, and run again where nothing is to be done.

The others get the same objects, as the API server has them, after ours are gone.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tools.agents import fleet

from . import plays
from .clusters import Cluster
from .rows import Row, in_words, ratio_row
from .tasks import Task, core, ours_wait

_NODES = 100
_ROUNDS = 3
_SECONDS = 900
_LABEL = "everynode.kubernetes/agent"
# What the server adds to an object, and what would tie it to what it has made before.
_OF_THE_SERVER = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")
# What Kubernetes makes by itself.
_DERIVED = ("endpoint", "componentstatuses", "controllerrevisions", "events", "daemonsets")


def rows(cluster: Cluster) -> Iterator[Row]:
    """Measure; the cluster has no DaemonSets."""
    cluster.set_nodes(_NODES)
    wait = ours_wait(cluster.kubeconfig, all_namespaces=True, wait_timeout=_SECONDS)
    both = [*_roles(wait=False), wait]
    made = plays.run(both, warm_up=False, kubeconfig=cluster.kubeconfig).seconds
    applied, all_run = sum(made[:-1]), sum(made)
    objects = _objects(cluster)
    again_by_us = []
    for _ in range(_ROUNDS):
        with cluster.requests() as asked:
            again_by_us.append(_run(cluster, _roles(wait=False), unchanged=True))
    mine = statistics.median(again_by_us)
    _remove(cluster, objects)
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "all.yml"
        file.write_text(yaml.safe_dump_all(objects))
        made_by_kubectl, run_by_kubectl, again_by_kubectl = _kubectl(cluster, file)
        _remove(cluster, objects)
        task = core(None, cluster.kubeconfig, src=str(file), wait=True, wait_timeout=_SECONDS)
        made_by_core = _run(cluster, [task])
        again_by_core = _run(cluster, [task], unchanged=True)
        _remove(cluster, objects)
    what = f"{len(fleet.names())} roles of agents in one play, {len(objects)} objects"
    yield ratio_row(
        f"{what}, on {_NODES} nodes: made, without waiting",
        applied,
        "`kubectl apply --server-side`",
        made_by_kubectl,
    )
    running = f"{what}, on {_NODES} nodes: until every pod runs"
    yield ratio_row(
        running, all_run, "`kubectl apply` and `kubectl rollout status` for each", run_by_kubectl
    )
    yield ratio_row(
        running,
        all_run,
        "`kubernetes.core.k8s` in one task, with `wait`",
        made_by_core,
    )
    again = f"{what}, run again without a change"
    yield ratio_row(again, mine, "`kubectl apply --server-side`", again_by_kubectl)
    yield ratio_row(again, mine, "`kubernetes.core.k8s` in one task", again_by_core)
    yield Row(
        "requests of that",
        str(len(asked)),
        in_words(mine / len(objects)) + " an object",
        f"at most {len(objects)}, one an object",
        len(asked) <= len(objects),
    )


def _kubectl(cluster: Cluster, file: Path) -> tuple[float, float, float]:
    """The seconds in which kubectl makes the objects, those until all pods run, and those in which
    it applies the objects again.
    """
    apply = ("apply", "--server-side", "--filename", file)

    def applied() -> float:
        started = time.monotonic()
        cluster.run_kubectl(*apply)
        return time.monotonic() - started

    started = time.monotonic()
    made = applied()
    for one in _listed(cluster, "daemonsets"):
        # It has nothing to say of others.
        if one["spec"]["updateStrategy"]["type"] == "RollingUpdate":
            metadata = one["metadata"]
            where = (f"daemonset/{metadata['name']}", f"--namespace={metadata['namespace']}")
            cluster.run_kubectl("rollout", "status", *where, f"--timeout={_SECONDS}s")
    return made, time.monotonic() - started, _median(applied)


def _roles(*, wait: bool) -> list[Task]:
    return fleet.tasks(node_agent_wait=wait)


def _run(cluster: Cluster, tasks: list[Task], *, unchanged: bool = False) -> float:
    """The seconds of a play, Ansible's own start left out."""
    done = plays.run(tasks, warm_up=False, kubeconfig=cluster.kubeconfig)
    if unchanged and done.changed:
        raise plays.VoidError("a play that should have changed nothing has changed something")
    return sum(done.seconds)


def _median(measured: Callable[[], float]) -> float:
    return statistics.median(measured() for _ in range(_ROUNDS))


def _objects(cluster: Cluster) -> list[dict[str, Any]]:
    """What the roles have made, as anyone could ask for it: namespaces first, DaemonSets last."""
    names = cluster.run_kubectl("api-resources", "--verbs=list", "--output=name").split()
    kinds = ",".join(name for name in names if not (name == "pods" or name.startswith(_DERIVED)))
    labelled = _listed(cluster, kinds, "--selector", _LABEL)
    labelled.sort(key=lambda one: bool(one["kind"] != "Namespace"))
    return [_asked(one) for one in (*labelled, *_listed(cluster, "daemonsets"))]


def _listed(cluster: Cluster, kinds: str, *more: str) -> list[dict[str, Any]]:
    arguments = ("get", kinds, "--all-namespaces", "--output=json", *more)
    found = json.loads(cluster.run_kubectl(*arguments))["items"]
    return [one for one in found if "ownerReferences" not in one["metadata"]]


def _asked(stored: dict[str, Any]) -> dict[str, Any]:
    """An object without what only the server says."""
    metadata = {
        key: value for key, value in stored["metadata"].items() if key not in _OF_THE_SERVER
    }
    metadata.pop("annotations", None)
    asked = {**stored, "metadata": metadata}
    asked.pop("status", None)
    if stored["kind"] == "Service":
        given = (key for key in stored["spec"] if not key.startswith("clusterIP"))
        asked["spec"] = {key: stored["spec"][key] for key in given}
        if stored["spec"].get("clusterIP") == "None":
            asked["spec"]["clusterIP"] = "None"
    return asked


def _remove(cluster: Cluster, objects: list[dict[str, Any]]) -> None:
    """Remove the objects, and wait until no pod of theirs is left. Raises TimeoutError."""
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        yaml.safe_dump_all(objects, file)
        file.flush()
        cluster.run_kubectl("delete", "--ignore-not-found", "--filename", file.name)
    cluster.wait_until_no_pods()
