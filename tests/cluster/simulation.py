# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DaemonSet of simulated pods, as the tests make and look at it with kubectl."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .tool import Cluster, eventually

PREFIX = "everynode.kubernetes/simulate"
IMAGE = "example/agent:1.0"


def simulated(mode: str, **more: str) -> dict[str, str]:
    """The annotations that ask for a way to fail; `exit_code` is `simulate-exit-code`."""
    options = {f"{PREFIX}-{key.replace('_', '-')}": value for key, value in more.items()}
    return {PREFIX: mode, **options}


@dataclass(frozen=True)
class Simulation:
    """A DaemonSet with two containers, `agent` and `sidecar`, on a cluster of two nodes."""

    cluster: Cluster
    name: str = "simulation"

    def apply(
        self,
        annotations: Mapping[str, str],
        image: str = IMAGE,
        agent: Mapping[str, Any] | None = None,
        finalizers: list[str] | None = None,
        **spec: Any,
    ) -> None:
        """Make it. `agent` is laid over that container, `spec` over the pod's spec."""
        containers = [
            {"name": "agent", "image": image, **(agent or {})},
            {"name": "sidecar", "image": "example/sidecar:1.0"},
        ]
        metadata = {"labels": {"app": self.name}, "annotations": dict(annotations)}
        template = {
            "metadata": metadata | ({"finalizers": finalizers} if finalizers else {}),
            "spec": {"containers": containers, **spec},
        }
        manifest = {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": self.name},
            "spec": {"selector": {"matchLabels": {"app": self.name}}, "template": template},
        }
        self.cluster.kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(manifest))

    def delete(self) -> None:
        """Remove it with its pods."""
        self.cluster.kubectl(
            "delete", "daemonset", self.name, "--cascade=foreground", "--timeout=120s"
        )

    def status(self) -> dict[str, Any]:
        """What the controller says of it."""
        status: dict[str, Any] = self.cluster.get("daemonset", self.name)["status"]
        return status

    def pods(self) -> list[dict[str, Any]]:
        """Its pods."""
        pods: list[dict[str, Any]] = self.cluster.get("pods", f"--selector=app={self.name}")[
            "items"
        ]
        return pods

    def by_node(self) -> dict[str, dict[str, Any]]:
        """Its pods by their node, those that have one."""
        return {pod["spec"]["nodeName"]: pod for pod in self.pods() if "nodeName" in pod["spec"]}

    def all_available(self) -> None:
        """Wait until both pods are available."""
        eventually(lambda: self.status().get("numberAvailable") == 2)

    def failing(self) -> dict[str, Any]:
        """The pod on node-1 once it has a status and is not ready, and the one on node-0 is."""

        def settled() -> dict[str, Any] | None:
            pods = self.by_node()
            ready = {node for node, pod in pods.items() if condition(pod)["status"] == "True"}
            known = "conditions" in pods.get("node-1", {}).get("status", {})
            known = known and condition(pods["node-1"])["status"] == "False"
            return pods["node-1"] if ready == {"node-0"} and known else None

        found: dict[str, Any] = eventually(settled)
        return found

    def reported(self, pod: Mapping[str, Any], reason: str, words: str = "") -> str:
        """The message of an event of that reason with these words, once it is there."""
        selector = f"--field-selector=involvedObject.uid={pod['metadata']['uid']},reason={reason}"

        def found() -> str:
            messages = [event["message"] for event in self.cluster.get("events", selector)["items"]]
            return next((message for message in messages if words in message), "")

        message: str = eventually(found)
        return message


def condition(pod: Mapping[str, Any], kind: str = "Ready") -> dict[str, Any]:
    """A condition of a pod or node."""
    conditions = pod["status"].get("conditions", [])
    return next((item for item in conditions if item["type"] == kind), {"status": "absent"})


def container(pod: Mapping[str, Any], name: str = "agent") -> dict[str, Any]:
    """The status of a container, of an init container too."""
    status = pod["status"]
    statuses = [*status.get("initContainerStatuses", []), *status["containerStatuses"]]
    return next(status for status in statuses if status["name"] == name)


def waits(pod: Mapping[str, Any], name: str = "agent") -> tuple[str, str]:
    """Why a container waits: reason and message."""
    waiting = container(pod, name)["state"].get("waiting", {})
    return waiting.get("reason", ""), waiting.get("message", "")
