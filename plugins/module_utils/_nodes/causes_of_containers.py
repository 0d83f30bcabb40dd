# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps a container from being ready, by its status. Pure.

Sources: pkg/kubelet/images/types.go and pkg/kubelet/kuberuntime/kuberuntime_container.go for the
reasons of waiting containers; pkg/kubelet/kubelet_pods.go for how they get into the status.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from .._base.redaction import redact_text
from .events import newest_with
from .pods import moment
from .trouble import MAX_EVIDENCE, Trouble, quoted, quoted_end, trouble

_PULLS = (
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
)
_CONFIGS = (
    "CreateContainerConfigError",
    "CreateContainerError",
    "PreCreateHookError",
    "PreStartHookError",
    "PostStartHookError",
    "RunContainerError",
)
# What the runtime says of a container that never ran: its command is not there, for example.
_NEVER_RAN = ("ContainerCannotRun", "StartError")
_COMING = (None, "", "ContainerCreating", "PodInitializing")
# A registry that is busy, slow or away may be back; one that does not know the image, or does not
# let us have it, says so again.
_REGISTRY_MAY_HEAL = re.compile(
    r"too ?many ?requests|pull QPS exceeded|time-?out|timed out|deadline exceeded"
    r"|connection (refused|reset)|unexpected EOF|: EOF|temporary failure|server misbehaving"
    r"|status code:? (429|5\d\d)|internal server error|bad gateway|service unavailable"
    r"|no route to host|network is unreachable|no space left",
    re.IGNORECASE,
)
_RUNTIME_MAY_HEAL = re.compile(r"deadline exceeded|failed to reserve container name", re.IGNORECASE)
# The kubelet and the runtime wrap the registry's words several times, with the image in each.
_WRAPPINGS = re.compile(
    r'^(Back-off pulling image "[^"]*"|ErrImagePull|Error|Failed to pull image "[^"]*"'
    r'|rpc error: code = \w+ desc = (?=\S)|failed to pull and unpack image "[^"]*")(:\s*|(?<==\s))',
    re.ASCII,
)
_BACKS_OFF = re.compile(r'^Back-off pulling image "[^"]*"$')
_STABLE_AFTER = timedelta(seconds=60)
# What is left for other words beside a log.
_MAX_WORDS = 150
# As much of a message as is looked at.
_MAX_MESSAGE = 1000
# Linux's numbers, whatever the machine is that Ansible runs on.
_SIGNALS = {
    1: "SIGHUP",
    2: "SIGINT",
    3: "SIGQUIT",
    4: "SIGILL",
    5: "SIGTRAP",
    6: "SIGABRT",
    7: "SIGBUS",
    8: "SIGFPE",
    9: "SIGKILL",
    10: "SIGUSR1",
    11: "SIGSEGV",
    12: "SIGUSR2",
    13: "SIGPIPE",
    14: "SIGALRM",
    15: "SIGTERM",
    24: "SIGXCPU",
    25: "SIGXFSZ",
    31: "SIGSYS",
}
_CODES = {126: "not executable", 127: "command not found"}


def container_trouble(
    status: Mapping[str, Any],
    spec: Mapping[str, Any],
    *,
    one_shot: bool,
    events: Iterable[Mapping[str, Any]] = (),
    log: str = "",
    now: datetime | None = None,
) -> Trouble | None:
    """What keeps a container from being ready, or None where it is or has done its work.

    Args:
        status: the container's.
        spec: the container's; empty where it is not known.
        one_shot: whether it is an init container that has to end, and not a sidecar.
        events: the pod's, newest first.
        log: the last lines that it wrote before it ended, where they were read.
        now: the time, to tell a container between two crashes from one that goes on running.
    """
    state = status.get("state") or {}
    waiting, ended = state.get("waiting") or {}, state.get("terminated")
    before = (status.get("lastState") or {}).get("terminated")
    reason = waiting.get("reason")
    if reason in _PULLS:
        return _pull_trouble(status, waiting, events)
    if reason in _CONFIGS:
        told = f"{_name(status, one_shot)}: {reason}: {waiting.get('message') or ''}"
        heals = bool(_RUNTIME_MAY_HEAL.search(str(waiting.get("message") or "")))
        return trouble("ContainerConfig", told.rstrip(": "), heals)
    if reason == "CrashLoopBackOff":
        return _crash(status, spec, before or {}, one_shot, events, log)
    if ended is not None:
        done = one_shot and not ended.get("exitCode")
        return None if done else _crash(status, spec, ended, one_shot, events, log)
    if "running" in state:
        if before is not None and _between_crashes(status, state["running"], now):
            return _crash(status, spec, before, one_shot, events, log)
        return None
    if reason in _COMING:
        return trouble(
            "Starting", f"{_name(status, one_shot)}: {reason or 'not created yet'}", True
        )
    told = f"{_name(status, one_shot)}: {reason}: {waiting.get('message') or ''}"
    return trouble("NotReady", told.rstrip(": "), True)


