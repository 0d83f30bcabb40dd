# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A command in a new pod that says whether it is well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError, DeadlineError, ForbiddenError, UnreachableError
from .._cluster.channels import Output
from .._cluster.connection import Cluster
from .._cluster.pod_exec import run_in_pod
from .._nodes.trouble import Trouble, quoted, without_secrets
from .._spec.rollout import Check

CAUSE = "VerifyFailed"
# Of the API server or of what is before it, which says nothing about the pod.
_TROUBLE = (401, 429, 502, 503, 504)
# What the API server says, with 400, where a pod has no such container (pkg/registry/core/pod).
_NO_CONTAINER = "is not valid for pod"


@dataclass(frozen=True)
class Verified:
    """What a command in a pod says.

    Attributes:
        result: command, rc, stdout and stderr; None where it did not end.
        trouble: what is wrong, None where it ended with 0.
        is_final: whether it makes no sense to run it once more.
    """

    result: dict[str, Any] | None
    trouble: Trouble | None
    is_final: bool


def verify(cluster: Cluster, pod: Mapping[str, Any], check: Check, seconds: float) -> Verified:
    """Run the command once, for that many seconds at most."""
    metadata = pod["metadata"]
    output = Output()
    try:
        done = run_in_pod(
            cluster,
            metadata["namespace"],
            metadata["name"],
            check.command,
            container=check.container,
            deadline=Deadline(seconds),
            output=output,
        )
    except DeadlineError:
        why = f"{check.command[0]} did not end within {seconds:g} seconds"
        return _failed(why + _said(output), is_final=True)
    except ForbiddenError as error:
        return _failed(error.message, is_final=True)
    except ClusterError as error:
        is_away = isinstance(error, UnreachableError) or error.status in _TROUBLE
        is_final = error.status == 400 and _NO_CONTAINER in error.message
        return _failed(error.message, is_final=is_final, heals=is_away)
    result = {
        "command": list(check.command),
        "rc": done.rc,
        "stdout": without_secrets(done.stdout.decode(errors="replace")),
        "stderr": without_secrets(done.stderr.decode(errors="replace")),
    }
    if done.rc == 0:
        return Verified(result, None, True)
    told = f"{check.command[0]} ended with {done.rc}{_said(output)}"
    return Verified(result, Trouble(CAUSE, quoted(told), False), True)


def _said(output: Output) -> str:
    """The end of a sentence: what the command wrote about itself."""
    said = without_secrets(bytes(output.stderr or output.stdout).decode(errors="replace"))
    return f": {said}" if said else ""


def _failed(why: str, *, is_final: bool, heals: bool = False) -> Verified:
    return Verified(None, Trouble(CAUSE, quoted(why.rstrip(".")), heals), is_final)
