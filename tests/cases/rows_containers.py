# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows about containers: image, resources, GPUs, commands, hooks, probes."""

from __future__ import annotations

from .row import ABSENT, AGENT, Row, of_container, refused, refused_in_container, row, surprising

_EXEC = {"exec": {"command": ["true"]}}
_GPU = "nvidia/com|gpu"
_SIDE = {"name": "side", "image": "side:1"}

_BASICS: list[Row] = [
    row(
        "D18 Y3",
        "several containers, args alone",
        {"P.containers.1.args": ["--v=5"], "P.containers.1.command": ABSENT},
        containers=[AGENT, {**_SIDE, "args": ["--v=5"]}],
    ),
    refused(
        "D18", "one name twice", "containers[1].name", "second container", containers=[AGENT, AGENT]
    ),
    refused("D19", "no name", "containers[0].name", "missing", containers=[{"image": "x:1"}]),
    refused("D19 K12", "no image", "containers[0].image", "missing", containers=[{"name": "x"}]),
    refused(
        "D20",
        "64 characters",
        "containers[0].name",
        "at most 63",
        containers=[{**AGENT, "name": "a" * 64}],
    ),
    row(
        "D20",
        "63 characters",
        {"C.name": "n-1" + "x" * 60},
        containers=[{**AGENT, "name": "n-1" + "x" * 60}],
    ),
    of_container(
        "D21 L88",
        "registry, tag and digest as they stand",
        {"C.image": "r.example:5000/a/b:1@sha256:" + "a" * 64},
        image="r.example:5000/a/b:1@sha256:" + "a" * 64,
    ),
    of_container("D21", "a bare name stays bare", {"C.image": "nginx:1.27"}, image="nginx:1.27"),
    surprising(
        "D21 L64",
        "no tag",
        "containers[0].image",
        "no tag",
        containers=[{**AGENT, "image": "nginx"}],
    ),
    surprising(
        "D19",
        "white space",
        "containers[0].image",
        "white space",
        containers=[{**AGENT, "image": "nginx:1 "}],
    ),
    row(
        "D22 L29",
        "pull secrets",
        {"P.imagePullSecrets": [{"name": "pull"}]},
        image_pull_secrets=[{"name": "pull"}],
    ),
    refused(
        "D22",
        "a pull secret twice",
        "image_pull_secrets[1].name",
        "second pull secret",
        image_pull_secrets=[{"name": "pull"}] * 2,
    ),
    of_container(
        "D23", "unticked, written out", {"C.imagePullPolicy": "IfNotPresent"}, always_pull=False
    ),
    of_container("D23", "ticked", {"C.imagePullPolicy": "Always"}, always_pull=True),
    of_container("D23 L64 Y10", "never", {"C.imagePullPolicy": "Never"}, image_pull_policy="Never"),
    refused_in_container(
        "D23",
        "both",
        "always_pull",
        "says the same as image_pull_policy",
        always_pull=True,
        image_pull_policy="Never",
    ),
    of_container(
        "D24 L67 Y14",
        "privileged",
        {"C.securityContext.privileged": True},
        security_context={"privileged": "yes"},
    ),
    refused_in_container(
        "D24",
        "privileged without escalation",
        "security_context.allow_privilege_escalation",
        "privileged",
        security_context={"privileged": True, "allow_privilege_escalation": False},
    ),
    of_container(
        "D25 K13",
        "requests and limits, as numbers",
        {
            "C.resources": {
                "requests": {"cpu": "500m", "memory": "64Mi"},
                "limits": {"cpu": "1", "memory": "128Mi"},
            }
        },
        resources={
            "requests": {"cpu": 0.5, "memory": "64Mi"},
            "limits": {"cpu": 1, "memory": "128Mi"},
        },
    ),
    refused_in_container(
        "D25",
        "more than the limit",
        "resources.requests.memory",
        "more than the limit",
        resources={"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}},
    ),
    surprising(
        "D25",
        "thousandths of a byte",
        "containers[0].resources.limits.memory",
        '"128Mi"',
        containers=[{**AGENT, "resources": {"limits": {"memory": "128m"}}}],
    ),
    refused_in_container(
        "D25",
        "no such unit",
        "resources.limits.memory",
        '"64M"',
        resources={"limits": {"memory": "64MB"}},
    ),
    of_container("Y7", "empty resources", {"C.resources": {}}, resources={}),
]

_GPUS: list[Row] = [
    of_container(
        "D26 L60 L65",
        "whole cards",
        {f"C.resources.limits.{_GPU}": "2", f"C.resources.requests.{_GPU}": "2"},
        gpu={"resource": "nvidia.com/gpu", "count": 2},
    ),
    of_container(
        "D26 L61",
        "parts of cards",
        {
            "C.resources.limits": {
                "nvidia.com/vgpu": "1",
                "nvidia.com/gpucores": "50",
                "nvidia.com/gpumem": "4096",
            }
        },
        gpu={"resource": "nvidia.com/vgpu", "count": 1, "cores": 50, "memory_mb": 4096},
    ),
    of_container("L65", "none by default", {"C.resources": {}}),
    *(
        refused_in_container(
            "D26 L60",
            f"count {count!r}",
            "gpu.count",
            says,
            gpu={"resource": "nvidia.com/gpu", "count": count},
        )
        for count, says in (
            (0, "1 or more"),
            (-1, "1 or more"),
            (True, "whole number"),
            (0.5, "whole number"),
            ("1.5", "whole number"),
        )
    ),
    refused_in_container("D26", "no vendor", "gpu.resource", "nvidia.com/gpu", gpu={"count": 1}),
    refused_in_container(
        "L61",
        "more than all cores",
        "gpu.cores",
        "from 0 to 100",
        gpu={"resource": "nvidia.com/vgpu", "count": 1, "cores": 101},
    ),
    refused_in_container(
        "L61",
        "no memory",
        "gpu.memory_mb",
        "1 or more",
        gpu={"resource": "nvidia.com/vgpu", "count": 1, "memory_mb": 0},
    ),
    refused_in_container(
        "L60",
        "requests that differ",
        "resources.requests['nvidia.com/gpu']",
        "must equal",
        resources={"limits": {"nvidia.com/gpu": 1}, "requests": {"nvidia.com/gpu": 2}},
    ),
    refused_in_container(
        "D26 L60",
        "half a card",
        "resources.limits['nvidia.com/gpu']",
        "whole numbers",
        resources={"limits": {"nvidia.com/gpu": "500m"}},
    ),
]

_RUNNING: list[Row] = [
    of_container(
        "D28 K14 K15 L1",
        "command and arguments",
        {"C.command": ["/bin/sh", "-c"], "C.args": ["--v=5", "5", "true", "0.5"]},
        command=["/bin/sh", "-c"],
        args=["--v=5", 5, True, 0.5],
    ),
    of_container(
        "L3 L26 Y8",
        "a shell's line, kept with its spaces",
        {"C.command": ["sh", "-c", "a  $(B) && c "]},
        command=["sh", "-c", "a  $(B) && c "],
        env=[{"name": "B", "value": "1"}],
    ),
    refused_in_container(
        "L2 K14", "one text", "command", "each word as an entry", command="sh -c x"
    ),
    surprising(
        "Y4 L26",
        "no such variable",
        "containers[0].args[0]",
        "no such environment variable",
        containers=[{**AGENT, "args": ["$(NODENAME)"]}],
    ),
    of_container(
        "D28 L4 L5",
        "hooks",
        {
            "C.lifecycle.postStart.exec.command": ["true"],
            "C.lifecycle.preStop.httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        },
        lifecycle={
            "post_start": _EXEC,
            "pre_stop": {"http_get": {"port": "80", "path": "/", "scheme": "http"}},
        },
    ),
    of_container(
        "L8",
        "a hook that sleeps",
        {"C.lifecycle.preStop": {"sleep": {"seconds": 5}}},
        lifecycle={"pre_stop": {"sleep": {"seconds": 5}}},
    ),
    refused_in_container(
        "L4 L5",
        "two handlers",
        "lifecycle.pre_stop",
        "exec",
        lifecycle={"pre_stop": {**_EXEC, "sleep": {"seconds": 1}}},
    ),
    refused_in_container(
        "L6",
        "no port",
        "lifecycle.pre_stop.http_get.port",
        "port is missing",
        lifecycle={"pre_stop": {"http_get": {"path": "/"}}},
    ),
    of_container(
        "D29 L9 L10 L11",
        "three probes, three handlers",
        {
            "C.livenessProbe.httpGet.scheme": "HTTPS",
            "C.livenessProbe.httpGet.httpHeaders": [{"name": "X-A", "value": "1"}],
            "C.readinessProbe.tcpSocket.port": 80,
            "C.startupProbe.exec.command": ["true"],
        },
        liveness_probe={
            "http_get": {
                "port": 80,
                "scheme": "Https",
                "http_headers": [{"name": "X-A", "value": 1}],
            }
        },
        readiness_probe={"tcp_socket": {"port": 80}},
        startup_probe=_EXEC,
    ),
    of_container(
        "L10", "grpc", {"C.livenessProbe.grpc.port": 80}, liveness_probe={"grpc": {"port": 80}}
    ),
    refused_in_container(
        "L10",
        "two handlers of a probe",
        "liveness_probe",
        "exec",
        liveness_probe={**_EXEC, "tcp_socket": {"port": 1}},
    ),
    of_container(
        "L12",
        "digits as a port",
        {"C.livenessProbe.httpGet.port": 8080},
        liveness_probe={"http_get": {"port": "8080"}},
    ),
    of_container(
        "L12 L66",
        "a port by name",
        {"C.livenessProbe.httpGet.port": "metrics"},
        liveness_probe={"http_get": {"port": "metrics"}},
        ports=[{"name": "metrics", "container_port": 80}],
    ),
    surprising(
        "L12",
        "no such name",
        "containers[0].liveness_probe.http_get.port",
        "no port named",
        containers=[{**AGENT, "liveness_probe": {"http_get": {"port": "web"}}}],
    ),
    of_container(
        "L13 L14 L15 L16 L17",
        "numbers of a probe",
        {
            "C.livenessProbe": {
                "exec": {"command": ["true"]},
                "initialDelaySeconds": 5,
                "periodSeconds": 1,
                "timeoutSeconds": 2,
                "successThreshold": 1,
                "failureThreshold": 1,
            }
        },
        liveness_probe={
            **_EXEC,
            "initial_delay_seconds": "5",
            "period_seconds": 1,
            "timeout_seconds": 2,
            "success_threshold": 1,
            "failure_threshold": 1,
        },
    ),
    of_container(
        "L13 L15",
        "zeros of a probe",
        {"C.readinessProbe.timeoutSeconds": 1, "C.readinessProbe.initialDelaySeconds": ABSENT},
        readiness_probe={**_EXEC, "initial_delay_seconds": 0},
    ),
    refused_in_container(
        "L16",
        "successes of a liveness probe",
        "liveness_probe.success_threshold",
        "1",
        liveness_probe={**_EXEC, "success_threshold": 2},
    ),
    refused_in_container(
        "L13",
        "less than no delay",
        "liveness_probe.initial_delay_seconds",
        "0 or more",
        liveness_probe={**_EXEC, "initial_delay_seconds": -1},
    ),
    of_container(
        "Y9",
        "where it says why it ended",
        {
            "C.terminationMessagePath": "/dev/end",
            "C.terminationMessagePolicy": "FallbackToLogsOnError",
        },
        termination_message_path="/dev/end",
        termination_message_policy="FallbackToLogsOnError",
    ),
]

CONTAINERS = [*_BASICS, *_GPUS, *_RUNNING]
