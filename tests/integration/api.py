# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests' own view of the cluster, which shares no code with the collection.

Objects are read and written with the standard library, and what anybody asked of the API server is
read from its audit log.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import yaml

from tests.support.cluster import Cluster
from tools.cluster.clusterlib.binaries import path_of

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
OURS = "everynode.kubernetes/"
KUBECTL = path_of("kubectl")
_T = TypeVar("_T")


class RefusedByServerError(Exception):
    """The API server answered with an error; `status` and `body` are its answer."""

    def __init__(self, status: int, body: dict[str, Any]):
        super().__init__(f"{status}: {body.get('message')}")
        self.status = status
        self.body = body


@dataclass(frozen=True)
class Request:
    """A request that the API server's audit log shows."""

    verb: str
    path: str
    agent: str
    namespace: str
    status: int
    received: str

    @property
    def writes(self) -> bool:
        """Whether it can have changed something: a dry run cannot."""
        return self.verb not in ("get", "list", "watch") and "dryRun=All" not in self.path


class Api:
    """The API server, as the cluster's administrator sees it."""

    def __init__(self, cluster: Cluster):
        self.cluster = cluster
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        server = config["clusters"][0]["cluster"]
        self.server: str = server["server"]
        self._place = urlsplit(self.server)
        self._tls = _tls_context(server, config["users"][0]["user"])
        self._local = threading.local()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        kind: str = JSON,
        agent: str = "tests",
    ) -> dict[str, Any]:
        """Send a request and return the answer's body, or raise RefusedByServerError."""
        address = f"{path}?{urlencode(query)}" if query else path
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": kind, "Accept": JSON, "User-Agent": agent}
        connection = self._connection()
        try:
            connection.request(method, address, data, headers)
            answer = connection.getresponse()
            text = answer.read()
        except (http.client.HTTPException, OSError):
            # An idle connection that the server has closed meanwhile: once more, on a new one.
            connection.close()
            connection.request(method, address, data, headers)
            answer = connection.getresponse()
            text = answer.read()
        parsed: dict[str, Any] = json.loads(text)
        if answer.status >= 400:
            raise RefusedByServerError(answer.status, parsed)
        return parsed

    def _connection(self) -> http.client.HTTPSConnection:
        if not hasattr(self._local, "connection"):
            self._local.connection = self.new_connection()
        connection: http.client.HTTPSConnection = self._local.connection
        return connection

    def new_connection(self) -> http.client.HTTPSConnection:
        """A connection of its own, for an answer that is read as it comes."""
        host, port = self._place.hostname or "", self._place.port
        return http.client.HTTPSConnection(host, port, context=self._tls, timeout=60)

    def daemonset(self, namespace: str, name: str) -> dict[str, Any]:
        """A DaemonSet as the server holds it, managedFields and all."""
        return self.request("GET", f"{daemonsets(namespace)}/{name}")

    def exists(self, namespace: str, name: str) -> bool:
        """Whether there is a DaemonSet of that name."""
        try:
            self.daemonset(namespace, name)
        except RefusedByServerError as error:
            if error.status == 404:
                return False
            raise
        return True

    def until_controllers_see(self, nodes: int, labels: Mapping[str, str]) -> None:
        """Wait until the DaemonSet controller, which learns of nodes apart from DaemonSets, knows
        that so many nodes have these labels, and with that all that was changed of nodes before.
        """
        path = f"{daemonsets('default')}"
        template = {
            "metadata": {"labels": {"app": "probe"}},
            "spec": {
                "nodeSelector": dict(labels),
                "tolerations": [{"operator": "Exists"}],
                "containers": [{"name": "probe", "image": "example.test/probe:1"}],
            },
        }
        body = {
            "metadata": {"generateName": "probe-"},
            "spec": {"selector": {"matchLabels": {"app": "probe"}}, "template": template},
        }
        name = self.request("POST", path, body=body)["metadata"]["name"]

        def seen() -> bool | None:
            status = self.daemonset("default", name)["status"]
            known = status.get("observedGeneration") and status["desiredNumberScheduled"] == nodes
            return bool(known) or None

        eventually(seen, f"the controller knows {nodes} nodes with {labels}")
        self.request("DELETE", f"{path}/{name}", body={"propagationPolicy": "Background"})

    def apply(
        self,
        manifest: Mapping[str, Any],
        manager: str,
        *,
        force: bool = True,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Server-side apply under a manager's name."""
        metadata = manifest["metadata"]
        query = {"fieldManager": manager, "force": str(force).lower()}
        if dry_run:
            query["dryRun"] = "All"
        path = f"{daemonsets(metadata['namespace'])}/{metadata['name']}"
        return self.request("PATCH", path, query=query, body=manifest, kind=APPLY)

    def pods(self, namespace: str, name: str) -> list[dict[str, Any]]:
        """The pods that a DaemonSet owns."""
        uid = self.daemonset(namespace, name)["metadata"]["uid"]
        found = self.request("GET", f"/api/v1/namespaces/{namespace}/pods")["items"]
        return [
            pod
            for pod in found
            if any(o["uid"] == uid for o in pod["metadata"].get("ownerReferences", []))
        ]

    def settled(self, namespace: str, name: str, *, within: float = 300) -> dict[str, Any]:
        """The DaemonSet once all its pods are of this generation and available."""

        def ready() -> dict[str, Any] | None:
            live = self.daemonset(namespace, name)
            status = live["status"]
            wanted = status.get("desiredNumberScheduled", 0)
            seen = status.get("observedGeneration") == live["metadata"]["generation"]
            counts = {status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)}
            return live if seen and counts == {wanted} else None

        return eventually(ready, f"DaemonSet {namespace}/{name} settles", within=within)

    def warnings_of_apply(self, manifest: Mapping[str, Any], manager: str) -> list[str]:
        """What the server warns of where a manifest is applied as a dry run."""
        metadata = manifest["metadata"]
        query = urlencode({"fieldManager": manager, "force": "true", "dryRun": "All"})
        path = f"{daemonsets(metadata['namespace'])}/{metadata['name']}"
        connection = self._connection()
        connection.request(
            "PATCH", f"{path}?{query}", json.dumps(manifest), {"Content-Type": APPLY}
        )
        answer = connection.getresponse()
        body = json.loads(answer.read())
        if answer.status >= 400:
            raise RefusedByServerError(answer.status, body)
        # A warning is a code, who warns, and the text in quotes.
        return [json.loads(text.split(" ", 2)[2]) for text in answer.headers.get_all("Warning", [])]

    def user_with(self, rules: list[dict[str, Any]], namespace: str, name: str) -> str:
        """Make a user who has these rights in a namespace, once they are in force; their name."""
        rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
        group = "rbac.authorization.k8s.io"
        self.request("POST", f"{rbac}/roles", body={"metadata": {"name": name}, "rules": rules})
        binding = {
            "metadata": {"name": name},
            "subjects": [{"apiGroup": group, "kind": "User", "name": name}],
            "roleRef": {"apiGroup": group, "kind": "Role", "name": name},
        }
        self.request("POST", f"{rbac}/rolebindings", body=binding)
        self.until_allowed(name, rules[-1], namespace)
        return name

    def until_allowed(self, user: str, rule: Mapping[str, Any], namespace: str) -> None:
        """Wait until what a rule allows a user last is in force."""
        asked = {
            "namespace": namespace,
            "verb": rule["verbs"][-1],
            "group": rule["apiGroups"][-1],
            "resource": rule["resources"][-1],
        }
        review = {"spec": {"user": user, "resourceAttributes": asked}}
        reviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews"

        def may() -> bool | None:
            return self.request("POST", reviews, body=review)["status"]["allowed"] or None

        eventually(may, f"the rights of {user} are in force")

    def add_namespace(self, name: str, *, labels: Mapping[str, str] | None = None) -> None:
        """Make a namespace."""
        metadata = {"name": name, "labels": dict(labels or {})}
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
        self.request("POST", "/api/v1/namespaces", body=body)

    def remove_namespace(self, name: str) -> None:
        """Ask for a namespace to be removed, with all that is in it."""
        self.request("DELETE", f"/api/v1/namespaces/{name}")

    def kubectl(self, *arguments: str, stdin: Any = None) -> str:
        """Run kubectl and return what it printed; an object for `stdin` is written as JSON."""
        done = subprocess.run(
            [KUBECTL, f"--kubeconfig={self.cluster.kubeconfig}", *arguments],
            input=None if stdin is None else json.dumps(stdin),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def mark(self) -> int:
        """The present end of the audit log, for `requests`."""
        return self.cluster.audit_log.stat().st_size

    def requests(
        self, since: int, *, agent: str = OURS, namespace: str | None = None
    ) -> list[Request]:
        """What was asked for since a mark, by those whose User-Agent holds `agent`."""
        with self.cluster.audit_log.open("rb") as log:
            # Of a line that the server was just writing, at the mark or now, there is but a part.
            log.seek(max(since - 1, 0))
            lines = log.read().split(b"\n")[1 if since else 0 : -1]
        needle = agent.encode()
        # A watch has two lines: one when it starts, one when it ends.
        found: dict[str, Request] = {}
        for line in lines:
            if needle not in line:
                continue
            event = json.loads(line)
            request = _request(event)
            if agent in request.agent and namespace in (None, request.namespace):
                found[event["auditID"]] = request
        return list(found.values())


def _request(event: Mapping[str, Any]) -> Request:
    return Request(
        verb=event["verb"],
        path=event["requestURI"],
        agent=event.get("userAgent", ""),
        namespace=event.get("objectRef", {}).get("namespace", ""),
        status=event.get("responseStatus", {}).get("code", 0),
        received=event["requestReceivedTimestamp"],
    )


def _tls_context(server: Mapping[str, str], user: Mapping[str, str]) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=_pem(server, "certificate-authority"))
    with tempfile.TemporaryDirectory() as folder:
        for name in ("client-certificate", "client-key"):
            Path(folder, name).write_text(_pem(user, name))
        context.load_cert_chain(Path(folder, "client-certificate"), Path(folder, "client-key"))
    return context


def _pem(holder: Mapping[str, str], name: str) -> str:
    data = holder.get(f"{name}-data")
    return base64.b64decode(data).decode() if data else Path(holder[name]).read_text()


def daemonsets(namespace: str) -> str:
    """The path of a namespace's DaemonSets."""
    return f"/apis/apps/v1/namespaces/{namespace}/daemonsets"


def eventually(
    look: Callable[[], _T | None], what: str, *, within: float = 120, every: float = 0.1
) -> _T:
    """What `look` returns once it is not None; AssertionError when that takes too long."""
    end = time.monotonic() + within
    while True:
        found = look()
        if found is not None:
            return found
        assert time.monotonic() < end, f"not within {within} seconds: {what}"
        time.sleep(every)


def uids(objects: Iterable[Mapping[str, Any]]) -> set[str]:
    """The uids of objects."""
    return {item["metadata"]["uid"] for item in objects}
