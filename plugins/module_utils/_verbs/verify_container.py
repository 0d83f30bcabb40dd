# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The container in which a command is to prove a new pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._spec.names import nearest
from .._spec.rollout import Check
from .verb import Task


def warn_of_unknown(
    task: Task, check: Check | None, path: str, *templates: Mapping[str, Any]
) -> None:
    """Warn where no template has the container. A webhook may add it to the pods, so that is no
    fault; else no new pod can be proven.

    Args:
        task: is given the warning.
        check: the command.
        path: the parameter that names the container.
        templates: pod templates, whole or in part.
    """
    if check is None or check.container is None:
        return
    known = [name for template in templates for name in _that_run(template)]
    if check.container in known:
        return
    meant = nearest(check.container, known)
    hint = f", did you mean {meant}?" if meant else "."
    task.warnings.append(
        f"{path}: the template has no container {check.container} that keeps running{hint} Unless"
        " something else adds it to the pods, none of the new ones can be proven."
    )


def _that_run(template: Mapping[str, Any]) -> Iterator[str]:
    """The names of the containers in which a command can run; of init containers, sidecars."""
    spec = template.get("spec") or {}
    for one in spec.get("containers") or []:
        yield one["name"]
    for one in spec.get("initContainers") or []:
        if one.get("restartPolicy") == "Always":
            yield one["name"]
