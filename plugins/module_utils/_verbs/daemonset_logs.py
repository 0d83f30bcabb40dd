# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verb of ``daemonset_logs``: the logs of a DaemonSet's pods, in the result or in files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError, Fault, InputError, NotFoundError
from .._base.redaction import redact, redact_text
from .._base.words import count_of, some_of
from .._cluster.options import CONNECTION_SPEC
from .._views.log_files import Folder, file_names
from .._views.logs import Log, Shares, failed_nodes, logs_view
from . import coming
from .log_reading import Job, Reading, read_pod
from .log_wish import OWN_SPEC, Wish, checked
from .many_at_once import Headway, side_by_side
from .targets import EITHER, TARGET_SPEC, Target, choose, unknown_container
from .verb import Task, Verb

_SECONDS_TO_CHOOSE = 120.0
# So many failures are told one by one in a message.
_TOLD = 5


def run(task: Task) -> dict[str, Any]:
    """Read the logs that were asked for."""
    wish = checked(task.params)
    try:
        targets, missing = choose(task, Deadline(_SECONDS_TO_CHOOSE))
    except NotFoundError as error:
        coming.warn_or_fail(task, error)
        return logs_view([], searched=wish.search is not None)
    _refuse_unknown_containers(task.params["containers"] or (), targets)
    folder = None
    if wish.dest is not None:
        folder = _folder(wish.dest, wish.mode, task.check_mode)
    shares = Shares(wish.max_total_bytes, keeps_end=wish.keeps_end)
    headway = Headway(len(targets), "are read", task.progress)
    reading = Reading(task.cluster, wish, shares, folder, headway)
    found = side_by_side(_jobs(wish, targets), lambda job: read_pod(reading, job), wish.concurrency)
    if folder is not None:
        # Not where the task is ended early: then a pod may still be read into it.
        folder.close()
    logs = [log for some in found for log in some]
    nothing = b"" if folder is None else None
    logs += [Log(one.node, one.pod, None, nothing, failed=True, message=one.why) for one in missing]
    for log in logs:
        if log.message is not None:
            log.message = redact_text(log.message, task.secrets)
    shortened = shares.finish()
    result = logs_view(logs, searched=wish.search is not None)
    failure = _failure(wish, logs, reading.halt)
    if failure:
        result.update(redact(failure, task.secrets))
        return result
    if not logs and [] not in (task.params["nodes"], task.params["pods"]):
        task.warnings.append("There is no log to read, since the DaemonSet has no pods.")
    task.warnings.extend(_warnings(wish, logs, shortened))
    return result


def _refuse_unknown_containers(names: Sequence[str], targets: Sequence[Target]) -> None:
    """Raises:
    InputError: no pod has a container of that name; with all such.
    """
    faults = [
        fault
        for index, name in enumerate(names)
        for fault in unknown_container(f"containers[{index}]", name, targets)
    ]
    if faults:
        raise InputError(faults)


def _folder(path: str, mode: int, check_mode: bool) -> Folder:
    try:
        return Folder(path, mode, check_mode=check_mode)
    except OSError as error:
        raise InputError([Fault("dest", f"cannot be used: {error.strerror}")]) from error


def _jobs(wish: Wish, targets: Sequence[Target]) -> list[Job]:
    """What to read of each pod, and the files for that."""
    chosen = [
        (target, tuple(wish.containers if wish.containers is not None else target.containers))
        for target in targets
    ]
    names = iter(
        file_names(
            [(target.node, target.pod, name) for target, some in chosen for name in some],
            previous=wish.part.previous,
        )
    )
    return [Job(target, tuple((name, next(names)) for name in some)) for target, some in chosen]


def _failure(wish: Wish, logs: Sequence[Log], halt: ClusterError | None) -> dict[str, Any]:
    """What makes the task fail: no log could be read, or those of too many nodes not; or nothing.

    It is no exception: then what could be read would be hidden like a message.
    """
    failed = [log for log in logs if log.failed]
    asked, lost = len({log.where for log in logs}), len(failed_nodes(logs))
    error: dict[str, Any] = {"kind": "batch", "status": None}
    if failed and len(failed) == len(logs):
        if halt is not None:
            error = {"kind": halt.kind, "status": halt.status}
            return {**halt.details, "failed": True, "msg": str(halt), "error": error}
        return {"failed": True, "msg": f"No log could be read: {_told(failed)}", "error": error}
    if 100 * lost <= wish.max_fail_percentage * asked:
        return {}
    message = (
        f"The logs of {lost} of {count_of(asked, 'node')} could not be read, which is more than"
        f" max_fail_percentage allows ({wish.max_fail_percentage} %): {_told(failed)}"
    )
    return {"failed": True, "msg": message, "error": error}


def _warnings(wish: Wish, logs: Sequence[Log], shortened: int) -> Iterator[str]:
    failed = [log for log in logs if log.failed]
    if failed:
        asked = len({log.where for log in logs})
        yield (
            f"The logs of {len(failed_nodes(logs))} of {count_of(asked, 'node')} could not be read:"
            f" {_told(failed)}"
        )
    if shortened:
        yield (
            f"{count_of(shortened, 'log is', 'logs are')} shorter than max_bytes allows, since all"
            f" together may have {wish.max_total_bytes} bytes (max_total_bytes): ask for fewer, or"
            " let dest take them."
        )


def _told(failed: Sequence[Log]) -> str:
    """The first failures, one for each node; nodes with the same one together."""
    by_node: dict[str, str] = {}
    for log in failed:
        by_node.setdefault(log.where, log.message or "")
    nodes: dict[str, list[str]] = {}
    for where, message in by_node.items():
        nodes.setdefault(message, []).append(where)
    told = [
        message if len(some) == 1 and some[0] in message else f"{some_of(some, _TOLD)}: {message}"
        for message, some in list(nodes.items())[:_TOLD]
    ]
    more = sum(len(some) for some in list(nodes.values())[_TOLD:])
    return " ".join(told) + (f" And {count_of(more, 'node')} more." if more > 0 else "")


VERB = Verb(
    name="daemonset_logs",
    run=run,
    argument_spec={**TARGET_SPEC, **OWN_SPEC, **CONNECTION_SPEC},
    mutually_exclusive=(EITHER, ("since_seconds", "since_time")),
)
