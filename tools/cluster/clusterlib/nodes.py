# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated nodes of a cluster: node-0 to node-(N-1)."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import quote

from .api import Api
from .console import ClusterError, say

# An address of this type leads to the port where modules/kubelets answers for all nodes. The others
# are as on a real node, so lead nowhere.
KUBELET_ADDRESS_TYPE = "InternalDNS"
# Whether KWOK plays the node's kubelet: see stages/node.yaml and README.md.
KUBELET_LABEL = "everynode.kubernetes/kubelet"
_NAME = re.compile(r"node-([0-9]+)")
_MOST = 2000
_READY_SECONDS = 300.0
_EMPTY_SECONDS = 30.0
_POLL_SECONDS = 0.1


def scale(api: Api, count: int, kubelet_port: int) -> None:
    """Have exactly `count` simulated nodes, and wait until each new one can take pods.

    Their kubelets answer on that port of this machine.
    """
    if not 0 <= count <= _MOST:
        raise ClusterError(f"{count} nodes: choose 0 to {_MOST}")
    _correct_ports(api, kubelet_port)
    present = _numbers(api)
    unwanted = [number for number in present if number >= count]
    wanted = [number for number in range(count) if number not in present]
    if unwanted:
        say(f"removing {len(unwanted)} nodes")
        _remove(api, sorted(unwanted, reverse=True))
    if wanted:
        say(f"adding {len(wanted)} nodes")
        for number in wanted:
            api.checked("POST", "/api/v1/nodes", _manifest(number, kubelet_port))
        _wait_ready(api, {_name(number) for number in wanted})


def count(api: Api) -> int:
    """How many simulated nodes there are."""
    return len(_numbers(api))


def _numbers(api: Api) -> list[int]:
    found = (_NAME.fullmatch(node["metadata"]["name"]) for node in _simulated(api))
    return sorted(int(match[1]) for match in found if match)


def _simulated(api: Api) -> list[dict[str, Any]]:
    selector = quote(KUBELET_LABEL)
    nodes: list[dict[str, Any]] = api.get(f"/api/v1/nodes?labelSelector={selector}")["items"]
    return nodes


def _name(number: int) -> str:
    return f"node-{number}"


def _manifest(number: int, kubelet_port: int) -> dict[str, Any]:
    name = _name(number)
    high, low = divmod(number, 250)
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                KUBELET_LABEL: "running",
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
            },
        },
        "spec": {"podCIDR": f"10.{128 + high}.{low}.0/24"},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": f"10.{64 + high}.0.{low + 1}"},
                {"type": "Hostname", "address": name},
                {"type": KUBELET_ADDRESS_TYPE, "address": "localhost"},
            ],
            "daemonEndpoints": _endpoints(kubelet_port),
        },
    }


def _endpoints(kubelet_port: int) -> dict[str, Any]:
    return {"kubeletEndpoint": {"Port": kubelet_port}}


def _correct_ports(api: Api, kubelet_port: int) -> None:
    """Tell the nodes of a cluster that had to take other ports where their kubelets are now."""
    endpoints = _endpoints(kubelet_port)
    for node in _simulated(api):
        if node["status"].get("daemonEndpoints") != endpoints:
            path = f"/api/v1/nodes/{node['metadata']['name']}/status"
            api.checked("PATCH", path, {"status": {"daemonEndpoints": endpoints}}, also=(404,))


def _wait_ready(api: Api, names: set[str]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        ready = {node["metadata"]["name"] for node in _simulated(api) if _takes_pods(node)}
        missing = names - ready
        if not missing:
            return
        if time.monotonic() > deadline:
            raise ClusterError(
                f"{len(missing)} nodes are not ready after {_READY_SECONDS:.0f} s: "
                f"{', '.join(sorted(missing)[:5])}"
            )
        time.sleep(_POLL_SECONDS)


def _takes_pods(node: dict[str, Any]) -> bool:
    conditions = node.get("status", {}).get("conditions", [])
    ready = any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)
    # The controller manager takes this taint off a little after the node is ready.
    taints = {taint["key"] for taint in node["spec"].get("taints", [])}
    return ready and "node.kubernetes.io/not-ready" not in taints


def _remove(api: Api, numbers: list[int]) -> None:
    for number in numbers:
        api.checked("DELETE", f"/api/v1/nodes/{_name(number)}", also=(404,))
    # Nobody plays the kubelet of a removed node any more, so its pods would be terminating until
    # the controller manager collects them a minute later.
    gone = {_name(number) for number in numbers}
    deadline = time.monotonic() + _EMPTY_SECONDS
    while time.monotonic() < deadline:
        pods = [pod for pod in api.get("/api/v1/pods")["items"] if _node_of(pod) in gone]
        if not pods:
            return
        for pod in pods:
            metadata = pod["metadata"]
            api.checked(
                "DELETE",
                f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}",
                {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0},
                also=(404,),
            )
        time.sleep(_POLL_SECONDS)


def _node_of(pod: dict[str, Any]) -> str:
    node: str = pod["spec"].get("nodeName", "")
    return node