def never_ready(
    status: Mapping[str, Any], spec: Mapping[str, Any], events: Iterable[Mapping[str, Any]]
) -> Trouble | None:
    """Why a container that runs is not ready: what its probes say. None where it has none.

    Waiting may help, since what runs may only be slow to start; that it takes too long is judged by
    whoever waits.
    """
    name = str(status.get("name", ""))
    unhealthy = newest_with([one for one in events if _is_of(one, name)], "Unhealthy")
    if unhealthy is not None:
        return trouble("ProbeFailed", f"container {name}: {unhealthy['message']}", True)
    if not status.get("started") and spec.get("startupProbe"):
        told = f"container {name}: runs, but its startup probe has not succeeded"
        return trouble("ProbeFailed", told, True)
    if spec.get("readinessProbe"):
        told = f"container {name}: runs, but its readiness probe has not succeeded"
        return trouble("ProbeFailed", told, True)
    return None


def _is_of(event: Mapping[str, Any], container: str) -> bool:
    """The kubelet names the container as ``spec.containers{name}``."""
    path = (event.get("involvedObject") or {}).get("fieldPath") or ""
    return not path or f"{{{container}}}" in path


def _name(status: Mapping[str, Any], one_shot: bool) -> str:
    return f"{'init ' if one_shot else ''}container {status.get('name', '')}"


def _pull_trouble(
    status: Mapping[str, Any], waiting: Mapping[str, Any], events: Iterable[Mapping[str, Any]]
) -> Trouble:
    image, message = status.get("image") or "", str(waiting.get("message") or "")[:_MAX_MESSAGE]
    if not message or _BACKS_OFF.match(message):
        # Kubelets before 1.31 give the registry's words in an event only.
        failed = newest_with(events, "Failed", saying=f'Failed to pull image "{image}"')
        message = str(failed["message"])[:_MAX_MESSAGE] if failed else message
    words = registry_words(message) or waiting["reason"]
    told = f"container {status.get('name', '')}: {words}"
    if image and image not in told:
        told = f"container {status.get('name', '')}, image {image}: {words}"
    return trouble("ImagePull", told, bool(_REGISTRY_MAY_HEAL.search(message)))


def registry_words(message: str) -> str:
    """What the registry said, out of what kubelet and runtime wrap around it."""
    text = " ".join(message.split())
    while True:
        match = _WRAPPINGS.match(text)
        if match is None or match.end() == len(text):
            return text
        text = text[match.end() :]


def _between_crashes(
    status: Mapping[str, Any], running: Mapping[str, Any], now: datetime | None
) -> bool:
    """Whether a container runs that has crashed again and again, and will in a moment.

    One that restarted once may have been early; one that has run for a while is no crash loop.
    """
    if status.get("ready") or int(status.get("restartCount") or 0) < 2:
        return False
    since = moment(running.get("startedAt"))
    return now is None or since is None or now - since < _STABLE_AFTER


def _crash(
    status: Mapping[str, Any],
    spec: Mapping[str, Any],
    ended: Mapping[str, Any],
    one_shot: bool,
    events: Iterable[Mapping[str, Any]],
    log: str,
) -> Trouble:
    """The trouble of a container that ended though it should not have."""
    reason, told = ended.get("reason"), f"{_name(status, one_shot)}: {exit_in_words(ended)}"
    cause = "InitFailed" if one_shot else "CrashLoop"
    if reason == "OOMKilled":
        cause = "OutOfMemory"
        limit = ((spec.get("resources") or {}).get("limits") or {}).get("memory")
        told += f", memory limit {limit}" if limit else ", no memory limit of its own"
    elif reason in _NEVER_RAN:
        cause = "ContainerConfig"
    restarts = int(status.get("restartCount") or 0)
    if restarts:
        told += f", restarted {restarts} times" if restarts > 1 else ", restarted once"
    killed = _killed_by_probe(status, ended, events) if cause == "CrashLoop" else None
    if killed is not None:
        cause, told = "ProbeFailed", f"{told}; before: {killed['message']}"
    if log.strip():
        told = f"{quoted(told, _MAX_WORDS)}; log: "
        # Hidden before it is cut: half of PASSWORD=... does not look like a secret any more.
        told += quoted_end(redact_text(log), MAX_EVIDENCE - len(told))
    elif ended.get("message"):
        told += f"; message: {redact_text(str(ended['message']))}"
    return trouble(cause, told, False)


def _killed_by_probe(
    status: Mapping[str, Any], ended: Mapping[str, Any], events: Iterable[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """The event of the probe because of which the kubelet ended the container: it asks it to end,
    and kills it when it does not.
    """
    if ended.get("exitCode") not in (0, 128 + 15, 128 + 9):
        return None
    told = [one for one in events if _is_of(one, str(status.get("name", "")))]
    return newest_with(told, "Unhealthy", saying="Liveness probe failed") or newest_with(
        told, "Unhealthy", saying="Startup probe failed"
    )


def exit_in_words(ended: Mapping[str, Any]) -> str:
    """How a container ended: its exit code, the signal behind it, and what the runtime says.

    Codes above 128 are those of processes that a signal ended, as shells and runtimes tell it.
    """
    if "exitCode" not in ended:
        return "it ended"
    code, reason = int(ended["exitCode"]), ended.get("reason")
    meaning = _CODES.get(code) or _SIGNALS.get(code - 128)
    told = f"exit code {code}" + (f" ({meaning})" if meaning else "")
    if reason and reason not in ("Error", "Completed"):
        return f"{reason}, {told}"
    return f"{told}, though it must go on running" if code == 0 else told
