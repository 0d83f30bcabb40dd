# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the tasks in YAML, and which module each calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible.playbook.block import Block
from ansible.playbook.handler import Handler

_BLOCKS = ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers")
_KEYWORDS = {*Handler.fattributes, *Block.fattributes, "local_action", "with_items"}


def tasks(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every task of a list of tasks or plays, at whatever depth of blocks."""
    for entry in entries:
        inner = [key for key in _BLOCKS if key in entry]
        if inner or "hosts" in entry:
            for key in inner:
                yield from tasks(entry[key])
        else:
            yield entry


def action(task: dict[str, Any]) -> str:
    """The key of a task that is no keyword of Ansible's: the module's name."""
    names = [key for key in task if key not in _KEYWORDS and not key.startswith("with_")]
    assert len(names) == 1, f"cannot tell the module of {task.get('name', task)!r}: {names}"
    return names[0]
