# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The containers of a pod template as a details page shows them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# The fields of a volume's source that say best which one it is, in the order of preference.
_NAMING = (
    "name",
    "secretName",
    "claimName",
    "path",
    "driver",
    "volumeID",
    "diskName",
    "pdName",
    "reference",
)
_PROBES = {"liveness": "livenessProbe", "readiness": "readinessProbe", "startup": "startupProbe"}


def containers_of(template: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The containers of a pod template with what they are: ``init``, ``sidecar`` or ``container``,
    in the order in which they start.

    A sidecar is an init container that goes on (KEP-753: restartPolicy Always).
    """
    spec = template.get("spec") or {}
    for one in spec.get("initContainers") or []:
        yield "sidecar" if one.get("restartPolicy") == "Always" else "init", one
    for one in spec.get("containers") or []:
        yield "container", one


def container_views(template: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The containers of a pod template, those first that start first.

    Blocks of a container that have fields of their own (probes, the security context, hooks) are
    shown as the API has them.
    """
    spec = template.get("spec") or {}
    volumes = {one["name"]: volume_source(one) for one in spec.get("volumes") or []}
    return [_container(kind, one, volumes) for kind, one in containers_of(template)]


def volume_source(volume: Mapping[str, Any]) -> tuple[str, str | None]:
    """The kind of a volume, as the API names it (``hostPath``), and what it is made of: a path or a
    name; None where nothing names it.

    A volume without a source is an emptyDir (SetDefaults_Volume in pkg/apis/core/v1/defaults.go).
    """
    kind = next((key for key in volume if key != "name" and volume[key] is not None), "emptyDir")
    source: Mapping[str, Any] = volume.get(kind) or {}
    if kind == "projected":
        parts = [_projected(one) for one in source.get("sources") or []]
        return kind, ", ".join(parts) or None
    found = next((source[key] for key in _NAMING if source.get(key)), None)
    return kind, None if found is None else str(found)


def _projected(source: Mapping[str, Any]) -> str:
    kind = next(iter(source), "")
    name = (source.get(kind) or {}).get("name")
    return f"{kind} {name}" if name else kind


def _container(
    kind: str, container: Mapping[str, Any], volumes: Mapping[str, tuple[str, str | None]]
) -> dict[str, Any]:
    resources = container.get("resources") or {}
    return {
        "name": container["name"],
        "kind": kind,
        "image": container.get("image"),
        "image_pull_policy": container.get("imagePullPolicy"),
        "command": container.get("command") or [],
        "args": container.get("args") or [],
        "working_dir": container.get("workingDir"),
        "resources": {key: resources.get(key) or {} for key in ("requests", "limits")},
        "ports": [_port(one) for one in container.get("ports") or []],
        "probes": {word: container.get(field) for word, field in _PROBES.items()},
        "mounts": [_mount(one, volumes) for one in container.get("volumeMounts") or []],
        "devices": [
            {"path": one.get("devicePath"), "volume": one["name"]}
            for one in container.get("volumeDevices") or []
        ],
        "security_context": container.get("securityContext") or {},
        "lifecycle": container.get("lifecycle") or {},
    }


def _port(port: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": port.get("name"),
        "port": port.get("containerPort"),
        "protocol": port.get("protocol") or "TCP",
        "host_port": port.get("hostPort"),
        "host_ip": port.get("hostIP"),
    }


def _mount(
    mount: Mapping[str, Any], volumes: Mapping[str, tuple[str, str | None]]
) -> dict[str, Any]:
    kind, source = volumes.get(mount["name"], (None, None))
    return {
        "path": mount.get("mountPath"),
        "volume": mount["name"],
        "kind": kind,
        "source": source,
        "sub_path": mount.get("subPath") or mount.get("subPathExpr"),
        "read_only": bool(mount.get("readOnly")),
        "propagation": mount.get("mountPropagation"),
    }
