# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running a command in a container of a pod, and what it wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

from .._base.deadline import Deadline
from .._base.errors import (
    ClusterError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    UnreachableError,
)
from .._base.redaction import redact_text
from .channels import Conversation, Output
from .connection import Cluster
from .failures import Question, failure

_MEBIBYTE = 1024 * 1024
# Only in version 5 can the end of stdin be told, without which most commands that read it never
# end. It came with Kubernetes 1.29, and is what 1.30 and later speak unless told otherwise.
_WITH_END_OF_STDIN = "v5.channel.k8s.io"
_PROTOCOLS = (_WITH_END_OF_STDIN, "v4.channel.k8s.io")

# How container runtimes say that there is no such program (runc and crun, both by way of the CRI).
_NO_PROGRAM = re.compile(
    r'executable file (?:`[^`]*` )?not found|exec: "[^"]*": (?:stat \S+: )?no such file'
)
_NO_PERMISSION = re.compile(r'exec: "[^"]*": (?:stat \S+: )?permission denied')
_NOT_RUNNING = re.compile(r"container not found|container is not (?:created or )?running")
# Where only the right that came with 1.35 is missing, the server does not say which one it is.
_NO_MORE_SAID = re.compile(r"is forbidden: ?\.?$")
_NO_KUBELET = ("error dialing backend", "error sending request", "No agent available")


class NoProgramError(RefusedError):
    """The container has no such program."""


class MissingRightError(ForbiddenError):
    """The user may not run commands in the pods of the namespace, whatever the pod."""


@dataclass(frozen=True)
class ExecResult:
    """How a command ended.

    Attributes:
        rc: its exit code.
        stdout: what it wrote, as far as that was kept.
        stderr: the same.
        truncated: whether one of both was longer.
    """

    rc: int
    stdout: bytes
    stderr: bytes
    truncated: bool


def run_in_pod(
    cluster: Cluster,
    namespace: str,
    pod: str,
    command: Sequence[str],
    *,
    container: str | None = None,
    stdin: bytes | None = None,
    deadline: Deadline,
    max_bytes: int = _MEBIBYTE,
    output: Output | None = None,
) -> ExecResult:
    """Run a command in a container that runs, and wait for its end.

    It is run once: where the connection breaks after it was asked for, it is not tried again. It
    needs the rights ``get`` and ``create`` on ``pods/exec``; since Kubernetes 1.35 websockets need
    the second as well (feature gate AuthorizePodWebsocketUpgradeCreatePermission). Goes through
    the same proxy as requests.

    Args:
        cluster: the connection.
        namespace: the pod's.
        pod: its name.
        command: the program and its arguments; no shell is involved.
        container: its name; needed where the pod has several.
        stdin: what the command reads; None for nothing at all. Needs Kubernetes 1.29 or later.
        deadline: when to give up; the command may run on then.
        max_bytes: how much of stdout, and of stderr, is kept: their beginnings.
        output: where it is kept, also where an error is raised; another one for each command.

    Raises:
        NoProgramError: the container has no such program.
        RefusedError: there is no such container, or its user may not execute the program.
        NotFoundError: the pod is gone, or its container does not run.
        MissingRightError: a right is missing.
        ForbiddenError: somebody else refuses, such as an admission webhook.
        DeadlineError: the command did not end in time.
        UnreachableError: the connection broke.
        ClusterError: in its other kinds.
        No message holds stdin, or a word of the command but the first.
    """
    if not command:
        raise RefusedError(f"Cannot run a command in pod {namespace}/{pod}: none is given.")
    output = Output() if output is None else output
    where = f"container {container} of pod" if container else "pod"
    doing = f"run {command[0]} in {where} {namespace}/{pod}"
    try:
        websocket = cluster.open_websocket(
            f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/exec",
            query={
                "command": list(command),
                "container": container,
                "stdin": stdin is not None,
                "stdout": True,
                "stderr": True,
                "tty": False,
            },
            protocols=_PROTOCOLS if stdin is None else (_WITH_END_OF_STDIN,),
            deadline=deadline,
            doing=doing,
        )
        output.begun = True
        try:
            ended = Conversation(
                cluster, websocket, stdin, deadline, output, max_bytes, doing
            ).run()
        finally:
            # No farewell: that would wait for the answer to it.
            websocket.shutdown()
        return _result(cluster.question(doing), command, ended, output)
    except ClusterError as error:
        raise _explained(error, command) from None


