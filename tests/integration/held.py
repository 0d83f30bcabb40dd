# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that get ready when the test says so, and what has come to rest: a test that waits for these
needs no pod that takes so many seconds, and nothing of it depends on how fast the machine is.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from tests.integration.api import MERGE, Api, RefusedByServerError, eventually

_SIMULATE = "everynode.kubernetes/simulate"
_NEVER = "never-ready"
# The annotations of pods that are not ready until a gate lets them go.
HELD = {_SIMULATE: _NEVER}


def let_go(api: Api, *namespaces: str) -> None:
    """Have the held pods that there are get ready, once each has come as far as it does."""
    eventually(lambda: not _let_some_go(api, namespaces) or None, "the held pods are let go")


def _let_some_go(api: Api, namespaces: Iterable[str]) -> list[str]:
    """Let those go that have come so far, and return the names of the others: what is about to be
    said of one that has just come would be said after it is ready, and take that back.
    """
    left = []
    for namespace in namespaces:
        path = f"/api/v1/namespaces/{namespace}/pods"
        for pod in api.request("GET", path)["items"]:
            metadata = pod["metadata"]
            if metadata.get("annotations", {}).get(_SIMULATE) != _NEVER:
                continue
            if pod["status"].get("phase") == "Pending":
                left.append(metadata["name"])
                continue
            body = {"metadata": {"annotations": {_SIMULATE: None}}}
            # Unless it is gone meanwhile.
            with contextlib.suppress(RefusedByServerError):
                api.request("PATCH", f"{path}/{metadata['name']}", body=body, kind=MERGE)
    return left


class Gate:
    """Lets held pods go as soon as they are there, from entry to exit, while it is open, as it is
    at first. It outlives a restart of the API server.
    """

    def __init__(self, api: Api, *namespaces: str):
        self._api = api
        self._namespaces = namespaces
        # Held during each turn, so that a gate that was closed lets nothing go.
        self._lock = threading.Lock()
        self._is_open = True
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._let_go, daemon=True)

    def __enter__(self) -> Gate:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        self._thread.join(60)

    def close(self) -> None:
        """Let no pod go from now on."""
        with self._lock:
            self._is_open = False

    def open(self) -> None:
        """Let all go, those that are there and those that come."""
        with self._lock:
            self._is_open = True

    def _let_go(self) -> None:
        while not self._ending.wait(0.1):
            # The API server may be away.
            with (
                self._lock,
                contextlib.suppress(
                    OSError, http.client.HTTPException, ValueError, RefusedByServerError
                ),
            ):
                if self._is_open:
                    _let_some_go(self._api, self._namespaces)


def at_rest(
    api: Api, namespace: str, name: str = "agent", *, ready: bool = False
) -> list[dict[str, Any]]:
    """The pods of a DaemonSet once its controller has seen its last change, and none is about to
    end or to come; with `ready`, once all are ready as well.

    Where the controller replaces no more pods by itself, as when it is paused, they stay so: it
    tells that it has seen a change after it has done what it did before.
    """

    def found() -> list[dict[str, Any]] | None:
        live = api.daemonset(namespace, name)
        status = live["status"]
        if status.get("observedGeneration") != live["metadata"]["generation"]:
            return None
        pods = api.pods(namespace, name)
        stay = [pod for pod in pods if _stays(pod) and (_is_ready(pod) or not ready)]
        wanted = status.get("desiredNumberScheduled")
        return pods if len(stay) == len(pods) == wanted else None

    return eventually(found, f"the pods of {namespace}/{name} are at rest")


def _stays(pod: dict[str, Any]) -> bool:
    return "deletionTimestamp" not in pod["metadata"] and "nodeName" in pod["spec"]


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def back_again(api: Api, *nodes: str) -> None:
    """Wait until nodes that were away are Ready, and pods may be on them: their taints go only
    after that.
    """

    def is_back(name: str) -> bool | None:
        node = api.request("GET", f"/api/v1/nodes/{name}")
        tainted = any("not-ready" in t["key"] or "unreachable" in t["key"] for t in _taints(node))
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in _conditions(node))
        return (ready and not tainted) or None

    for name in nodes:
        eventually(functools.partial(is_back, name), f"{name} is back")


def _taints(node: dict[str, Any]) -> list[dict[str, Any]]:
    return node["spec"].get("taints") or []


def _conditions(node: dict[str, Any]) -> list[dict[str, Any]]:
    return node["status"].get("conditions") or []
