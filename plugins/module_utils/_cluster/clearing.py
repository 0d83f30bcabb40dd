# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fields that the server made of others, or of nothing, and that nobody owns: they stay when what
they were made of goes, unless the apply that takes it away says null. Pure.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from .._spec.schema import DAEMONSET, FieldType, fields_of
from . import fieldset, managers
from .fieldset import FieldSet, SetPath, item_key

# The server copies either name of the account into the other one.
_ACCOUNT, _OLD_ACCOUNT = ("PodSpec", "serviceAccountName"), "serviceAccount"
_POD: SetPath = ("f:spec", "f:template", "f:spec")
_NAMES_OF_ACCOUNT: tuple[SetPath, SetPath] = (
    (*_POD, "f:serviceAccountName"),
    (*_POD, "f:serviceAccount"),
)
# What a volume without a source becomes (SetDefaults_Volume in pkg/apis/core/v1/defaults.go).
_MADE_OF_NOTHING = "emptyDir"


def outlived(
    intent: Mapping[str, Any],
    live: Mapping[str, Any],
    intended: FieldSet,
    owned: FieldSet,
    ours: Collection[str],
) -> list[SetPath]:
    """The fields of a DaemonSet that nobody owns and that applying an intent would leave in its
    way: the account that the server copied, and the source that it gave a volume.

    Args:
        intent: what is asked for, in the API's spelling.
        live: the DaemonSet as it is.
        intended: the fields of the intent.
        owned: what we own, with what we take over.
        ours: the field managers whose fields that is.
    """
    return [*_accounts(live, intended, owned, ours), *_sources(intent, live)]


def _accounts(
    live: Mapping[str, Any], intended: FieldSet, owned: FieldSet, ours: Collection[str]
) -> list[SetPath]:
    paths = _NAMES_OF_ACCOUNT
    if not any(fieldset.contains(owned, path) for path in paths):
        return []
    if any(fieldset.contains(intended, path) for path in paths):
        return []
    owners = [managers.owners_of(live, path) for path in paths]
    if all(owners) or any(one not in ours for names in owners for one in names):
        return []
    return [paths[0]]


def _sources(intent: Mapping[str, Any], live: Mapping[str, Any]) -> list[SetPath]:
    known = {volume["name"]: volume for volume in _volumes(live)}
    found = []
    for volume in _volumes(intent):
        name = volume.get("name")
        others = [key for key, value in volume.items() if value is not None and key != "name"]
        if not others or _MADE_OF_NOTHING in volume or _MADE_OF_NOTHING not in known.get(name, {}):
            continue
        key = json.dumps({"name": name}, separators=(",", ":"), ensure_ascii=False)
        path = (*_POD, "f:volumes", f"k:{key}", f"f:{_MADE_OF_NOTHING}")
        if not managers.owners_of(live, path):
            found.append(path)
    return found


def _volumes(obj: Mapping[str, Any]) -> list[dict[str, Any]]:
    template = (obj.get("spec") or {}).get("template") or {}
    found: list[dict[str, Any]] = (template.get("spec") or {}).get("volumes") or []
    return found


def child_of(field_type: FieldType, name: str) -> FieldType | None:
    """The type of a field of an object or a map; None where the table does not know it."""
    return fields_of(field_type.ref).get(name) if field_type.ref else field_type.element


def cleared(stated_value: Any, paths: Iterable[SetPath], field_type: FieldType = DAEMONSET) -> Any:
    """What is stated, with a null at each path that is a field of a declared type.

    An item of a list, or of a map, cannot be given as null.
    """
    found = copy.deepcopy(stated_value)
    for path in paths:
        if _can_be_null(path, field_type):
            _clear(found, path, field_type)
    return found


def _can_be_null(path: SetPath, field_type: FieldType) -> bool:
    here: FieldType | None = field_type
    for step in path[:-1]:
        kind, name = step.split(":", 1)
        here = None if here is None else child_of(here, name) if kind == "f" else here.element
    return here is not None and here.ref is not None and path[-1].startswith("f:")


def _clear(value: Any, path: Sequence[str], field_type: FieldType) -> None:
    kind, name = path[0].split(":", 1)
    if len(path) == 1:
        value[name] = None
        if (field_type.ref, name) == _ACCOUNT:
            value[_OLD_ACCOUNT] = None
        return
    child = child_of(field_type, name) if kind == "f" else field_type.element
    if child is None:
        return
    if kind == "f":
        below = value.setdefault(name, [] if child.kind == "list" else {})
    else:
        below = next((one for one in value if item_key(one, field_type) == path[0]), None)
        if below is None:
            below = json.loads(name)
            value.append(below)
    _clear(below, path[1:], child)
