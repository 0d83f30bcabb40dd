# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out tasks without ansible-playbook, where hundreds of cases would take too long in it.

What ansible-playbook adds (arguments, ways to run, output) has tests of its own, both ways.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import (
    daemonset,
    daemonset_info,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.verb import (
    Task,
    Verb,
    carry_out,
)

from tests.integration.api import Api, Request, eventually


@dataclass(frozen=True)
class Outcome:
    """The result of a task, with what it asked of the API server."""

    result: dict[str, Any]
    requests: list[Request] = field(default_factory=list)
    progress: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether the task says that it changed something."""
        return bool(self.result["changed"])

    @property
    def warnings(self) -> str:
        """All warnings as one text."""
        return "\n".join(self.result.get("warnings", []))

    @property
    def writes(self) -> list[Request]:
        """The requests that can have changed something."""
        return [request for request in self.requests if request.writes]


class Tasks:
    """Carries out tasks in one namespace. Without `wait` unless a task says so."""

    def __init__(self, api: Api, namespace: str):
        self.api = api
        self.namespace = namespace

    def run(
        self,
        *,
        check: bool = False,
        diff: bool = False,
        verb: Verb = daemonset.VERB,
        heard: Callable[[str], None] | None = None,
        **parameters: Any,
    ) -> Outcome:
        """Carry out a task, failed or not; `heard` is told each line of its progress."""
        given: dict[str, Any] = {
            "kubeconfig": str(self.api.cluster.kubeconfig),
            "namespace": self.namespace,
        }
        if "wait" in verb.argument_spec:
            given["wait"] = False
        given |= parameters
        if verb.hides_secrets and given.get("secrets") is not None:
            given["secrets_content"] = json.dumps(given.pop("secrets"))
        checked = ArgumentSpecValidator(verb.argument_spec).validate(given)
        assert not checked.error_messages, checked.error_messages
        lines: list[str] = []
        mark = self.api.mark()

        def progress(line: str) -> None:
            lines.append(line)
            if heard is not None:
                heard(line)

        task = Task(
            checked.validated_parameters, check_mode=check, diff_mode=diff, progress=progress
        )
        result = carry_out(verb, task)
        requests = self.api.requests(mark, namespace=self.namespace)
        return Outcome(result, requests, lines)

    def ok(self, **parameters: Any) -> Outcome:
        """Carry out a task that must succeed."""
        outcome = self.run(**parameters)
        assert not outcome.result.get("failed"), outcome.result["msg"]
        return outcome

    def fails(self, **parameters: Any) -> Outcome:
        """Carry out a task that must fail."""
        outcome = self.run(**parameters)
        assert outcome.result.get("failed"), outcome.result
        return outcome

    def same(self, **parameters: Any) -> Outcome:
        """Carry out a task that must find nothing to do, with one request."""
        outcome = self.ok(**parameters)
        assert not outcome.changed, outcome.requests
        asked = [(request.verb, request.path) for request in outcome.requests]
        assert len(asked) == 1, asked
        assert outcome.requests[0].verb == "get"
        return outcome

    def info(self, **parameters: Any) -> Outcome:
        """Carry out a task of daemonset_info, failed or not."""
        return self.run(verb=daemonset_info.VERB, **parameters)

    def until_reasons(self, counts: Mapping[str, int], *, name: str = "agent") -> None:
        """Wait until the DaemonSet lacks pods by exactly these causes, each on so many
        nodes, so that what a task then says of it does not depend on how fast the cluster is.
        """

        def told() -> bool | None:
            (shown,) = self.info(name=name, include=["reasons"]).result["daemonsets"]
            found = {reason["cause"]: reason["count"] for reason in shown["reasons"] or []}
            rollout = shown["rollout"]
            missing = rollout["desired"] - min(rollout["updated"], rollout["available"])
            return (found == counts and missing == sum(counts.values())) or None

        eventually(told, f"the reasons are {counts}")
