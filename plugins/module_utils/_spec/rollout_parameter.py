# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the parameter ``rollout``, and what a task says about rollouts beside it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._base.errors import Fault
from .checks.syntax import LABEL_KEY, LABEL_VALUE, Rule
from .names import show_path, snake
from .reading import kind_of
from .rollout import FAIL, ROLLBACK, Check, Order, Plan
from .schema import FieldType
from .shares import percent
from .spelling import normalise

STATES = ("present", "patched")
_ROLLOUT = FieldType("object", ref="Rollout")
_COMMAND = FieldType("object", ref="RolloutCommand")
_SIZE = 'give a number of nodes from 1, or a percentage from "1%" to "100%"'
_AMOUNT = 'give a number of nodes from 0, or a percentage from "0%" to "100%"'
# With the least that each may be.
_WHOLE_NUMBERS = {"untilStage": 1, "soakSeconds": 0, "maxPodRestarts": 0}
_SHARES = {"maxFailures": 0, "maxUnavailable": 1}
# How long a command may take unless told.
_CHECK_SECONDS = 30
_BESIDE_REBUILD = ("rebuild", "onFailure")


def read_plan(params: Mapping[str, Any]) -> tuple[Plan | None, list[Fault]]:
    """The plan of a task, and all that is wrong with it and with ``on_failure`` beside it.

    Args:
        params: the task's parameters by name.

    Returns:
        The plan, None where there is no parameter ``rollout`` or it is wrong; and the faults, with
        paths as the user wrote them.
    """
    faults = _misplaced(params)
    given = params.get("rollout")
    if given is None:
        return None, faults
    read = _Reader(faults)
    plan = read.plan(given)
    if plan is not None:
        read.check_time(plan, params)
    return (plan if not faults else None), faults


def _misplaced(params: Mapping[str, Any]) -> list[Fault]:
    """Parameters that say what this state, or a task that does not wait, cannot do."""
    faults = []
    state = params.get("state", "present")
    given, on_failure = params.get("rollout"), params.get("on_failure")
    for name in ("rollout", "on_failure"):
        if params.get(name) is not None and state not in STATES:
            problem = f"only states {' and '.join(STATES)} take it, not {state}"
            faults.append(Fault(name, problem))
    if given is not None and on_failure is not None:
        faults.append(Fault("on_failure", "say it in rollout.on_failure"))
    if params.get("wait", True):
        return faults
    if given is not None:
        faults.append(Fault("rollout", "needs wait: true, since the task leads its stages"))
    elif on_failure not in (None, FAIL):
        problem = f"{on_failure} needs wait: true, since only a task that waits sees a failure"
        faults.append(Fault("on_failure", problem))
    return faults


