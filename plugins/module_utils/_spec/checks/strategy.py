# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of the DaemonSet's own settings: update strategy and counters.

Source: pkg/apis/apps/validation/validation.go, ValidateDaemonSetSpec and
ValidateRollingUpdateDaemonSet.
"""

from __future__ import annotations

import re
from typing import Any

from .findings import Place, quoted

# Consoles call it a rebuild.
INSTEAD_OF_RECREATE = (
    "is a strategy of Deployments: ask for it with rollout: {rebuild: true}, or use"
    ' "RollingUpdate" with maxUnavailable "100%"'
)
_STRATEGIES = ("RollingUpdate", "OnDelete")


def check_settings(spec: Place) -> None:
    """Check the update strategy, minReadySeconds and revisionHistoryLimit."""
    spec.at_least("minReadySeconds", 0)
    spec.at_least("revisionHistoryLimit", 0)
    strategy = spec.child("updateStrategy")
    kind = strategy.text("type")
    if kind == "Recreate":
        strategy.child("type").fault(f'"Recreate" {INSTEAD_OF_RECREATE}')
    else:
        strategy.one_of("type", _STRATEGIES)
    # Under OnDelete the server does not look at the numbers.
    if kind in ("", "RollingUpdate"):
        _check_rolling_update(spec, strategy.child("rollingUpdate"))


def _check_rolling_update(spec: Place, rolling: Place) -> None:
    unavailable = _amount(rolling.child("maxUnavailable"), 1)
    surge = _amount(rolling.child("maxSurge"), 0)
    if unavailable is None or surge is None:
        return
    if surge and unavailable:
        advice = (
            "set maxUnavailable to 0 with it"
            if rolling.child("maxUnavailable")
            else "set maxUnavailable to 0 with it, which is 1 by default"
        )
        rolling.child("maxSurge").fault(
            f"only one of maxSurge and maxUnavailable may be other than 0: {advice}"
        )
    elif not surge and not unavailable:
        rolling.child("maxUnavailable").fault(
            "maxSurge and maxUnavailable are both 0, so that nothing could ever be updated"
        )
    if surge:
        _warn_of_blocked_surge(spec, rolling.child("maxSurge"))


def _amount(place: Place, default: int) -> int | None:
    """Return the number or percentage, the default where it is absent, None where it is wrong."""
    value: Any = place.value
    if value is None:
        return default
    if isinstance(value, str):
        percentage = re.fullmatch(r"0*([0-9]{1,3})%", value, re.ASCII)
        if percentage and int(percentage[1]) <= 100:
            return int(percentage[1])
        place.fault(
            f"{quoted(value)} is not allowed: give a number of nodes (0 or more, without quotes)"
            ' or a percentage from "0%" to "100%"'
        )
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    if value < 0:
        place.fault(f"{value} is not allowed: it must be 0 or more")
        return None
    return value


def _warn_of_blocked_surge(spec: Place, surge: Place) -> None:
    pod = spec.child("template", "spec")
    on_host = pod.is_true("hostNetwork")
    sidecars = [
        each for each in pod.objects("initContainers") if each.text("restartPolicy") == "Always"
    ]
    for container in (*pod.objects("containers"), *sidecars):
        for port in container.objects("ports"):
            number = port.integer("hostPort") or (
                port.integer("containerPort") if on_host else None
            )
            if number:
                surge.warn(
                    f"with port {number} of the node in use by the old pod, no second pod can start"
                    " beside it: a rollout with maxSurge will hang"
                )
                return
