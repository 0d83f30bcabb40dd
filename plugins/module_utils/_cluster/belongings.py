# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What belongs to a node agent: the label on each object, the list on its DaemonSet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .._base.deadline import Deadline
from .._base.errors import ConflictError, ForbiddenError
from .._spec.agent import AGENT_LABEL
from . import kinds
from .applying import Applied, apply
from .connection import Cluster
from .objects import How, list_all

# The list is no part of what a task says, so it is not among the fields that the task owns.
MANAGER = "everynode-agent"
ANNOTATION = "everynode.kubernetes/agent-objects"


class Reference(NamedTuple):
    """An object, by name."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        within = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {within}{self.name}"


def reference(obj: Mapping[str, Any]) -> Reference:
    """The reference to an object."""
    metadata = obj["metadata"]
    return Reference(
        obj["apiVersion"], obj["kind"], metadata.get("namespace", ""), metadata["name"]
    )


@dataclass
class Belongings:
    """The objects of an agent, as its DaemonSet lists them.

    Attributes:
        current: those that the last run named, or is about to make.
        kept: older ones, such as configuration that a pod or a revision may still refer to.
    """

    current: list[Reference] = field(default_factory=list)
    kept: list[Reference] = field(default_factory=list)

    def all(self) -> list[Reference]:
        """Both together."""
        return [*self.current, *(one for one in self.kept if one not in self.current)]

    def as_text(self) -> str:
        """The value of the annotation."""
        content = {"current": sorted(self.current), "kept": sorted(self.kept)}
        return json.dumps(content, separators=(",", ":"))


def recorded(daemonset: Mapping[str, Any] | None) -> Belongings:
    """What a live DaemonSet lists; nothing where the list cannot be read."""
    metadata = (daemonset or {}).get("metadata") or {}
    text = (metadata.get("annotations") or {}).get(ANNOTATION)
    try:
        content = json.loads(text) if text else {}
        return Belongings(
            [Reference(*one) for one in content.get("current", [])],
            [Reference(*one) for one in content.get("kept", [])],
        )
    except (ValueError, TypeError, AttributeError):
        return Belongings()


def record(
    cluster: Cluster, daemonset: dict[str, Any], belongings: Belongings, deadline: Deadline
) -> dict[str, Any]:
    """Write the list onto the DaemonSet, where it is another; returns the DaemonSet then."""
    if not belongings.all() and recorded(daemonset) == belongings:
        return daemonset
    metadata = daemonset["metadata"]
    intent = {
        "apiVersion": daemonset["apiVersion"],
        "kind": daemonset["kind"],
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
            "annotations": {ANNOTATION: belongings.as_text()},
        },
    }
    how = How(MANAGER, force=True, partial=True)
    applied: Applied = apply(cluster, intent, daemonset, how, deadline)
    return applied.after


def refuse_others(obj: Mapping[str, Any], owner: str) -> None:
    """Refuse an object that belongs to another agent.

    Raises:
        ConflictError: it does.
    """
    found = (obj["metadata"].get("labels") or {}).get(AGENT_LABEL)
    if found not in (None, owner):
        raise ConflictError(
            f"{reference(obj)} belongs to another agent: its label {AGENT_LABEL} is {found}, and"
            f" this one's is {owner}. Nothing was changed.",
            advice="Give this agent's object another name, or remove that label once nobody else"
            " manages the object.",
        )


def labelled(
    cluster: Cluster, owner: str, namespace: str, deadline: Deadline
) -> tuple[list[Reference], list[str]]:
    """The objects that carry an agent's label, where no DaemonSet lists them.

    Returns:
        the objects of all kinds of the built-in table, and the kinds that may not be listed.
    """
    found: list[Reference] = []
    unseen: list[str] = []
    for kind in kinds.built_in():
        if kind in (kinds.DAEMONSET, kinds.NAMESPACE):
            continue
        try:
            items, _version = list_all(
                cluster,
                kind.path(namespace),
                {"labelSelector": f"{AGENT_LABEL}={owner}"},
                deadline,
                f"list the {kind.plural} of an agent",
            )
        except ForbiddenError:
            unseen.append(kind.plural)
            continue
        found += [
            reference({**item, "apiVersion": kind.api_version, "kind": kind.kind}) for item in items
        ]
    return found, unseen


def without(references: Iterable[Reference], others: Iterable[Reference]) -> list[Reference]:
    """Those of the first that are not among the second, in their order."""
    excluded = set(others)
    return [one for one in dict.fromkeys(references) if one not in excluded]
