# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rollout that takes several steps remembers on the object: an annotation under a field
manager of its own. docs/rollouts.md says what is in it.
"""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from .._base.errors import RolloutError
from .._cluster.fieldset import FieldSet
from .annotation import ANNOTATION, has_state

MANAGER = "everynode-rollout"

STAGED, PAUSED, REBUILD = "staged", "paused", "rebuild"

# The phases of a staged rollout: pods of a stage are replaced; a stage is done and the next has not
# begun; it failed and waits for `state: resumed`; it failed and is tried again by the next run; the
# touched nodes go back; the new template is being put there for good.
ROLLING, HOLDING, HALTED, FAILED = "rolling", "holding", "paused", "failed"
REVERTING, PROMOTING = "reverting", "promoting"
# Those of a rebuild: the pods go; the new ones come.
EMPTYING, FILLING = "emptying", "filling"
_PHASES = (ROLLING, HOLDING, HALTED, FAILED, REVERTING, PROMOTING, EMPTYING, FILLING)

_VERSION = 1


@dataclass(frozen=True)
class State:
    """A rollout that is under way, or was when it was last written.

    It holds no value of the template, as those may be secret: the stable template is read from its
    ControllerRevision, and the new one comes from the task.

    Attributes:
        kind: ``staged``, ``paused`` or ``rebuild``.
        phase: where it is; see above.
        stage: the stage that is under way, or done (holding), counted from 1.
        stages: how many there were when it was written.
        plan: the plan as JSON, without a command, which may hold secrets.
        verifies: whether the plan had such a command.
        run: which run of a task wrote this last. Another one that finds its own replaced stops.
        by: who that was, for people.
        started: when the rollout began, in RFC 3339.
        manager: the field manager whose template this is about.
        revision: the ControllerRevision with the stable template.
        owned: what the field manager owned of the stable template (FieldsV1).
        change_cause: the change cause that the field manager had set, if any.
        digest: a digest of the new template.
        hash: the value of ``controller-revision-hash`` of the new pods, once it is known.
        earlier: such values of rollouts whose place this one took before they had ended.
        strategy: the update strategy of before.
        strategy_owned: what the field manager owned of it.
        why: why it failed, a sentence or empty.
    """

    kind: str
    phase: str
    stage: int = 0
    stages: int = 0
    plan: dict[str, Any] = field(default_factory=dict)
    verifies: bool = False
    run: str = ""
    by: str = ""
    started: str = ""
    manager: str = ""
    revision: str = ""
    owned: FieldSet = field(default_factory=dict)
    change_cause: str | None = None
    digest: str = ""
    hash: str | None = None
    earlier: list[str] = field(default_factory=list)
    strategy: dict[str, Any] = field(default_factory=dict)
    strategy_owned: FieldSet = field(default_factory=dict)
    why: str = ""

    def at(self, phase: str, **changes: Any) -> State:
        """The same rollout in another phase."""
        return replace(self, phase=phase, **changes)

    def as_text(self) -> str:
        """The value of the annotation."""
        content = {"version": _VERSION} | {
            one.name: getattr(self, one.name)
            for one in fields(self)
            if getattr(self, one.name) not in (None, "", 0, False, {}, [])
        }
        return json.dumps(content, separators=(",", ":"))


def new_run() -> str:
    """A name for this run of a task, which no other has."""
    return uuid.uuid4().hex[:12]


def now() -> str:
    """The time, in RFC 3339."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def state_of(live: Mapping[str, Any] | None) -> State | None:
    """The rollout that a live DaemonSet remembers, or None.

    Raises:
        RolloutError: the annotation is none that this version can read.
    """
    if live is None or not has_state(live):
        return None
    metadata = live["metadata"]
    try:
        content = json.loads(metadata["annotations"][ANNOTATION])
        if content.pop("version") != _VERSION:
            raise ValueError("another version")
        known = {one.name for one in fields(State)}
        found = State(**{key: value for key, value in content.items() if key in known})
        _check(found)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise RolloutError(
            f"DaemonSet {metadata['namespace']}/{metadata['name']} has an annotation {ANNOTATION}"
            f" that cannot be read ({error}). Nothing was changed.",
            advice="Another version of this collection wrote it, or somebody changed it. Look at"
            " the DaemonSet's template and update strategy, then remove the annotation to start"
            " from what is there.",
        ) from error
    return found


def _check(state: State) -> None:
    """Raise ValueError, or what Python does, where a state holds what none may."""
    if state.kind not in (STAGED, PAUSED, REBUILD):
        raise ValueError("another kind")
    if state.phase not in _PHASES:
        raise ValueError("another phase")
    plain = State(state.kind, state.phase)
    for one in fields(State):
        value, usual = getattr(state, one.name), getattr(plain, one.name)
        kind = str if usual is None else usual.__class__
        if value.__class__ is not kind and not (value is None and usual is None):
            raise ValueError(f"{one.name} is of another type")
    if any(one.__class__ is not str for one in state.earlier):
        raise ValueError("earlier is of another type")
    _check_plan(state.plan)


def _check_plan(kept: Mapping[str, Any]) -> None:
    # Imported here, as few tasks find a rollout.
    from .._spec.rollout import FAIL, PAUSE, ROLLBACK, Plan, stages_of
    from .._spec.shares import share_of

    plan = Plan.from_dict(kept)
    pools = plan.order_by.stages.values() if plan.order_by is not None else ()
    for sizes in (plan.stages, *pools):
        if not sizes:
            raise ValueError("no stages")
        for size in sizes:
            share_of(size, 1)
    share_of(plan.max_failures, 1)
    share_of(plan.max_unavailable or 1, 1)
    stages_of(plan, [("node", dict(plan.canary))])
    if plan.on_failure not in (ROLLBACK, PAUSE, FAIL):
        raise ValueError("another on_failure")
    until = 1 if plan.until_stage is None else plan.until_stage
    for number in (until, plan.soak_seconds, plan.max_pod_restarts):
        if number.__class__ is not int or number < 0:
            raise ValueError(f"{number!r} is no number")
