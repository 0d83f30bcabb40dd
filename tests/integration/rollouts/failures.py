# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways in which a rollout can fail: how to make each, and what is to be said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.integration.api import eventually
from tests.integration.manifests import simple
from tests.integration.verbs import Outcome, Tasks

PREFIX = "everynode.kubernetes/simulate"
ALL = tuple(f"node-{number}" for number in range(5))


@dataclass(frozen=True)
class Failure:
    """A DaemonSet that fails.

    `simulate` is the annotations of its pods without their prefix; `container` is laid over its
    container, `spec` over its pod's spec. `nodes` lack a pod in the end, for the reason `cause`,
    and the evidence has all the `words`. Where only pods may be read, the cause is `unseen`, and
    the evidence lacks what was `logged`.
    """

    cause: str
    words: tuple[str, ...]
    simulate: Mapping[str, str] = field(default_factory=dict)
    container: Mapping[str, Any] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)
    nodes: tuple[str, ...] = ALL
    min_ready_seconds: int = 0
    heals: bool = False
    unseen: str = ""
    log: str = ""
    logged: str = ""

    def manifest(self, name: str) -> dict[str, Any]:
        """The DaemonSet, by that name."""
        manifest = simple(name, **self.spec)
        manifest["spec"]["minReadySeconds"] = self.min_ready_seconds
        template = manifest["spec"]["template"]
        template["spec"]["containers"][0] |= self.container
        template["metadata"]["annotations"] = {
            f"{PREFIX}-{key}".removesuffix("-mode"): value for key, value in self.simulate.items()
        } | ({"everynode.kubernetes/log": self.log} if self.log else {})
        return manifest


def _simulated(
    mode: str, cause: str, *words: str, nodes: tuple[str, ...] = ("node-1", "node-3"), **more: Any
) -> Failure:
    """A failure of the simulation; in `more` what is not of a Failure is an option of it."""
    fields = {key: more.pop(key) for key in list(more) if key in Failure.__dataclass_fields__}
    options = {key.removesuffix("_name").replace("_", "-"): str(more[key]) for key in more}
    simulate = {"mode": mode, "on": ",".join(nodes), **options}
    return Failure(cause, words, simulate, nodes=nodes, **fields)


def _host_path(kind: str) -> dict[str, Any]:
    return {"volumes": [{"name": "socket", "hostPath": {"path": "/run/agent", "type": kind}}]}


_INIT = {"initContainers": [{"name": "prepare", "image": "example.test/init:1"}]}
_CONFIG = {"volumes": [{"name": "rules", "configMap": {"name": "agent-rules"}}]}
_CLAIM = {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "agent-data"}}]}
_PORT = {"ports": [{"containerPort": 9100, "hostPort": 9100}]}

