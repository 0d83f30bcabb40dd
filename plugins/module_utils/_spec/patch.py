# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The partial update, ``state: patched``: a few things changed in what we own already."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._base.errors import Fault, InputError
from .checks.findings import Place
from .checks.images import check_policy, violations
from .checks.metadata import check_description, check_metadata
from .fields import PARAMETERS, SETTINGS, type_of
from .names import Path, nearest, show_path
from .provenance import Provenance
from .reading import Reading, kind_of
from .schema import FieldType
from .sources import description_key
from .spelling import read_field

_MAPS = ("labels", "annotations")
_IDENTITY = ("name", "namespace")
_CONTAINER_LISTS = ("containers", "initContainers")
_POLICY = "image_policy"
_TEXT = FieldType("string")


@dataclass(frozen=True, slots=True)
class Patch:
    """What a partial update changes; None as a value removes.

    Attributes:
        labels: labels of the DaemonSet.
        annotations: annotations of the DaemonSet, the description among them.
        images: images by the name of the container.
    """

    labels: Mapping[str, str | None]
    annotations: Mapping[str, str | None]
    images: Mapping[str, str]


def read_patch(params: Mapping[str, Any]) -> Patch:
    """The partial update that a task asks for, checked as far as that needs no cluster.

    Raises:
        InputError: with all faults: a parameter that the state does not take, a wrong value.
    """
    reading = Reading(typed=True)
    faults = [
        Fault(name, "state patched does not take it, only labels, annotations, description, images")
        for name in (*PARAMETERS, *SETTINGS, "definition", "src")
        if name not in (*_MAPS, *_IDENTITY, _POLICY) and params.get(name) is not None
    ]
    labels, annotations = (
        dict(read_field(reading, params.get(name), type_of(name), name, PARAMETERS[name]) or {})
        for name in _MAPS
    )
    described: Path = ("metadata", "annotations", description_key(params))
    if params.get("description") is not None:
        text = read_field(reading, params["description"], _TEXT, "description", ())
        annotations[str(described[-1])] = text or None
    images = _images(reading, params.get("images") or {})
    if params.get(_POLICY) is not None:
        _check_images(reading, images, params[_POLICY])
    faults += reading.faults + _wrong(params, labels, annotations, described)
    if faults:
        raise InputError(sorted(faults, key=str))
    return Patch(labels, annotations, images)


def patched(
    params: Mapping[str, Any], owned: Mapping[str, Any], live: Mapping[str, Any]
) -> dict[str, Any]:
    """What we own of a DaemonSet, with a partial update laid over it: the intent to apply.

    Args:
        params: the task's parameters by name.
        owned: the manifest of all that our field manager owns.
        live: the DaemonSet on the server, which may have more containers than we own.

    Raises:
        InputError: see `read_patch`, or there is no such container.
    """
    patch = read_patch(params)
    intent = copy.deepcopy(dict(owned))
    metadata = intent.setdefault("metadata", {})
    for name, changes in (("labels", patch.labels), ("annotations", patch.annotations)):
        if changes:
            merged = {**(metadata.get(name) or {}), **changes}
            kept = {key: value for key, value in merged.items() if value is not None}
            # An empty map would be a field of ours, which the next present gives up: a change.
            if kept or metadata.get(name) == {}:
                metadata[name] = kept
            else:
                metadata.pop(name, None)
    if patch.images:
        _set_images(intent, live["spec"]["template"]["spec"], patch.images)
    return intent


def _wrong(
    params: Mapping[str, Any],
    labels: Mapping[str, Any],
    annotations: Mapping[str, Any],
    described: Path,
) -> list[Fault]:
    place = Place({"metadata": {"name": "any", "labels": labels, "annotations": annotations}})
    check_metadata(place)
    check_description(place.child(*map(str, described)))
    where = Provenance(params, moved={"description": described})
    found = dict.fromkeys(finding for finding in place.findings if not finding.warning)
    return [Fault(where.user_path(finding.path), finding.problem) for finding in found]


def _images(reading: Reading, given: Any) -> dict[str, str]:
    if not isinstance(given, Mapping):
        reading.faults.append(Fault("images", f"expects a dictionary, got {kind_of(given)}"))
        return {}
    images = {}
    for name, image in given.items():
        path = show_path(["images", str(name)])
        if image is None or not str(image).strip():
            reading.faults.append(Fault(path, f"expects an image, got {kind_of(image)}"))
        else:
            images[str(name)] = read_field(reading, image, _TEXT, path, ())
    return images


def _check_images(reading: Reading, images: Mapping[str, str], given: Any) -> None:
    policy = read_field(reading, given, type_of(_POLICY), _POLICY, (_POLICY,)) or {}
    where = Provenance({_POLICY: given}, moved={_POLICY: (_POLICY,)})
    unfit = check_policy(policy)
    reading.faults += [Fault(where.user_path(one.path), one.problem) for one in unfit]
    for name, image in () if unfit else images.items():
        for problem in violations(image, policy):
            reading.faults.append(Fault(show_path(["images", name]), problem))


def _set_images(
    intent: dict[str, Any], live_pod: Mapping[str, Any], images: Mapping[str, str]
) -> None:
    """Sets the images of containers and init containers.

    One that the live DaemonSet has and we do not own (somebody else's sidecar) is stated with its
    name, so that the server decides whose image it is.
    """
    lists = {one["name"]: kind for kind in _CONTAINER_LISTS for one in live_pod.get(kind) or []}
    unknown = [_unknown(name, list(lists)) for name in images if name not in lists]
    if unknown:
        raise InputError(sorted(unknown, key=str))
    pod = intent.setdefault("spec", {}).setdefault("template", {}).setdefault("spec", {})
    for name, image in images.items():
        containers = pod.setdefault(lists[name], [])
        owned = next((one for one in containers if one.get("name") == name), None)
        if owned is None:
            containers.append({"name": name, "image": image})
        else:
            owned["image"] = image


def _unknown(name: str, existing: list[str]) -> Fault:
    near = nearest(name, existing)
    hint = f", did you mean {near}?" if near else ";"
    return Fault(
        show_path(["images", name]),
        f"there is no such container{hint} the DaemonSet has {', '.join(existing)}",
    )
