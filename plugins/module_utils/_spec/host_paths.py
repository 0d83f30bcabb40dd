# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parts of the node that agents of one class mount alike, by the name of the class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .choices import KUBELET_ROOT

_KUBELET = "KUBELET"
_BOTH_WAYS, _FROM_NODE = "Bidirectional", "HostToContainer"


@dataclass(frozen=True, slots=True)
class NodePath:
    """A path of the node, and where a container has it.

    Attributes:
        volume: the volume's name.
        path: the path; KUBELET at its beginning stands for the kubelet's folder.
        type: what has to be there, in the API's words, or empty for no check.
        mount_path: where the container has it; empty for the same path as the node.
        read_only: whether it may not write there.
        propagation: whether mounts made later are seen, in the API's words, or empty.
    """

    volume: str
    path: str
    type: str = ""
    mount_path: str = ""
    read_only: bool = False
    propagation: str = ""

    def as_volume(self, kubelet_root: str) -> dict[str, Any]:
        """The pod's volume."""
        source = {"path": _resolved(self.path, kubelet_root)}
        if self.type:
            source["type"] = self.type
        return {"name": self.volume, "hostPath": source}

    def as_mount(self, kubelet_root: str) -> dict[str, Any]:
        """The container's mount."""
        path = self.mount_path or _resolved(self.path, kubelet_root)
        mount: dict[str, Any] = {"name": self.volume, "mountPath": path}
        if self.read_only:
            mount["readOnly"] = True
        if self.propagation:
            mount["mountPropagation"] = self.propagation
        return mount


def _resolved(path: str, kubelet_root: str) -> str:
    return path.replace(_KUBELET, kubelet_root.rstrip("/"), 1)


# The logs of containers are links into the folder of Docker where that is the runtime.
HOST_PATHS: Mapping[str, tuple[NodePath, ...]] = {
    "logs": (
        NodePath("node-log", "/var/log", read_only=True),
        NodePath("node-docker-logs", "/var/lib/docker/containers", read_only=True),
    ),
    "metrics": (
        NodePath("node-proc", "/proc", mount_path="/host/proc", read_only=True),
        NodePath(
            "node-sys", "/sys", mount_path="/host/sys", read_only=True, propagation=_FROM_NODE
        ),
        NodePath("node-root", "/", mount_path="/host/root", read_only=True, propagation=_FROM_NODE),
    ),
    "devices": (NodePath("node-dev", "/dev", "Directory"),),
    "udev": (NodePath("node-udev", "/run/udev", "Directory", read_only=True),),
    "kernel_modules": (NodePath("node-modules", "/lib/modules", read_only=True),),
    # The kubelet's API for device plugins has this path in it, wherever the kubelet's folder is.
    "device_plugins": (
        NodePath(
            "device-plugins",
            f"{_KUBELET}/device-plugins",
            "Directory",
            mount_path=f"{KUBELET_ROOT}/device-plugins",
        ),
    ),
    "kubelet_plugins": (
        NodePath("kubelet-plugins", f"{_KUBELET}/plugins", "Directory", propagation=_BOTH_WAYS),
    ),
    "kubelet_registry": (
        NodePath(
            "kubelet-registry",
            f"{_KUBELET}/plugins_registry",
            "Directory",
            mount_path="/registration",
        ),
    ),
    "kubelet_pods": (
        NodePath("kubelet-pods", f"{_KUBELET}/pods", "Directory", propagation=_BOTH_WAYS),
    ),
}
