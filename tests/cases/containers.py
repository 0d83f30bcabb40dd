# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers: names, images, ports, resources, mounts."""

from __future__ import annotations

from typing import Any

from .case import REMOVED, Case, fault, fine, stricter, warned

_GPU = "nvidia.com/gpu"
_GPU_PATH = "nvidia/com|gpu"


def _ports(*ports: dict[str, Any]) -> dict[str, Any]:
    return {"C.ports": list(ports)}


def _limits(**limits: Any) -> dict[str, Any]:
    return {"C.resources": {"limits": limits}}


_NAMES = [
    fault("C.name", "Nginx_1", says='"Nginx_1" is not a valid container name: lower-case letters'),
    fault("C.name", "a.b", says="container name"),
    fault("C.name", "a" * 64, says="it has 64"),
    fault("C.name", "", says="missing"),
    fault("C.name", REMOVED, says="missing"),
    fine("C.name", "1" * 63),
    fault("P.containers.1.name", "main", says="a second container"),
    fault("I.name", "main", says="share their names"),
    fault("P.initContainers", [{"name": "a", "image": "b"}] * 2, at="P.initContainers.1.name"),
    fault("P.containers.2", None, says="null"),
    fault("C.image", REMOVED, says="missing"),
    fault("C.image", None, says="missing"),
    fault("C.image", "", says="missing"),
    warned("C.image", " busybox", says="white space"),
    fine("C.image", "Any:Thing goes"),
    warned("C.image", "agent", says="has no tag"),
    warned("C.image", "registry.example:5000/agent", says="has no tag"),
    warned("C.image", "agent:latest", says='has the tag "latest"'),
    warned("I.image", "agent", says="has no tag"),
    fine("C.image", "agent:latest@sha256:" + "0" * 64),
    fine("C.image", "registry.example:5000/agent:1"),
    fault("P.containers", [], says="at least one"),
    fault("P.containers", REMOVED, says="at least one"),
    fine("C.imagePullPolicy", ""),
    fine("C.imagePullPolicy", "Never"),
    fault("C.imagePullPolicy", "always", says='"Always", "IfNotPresent" or "Never"'),
    fine("C.terminationMessagePolicy", "FallbackToLogsOnError"),
    fault("C.terminationMessagePolicy", "Logs", says='"File"'),
    fine("C.restartPolicy", "OnFailure"),
    fault("C.restartPolicy", "Sometimes", says='"Always"'),
    fault("C.restartPolicy", "", says="empty"),
    fine("I.restartPolicy", "Always"),
    fault("I.restartPolicy", "always", says='"Always"'),
    fault("C.restartPolicyRules", [{"action": "Restart"}], at="C.restartPolicy", says="beside"),
    fault(
        {"C.restartPolicy": "Never", "C.restartPolicyRules": [{"action": "Restart"}]},
        at="C.restartPolicyRules.0.exitCodes",
        says="missing",
    ),
    fine(
        {
            "C.restartPolicy": "Never",
            "C.restartPolicyRules": [
                {"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}
            ],
        }
    ),
    fine("C.resizePolicy", [{"resourceName": "cpu", "restartPolicy": "NotRequired"}]),
    fault(
        "C.resizePolicy",
        [{"resourceName": "gpu", "restartPolicy": "NotRequired"}],
        at="C.resizePolicy.0.resourceName",
        says='"cpu"',
    ),
    fault(
        "C.resizePolicy",
        [{"resourceName": "cpu", "restartPolicy": "NotRequired"}] * 2,
        at="C.resizePolicy.1.resourceName",
        says="second",
    ),
]

_PORTS = [
    fine(_ports({"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53})),
    fine(_ports({"containerPort": 53, "hostPort": 0})),
    fine(_ports({"containerPort": 1, "protocol": "SCTP"}, {"containerPort": 65535})),
    fault(
        _ports({"containerPort": 53}, {"containerPort": 53, "protocol": "TCP"}),
        at="C.ports.1.containerPort",
        says='a second port with the containerPort 53 and protocol "TCP"',
    ),
    stricter(
        {"P.containers.1.ports": [{"containerPort": 9100}]},
        at="P.containers.1.ports.0.containerPort",
        says='used by the container "main" too',
    ),
    fine({"P.containers.1.ports": [{"containerPort": 9100, "protocol": "UDP"}]}),
    fine({"I.ports": [{"containerPort": 9100}]}),
    fault(_ports({"containerPort": 0}), at="C.ports.0.containerPort", says="missing"),
    fault(_ports({"name": "a"}), at="C.ports.0.containerPort", says="missing"),
    fault(_ports({"containerPort": 65536}), at="C.ports.0.containerPort", says="from 1 to 65535"),
    fault(_ports({"containerPort": -1}), at="C.ports.0.containerPort", says="from 1 to 65535"),
    fault(_ports({"containerPort": 1, "hostPort": 70000}), at="C.ports.0.hostPort", says="65535"),
    fault(_ports({"containerPort": 1, "protocol": "tcp"}), at="C.ports.0.protocol", says='"TCP"'),
    fault(_ports({"containerPort": 1, "name": "Web"}), at="C.ports.0.name", says="port name"),
    fault(_ports({"containerPort": 1, "name": "a" * 16}), at="C.ports.0.name", says="it has 16"),
    fault(_ports({"containerPort": 1, "name": "80"}), at="C.ports.0.name", says="one letter"),
    fault(_ports({"containerPort": 1, "name": "a--b"}), at="C.ports.0.name", says="doubled"),
    fault(_ports({"containerPort": 1, "name": "a-"}), at="C.ports.0.name", says="port name"),
    fine(_ports({"containerPort": 1, "name": "8a-b-c"})),
    fault(
        _ports({"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}),
        at="C.ports.1.name",
        says="named",
    ),
    fine({"P.containers.1.ports": [{"containerPort": 1, "name": "metrics"}]}),
    fault(
        {"P.containers.1.ports": [{"containerPort": 1, "hostPort": 9100}]},
        at="P.containers.1.ports.0.hostPort",
        says="taken by the container",
    ),
    fine({"P.containers.1.ports": [{"containerPort": 1, "hostPort": 9100, "protocol": "UDP"}]}),
    fine({"P.containers.1.ports": [{"containerPort": 1, "hostPort": 9100, "hostIP": "1.2.3.4"}]}),
    fine({"I.ports": [{"containerPort": 1, "hostPort": 9100}]}),
    fault(
        {"I.ports": [{"containerPort": 1, "hostPort": 1}, {"containerPort": 2, "hostPort": 1}]},
        at="I.ports.1.hostPort",
        says="taken",
    ),
    fault(
        {"P.hostNetwork": True, "C.ports": [{"containerPort": 1, "hostPort": 2}]},
        at="C.ports.0.hostPort",
        says="containerPort, which is 1",
    ),
    fine({"P.hostNetwork": True, "C.ports": [{"containerPort": 1}]}),
]

_RESOURCES = [
    fine("C.resources", {}),
    fine("C.resources", None),
    fine(_limits(cpu=0.5, memory="64Mi")),
    fine(_limits(cpu="0.1m")),
    fine(_limits(cpu="1e3", memory="1E3")),
    fine(_limits(memory=" 1. ")),
    fine(_limits(cpu="+.5")),
    fine(_limits(cpu=0)),
    fine({"C.resources": {"limits": {"ephemeral-storage": "1Gi"}}}),
    warned(_limits(memory="128m"), at="C.resources.limits.memory", says='did you mean "128Mi"?'),
    warned(
        "C.resources",
        {"requests": {"ephemeral-storage": "5m"}},
        at="C.resources.requests.ephemeral-storage",
        says="thousandths of a byte",
    ),
    fault(_limits(memory="64MB"), at="C.resources.limits.memory", says='did you mean "64M"?'),
    fault(_limits(memory="64mi"), at="C.resources.limits.memory", says='did you mean "64Mi"?'),
    fault(_limits(memory="1K"), at="C.resources.limits.memory", says='did you mean "1k"?'),
    fault(_limits(memory="0,5"), at="C.resources.limits.memory", says='did you mean "0.5"?'),
    fault(_limits(memory="64 Mi"), at="C.resources.limits.memory", says='did you mean "64Mi"?'),
    fault(_limits(memory="much"), at="C.resources.limits.memory", says="is not a quantity"),
    fault(_limits(memory=""), at="C.resources.limits.memory", says="is not a quantity"),
    fault(_limits(cpu=-1), at="C.resources.limits.cpu", says="0 or more"),
    fault(_limits(gpu=1), at="C.resources.limits.gpu", says="is not a resource"),
    fault(_limits(storage="1Gi"), at="C.resources.limits.storage", says="is not a resource"),
    fault(
        {"C.resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1500m"}}},
        at="C.resources.requests.cpu",
        says='the request "2" is more than the limit "1500m"',
    ),
    fine({"C.resources": {"requests": {"cpu": "1000m"}, "limits": {"cpu": 1}}}),
    fine({"C.resources": {"requests": {"cpu": "1.0001m"}, "limits": {"cpu": "2m"}}}),
    fine({"C.resources": {"limits": {_GPU: 1}}}),
    fine({"C.resources": {"limits": {_GPU: "1000m"}}}),
    fine({"C.resources": {"limits": {_GPU: 0}}}),
    fine({"C.resources": {"limits": {_GPU: 1}, "requests": {_GPU: "1"}}}),
    fault(
        {"C.resources": {"limits": {_GPU: 1.5}}},
        at=f"C.resources.limits.{_GPU_PATH}",
        says="whole numbers",
    ),
    fault(
        {"C.resources": {"limits": {_GPU: "500m"}}},
        at=f"C.resources.limits.{_GPU_PATH}",
        says="whole numbers",
    ),
    fault(
        {"C.resources": {"limits": {_GPU: -1}}}, at=f"C.resources.limits.{_GPU_PATH}", says="0 or"
    ),
    fault(
        {"C.resources": {"requests": {_GPU: 1}}},
        at=f"C.resources.requests.{_GPU_PATH}",
        says="needs a limit too",
    ),
    fault(
        {"C.resources": {"requests": {_GPU: 1}, "limits": {_GPU: 2}}},
        at=f"C.resources.requests.{_GPU_PATH}",
        says="must equal the limit",
    ),
    fine({"C.resources": {"limits": {"kubernetes.io/batch": "0.5"}}}),
    fault(
        {"C.resources": {"limits": {"requests.nvidia.com/gpu": 1}}},
        at="C.resources.limits.requests/nvidia/com|gpu",
        says="reserved",
    ),
    fault(
        {"C.resources": {"limits": {"a b/c": 1}}}, at="C.resources.limits.a b|c", says="valid name"
    ),
    fine({"C.resources": {"limits": {"hugepages-2Mi": "4Mi", "cpu": 1}}}),
    fault(
        {"C.resources": {"limits": {"hugepages-2Mi": "3Mi", "cpu": 1}}},
        at="C.resources.limits.hugepages-2Mi",
        says="multiple",
    ),
    fault({"C.resources": {"limits": {"hugepages-2Mi": "4Mi"}}}, at="C.resources", says="beside"),
    fault(
        {"C.resources": {"limits": {"cpu": 1}, "requests": {"hugepages-2Mi": "4Mi"}}},
        at="C.resources.requests.hugepages-2Mi",
        says="needs a limit",
    ),
    fault(
        "C.resources.claims", [{"name": "x"}], at="C.resources.claims.0.name", says="no resource"
    ),
    fine(
        {
            "P.resourceClaims": [{"name": "x", "resourceClaimName": "y"}],
            "C.resources.claims": [{"name": "x", "request": "r"}],
        }
    ),
    fault(
        {
            "P.resourceClaims": [{"name": "x", "resourceClaimName": "y"}],
            "C.resources.claims": [{"name": "x", "request": "r"}, {"name": "x", "request": "s"}],
        },
        at="C.resources.claims.1.name",
        says="second",
    ),
]

_MOUNT = "C.volumeMounts.0"
_MOUNTS = [
    fault(f"{_MOUNT}.name", "log", says='no volume "log" (did you mean "logs"?)'),
    fault(f"{_MOUNT}.name", REMOVED, says="missing"),
    fault(f"{_MOUNT}.mountPath", REMOVED, says="missing"),
    fault(f"{_MOUNT}.mountPath", "", says="missing"),
    fault(
        "C.volumeMounts.1", {"name": "cache", "mountPath": "/logs"}, at="C.volumeMounts.1.mountPath"
    ),
    fine("C.volumeMounts.1", {"name": "logs", "mountPath": "/logs2"}),
    fine(f"{_MOUNT}.mountPath", "relative"),
    fine(f"{_MOUNT}.mountPath", "C:\\logs"),
    warned(f"{_MOUNT}.mountPath", "/a:b", says='":"'),
    fine(f"{_MOUNT}.subPath", "a/b"),
    warned(
        {f"{_MOUNT}.subPath": "a", "P.volumes.0": {"name": "logs", "configMap": {"name": "x"}}},
        says="when the ConfigMap changes",
    ),
    warned(
        {
            f"{_MOUNT}.subPathExpr": "$(NODE)",
            "P.volumes.0": {"name": "logs", "secret": {"secretName": "x"}},
        },
        says="when the Secret changes",
    ),
    fine({f"{_MOUNT}.subPath": "a", "P.volumes.0": {"name": "logs", "emptyDir": {}}}),
    fault(f"{_MOUNT}.subPath", "/a", says="relative"),
    fault(f"{_MOUNT}.subPath", "a/../b", says='".."'),
    fine(f"{_MOUNT}.subPath", "a..b"),
    fine(f"{_MOUNT}.subPathExpr", "$(NODE)"),
    fault(f"{_MOUNT}.subPathExpr", "/$(NODE)", says="relative"),
    fault(
        {f"{_MOUNT}.subPath": "a", f"{_MOUNT}.subPathExpr": "b"},
        at=f"{_MOUNT}.subPathExpr",
        says="exclude",
    ),
    fine(f"{_MOUNT}.mountPropagation", "HostToContainer"),
    fault(f"{_MOUNT}.mountPropagation", "Shared", says='"Bidirectional"'),
    fault(f"{_MOUNT}.mountPropagation", "", says='"None"'),
    fault(f"{_MOUNT}.mountPropagation", "Bidirectional", says="privileged"),
    fine(
        {f"{_MOUNT}.mountPropagation": "Bidirectional", "C.securityContext": {"privileged": True}}
    ),
    fine(f"{_MOUNT}.recursiveReadOnly", "Enabled"),
    fault(f"{_MOUNT}.recursiveReadOnly", "enabled", says='"Enabled"'),
    fault(
        {f"{_MOUNT}.recursiveReadOnly": "IfPossible", f"{_MOUNT}.readOnly": False},
        at=f"{_MOUNT}.recursiveReadOnly",
        says="readOnly",
    ),
    fault(
        {
            f"{_MOUNT}.recursiveReadOnly": "Enabled",
            f"{_MOUNT}.mountPropagation": "HostToContainer",
        },
        at=f"{_MOUNT}.recursiveReadOnly",
        says="None",
    ),
    # Block devices.
    fine("C.volumeDevices", [{"name": "data", "devicePath": "/dev/x"}]),
    fault(
        "C.volumeDevices",
        [{"name": "cache", "devicePath": "/dev/x"}],
        at="C.volumeDevices.0.name",
        says="cannot be a device",
    ),
    fault("C.volumeDevices", [{"name": "no", "devicePath": "/x"}], at="C.volumeDevices.0.name"),
    fault("C.volumeDevices", [{"name": "data"}], at="C.volumeDevices.0.devicePath", says="missing"),
    fault(
        "C.volumeDevices",
        [{"name": "data", "devicePath": "/a/../b"}],
        at="C.volumeDevices.0.devicePath",
        says='".."',
    ),
    fault(
        "C.volumeDevices",
        [{"name": "data", "devicePath": "/a"}, {"name": "data", "devicePath": "/b"}],
        at="C.volumeDevices.1.name",
        says="already",
    ),
    fault(
        {
            "C.volumeDevices": [{"name": "data", "devicePath": "/x"}],
            "C.volumeMounts.1": {"name": "data", "mountPath": "/y"},
        },
        at="C.volumeMounts.1.name",
        says="is a device",
    ),
    fault(
        "C.volumeDevices",
        [{"name": "data", "devicePath": "/logs"}],
        at=f"{_MOUNT}.mountPath",
        says="device",
    ),
]

CONTAINERS: list[Case] = [*_NAMES, *_PORTS, *_RESOURCES, *_MOUNTS]
