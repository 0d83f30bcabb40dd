# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task does where the rollout before its own is not finished: ``on_unfinished_rollout``."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import EverynodeError, RolloutError
from .._cluster import objects
from .._cluster.applying import apply
from .._rollout import forecast, guarding, waiting
from .verb import Task

TEMPLATE = "change the template"


def before_change(
    task: Task, how: objects.How, live: dict[str, Any], intent: dict[str, Any], deadline: Deadline
) -> dict[str, Any]:
    """Hold a change of a DaemonSet up where it changes the template, as the server says; see
    `hold`.
    """
    if task.params["on_unfinished_rollout"] == guarding.PROCEED or not guarding.unfinished(live):
        return live
    trial = apply(task.cluster, intent, live, replace(how, dry_run=True), deadline)
    return live if forecast.same(live, trial.after) else hold(task, live, TEMPLATE, deadline)


def hold(
    task: Task,
    live: dict[str, Any],
    change: str,
    deadline: Deadline,
    unless_told: str = guarding.PROCEED,
) -> dict[str, Any]:
    """Wait for the rollout before, or refuse to go on, where it is not finished.

    Args:
        task: the task.
        live: the DaemonSet.
        change: what the task would do, such as ``restart it``.
        deadline: the task's.
        unless_told: what is done where the task does not say.

    Returns:
        the DaemonSet as it is then; in check mode, with the status that it will have.

    Raises:
        RolloutError: the rollout before is not finished; nothing was changed.
    """
    choice = task.params["on_unfinished_rollout"] or unless_told
    found = guarding.unfinished(live)
    if choice == guarding.PROCEED or found is None:
        return live
    patience = waiting.patience_of(task.params)
    if guarding.is_excused(task.cluster, live, patience.allowance, deadline):
        return live
    if choice == guarding.REFUSE:
        raise guarding.refusal(live, found, change)
    if task.check_mode:
        task.warnings.append(
            f"The rollout before is not finished ({found.message}): the real run waits for its end"
            " first."
        )
        return guarding.ended(live)
    try:
        return waiting.until_ready(task.cluster, live, patience, deadline, task.progress)[0]
    except RolloutError as error:
        explain(error, change)
        raise


def explain(error: EverynodeError, change: str) -> None:
    """Have the failure of a wait for the rollout before say that this was all; see `hold`."""
    error.message = f"The rollout before has not ended well. {error.message}"
    error.advice = (
        f"{error.advice} Nothing was changed by this task; on_unfinished_rollout: proceed has it"
        f" {change} all the same."
    )
    error.details["changed"] = False


def warnings(task: Task, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What a new template comes upon that the controller rolls out; none where it stays."""
    if forecast.same(before, after):
        return []
    choice, told = task.params["on_unfinished_rollout"], []
    if choice is None and guarding.is_rolling(before):
        told = guarding.overtaken(before, after)
    elif choice != guarding.PROCEED or not guarding.is_rolling(before):
        told = guarding.used_up(before, after)
    return [*told, *guarding.made_young(before, after, datetime.datetime.now(datetime.UTC))]
