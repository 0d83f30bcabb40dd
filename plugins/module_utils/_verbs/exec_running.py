# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A command in one pod after another, many at a time; and what became of it in each."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError
from .._base.redaction import MARKER, hide, redact_text
from .._cluster.channels import Output
from .._cluster.connection import Cluster
from .._cluster.pod_exec import MissingRightError, NoProgramError, run_in_pod
from .exec_wish import SHELL, Wish
from .many_at_once import Headway, concerns_all, side_by_side
from .targets import Target

# So many characters of a secret, at the end of what was cut off, tell something of it.
_SHORTEST_PART = 4


@dataclass
class Outcome:
    """What became of the command on one node.

    Attributes:
        node: the node's name; None where a pod was asked for that is not there.
        pod: the pod's name; None where there is none on the node.
        container: where it ran, or should have.
        rc: its exit code; None where it did not end, or never began.
        output: what it wrote.
        problem: why it failed, where it did not end; a sentence or two.
    """

    node: str | None
    pod: str | None
    container: str | None
    rc: int | None = None
    output: Output = field(default_factory=Output)
    problem: str | None = None

    @property
    def failed(self) -> bool:
        """Whether it did anything but end with 0."""
        return self.problem is not None or bool(self.rc)

    @property
    def said(self) -> str:
        """What it wrote about itself: to its standard error, or else to the other."""
        stream = self.output.stderr or self.output.stdout
        return bytes(stream).decode(errors="replace")

    def shown(self, program: str, secrets: Sequence[str]) -> dict[str, Any]:
        """This, as results show it."""
        stdout, stderr = (
            _hidden(_text(stream, self.output.truncated), self.output.truncated, secrets)
            for stream in (self.output.stdout, self.output.stderr)
        )
        message = self.problem
        if message is None and self.rc:
            message = f"{program} ended with {self.rc}."
        return {
            "node": self.node,
            "pod": self.pod,
            "container": self.container,
            "rc": self.rc,
            "stdout": stdout,
            "stdout_lines": stdout.splitlines(),
            "stderr": stderr,
            "truncated": self.output.truncated,
            "failed": self.failed,
            "msg": None if message is None else redact_text(message, secrets),
        }


def container_of(target: Target, wish: Wish) -> str:
    """The container of a pod in which the command runs."""
    return wish.container or target.default_container


def obstacle(target: Target, container: str) -> str | None:
    """Why nothing can run in a container, as far as its pod tells; a sentence."""
    pod = f"pod {target.namespace}/{target.pod}"
    if container not in target.all_containers:
        known = ", ".join(target.all_containers)
        return f"There is no container {container} in {pod}, which has: {known}."
    if container not in target.idle:
        return None
    phase = "" if target.phase == "Running" else f" The pod's phase is {target.phase}."
    return f"Container {container} of {pod} does not run: {target.idle[container]}.{phase}"


def run_everywhere(
    cluster: Cluster, targets: Sequence[Target], wish: Wish, progress: Callable[[str], None]
) -> tuple[list[Outcome], ClusterError | None]:
    """Run the command in each of the pods.

    Returns:
        what became of it in each, and the failure that would be the same in all of them, after
        which no further one was begun.
    """
    running = _Running(cluster, wish, len(targets), progress)
    outcomes = side_by_side(targets, running.one, wish.concurrency)
    return outcomes, running.halt


class _Running:
    """What the threads share."""

    def __init__(self, cluster: Cluster, wish: Wish, total: int, progress: Callable[[str], None]):
        self.halt: ClusterError | None = None
        self._cluster = cluster
        self._wish = wish
        self._max_bytes = wish.bytes_of_a_stream(total)
        self._headway = Headway(total, "are done", progress)

    def one(self, target: Target) -> Outcome:
        """Run the command in one pod."""
        outcome = Outcome(target.node, target.pod, container_of(target, self._wish))
        outcome.problem = obstacle(target, container_of(target, self._wish))
        if outcome.problem is None:
            if self.halt is None:
                self._run(target, outcome)
            else:
                outcome.problem = "It was not run."
        self._headway.one_more(failed=outcome.failed)
        return outcome

    def _run(self, target: Target, outcome: Outcome) -> None:
        try:
            outcome.rc = run_in_pod(
                self._cluster,
                target.namespace,
                target.pod,
                self._wish.command,
                container=outcome.container,
                stdin=self._wish.stdin,
                deadline=Deadline(self._wish.timeout),
                max_bytes=self._max_bytes,
                output=outcome.output,
            ).rc
        except ClusterError as error:
            outcome.problem = str(_explained(error))
            if concerns_all(error, MissingRightError):
                self.halt = self.halt or error


def _explained(error: ClusterError) -> ClusterError:
    if isinstance(error, NoProgramError) and f"program {SHELL}" in error.message:
        error.advice = "The image has no shell: give a program and its arguments with command."
    return error


def _hidden(text: str, truncated: bool, secrets: Sequence[str]) -> str:
    """What a command wrote without the secrets of the connection, also where one was cut."""
    text = hide(text, secrets)
    for secret in secrets if truncated else ():
        for length in range(min(len(secret), len(text)), _SHORTEST_PART - 1, -1):
            if text.endswith(secret[:length]):
                return text[:-length] + MARKER
    return text


def _text(stream: bytes | bytearray, truncated: bool) -> str:
    """What a command wrote, without the line breaks at its end; as Ansible's own modules show it.

    What is no UTF-8 is shown as the replacement character, but for a character that was cut.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return decoder.decode(bytes(stream), final=not truncated).rstrip("\r\n")
