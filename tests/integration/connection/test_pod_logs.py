# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tail of a container's log, from the real API server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.deadline import Deadline
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import (
    ForbiddenError,
    NotFoundError,
    RefusedError,
    UnreachableError,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.connect import connect
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.pod_logs import tail

from tests.integration.api import Api
from tests.integration.connection import pods
from tests.integration.connection.conftest import Parts
from tests.integration.connection.servers import (
    LONG,
    answer,
    proxy,
    scripted,
    silent,
    status,
    stream,
)

LOG = "everynode.kubernetes/log"
PREVIOUS = "everynode.kubernetes/previous-log"


class Reader:
    """Reads the logs of one namespace's pods."""

    def __init__(self, api: Api, parts: Parts, namespace: str):
        self.api = api
        self.namespace = namespace
        self.cluster = connect({"kubeconfig": str(parts.kubeconfig)})

    def logging(self, text: str, **more: Any) -> str:
        """A pod with this log."""
        return pods.add(self.api, self.namespace, annotations={LOG: text}, **more)

    def tail(self, pod: str = "agent", **more: Any) -> str:
        return tail(self.cluster, self.namespace, pod, deadline=Deadline(LONG), **more)


@pytest.fixture
def reader(api: Api, parts: Parts, namespace: str) -> Reader:
    return Reader(api, parts, namespace)


def test_the_last_lines(reader: Reader) -> None:
    reader.logging("".join(f"line {number}\n" for number in range(20)))
    assert reader.tail(lines=2) == "line 18\nline 19\n"
    assert reader.tail().count("\n") == 10
    assert reader.tail(lines=100).startswith("line 0\n")


def test_long_lines_are_cut_at_their_beginning(reader: Reader, tmp_path: Path) -> None:
    log = tmp_path / "agent.log"
    log.write_bytes(b"a" * 30_000 + b"\n" + b"b" * 20_000 + b" the end\n")
    reader.logging(f"file:{log}")
    found = reader.tail()
    assert len(found) == 8192
    assert found.endswith("bbb the end\n")
    assert reader.tail(max_bytes=4) == "end\n"


def test_bytes_that_are_no_text(reader: Reader, tmp_path: Path) -> None:
    log = tmp_path / "agent.log"
    log.write_bytes(b"caf\xc3\xa9 \xff\xfe\x00.\n")
    reader.logging(f"file:{log}")
    assert reader.tail() == "café \ufffd\ufffd\x00.\n"


def test_an_empty_log(reader: Reader) -> None:
    reader.logging("")
    assert reader.tail() == ""


def test_the_container_is_chosen(reader: Reader) -> None:
    annotations = {f"{LOG}.one": "first\n", f"{LOG}.two": "second\n"}
    pods.add(reader.api, reader.namespace, containers=("one", "two"), annotations=annotations)
    assert reader.tail(container="two") == "second\n"
    with pytest.raises(RefusedError, match="one two"):
        reader.tail()
    with pytest.raises(RefusedError, match="container three is not valid"):
        reader.tail(container="three")


def test_the_log_before_the_crash(reader: Reader) -> None:
    annotations = {"everynode.kubernetes/simulate": "crash-loop", PREVIOUS: "fatal: no licence\n"}
    pods.add(reader.api, reader.namespace, annotations=annotations, reason="CrashLoopBackOff")
    assert reader.tail(previous=True) == "fatal: no licence\n"
    assert "fatal" in reader.tail()


def test_there_is_no_log(reader: Reader) -> None:
    with pytest.raises(NotFoundError, match='pods "gone" not found'):
        reader.tail("gone")
    reader.logging("x\n")
    with pytest.raises(RefusedError, match=r'previous terminated container "main" .* not found\.$'):
        reader.tail(previous=True)
    annotations = {"everynode.kubernetes/simulate": "image-pull"}
    pods.add(
        reader.api, reader.namespace, "waits", annotations=annotations, reason="ImagePullBackOff"
    )
    with pytest.raises(RefusedError, match="is waiting to start"):
        reader.tail("waits")


def test_the_right_is_missing(reader: Reader, parts: Parts) -> None:
    reader.logging("x\n")
    options = {"kubeconfig": str(parts.kubeconfig), "impersonate_user": "jane"}
    with pytest.raises(ForbiddenError) as caught:
        tail(connect(options), reader.namespace, "agent", deadline=Deadline(LONG))
    assert 'resources: ["pods/log"], verbs: ["get"]' in caught.value.advice


def test_through_a_proxy(reader: Reader, parts: Parts) -> None:
    reader.logging("x\n")
    with proxy() as between:
        reader.cluster = connect({"kubeconfig": str(parts.kubeconfig), "proxy": between.url})
        assert reader.tail() == "x\n"
    assert len(between.targets) == 1


def test_a_server_that_is_busy_at_first() -> None:
    busy = answer(503, status(503, "starting"))
    with scripted([busy, answer(200, "x\n", kind="text/plain")]) as server:
        assert tail(connect({"host": server.url}), "n", "p", deadline=Deadline(LONG)) == "x\n"
    assert len(server.requests) == 2


def test_a_stream_that_breaks() -> None:
    with (
        scripted([stream(b"half a li", end=lambda connection: connection.close())]) as server,
        pytest.raises(UnreachableError, match="did not last"),
    ):
        tail(connect({"host": server.url}), "n", "p", deadline=Deadline(LONG))


def test_what_has_come_by_the_deadline_is_the_answer() -> None:
    with scripted([stream(b"one\n", b"two\n", end=silent)]) as server:
        found = tail(connect({"host": server.url}), "n", "p", deadline=Deadline(3))
    assert found == "one\ntwo\n"
