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

from .._base.said import redact_said
from . import causes_of_images
from .events import newest_with
from .exits import NEVER_RAN, UNSEEN, exit_in_words, log_in_words, secrets_of
from .pods import moment
from .trouble import MAX_EVIDENCE, Trouble, quoted, trouble

_CONFIGS = (
    "CreateContainerConfigError",
    "CreateContainerError",
    "PreCreateHookError",
    "PreStartHookError",
    "PostStartHookError",
    "RunContainerError",
)
_COMING = (None, "", "ContainerCreating", "PodInitializing")
# A slow runtime, a full disk that is cleared, and a kubelet that has just been started.
_RUNTIME_MAY_HEAL = re.compile(
    r"deadline exceeded|timed out waiting|failed to reserve container name|due to system load"
    r"|not yet been read|no space left|temporarily unavailable|context canceled"
    r"|connection refused|transport is closing",
    re.IGNORECASE,
)
# How a container ends that the kubelet asks to, and kills when it does not.
_ASKED_TO_END = (0, 128 + 15, 128 + 9)
_STABLE_AFTER = timedelta(seconds=60)
# What is left for other words beside a log.
_MAX_WORDS = 150


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
    if reason in causes_of_images.REASONS:
        return causes_of_images.pull_trouble(status, spec, waiting, events)
    if reason in _CONFIGS:
        return _not_created(status, spec, waiting, one_shot)
    if reason == "ImageVolumeMountFailed":
        told = f"{_name(status, one_shot)}: {waiting.get('message') or reason}"
        return trouble("VolumeMount", told, False)
    if reason == "CrashLoopBackOff":
        return _crash(status, spec, before or {}, one_shot, events, log)
    if ended is not None:
        if one_shot and not ended.get("exitCode"):
            return None
        if ended.get("reason") == UNSEEN:
            # Its node was started again, for example: it is made anew.
            return trouble("Starting", f"{_name(status, one_shot)}: {exit_in_words(ended)}", True)
        return _crash(status, spec, ended, one_shot, events, log)
    if "running" in state:
        if before is not None and _between_crashes(status, state["running"], before, events, now):
            return _crash(status, spec, before, one_shot, events, log)
        told = f"{_name(status, one_shot)}: runs, and has to end before the next one starts"
        return trouble("Starting", told, True) if one_shot else None
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


def _not_created(
    status: Mapping[str, Any],
    spec: Mapping[str, Any],
    waiting: Mapping[str, Any],
    one_shot: bool,
) -> Trouble:
    """The trouble of a container that the kubelet or the runtime cannot create or start."""
    # A hook that failed is quoted with what it printed.
    message = redact_said(str(waiting.get("message") or ""), secrets_of(spec))
    told = f"{_name(status, one_shot)}: {waiting['reason']}: {message}".rstrip(": ")
    # Names, such as that of a ConfigMap, say nothing of that.
    unquoted = re.sub(r'"[^"]*"', "", message)
    return trouble("ContainerConfig", told, bool(_RUNTIME_MAY_HEAL.search(unquoted)))


def _between_crashes(
    status: Mapping[str, Any],
    running: Mapping[str, Any],
    before: Mapping[str, Any],
    events: Iterable[Mapping[str, Any]],
    now: datetime | None,
) -> bool:
    """Whether a container runs that has crashed again and again, and will in a moment.

    One that restarted once may have been early; one that has run for a while is no crash loop, but
    where a probe ends it each time, which can take minutes.
    """
    if status.get("ready") or int(status.get("restartCount") or 0) < 2:
        return False
    since = moment(running.get("startedAt"))
    if now is None or since is None or now - since < _STABLE_AFTER:
        return True
    return _killed_by_probe(status, before, events) is not None


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
    elif reason in NEVER_RAN:
        # What a log has is of a run before.
        cause, log = "ContainerConfig", ""
    restarts = int(status.get("restartCount") or 0)
    if restarts:
        told += f", restarted {restarts} times" if restarts > 1 else ", restarted once"
    if cause == "CrashLoop":
        cause, why = _killed_by_kubelet(status, ended, events)
        told += why
    if log.strip():
        told = f"{quoted(told, _MAX_WORDS)}; log: "
        told += log_in_words(log, spec, MAX_EVIDENCE - len(told))
    elif ended.get("message") and reason != UNSEEN:
        told += f"; message: {redact_said(str(ended['message']), secrets_of(spec))}"
    return trouble(cause, told, False)


def _killed_by_kubelet(
    status: Mapping[str, Any], ended: Mapping[str, Any], events: Iterable[Mapping[str, Any]]
) -> tuple[str, str]:
    """The cause, and words about it, of a container that the kubelet may have ended."""
    killed = _killed_by_probe(status, ended, events)
    if killed is not None:
        return "ProbeFailed", f"; before: {killed['message']}"
    told = [one for one in events if _is_of(one, str(status.get("name", "")))]
    if ended.get("exitCode") in _ASKED_TO_END and newest_with(told, "FailedPostStartHook"):
        return "ContainerConfig", "; before: its postStart hook failed"
    return "CrashLoop", ""


def _killed_by_probe(
    status: Mapping[str, Any], ended: Mapping[str, Any], events: Iterable[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """The event of the probe because of which the kubelet ended the container."""
    if ended.get("exitCode") not in _ASKED_TO_END:
        return None
    told = [one for one in events if _is_of(one, str(status.get("name", "")))]
    return newest_with(told, "Unhealthy", saying="Liveness probe failed") or newest_with(
        told, "Unhealthy", saying="Startup probe failed"
    )
