# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restarting or removing many DaemonSets of a namespace, each whatever becomes of the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import EverynodeError, Fault, InputError
from .._base.words import some_of
from .._cluster import daemonsets
from .._cluster.connection import Cluster
from .._cluster.objects import list_all
from .._nodes.readiness import Verdict

_NAMED = 20


@dataclass
class Member:
    """One DaemonSet of a batch.

    Attributes:
        live: as it was listed, and later as it was last seen.
        before: as it was listed.
        after: as the change left it; None where it was removed.
        changed: whether it was changed, or in check mode would be.
        error: why it could not be changed, or did not come to its end in time.
        found: the state of its rollout.
        restarts: which pods restart by the change.
    """

    live: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any] | None
    changed: bool = False
    error: EverynodeError | None = None
    found: Verdict | None = None
    restarts: dict[str, Any] | None = None

    @property
    def uid(self) -> str:
        """The object's uid."""
        return str(self.live["metadata"]["uid"])

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.live["metadata"]["name"])


@dataclass(frozen=True)
class Batch:
    """DaemonSets of one namespace.

    Attributes:
        namespace: theirs.
        members: all of them, by name.
        version: the resourceVersion at which they were listed.
    """

    namespace: str
    members: Sequence[Member]
    version: str


def listed(
    cluster: Cluster, namespace: str, selectors: Sequence[str], limit: int, deadline: Deadline
) -> Batch:
    """The DaemonSets of a namespace whose labels match all of the selectors.

    Raises:
        InputError: there are more than ``limit``.
    """
    found, version = list_all(
        cluster,
        daemonsets.path_of(namespace),
        {"labelSelector": ",".join(selectors)},
        deadline,
        f"list the DaemonSets of namespace {namespace} with {','.join(selectors)}",
    )
    # In a list, the server's answer says the kind once for all.
    objects = [{"apiVersion": "apps/v1", "kind": "DaemonSet", **one} for one in found]
    objects.sort(key=lambda one: str(one["metadata"]["name"]))
    if len(objects) > limit:
        raise InputError([Fault("max_objects", _too_many(objects, limit))])
    return Batch(namespace, [Member(one, one, one) for one in objects], version)


def _too_many(objects: Sequence[dict[str, Any]], limit: int) -> str:
    names = [str(one["metadata"]["name"]) for one in objects]
    return (
        f"label_selectors match {len(names)} DaemonSets, and {limit} is the most that may be"
        f" touched: {some_of(names, _NAMED)}; nothing was changed"
    )


def each(batch: Batch, change: Callable[[Member], None]) -> None:
    """Change each member; a failure is kept with it, and the others go on."""
    for member in batch.members:
        try:
            change(member)
        except EverynodeError as error:
            member.error = error
