# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a task waits for a rollout, for what, and what ends it early."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._base.errors import Fault
from .._nodes.readiness import STRICT, Allowance
from .._spec.shares import percent

WAIT_SPEC: dict[str, dict[str, Any]] = {
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 600, "aliases": ["upgrade_timeout_seconds"]},
    "unavailable_budget": {"type": "str"},
    "ignore_not_ready_nodes": {"type": "str"},
    "fail_early": {"type": "bool", "default": True},
    "failure_grace_seconds": {"type": "int", "default": 60},
    "progress_deadline_seconds": {"type": "int", "default": 600},
}
_SHARES = ("unavailable_budget", "ignore_not_ready_nodes")
# Each with the least that it may be.
_SECONDS = {"wait_timeout": 1, "failure_grace_seconds": 0, "progress_deadline_seconds": 1}


@dataclass(frozen=True)
class Patience:
    """What a wait puts up with.

    Attributes:
        allowance: which nodes may lack their pod.
        fail_early: whether a cause that does not heal by waiting ends the wait.
        grace_seconds: how long such a cause must have lasted.
        progress_deadline_seconds: how long nothing may have come forward.
    """

    allowance: Allowance = STRICT
    fail_early: bool = True
    grace_seconds: float = 60.0
    progress_deadline_seconds: float = 600.0


def patience_of(params: Mapping[str, Any]) -> Patience:
    """What the parameters of a task, which are checked, want to be put up with."""
    return Patience(
        Allowance(params["unavailable_budget"], params["ignore_not_ready_nodes"]),
        params["fail_early"],
        params["failure_grace_seconds"],
        params["progress_deadline_seconds"],
    )


def check_patience(params: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with the parameters of `WAIT_SPEC`."""
    faults = [
        Fault(name, f"{params[name]} is not a number of seconds, {least} or more")
        for name, least in _SECONDS.items()
        if params[name] < least
    ]
    for name in _SHARES:
        value = params[name]
        # ASCII only: other digits are digits to Python, too.
        if value is None or percent(value) is not None or (value.isascii() and value.isdigit()):
            continue
        faults.append(
            Fault(name, f'"{value}" is neither a number of nodes nor a percentage such as "10%"')
        )
    return faults
