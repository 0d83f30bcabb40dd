# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What refuses the pods of a namespace: a quota, or a webhook that says no or does not answer."""

from __future__ import annotations

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.integration.api import Api, RefusedByServerError, eventually
from tests.integration.connection.servers import self_signed

_WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
REFUSAL = "the agent is not signed"
NOBODY = "https://localhost:9/"
_CONTAINER = {"name": "agent", "image": "example.test/agent:1"}


def add_quota(api: Api, namespace: str, pods: int) -> None:
    """Let so many pods be in a namespace."""
    spec = {"hard": {"pods": str(pods)}}
    in_force(api, namespace, {"metadata": {"name": "few"}, "spec": spec})


def no_pods(api: Api, namespace: str) -> str:
    """Let no further pod be in a namespace; the path of the quota for that."""
    in_force(api, namespace, {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}})
    pod = {"metadata": {"name": "try"}, "spec": {"containers": [_CONTAINER]}}
    until_refused(api, namespace, pod, "exceeded quota")
    return f"/api/v1/namespaces/{namespace}/resourcequotas/none"


def in_force(api: Api, namespace: str, quota: dict[str, Any]) -> None:
    """Make a quota, and wait until it counts: not before the controller manager has seen it."""
    path = f"/api/v1/namespaces/{namespace}/resourcequotas"
    api.request("POST", path, body=quota)

    def counts() -> bool | None:
        status = api.request("GET", f"{path}/{quota['metadata']['name']}").get("status", {})
        return ("hard" in status and "used" in status) or None

    eventually(counts, "the quota counts")


def until_refused(api: Api, namespace: str, pod: dict[str, Any], words: str) -> None:
    """Wait until such a pod is refused with these words: what the server goes by is some moments
    behind what it was told.
    """
    path = f"/api/v1/namespaces/{namespace}/pods"

    def refused() -> bool | None:
        try:
            api.request("POST", path, query={"dryRun": "All"}, body=pod)
        except RefusedByServerError as error:
            return words in str(error.body) or None
        return None

    eventually(refused, f"pods are refused: {words}")


@contextmanager
def webhook(
    api: Api, namespace: str, url: str = NOBODY, authority: str = "", operation: str = "CREATE"
) -> Iterator[None]:
    """Have a server asked about each new pod of a namespace, or each that is deleted, from now on;
    without it no pod is made, or deleted.
    """
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": [operation],
        "resources": ["pods"],
    }
    config: dict[str, Any] = {"url": url}
    if authority:
        config["caBundle"] = base64.b64encode(authority.encode()).decode()
    hook = {
        "name": "signatures.example.test",
        "clientConfig": config,
        "rules": [rule],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        # Nobody at all is told at once; whoever answers may have much else to do.
        "timeoutSeconds": 20,
    }
    body = {"metadata": {"name": namespace}, "webhooks": [hook]}
    api.request("POST", _WEBHOOKS, body=body)
    try:
        _until_asked(api, namespace, operation)
        yield
    finally:
        api.request("DELETE", f"{_WEBHOOKS}/{namespace}")


def _until_asked(api: Api, namespace: str, operation: str) -> None:
    """Wait until the server asks a webhook that refuses all."""
    words = "signatures.example.test"
    if operation == "CREATE":
        pod = {"metadata": {"name": "try"}, "spec": {"containers": [_CONTAINER]}}
        until_refused(api, namespace, pod, words)
        return
    path = f"/api/v1/namespaces/{namespace}/pods"
    name = api.request("GET", path)["items"][0]["metadata"]["name"]

    def refused() -> bool | None:
        try:
            api.request("DELETE", f"{path}/{name}", query={"dryRun": "All"})
        except RefusedByServerError as error:
            return words in str(error.body) or None
        return None

    eventually(refused, "the webhook is asked")


@contextmanager
def refusing_server(folder: Path) -> Iterator[tuple[str, str]]:
    """A webhook's server that refuses all that it is asked; its URL and its authority."""
    identity = self_signed("localhost")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Refuses)
    server.socket = identity.server_context(folder).wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}/", identity.certificate
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Refuses(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        verdict = {
            "uid": review["request"]["uid"],
            "allowed": False,
            "status": {"message": REFUSAL, "code": 403},
        }
        answer = json.dumps({**review, "request": None, "response": verdict}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_unused: Any) -> None:
        """Nothing is logged."""
