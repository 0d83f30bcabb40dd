# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From manifests to task parameters and back, without a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Union

from .._base.errors import InputError
from .build import build, complete
from .descriptions import DESCRIPTION_ANNOTATIONS
from .documents import API_VERSION, KIND
from .fields import CHANGE_CAUSE, DESCRIPTION_ANNOTATION, PARAMETERS, type_of
from .names import Path, snake
from .parse import parse_definition
from .reading import Reading
from .schema import DAEMONSET, FieldType, fields_of
from .spelling import read_field
from .tidy import tidied

MODULE = "everynode.kubernetes.daemonset"

# Not with |, which ansible-test's linter does not know outside of annotations.
Source = Union[str, bytes, Mapping[Any, Any], Sequence[Any]]  # noqa: UP007


def clean_manifest(source: Source, *, origin: str = "manifest") -> dict[str, Any]:
    """The manifest of a DaemonSet without what the server sets and without defaults.

    Applied, it gives the same object as the original.

    Args:
        source: YAML or JSON text, or loaded data: a manifest as somebody wrote it, or an object as
            the server returns it.
        origin: the word that paths in messages begin with.

    Raises:
        InputError: not exactly one DaemonSet, or fields that no DaemonSet has; with all faults.
    """
    reading = Reading(typed=False)
    manifest = read_field(reading, parse_definition(source, origin=origin), DAEMONSET, origin, ())
    if reading.faults:
        raise InputError(reading.faults)
    head = {"apiVersion": API_VERSION, "kind": KIND}
    return {**head, **tidied(manifest, DAEMONSET)}


def task_parameters(source: Source, *, origin: str = "manifest") -> dict[str, Any]:
    """The parameters of the module ``daemonset`` that say the same as a manifest.

    Names are in snake_case at every depth. What has no parameter stays in ``definition``.

    Args:
        source: as for `clean_manifest`.
        origin: the word that paths in messages begin with.

    Raises:
        InputError: as for `clean_manifest`.
    """
    rest = clean_manifest(source, origin=origin)
    found = {name: _taken(rest, path) for name, path in PARAMETERS.items()}
    parameters: dict[str, Any] = {}
    for name, value in found.items():
        if value is None:
            continue
        if name == "annotations":
            parameters |= _description_and_others(value)
        else:
            parameters[name] = _in_snake_case(value, type_of(name))
    if rest.keys() - {"apiVersion", "kind"}:
        parameters["definition"] = rest
    return parameters


def task_of(source: Source) -> dict[str, Any]:
    """A task of a playbook that keeps a DaemonSet as it is.

    Raises:
        InputError: as for `clean_manifest`.
    """
    parameters = task_parameters(source)
    return {"name": f"Keep DaemonSet {parameters.get('name')}", MODULE: parameters}


def manifest_of(params: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The manifest that a task with ``state: present`` would apply to make a new DaemonSet.

    Args:
        params: the parameters by name, as Ansible has checked them; None where not given.

    Returns:
        The manifest, which has a namespace only where the parameters do, and warnings.

    Raises:
        InputError: with all faults.
    """
    draft = build(params, context_namespace="default")
    manifest = complete(draft, None)
    if not draft.namespace_given:
        del manifest["metadata"]["namespace"]
    if params.get("change_cause") is not None:
        annotations = manifest["metadata"].get("annotations") or {}
        manifest["metadata"]["annotations"] = {**annotations, CHANGE_CAUSE: params["change_cause"]}
    return manifest, draft.warnings


def _taken(manifest: dict[str, Any], path: Path) -> Any:
    """Takes a value out of a manifest, with the objects around it that are empty then."""
    key = str(path[0])
    if key not in manifest or len(path) == 1:
        return manifest.pop(key, None)
    value = _taken(manifest[key], path[1:])
    if not manifest[key]:
        del manifest[key]
    return value


def _description_and_others(annotations: Mapping[str, str]) -> dict[str, Any]:
    """The parameters for annotations, of which one is the description."""
    others = dict(annotations)
    parameters: dict[str, Any] = {}
    for key in DESCRIPTION_ANNOTATIONS:
        if others.get(key):
            parameters["description"] = others.pop(key)
            if key != DESCRIPTION_ANNOTATION:
                parameters["description_annotation"] = key
            break
    if others:
        parameters["annotations"] = others
    return parameters


def _in_snake_case(value: Any, expected: FieldType) -> Any:
    if isinstance(value, dict) and expected.ref is not None:
        fields = fields_of(expected.ref)
        return {snake(key): _in_snake_case(item, fields[key]) for key, item in value.items()}
    if isinstance(value, list) and expected.element is not None:
        element = expected.element
        return [_in_snake_case(item, element) for item in value]
    return value
