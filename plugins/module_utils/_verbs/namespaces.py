# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Namespaces that a task lists and that do not exist: the API says that they are empty."""

from __future__ import annotations

from collections.abc import Sequence

from .._base.deadline import Deadline
from .._base.errors import ClusterError
from .._base.words import count_of, some_of
from .._cluster import lists, objects
from .._cluster.kinds import NAMESPACE
from .verb import Task

_NAMED = 10


def warn_of_missing(task: Task, empty: Sequence[str], deadline: Deadline) -> list[str]:
    """Warn of namespaces that do not exist.

    It costs one request where any namespace is empty, and says nothing where namespaces may not be
    read.

    Args:
        task: the task; it is told the warning.
        empty: the namespaces in which nothing was found.
        deadline: the task's.

    Returns:
        their names.
    """
    missing = _missing(task, list(dict.fromkeys(empty)), deadline)
    if missing:
        there_is = count_of(len(missing), "namespace does", "namespaces do")
        task.warnings.append(f"{there_is} not exist: {some_of(missing, _NAMED)}.")
    return missing


def _missing(task: Task, empty: Sequence[str], deadline: Deadline) -> list[str]:
    try:
        if not empty:
            return []
        if len(empty) == 1:
            found = objects.read(task.cluster, NAMESPACE, "", empty[0], deadline)
            return [] if found else list(empty)
        path = NAMESPACE.path("", "")
        known = {
            one["metadata"]["name"]
            for one in lists.each(task.cluster, path, {}, deadline, "list the namespaces")
        }
    except ClusterError:
        # It is only a hint: the task itself has read all that it needs.
        return []
    return [name for name in empty if name not in known]
