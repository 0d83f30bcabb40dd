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
    (r"status unknown for quota|quota evaluation timed out", "Quota", True),
    (r"exceeded quota|failed quota|insufficient quota", "Quota", False),
    (r"(minimum|maximum) .+ usage per (Container|Pod)|limit to request ratio", "Quota", False),
    (r"violates PodSecurity|PodSecurityPolicy|security context constraint", "PodSecurity", False),
    (r"no providers available to validate pod", "PodSecurity", False),
    (r"failed calling webhook|Error contacting webhook", "Webhook", True),
    (r"admission webhook .+ denied|image policy webhook backend denied", "Webhook", False),
    (r"ValidatingAdmissionPolicy|MutatingAdmissionPolicy", "Webhook", False),
    (r'(serviceaccount|PriorityClass|RuntimeClass) "[^"]*" not found', "NoPod", False),
    (r"no PriorityClass with name|must not be provided in pod spec", "NoPod", False),
    (
        r"pod rejected: |conflict: runtimeClass|is not allowed because service account",
        "NoPod",
        False,
    ),
    (r"conflicts? with its .+ (selector|whitelist)", "NoPod", False),
    (r"is being terminated|is invalid|selecting all pods", "NoPod", False),
)
# What the kubelet and the attach controller say of volumes. What is not there does not come by
# itself; a driver that is not registered yet, a disk that another node still holds, a server that
# does not answer may.
_MAY_COME = re.compile(
    r"list of registered CSI drivers|not registered|Multi-Attach|timed? ?out|deadline exceeded"
    r"|connection (refused|reset)|no route to host|not bound|is being deleted|no space left"
    r"|code = (Unavailable|Aborted|DeadlineExceeded|ResourceExhausted|Internal)\b|try again"
    r"|temporar(y|ily) (failure|unavailable|error)",
    re.IGNORECASE,
)
# What clients put before the message of an event that stands for many.
_COMBINED = "(combined from similar events): "
_VOLUME_EVENTS = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")
# The kubelet sums up every two minutes which volumes are missing, mostly without saying why.
_VOLUMES_SUMMED_UP = "Unable to attach or mount volumes"


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


def refusals(events: Iterable[Mapping[str, Any]], *reasons: str) -> list[Trouble]:
    """Why the controller could not create pods, newest first, each cause once.

    Args:
        events: of the DaemonSet. The controller tells by the reason ``FailedCreate`` with the API
            server's answer (pkg/controller/controller_utils.go), and by ``SelectingAll``.
        reasons: others to look for: by ``FailedDelete`` it tells that it could not delete pods.
    """
    found: dict[str, Trouble] = {}
    for event in newest_first(events):
        if event.get("reason") in (reasons or ("FailedCreate", "SelectingAll")):
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
    messages = [str(one.get("message") or "") for one in told]
    message = next((one for one in messages if _VOLUMES_SUMMED_UP not in one), messages[0])
    if "hostPath type check failed" in message:
        return trouble("HostPathType", message, False)
    # Names, such as that of a Secret, say nothing of that.
    unquoted = re.sub(r'"[^"]*"', "", message)
    is_summed_up = _VOLUMES_SUMMED_UP in message and "not found" not in message
    return trouble("VolumeMount", message, is_summed_up or bool(_MAY_COME.search(unquoted)))
