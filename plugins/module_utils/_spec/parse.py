# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A definition, as text or as data that Ansible loaded, to exactly one DaemonSet of apps/v1."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from .._base.errors import Fault, InputError
from .._base.words import some_of
from .documents import API_VERSION, DEPTH_LIMIT, KIND, TextError, key_text

_OLD_API_VERSIONS = ("extensions/v1beta1", "apps/v1beta1", "apps/v1beta2")
_LISTS = ("List", "DaemonSetList")

# Fields that only the server sets, in both spellings. An import of a live object has them; sent
# back, some are refused (resourceVersion, managedFields) and others would be fought over (status).
_SERVER_SET_METADATA = frozenset(
    (
        *("uid", "generation"),
        *("creationTimestamp", "creation_timestamp"),
        *("resourceVersion", "resource_version"),
        *("selfLink", "self_link"),
        *("managedFields", "managed_fields"),
        *("ownerReferences", "owner_references"),
        *("deletionTimestamp", "deletion_timestamp"),
        *("deletionGracePeriodSeconds", "deletion_grace_period_seconds"),
    )
)
_SERVER_SET_ANNOTATIONS = frozenset(
    (
        "deprecated.daemonset.template.generation",
        "kubectl.kubernetes.io/last-applied-configuration",
        # What is remembered on an object is about that one, and not a definition of another.
        "everynode.kubernetes/agent-objects",
        "everynode.kubernetes/rollout",
    )
)
# A restart's annotations belong to whoever restarted: neither kept from an import nor taken over.
_RESTART_ANNOTATIONS = frozenset(
    (
        "everynode.kubernetes/restart-key",
        "kubectl.kubernetes.io/restartedAt",
        "kubesphere.io/restartedAt",
    )
)


def parse_definition(
    source: str | bytes | Mapping[Any, Any] | Sequence[Any], *, origin: str
) -> dict[str, Any]:
    """Return the one DaemonSet in a definition, as plain data and without what the server sets.

    Keys keep the spelling that they have; types are those of YAML as kubectl reads it.

    Args:
        source: YAML or JSON text, or already loaded data (one object, a ``List``, or a list of
            objects).
        origin: the parameter it came from, ``definition`` or ``src``; the path of the faults.

    Raises:
        InputError: no text, no YAML, not exactly one DaemonSet, or one of an API that is gone. One
            clear fault.
    """
    try:
        manifest = _the_daemonset(_objects_of(source))
    except TextError as error:
        raise InputError([Fault(origin, str(error))]) from error
    _remove_server_set(manifest)
    return manifest


