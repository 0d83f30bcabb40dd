# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs to look: lists, details, logs and commands, where there are very many nodes."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from . import plays
from .clusters import Cluster
from .links import CountingLink, counting_link
from .rows import Row, in_words
from .tasks import DEBUG, OURS, Task, looped, manifest, our_code

_ROUNDS = 3
_LARGE = "views"
_NAMESPACES, _IN_EACH = 20, 10
_PAGE = 500
_MEMORY_MIB = 40
# One pod of so many is not ready.
_UNWELL = 10
_LINES, _TAIL = 1000, 100
# How often the others are asked who show one pod at a time.
_SINGLE = 10
_SECONDS = 300
_CONTAINER = "manager"
_SEARCH = "error"


@dataclass(frozen=True)
class Cost:
    """What a view costs: requests, bytes that the API server sends, seconds, and memory."""

    requests: float
    received: float
    seconds: float
    memory: str

    def __str__(self) -> str:
        asked = "1 request" if self.requests == 1 else f"{self.requests:.0f} requests"
        return f"{asked}, {_size(self.received)}, {in_words(self.seconds)}, {self.memory}"


@dataclass(frozen=True)
class _Meter:
    """Measures what is done by way of a link to the cluster that counts."""

    cluster: Cluster
    link: CountingLink
    # The memory of a worker that does nothing.
    idle_mib: float

    def task(self, task: Task, shows: str = "", rounds: int = _ROUNDS) -> tuple[Cost, float]:
        """What a task costs, and how much more memory its worker or module needs than `debug`.

        With `shows`, it is run once more before, and that has to be true of the result `view`.
        Raises VoidError where it is not.
        """
        if shows:
            plays.run([{**task, "register": "view"}, _checked(shows)], warm_up=False)
        with self._counted() as counted:
            done = plays.run([task] * rounds, warm_up=False)
        more = done.worker_mib - self.idle_mib
        return self._cost(counted, rounds, done.median, f"+{more:.0f} MiB"), more

    def kubectl(self, *arguments: str, rounds: int = _ROUNDS) -> Cost:
        """What a command costs, which after a first time knows what resources there are."""
        if rounds > 1:
            self.cluster.measure_kubectl(*arguments)
        with self._counted() as counted:
            done = [self.cluster.measure_kubectl(*arguments) for _ in range(rounds)]
        seconds, memory = zip(*done, strict=True)
        median = statistics.median(seconds)
        return self._cost(counted, rounds, median, f"{max(memory):.0f} MiB in all")

    @contextlib.contextmanager
    def _counted(self) -> Iterator[list[float]]:
        """The requests and the bytes of what is done inside; filled at the end."""
        counted: list[float] = []
        before = self.link.received
        with self.cluster.requests() as made:
            yield counted
        counted += [len(made), self.link.received - before]

    @staticmethod
    def _cost(counted: list[float], rounds: int, seconds: float, memory: str) -> Cost:
        requests, received = counted
        return Cost(requests / rounds, received / rounds, seconds, memory)


def rows(cluster: Cluster, nodes: int) -> Iterator[Row]:
    """Measure on a cluster with so many nodes, on which no DaemonSets run."""
    with counting_link(cluster.port) as link, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kubeconfig = cluster.kubeconfig_for_port(link.port, folder / "kubeconfig")
        made = folder / "made.yml"
        made.write_text(yaml.safe_dump_all(_objects(folder, nodes)))
        cluster.run_kubectl("apply", "--server-side", "--filename", made)
        _some_are_unwell(cluster, nodes)
        # How much of Ansible is mapped into memory depends on what the machine has done before.
        idle = statistics.median(
            plays.run([DEBUG], warm_up=False).worker_mib for _ in range(_ROUNDS)
        )
        meter = _Meter(dataclasses.replace(cluster, kubeconfig=kubeconfig), link, idle)
        yield from _list(meter, nodes)
        yield from _details(meter, nodes)
        yield from _logs(meter, nodes, folder)
        yield from _commands(meter, nodes)
        cluster.run_kubectl("delete", "--filename", made)


def _objects(folder: Path, nodes: int) -> Iterator[dict[str, Any]]:
    """The DaemonSet on all nodes, and many with one pod each."""
    log = folder / "log"
    log.write_text(
        "".join(
            f"line {number} says {_SEARCH if number % _TAIL == 0 else 'that all is well'}, as ever"
            " with some words more\n"
            for number in range(_LINES)
        )
    )
    # For the program that plays the kubelets.
    folder.chmod(0o755)
    large = _daemonset("large", _LARGE)
    large["spec"]["updateStrategy"] = {"rollingUpdate": {"maxUnavailable": "100%"}}
    large["spec"]["template"]["metadata"]["annotations"] = {
        f"everynode.kubernetes/log.{_CONTAINER}": f"file:{log}"
    }
    yield from (_namespace(_LARGE), large)
    for number in range(_NAMESPACES):
        namespace = f"{_LARGE}-{number:02}"
        yield _namespace(namespace)
        for each in range(_IN_EACH):
            small = _daemonset(f"agent-{each:02}", namespace)
            node = (number * _IN_EACH + each) % nodes
            small["spec"]["template"]["spec"]["nodeSelector"] = {
                "kubernetes.io/hostname": f"node-{node}"
            }
            yield small


