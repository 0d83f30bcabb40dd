# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others hold of a template that is to be another one, in words with the way out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._base.errors import ConflictError, RefusedError
from .._base.words import some_of
from .._cluster import fieldset, managers
from .._cluster.compare import align, differences
from .._cluster.objects import How
from . import stating
from .history import TEMPLATE

_MANY = 8
_TEMPLATE_PATH = ("f:spec", "f:template")
# Who holds what no manager does.
_ADMISSION = "an admission webhook"


def held(after: Mapping[str, Any], target: Mapping[str, Any], manager: str) -> dict[str, list[str]]:
    """The fields of a DaemonSet's template that are not what was asked for, by their owners."""
    template = after["spec"]["template"]
    aligned = align({"spec": {"template": dict(target)}}, after)
    found: dict[str, list[str]] = {}
    for path in stating.beside(aligned["spec"]["template"], template, TEMPLATE):
        full = (*_TEMPLATE_PATH, *path)
        owners = [one for one in managers.owners_of(after, full) if one != manager]
        for owner in owners or [_ADMISSION]:
            found.setdefault(owner, []).append(fieldset.readable(full))
    if not found:
        paths = differences(aligned, after)
        found[_ADMISSION] = paths or ["spec.template"]
    return found


def _listed(found: Mapping[str, list[str]]) -> str:
    texts = [f"{path} ({owner})" for owner, paths in found.items() for path in paths]
    return some_of(texts, _MANY)


def _advice(found: Mapping[str, list[str]]) -> str:
    words = sorted({managers.word_for(owner) for owner in found if owner != _ADMISSION})
    return f"To take over all that they set, add adopt: [{', '.join(words)}]." if words else ""


def stays(live: Mapping[str, Any], found: Mapping[str, list[str]]) -> str:
    """The warning of what is not as it was asked for; see `held`."""
    name = f"{live['metadata']['namespace']}/{live['metadata']['name']}"
    told = f"What others hold in the template of {name} stays as it is: {_listed(found)}."
    return f"{told} {_advice(found)}".strip()


def all_held(live: Mapping[str, Any], found: Mapping[str, list[str]]) -> ConflictError:
    """The failure where nothing would be as it was asked for; see `held`."""
    name = f"{live['metadata']['namespace']}/{live['metadata']['name']}"
    return ConflictError(
        f"DaemonSet {name} cannot be rolled back: others hold all that would have to change:"
        f" {_listed(found)}. Nothing was changed.",
        advice=_advice(found),
        status=409,
        details={
            "conflicts": [
                {"field": path, "manager": owner}
                for owner, paths in found.items()
                for path in paths
            ]
        },
    )


def refused(
    refusal: RefusedError | None, live: Mapping[str, Any], target: Mapping[str, Any], how: How
) -> RefusedError:
    """The refusal of a template, with what others hold that may exclude a part of it, such as
    another source of a volume.
    """
    error = refusal or RefusedError("The server refuses the template.")
    adopted = managers.manager_names(how.adopt)
    found = {
        owner: paths
        for owner, paths in held(live, target, how.manager).items()
        if owner != _ADMISSION and owner not in adopted
    }
    if found:
        error.message = f"{error.message} Others hold what may exclude it: {_listed(found)}."
        error.advice = f"{error.advice} {_advice(found)}".strip()
    return error
