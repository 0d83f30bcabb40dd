# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scenarios of molecule ask of the API server, by the tests' own view of it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.integration.api import MERGE, OURS, Api, RefusedByServerError, daemonsets
from tests.support.cluster import Cluster
from tools.environments import places

KUBECONFIG = "EVERYNODE_KUBECONFIG"
AUDIT_LOG = "EVERYNODE_AUDIT_LOG"
_LABEL = "everynode.kubernetes/agent"
_OWN_CLUSTER = "molecule"
# What Kubernetes keeps about other objects, and what only looks like an object.
_DERIVED = frozenset({"ControllerRevision", "Endpoints", "EndpointSlice", "Event", "Pod"})
_OF_THE_SERVER = ("managedFields", "resourceVersion")


class Live:
    """The cluster that a scenario runs on: the one that the environment names, or its own."""

    def __init__(self, environ: Mapping[str, str]):
        own = places.cache() / "clusters" / _OWN_CLUSTER / "kubeconfig"
        self._kubeconfig = Path(environ.get(KUBECONFIG) or own)
        self._audit_log = Path(environ.get(AUDIT_LOG) or places.own() / "molecule-audit.log")

    @cached_property
    def api(self) -> Api:
        """The API server; RuntimeError where there is no cluster."""
        for path in (self._kubeconfig, self._audit_log):
            if not path.is_file():
                raise RuntimeError(f"there is no cluster: {path} is missing")
        return Api(Cluster(_OWN_CLUSTER, self._kubeconfig, self._audit_log))

    def audit_log(self) -> str:
        """Where the log is, or will be."""
        return str(self._audit_log)

    def kubeconfig(self) -> str:
        """Where it is, once the server has answered."""
        self.api.request("GET", "/version")
        return str(self._kubeconfig)

    def begin(self, scenario: str) -> str:
        """Mark the audit log; what `requests` tells comes after the last such mark."""
        self.api.request("GET", "/version", agent=_mark(scenario))
        return scenario

    def requests(self, scenario: str) -> list[dict[str, Any]]:
        """What the scenario's role has asked for since the last mark."""
        text = self._audit_log.read_bytes()
        since = max(text.rfind(f'"userAgent":"{_mark(scenario)}"'.encode()), 0)
        found = self.api.requests(since, agent=f"awx-job=molecule-{scenario})")
        return [
            {"verb": one.verb, "path": urlsplit(one.path).path, "writes": one.writes}
            for one in found
            if one.agent.startswith(OURS)
        ]

    def objects(self, namespace: str) -> list[dict[str, Any]]:
        """The DaemonSets of a namespace, and all of whatever kind that belongs to its agents."""
        found = [
            item
            for place in self._places()
            for item in self._items(place, {"labelSelector": _LABEL})
            if item["metadata"]["labels"][_LABEL].startswith(f"{namespace}.")
        ]
        return found + self._items(daemonsets(namespace))

    def clean(self, namespace: str) -> list[str]:
        """Ask for what is left to be removed, the namespace with all that is in it included."""
        if not self._kubeconfig.is_file():
            return []
        left = {one["path"] for one in self.objects(namespace)} | {
            f"/api/v1/namespaces/{namespace}"
        }
        for path in left:
            with contextlib.suppress(RefusedByServerError):
                self.api.request("DELETE", path)
        return sorted(left)

    def pods(self, namespace: str) -> list[dict[str, Any]]:
        """The pods of DaemonSets of a namespace that are not about to go."""
        found = self.api.request("GET", f"/api/v1/namespaces/{namespace}/pods")["items"]
        return [
            {
                "uid": pod["metadata"]["uid"],
                "node": pod["spec"].get("nodeName"),
                "daemonset": owner["name"],
                "images": [container["image"] for container in pod["spec"]["containers"]],
                "ready": any(
                    one["type"] == "Ready" and one["status"] == "True"
                    for one in pod["status"].get("conditions", [])
                ),
            }
            for pod in found
            for owner in pod["metadata"].get("ownerReferences", [])
            if owner["kind"] == "DaemonSet" and "deletionTimestamp" not in pod["metadata"]
        ]

    def label_node(self, node: str, key: str, value: str) -> str:
        """Give a node a label; none, where the value is empty."""
        patch = {"metadata": {"labels": {key: value or None}}}
        self.api.request("PATCH", f"/api/v1/nodes/{node}", body=patch, kind=MERGE)
        return node

    def nodes(self) -> list[str]:
        """The names of all nodes."""
        found = self.api.request("GET", "/api/v1/nodes")["items"]
        return sorted(node["metadata"]["name"] for node in found)

    def _places(self) -> Iterator[str]:
        """Where the objects of each kind are listed, whatever their namespace."""
        groups = self.api.request("GET", "/apis")["groups"]
        versions = [f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups]
        for version in ("/api/v1", *versions):
            for resource in self.api.request("GET", version)["resources"]:
                if "list" in resource["verbs"] and resource["kind"] not in _DERIVED:
                    yield f"{version}/{resource['name']}"

    def _items(self, place: str, query: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        found = self.api.request("GET", place, query=query)
        kind = found["kind"].removesuffix("List")
        return [_told({"kind": kind, **item}, place) for item in found["items"]]


def _told(item: dict[str, Any], place: str) -> dict[str, Any]:
    """An object, its path, and all of it that only who writes it changes."""
    metadata = {k: v for k, v in item["metadata"].items() if k not in _OF_THE_SERVER}
    content = {**item, "metadata": metadata, "status": None}
    return {**item, "path": _path(place, item), "content": json.dumps(content, sort_keys=True)}


def _mark(scenario: str) -> str:
    return f"molecule-mark/{scenario}."


def _path(place: str, item: Mapping[str, Any]) -> str:
    """The path of an object of its own."""
    metadata = item["metadata"]
    if "namespace" in metadata and "/namespaces/" not in place:
        version, _slash, plural = place.rpartition("/")
        place = f"{version}/namespaces/{metadata['namespace']}/{plural}"
    return f"{place}/{metadata['name']}"
