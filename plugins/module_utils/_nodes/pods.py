# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a pod of a DaemonSet says of itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

REVISION_LABEL = "controller-revision-hash"


def node_of(pod: Mapping[str, Any]) -> str:
    """The node that a pod runs on, or is meant for; empty where it names none.

    The controller pins a pod that is not scheduled yet by the node's name
    (pkg/controller/daemon/util/daemonset_util.go, GetTargetNodeName).
    """
    spec = pod.get("spec") or {}
    if spec.get("nodeName"):
        return str(spec["nodeName"])
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or []:
        for field in term.get("matchFields") or []:
            if field.get("key") == "metadata.name" and field.get("values"):
                return str(field["values"][0])
    return ""


def uid_of(pod: Mapping[str, Any]) -> str:
    """The pod's uid; empty where it has none."""
    return str((pod.get("metadata") or {}).get("uid") or "")


def condition(obj: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The condition of this type of a pod or a node; empty where it has none."""
    conditions = (obj.get("status") or {}).get("conditions") or []
    return next((one for one in conditions if one.get("type") == kind), {})


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether the pod's Ready condition is true."""
    return condition(pod, "Ready").get("status") == "True"


def is_ending(pod: Mapping[str, Any]) -> bool:
    """Whether the pod was deleted and is on its way out."""
    return bool((pod.get("metadata") or {}).get("deletionTimestamp"))


def is_available(pod: Mapping[str, Any], min_ready_seconds: int, now: datetime) -> bool:
    """Whether the pod has been Ready for so many seconds, and is to stay.

    As the controller judges it (pkg/api/v1/pod/util.go, IsPodAvailable), with ``now`` instead of
    its clock. One that is being deleted is not available, though the controller counts it until it
    is no longer Ready.
    """
    if is_ending(pod) or not is_ready(pod):
        return False
    if min_ready_seconds <= 0:
        return True
    since = moment(condition(pod, "Ready").get("lastTransitionTime"))
    return since is not None and since + timedelta(seconds=min_ready_seconds) < now


def revision_of(pod: Mapping[str, Any]) -> str:
    """The hash of the ControllerRevision that the pod was made from; empty where it has none."""
    labels = (pod.get("metadata") or {}).get("labels") or {}
    return str(labels.get(REVISION_LABEL) or "")


def init_statuses(pod: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The statuses of a pod's init containers, sidecars among them."""
    return list((pod.get("status") or {}).get("initContainerStatuses") or [])


def container_statuses(pod: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The statuses of a pod's init containers and containers."""
    status = pod.get("status") or {}
    return [*init_statuses(pod), *(status.get("containerStatuses") or [])]


def restarts_of(pod: Mapping[str, Any]) -> int:
    """How often containers of the pod were restarted, all together."""
    return sum(int(one.get("restartCount") or 0) for one in container_statuses(pod))


def moment(text: Any) -> datetime | None:
    """A time as the API writes it (RFC 3339), or None where there is none."""
    if isinstance(text, datetime):
        return text if text.tzinfo else text.replace(tzinfo=UTC)
    if not isinstance(text, str) or not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
