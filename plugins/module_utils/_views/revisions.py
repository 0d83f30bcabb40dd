# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The history of a DaemonSet as a list shows it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._cluster.revisions import HASH_LABEL, Revision

_IN_WORDS = 10


def revision_views(
    revisions: Sequence[Revision],
    current: Revision | None,
    pods: Iterable[Mapping[str, Any]] | None,
) -> list[dict[str, Any]]:
    """The revisions of a DaemonSet, the newest first.

    Args:
        revisions: oldest first.
        current: that of the template which the DaemonSet has now.
        pods: the DaemonSet's, to be counted by revision; None where they were not read.
    """
    counts: dict[str, int] | None = None
    if pods is not None:
        counts = {}
        for pod in pods:
            name = str((pod["metadata"].get("labels") or {}).get(HASH_LABEL))
            counts[name] = counts.get(name, 0) + 1
    return [
        {
            "revision": one.number,
            "current": one is current,
            "images": one.images,
            "change_cause": one.change_cause,
            "created": one.created,
            "pods": None if counts is None else counts.get(one.hash, 0),
            "template_hash": one.hash,
            "name": one.name,
        }
        for one in reversed(revisions)
    ]


def small_revision(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A ControllerRevision without what no view shows."""
    metadata = {key: value for key, value in stored["metadata"].items() if key != "managedFields"}
    return {"metadata": metadata, "revision": stored["revision"], "data": stored["data"]}


def in_words(revisions: Sequence[Revision], current: Revision | None) -> str:
    """The newest revisions in a sentence, for a task that asks for one that is not there."""
    if not revisions:
        return "It has no revisions."
    shown = [_in_words(one, one is current) for one in reversed(revisions)][:_IN_WORDS]
    more = f"; and {len(revisions) - _IN_WORDS} older" if len(revisions) > _IN_WORDS else ""
    return f"Its revisions are: {'; '.join(shown)}{more}."


def _in_words(revision: Revision, is_current: bool) -> str:
    images = ", ".join(f"{name}={image}" for name, image in revision.images.items())
    cause = f', "{revision.change_cause}"' if revision.change_cause else ""
    now = ", the current one" if is_current else ""
    return f"{revision.number} ({images}, of {revision.created}{cause}{now})"
