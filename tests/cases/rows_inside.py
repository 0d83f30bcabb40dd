# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows about what containers are given: environment, ports, rights, sidecars."""

from __future__ import annotations

from typing import Any

from .row import ABSENT, AGENT, Row, of_container, refused, refused_in_container, row, surprising

_EXEC = {"exec": {"command": ["true"]}}
_SIDE = {"name": "side", "image": "side:1"}


def _from(**source: Any) -> list[dict[str, Any]]:
    return [{"name": "X", "value_from": source}]


_V = "C.env.0.valueFrom"
_ENVIRONMENT: list[Row] = [
    of_container(
        "D30 K19 L19 Y6",
        "numbers and booleans",
        {
            "C.env": [
                {"name": "A", "value": "1"},
                {"name": "B", "value": "true"},
                {"name": "C", "value": "0.5"},
            ]
        },
        env=[{"name": "A", "value": 1}, {"name": "B", "value": True}, {"name": "C", "value": 0.5}],
    ),
    refused_in_container(
        "L19",
        "one variable twice",
        "env[1].name",
        "second environment variable",
        env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}],
    ),
    of_container(
        "L20",
        "a resource",
        {f"{_V}.resourceFieldRef.resource": "limits.cpu"},
        env=_from(resource_field_ref={"resource": "limits.cpu"}),
    ),
    refused_in_container(
        "L20",
        "no such resource",
        "env[0].value_from.resource_field_ref.resource",
        "limits.cpu",
        env=_from(resource_field_ref={"resource": "cpu"}),
    ),
    of_container(
        "L21 Y5",
        "a field of the pod",
        {f"{_V}.fieldRef": {"fieldPath": "metadata.labels['x']", "apiVersion": "v1"}},
        env=_from(field_ref={"field_path": "metadata.labels['x']"}),
    ),
    refused_in_container(
        "L21 Y5",
        "no such field",
        "env[0].value_from.field_ref.field_path",
        "spec.nodeName",
        env=_from(field_ref={"field_path": "spec.node"}),
    ),
    of_container(
        "L22",
        "a key of a ConfigMap",
        {f"{_V}.configMapKeyRef": {"name": "c", "key": "k", "optional": True}},
        env=_from(config_map_key_ref={"name": "c", "key": "k", "optional": True}),
    ),
    of_container(
        "L23",
        "a key of a Secret",
        {f"{_V}.secretKeyRef": {"name": "s", "key": "k"}},
        env=_from(secret_key_ref={"name": "s", "key": "k"}),
    ),
    of_container(
        "L24",
        "all of a Secret",
        {"C.envFrom": [{"prefix": "P_", "secretRef": {"name": "s"}}]},
        env_from=[{"prefix": "P_", "secret_ref": {"name": "s"}}],
    ),
    of_container(
        "L25",
        "all of a ConfigMap",
        {"C.envFrom": [{"prefix": "P_", "configMapRef": {"name": "c"}}]},
        env_from=[{"prefix": "P_", "config_map_ref": {"name": "c"}}],
    ),
]


def _port(number: Any, **more: Any) -> dict[str, Any]:
    return {"container_port": number, **more}


_PORTS: list[Row] = [
    row("Y21", "none", {"C.ports": ABSENT}),
    of_container(
        "K16 K17",
        "TCP and UDP on one number",
        {"C.ports.1.protocol": "UDP"},
        ports=[_port(53), _port("53", protocol="udp")],
    ),
    refused(
        "D10",
        "one port in two containers",
        "containers[1].ports[0].container_port",
        "share its ports",
        containers=[{**AGENT, "ports": [_port(80)]}, {**_SIDE, "ports": [_port(80)]}],
    ),
    row(
        "D10 K17",
        "the other protocol in another container",
        {"P.containers.1.ports.0.protocol": "UDP"},
        containers=[
            {**AGENT, "ports": [_port(80)]},
            {**_SIDE, "ports": [_port(80, protocol="UDP")]},
        ],
    ),
    refused_in_container(
        "K16", "no port", "ports[0].container_port", "from 1 to 65535", ports=[_port(65536)]
    ),
    refused_in_container(
        "K16", "a boolean", "ports[0].container_port", "whole number", ports=[_port(True)]
    ),
    of_container(
        "K18",
        "a port of the node",
        {"C.ports.0.hostPort": 8080, "C.ports.0.hostIP": "127.0.0.1"},
        ports=[_port(80, host_port=8080, host_ip="127.0.0.1")],
    ),
    row(
        "K18 Y18",
        "the node's network",
        {"C.ports.0.hostPort": 80},
        containers=[{**AGENT, "ports": [_port(80, host_port=80)]}],
        host_network=True,
    ),
    refused(
        "K18 Y18",
        "another port on the node's network",
        "containers[0].ports[0].host_port",
        "must equal",
        containers=[{**AGENT, "ports": [_port(80, host_port=81)]}],
        host_network=True,
    ),
    refused(
        "K18",
        "one port of the node twice",
        "containers[1].ports[0].host_port",
        "8080",
        containers=[
            {**AGENT, "ports": [_port(80, host_port=8080)]},
            {**_SIDE, "ports": [_port(81, host_port=8080)]},
        ],
    ),
    refused_in_container(
        "L66", "a long port name", "ports[0].name", "at most 15", ports=[_port(80, name="a" * 16)]
    ),
]

_SECURITY: list[Row] = [
    of_container(
        "D32",
        "root by number",
        {"C.securityContext.runAsUser": 0},
        security_context={"run_as_user": 0},
    ),
    of_container(
        "D32",
        "text as a number",
        {"C.securityContext.runAsUser": 1000},
        security_context={"runAsUser": "1000"},
    ),
    refused_in_container(
        "D32",
        "a boolean",
        "security_context.run_as_user",
        "whole number",
        security_context={"run_as_user": False},
    ),
    surprising(
        "D32 L67",
        "root that must not be",
        "containers[0].security_context.run_as_non_root",
        "never start",
        containers=[{**AGENT, "security_context": {"run_as_user": 0, "run_as_non_root": True}}],
    ),
    of_container(
        "L67",
        "everything of the tab",
        {
            "C.securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "runAsGroup": 0,
                "runAsNonRoot": False,
                "seLinuxOptions": {"level": "s0"},
                "capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]},
            }
        },
        security_context={
            "allow_privilege_escalation": False,
            "read_only_root_filesystem": True,
            "run_as_group": 0,
            "run_as_non_root": False,
            "se_linux_options": {"level": "s0"},
            "capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]},
        },
    ),
    row(
        "L67",
        "of the pod",
        {"P.securityContext": {"fsGroup": 0, "runAsUser": 0}},
        pod_security_context={"fs_group": 0, "run_as_user": 0},
    ),
    row(
        "L63",
        "an init container and a sidecar",
        {"I.name": "first", "P.initContainers.1.restartPolicy": "Always"},
        init_containers=[
            {"name": "first", "image": "first:1"},
            {**_SIDE, "restart_policy": "Always", "startup_probe": _EXEC},
        ],
    ),
    refused(
        "L63",
        "a probe of an init container",
        "init_containers[0].liveness_probe",
        "restartPolicy",
        init_containers=[{**_SIDE, "liveness_probe": _EXEC}],
    ),
    of_container(
        "L68",
        "the node's time zone",
        {
            "C.volumeMounts": [
                {"name": "host-time", "mountPath": "/etc/localtime", "readOnly": True}
            ],
            "V.hostPath.path": "/etc/localtime",
        },
        sync_host_timezone=True,
    ),
]

INSIDE = [*_ENVIRONMENT, *_PORTS, *_SECURITY]
