# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A DaemonSet's history: which revision is meant, and which templates mean the same. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._cluster.compare import align
from .._cluster.revisions import Revision, images_of
from .._spec.schema import fields_of
from .._spec.tidy import tidied
from . import restart

TEMPLATE = fields_of("DaemonSetSpec")["template"]
# A label that no node has: a rebuild ends all pods by a node selector of it.
NOWHERE = "everynode.kubernetes/rebuild"
# Objects that say nothing when they are empty, though the server may store them.
_NOTHING = frozenset(
    "affinity nodeAffinity podAffinity podAntiAffinity dnsConfig lifecycle resources"
    " securityContext seLinuxOptions windowsOptions".split()
)
# Annotations of the template that tell of a restart and say nothing about what runs.
RESTART_MARKS = (restart.RESTARTED_AT, restart.RESTART_KEY, "kubesphere.io/restartedAt")


def is_template(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two pod templates are the same to the controller, to the last detail."""
    return _stored(one) == _stored(other)


def same_template(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two pod templates mean the same.

    The API's defaults, the order of lists whose order means nothing, the spelling of amounts and
    the marks of restarts do not count.
    """
    right = meaning(other)
    return bool(meaning(align(dict(one), dict(other), TEMPLATE)) == right)


def meaning(template: Mapping[str, Any]) -> dict[str, Any]:
    """A pod template without defaults, marks of restarts and what is as good as nothing."""
    found: dict[str, Any] = _without_nothing(tidied(with_marks(template, {}), TEMPLATE))
    return found


def _without_nothing(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nothing(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _without_nothing(item) for name, item in value.items()}
    return {name: item for name, item in kept.items() if item != {} or name not in _NOTHING}


def marks_of(template: Mapping[str, Any]) -> dict[str, str]:
    """The annotations of a template that tell of restarts."""
    annotations = (template.get("metadata") or {}).get("annotations") or {}
    return {key: annotations[key] for key in RESTART_MARKS if key in annotations}


def with_marks(template: Mapping[str, Any], marks: Mapping[str, str]) -> dict[str, Any]:
    """A template whose marks of restarts are these and no others."""
    metadata = dict(template.get("metadata") or {})
    annotations = {
        key: value
        for key, value in (metadata.pop("annotations", None) or {}).items()
        if key not in RESTART_MARKS
    } | dict(marks)
    if annotations:
        metadata["annotations"] = annotations
    return {**template, "metadata": metadata}


def current(live: Mapping[str, Any], revisions: Sequence[Revision]) -> Revision | None:
    """The revision of the template that the DaemonSet has now, marks of restarts and all.

    None where the controller has not made one yet. Two of the same content are equal
    (pkg/controller/daemon/update.go, constructHistory), and the newest counts.
    """
    template = live["spec"]["template"]
    return next((one for one in reversed(revisions) if is_template(one.template, template)), None)


def _stored(template: Mapping[str, Any]) -> dict[str, Any]:
    """A template without what only its encoding has: older servers write times that are null."""
    metadata = {key: value for key, value in (template.get("metadata") or {}).items() if value}
    return {**template, "metadata": metadata}


def is_passing(revision: Revision) -> bool:
    """Whether a revision was only there to end all pods, so that nobody wants it back."""
    return NOWHERE in ((revision.template.get("spec") or {}).get("nodeSelector") or {})


def previous(live: Mapping[str, Any], revisions: Sequence[Revision]) -> Revision | None:
    """The newest revision that means something else than the template that the DaemonSet has."""
    template = live["spec"]["template"]
    return next(
        (
            one
            for one in reversed(revisions)
            if not is_passing(one) and not same_template(one.template, template)
        ),
        None,
    )


def numbered(revisions: Sequence[Revision], number: int) -> Revision | None:
    """The revision of that number."""
    return next((one for one in revisions if one.number == number), None)


def with_image(revisions: Sequence[Revision], wanted: str | Mapping[str, str]) -> Revision | None:
    """The newest revision that has an image, or all of several by the names of containers."""
    return next(
        (
            one
            for one in reversed(revisions)
            if not is_passing(one) and has_image(one.template, wanted)
        ),
        None,
    )


def has_image(template: Mapping[str, Any], wanted: str | Mapping[str, str]) -> bool:
    """Whether any container of a template has the image, or each named one has its own."""
    images = images_of(template)
    if isinstance(wanted, str):
        return wanted in images.values()
    return all(images.get(name) == image for name, image in wanted.items())
