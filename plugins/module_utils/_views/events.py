# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events as a list shows them, from both APIs that have them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._nodes.events import last_seen
from .._nodes.pods import moment

MOST = 50
# While events are taken in, so many are held before the oldest are dropped.
_HELD = 4 * MOST
# What events.k8s.io/v1 calls what the core API calls otherwise
# (pkg/apis/events/v1/zz_generated.conversion.go).
_CORE_NAMES = {
    "regarding": "involvedObject",
    "note": "message",
    "deprecatedCount": "count",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedSource": "source",
    "reportingController": "reportingComponent",
}


def as_core(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event with the field names of the core API, whichever API it is of."""
    return {_CORE_NAMES.get(key, key): value for key, value in event.items()}


class Newest:
    """The newest of many events, of which few are ever held.

    Attributes:
        seen: how many there were.
    """

    def __init__(self) -> None:
        self.seen = 0
        self._held: list[dict[str, Any]] = []

    def add(self, event: Mapping[str, Any], node: str | None) -> None:
        """Take an event of the core API in.

        Args:
            event: the event.
            node: where it happened.
        """
        self.seen += 1
        self._held.append({"event": event, "node": node})
        if len(self._held) > _HELD:
            self._trim()

    def views(self) -> list[dict[str, Any]]:
        """The newest ones, newest first."""
        self._trim()
        return [event_view(one["event"], one["node"]) for one in self._held]

    def _trim(self) -> None:
        self._held.sort(key=lambda one: last_seen(one["event"]), reverse=True)
        del self._held[MOST:]


def event_view(event: Mapping[str, Any], node: str | None) -> dict[str, Any]:
    """One event of the core API: what happened to what, how often and when."""
    about = event.get("involvedObject") or {}
    series = event.get("series") or {}
    source = event.get("source") or {}
    first = event.get("firstTimestamp") or event.get("eventTime")
    seen = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    created = event["metadata"].get("creationTimestamp")
    return {
        "type": event.get("type"),
        "reason": event.get("reason"),
        "message": event.get("message"),
        "kind": about.get("kind"),
        "name": about.get("name"),
        "node": node or source.get("host") or None,
        "count": series.get("count") or event.get("count") or 1,
        "first_seen": first or created,
        "last_seen": next((one for one in seen if moment(one)), created),
        "source": source.get("component") or event.get("reportingComponent") or None,
    }
