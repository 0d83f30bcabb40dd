# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parameters of ``daemonset_exec``, checked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._base.errors import Fault, InputError
from . import targets

SHELL = "/bin/sh"

_MEBIBYTE = 1024 * 1024
_RANGES = {
    "timeout": (1, None),
    "concurrency": (1, 100),
    "max_bytes": (1, None),
    "max_total_bytes": (1, 64 * _MEBIBYTE),
    "max_fail_percentage": (0, 100),
}

OWN_SPEC: dict[str, dict[str, Any]] = {
    "container": {"type": "str"},
    "command": {"type": "list", "elements": "str"},
    "shell": {"type": "str"},
    "stdin": {"type": "str"},
    # What it holds, since Ansible cuts what is not to be shown out of whatever a command writes.
    "stdin_content": {"type": "str", "no_log": True},
    "stdin_add_newline": {"type": "bool", "default": True},
    "timeout": {"type": "int", "default": 60},
    "concurrency": {"type": "int", "default": 10},
    "max_bytes": {"type": "int", "default": 64 * 1024},
    "max_total_bytes": {"type": "int", "default": 16 * _MEBIBYTE},
    "max_fail_percentage": {"type": "int", "default": 0},
}


@dataclass(frozen=True)
class Wish:
    """What is run, and what is kept of it.

    Attributes:
        command: the program and its arguments.
        container: in which it runs; None for each pod's default one.
        stdin: what the command reads; None for nothing at all.
        timeout: how long it may take on a node, in seconds.
        concurrency: on how many nodes it runs at a time.
        max_bytes: how much is kept of each of its streams.
        max_total_bytes: how much is kept of all streams of all nodes.
        max_fail_percentage: the share of nodes that may fail.
    """

    command: tuple[str, ...]
    container: str | None
    stdin: bytes | None
    timeout: int
    concurrency: int
    max_bytes: int
    max_total_bytes: int
    max_fail_percentage: int

    def bytes_of_a_stream(self, nodes: int) -> int:
        """How much is kept of each stream where the command runs on so many nodes."""
        return max(min(self.max_bytes, self.max_total_bytes // (2 * max(nodes, 1))), 1)


def checked(params: Mapping[str, Any]) -> Wish:
    """What the parameters ask for.

    Raises:
        InputError: a parameter is wrong; with all faults.
    """
    faults = [*targets.faults(params), *_faults(params)]
    if faults:
        raise InputError(faults)
    shell = params["shell"]
    return Wish(
        command=tuple(params["command"]) if shell is None else (SHELL, "-c", shell),
        container=params["container"],
        stdin=_stdin(params),
        **{name: params[name] for name in _RANGES},
    )


def _faults(params: Mapping[str, Any]) -> Iterator[Fault]:
    command, shell = params["command"], params["shell"]
    if command is None and shell is None:
        yield Fault("command", "it is missing: give it, or a line for a shell with shell")
    if command is not None and shell is not None:
        yield Fault("command", "it cannot be given together with shell")
    if command is not None:
        yield from _faults_of_command(command)
    if shell is not None and not shell.strip():
        yield Fault("shell", "is empty: give a line for a shell")
    for option, texts in (("command", command or ()), ("shell", (shell or "",))):
        if any("\0" in text for text in texts):
            yield Fault(option, "has a character NUL in it, which no program can be given")
    if params["container"] is not None and not params["container"].strip():
        yield Fault("container", "is empty: leave it out for the default container")
    yield from targets.out_of_range(params, _RANGES)


def _faults_of_command(command: list[str]) -> Iterator[Fault]:
    if not command or not command[0].strip():
        yield Fault("command", "is empty: give a program and its arguments, as a list")
    elif any(character.isspace() for character in command[0].strip()):
        # What a task has in one line is such a list of one word.
        yield Fault(
            "command",
            f"{command[0]} is no program: give a list of words, such as [ls, -l, /tmp], or give a"
            " line for a shell with shell",
        )


def _stdin(params: Mapping[str, Any]) -> bytes | None:
    text = params["stdin"]
    if params["stdin_content"] is not None:
        text = json.loads(params["stdin_content"])["stdin"]
    if text is None:
        return None
    # As ansible.builtin.command does it: nothing stays nothing.
    ended = f"{text}\n" if text and params["stdin_add_newline"] else str(text)
    return ended.encode("utf-8", "surrogateescape")
