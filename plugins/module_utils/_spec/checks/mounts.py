# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of volume mounts and devices of a container.

Source: pkg/apis/core/validation/validation.go, ValidateVolumeMounts and ValidateVolumeDevices.
"""

from __future__ import annotations

import re

from .findings import Place, quoted
from .syntax import check_no_backsteps, check_relative_path

_PROPAGATIONS = ("None", "HostToContainer", "Bidirectional")
_RECURSIVE = ("Disabled", "IfPossible", "Enabled")
# Volumes whose files the kubelet refreshes, and from what.
_REFRESHED = {
    "configMap": "the ConfigMap",
    "secret": "the Secret",
    "projected": "what it is made from",
    "downwardAPI": "what it is made from",
}
_WINDOWS_PATH = re.compile(r"[A-Za-z]:[\\/]|\\\\")


Volumes = dict[str, Place]


def volumes_by_name(pod: Place) -> Volumes:
    """The pod's volumes by their names."""
    return {volume.text("name"): volume for volume in pod.objects("volumes")}


def check_mounts(container: Place, volumes: Volumes) -> None:
    """Check the mounts of a container against the pod's volumes."""
    devices = {device.text("name") for device in container.objects("volumeDevices")} - {""}
    device_paths = {device.text("devicePath") for device in container.objects("volumeDevices")}
    for mount in container.objects("volumeMounts"):
        name = mount.require("name", "the name of the volume")
        if name:
            _check_volume(mount.child("name"), volumes)
        if name in devices:
            mount.child("name").fault(f"the volume {quoted(name)} is a device of this container")
        path = mount.require("mountPath", "the path in the container")
        if path and path in device_paths:
            mount.child("mountPath").fault(f"a device of this container is at {quoted(path)}")
        if ":" in path and not _WINDOWS_PATH.match(path):
            mount.child("mountPath").warn('the path has a ":", which container runtimes refuse')
        _check_sub_path(mount)
        _warn_of_stale_file(mount, volumes.get(name))
        _check_propagation(mount, container)


def _check_volume(place: Place, volumes: Volumes) -> Place | None:
    """Return the volume of the name; note a fault where there is none."""
    if place.value in volumes:
        return volumes[place.value]
    import difflib

    near = difflib.get_close_matches(str(place.value), [name for name in volumes if name], 1)
    hint = f" (did you mean {quoted(near[0])}?)" if near else ""
    place.fault(f"the pod has no volume {quoted(place.value)}{hint}")
    return None


def _check_sub_path(mount: Place) -> None:
    if mount.text("subPath"):
        check_relative_path(mount.child("subPath"))
    if mount.text("subPathExpr"):
        check_relative_path(mount.child("subPathExpr"))
        if mount.text("subPath"):
            mount.child("subPathExpr").fault("subPath and subPathExpr exclude each other")


def _warn_of_stale_file(mount: Place, volume: Place | None) -> None:
    """Warn where the kubelet, which cannot swap a mounted file, never refreshes it."""
    if volume is None:
        return
    for key in ("subPath", "subPathExpr"):
        if not mount.text(key):
            continue
        for source, what in _REFRESHED.items():
            if volume.child(source):
                mount.child(key).warn(
                    f"the file stays as it is when {what} changes, until the pod is restarted"
                )


def _check_propagation(mount: Place, container: Place) -> None:
    place = mount.child("mountPropagation")
    propagation = mount.one_of("mountPropagation", _PROPAGATIONS, empty=False)
    if propagation == "Bidirectional" and not container.is_true("securityContext", "privileged"):
        place.fault('"Bidirectional" is allowed in privileged containers only')
    recursive = mount.one_of("recursiveReadOnly", _RECURSIVE, empty=False)
    if recursive in ("IfPossible", "Enabled"):
        if not mount.is_true("readOnly"):
            mount.child("recursiveReadOnly").fault(f"{quoted(recursive)} needs readOnly: true")
        if propagation not in ("", "None"):
            mount.child("recursiveReadOnly").fault(
                f'{quoted(recursive)} needs mountPropagation "None"'
            )


def check_devices(container: Place, volumes: Volumes) -> None:
    """Check the block devices of a container against the pod's volumes."""
    names: set[str] = set()
    for device in container.objects("volumeDevices"):
        name = device.require("name", "the name of the volume")
        if device.require("devicePath", "the path of the device"):
            check_no_backsteps(device.child("devicePath"))
        if not name:
            continue
        if name in names:
            device.child("name").fault(f"the volume {quoted(name)} is a device already")
        names.add(name)
        volume = _check_volume(device.child("name"), volumes)
        if volume and not (volume.child("persistentVolumeClaim") or volume.child("ephemeral")):
            device.child("name").fault(
                f"the volume {quoted(name)} cannot be a device: only a persistentVolumeClaim"
                " or an ephemeral volume can"
            )
