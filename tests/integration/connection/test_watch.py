# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Following a list: at once, without gaps, to the deadline, and past broken streams."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.deadline import Deadline
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import (
    ExpiredError,
    ForbiddenError,
    UnauthorizedError,
    UnreachableError,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.connect import connect
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.connection import (
    Cluster,
)

from tests.integration.api import Api, eventually
from tests.integration.connection.conftest import Parts
from tests.integration.connection.servers import (
    LONG,
    answer,
    reset,
    scripted,
    silent,
    status,
    stream,
)


def line(kind: str, version: int, name: str = "x") -> bytes:
    found = {"kind": "X", "metadata": {"name": name, "resourceVersion": str(version)}}
    return json.dumps({"type": kind, "object": found}).encode() + b"\n"


def error(code: int, message: str) -> bytes:
    return json.dumps({"type": "ERROR", "object": status(code, message)}).encode() + b"\n"


def follow(url: str, seconds: float = 2 * LONG, version: str = "5") -> Iterator[dict[str, Any]]:
    return connect({"host": url}).watch(
        "/xs", resource_version=version, deadline=Deadline(seconds), doing="watch xs"
    )


def versions(requests: list[bytes]) -> list[str]:
    """The resource versions that streams were asked for from."""
    return [head.partition(b"resourceVersion=")[2].partition(b"&")[0].decode() for head in requests]


def config_maps(api: Api, namespace: str) -> str:
    """Where the ConfigMaps of a new namespace are, once it has the one that each gets."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    eventually(lambda: api.request("GET", path)["items"] or None, "the CA is published")
    return path


def version_of(cluster: Cluster, path: str) -> str:
    found = cluster.request("GET", path, deadline=Deadline(LONG), doing="list")
    return str(found.body["metadata"]["resourceVersion"])


def test_each_event_arrives_before_the_next_is_sent(parts: Parts, api: Api, namespace: str) -> None:
    cluster = connect({"kubeconfig": str(parts.kubeconfig)})
    path = config_maps(api, namespace)
    came: queue.Queue[dict[str, Any]] = queue.Queue()
    deadline = Deadline(4 * LONG)
    start = version_of(cluster, path)

    def watch() -> None:
        for event in cluster.watch(path, resource_version=start, deadline=deadline):
            came.put(event)
            if event["object"]["metadata"]["name"] == "last":
                return

    thread = threading.Thread(target=watch)
    thread.start()
    for number in range(10):
        # Longer than a piece of the stream, so that a line comes in several.
        data = {"text": "x" * 200_000}
        api.request("POST", path, body={"metadata": {"name": f"it-{number}"}, "data": data})
        event = came.get(timeout=LONG)
        assert event["type"] == "ADDED"
        assert event["object"]["data"] == data
    api.request("POST", path, body={"metadata": {"name": "last"}})
    thread.join(LONG)
    assert not thread.is_alive()


def test_it_ends_with_the_deadline(parts: Parts, api: Api, namespace: str) -> None:
    cluster = connect({"kubeconfig": str(parts.kubeconfig)})
    path = config_maps(api, namespace)
    started = time.monotonic()
    start = version_of(cluster, path)
    for _event in cluster.watch(path, resource_version=start, deadline=Deadline(1.5)):
        pass
    assert 1.4 < time.monotonic() - started < LONG


def test_a_selector_and_closing_early(parts: Parts, api: Api, namespace: str) -> None:
    cluster = connect({"kubeconfig": str(parts.kubeconfig)})
    path = config_maps(api, namespace)
    start = version_of(cluster, path)
    for name in ("one", "two"):
        api.request("POST", path, body={"metadata": {"name": name}})
    events = cluster.watch(
        path,
        query={"fieldSelector": "metadata.name=two"},
        resource_version=start,
        deadline=Deadline(LONG),
    )
    with contextlib.closing(events):  # type: ignore[type-var]
        assert next(events)["object"]["metadata"]["name"] == "two"
    assert version_of(cluster, path) > start


def test_forbidden_ends_it(parts: Parts, api: Api, namespace: str) -> None:
    cluster = connect({"kubeconfig": str(parts.kubeconfig), "impersonate_user": "jane"})
    path = config_maps(api, namespace)
    with pytest.raises(ForbiddenError, match='cannot watch resource "configmaps"'):
        next(cluster.watch(path, resource_version="1", deadline=Deadline(LONG)))


def test_a_version_of_the_future_is_no_endless_loop(parts: Parts, api: Api, namespace: str) -> None:
    cluster = connect({"kubeconfig": str(parts.kubeconfig)})
    started = time.monotonic()
    with contextlib.suppress(UnreachableError):
        for _event in cluster.watch(
            config_maps(api, namespace), resource_version="999999999", deadline=Deadline(2)
        ):
            pass
    assert time.monotonic() - started < LONG


BREAKS = {
    "ends": None,
    "reset": reset,
    "closed": lambda connection: connection.close(),
    "cut in a line": lambda connection: connection.sendall(b'9\r\n{"type": \r\n0\r\n\r\n'),
}


@pytest.mark.parametrize("end", BREAKS.values(), ids=BREAKS.keys())
def test_a_broken_stream_is_continued_from_the_last_version(end: Any) -> None:
    first = stream(line("ADDED", 6), line("BOOKMARK", 9), end=end)
    second = stream(line("MODIFIED", 11), end=silent)
    with scripted([first, second]) as server:
        events = follow(server.url)
        found = [next(events), next(events)]
        events.close()  # type: ignore[attr-defined]
        assert [event["type"] for event in found] == ["ADDED", "MODIFIED"]
        assert versions(server.requests) == ["5", "9"]
    assert b"watch=true&allowWatchBookmarks=true" in server.requests[0]


def test_a_server_that_ends_each_stream_at_once_is_not_hammered() -> None:
    with scripted([stream()]) as server:
        assert list(follow(server.url, seconds=2.5)) == []
    assert len(server.requests) <= 3


@pytest.mark.parametrize(
    "given",
    [
        answer(410, status(410, "too old resource version", "Expired")),
        stream(error(410, "too old")),
    ],
    ids=["answer", "event"],
)
def test_an_expired_version_is_told(given: Any) -> None:
    with (
        scripted([given]) as server,
        pytest.raises(ExpiredError, match=r"Cannot watch xs: too old"),
    ):
        next(follow(server.url))


def test_an_error_event_that_passes() -> None:
    with scripted([stream(error(500, "etcd")), stream(line("ADDED", 6))]) as server:
        assert next(follow(server.url))["type"] == "ADDED"


def test_401_without_other_credentials_ends_it() -> None:
    with scripted([answer(401, status(401, "Unauthorized"))]) as server:
        with pytest.raises(UnauthorizedError):
            next(follow(server.url))
        assert len(server.requests) == 1


def test_a_server_that_is_gone_for_a_while() -> None:
    with scripted(
        [stream(line("ADDED", 6)), answer(503, status(503, "starting")), stream(line("ADDED", 7))]
    ) as server:
        events = follow(server.url)
        assert [next(events)["object"]["metadata"]["resourceVersion"] for _turn in range(2)] == [
            "6",
            "7",
        ]


def test_silence_ends_with_the_deadline() -> None:
    once = stream(line("ADDED", 6), end=silent)
    with scripted([once]) as server:
        started = time.monotonic()
        assert len(list(follow(server.url, seconds=3))) == 1
        assert time.monotonic() - started < LONG


def test_an_unchunked_stream_is_read_as_it_comes() -> None:
    def send(connection: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + line("ADDED", 6))
        silent(connection)

    with scripted([send]) as server:
        started = time.monotonic()
        events = follow(server.url)
        assert next(events)["type"] == "ADDED"
        assert time.monotonic() - started < LONG
        events.close()  # type: ignore[attr-defined]