class _Reader:
    """Reads one plan; what is wrong with it goes into ``faults``."""

    def __init__(self, faults: list[Fault]):
        self.faults = faults

    def _fault(self, problem: str, *path: str | int) -> None:
        self.faults.append(Fault(show_path(["rollout", *path]), problem))

    def _is_told(self, *path: str | int) -> bool:
        where = show_path(["rollout", *path])
        return any(fault.path == where for fault in self.faults)

    def plan(self, given: Any) -> Plan | None:
        """The plan; None where something is wrong with it."""
        before = len(self.faults)
        if isinstance(given, dict) and not given:
            self._fault("is empty: give stages, or leave the parameter out")
            return None
        rest = dict(given) if isinstance(given, dict) else given
        command = rest.pop("verify", None) if isinstance(rest, dict) else None
        read, faults, _warnings = normalise(rest, _ROLLOUT, "rollout")
        self.faults += faults
        # Null stands for what is not given.
        values = {key: value for key, value in (read or {}).items() if value is not None}
        made: dict[str, Any] = {
            "rebuild": bool(values.get("rebuild")),
            "verify": self._command(command),
            "on_failure": values.get("onFailure") or ROLLBACK,
            **self._whole_numbers(values),
            **self._shares(values),
        }
        if "stages" in values:
            made["stages"] = self._sizes(values["stages"], "stages")
        if "orderBy" in values:
            made["order_by"] = self._order(values["orderBy"])
        if "canaryNodeSelector" in values:
            made["canary"] = self._labels(values["canaryNodeSelector"])
        if made["rebuild"]:
            self._alone([*values, *(["verify"] if command is not None else [])])
        return Plan(**made) if len(self.faults) == before else None

    def _whole_numbers(self, values: Mapping[str, Any]) -> dict[str, int]:
        found = {}
        for key, least in _WHOLE_NUMBERS.items():
            if key in values:
                name = snake(key)
                found[name] = values[key]
                if values[key] < least:
                    self._fault(f"{values[key]} is not allowed: it must be {least} or more", name)
        return found

    def _shares(self, values: Mapping[str, Any]) -> dict[str, int | str]:
        found = {}
        for key, least in _SHARES.items():
            if key in values:
                name = snake(key)
                found[name] = values[key]
                if not _is_share(values[key], least):
                    self._fault(_wrong(values[key], _SIZE if least else _AMOUNT), name)
        return found

    def _alone(self, keys: list[str]) -> None:
        for key in keys:
            if key not in _BESIDE_REBUILD:
                self._fault("excludes rebuild, which replaces all pods at once", snake(key))

    def _sizes(self, sizes: list[Any], *path: str) -> tuple[int | str, ...]:
        if not sizes:
            self._fault("is empty: give the size of one stage at least", *path)
        for index, size in enumerate(sizes):
            if not self._is_told(*path, index) and not _is_share(size, 1):
                self._fault(_wrong(size, _SIZE), *path, index)
        return tuple(sizes)

    def _labels(self, labels: Mapping[str, Any]) -> dict[str, str]:
        if not labels:
            self._fault("is empty: it would match every node", "canary_node_selector")
        for key, value in labels.items():
            if self._is_told("canary_node_selector", key):
                continue
            if value is None:
                self._fault("is empty: give the label's value", "canary_node_selector", key)
                continue
            self._check(LABEL_KEY, key, "label key", "canary_node_selector", key)
            self._check(LABEL_VALUE, str(value), "label value", "canary_node_selector", key)
        return {key: str(value) for key, value in labels.items()}

    def _order(self, order: Mapping[str, Any]) -> Order | None:
        label = order.get("label")
        if not label:
            if not self._is_told("order_by", "label"):
                self._fault("is missing: give the key of a node label", "order_by", "label")
            return None
        self._check(LABEL_KEY, label, "label key", "order_by", "label")
        values = order.get("values") or []
        for index, value in enumerate(values):
            self._check(LABEL_VALUE, value, "label value", "order_by", "values", index)
            if value in values[:index]:
                self._fault(f"{value} is there twice", "order_by", "values", index)
        stages: dict[str, tuple[int | str, ...]] = {}
        for value, sizes in (order.get("stages") or {}).items():
            self._check(LABEL_VALUE, value, "label value", "order_by", "stages", value)
            stages[value] = self._sizes(sizes or [], "order_by", "stages", value)
        return Order(label, tuple(values), stages)

    def _check(self, rule: Rule, value: str, what: str, *path: str | int) -> None:
        if not rule.holds(value):
            self._fault(f'"{value}" is not a valid {what}: {rule.allowed}', *path)

    def _command(self, given: Any) -> Check | None:
        """The command of ``verify``: a list of words, or a dictionary that has it."""
        if given is None:
            return None
        if isinstance(given, (list, tuple)):
            expected, path = FieldType("list", element=FieldType("string")), ["verify"]
            words, faults, _warnings = normalise(given, expected, "rollout.verify")
            values = {"command": words}
        elif isinstance(given, dict):
            values, faults, _warnings = normalise(given, _COMMAND, "rollout.verify")
            path = ["verify", "command"]
        else:
            self._fault(
                f"expects a list of words, or a dictionary with command, got {kind_of(given)};"
                " a shell is run as [sh, -c, '...']",
                "verify",
            )
            return None
        self.faults += faults
        values = {key: value for key, value in (values or {}).items() if value is not None}
        if faults:
            return None
        if not values.get("command"):
            self._fault("is missing: give the program and its arguments", *path)
            return None
        seconds = values.get("timeoutSeconds", _CHECK_SECONDS)
        if seconds < 1:
            self._fault(
                f"{seconds} is not a number of seconds, 1 or more", "verify", "timeout_seconds"
            )
        return Check(tuple(values["command"]), values.get("container") or None, seconds)

    def check_time(self, plan: Plan, params: Mapping[str, Any]) -> None:
        """Fault what cannot be done in the time that the task has."""
        limit = params.get("wait_timeout")
        if not isinstance(limit, int) or limit < 1:
            return
        if plan.soak_seconds >= limit:
            self._fault(
                f"{plan.soak_seconds} is not less than wait_timeout, which is {limit}: no stage"
                " could end in time",
                "soak_seconds",
            )
        # What nobody has asked for just ends with the task.
        allowed = max(limit, _CHECK_SECONDS)
        if plan.verify is not None and plan.verify.timeout_seconds > allowed:
            self._fault(
                f"{plan.verify.timeout_seconds} is more than wait_timeout, which is {limit}",
                "verify",
                "timeout_seconds",
            )


def _is_share(value: Any, least: int) -> bool:
    if isinstance(value, str):
        found = percent(value)
        return found is not None and found >= least
    return isinstance(value, int) and value >= least


def _wrong(value: Any, allowed: str) -> str:
    return f"{value!r} is not allowed: {allowed}"