FAILURES: dict[str, Failure] = {
    "image not found": _simulated("image-pull", "ImagePull", "example.test/agent:1: not found"),
    "image unauthorized": _simulated("image-unauthorized", "ImagePull", "401 Unauthorized"),
    "manifest unknown": _simulated("image-unknown", "ImagePull", "manifest unknown"),
    "too many pulls": _simulated(
        "image-pull",
        "ImagePull",
        "toomanyrequests: You have reached",
        message="toomanyrequests: You have reached your pull rate limit",
        heals=True,
    ),
    "image name": _simulated("image-name", "ImagePull", "invalid reference format"),
    "wrong platform": _simulated(
        "image-pull", "ImagePull", "no match for platform", message="no match for platform in x"
    ),
    "registry with a secret": _simulated(
        "image-pull",
        "ImagePull",
        "https://********@registry.example",
        "x509",
        message='Head "https://me:hunter2@registry.example/v2/": x509: unknown authority',
    ),
    "disk is full": _simulated(
        "image-pull",
        "ImagePull",
        "no space left on device",
        message="failed to extract layer sha256:1: no space left on device",
        heals=True,
    ),
    "command": _simulated(
        "config-error",
        "ContainerConfig",
        "RunContainerError",
        "no such file",
        reason="RunContainerError",
        message='OCI runtime create failed: exec: "/agent": no such file or directory',
    ),
    "hook": _simulated(
        "config-error",
        "ContainerConfig",
        "PostStartHookError",
        "exited with 7",
        reason="PostStartHookError",
        message="Exec lifecycle hook ([sh -c curl]) failed: exited with 7",
    ),
    "network": _simulated(
        "mount-fails",
        "PodSandbox",
        'plugin type="mesh" failed',
        reason="FailedCreatePodSandBox",
        message='Failed to create pod sandbox: plugin type="mesh" failed (add): no address',
        heals=True,
        unseen="Starting",
    ),
    "device": _simulated(
        "evicted",
        "Unschedulable",
        "UnexpectedAdmissionError",
        "Available: 0",
        reason="UnexpectedAdmissionError",
        message="Allocate failed due to requested number of devices: Requested: 1, Available: 0",
        heals=True,
    ),
    "operating system": _simulated(
        "evicted",
        "ContainerConfig",
        "PodOSNotSupported",
        reason="PodOSNotSupported",
        message="Failed to admit pod as the OS field doesn't match node OS",
    ),
    "claim": Failure(
        "Unschedulable", ('persistentvolumeclaim "agent-data" not found',), spec=_CLAIM
    ),
    "crash": _simulated(
        "crash-loop",
        "CrashLoop",
        "agent",
        "exit code 3",
        exit_code=3,
        log="starting\nno route to the server\n",
        logged="no route to the server",
    ),
    "killed": _simulated("crash-loop", "CrashLoop", "exit code 137", "SIGKILL", exit_code=137),
    "segmentation fault": _simulated(
        "crash-loop", "CrashLoop", "exit code 139", "SIGSEGV", exit_code=139
    ),
    "out of memory": _simulated(
        "out-of-memory",
        "OutOfMemory",
        "OOMKilled",
        "64Mi",
        container={"resources": {"limits": {"memory": "64Mi"}}},
    ),
    "init container": _simulated(
        "crash-loop",
        "InitFailed",
        "prepare",
        "exit code 2",
        container_name="prepare",
        exit_code=2,
        spec=_INIT,
    ),
    "image of an init container": _simulated(
        "image-pull", "ImagePull", "prepare", "not found", container_name="prepare", spec=_INIT
    ),
    "configuration": _simulated(
        "config-error",
        "ContainerConfig",
        'configmap "agent-env" not found',
        container={"envFrom": [{"configMapRef": {"name": "agent-env", "optional": True}}]},
    ),
    "readiness probe": _simulated(
        "never-ready",
        "ProbeFailed",
        "Readiness probe failed",
        "503",
        heals=True,
        container={"readinessProbe": {"httpGet": {"port": 80}}},
    ),
    "liveness probe": _simulated(
        "never-alive",
        "ProbeFailed",
        "Liveness probe failed",
        "500",
        unseen="CrashLoop",
        container={"livenessProbe": {"httpGet": {"port": 80}}},
    ),
    "volume": _simulated(
        "mount-fails",
        "VolumeMount",
        '"rules"',
        'configmap "agent-rules" not found',
        spec=_CONFIG,
        unseen="Starting",
    ),
    "host path": _simulated(
        "host-path",
        "HostPathType",
        "/run/agent is not a socket file",
        unseen="Starting",
        spec=_host_path("Socket"),
    ),
    "evicted": _simulated(
        "evicted",
        "Evicted",
        "exceeds the total limit",
        heals=False,
        message="Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ",
    ),
    "node was low": _simulated("evicted", "NodePressure", "low on resource: memory", heals=True),
    "clock": _simulated("clock-ahead", "ClockSkew", "ahead", heals=True, min_ready_seconds=2),
    "resources": Failure(
        "Unschedulable",
        ("Insufficient cpu", "requests more cpu than"),
        container={"resources": {"requests": {"cpu": "1000"}}},
    ),
    "host port": Failure("HostPortTaken", ("free ports",), container=_PORT),
}
# What takes the port of the last one.
TAKES_PORT = Failure("", (), container=_PORT)
# How long a task waits for what has failed before it.
SECONDS = 6


def told(tasks: Tasks, name: str, causes: list[tuple[str, int]]) -> None:
    """Wait until a DaemonSet lacks pods for exactly these causes, each on so many nodes."""

    def found() -> bool | None:
        (shown,) = tasks.info(name=name, include=["reasons"]).result["daemonsets"]
        reasons = [(one["cause"], one["count"]) for one in shown["reasons"] or []]
        return reasons == causes or None

    eventually(found, f"{name} fails for {causes}")


def waits(
    tasks: Tasks, name: str, failure: Failure, seconds: int = SECONDS, **parameters: Any
) -> Outcome:
    """A task that waits for a DaemonSet to get ready that does not."""
    return tasks.run(
        name=name,
        definition=failure.manifest(name),
        wait=True,
        wait_timeout=seconds,
        fail_early=False,
        **parameters,
    )


def reason_of(outcome: Outcome) -> dict[str, Any]:
    """The only reason that a failed task gives."""
    assert outcome.result.get("failed"), outcome.result
    (reason,) = outcome.result["rollout"]["reasons"]
    found: dict[str, Any] = reason
    return found
