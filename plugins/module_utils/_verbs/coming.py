# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A DaemonSet that is missing in check mode: a task before may create it in the real run."""

from __future__ import annotations

from .._base.errors import NotFoundError
from .verb import Task


def warn_or_fail(task: Task, error: NotFoundError) -> None:
    """In check mode, warn that there is no such DaemonSet: failing there would make a check of a
    play useless that installs what it goes on with.

    Raises:
        NotFoundError: the given one, where the task is no check.
    """
    if not task.check_mode:
        raise error
    task.warnings.append(
        f"{error.message} The real run fails if nothing before this task creates it."
    )
