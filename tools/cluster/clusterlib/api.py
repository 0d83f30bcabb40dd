# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small client of the cluster's API server, with the administrator's certificate."""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path
from typing import Any

from .console import ClusterError


class Api:
    """One kept-alive connection to the API server on 127.0.0.1."""

    def __init__(self, pki: Path, port: int) -> None:
        context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        context.load_cert_chain(str(pki / "admin.crt"), str(pki / "admin.key"))
        self._connection = http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=60, context=context
        )

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_unused: object) -> None:
        self._connection.close()

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The status and the parsed answer (the text where it is not JSON); OSError if none.

        The body of a PATCH is a merge patch.
        """
        kind = "merge-patch+json" if method == "PATCH" else "json"
        try:
            self._connection.request(
                method,
                path,
                body=None if body is None else json.dumps(body),
                headers={
                    "Content-Type": f"application/{kind}",
                    "User-Agent": "everynode-test-cluster",
                },
            )
            answer = self._connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        except http.client.HTTPException as error:
            self._connection.close()
            raise ConnectionError(str(error)) from error
        except OSError:
            self._connection.close()
            raise
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text

    def get(self, path: str) -> Any:
        """The object at `path`; ClusterError if the API server does not give it."""
        return self.checked("GET", path)

    def checked(self, method: str, path: str, body: Any = None, also: tuple[int, ...] = ()) -> Any:
        """Like `request`, but ClusterError for a status that is neither 2xx nor in `also`."""
        status, answer = self.request(method, path, body)
        if not 200 <= status < 300 and status not in also:
            said = answer.get("message", answer) if isinstance(answer, dict) else answer
            raise ClusterError(f"{method} {path}: the API server answered {status}: {said}")
        return answer