def _daemonset(name: str, namespace: str) -> dict[str, Any]:
    wanted = manifest(name, OURS)
    wanted["metadata"]["namespace"] = namespace
    wanted["metadata"]["labels"] = {"app": name}
    wanted["spec"]["selector"]["matchLabels"] = {"app": name}
    wanted["spec"]["template"]["metadata"]["labels"] = {"app": name}
    return wanted


def _namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _some_are_unwell(cluster: Cluster, nodes: int) -> None:
    """Wait until all pods run, then until some of the large DaemonSet's are not ready any more."""
    cluster.wait_until_ready(_LARGE)
    pods = cluster.run_kubectl("-n", _LARGE, "get", "pods", "--output=name").split()
    unwell = pods[: nodes // _UNWELL]
    cluster.run_kubectl(
        "-n", _LARGE, "annotate", *unwell, "everynode.kubernetes/simulate=never-ready"
    )
    give_up = time.monotonic() + _SECONDS
    while _ready(cluster) != nodes - len(unwell):
        if time.monotonic() > give_up:
            raise TimeoutError("the pods that should not be ready are still ready")
        time.sleep(1)


def _ready(cluster: Cluster) -> int:
    shown = json.loads(cluster.run_kubectl("-n", _LARGE, "get", "daemonset", "large", "-o", "json"))
    return int(shown["status"]["numberReady"])


def _list(meter: _Meter, nodes: int) -> Iterator[Row]:
    count = _NAMESPACES * _IN_EACH + 1
    others = {
        "`kubernetes.core.k8s_info`": meter.task(
            _theirs(meter, "k8s_info", api_version="apps/v1", kind="DaemonSet"),
            f"view.resources | length == {count}",
        )[0],
        "`kubectl get -o wide`": meter.kubectl("get", "daemonsets", "-A", "-o", "wide"),
    }
    yield _row(
        f"`daemonset_info`: list of {count} DaemonSets in {_NAMESPACES + 1} namespaces",
        meter.task(
            _info(meter, name=None, namespace=None, all_namespaces=True),
            f"view.daemonsets | length == {count}",
        ),
        others,
        1,
    )


def _details(meter: _Meter, nodes: int) -> Iterator[Row]:
    """Each part of the details of one DaemonSet, and all together."""
    pages = math.ceil(nodes / _PAGE)
    what = f"`daemonset_info` of one DaemonSet on {nodes} nodes"
    selector = "--selector=app=large"
    theirs = _theirs(meter, "k8s_info", kind="Pod", namespace=_LARGE, label_selectors=["app=large"])
    others = {
        "`kubernetes.core.k8s_info` of pods": meter.task(
            theirs, f"view.resources | length == {nodes}"
        )[0],
        "`kubectl get pods -o wide`": meter.kubectl(
            "get", "pods", "-n", _LARGE, selector, "-o", "wide"
        ),
        "`kubectl get pods -o json`": meter.kubectl(
            "get", "pods", "-n", _LARGE, selector, "-o", "json"
        ),
    }
    cost = meter.task(
        _info(meter, include=["pods"], max_pods=nodes),
        f"view.daemonsets[0].pods | length == {nodes}",
    )
    yield _row(f"{what}: its pods", cost, others, 1 + pages)
    cost = meter.task(
        _info(meter, include=["reasons"]),
        f"view.daemonsets[0].reasons | map(attribute='count') | sum == {nodes // _UNWELL}",
    )
    others = {"`kubectl describe`": meter.kubectl("-n", _LARGE, "describe", "daemonset", "large")}
    yield _row(f"{what}: why one pod in {_UNWELL} is not ready", cost, others)
    cost = meter.task(_info(meter, include=["events"]), "view.daemonsets[0].events | length > 0")
    others = {"`kubectl get events`": meter.kubectl("-n", _LARGE, "get", "events")}
    yield _row(f"{what}: its events", cost, others)
    cost = meter.task(
        _info(meter, include=["revisions"]), "view.daemonsets[0].revisions | length == 1"
    )
    others = {
        "`kubectl rollout history`": meter.kubectl(
            "-n", _LARGE, "rollout", "history", "daemonset/large"
        )
    }
    yield _row(f"{what}: its revisions", cost, others)
    verb = our_code("_verbs.daemonset_info").VERB
    everything = verb.argument_spec["include"]["choices"]
    cost = meter.task(
        _info(meter, include=everything, max_pods=nodes),
        f"view.daemonsets[0].pods | length == {nodes}",
    )
    yield _row(f"{what}: all {len(everything)} parts", cost, {})


def _logs(meter: _Meter, nodes: int, folder: Path) -> Iterator[Row]:
    """The end of the logs of all pods."""
    tail = {"container": _CONTAINER, "tail_lines": _TAIL, "namespace": _LARGE}
    some = looped(_theirs(meter, "k8s_log", name="{{ item }}", **tail), _some_pods(meter))
    command = ("logs", "-n", _LARGE, "--selector=app=large", f"--container={_CONTAINER}")
    others = {
        f"`kubernetes.core.k8s_log` of {_SINGLE} pods": meter.task(some, rounds=1)[0],
        "`kubectl logs`, which asks five times a second": meter.kubectl(
            *command, f"--tail={_TAIL}", rounds=1
        ),
    }
    most = 1 + math.ceil(nodes / _PAGE) + nodes
    what = f"`daemonset_logs`: the last {_TAIL} lines of {nodes} pods"
    ours = {"containers": [_CONTAINER], "tail_lines": _TAIL}
    dest = folder / "logs"
    cost = meter.task(
        _ours(meter, "daemonset_logs", dest=str(dest), **ours),
        f"view.logs | length == {nodes} and view.failed_nodes | length == 0",
        rounds=1,
    )
    if len(list(dest.iterdir())) != nodes:
        raise plays.VoidError(f"{dest} has not a file for each of {nodes} pods")
    yield _row(f"{what}, into a file each", cost, others, most)
    cost = meter.task(
        _ours(meter, "daemonset_logs", search=_SEARCH, **ours),
        f"view.counts.values() | sum == {nodes}",
        rounds=1,
    )
    yield _row(f"{what}, searched", cost, {}, most)


def _commands(meter: _Meter, nodes: int) -> Iterator[Row]:
    """A command in all pods. Each starts one process on this machine, ten at a time."""
    command = {"container": _CONTAINER, "namespace": _LARGE, "command": "echo done"}
    pods = _some_pods(meter)
    some = looped(_theirs(meter, "k8s_exec", pod="{{ item }}", **command), pods)
    one = ("exec", "-n", _LARGE, pods[0], f"--container={_CONTAINER}", "--", "echo", "done")
    others = {
        f"`kubernetes.core.k8s_exec` in {_SINGLE} pods": meter.task(some, rounds=1)[0],
        "`kubectl exec` in one pod": meter.kubectl(*one),
    }
    yield _row(
        f"`daemonset_exec`: a command in {nodes} pods, 10 at a time",
        meter.task(
            _ours(meter, "daemonset_exec", container=_CONTAINER, command=["echo", "done"]),
            f"view.nodes | selectattr('stdout', 'match', 'done') | length == {nodes}",
            rounds=1,
        ),
        others,
        1 + math.ceil(nodes / _PAGE) + nodes,
    )


def _some_pods(meter: _Meter) -> list[str]:
    listed = meter.cluster.run_kubectl("-n", _LARGE, "get", "pods", "--output=name").split()
    return [name.removeprefix("pod/") for name in listed[:_SINGLE]]


def _info(meter: _Meter, **more: Any) -> Task:
    return _ours(meter, "daemonset_info", **more)


def _ours(meter: _Meter, module: str, **more: Any) -> Task:
    """A task of ours about the large DaemonSet, unless told otherwise."""
    about = {"name": "large", "namespace": _LARGE, **more}
    given = {key: value for key, value in about.items() if value is not None}
    kubeconfig = str(meter.cluster.kubeconfig)
    return {"name": module, f"everynode.kubernetes.{module}": {"kubeconfig": kubeconfig, **given}}


def _theirs(meter: _Meter, module: str, **given: Any) -> Task:
    kubeconfig = str(meter.cluster.kubeconfig)
    return {"name": module, f"kubernetes.core.{module}": {"kubeconfig": kubeconfig, **given}}


def _checked(shows: str) -> Task:
    return {"name": "check", "ansible.builtin.assert": {"that": shows, "quiet": True}}


def _row(
    what: str, measured: tuple[Cost, float], others: dict[str, Cost], most: int | None = None
) -> Row:
    """The row of a view; `most` is how many requests it may make."""
    cost, memory = measured
    requests = "" if most is None else f"{most} request{'' if most == 1 else 's'}, "
    return Row(
        what,
        str(cost),
        "; ".join(f"{name}: {other}" for name, other in others.items()),
        f"at most {requests}+{_MEMORY_MIB} MiB",
        memory <= _MEMORY_MIB and (most is None or cost.requests <= most),
    )


def _size(count: float) -> str:
    """A number of bytes as a person writes it."""
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 2**10:.0f} KiB"