def parse_bundle(
    source: str | bytes | Mapping[Any, Any] | Sequence[Any], *, origin: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The one DaemonSet of a definition that may hold other objects too, and those.

    Args:
        source: see `parse_definition`.
        origin: see `parse_definition`.

    Raises:
        InputError: no text, no YAML, or not exactly one DaemonSet.
    """
    try:
        found = _objects_of(source)
        daemonsets = [one for one in found if one.get("kind") == KIND]
        others = [one for one in found if one.get("kind") != KIND]
        return _the_daemonset(daemonsets or others), others
    except TextError as error:
        raise InputError([Fault(origin, str(error))]) from error


def _objects_of(source: str | bytes | Mapping[Any, Any] | Sequence[Any]) -> list[dict[str, Any]]:
    if not isinstance(source, str | bytes):
        return _objects([_plain(source, 1)], "")
    # Data needs no reader, and a module is compiled anew in each task.
    from .yaml_text import not_a_manifest, read_documents

    return _objects(read_documents(source), not_a_manifest(source))


def _objects(documents: list[Any], strange: str) -> list[dict[str, Any]]:
    """Return all objects in the documents, lists of objects unpacked.

    Args:
        documents: what was read.
        strange: what the text may be where it is no manifest; for messages.
    """
    found: list[dict[str, Any]] = []
    for number, document in enumerate(documents, 1):
        if isinstance(document, list):
            found += _objects([member for member in document if member is not None], strange)
        elif not isinstance(document, dict):
            what = _type_name(document)
            which = f"document {number} of {len(documents)} is" if len(documents) > 1 else "is"
            raise TextError(f"{which} {what}, not a manifest{': ' if strange else ''}{strange}")
        elif document.get("kind") in _LISTS:
            found += _objects(_items(document), strange)
        elif document:
            found.append(document)
    return found


def _items(document: dict[str, Any]) -> list[Any]:
    items = document.get("items") or []
    if not isinstance(items, list):
        raise TextError(f'has a kind "{document["kind"]}" whose items are no list')
    if document["kind"] == "List":
        return items
    # The API leaves kind and apiVersion out of the members of a typed list.
    head = {"apiVersion": _api_version(document), "kind": KIND}
    return [{**head, **item} if isinstance(item, dict) else item for item in items]


def _the_daemonset(found: list[dict[str, Any]]) -> dict[str, Any]:
    if not found:
        raise TextError(f"holds no object; a {KIND} of {API_VERSION} is expected")
    daemonsets = [each for each in found if each.get("kind") == KIND]
    if len(found) == 1 and not daemonsets:
        raise TextError(_other_kind(found[0]))
    if len(found) > 1:
        listed = some_of([_name_of(each) for each in found], 10)
        advice = "take the others out" if len(daemonsets) == 1 else "one task manages one"
        raise TextError(f"holds {len(found)} objects ({listed}), not one {KIND}: {advice}")
    _check_api_version(daemonsets[0])
    return daemonsets[0]


def _other_kind(document: dict[str, Any]) -> str:
    kind = document.get("kind")
    if kind is None:
        return f'has no kind: it must say "kind: {KIND}" and "apiVersion: {API_VERSION}"'
    if isinstance(kind, str) and kind.lower() in ("daemonset", "daemonsets", "ds", "daemon_set"):
        return f'has the kind "{kind}": write it as "{KIND}"'
    return f"is {_name_of(document)}, not a {KIND}"


def _check_api_version(document: dict[str, Any]) -> None:
    version = _api_version(document)
    if version == API_VERSION:
        return
    if version is None:
        raise TextError(f'has no apiVersion: it must say "apiVersion: {API_VERSION}"')
    if version in _OLD_API_VERSIONS:
        edits = "; ".join(_edits(document, version))
        raise TextError(
            f'has the apiVersion "{version}", which no server knows since Kubernetes 1.16: {edits}'
        )
    raise TextError(f'has the apiVersion "{version}", but a {KIND} has "{API_VERSION}"')


def _edits(document: dict[str, Any], version: str) -> list[str]:
    """Say what turns a DaemonSet of an API that is gone into one of apps/v1 that does the same.

    Source: "Deprecated API Migration Guide" of Kubernetes, v1.16.
    """
    edits = [f'write "apiVersion: {API_VERSION}"']
    spec = document.get("spec")
    spec = spec if isinstance(spec, dict) else {}
    for old in ("templateGeneration", "template_generation"):
        if old in spec:
            edits.append(f"remove spec.{old}")
    if not spec.get("selector"):
        labels = _member(_member(spec, "template"), "metadata").get("labels")
        pairs = ", ".join(f"{key}: {value}" for key, value in labels.items()) if labels else "..."
        edits.append(
            f"add spec.selector.matchLabels, which the old API took from the pod labels ({pairs})"
        )
    strategy = spec.get("updateStrategy", spec.get("update_strategy"))
    if version == "extensions/v1beta1" and not (isinstance(strategy, dict) and "type" in strategy):
        edits.append(
            'add spec.updateStrategy.type: "OnDelete" was the default, "RollingUpdate" is it now'
        )
    return edits


def _remove_server_set(manifest: dict[str, Any]) -> None:
    manifest.pop("status", None)
    metadata = manifest.get("metadata")
    if isinstance(metadata, dict):
        for key in _SERVER_SET_METADATA & metadata.keys():
            del metadata[key]
        _remove_annotations(metadata, _SERVER_SET_ANNOTATIONS)
    template = _member(_member(manifest, "spec"), "template")
    pod_metadata = _member(template, "metadata")
    for key in ("creationTimestamp", "creation_timestamp"):
        pod_metadata.pop(key, None)
    _remove_annotations(pod_metadata, _RESTART_ANNOTATIONS)


def _remove_annotations(metadata: dict[str, Any], keys: frozenset[str]) -> None:
    annotations = metadata.get("annotations")
    if isinstance(annotations, dict) and keys & annotations.keys():
        for key in keys & annotations.keys():
            del annotations[key]
        if not annotations:
            del metadata["annotations"]


def _member(parent: dict[str, Any], key: str) -> dict[str, Any]:
    child = parent.get(key)
    return child if isinstance(child, dict) else {}


def _api_version(document: dict[str, Any]) -> Any:
    return document.get("apiVersion", document.get("api_version"))


def _name_of(document: dict[str, Any]) -> str:
    metadata = _member(document, "metadata")
    kind = document.get("kind")
    names = [name for name in (metadata.get("namespace"), metadata.get("name")) if name]
    head = "an object without a kind" if kind is None else str(kind)
    return f"{head} {'/'.join(str(name) for name in names)}".rstrip()


def _type_name(value: Any) -> str:
    if isinstance(value, str):
        return "a text"
    return "a number" if isinstance(value, int | float) else "a value"


def _plain(value: Any, depth: int) -> Any:
    """Copy loaded data into plain dicts, lists and scalars, dates as the text that they were."""
    if depth > DEPTH_LIMIT:
        raise TextError(f"is nested more than {DEPTH_LIMIT} levels deep")
    if isinstance(value, Mapping):
        plain: dict[str, Any] = {}
        for key, member in value.items():
            name = key_text(key, f"level {depth}")
            if name in plain:
                raise TextError(f'has the key "{name}" twice in one mapping')
            plain[name] = _plain(member, depth + 1)
        return plain
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(member, depth + 1) for member in value]
    if isinstance(value, datetime.datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TextError(f"holds a value of the type {type(value).__name__}, which JSON cannot express")
