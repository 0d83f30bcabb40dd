# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task's two sources say together: a definition, and typed parameters laid over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._base.errors import Fault, InputError
from .choices import KUBELET_ROOT
from .documents import API_VERSION, KIND
from .fields import DESCRIPTION_ANNOTATION, PARAMETERS, SETTINGS, type_of
from .names import Path
from .reading import Reading
from .schema import DAEMONSET, FieldType
from .spelling import read_field

if TYPE_CHECKING:
    from .overlay import ListOrigins

DEFINITION_PARAMETERS = ("definition", "src", "src_content")

_TEXT = FieldType("string")
# Parameters that findings are about and that have no place in the manifest, only one of their own.
_OUTSIDE: dict[str, Path] = {
    name: (name,) for name in (*SETTINGS, "wait_timeout", "progress_deadline_seconds")
}


@dataclass(frozen=True, slots=True)
class Sources:
    """What the user gave.

    Attributes:
        manifest: the definition with the typed parameters laid over it, in the API's spelling; its
            metadata, spec, template and pod are there, if empty.
        typed: the task's parameters as the user wrote them, by name.
        user_path: gives for a path of the manifest what the user wrote for it.
        faults: what could not be read.
        suspects: places in the manifest that are not what the user meant, because of a fault.
        warnings: sentences for the user.
        settings: the typed parameters that are no field of the manifest, by name, where given.
        readable: whether the definition, if there is one, is a DaemonSet at all; without it most of
            the manifest may be missing.
    """

    manifest: dict[str, Any]
    typed: Mapping[str, Any]
    user_path: Callable[[Path], str]
    faults: list[Fault]
    suspects: list[Path]
    warnings: list[str]
    settings: dict[str, Any]
    readable: bool


# A module is compiled anew in each task, so what few tasks need is imported where it is used.


def read_sources(params: Mapping[str, Any]) -> Sources:
    """Reads definition and typed parameters; all faults are in the result."""
    origin, source = _definition(params)
    faults: list[Fault] = []
    definition = None
    if source is not None:
        try:
            from .parse import parse_definition

            definition = parse_definition(source, origin=origin)
        except InputError as error:
            faults += error.faults
    kubelet_root = params.get("kubelet_root") or KUBELET_ROOT
    plain, typed = Reading(typed=False), Reading(typed=True, kubelet_root=kubelet_root)
    base = read_field(plain, definition, DAEMONSET, origin, ())
    moved = {"description": ("metadata", "annotations", description_key(params))}
    over = _typed_manifest(params, typed, moved["description"])
    settings = {
        name: read_field(typed, params[name], type_of(name), name, (name,))
        for name in SETTINGS
        if params.get(name) is not None
    }
    _add_volumes(typed, over, base or {})
    origins: ListOrigins = {}

    def user_path(path: Path) -> str:
        from .provenance import Provenance

        where = Provenance(params, definition, origin, {**moved, **_OUTSIDE}, origins)
        return where.user_path(path)

    return Sources(
        manifest=_framed(_laid_over(base or {}, over, origins)),
        typed=params,
        user_path=user_path,
        faults=faults + plain.faults + typed.faults,
        suspects=plain.suspects + typed.suspects,
        warnings=plain.warnings + typed.warnings,
        settings={name: value for name, value in settings.items() if value is not None},
        readable=source is None or definition is not None,
    )


def _laid_over(base: dict[str, Any], over: dict[str, Any], origins: ListOrigins) -> dict[str, Any]:
    if not over:
        return base
    from .overlay import overlaid

    merged: dict[str, Any] = overlaid(base, over, DAEMONSET, origins)
    return merged


def description_key(params: Mapping[str, Any]) -> str:
    """The key of the annotation that holds the description."""
    return params.get("description_annotation") or DESCRIPTION_ANNOTATION


def _definition(params: Mapping[str, Any]) -> tuple[str, Any]:
    if params.get("definition") is not None:
        return "definition", params["definition"]
    return "src", params.get("src_content")


def _typed_manifest(
    params: Mapping[str, Any], reading: Reading, description: Path
) -> dict[str, Any]:
    """The typed parameters alone. An empty description takes the annotation away."""
    manifest: dict[str, Any] = {}
    for name, path in PARAMETERS.items():
        if params.get(name) is not None:
            _put(manifest, path, read_field(reading, params[name], type_of(name), name, path))
    if params.get("description") is not None:
        text = read_field(reading, params["description"], _TEXT, "description", description)
        _put(manifest, description, text or None)
    return manifest


def _add_volumes(reading: Reading, over: dict[str, Any], base: Mapping[str, Any]) -> None:
    """Adds the volumes that conveniences need to the typed ones."""
    path = PARAMETERS["volumes"]
    for place, volume in reading.volumes:
        for manifest in (over, base):
            for other in _at(manifest, path) or []:
                if other.get("name") == volume["name"] and not _covers(other, volume):
                    reading.fault(
                        place,
                        f"needs the volume {volume['name']} to be the node's"
                        f" {volume['hostPath']['path']}, but the pod has another of that name",
                    )
        volumes = _at(over, path) or []
        if not any(other.get("name") == volume["name"] for other in volumes):
            _put(over, path, [*volumes, volume])


def _at(manifest: Mapping[str, Any], path: Path) -> Any:
    value: Any = manifest
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _covers(volume: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    source = volume.get("hostPath")
    return isinstance(source, Mapping) and source.get("path") == wanted["hostPath"]["path"]


def _put(manifest: dict[str, Any], path: Path, value: Any) -> None:
    holder = manifest
    for key in path[:-1]:
        child = holder.get(str(key))
        if not isinstance(child, dict):
            child = holder[str(key)] = {}
        holder = child
    holder[str(path[-1])] = value


def _framed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    spec = dict(manifest.get("spec") or {})
    spec["template"] = template = dict(spec.get("template") or {})
    template["spec"] = template.get("spec") or {}
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": dict(manifest.get("metadata") or {}),
        "spec": spec,
    }
