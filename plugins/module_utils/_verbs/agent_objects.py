# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of one node agent in a task: read, applied in order, and told of where one fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from .._base.deadline import Deadline
from .._base.errors import EverynodeError, NotFoundError
from .._cluster import applying, belongings, discovery, kinds, objects
from .._cluster.belongings import Belongings, Reference, reference
from .._spec.agent import AGENT_LABEL, owner_of
from . import daemonset
from .verb import Task

_T = TypeVar("_T")


@dataclass
class Member:
    """One object of the agent.

    Attributes:
        ref: which.
        intent: what is asked for; empty for an object that is to go.
        before: the live object.
        after: the object afterwards, None where it is gone.
        action: ``created``, ``changed``, ``unchanged``, ``deleted`` or ``kept``; empty so far.
    """

    ref: Reference
    intent: dict[str, Any]
    before: dict[str, Any] | None
    after: dict[str, Any] | None = None
    action: str = ""

    @property
    def changed(self) -> bool:
        """Whether something became of it."""
        return self.action in ("created", "changed", "deleted")


class Agent:
    """What one task does with an agent.

    Attributes:
        task: the task.
        namespace: the DaemonSet's.
        name: the DaemonSet's.
        owner: the value of the label on each object.
        deadline: the task's.
        members: the objects, in their order.
        made_namespace: the namespace, where the task makes it.
        daemonset_is_done: whether the DaemonSet has been applied.
    """

    def __init__(self, task: Task, namespace: str, name: str, deadline: Deadline):
        self.task = task
        self.namespace = namespace
        self.name = name
        self.owner = owner_of(namespace, name)
        self.deadline = deadline
        self.members: list[Member] = []
        self.made_namespace: Reference | None = None
        self.daemonset_is_done = False

    @property
    def changed(self) -> bool:
        """Whether any object was changed so far."""
        return any(member.changed for member in self.members)

    def read(self, intents: Sequence[dict[str, Any]], *, new: bool) -> None:
        """Read the live objects; nothing is changed while one belongs to another agent.

        Args:
            intents: what is asked for, in the order in which it is applied.
            new: whether there is no DaemonSet yet, so that the namespace may be missing.
        """
        wanted = list(intents)
        if new and self.task.params["create_namespace"]:
            metadata = {"name": self.namespace, "labels": {AGENT_LABEL: self.owner}}
            own = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
            if self._live(reference(own)) is None:
                self.made_namespace = reference(own)
                wanted.insert(0, own)
        for intent in wanted:
            kind = self.kind(reference(intent))
            if kind is not None and not kind.namespaced:
                intent["metadata"].pop("namespace", None)
            live = self._live(reference(intent))
            if live is not None:
                belongings.refuse_others(live, self.owner)
            self.members.append(Member(reference(intent), intent, live))

    def _live(self, ref: Reference) -> dict[str, Any] | None:
        kind = self.kind(ref)
        if kind is None:
            return None
        return objects.read(self.task.cluster, kind, ref.namespace, ref.name, self.deadline)

    def kind(self, ref: Reference) -> kinds.Kind | None:
        """The kind of an object, None where the server does not have it."""
        return discovery.find(self.task.cluster, ref.api_version, ref.kind, self.deadline)

    def found_by_label(self) -> Belongings:
        """What an earlier run made, where no DaemonSet lists it: it did not come to its end, or
        somebody deleted the DaemonSet.
        """
        found, unseen = belongings.labelled(
            self.task.cluster, self.owner, self.namespace, self.deadline
        )
        if unseen and self.task.params["state"] == "absent":
            self.task.warnings.append(
                f"No DaemonSet lists what belongs to {self.namespace}/{self.name}, and"
                f" {', '.join(unseen)} may not be listed: what is left of those stays."
            )
        return Belongings(found)

    def apply_objects(self) -> None:
        """Apply the objects that the DaemonSet needs, in their order."""
        how = daemonset.how_of(self.task)
        for member in self.members:
            self._apply_one(member, how)

    def _apply_one(self, member: Member, how: objects.How) -> None:
        if self.kind(member.ref) is None:
            if not how.dry_run:
                raise NotFoundError(
                    f"Cannot apply {member.ref}: {self.task.cluster.server} has no kind"
                    f" {member.ref.kind} in {member.ref.api_version}.",
                    advice="Install what brings that kind, or take the object out of the task.",
                    status=404,
                )
            applied = applying.unseen(member.intent)
            lacks = f"the kind {member.ref.kind} of {member.ref.api_version}"
            applied.warnings = [
                f"The server lacks {lacks} so far: {member.ref} was checked offline only."
            ]
        else:
            applied = applying.apply(
                self.task.cluster, member.intent, member.before, how, self.deadline
            )
        self.task.warnings.extend(applied.warnings)
        member.after = applied.after
        member.action = "unchanged"
        if applied.changed:
            member.action = "created" if applied.before is None else "changed"

    def explained(self, step: Callable[[], _T]) -> _T:
        """Take a step; where it fails, the message says what was done and what was not."""
        try:
            return step()
        except EverynodeError as error:
            done = [str(member.ref) for member in self.members if member.changed]
            left = [str(member.ref) for member in self.members if not member.action]
            # A rollout in stages tells of itself.
            is_done = self.daemonset_is_done or (
                "rollout" in error.details and error.details.get("changed")
            )
            if not is_done and self.task.params["state"] == "present":
                left.append(f"DaemonSet {self.namespace}/{self.name}")
            if done and not self.task.check_mode:
                error.details["changed"] = True
                error.message += f" Done before: {', '.join(done)}."
            if left:
                error.message += f" Not done: {', '.join(left)}."
                error.advice = f"{error.advice} A run after that completes it.".strip()
            error.details["objects"] = self.as_result()
            raise

    def as_result(self) -> list[dict[str, Any]]:
        """What became of each object, for the result."""
        return [
            {
                "api_version": member.ref.api_version,
                "kind": member.ref.kind,
                "namespace": member.ref.namespace or None,
                "name": member.ref.name,
                "action": member.action or "not done",
            }
            for member in self.members
        ]

    def is_ours(self, live: Mapping[str, Any]) -> bool:
        """Whether an object carries the label of this agent."""
        return bool((live["metadata"].get("labels") or {}).get(AGENT_LABEL) == self.owner)

    def delete(self, ref: Reference) -> Member | None:
        """Delete an object that is still ours; one that is gone, or is not, is left alone."""
        live = self._live(ref)
        if live is None or live["metadata"].get("deletionTimestamp"):
            return None
        if not self.is_ours(live):
            self.task.warnings.append(
                f"{ref} does not carry the label {AGENT_LABEL} of this agent: it was left alone."
            )
            return None
        member = Member(ref, {}, live)
        self.members.append(member)
        objects.delete(self.task.cluster, live, "Background", self.task.check_mode, self.deadline)
        member.action = "deleted"
        return member

    def keep(self, ref: Reference) -> None:
        """Note that an object stays although the task names it no more."""
        self.members.append(Member(ref, {}, None, None, "kept"))
