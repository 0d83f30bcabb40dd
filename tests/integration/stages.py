# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A settled DaemonSet that a test updates in stages, with what it needs to judge that."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.integration.api import MERGE, Api, daemonsets
from tests.integration.pod_watch import PodWatch
from tests.integration.verbs import Outcome, Tasks

ANNOTATION = "everynode.kubernetes/rollout"
OLD = "example.test/agent:1"
NEW = "example.test/agent:2"
NEWER = "example.test/agent:3"
BROKEN = "example.test/agent:simulate-image-pull"
# A task that takes so long is stuck.
LONG = 240
TWO_AT_ONCE = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}}


@dataclass
class Scene:
    """A DaemonSet called agent, and the watch of its pods."""

    api: Api
    tasks: Tasks
    watch: PodWatch
    common: Mapping[str, Any]

    def wish(self, image: str, **more: Any) -> dict[str, Any]:
        """A task's parameters to have pods of an image."""
        return {
            "name": "agent",
            "containers": [{"name": "agent", "image": image}],
            "wait": True,
            "wait_timeout": LONG,
            "failure_grace_seconds": 1,
            **self.common,
            **more,
        }

    def ok(self, image: str, **more: Any) -> Outcome:
        """Run a task that must succeed."""
        return self.tasks.ok(**self.wish(image, **more))

    def fails(self, image: str, **more: Any) -> Outcome:
        """Run a task that must fail."""
        return self.tasks.fails(**self.wish(image, **more))

    def same(self, image: str) -> None:
        """Make sure that a task without stages finds nothing to do."""
        self.tasks.same(**self.wish(image))

    def state(self, state: str) -> Outcome:
        """Run a task that only names a state."""
        return self.tasks.ok(name="agent", state=state, wait=True, wait_timeout=LONG)

    @property
    def live(self) -> dict[str, Any]:
        """The DaemonSet now."""
        return self.api.daemonset(self.tasks.namespace, "agent")

    @property
    def remembered(self) -> dict[str, Any]:
        """What the annotation says; nothing where there is none."""
        text = self.live["metadata"]["annotations"].get(ANNOTATION, "{}")
        found: dict[str, Any] = json.loads(text)
        return found

    @property
    def strategy(self) -> dict[str, Any]:
        """The update strategy now."""
        found: dict[str, Any] = self.live["spec"]["updateStrategy"]
        return found

    @property
    def standing(self) -> str:
        """The image that a new pod would have now."""
        return str(self.live["spec"]["template"]["spec"]["containers"][0]["image"])

    def images(self) -> dict[str, str]:
        """The image of each node's pod, but those on their way out."""
        self.watch.caught_up()
        return {
            pod["spec"]["nodeName"]: pod["spec"]["containers"][0]["image"]
            for pod in self.api.pods(self.tasks.namespace, "agent")
            if "deletionTimestamp" not in pod["metadata"] and "nodeName" in pod["spec"]
        }

    def on(self, image: str) -> set[str]:
        """The nodes whose pod has an image."""
        return {node for node, found in self.images().items() if found == image}

    def restarts(self) -> dict[str, int]:
        """How many pods came after the first one, by node."""
        self.watch.caught_up()
        return self.watch.restarts_by_node()

    def patch(self, body: Mapping[str, Any], manager: str = "kubectl-edit") -> None:
        """Change the DaemonSet as somebody else."""
        path = f"{daemonsets(self.tasks.namespace)}/agent"
        self.api.request("PATCH", path, query={"fieldManager": manager}, body=body, kind=MERGE)

    def ended(self, image: str) -> None:
        """Make sure that all is as if the image had been there from the first."""
        assert self.remembered == {}
        assert self.standing == image
        assert self.strategy["type"] == self.common["update_strategy"]["type"]
        assert set(self.images().values()) <= {image}
        # The pods are proven by themselves, and the DaemonSet's own numbers may come after them.
        self.api.settled(self.tasks.namespace, "agent")
        self.same(image)


@contextmanager
def scene(api: Api, tasks: Tasks, **common: Any) -> Iterator[Scene]:
    """A DaemonSet with the first image on all nodes."""
    common.setdefault("update_strategy", TWO_AT_ONCE)
    watch = PodWatch(api, tasks.namespace)
    made = Scene(api, tasks, watch, common)
    made.ok(OLD)
    api.settled(tasks.namespace, "agent")
    with watch:
        yield made
