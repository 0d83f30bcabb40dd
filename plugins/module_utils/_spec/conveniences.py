# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What typed parameters offer beside the API's own fields, deeper than the top level.

A convenience writes to one field of the object that it stands in. It exists only where the API has
no field that says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .checks.findings import quoted
from .checks.syntax import LABEL_KEY
from .host_paths import HOST_PATHS
from .reading import Aside
from .schema import FieldType

# The volume's name is that of KubeSphere's console, so that its manifests and ours are alike.
TIME_ZONE_VOLUME = "host-time"
_TIME_ZONE_FILE = "/etc/localtime"
# The resources of the vGPU device plugins for cards of NVIDIA (HAMi and its kin).
_VGPU_DOMAIN = "nvidia.com"
_VGPU_CORES = f"{_VGPU_DOMAIN}/gpucores"
_VGPU_MEMORY = f"{_VGPU_DOMAIN}/gpumem"


@dataclass(frozen=True, slots=True)
class Convenience:
    """A field of our own.

    Attributes:
        accepts: the type of what the user writes.
        field: the API field of the same object that it writes to.
        write: makes that field's new value from what the user wrote, once that is of the right
            type, and from the value that the field has so far, or None; None leaves the field.
        description: sentences for the documentation.
    """

    accepts: FieldType
    field: str
    write: Callable[[Any, Any, Aside], Any]
    description: tuple[str, ...]


def _write_pull_policy(always: bool, current: Any, aside: Aside) -> str | None:
    """Written out both ways: left alone, the API takes Always for images tagged ``latest``."""
    if current is not None:
        aside.fault(f"says the same as {aside.beside}, which is given too; keep one of them")
        return None
    return "Always" if always else "IfNotPresent"


def _write_gpu(gpu: Mapping[str, Any], current: Any, aside: Aside) -> dict[str, Any] | None:
    """Limits, and requests that equal them: so it holds over a definition that has both."""
    amounts = _gpu_amounts(gpu, aside)
    resources = dict(current or {})
    for kind in ("limits", "requests"):
        own = resources.get(kind) or {}
        for name in amounts:
            if own.get(name) is not None:
                aside.fault(
                    f"says how much {name} there is, and so does {aside.beside}.{kind}; keep one"
                    " of them"
                )
        resources[kind] = {**own, **amounts}
    return resources if amounts else None


def _gpu_amounts(gpu: Mapping[str, Any], aside: Aside) -> dict[str, str]:
    """The amounts by the name of their resource; faults for what is wrong."""
    amounts: dict[str, str] = {}
    resource = _gpu_resource(gpu, aside)
    count = gpu.get("count")
    if count is None:
        if not aside.is_faulty("count"):
            aside.fault("is missing: it must be 1 or more", "count")
    elif _in_range(count, 1, None, "count", aside) and resource:
        amounts[resource] = str(count)
    for key, written, name, least, most in (
        ("cores", "cores", _VGPU_CORES, 0, 100),
        ("memoryMb", "memory_mb", _VGPU_MEMORY, 1, None),
    ):
        amount = gpu.get(key)
        if amount is None:
            continue
        if resource and not resource.startswith(f"{_VGPU_DOMAIN}/"):
            aside.fault(f"only parts of cards of {_VGPU_DOMAIN} are given so", written)
        elif _in_range(amount, least, most, written, aside):
            amounts[name] = str(amount)
    return amounts


def _gpu_resource(gpu: Mapping[str, Any], aside: Aside) -> str:
    """The name of the resource; empty, with a fault, where it is none."""
    resource = gpu.get("resource") or ""
    if "/" in resource and LABEL_KEY.holds(resource):
        return str(resource)
    if resource:
        aside.fault(
            f"{quoted(resource)} is not the name of a device plugin's resource, which has a domain:"
            " nvidia.com/gpu",
            "resource",
        )
    elif not aside.is_faulty("resource"):
        aside.fault("is missing: name what the device plugin offers, as nvidia.com/gpu", "resource")
    return ""


