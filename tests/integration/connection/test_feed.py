# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several watches as one: events and ticks, what ends one of them, and that all end with it."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.deadline import Deadline
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import (
    ForbiddenError,
    UnauthorizedError,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.connect import connect
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.feed import (
    EXPIRED,
    Feed,
)

from tests.integration.api import MERGE, Api, daemonsets, eventually
from tests.integration.connection.conftest import Parts
from tests.integration.connection.servers import LONG, scripted, silent, stream
from tests.integration.connection.test_watch import config_maps, error, line, version_of
from tests.integration.manifests import NOWHERE

LABELS = {"app": "it"}
MANIFEST = {
    "metadata": {"name": "it"},
    "spec": {
        "selector": {"matchLabels": LABELS},
        "template": {
            "metadata": {"labels": LABELS},
            "spec": {
                "containers": [{"name": "it", "image": "example.test/it:1"}],
                "nodeSelector": NOWHERE,
            },
        },
    },
}


def _threads() -> int:
    return sum(thread.name.startswith("watch ") for thread in threading.enumerate())


def _no_thread_is_left() -> None:
    eventually(lambda: _threads() == 0 or None, "the threads have ended", within=LONG)


def test_events_of_several_namespaces_and_ticks_between(
    parts: Parts, api: Api, namespaces: Callable[[], str]
) -> None:
    cluster = connect({"kubeconfig": str(parts.kubeconfig)})
    names = [namespaces(), namespaces()]
    with Feed(cluster, Deadline(600)) as feed:
        for name in names:
            path = config_maps(api, name)
            version = version_of(cluster, path)
            feed.add(
                path,
                query={"fieldSelector": "metadata.name=it"},
                resource_version=version,
                key=name,
            )
        events = feed.events(0.2)
        assert next(events) is None
        for name in names:
            api.request("POST", config_maps(api, name), body={"metadata": {"name": "it"}})
        found = list(itertools.islice((event for event in events if event is not None), 2))
        assert {(event.key, event.type) for event in found} == {(name, "ADDED") for name in names}
        assert {event.object["metadata"]["namespace"] for event in found} == set(names)
        # What was asked for otherwise meanwhile does not disturb it.
        assert version_of(cluster, config_maps(api, names[0]))
        api.request("DELETE", f"{config_maps(api, names[1])}/it")
        event = feed.next(LONG)
        assert event is not None
        assert (event.key, event.type) == (names[1], "DELETED")
    _no_thread_is_left()


def test_ticks_come_while_there_are_events_too(parts: Parts, api: Api, namespace: str) -> None:
    cluster = connect({"kubeconfig": str(parts.kubeconfig)})
    path = config_maps(api, namespace)
    ended = threading.Event()

    def write() -> None:
        for number in itertools.count():
            if ended.wait(0.02):
                return
            api.request("POST", path, body={"metadata": {"name": f"it-{number}"}})

    ticks = events = 0
    with Feed(cluster, Deadline(2 * LONG)) as feed:
        feed.add(path, resource_version=version_of(cluster, path))
        thread = threading.Thread(target=write)
        thread.start()
        for event in feed.events(0.3):
            ticks += event is None
            events += event is not None
            if ticks >= 3 and events > 3:
                break
        ended.set()
        thread.join()
    assert ticks >= 3
    assert events > 3


def test_it_ends_with_the_deadline(parts: Parts, api: Api, namespace: str) -> None:
    cluster = connect({"kubeconfig": str(parts.kubeconfig)})
    path = config_maps(api, namespace)
    started = time.monotonic()
    with Feed(cluster, Deadline(1)) as feed:
        feed.add(path, resource_version=version_of(cluster, path))
        assert list(feed.events(10)) == []
        assert time.monotonic() - started >= 1
        assert feed.next(LONG) is None
    _no_thread_is_left()


def test_closing_ends_a_silent_watch(parts: Parts, api: Api, namespace: str) -> None:
    cluster = connect({"kubeconfig": str(parts.kubeconfig)})
    path = config_maps(api, namespace)
    with Feed(cluster, Deadline(600)) as feed:
        feed.add(path, resource_version=version_of(cluster, path))
        assert feed.next(0.5) is None
        assert _threads() == 1
    _no_thread_is_left()
    # The connection can be used on.
    assert version_of(cluster, path)


def test_closing_before_the_stream_is_there() -> None:
    slow = stream(line("ADDED", 6), end=silent)

    def late(connection: Any) -> None:
        time.sleep(0.5)
        slow(connection)  # type: ignore[operator]

    with scripted([late]) as server:
        with Feed(connect({"host": server.url}), Deadline(600)) as feed:
            feed.add("/xs", resource_version="5")
        _no_thread_is_left()


def test_what_a_watch_cannot_overcome_is_raised(parts: Parts, api: Api, namespace: str) -> None:
    cluster = connect({"kubeconfig": str(parts.kubeconfig), "impersonate_user": "jane"})
    with Feed(cluster, Deadline(600)) as feed:
        feed.add(config_maps(api, namespace), resource_version="1")
        with pytest.raises(ForbiddenError, match='cannot watch resource "configmaps"'):
            feed.next(LONG)
    _no_thread_is_left()


def test_an_expired_version_is_told_and_the_others_go_on() -> None:
    with scripted(
        [
            stream(line("ADDED", 6), error(410, "too old")),
            stream(line("ADDED", 8), end=silent),
        ]
    ) as server:
        with Feed(connect({"host": server.url}), Deadline(600)) as feed:
            feed.add("/xs", resource_version="5", key="xs")
            found = [feed.next(LONG), feed.next(LONG)]
            assert [event and event.type for event in found] == ["ADDED", EXPIRED]
            feed.add("/xs", resource_version="7", key="xs")
            event = feed.next(LONG)
            assert event is not None
            assert (event.key, event.type) == ("xs", "ADDED")
        _no_thread_is_left()


def test_rejected_credentials_are_renewed_for_all_watches(
    parts: Parts, api: Api, namespace: str, token: Callable[[], str], tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_text("wrong")
    roles = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles/reader"
    given = token()
    rule = {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["list", "watch"]}
    api.request("PATCH", roles, body={"rules": [rule]}, kind=MERGE)
    api.until_allowed(f"system:serviceaccount:{namespace}:reader", rule, namespace)
    cluster = connect({"kubeconfig_content": json.dumps(parts.with_user(tokenFile=str(path)))})
    watched = daemonsets(namespace)
    with pytest.raises(UnauthorizedError):
        version_of(cluster, watched)
    path.write_text(given)
    version = api.request("GET", watched)["metadata"]["resourceVersion"]
    with Feed(cluster, Deadline(600)) as feed:
        for key in ("one", "two"):
            feed.add(watched, resource_version=version, key=key)
        api.request("POST", watched, body=MANIFEST)
        came: set[str] = set()
        for event in feed.events(LONG):
            assert event is not None, f"only {came}"
            came.add(event.key)
            if came == {"one", "two"}:
                break
