# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The claims that a pod template names. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def claims_named(template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The names of the claims, with the pod's volumes that are made of each and whether all of
    those are read-only.

    Not those of generic ephemeral volumes, of which each pod has its own.
    """
    found: dict[str, dict[str, Any]] = {}
    for volume in (template.get("spec") or {}).get("volumes") or []:
        source = volume.get("persistentVolumeClaim")
        if source:
            one = found.setdefault(source["claimName"], {"volumes": [], "read_only": True})
            one["volumes"].append(volume["name"])
            one["read_only"] = one["read_only"] and bool(source.get("readOnly"))
    return found


def claim_view(
    name: str, use: Mapping[str, Any], exists: bool | None, claim: Mapping[str, Any] | None
) -> dict[str, Any]:
    """One claim.

    Args:
        name: its name.
        use: what `claims_named` says of it.
        exists: None where that could not be found out.
        claim: the PersistentVolumeClaim; None where it is not there or may not be read.
    """
    spec, status = (claim or {}).get("spec") or {}, (claim or {}).get("status") or {}
    return {
        "name": name,
        "exists": exists,
        "volumes": use["volumes"],
        "read_only": use["read_only"],
        "phase": status.get("phase"),
        "requested": ((spec.get("resources") or {}).get("requests") or {}).get("storage"),
        "capacity": (status.get("capacity") or {}).get("storage"),
        "storage_class": spec.get("storageClassName"),
        "persistent_volume": spec.get("volumeName"),
        "access_modes": status.get("accessModes") or spec.get("accessModes") or [],
        "volume_mode": spec.get("volumeMode"),
    }
