# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a command ended, or why it never began, in the words of the container runtimes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import (
    ClusterError,
    NotFoundError,
    RefusedError,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.channels import Output
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.failures import Question
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.pod_exec import (
    ExecResult,
    NoProgramError,
    _result,
)

QUESTION = Question("run tool in pod n/p", "https://k", "a token", lambda text: text)
RUNC = "Internal error occurred: error executing command in container: failed to exec in container:"


def result(status: Any) -> ExecResult:
    text = status if isinstance(status, bytes) else json.dumps(status).encode()
    output = Output(True, bytearray(b"out"), bytearray(b"err"))
    return _result(QUESTION, ["tool"], text, output)


def exited(code: str) -> dict[str, Any]:
    return {
        "status": "Failure",
        "reason": "NonZeroExitCode",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "details": {"causes": [{"reason": "ExitCode", "message": code}]},
    }


def failed(message: str) -> dict[str, Any]:
    return {
        "kind": "Status",
        "status": "Failure",
        "reason": "InternalError",
        "message": message,
        "code": 500,
    }


@pytest.mark.parametrize(
    ("status", "code"),
    [({"metadata": {}, "status": "Success"}, 0), (exited("1"), 1), (exited("255"), 255)],
)
def test_how_it_ended(status: dict[str, Any], code: int) -> None:
    assert result(status) == ExecResult(code, b"out", b"err", False)


@pytest.mark.parametrize(
    ("message", "kind", "words"),
    [
        (
            (
                f'{RUNC} failed to start exec "f00": OCI runtime exec failed: exec failed:'
                ' unable to start container process: exec: "tool": executable file not found in'
                " $PATH: unknown"
            ),
            NoProgramError,
            "has no program tool",
        ),
        (
            (
                f'{RUNC} exec failed: unable to start container process: exec: "/x/tool": stat'
                " /x/tool: no such file or directory: unknown"
            ),
            NoProgramError,
            "has no program tool",
        ),
        (
            (
                "Internal error occurred: error executing command in container: executable file"
                " `tool` not found in $PATH: No such file or directory: OCI runtime attempted to"
                " invoke a command that was not found"
            ),
            NoProgramError,
            "has no program tool",
        ),
        (
            (
                f'{RUNC} exec failed: unable to start container process: exec: "tool": permission'
                " denied: unknown"
            ),
            RefusedError,
            "may not execute tool",
        ),
        (
            (
                f"{RUNC} exec failed: unable to start container process: chdir to cwd"
                ' ("/work") set in config.json failed: no such file or directory'
            ),
            ClusterError,
            "chdir to cwd",
        ),
        (
            'Internal error occurred: unable to upgrade connection: container not found ("main")',
            NotFoundError,
            "the container does not run",
        ),
        (
            (
                "Internal error occurred: error executing command in container: container is not"
                " created or running"
            ),
            NotFoundError,
            "the container does not run",
        ),
        (
            "error dialing backend: dial tcp 10.0.0.7:10250: connect: connection refused",
            ClusterError,
            "does not reach the pod's node",
        ),
        ("something new", ClusterError, "Cannot run tool in pod n/p: something new"),
    ],
)
def test_why_it_never_began(message: str, kind: type[ClusterError], words: str) -> None:
    with pytest.raises(ClusterError) as caught:
        result(failed(message))
    assert type(caught.value) is kind
    assert words in caught.value.message


@pytest.mark.parametrize(
    "status",
    [
        b"no JSON",
        b"[1]",
        b'"text"',
        {"status": "Failure", "reason": "NonZeroExitCode"},
        {"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": [{}]}},
        exited("many"),
    ],
)
def test_a_status_that_makes_no_sense(status: Any) -> None:
    with pytest.raises(ClusterError, match="Cannot run tool"):
        result(status)
