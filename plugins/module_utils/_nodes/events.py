# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What events say of a DaemonSet and of its pods. Pure.

Events are of the core API (``v1``), as they are listed. They are kept for an hour, so that one says
something only where the state it tells of still holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from .pods import moment
from .trouble import Trouble, trouble

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
# What the controller says where it could not create a pod: the first that fits. Whether waiting may
# help: a full quota and a refusal stay until somebody changes something; a webhook that cannot be
# reached, a slow API server or an account that is still being made may come right.
_REFUSALS: tuple[tuple[str, str, bool], ...] = (
    (r"exceeded quota|failed quota|insufficient quota", "Quota", False),
    (r"(minimum|maximum) .+ usage per (Container|Pod)|limit to request ratio", "Quota", False),
    (r"violates PodSecurity|PodSecurityPolicy|security context constraint", "PodSecurity", False),
    (r"no providers available to validate pod", "PodSecurity", False),
    (r"failed calling webhook", "Webhook", True),
    (r"admission webhook .+ denied", "Webhook", False),
    (r"ValidatingAdmissionPolicy|MutatingAdmissionPolicy", "Webhook", False),
    (r'(serviceaccount|PriorityClass|RuntimeClass) "[^"]*" not found', "NoPod", False),
    (r"no PriorityClass with name", "NoPod", False),
    (r"is being terminated|is invalid|selecting all pods", "NoPod", False),
)
# What the kubelet and the attach controller say of volumes. What is not there does not come by
# itself; a driver that is not registered yet, a disk that another node still holds, a server that
# does not answer may.
_MAY_COME = re.compile(
    r"list of registered CSI drivers|not registered|Multi-Attach|timed? ?out|deadline exceeded"
    r"|connection (refused|reset)|Aborted|try again|temporar",
    re.IGNORECASE,
)
# What clients put before the message of an event that stands for many.
_COMBINED = "(combined from similar events): "
_VOLUME_EVENTS = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")


def last_seen(event: Mapping[str, Any]) -> datetime:
    """When an event was last seen; long ago where it does not say."""
    series = event.get("series") or {}
    times = (
        series.get("lastObservedTime"),
        event.get("lastTimestamp"),
        event.get("eventTime"),
        event.get("firstTimestamp"),
        (event.get("metadata") or {}).get("creationTimestamp"),
    )
    return next((found for found in map(moment, times) if found is not None), _LONG_AGO)


def newest_first(events: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Events in the order of when they were last seen."""
    return sorted(events, key=last_seen, reverse=True)


def by_object(
    events: Iterable[Mapping[str, Any]] | None,
) -> dict[str, list[Mapping[str, Any]]]:
    """Events by the uid of what they tell of, newest first."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for event in newest_first(events or []):
        uid = str((event.get("involvedObject") or {}).get("uid") or "")
        found.setdefault(uid, []).append(event)
    return found


def newest_with(
    events: Iterable[Mapping[str, Any]], *reasons: str, saying: str = ""
) -> Mapping[str, Any] | None:
    """The first event with one of these reasons whose message holds the text."""
    return next(
        (
            one
            for one in events
            if one.get("reason") in reasons and saying in str(one.get("message") or "")
        ),
        None,
    )


def refusals(events: Iterable[Mapping[str, Any]]) -> list[Trouble]:
    """Why the controller could not create pods, newest first, each cause once.

    Args:
        events: of the DaemonSet. The controller tells by the reason ``FailedCreate`` with the API
            server's answer (pkg/controller/controller_utils.go), and by ``SelectingAll``.
    """
    found: dict[str, Trouble] = {}
    for event in newest_first(events):
        if event.get("reason") in ("FailedCreate", "SelectingAll"):
            one = _refusal(str(event.get("message") or "").removeprefix(_COMBINED))
            found.setdefault(one.cause, one)
    return list(found.values())


def _refusal(message: str) -> Trouble:
    for words, cause, heals in _REFUSALS:
        if re.search(words, message, re.IGNORECASE | re.DOTALL):
            return trouble(cause, message, heals)
    return trouble("NoPod", message, True)


def volume_trouble(events: Iterable[Mapping[str, Any]]) -> Trouble | None:
    """Why a pod's volumes cannot be mounted, by its events, newest first.

    Only of a pod whose containers were not created yet: events outlive what they tell of.
    """
    told = [one for one in events if one.get("reason") in _VOLUME_EVENTS]
    if not told:
        return None
    # The kubelet sums up every two minutes which volumes are missing, without saying why.
    precise = [one for one in told if "failed for volume" in str(one.get("message") or "")]
    message = str((precise or told)[0].get("message") or "")
    if "hostPath type check failed" in message:
        return trouble("HostPathType", message, False)
    heals = not precise or bool(_MAY_COME.search(message))
    return trouble("VolumeMount", message, heals)
