# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DaemonSets that are updated under several strategies at once, each pod counted."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.integration.api import Api, eventually
from tests.integration.held import HELD, Gate
from tests.integration.pod_watch import PodWatch
from tests.integration.verbs import Outcome, Tasks

OLD = "example.test/agent:1"
NEW = "example.test/agent:2"
NEWER = "example.test/agent:3"
PREFIX = "everynode.kubernetes/simulate"
# A task that takes so many seconds is stuck.
_LONG = 240
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Strategy:
    """How pods are replaced.

    `limit` is on how many of five nodes one may be missing at once. None where the controller
    deletes them: after a deletion whose answer it did not get, or that it counts twice, it takes
    another pod.
    """

    update: Mapping[str, Any]
    limit: int | None = None
    rollout: Mapping[str, Any] | None = None

    def parameters(self, image: str, annotations: Mapping[str, str]) -> dict[str, Any]:
        """A task's, to have pods of this image."""
        found: dict[str, Any] = {
            "name": "agent",
            "containers": [{"name": "agent", "image": image}],
            "pod_annotations": dict(annotations),
            "update_strategy": dict(self.update),
            "wait": True,
            "wait_timeout": _LONG,
        }
        return found


def _rolling(**how: int | str) -> dict[str, Any]:
    names = {"unavailable": "maxUnavailable", "surge": "maxSurge"}
    return {
        "type": "RollingUpdate",
        "rollingUpdate": {names[key]: value for key, value in how.items()},
    }


ON_DELETE = {"type": "OnDelete"}
STRATEGIES = {
    "one": Strategy(_rolling(unavailable=1)),
    "a-tenth": Strategy(_rolling(unavailable="10%")),
    "all": Strategy(_rolling(unavailable="100%")),
    "surge": Strategy(_rolling(surge=1, unavailable=0), limit=0),
    "on-delete": Strategy(
        ON_DELETE, limit=2, rollout={"stages": [1, "100%"], "max_unavailable": 2}
    ),
    "staged": Strategy(_rolling(unavailable=2), limit=2, rollout={"stages": [1, 2]}),
}


@dataclass
class Scene:
    """A DaemonSet in a namespace of its own, settled with its first image, and the watch on it."""

    strategy: Strategy
    tasks: Tasks
    watch: PodWatch
    annotations: Mapping[str, str]
    outcomes: list[Outcome] = field(default_factory=list)

    def parameters(self, image: str, **parameters: Any) -> dict[str, Any]:
        """Those of the task that brings the pods to an image, in the way of the strategy."""
        given = self.strategy.parameters(image, self.annotations)
        if self.strategy.rollout is not None:
            given["rollout"] = dict(self.strategy.rollout)
        return given | parameters

    def update(self, image: str = NEW, **parameters: Any) -> Outcome:
        """Bring the pods to an image, as the strategy says."""
        outcome = self.tasks.run(**self.parameters(image, **parameters))
        self.outcomes.append(outcome)
        return outcome

    def is_within_limit(self, *, but: Collection[str] = ()) -> bool:
        """Whether no more nodes lacked a pod at once than may; `but` are those that were away."""
        limit = self.strategy.limit
        return limit is None or self.watch.most_unavailable(but=but) <= limit

    def images(self) -> set[str]:
        """The images of the pods that there are."""
        pods = self.tasks.api.pods(self.tasks.namespace, "agent")
        return {pod["spec"]["containers"][0]["image"] for pod in pods}


class Scenes(dict[str, Scene]):
    """Scenes by their strategies, and the gate that their held pods wait for."""

    def __init__(self, gate: Gate, found: Mapping[str, Scene]):
        super().__init__(found)
        self.gate = gate


@contextmanager
def scenes(api: Api, annotations: Mapping[str, str] = HELD) -> Iterator[Scenes]:
    """A scene for each strategy, side by side; all is removed in the end."""
    namespaces = {name: f"scene-{name}-{next(_numbers)}" for name in STRATEGIES}
    with ExitStack() as stack, ThreadPoolExecutor(len(STRATEGIES)) as pool:
        for namespace in namespaces.values():
            api.add_namespace(namespace)
            stack.callback(api.remove_namespace, namespace)
        gate = stack.enter_context(Gate(api, *namespaces.values()))

        def begin(name: str) -> Scene:
            strategy, namespace = STRATEGIES[name], namespaces[name]
            tasks = Tasks(api, namespace)
            tasks.ok(**strategy.parameters(OLD, annotations))
            api.settled(namespace, "agent")
            return Scene(strategy, tasks, PodWatch(api, namespace), annotations)

        found = dict(zip(STRATEGIES, pool.map(begin, STRATEGIES), strict=True))
        for scene in found.values():
            stack.enter_context(scene.watch)
        yield Scenes(gate, found)


def update_all(
    found: Scenes,
    image: str = NEW,
    meanwhile: Callable[[], None] | None = None,
    **parameters: Any,
) -> None:
    """Update all scenes at once; `meanwhile` is called while pods are being replaced everywhere,
    and held ones get ready only after that.
    """
    with ThreadPoolExecutor(len(found)) as pool:
        if meanwhile is not None:
            found.gate.close()
        running = {
            name: pool.submit(scene.update, image, **parameters) for name, scene in found.items()
        }
        try:
            if meanwhile is not None:
                for name, scene in found.items():
                    eventually(lambda: _begun(scene, running[name]), f"{name} has begun")  # noqa: B023
                late = [name for name, future in running.items() if future.done()]
                assert not late, {name: running[name].result().result for name in late}
                meanwhile()
        finally:
            found.gate.open()
        for future in running.values():
            future.result()


def _begun(scene: Scene, future: Future[Outcome]) -> bool | None:
    return bool(scene.watch.created()) or future.done() or None


def settle(found: Mapping[str, Scene]) -> None:
    """Have the watches see all that has happened."""
    for scene in found.values():
        scene.watch.caught_up()