def _result(
    question: Question, command: Sequence[str], status: bytes, output: Output
) -> ExecResult:
    """What the status at the end of the command means.

    It is ``Success``, or a failure whose cause ``ExitCode`` says how the command ended, or any
    other where it never began (k8s.io/apimachinery pkg/util/remotecommand/constants.go).
    """
    code = _exit_code(status)
    if code is None:
        output.begun = bool(output.stdout or output.stderr)
        raise _refusal(question, command, status)
    return ExecResult(code, bytes(output.stdout), bytes(output.stderr), output.truncated)


def _exit_code(text: bytes) -> int | None:
    status = _parsed(text)
    if status.get("status") == "Success":
        return 0
    if status.get("reason") != "NonZeroExitCode":
        return None
    details = status.get("details")
    causes = details.get("causes") if isinstance(details, Mapping) else None
    for cause in causes or []:
        if cause.get("reason") == "ExitCode" and str(cause.get("message")).isdigit():
            return int(cause["message"])
    return None


def _refusal(question: Question, command: Sequence[str], text: bytes) -> ClusterError:
    """Why the command never began."""
    status = _parsed(text)
    message = str(status.get("message") or text.decode(errors="replace"))
    cannot = f"Cannot {question.doing}: "
    if _NO_PROGRAM.search(message):
        return NoProgramError(
            f"{cannot}the container has no program {command[0]}.",
            advice="Name one that is in its image; what only a shell knows (pipes, variables,"
            " built-in commands) needs a shell: sh, -c and the text.",
        )
    if _NO_PERMISSION.search(message):
        return RefusedError(f"{cannot}the container's user may not execute {command[0]}.")
    if _NOT_RUNNING.search(message):
        return NotFoundError(
            f"{cannot}the container does not run: {question.redact(message)}.",
            advice="It may not have started yet, or have crashed: see the pod's status.",
        )
    if any(words in message for words in _NO_KUBELET):
        return ClusterError(
            f"{cannot}the API server does not reach the pod's node: {question.redact(message)}.",
            advice="Commands and logs go through the node's kubelet: is the node up, and its port"
            " 10250 open to the API server?",
        )
    code = status.get("code")
    return failure(question, code if isinstance(code, int) else 500, status, message)


def _explained(error: ClusterError, command: Sequence[str]) -> ClusterError:
    """The error with what to do about it, and without the command's arguments, which a proxy's page
    or a runtime may have quoted."""
    kind, message, advice = type(error), error.message, error.advice
    if isinstance(error, NotFoundError) and error.status == 404:
        advice = "The pod is gone: a rollout or a drain may have replaced it meanwhile."
    if isinstance(error, ForbiddenError) and _is_about_rights(error):
        kind = MissingRightError
        message = message.rstrip(":. ") + "."
        advice = (
            'A Role that allows it needs the rule: apiGroups: [""], resources: ["pods/exec"],'
            ' verbs: ["get", "create"].'
        )
    hidden = [form for word in command[1:] for form in (word, quote(word), quote_plus(word))]
    explained = kind(
        redact_text(message, hidden),
        advice=advice,
        status=error.status,
        body=error.body,
        details=error.details,
    )
    if isinstance(explained, UnreachableError) and isinstance(error, UnreachableError):
        explained.unsent = error.unsent
    return explained


def _is_about_rights(error: ForbiddenError) -> bool:
    """Whether RBAC refuses, and not an admission webhook or a quota."""
    refused = error.details.get("forbidden") or {}
    return refused.get("resource") == "pods/exec" or bool(_NO_MORE_SAID.search(error.message))


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
