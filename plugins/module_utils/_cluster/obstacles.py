# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in the way of an apply, in words: conflicts, refusals, fields that stay behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._base.errors import ClusterError, ConflictError, RefusedError
from .._spec.schema import FieldType
from . import fieldset, managers

_MANY = 8


def conflicts(error: ClusterError) -> list[tuple[str, str]]:
    """(field, field manager) for each conflict of a refused server-side apply, in an order of their
    own: the server's is another each time.
    """
    found = []
    for cause in _causes(error):
        message = str(cause.get("message", ""))
        manager = message.split('"')[1] if message.count('"') >= 2 else message
        found.append((str(cause.get("field", "")).removeprefix("."), manager))
    return sorted(found)


def conflict(error: ConflictError, what: str, adopted: Iterable[str] = ()) -> ConflictError:
    """A conflict in words: which field, whose it is, and the way out.

    Args:
        error: the server's answer to the apply.
        what: the object, such as ``DaemonSet kube-system/agent``.
        adopted: managers whose fields the task takes over anyway.
    """
    adopted = frozenset(adopted)
    found = [(path, manager) for path, manager in conflicts(error) if manager not in adopted]
    if not found:
        return error
    listed = _listed([f"{path} is owned by {manager}" for path, manager in found], "; ", "; and")
    owners = {manager for _path, manager in found}
    words = sorted({managers.word_for(manager) for manager in owners | adopted})
    return ConflictError(
        f"Cannot apply {what}: other field managers own fields that this task would change:"
        f" {listed}.",
        advice=f"Take over all that they own with adopt: [{', '.join(words)}], or just these fields"
        " with force_conflicts: true, or leave the fields out of the task.",
        status=error.status,
        body=error.body,
        details={"conflicts": [{"field": path, "manager": manager} for path, manager in found]},
    )


def refusal(error: RefusedError, what: str) -> RefusedError:
    """A refusal in words: each field that the server does not accept, and why.

    Args:
        error: the server's answer to the apply.
        what: the object, such as ``DaemonSet kube-system/agent``.
    """
    causes = _causes(error)
    if not causes:
        return error
    listed = _listed([f"{c.get('field')}: {c.get('message')}" for c in causes], "; ", "; and")
    advice = error.advice
    selector = any(str(cause.get("field")) == "spec.selector" for cause in causes)
    if selector and what.startswith("DaemonSet "):
        advice = (
            "The selector of a DaemonSet cannot be changed: keep the live one (leave selector"
            " out), or remove the DaemonSet with state: absent and create it anew."
        )
    return RefusedError(
        f"The server refuses {what}: {listed}.",
        advice=advice,
        status=error.status,
        body=error.body,
    )


def left_behind(
    live: Mapping[str, Any],
    intended: fieldset.FieldSet,
    manager: str,
    adopted: frozenset[str],
    field_type: FieldType,
) -> list[str]:
    """A warning for each tool that made fields which this task does not name."""
    found = managers.left_behind(live, intended, manager, adopted, field_type)
    return [
        f"{word} set fields that this task does not name, and they stay:"
        f" {_listed(paths, ', ', ' and')}."
        f" To take them over, so that they go away, add adopt: [{word}]."
        for word, paths in found.items()
    ]


def _causes(error: ClusterError) -> list[dict[str, Any]]:
    details = error.body.get("details") or {}
    causes: list[dict[str, Any]] = details.get("causes") or []
    return causes


def _listed(items: Iterable[str], separator: str, last: str) -> str:
    """The first few, and how many more there are."""
    texts = list(items)
    more = f"{last} {len(texts) - _MANY} more" if len(texts) > _MANY else ""
    return separator.join(texts[:_MANY]) + more
