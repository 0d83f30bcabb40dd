# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests' own watch of a DaemonSet's pods: which ones there were, and what was unavailable when.

It shares no code with the collection and sees every change, so it can prove that no pod restarted
that need not have.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

from tests.integration.api import Api, RefusedByServerError, eventually

REVISION = "controller-revision-hash"


@dataclass
class SeenPod:
    """A pod as it was last seen.

    `created` and `deleted` are when the watch saw it come and go, in seconds of the monotonic
    clock; `created` is None for one that was there before the watch, `deleted` for one that still
    is. `available` is whether it is ready and nobody has asked for its end.
    """

    uid: str
    name: str
    node: str
    revision: str
    available: bool
    version: str
    created: float | None = None
    deleted: float | None = None


class PodWatch:
    """Watches the pods that belong to a DaemonSet of that name, from entry to exit.

    Enter it once the DaemonSet has settled. After the exit, and after `caught_up`, all that
    happened until then has been seen. It outlives a restart of the API server.
    """

    def __init__(self, api: Api, namespace: str, name: str = "agent"):
        self._api = api
        self._path = f"/api/v1/namespaces/{namespace}/pods"
        self._name = name
        self._lock = threading.Lock()
        self._pods: dict[str, SeenPod] = {}
        # The nodes that have had an available pod, and those of them that have none, each time
        # that this changed.
        self._had: set[str] = set()
        self._lacking: list[frozenset[str]] = []
        self._version = ""
        self._ending = threading.Event()
        self._connection: http.client.HTTPSConnection | None = None
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> PodWatch:
        self._version = self._list(before=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if _kind is None:
            self.caught_up()
        self._ending.set()
        self._hang_up()
        self._thread.join(10)

    def pods(self) -> list[SeenPod]:
        """All pods that were ever seen, in the order of their coming."""
        with self._lock:
            return list(self._pods.values())

    def uids_by_node(self) -> dict[str, list[str]]:
        """The uids of the pods that each node has had, in the order of their coming."""
        found: dict[str, list[str]] = {}
        for pod in self.pods():
            found.setdefault(pod.node, []).append(pod.uid)
        return found

    def restarts_by_node(self) -> dict[str, int]:
        """On which nodes pods came after the first one of the watch, and how many."""
        return {node: len(uids) - 1 for node, uids in self.uids_by_node().items() if len(uids) > 1}

    def restarted_nodes(self) -> set[str]:
        """The nodes on which another pod came after the first."""
        return set(self.restarts_by_node())

    def created(self) -> set[str]:
        """The uids of the pods that came during the watch."""
        return {pod.uid for pod in self.pods() if pod.created is not None}

    def deleted(self) -> set[str]:
        """The uids of the pods that went during the watch."""
        return {pod.uid for pod in self.pods() if pod.deleted is not None}

    def most_unavailable(self, *, but: Collection[str] = ()) -> int:
        """On how many nodes at once, at most, no pod was available.

        A node counts from when it first had an available pod. Nodes in `but` do not count, such as
        those that the test takes away.
        """
        with self._lock:
            return max((len(nodes - set(but)) for nodes in self._lacking), default=0)

    def ever_unavailable(self) -> set[str]:
        """The nodes on which, at any time, no pod was available any more."""
        with self._lock:
            return set().union(*self._lacking)

    def caught_up(self) -> None:
        """Wait until the watch has seen what there is now."""

        def same() -> bool | None:
            there = {pod.uid: pod.version for pod in map(_seen, self._items()[0])}
            with self._lock:
                known = {pod.uid: pod.version for pod in self._pods.values() if not pod.deleted}
            return there == known or None

        eventually(same, "the watch has caught up")

    def _items(self) -> tuple[list[dict[str, Any]], str]:
        found = self._api.request("GET", self._path)
        ours = [item for item in found["items"] if self._is_ours(item)]
        return ours, found["metadata"]["resourceVersion"]

    def _list(self, *, before: bool = False) -> str:
        """Learn of all pods at once, and return the version to watch from."""
        items, version = self._items()
        with self._lock:
            gone = set(self._pods) - {item["metadata"]["uid"] for item in items}
            for uid in gone:
                self._leave(uid)
            for item in items:
                self._note(_seen(item), before=before)
            self._judge()
        return version

    def _follow(self) -> None:
        while not self._ending.is_set():
            try:
                for event in self._events():
                    if not self._take(event):
                        self._version = self._list()
                        break
            except (OSError, http.client.HTTPException, ValueError, RefusedByServerError):
                # Hung up, or the API server is away.
                self._ending.wait(0.1)

    def _events(self) -> Iterator[dict[str, Any]]:
        query = {
            "watch": "true",
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": "300",
        }
        self._connection = connection = self._api.new_connection()
        try:
            connection.request("GET", f"{self._path}?{urlencode(query)}", headers=_HEADERS)
            answer = connection.getresponse()
            if answer.status >= 400:
                raise RefusedByServerError(answer.status, json.loads(answer.read()))
            while line := answer.readline():
                yield json.loads(line)
        finally:
            connection.close()

    def _hang_up(self) -> None:
        connection = self._connection
        if connection is not None and connection.sock is not None:
            # Unless it was closed already.
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _take(self, event: Mapping[str, Any]) -> bool:
        """Learn of one event; False where the watch must start anew."""
        if event["type"] == "ERROR":
            return False
        item = event["object"]
        self._version = item["metadata"]["resourceVersion"]
        if event["type"] != "BOOKMARK" and self._is_ours(item):
            with self._lock:
                if event["type"] == "DELETED":
                    self._leave(item["metadata"]["uid"])
                else:
                    self._note(_seen(item))
                self._judge()
        return True

    def _is_ours(self, item: Mapping[str, Any]) -> bool:
        owners = item["metadata"].get("ownerReferences", [])
        return any(o["kind"] == "DaemonSet" and o["name"] == self._name for o in owners)

    def _note(self, pod: SeenPod, *, before: bool = False) -> None:
        known = self._pods.get(pod.uid)
        pod.created = known.created if known else None if before else time.monotonic()
        self._pods[pod.uid] = pod

    def _leave(self, uid: str) -> None:
        pod = self._pods.get(uid)
        if pod is not None and pod.deleted is None:
            pod.deleted, pod.available = time.monotonic(), False

    def _judge(self) -> None:
        """Note which nodes, of those that have had an available pod, have none now."""
        available = {pod.node for pod in self._pods.values() if pod.available}
        self._had |= available
        lacking = frozenset(self._had - available)
        if not self._lacking or self._lacking[-1] != lacking:
            self._lacking.append(lacking)


_HEADERS = {"Accept": "application/json", "User-Agent": "tests"}


def _seen(item: Mapping[str, Any]) -> SeenPod:
    metadata = item["metadata"]
    conditions = item.get("status", {}).get("conditions") or []
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return SeenPod(
        uid=metadata["uid"],
        name=metadata["name"],
        node=_node(item["spec"]),
        revision=metadata["labels"].get(REVISION, ""),
        available=ready and "deletionTimestamp" not in metadata,
        version=metadata["resourceVersion"],
    )


def _node(spec: Mapping[str, Any]) -> str:
    """The node that a pod is on, or that the controller has made it for."""
    if "nodeName" in spec:
        return str(spec["nodeName"])
    required = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    return str(required["nodeSelectorTerms"][0]["matchFields"][0]["values"][0])
