# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DaemonSet whose pods log what a test tells them to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import daemonset_logs

from tests.integration.api import MERGE, OURS, Api, eventually
from tests.integration.verbs import Outcome, Tasks

SPEAKER: dict[str, Any] = {
    "name": "agent",
    "init_containers": [{"name": "prepare", "image": "example.test/prepare:1"}],
    "containers": [
        {"name": "agent", "image": "example.test/agent:1"},
        {"name": "sidecar", "image": "example.test/sidecar:1"},
    ],
}
NODES = [f"node-{number}" for number in range(5)]


class Speakers:
    """The pods of a DaemonSet, one a node, and tasks of daemonset_logs about them."""

    def __init__(self, api: Api, namespace: str, *, name: str = "agent"):
        self.api = api
        self.tasks = Tasks(api, namespace)
        self.namespace = namespace
        self.name = name
        self._told: list[tuple[str, str]] = []

    def pod(self, node: str) -> dict[str, Any]:
        """The pod of a node."""
        found = [
            pod
            for pod in self.api.pods(self.namespace, self.name)
            if pod["spec"]["nodeName"] == node
        ]
        assert len(found) == 1, found
        return found[0]

    def say(self, node: str, text: str, *, container: str = "agent", key: str = "log") -> None:
        """Give a container of a node's pod this log, or the one in a file (``file:PATH``)."""
        name = self.pod(node)["metadata"]["name"]
        annotation = f"{OURS}{key}.{container}"
        self._annotate(name, annotation, text)
        self._told.append((name, annotation))

    def forget(self) -> None:
        """Let all pods log what is usual again."""
        for name, annotation in self._told:
            self._annotate(name, annotation, None)
        self._told = []

    def _annotate(self, pod: str, annotation: str, text: str | None) -> None:
        self.api.request(
            "PATCH",
            f"/api/v1/namespaces/{self.namespace}/pods/{pod}",
            body={"metadata": {"annotations": {annotation: text}}},
            kind=MERGE,
        )

    def started(self, node: str) -> datetime:
        """When the container agent of a node's pod has started, at least two seconds ago."""
        states = {
            one["name"]: one["state"] for one in self.pod(node)["status"]["containerStatuses"]
        }
        start = datetime.fromisoformat(states["agent"]["running"]["startedAt"])
        past = start + timedelta(seconds=2)
        eventually(lambda: datetime.now(start.tzinfo) > past or None, "two seconds have passed")
        return start

    def run(self, **parameters: Any) -> Outcome:
        """Carry out a task, failed or not; the container agent alone unless it says otherwise."""
        given = {"name": self.name, "containers": ["agent"], **parameters}
        return self.tasks.run(verb=daemonset_logs.VERB, **given)

    def ok(self, **parameters: Any) -> Outcome:
        """Carry out a task that must succeed."""
        outcome = self.run(**parameters)
        assert not outcome.result.get("failed"), outcome.result["msg"]
        return outcome

    def fails(self, **parameters: Any) -> Outcome:
        """Carry out a task that must fail."""
        outcome = self.run(**parameters)
        assert outcome.result.get("failed"), outcome.result
        return outcome

    def one(self, **parameters: Any) -> dict[str, Any]:
        """The only log of a task that must succeed."""
        logs = self.ok(**parameters).result["logs"]
        assert len(logs) == 1, logs
        log: dict[str, Any] = logs[0]
        return log


@contextmanager
def speakers(api: Api, namespace: str, **more: Any) -> Iterator[Speakers]:
    """Pods on all nodes, in a namespace of their own."""
    api.add_namespace(namespace)
    try:
        Tasks(api, namespace).ok(**SPEAKER | more)
        api.settled(namespace, "agent")
        yield Speakers(api, namespace)
    finally:
        api.remove_namespace(namespace)


@contextmanager
def dead_kubelet(api: Api, node: str) -> Iterator[None]:
    """A node whose kubelet does not answer, for a while."""
    label = f"{OURS}kubelet"

    def is_now(state: str) -> None:
        path = f"/api/v1/nodes/{node}"
        eventually(
            lambda: api.request("GET", path)["metadata"]["labels"][label] == state or None,
            f"the kubelet of {node} is {state}",
        )

    api.kubectl("label", "node", node, f"{label}=unreachable", "--overwrite")
    try:
        is_now("stopped")
        yield
    finally:
        api.kubectl("label", "node", node, f"{label}=running", "--overwrite")
        is_now("running")
