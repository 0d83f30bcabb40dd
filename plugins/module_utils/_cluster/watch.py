# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Following a list of objects: a streamed GET, continued from where it was when it breaks."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError, DeadlineError, ExpiredError
from .answers import lines
from .libraries import urllib3
from .sender import Request, Sender

# The API server ends a watch by itself after 30 to 60 minutes; we ask for less, so that a watch is
# never older than a load balancer's idle limit would bear, and vary it so that many do not come
# back at once.
_LONGEST_SECONDS = (240, 360)
# A stream that ended sooner than this is followed by a pause: a server that ends each at once must
# not be hammered.
_SHORT_STREAM_SECONDS = 1.0
_PAUSE_SECONDS = 1.0


def watch_events(
    sender: Sender,
    path: str,
    *,
    query: Mapping[str, Any],
    resource_version: str,
    deadline: Deadline,
    doing: str,
    opened: Callable[[Any], None] | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield watch events until the deadline; see ``Cluster.watch``.

    Follows client-go's RetryWatcher: the version of every event counts, bookmarks included, which
    are not yielded; 410 ends it, anything else that passes leads to a new stream from the last
    version.
    """
    version = resource_version
    while not deadline.passed():
        started = time.monotonic()
        asked = _watch_query(query, version, deadline)
        try:
            response, _no_body = sender.send(
                Request("GET", path, doing, query=asked, stream=True), deadline
            )
        except DeadlineError:
            return
        try:
            if opened is not None:
                opened(response)
            for event in _events(response, deadline):
                if event["type"] == "ERROR":
                    _stop_or_pause(event["object"], deadline, doing)
                    break
                version = event["object"].get("metadata", {}).get("resourceVersion") or version
                if event["type"] != "BOOKMARK":
                    yield event
        finally:
            response.close()
        if time.monotonic() - started < _SHORT_STREAM_SECONDS:
            deadline.sleep(_PAUSE_SECONDS)


def _watch_query(query: Mapping[str, Any], version: str, deadline: Deadline) -> dict[str, Any]:
    seconds = min(deadline.left() + 1, random.uniform(*_LONGEST_SECONDS))
    return {
        **query,
        "watch": True,
        "allowWatchBookmarks": True,
        "resourceVersion": version,
        "timeoutSeconds": max(1, int(seconds)),
    }


def _events(response: Any, deadline: Deadline) -> Iterator[dict[str, Any]]:
    """The events of one stream, until it ends in whatever way."""
    try:
        for line in lines(response, deadline):
            try:
                event = json.loads(line)
            except ValueError:  # cut in the middle: the next stream sends it again
                return
            if isinstance(event, dict) and isinstance(event.get("object"), dict):
                yield {"type": str(event.get("type")), "object": event["object"]}
    except (urllib3.exceptions.HTTPError, OSError):
        # Broken, or silent until the deadline: both are the outer loop's business.
        return


def _stop_or_pause(status: Mapping[str, Any], deadline: Deadline, doing: str) -> None:
    """What to do after an ERROR event, whose object is a Status."""
    code = status.get("code")
    message = str(status.get("message") or f"code {code}")
    if code == 410:
        raise ExpiredError(f"Cannot {doing}: {message}.", status=410, body=dict(status))
    if code in (401, 403):
        raise ClusterError(f"Cannot {doing}: {message}.", status=code, body=dict(status))
    details = status.get("details")
    seconds = details.get("retryAfterSeconds") if isinstance(details, Mapping) else None
    if isinstance(seconds, (int, float)):
        deadline.sleep(float(seconds))
