# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is no slip and may be a decision, but is worth a thought: told to those who ask for it.

Most manifests have some of it, so that among the warnings of every run it would hide the others.
"""

from __future__ import annotations

from typing import Any

from .findings import Finding, Place


def advise(manifest: dict[str, Any]) -> list[Finding]:
    """Return what could be better, all of it warnings.

    Args:
        manifest: as `check_daemonset` takes it.
    """
    spec = Place(manifest).child("spec")
    pod = spec.child("template", "spec")
    _advise_on_priority(pod)
    _advise_on_dns(pod)
    _advise_on_requests(pod)
    _advise_on_interruption(spec)
    return spec.findings


def _advise_on_priority(pod: Place) -> None:
    if not pod.text("priorityClassName"):
        pod.child("priorityClassName").warn(
            "without a priority class the pods get no place on a full node, and other pods may"
            " drive them out"
        )


def _advise_on_dns(pod: Place) -> None:
    if pod.is_true("hostNetwork") and not pod.text("dnsPolicy"):
        pod.child("dnsPolicy").warn(
            "with hostNetwork the pods do not use the cluster's DNS:"
            ' "ClusterFirstWithHostNet" is what asks for it'
        )


def _advise_on_requests(pod: Place) -> None:
    """Without any request or limit the pod is of the class BestEffort."""
    for container in (*pod.objects("containers"), *pod.objects("initContainers")):
        if any(container.get("resources", kind) for kind in ("requests", "limits")):
            return
    if pod.get("resources", "requests") or pod.get("resources", "limits"):
        return
    pod.child("containers").warn(
        "no container requests CPU or memory: where a node runs short of memory, these pods go"
        " first"
    )


def _advise_on_interruption(spec: Place) -> None:
    place = spec.child("updateStrategy", "rollingUpdate", "maxUnavailable")
    if place.value == "100%" and spec.text("updateStrategy", "type") in ("", "RollingUpdate"):
        place.warn("an update ends the pods of all nodes at once")
