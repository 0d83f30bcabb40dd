# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A DaemonSet in the hands of one run: every write is guarded, and another's change is noticed."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ConflictError, NotFoundError, RolloutError
from .._cluster import daemonsets, fieldset, managers
from .._cluster.applying import Applied, apply
from .._cluster.connection import Cluster
from .._cluster.objects import How
from .._cluster.revisions import is_template, stored
from .._spec.fields import CHANGE_CAUSE
from .._spec.schema import fields_of
from . import rolling_back, waiting
from .annotation import ANNOTATION
from .lost import LostError, foreign
from .observing import until_observed
from .state import MANAGER, State, new_run, now, state_of

ON_DELETE: Mapping[str, Any] = {"type": "OnDelete"}
_ATTEMPTS = 20
_PAUSE_SECONDS = 1.0
_STRATEGY = fields_of("DaemonSetSpec")["updateStrategy"]
_STRATEGY_PATH = ("f:spec", "f:updateStrategy")


class Held:
    """A DaemonSet whose template, strategy and state only this run may change.

    Each write goes to the resource version that was looked at last. Where the object has changed
    since, it is read and judged anew: a change of its status, its labels or a field that has
    nothing to do with the rollout is none of ours, anything else ends this run.

    Args:
        cluster: the connection.
        live: the DaemonSet as it is.
        how: whose fields, and whether others' are taken. Never a dry run.
        deadline: the task's.
        progress: takes lines for a person who waits.

    Attributes:
        live: the DaemonSet as it was seen last.
        state: its rollout's state as it was written last, or is to be written first; None for none.
        deadline: when to give up; a rollback may get another.
        warnings: what the server said, and what of the nodes the user should know.
        has_written: whether anything was written.
    """

    def __init__(
        self,
        cluster: Cluster,
        live: dict[str, Any],
        how: How,
        deadline: Deadline,
        progress: waiting.Progress,
    ):
        self.cluster = cluster
        self.live = live
        self.state = state_of(live)
        # What a rollout has changed, its own field manager puts back.
        manager = self.state.manager if self.state else ""
        self.how = replace(
            how,
            manager=manager or how.manager,
            dry_run=False,
            resource_version=None,
            partial=True,
            create_namespace=False,
        )
        self.deadline = deadline
        self.progress = progress
        self.warnings: list[str] = []
        self.has_written = False
        # What may be there without somebody else having put it there: what was there, and what was
        # sent since, as the answer to a write may be lost.
        self._templates: set[str] = set()
        self._strategies: set[str] = set()
        self._expect(live)
        if self.state is not None:
            # Until this run has written, the one before may still be at work.
            self.may_stand(self.state.digest)
            self._strategies |= {"OnDelete", self._type_of(self.state.strategy)}
        self._runs = {self.state.run if self.state else ""}
        self._own_run = new_run()

    @property
    def name(self) -> str:
        """``namespace/name``."""
        return f"{self.live['metadata']['namespace']}/{self.live['metadata']['name']}"

    @property
    def template(self) -> dict[str, Any]:
        """The template that stands."""
        found: dict[str, Any] = self.live["spec"]["template"]
        return found

    @property
    def strategy(self) -> dict[str, Any]:
        """The update strategy that stands."""
        found: dict[str, Any] = self.live["spec"].get("updateStrategy") or {}
        return found

    # Intents.

    def owned(self) -> dict[str, Any]:
        """All that our field manager wants of the object, read back from what it owns."""
        names = managers.manager_names(self.how.adopt)
        fields = managers.owned_with(self.live, self.how.manager, names)
        found: dict[str, Any] = copy.deepcopy(fieldset.from_owned(self.live, fields))
        found.update(apiVersion="apps/v1", kind="DaemonSet")
        found.setdefault("spec", {})
        metadata = found.setdefault("metadata", {})
        metadata.update({key: self.live["metadata"][key] for key in ("name", "namespace", "uid")})
        return found

    def with_template(self, intent: Mapping[str, Any]) -> dict[str, Any]:
        """What is ours now, but the template and the change cause of another intent, and pods that
        are only replaced when they are deleted.
        """
        owned = self.owned()
        owned["spec"].pop("template", None)
        if "template" in intent["spec"]:
            owned["spec"]["template"] = copy.deepcopy(intent["spec"]["template"])
        owned["spec"]["updateStrategy"] = dict(ON_DELETE)
        _set_cause(owned, (intent["metadata"].get("annotations") or {}).get(CHANGE_CAUSE))
        return owned

    def with_strategy(self, strategy: Mapping[str, Any] | None) -> dict[str, Any]:
        """What is ours now, but another update strategy; None leaves it to the API's default."""
        owned = self.owned()
        owned["spec"].pop("updateStrategy", None)
        if strategy:
            owned["spec"]["updateStrategy"] = dict(strategy)
        return owned

    # What a state remembers of the object.

    def remembered(self) -> dict[str, Any]:
        """The fields of a state that tell how the object was before."""
        names = managers.manager_names(self.how.adopt)
        fields = managers.owned_with(self.live, self.how.manager, names)
        owned = fieldset.from_owned(self.live, fields)
        annotations = (owned.get("metadata") or {}).get("annotations") or {}
        return {
            "manager": self.how.manager,
            "owned": fieldset.subset(fields, ("f:spec", "f:template")),
            "strategy": self.strategy,
            "strategy_owned": fieldset.subset(fields, _STRATEGY_PATH),
            "change_cause": annotations.get(CHANGE_CAUSE),
            "started": now(),
        }

    def strategy_before(self) -> dict[str, Any] | None:
        """What our field manager had said of the update strategy; None for nothing."""
        state = self.state
        if state is None or not state.strategy_owned:
            return None
        found: dict[str, Any] = fieldset.from_owned(state.strategy, state.strategy_owned, _STRATEGY)
        return found

    # Writing.

    def write(self, state: State) -> None:
        """Put the state on the object, before what it tells of is done.

        Raises:
            LostError: see the class.
            ClusterError: it could not be written.
        """
        state = replace(state, run=self._own_run)
        if state == self.state and self._runs == {self._own_run}:
            return
        text = state.as_text()
        self._runs.add(self._own_run)
        self._guarded(lambda live, version: self._annotate(live, version, text))
        self.state, self._runs = state, {self._own_run}

    def clear(self) -> None:
        """Take the state off the object."""
        self._runs.add("")
        self._guarded(lambda live, version: self._annotate(live, version, None))
        self.state, self._runs = None, {""}

    def put(self, make: Callable[[], dict[str, Any]], *, partial: bool = True) -> Applied:
        """Apply an intent, which is made from the object as it is at that moment.

        Args:
            make: makes the intent.
            partial: whether it is silent about what others left behind.
        """

        def write(live: dict[str, Any], version: str) -> Applied:
            intent = make()
            self._strategies.add(self._strategy_type(intent))
            how = replace(self.how, resource_version=version, partial=partial)
            return apply(self.cluster, intent, live, how, self.deadline)

        if self.state is not None:
            self.may_stand(self.state.digest)
        return self._guarded(write)

    def predict(self, intent: dict[str, Any], *, partial: bool = True) -> Applied:
        """What applying an intent would do."""
        how = replace(self.how, dry_run=True, partial=partial)
        return apply(self.cluster, intent, self.live, how, self.deadline)

    def put_template(self, template: Mapping[str, Any], owned: fieldset.FieldSet) -> bool:
        """Put a template back of which we owned these fields.

        Returns:
            whether it stands now exactly as it was.
        """
        self.may_stand(digest_of(template))
        self._guarded(lambda live, version: self._to_template(live, template, owned, self.how))
        return is_template(self.template, template)

    def try_template(self, template: Mapping[str, Any], owned: fieldset.FieldSet) -> None:
        """Make sure that `put_template` would not be refused; writes nothing.

        Raises:
            ConflictError: others hold what would have to change.
        """
        tried = self._to_template(self.live, template, owned, replace(self.how, dry_run=True))
        if not is_template(tried.after["spec"]["template"], template):
            raise ConflictError(
                f"The former template of DaemonSet {self.name} cannot be put back as it was, so"
                " that its rollout cannot go on."
                f" {' '.join(tried.warnings)} Nothing was changed.",
                advice="Undo what others have changed in the template, then run the task again.",
                status=409,
            )

    def _to_template(
        self, live: dict[str, Any], template: Mapping[str, Any], owned: fieldset.FieldSet, how: How
    ) -> Applied:
        cause = rolling_back.Cause(self.state.change_cause if self.state else None)
        return rolling_back.to_template(
            self.cluster, live, template, how, self.deadline, fields=owned, cause=cause
        )

    def observed(self) -> None:
        """Wait until the controller has seen what was written.

        Raises:
            LostError: the object was deleted, or changed by others, meanwhile.
            DeadlineError: the controller did not see it in time.
        """

        def judge(found: dict[str, Any] | None) -> None:
            self._judge(found)
            self.live = found or self.live

        self.live = until_observed(self.cluster, self.live, self.deadline, self.progress, judge)

    def look(self) -> None:
        """Read the object again, and make sure that it is still ours.

        Raises:
            LostError: it is not.
        """
        metadata = self.live["metadata"]
        found = daemonsets.read(
            self.cluster, metadata["namespace"], metadata["name"], self.deadline
        )
        self._judge(found)
        if found is not None:
            self.live = found

    def regain(self, found: dict[str, Any]) -> None:
        """Take the object with the update strategy that somebody else has given it."""
        self.live = found
        self._expect(found)

    def _expect(self, live: dict[str, Any]) -> None:
        """Have this, and nothing else, be what may be there."""
        self._templates = {digest_of(live["spec"]["template"])}
        self._strategies = {self._strategy_type(live)}

    def may_stand(self, digest: str) -> None:
        """Do not take a template of this digest for somebody else's."""
        self._templates.add(digest)

    def _strategy_type(self, obj: Mapping[str, Any]) -> str:
        return self._type_of(obj["spec"].get("updateStrategy") or {})

    @staticmethod
    def _type_of(strategy: Mapping[str, Any]) -> str:
        """The type of an update strategy; the API's default where there is none."""
        return str(strategy.get("type") or "RollingUpdate")

    def _annotate(self, live: dict[str, Any], version: str, text: str | None) -> Applied:
        metadata = live["metadata"]
        intent: dict[str, Any] = {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {key: metadata[key] for key in ("name", "namespace", "uid")},
        }
        if text is not None:
            intent["metadata"]["annotations"] = {ANNOTATION: text}
        how = How(MANAGER, force=True, partial=True, resource_version=version)
        return apply(self.cluster, intent, live, how, self.deadline)

    def _guarded(self, write: Callable[[dict[str, Any], str], Applied]) -> Applied:
        for _attempt in range(_ATTEMPTS):
            try:
                applied = write(self.live, self.live["metadata"]["resourceVersion"])
            except ConflictError as error:
                version = self.live["metadata"]["resourceVersion"]
                self.look()
                is_seen = self.live["metadata"]["resourceVersion"] == version
                # Else others may have taken just now what was still ours.
                if error.details.get("conflicts") and is_seen:
                    raise
                continue
            except NotFoundError:
                self.look()
                raise
            self.live = applied.after
            self._expect(self.live)
            self.has_written = True
            self.warnings.extend(applied.warnings)
            return applied
        raise RolloutError(
            f"DaemonSet {self.name} changes so often that the task could not write to it.",
            advice="See who writes to it: kubectl get daemonset -o yaml --show-managed-fields.",
        )

    def _judge(self, found: dict[str, Any] | None) -> None:
        before = self.live
        if found is None or found["metadata"]["uid"] != before["metadata"]["uid"]:
            again = " and made anew" if found is not None else ""
            raise LostError(
                f"DaemonSet {self.name} was deleted{again} while its rollout was under way.",
                advice="Run the task again once that is settled.",
            )
        if found["metadata"].get("deletionTimestamp"):
            raise LostError(
                f"DaemonSet {self.name} is being deleted while its rollout is under way.",
                advice="Run the task again once it is gone.",
            )
        state = state_of(found)
        if (state.run if state else "") not in self._runs:
            what = f"{state.by or 'Another run'} has taken it over" if state else "it was ended"
            raise LostError(
                f"The rollout of DaemonSet {self.name} is not this run's any more: {what}. This"
                " run has stopped and undone nothing.",
                advice="See to it that only one job at a time works on a DaemonSet.",
            )
        changed = []
        template = found["spec"]["template"]
        if template != before["spec"]["template"] and digest_of(template) not in self._templates:
            changed.append("spec.template")
        if self._strategy_type(found) not in self._strategies:
            changed.append("spec.updateStrategy")
        if changed:
            raise foreign(self.name, changed, found)


def digest_of(template: Mapping[str, Any]) -> str:
    """A digest of a template as the server holds it."""
    return hashlib.sha256(json.dumps(stored(template), sort_keys=True).encode()).hexdigest()


def _set_cause(intent: dict[str, Any], cause: str | None) -> None:
    annotations = intent["metadata"].get("annotations") or {}
    annotations.pop(CHANGE_CAUSE, None)
    if cause is not None:
        annotations[CHANGE_CAUSE] = cause
    intent["metadata"].pop("annotations", None)
    if annotations:
        intent["metadata"]["annotations"] = annotations
