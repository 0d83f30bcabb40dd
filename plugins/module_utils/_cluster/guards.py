# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task may ask for before it changes anything: that nobody changed the object meanwhile, or
that there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._base.errors import ConflictError, RolloutError


def refuse_existing(live: Mapping[str, Any] | None) -> None:
    """Refuse to go on where the DaemonSet exists.

    Raises:
        ConflictError: it does.
    """
    if live is None:
        return
    metadata = live["metadata"]
    raise ConflictError(
        f"There is a DaemonSet {metadata['namespace']}/{metadata['name']} already, made at"
        f" {metadata['creationTimestamp']}, and fail_if_exists is true. Nothing was changed.",
        advice="Give another name, or leave fail_if_exists out to have this one changed.",
    )


def refuse_deleting(live: Mapping[str, Any] | None) -> None:
    """Refuse to change an object on its way out: it would take the change and vanish with it.

    Raises:
        RolloutError: it is being deleted.
    """
    if live is None or not live["metadata"].get("deletionTimestamp"):
        return
    metadata = live["metadata"]
    held = ", ".join(metadata.get("finalizers") or []) or "none"
    raise RolloutError(
        f"DaemonSet {metadata['namespace']}/{metadata['name']} is being deleted"
        f" (finalizers: {held}).",
        advice="Wait until it is gone (state: absent with wait), then run the task again.",
    )


def expect_version(live: Mapping[str, Any] | None, namespace: str, name: str, wanted: str) -> None:
    """Refuse to go on where the DaemonSet is not at the resource version that the user saw.

    Raises:
        ConflictError: it is at another, or does not exist.
    """
    if live is None:
        raise ConflictError(
            f"There is no DaemonSet {namespace}/{name} any more, and the task wants it at resource"
            f" version {wanted}. Nothing was changed.",
            advice="Leave resource_version out to have it created.",
        )
    current = live["metadata"]["resourceVersion"]
    if current != wanted:
        what = f"DaemonSet {namespace}/{name}"
        raise stale(what, wanted, f"it is at {current} now{_last_writer(live)}")


def guarded(intent: Mapping[str, Any], version: str) -> dict[str, Any]:
    """An intent that the server applies to an object of this resource version only."""
    return {**intent, "metadata": {**intent["metadata"], "resourceVersion": version}}


def stale(what: str, wanted: str, found: str) -> ConflictError:
    """The failure of a task that wants another resource version.

    Args:
        what: the object, such as ``DaemonSet kube-system/agent``.
        wanted: the version that the task wants.
        found: what is there, a clause.
    """
    return ConflictError(
        f"{what} is not at resource version {wanted} any more: {found}. Nothing was changed.",
        advice="Look at it again, and run the task with the new metadata.resourceVersion. Changes"
        " of its status count too, which the cluster makes during a rollout.",
        status=409,
    )


def _last_writer(live: Mapping[str, Any]) -> str:
    """Who wrote last; the times have no fractions of a second, so it may be several."""
    entries = [one for one in live["metadata"].get("managedFields") or [] if one.get("time")]
    if not entries:
        return ""
    when = max(str(one["time"]) for one in entries)
    names = dict.fromkeys(
        f"{one['manager']}{' (status)' if one.get('subresource') == 'status' else ''}"
        for one in entries
        if str(one["time"]) == when
    )
    return f", last written at {when} by {', '.join(names)}"
