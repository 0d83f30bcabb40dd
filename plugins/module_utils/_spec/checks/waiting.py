# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of the time that a task has against what the pods need of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .findings import Place


def check_time(spec: Place, params: Mapping[str, Any]) -> None:
    """Check ``wait_timeout`` and ``progress_deadline_seconds`` where the task waits for a rollout.

    Args:
        spec: the DaemonSet's.
        params: the task's parameters by name.
    """
    limit = params.get("wait_timeout")
    if not params.get("wait") or not isinstance(limit, int):
        return
    # Under OnDelete the task does not wait for pods.
    if spec.text("updateStrategy", "type") == "OnDelete":
        return
    place = Place(limit, ("wait_timeout",), spec.findings)
    ready = spec.integer("minReadySeconds") or 0
    if 0 < limit <= ready:
        place.fault(
            f"{limit} is not more than min_ready_seconds, which is {ready}: no pod could be"
            " available in time"
        )
        return
    limits = {"wait_timeout": limit, "progress_deadline_seconds": _progress_deadline(params, ready)}
    for container in spec.child("template", "spec").objects("containers"):
        budget = _startup_budget(container.child("startupProbe"))
        for name, seconds in limits.items():
            if budget >= seconds > 0:
                Place(seconds, (name,), spec.findings).warn(
                    f"{params[name]} is not more than the {budget} seconds that the startup probe"
                    f" of the container {container.text('name')} gives it"
                )


def _progress_deadline(params: Mapping[str, Any], ready: int) -> int:
    """How long nothing may come forward: minReadySeconds come on top; 0 where it is not given."""
    given = params.get("progress_deadline_seconds")
    return given + ready if isinstance(given, int) and given > 0 else 0


def _startup_budget(probe: Place) -> int:
    """The seconds until a container that never starts up is given up."""
    if not isinstance(probe.value, dict):
        return 0
    delay = probe.integer("initialDelaySeconds") or 0
    # The API's defaults: three failures, ten seconds apart.
    period = probe.integer("periodSeconds") or 10
    return delay + period * (probe.integer("failureThreshold") or 3)
