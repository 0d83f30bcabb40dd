# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The services that send traffic to the pods of a DaemonSet. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_KEPT = (
    "type",
    "selector",
    "clusterIPs",
    "externalIPs",
    "ports",
    "sessionAffinity",
    "internalTrafficPolicy",
    "externalTrafficPolicy",
)


def small_service(service: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is needed of a service; None where it selects no pods at all."""
    spec = service.get("spec") or {}
    # An ExternalName has no endpoints, whatever its selector (pkg/controller/endpointslice).
    if not spec.get("selector") or spec.get("type") == "ExternalName":
        return None
    return {
        "metadata": {"name": service["metadata"]["name"]},
        "spec": {key: spec[key] for key in _KEPT if key in spec},
        "status": {"loadBalancer": (service.get("status") or {}).get("loadBalancer") or {}},
    }


def service_views(
    services: Iterable[Mapping[str, Any]], template: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Those services of the namespace that select the labels of the template, by name."""
    labels = (template.get("metadata") or {}).get("labels") or {}
    found = [one for one in services if one["spec"]["selector"].items() <= labels.items()]
    return sorted((_service(one) for one in found), key=lambda view: str(view["name"]))


def _service(service: Mapping[str, Any]) -> dict[str, Any]:
    spec = service["spec"]
    addresses = service["status"]["loadBalancer"].get("ingress") or []
    return {
        "name": service["metadata"]["name"],
        "type": spec.get("type") or "ClusterIP",
        "cluster_ips": [ip for ip in spec.get("clusterIPs") or [] if ip != "None"],
        "external_ips": spec.get("externalIPs") or [],
        "load_balancer": [one.get("ip") or one.get("hostname") for one in addresses],
        "ports": [_port(port) for port in spec.get("ports") or []],
        "selector": spec["selector"],
        "session_affinity": spec.get("sessionAffinity"),
        "internal_traffic_policy": spec.get("internalTrafficPolicy"),
        "external_traffic_policy": spec.get("externalTrafficPolicy"),
    }


def _port(port: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": port.get("name"),
        "port": port.get("port"),
        "target_port": port.get("targetPort"),
        "protocol": port.get("protocol") or "TCP",
        "node_port": port.get("nodePort"),
        "app_protocol": port.get("appProtocol"),
    }
