# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which DaemonSets of those that were read are shown, and in which order. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from .state import STATES, state_word

_Object = Mapping[str, Any]


def _name(item: _Object) -> str:
    return str(item["metadata"]["name"])


def _namespace(item: _Object) -> str:
    return str(item["metadata"]["namespace"])


def _created(item: _Object) -> str:
    return str(item["metadata"].get("creationTimestamp") or "")


def _urgency(item: _Object) -> int:
    return STATES.index(state_word(item))


SORTS: dict[str, Callable[[_Object], Any]] = {
    "name": _name,
    "created": _created,
    "namespace": _namespace,
    "state": _urgency,
}


def selected(
    found: Iterable[dict[str, Any]], *, name_contains: str | None, states: Collection[str]
) -> list[dict[str, Any]]:
    """Those whose name contains a text, whatever its case, and that are in one of the states.

    Args:
        found: the DaemonSets.
        name_contains: the text; None for all.
        states: words of `STATES`; none for all.
    """
    text = (name_contains or "").lower()
    return [
        item
        for item in found
        if text in _name(item).lower() and (not states or state_word(item) in states)
    ]


def in_order(
    found: Iterable[dict[str, Any]], sort_by: str, descending: bool
) -> list[dict[str, Any]]:
    """Sorted by one of `SORTS`; those that are alike by namespace and name in any case."""
    plain = sorted(found, key=lambda item: (_namespace(item), _name(item)))
    return sorted(plain, key=SORTS[sort_by], reverse=descending)


def page(
    found: Sequence[dict[str, Any]], limit: int | None, offset: int
) -> Sequence[dict[str, Any]]:
    """So many of them, after so many."""
    return found[offset:] if limit is None else found[offset : offset + limit]
