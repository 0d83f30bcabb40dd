# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A manifest without what the server fills in by itself: applied, it gives the same object.

Only what the server puts back exactly as it was is left out. ``emptyDir: {}``, a container's empty
security context or a request equal to its limit are stored as they were written, and stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .defaults import is_absent_zero, is_default
from .schema import FieldType, fields_of

# Objects that the server's answer always has, be they given or not: structs without a pointer, and
# those that pkg/apis/core/v1/defaults.go and pkg/apis/apps/v1/defaults.go make.
_ALWAYS_THERE = frozenset(
    {
        ("Container", "resources"),
        ("DaemonSet", "metadata"),
        ("DaemonSetSpec", "updateStrategy"),
        ("DaemonSetUpdateStrategy", "rollingUpdate"),
        ("PersistentVolumeClaimSpec", "resources"),
        ("PersistentVolumeClaimTemplate", "metadata"),
        ("PodSpec", "securityContext"),
        ("PodTemplateSpec", "metadata"),
    }
)
_NO_SURGE = (None, 0, "0%")
# Of other images the server reads no tag, see ParseImageName in pkg/util/parsers/parsers.go.
_IMAGE = re.compile(
    r"(?:[a-zA-Z0-9.-]+(?::[0-9]+)?/)?[a-z0-9._/-]+(?::(?P<tag>[\w.-]+))?"
    r"(?P<digest>@sha256:[0-9a-f]{64})?"
)


def tidied(value: Any, expected: FieldType) -> Any:
    """A value in the API's spelling without nulls, defaults and what is stored as nothing.

    Args:
        value: the value, as `spelling.read_field` gives it; it is not changed.
        expected: its type.
    """
    if isinstance(value, dict):
        if expected.ref is not None:
            return _tidied_object(value, expected.ref)
        element = expected.element
        return {
            # The server reads a null in a map of texts as empty text.
            key: "" if item is None else item if element is None else tidied(item, element)
            for key, item in value.items()
        }
    if isinstance(value, list) and expected.element is not None:
        return [tidied(item, expected.element) for item in value]
    return value


def _tidied_object(value: Mapping[str, Any], type_name: str) -> dict[str, Any]:
    fields = fields_of(type_name)
    result: dict[str, Any] = {}
    for key, item in value.items():
        if item is None or _is_filled_in(type_name, key, item, value):
            continue
        if key == "rollingUpdate" and value.get("type") == "OnDelete":
            # Without an effect, and so without defaults: stored as it is.
            result[key] = {name: number for name, number in item.items() if number is not None}
            continue
        field = fields.get(key)
        # What a newer API has, and the table does not know, stays as it is.
        inner = item if field is None else tidied(item, field)
        if field is not None and inner in ({}, []) and _is_nothing(type_name, key, field):
            continue
        result[key] = inner
    if type_name == "PodSpec":
        _join_service_accounts(result)
    return result


def _is_filled_in(type_name: str, key: str, value: Any, holder: Mapping[str, Any]) -> bool:
    """Whether the server puts this value there where it is left out."""
    if (type_name, key) == ("Container", "imagePullPolicy"):
        return bool(value == _default_pull_policy(holder.get("image")))
    if type_name == "RollingUpdateDaemonSet" and holder.get("maxSurge") not in _NO_SURGE:
        # Beside a surge a missing maxUnavailable would be understood as 0.
        return False
    return is_default(type_name, key, value) or is_absent_zero(type_name, key, value)


def _default_pull_policy(image: Any) -> str | None:
    """The pull policy that the server takes for an image; None where that is not certain."""
    match = _IMAGE.fullmatch(image) if isinstance(image, str) else None
    if match is None:
        return None
    is_latest = match["tag"] == "latest" or (match["tag"] is None and match["digest"] is None)
    return "Always" if is_latest else "IfNotPresent"


def _is_nothing(type_name: str, key: str, expected: FieldType) -> bool:
    """Whether the server's answer is the same with this empty value and without it."""
    if expected.kind == "object":
        return (type_name, key) in _ALWAYS_THERE
    return not expected.required


def _join_service_accounts(pod: dict[str, Any]) -> None:
    """The server copies either name into the other one; the newer one counts."""
    old = pod.pop("serviceAccount", None)
    if old is not None:
        pod.setdefault("serviceAccountName", old)
