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

from tests.integration.api import Api
from tests.integration.connection.servers import self_signed

_WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
REFUSAL = "the agent is not signed"
NOBODY = "https://localhost:9/"


def add_quota(api: Api, namespace: str, pods: int) -> None:
    """Let so many pods be in a namespace."""
    body = {"metadata": {"name": "few"}, "spec": {"hard": {"pods": str(pods)}}}
    api.request("POST", f"/api/v1/namespaces/{namespace}/resourcequotas", body=body)


@contextmanager
def webhook(
    api: Api, namespace: str, url: str = NOBODY, authority: str = "", operation: str = "CREATE"
) -> Iterator[None]:
    """Have a server asked about each new pod of a namespace, or each that is deleted; without it
    no pod is made, or deleted.
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
        "timeoutSeconds": 2,
    }
    body = {"metadata": {"name": namespace}, "webhooks": [hook]}
    api.request("POST", _WEBHOOKS, body=body)
    try:
        yield
    finally:
        api.request("DELETE", f"{_WEBHOOKS}/{namespace}")


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
