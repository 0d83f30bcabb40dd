# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What most node agents say alike, by name: tolerations, nodes to stay off, and what a container
may not do. What the user writes for a field always counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PRIVILEGE = frozenset({"SYS_ADMIN", "CAP_SYS_ADMIN"})


def _exists(key: str, effect: str = "") -> dict[str, str]:
    toleration = {"key": key, "operator": "Exists"}
    return toleration | ({"effect": effect} if effect else {})


# Kubernetes 1.24 took the second name of the control plane's taint away; older nodes may have it.
TOLERATIONS: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "every_node": ({"operator": "Exists"},),
    "control_plane": (
        _exists("node-role.kubernetes.io/control-plane", "NoSchedule"),
        _exists("node-role.kubernetes.io/master", "NoSchedule"),
    ),
    "gpu": tuple(
        _exists(key, "NoSchedule")
        for key in ("nvidia.com/gpu", "amd.com/gpu", "gpu.intel.com/i915")
    ),
    "critical": (_exists("CriticalAddonsOnly"),),
}
# Labels by which providers mark nodes that run no agents: the virtual kubelet's and Fargate's.
VIRTUAL_NODES: Mapping[str, str] = {
    "type": "virtual-kubelet",
    "eks.amazonaws.com/compute-type": "fargate",
}


def tolerated(pod: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """A pod's specification with the tolerations of presets, before its own."""
    own = pod.get("tolerations") or []
    added = [dict(one) for name in dict.fromkeys(names) for one in TOLERATIONS[name]]
    return {**pod, "tolerations": [*(one for one in added if one not in own), *own]}


def requirements(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the labels of a node must be, as expressions of a node affinity."""
    found = [
        {"key": key, "operator": "In", "values": list(dict.fromkeys(settings[name]))}
        for name, key in (
            ("operating_systems", "kubernetes.io/os"),
            ("architectures", "kubernetes.io/arch"),
        )
        if settings.get(name)
    ]
    if settings.get("virtual_nodes") is False:
        found += [
            {"key": key, "operator": "NotIn", "values": [value]}
            for key, value in VIRTUAL_NODES.items()
        ]
    return found


def required(pod: Mapping[str, Any], expressions: list[dict[str, Any]]) -> dict[str, Any]:
    """A pod's specification whose every node selector term holds these expressions, too."""
    affinity = dict(pod.get("affinity") or {})
    node_affinity = dict(affinity.get("nodeAffinity") or {})
    wanted = dict(node_affinity.get(_REQUIRED) or {})
    wanted["nodeSelectorTerms"] = [
        {**term, "matchExpressions": [*(term.get("matchExpressions") or []), *expressions]}
        for term in wanted.get("nodeSelectorTerms") or [{}]
    ]
    node_affinity[_REQUIRED] = wanted
    return {**pod, "affinity": {**affinity, "nodeAffinity": node_affinity}}


def prefixed(pod: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """A pod's specification whose images all come from one place, such as a mirror."""
    made = dict(pod)
    for kind in ("initContainers", "containers"):
        if isinstance(pod.get(kind), list):
            made[kind] = [_from(one, prefix.rstrip("/")) for one in pod[kind]]
    return made


def _from(container: Any, place: str) -> Any:
    if not isinstance(container, dict) or not isinstance(container.get("image"), str):
        return container
    image = container["image"]
    # What has the prefix already was written out by somebody who knew where it comes from.
    is_there = image.startswith(f"{place}/")
    return container if is_there else {**container, "image": f"{place}/{image}"}


def hardened(pod: Mapping[str, Any]) -> dict[str, Any]:
    """A pod's specification in which containers may do nothing that they do not ask for.

    These are the demands of the Pod Security Standards' level ``restricted`` on what no agent needs
    by being an agent, and a root file system that is read only. A privileged container, or one that
    says otherwise, keeps what it says; one of user 0 may run as root.
    """
    context = dict(pod.get("securityContext") or {})
    context.setdefault("seccompProfile", {"type": "RuntimeDefault"})
    made = {**pod, "securityContext": context}
    for kind in ("initContainers", "containers"):
        if isinstance(pod.get(kind), list):
            made[kind] = [_container(one, context) for one in pod[kind]]
    return made


def _container(container: Any, pod_context: Mapping[str, Any]) -> Any:
    if not isinstance(container, dict):
        return container
    context = dict(container.get("securityContext") or {})
    is_privileged = context.get("privileged") is True
    capabilities = dict(context.get("capabilities") or {})
    if not is_privileged:
        capabilities.setdefault("drop", ["ALL"])
        context["capabilities"] = capabilities
        # The API refuses it beside what brings all privileges anyway.
        if not _PRIVILEGE & set(capabilities.get("add") or []):
            context.setdefault("allowPrivilegeEscalation", False)
    context.setdefault("readOnlyRootFilesystem", True)
    user = context.get("runAsUser", pod_context.get("runAsUser"))
    if user != 0 and not is_privileged and "runAsNonRoot" not in pod_context:
        context.setdefault("runAsNonRoot", True)
    return {**container, "securityContext": context}
