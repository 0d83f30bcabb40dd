# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a verb is, and running one: the same code in the controller's process and as a module."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._base.errors import EverynodeError
from .._base.redaction import redact, redact_text
from .._cluster.connect import connect
from .._cluster.connection import Cluster


def _silent(_line: str) -> None:
    return


@dataclass
class Task:
    """One task that a verb carries out.

    Attributes:
        params: the checked parameters.
        check_mode: whether nothing may be written.
        diff_mode: whether the user asked for differences.
        progress: takes lines for a person who waits.
        shows_invocation: whether the result tells the parameters again.
        hidden: strings that must not be printed, beside those of the connection.
        warnings: what the user is told beside the result.
    """

    params: Mapping[str, Any]
    check_mode: bool = False
    diff_mode: bool = False
    progress: Callable[[str], None] = _silent
    shows_invocation: bool = True
    hidden: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    _cluster: Cluster | None = None

    @property
    def cluster(self) -> Cluster:
        """The connection; made when it is first asked for, so that wrong input never needs one."""
        if self._cluster is None:
            self._cluster = connect(self.params)
        return self._cluster

    @property
    def secrets(self) -> list[str]:
        """Strings that must not be printed."""
        own = list(self._cluster.secrets) if self._cluster is not None else []
        return own + self.hidden


@dataclass(frozen=True)
class Verb:
    """What a module does.

    Attributes:
        name: the module's name, without the collection's.
        run: does it; returns the result of the task.
        argument_spec: the parameters, as Ansible's argument specs are.
        mutually_exclusive: names of parameters of which only one may be given.
        hides_secrets: whether it has a parameter ``secrets``, which travels as text.
        hidden: names of parameters that nobody is shown, but whose value may well stand in the
            result; each travels in another one, the same name with ``_content``.
        takes_settings: whether it has a parameter ``settings``, which its action plugin takes
            apart.
    """

    name: str
    run: Callable[[Task], dict[str, Any]]
    argument_spec: dict[str, dict[str, Any]]
    mutually_exclusive: tuple[tuple[str, ...], ...] = ()
    hides_secrets: bool = False
    hidden: tuple[str, ...] = ()
    takes_settings: bool = False


def carry_out(verb: Verb, task: Task) -> dict[str, Any]:
    """Run a verb to the result of its task: a failure becomes ``failed`` and ``msg``, never a
    traceback.
    """
    try:
        result = verb.run(task)
    except EverynodeError as error:
        message = redact_text(f"{error.message} {error.advice}".strip(), task.secrets)
        result = {
            "failed": True,
            "changed": bool(error.details.get("changed", False)),
            "msg": message,
            "error": {"kind": error.kind, "status": getattr(error, "status", None)},
            **redact(error.details, task.secrets),
        }
    except Exception as error:
        result = {
            "failed": True,
            "changed": False,
            "msg": redact_text(f"Unexpected fault of the collection: {error!r}", task.secrets),
            "exception": redact_text(traceback.format_exc(), task.secrets),
            "error": {"kind": "bug", "status": None},
        }
    if task._cluster is not None:
        result["server"] = task._cluster.describe()
        task.warnings.extend(task._cluster.warnings)
    warnings = [redact_text(text, task.secrets) for text in dict.fromkeys(task.warnings)]
    if warnings:
        result["warnings"] = warnings
    if task.shows_invocation:
        result["invocation"] = {"module_args": redact(dict(task.params), task.secrets)}
    return result
