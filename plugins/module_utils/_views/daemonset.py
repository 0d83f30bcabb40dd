# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A DaemonSet as a list or a details page shows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._rollout.annotation import shown_metadata
from .._spec.descriptions import description_of
from .state import in_words, rollout_of, state_word

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_CREATOR = "kubesphere.io/creator"


def entry_view(daemonset: Mapping[str, Any]) -> dict[str, Any]:
    """What a list shows of a DaemonSet."""
    metadata, spec = daemonset["metadata"], daemonset["spec"]
    rollout = rollout_of(daemonset)
    return {
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "uid": metadata["uid"],
        "description": description_of(metadata.get("annotations") or {}),
        "state": state_word(daemonset),
        "message": in_words(daemonset, rollout),
        "rollout": rollout,
        "images": _images(spec["template"].get("spec") or {}),
        "update_strategy": (spec.get("updateStrategy") or {}).get("type"),
        "labels": metadata.get("labels") or {},
        **_history(metadata),
        "notes": [],
    }


def object_view(daemonset: Mapping[str, Any]) -> dict[str, Any]:
    """The object, without managedFields and without what a rollout remembers in it."""
    # In a list, the server's answer says the kind once for all.
    whole = {"apiVersion": "apps/v1", "kind": "DaemonSet", **daemonset}
    return {**whole, "metadata": shown_metadata(daemonset)}


def metadata_view(daemonset: Mapping[str, Any]) -> dict[str, Any]:
    """What there is to say about the object itself, whatever it is for."""
    metadata = shown_metadata(daemonset)
    annotations = metadata.get("annotations") or {}
    return {
        "labels": metadata.get("labels") or {},
        "annotations": {key: annotations[key] for key in annotations if key != _LAST_APPLIED},
        "owners": [
            {"kind": one.get("kind"), "name": one.get("name"), "uid": one.get("uid")}
            for one in metadata.get("ownerReferences") or []
        ],
        "finalizers": metadata.get("finalizers") or [],
        "uid": metadata["uid"],
        "generation": metadata.get("generation"),
        "resource_version": metadata.get("resourceVersion"),
        **_history(daemonset["metadata"]),
        "deletion_began": metadata.get("deletionTimestamp"),
        "field_managers": [
            {
                "name": one.get("manager"),
                "operation": one.get("operation"),
                "subresource": one.get("subresource"),
                "api_version": one.get("apiVersion"),
                "changed": one.get("time"),
            }
            for one in daemonset["metadata"].get("managedFields") or []
        ],
    }


def _images(pod_spec: Mapping[str, Any]) -> dict[str, str | None]:
    """The images by container, those that run first before the others."""
    return {
        one["name"]: one.get("image")
        for key in ("initContainers", "containers")
        for one in pod_spec.get(key) or []
    }


def _history(metadata: Mapping[str, Any]) -> dict[str, str | None]:
    """When the object was made and last changed, and by whom, as far as is known.

    A manager's entry has the time of its last change, so that who made the object is known by the
    annotation of a console, or else taken to be the one who has let it be for the longest.
    """
    entries = [
        (str(one["time"]), str(one.get("manager")))
        for one in metadata.get("managedFields") or []
        # The controller writes the status all the time.
        if one.get("time") and not one.get("subresource")
    ]
    first = min(entries, key=_time, default=(None, None))
    # Of the same second, updates are listed after what was applied.
    last = max(reversed(entries), key=_time, default=(None, None))
    creator = (metadata.get("annotations") or {}).get(_CREATOR)
    return {
        "created": metadata.get("creationTimestamp"),
        "created_by": creator or first[1],
        "updated": last[0],
        "updated_by": last[1],
    }


def _time(entry: tuple[str, str]) -> str:
    return entry[0]


def quota_view(quota: Mapping[str, Any]) -> dict[str, Any]:
    """A ResourceQuota: what it allows, and how much of that is used."""
    status = quota.get("status") or {}
    return {
        "name": quota["metadata"]["name"],
        "namespace": quota["metadata"]["namespace"],
        "hard": status.get("hard") or quota["spec"].get("hard") or {},
        "used": status.get("used") or {},
    }
