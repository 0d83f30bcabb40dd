# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was probably meant by a key that the API does not know."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .names import Path, api_names, camel, nearest, snake, writes_snake
from .reading import kind_of
from .schema import fields_of, type_at

_FEW = 12
_REASONS = {
    ("DaemonSetSpec", "replicas"): "a DaemonSet runs one pod on each node and has no replicas",
    ("DaemonSetSpec", "progress_deadline_seconds"): "only Deployments have it; wait_timeout limits"
    " how long a task waits",
    ("DaemonSetSpec", "volume_claim_templates"): "only StatefulSets have claim templates",
}
# Names that are right in the sibling of a type.
_MEANT = {
    ("SecretVolumeSource", "name"): "secretName",
    ("ConfigMapVolumeSource", "config_map_name"): "name",
    ("PersistentVolumeClaimVolumeSource", "name"): "claimName",
}


def explain_unknown(
    type_name: str,
    known: Iterable[str],
    key: Any,
    siblings: Iterable[Any],
    path: Path,
    typed: bool,
) -> tuple[str, str | None]:
    """Why a key is wrong, and which key of the same object was meant, if that is clear.

    Args:
        type_name: the type of the object that has the key.
        known: the keys that it may have, in both spellings.
        key: the unknown key.
        siblings: all keys that the user wrote in the object; they tell how the user spells.
        path: where the object stands in the manifest.
        typed: whether the user writes task parameters, which are in snake_case.
    """
    if not isinstance(key, str):
        return f"the key is {kind_of(key)}; names of fields are text", None
    reason = _REASONS.get((type_name, snake(key)))
    if reason is not None:
        return f"unknown field: {reason}", None
    in_snake = writes_snake(siblings, otherwise=typed)
    meant = _MEANT.get((type_name, snake(key)))
    if meant is not None:
        meant = _in_style(meant, in_snake)
        return f"unknown field, did you mean {meant}?", meant
    elsewhere = _one_level_up(key, path, in_snake) or _one_level_down(type_name, key, in_snake)
    if elsewhere is not None:
        return f"unknown field here, {elsewhere}", None
    own = sorted(name for name in known if _in_style(name, in_snake) == name)
    near = nearest(key, own)
    if near is not None:
        return f"unknown field, did you mean {near}?", near
    return "unknown field" + (f", allowed: {', '.join(own)}" if len(own) <= _FEW else ""), None


def _one_level_up(key: str, path: Path, in_snake: bool) -> str | None:
    in_list = bool(path) and isinstance(path[-1], int)
    holder, beside = (path[:-2], path[-2:-1]) if in_list else (path[:-1], path[-1:])
    expected = type_at(holder)
    if not beside or expected is None or expected.ref is None:
        return None
    if key not in api_names(expected.ref):
        return None
    return f"it belongs one level up, beside {_in_style(str(beside[0]), in_snake)}"


def _one_level_down(type_name: str, key: str, in_snake: bool) -> str | None:
    holders = [
        name
        for name, expected in fields_of(type_name).items()
        if expected.ref is not None and key in api_names(expected.ref)
    ]
    if len(holders) != 1:
        return None
    return f"did you mean {_in_style(holders[0], in_snake)}.{key}?"


def _in_style(name: str, in_snake: bool) -> str:
    if in_snake:
        return snake(name)
    return name if "_" not in name else camel(name)
