# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verb of ``daemonset_exec``: a command in the pods of a DaemonSet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError, InputError, NotFoundError
from .._base.redaction import hide, redact_text
from .._base.words import count_of, natural, some_of
from .._cluster.options import CONNECTION_SPEC
from .._nodes.trouble import quoted_end
from . import coming
from .exec_running import Outcome, container_of, obstacle, run_everywhere
from .exec_wish import OWN_SPEC, Wish, checked
from .targets import EITHER, TARGET_SPEC, Missing, Target, choose, unknown_container
from .verb import Task, Verb

_SECONDS_TO_CHOOSE = 120.0
# So many reasons, and so many nodes of each, are told in a message.
_REASONS = 5
_NODES = 5
_WORDS_OF_A_COMMAND = 200
_LOOKED_AT = 4096


def run(task: Task) -> dict[str, Any]:
    """Run the command in the pods that were chosen."""
    wish = checked(task.params)
    try:
        found, missing = choose(task, Deadline(_SECONDS_TO_CHOOSE))
    except NotFoundError as error:
        coming.warn_or_fail(task, error)
        return _view(task, wish, []) | _foretold([])
    targets = found if task.params["pods"] is not None else _one_of_each_node(found, wish)
    _refuse_unknown_container(wish, targets)
    halt = None
    if task.check_mode:
        outcomes = [_foreseen(target, wish) for target in targets]
    else:
        outcomes, halt = run_everywhere(task.cluster, targets, wish, task.progress)
    outcomes += [_absent(one) for one in missing]
    outcomes.sort(key=lambda one: (natural(one.node or ""), one.pod or ""))
    return _result(task, wish, outcomes, halt)


def _one_of_each_node(targets: Sequence[Target], wish: Wish) -> list[Target]:
    """Of two pods of a node, one of which takes the other's place, the better one: it runs, is not
    on its way out, and is the later one."""
    best: dict[str, Target] = {}
    for target in targets:
        key = target.node or f"pod {target.pod}"
        if key not in best or _merit(target, wish) > _merit(best[key], wish):
            best[key] = target
    return list(best.values())


def _merit(target: Target, wish: Wish) -> tuple[bool, bool, str]:
    runs = obstacle(target, container_of(target, wish)) is None
    return runs, not target.ending, target.created


def _refuse_unknown_container(wish: Wish, targets: Sequence[Target]) -> None:
    """Raises:
    InputError: none of the pods has a container of that name.
    """
    if wish.container is not None:
        faults = [*unknown_container("container", wish.container, targets)]
        if faults:
            raise InputError(faults)


def _foreseen(target: Target, wish: Wish) -> Outcome:
    container = container_of(target, wish)
    return Outcome(target.node, target.pod, container, problem=obstacle(target, container))


def _absent(one: Missing) -> Outcome:
    return Outcome(one.node, one.pod, None, problem=one.why)


def _result(
    task: Task, wish: Wish, outcomes: Sequence[Outcome], halt: ClusterError | None
) -> dict[str, Any]:
    failed = [one for one in outcomes if one.failed]
    result = _view(task, wish, outcomes)
    if not outcomes and [] not in (task.params["nodes"], task.params["pods"]):
        task.warnings.append("Nothing was run, since the DaemonSet has no such pods.")
    if halt is not None:
        return result | _halted(task, halt)
    if not failed:
        return result | (_foretold(outcomes) if task.check_mode else {})
    told = _told(wish, failed, len(outcomes), task.secrets, foreseen=task.check_mode)
    if 100 * len(failed) > wish.max_fail_percentage * len(outcomes):
        error = {"kind": "batch", "status": None}
        return result | {"failed": True, "msg": told, "error": error}
    task.warnings.append(told)
    return result | (_foretold(outcomes) if task.check_mode else {})


def _view(task: Task, wish: Wish, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """What became of the command on each node."""
    failed = [one for one in outcomes if one.failed]
    codes = [one.rc for one in outcomes if one.rc is not None]
    return {
        "changed": any(one.output.begun for one in outcomes),
        "nodes": [one.shown(wish.command[0], task.secrets) for one in outcomes],
        "failed_nodes": list(dict.fromkeys(one.node for one in failed if one.node)),
        # Not under the name rc: where that is not 0, Ansible takes the whole task for failed.
        "highest_rc": max(codes, default=None),
    }


def _halted(task: Task, halt: ClusterError) -> dict[str, Any]:
    """What is told of a failure that is the same for all pods."""
    message = redact_text(str(halt), task.secrets)
    error = {"kind": halt.kind, "status": halt.status}
    return {**halt.details, "failed": True, "msg": message, "error": error}


def _foretold(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """What check mode tells beside the nodes."""
    where = [_where(one) for one in outcomes if not one.failed]
    text = (
        f"It would run in {count_of(len(where), 'pod')}: {some_of(where, _NODES)}." if where else ""
    )
    return {"skipped": True, "msg": text or "It would run nowhere."}


def _told(
    wish: Wish, failed: Sequence[Outcome], total: int, secrets: Sequence[str], *, foreseen: bool
) -> str:
    """The failures, by what they were."""
    reasons: dict[str, list[Outcome]] = {}
    for one in failed:
        reasons.setdefault(_reason(one), []).append(one)
    lines = [
        f"{some_of([_where(one) for one in some], _NODES)}: {reason}{_said(some, secrets)}"
        for reason, some in reasons.items()
    ]
    if len(lines) > _REASONS:
        lines[_REASONS:] = [f"and {len(lines) - _REASONS} more reasons"]
    what = "cannot be run" if foreseen else "failed"
    told = (
        f"{wish.command[0]} {what} on {len(failed)} of {count_of(total, 'node')}"
        f" (max_fail_percentage is {wish.max_fail_percentage}):"
        + "".join(f"\n  - {line}" for line in lines)
    )
    return redact_text(told, secrets)


def _reason(one: Outcome) -> str:
    """Why it failed, in words that are the same for all pods to which the same happened."""
    if one.problem is None:
        return f"it ended with {one.rc}"
    return one.problem if one.node is None else _without_name(one.problem, one.pod)


def _said(some: Sequence[Outcome], secrets: Sequence[str]) -> str:
    """What the first of these commands said at its end."""
    for one in some:
        # Hidden before it is shortened: a part of a secret would not be found.
        words = quoted_end(hide(one.said, secrets)[-_LOOKED_AT:], _WORDS_OF_A_COMMAND)
        if words and one.problem is None:
            return f"; on {_where(one)} it said: {words}" if len(some) > 1 else f": {words}"
    return ""


def _without_name(text: str, pod: str | None) -> str:
    if pod is None:
        return text
    called = re.sub(rf"\bpod [a-z0-9-]+/{re.escape(pod)}\b", "the pod", text)
    return called.replace(f'"{pod}"', '"..."')


def _where(one: Outcome) -> str:
    return one.node or f"pod {one.pod}"


VERB = Verb(
    name="daemonset_exec",
    run=run,
    argument_spec={**TARGET_SPEC, **OWN_SPEC, **CONNECTION_SPEC},
    mutually_exclusive=(EITHER, ("command", "shell")),
    hidden=("stdin",),
)