def _in_range(number: int, least: int, most: int | None, key: str, aside: Aside) -> bool:
    if number >= least and (most is None or number <= most):
        return True
    allowed = f"{least} or more" if most is None else f"from {least} to {most}"
    aside.fault(f"{number} is not allowed: it must be {allowed}", key)
    return False


def _write_time_zone(wanted: bool, current: Any, aside: Aside) -> list[Any] | None:
    if not wanted:
        return None
    aside.needs_volume({"name": TIME_ZONE_VOLUME, "hostPath": {"path": _TIME_ZONE_FILE}})
    mounts = list(current or [])
    if any(
        isinstance(mount, dict) and mount.get("mountPath") == _TIME_ZONE_FILE for mount in mounts
    ):
        aside.fault(f"mounts {_TIME_ZONE_FILE}, and so does {aside.beside}; keep one of them")
        return None
    own = {"name": TIME_ZONE_VOLUME, "mountPath": _TIME_ZONE_FILE, "readOnly": True}
    return [*mounts, own]


def _write_host_paths(names: list[str], current: Any, aside: Aside) -> list[Any] | None:
    """Mounts that the container does not have yet: what the user mounts at a path stays."""
    mounts = list(current or [])
    there = {mount.get("mountPath") for mount in mounts if isinstance(mount, dict)}
    for path in dict.fromkeys(path for name in names for path in HOST_PATHS.get(name, ())):
        mount = path.as_mount(aside.kubelet_root)
        if mount["mountPath"] not in there:
            aside.needs_volume(path.as_volume(aside.kubelet_root))
            mounts.append(mount)
    return mounts


# By the type of the object that they are written in, then by name (snake_case).
CONVENIENCES: Mapping[str, Mapping[str, Convenience]] = {
    "Container": {
        "always_pull": Convenience(
            accepts=FieldType("boolean"),
            field="imagePullPolicy",
            write=_write_pull_policy,
            description=(
                "Whether the image is pulled at every start of the container.",
                "V(true) is the pull policy V(Always), V(false) is V(IfNotPresent).",
            ),
        ),
        "gpu": Convenience(
            accepts=FieldType("object", ref="Gpu"),
            field="resources",
            write=_write_gpu,
            description=(
                "GPUs for the container, whole cards or parts of one.",
                "They are written as limits, and as requests of the same amount.",
            ),
        ),
        "host_paths": Convenience(
            accepts=FieldType(
                "list", element=FieldType("string", enum=tuple(HOST_PATHS)), relation="set"
            ),
            field="volumeMounts",
            write=_write_host_paths,
            description=(
                (
                    "Parts of the node that agents of a kind mount alike. A mount of the same path"
                    " in O(containers[].volume_mounts) takes their place."
                ),
                (
                    "V(logs) are C(/var/log) and Docker's logs, V(metrics) are C(/proc), C(/sys)"
                    " and C(/) below C(/host), all to be read only."
                ),
                (
                    "V(devices) is C(/dev), V(udev) is C(/run/udev), V(kernel_modules) is"
                    " C(/lib/modules)."
                ),
                (
                    "V(device_plugins), V(kubelet_plugins), V(kubelet_registry) and V(kubelet_pods)"
                    " are folders of the kubelet, in O(kubelet_root). The registry is mounted at"
                    " C(/registration), the others where they are on the node."
                ),
            ),
        ),
        "sync_host_timezone": Convenience(
            accepts=FieldType("boolean"),
            field="volumeMounts",
            write=_write_time_zone,
            description=(
                (
                    "Whether the container has the time zone of its node, by a read-only mount of"
                    f" the node's C({_TIME_ZONE_FILE}), from a volume named C({TIME_ZONE_VOLUME})."
                ),
                "V(false) says nothing. It takes no mount away.",
            ),
        ),
    },
}
