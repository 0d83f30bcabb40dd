# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on the way: on real sockets, since a healthy API server does none of it."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.deadline import Deadline
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import (
    ClusterError,
    ConflictError,
    CredentialsError,
    DeadlineError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    UnreachableError,
    UntrustedError,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.connect import connect
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.connection import (
    Answer,
    Cluster,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.credentials import (
    Identity,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.retries import APPLY
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.transport import (
    Trust,
    open_pool,
)

from tests.integration.connection.conftest import Parts
from tests.integration.connection.servers import (
    LONG,
    answer,
    blunt,
    deaf,
    proxy,
    reset,
    scripted,
    self_signed,
    status,
)

FINE = answer(200, {"kind": "ConfigMap", "metadata": {"name": "x"}})
SMALL = gzip.compress(b'{"kind": "ConfigMap", "metadata": {"name": "x"}}')
PATH = "/api/v1/namespaces/n/configmaps/x"
HTML = "<html><body>Bad gateway of c4n4ry-password</body></html>"


LARGE = {"kind": "ConfigMap", "data": {str(number): "x" * 99 for number in range(9999)}}


def get(cluster: Cluster, seconds: float = 2 * LONG) -> Answer:
    return cluster.request("GET", PATH, deadline=Deadline(seconds), doing="read ConfigMap n/x")


def test_nobody_listens() -> None:
    with deaf() as bound:
        host = f"127.0.0.1:{bound.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(UnreachableError) as caught:
            get(connect({"host": f"https://{host}", "api_key": "x"}), seconds=600)
        assert time.monotonic() - started < 2 * LONG
    assert caught.value.message.startswith(
        f"Cannot read ConfigMap n/x: the API server {host} cannot be reached: connection refused"
    )


def test_a_server_that_starts_meanwhile_is_found() -> None:
    import threading

    with deaf() as listener:

        def start() -> None:
            listener.listen()
            connection, _address = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(FINE)

        timer = threading.Timer(1, start)
        timer.start()
        port = listener.getsockname()[1]
        assert get(connect({"host": f"http://127.0.0.1:{port}"})).status == 200
        timer.join()


def test_no_such_name() -> None:
    with pytest.raises(UnreachableError, match="the name cannot be resolved"):
        get(connect({"host": "https://nowhere.invalid", "api_key": "x"}), seconds=2)


def test_no_answer_to_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        # The queue is full: further connections get no answer.
        waiting = [socket.socket() for _turn in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        with pytest.raises(UnreachableError, match="no connection in time"):
            get(connect({"host": f"https://{host}", "api_key": "x"}), seconds=1)
        for one in waiting:
            one.close()


def test_an_authority_that_nobody_knows(tmp_path: Path) -> None:
    other = self_signed("localhost")
    with scripted([FINE], self_signed("localhost").server_context(tmp_path)) as server:
        (tmp_path / "ca.pem").write_text(other.certificate)
        options = {"host": server.url, "api_key": "x", "ca_cert": str(tmp_path / "ca.pem")}
        with pytest.raises(UntrustedError) as caught:
            get(connect(options))
    assert "is not trusted: self-signed certificate" in caught.value.message
    assert "ca_cert" in caught.value.advice
    assert server.requests == []


@pytest.mark.parametrize(
    ("name", "days", "words"),
    [
        ("elsewhere", 1, "IP address mismatch|doesn't match 'elsewhere'"),
        ("localhost", -1, "certificate has expired"),
    ],
)
def test_a_certificate_of_another_name_or_time(
    name: str, days: int, words: str, tmp_path: Path
) -> None:
    identity = self_signed(name, days)
    (tmp_path / "ca.pem").write_text(identity.certificate)
    with scripted([FINE], identity.server_context(tmp_path)) as server:
        options = {"host": server.url, "api_key": "x", "ca_cert": str(tmp_path / "ca.pem")}
        if name == "localhost":
            options["tls_server_name"] = name
        with pytest.raises(UntrustedError, match=f"(?i){words}"):
            get(connect(options))


def test_the_name_in_the_certificate_can_be_said(tmp_path: Path) -> None:
    identity = self_signed("elsewhere")
    (tmp_path / "ca.pem").write_text(identity.certificate)
    with scripted([FINE], identity.server_context(tmp_path)) as server:
        options = {
            "host": server.url,
            "api_key": "x",
            "ca_cert": str(tmp_path / "ca.pem"),
            "tls_server_name": "elsewhere",
        }
        assert get(connect(options)).status == 200


def test_not_validating_is_possible_and_warned_about(tmp_path: Path) -> None:
    with scripted([FINE], self_signed("elsewhere").server_context(tmp_path)) as server:
        cluster = connect({"host": server.url, "api_key": "x", "validate_certs": "False"})
        assert get(cluster).status == 200
    assert len(cluster.warnings) == 1
    assert server.url in cluster.warnings[0]


def test_tls_older_than_1_2_is_refused(tmp_path: Path) -> None:
    import warnings

    context = self_signed("localhost").server_context(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with scripted([FINE], context) as server:
        options: dict[str, Any] = {"host": server.url, "api_key": "x", "validate_certs": False}
        with pytest.raises(UnreachableError, match="TLS handshake failed"):
            get(connect(options), seconds=600)


def test_http_where_https_is_expected() -> None:
    with (
        blunt(b"HTTP/1.1 400 Bad Request\r\n\r\n") as place,
        pytest.raises(UnreachableError, match="does not speak TLS"),
    ):
        get(connect({"host": f"https://{place}", "api_key": "x", "validate_certs": False}))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_is_closed_in_the_handshake(method: str, tmp_path: Path) -> None:
    context = self_signed("localhost").server_context(tmp_path)
    with scripted([FINE], context, closed_at_first=2) as server:
        cluster = connect({"host": server.url, "api_key": "x", "validate_certs": False})
        if method == "GET":
            assert get(cluster).status == 200
        else:
            # Whether a request had been sent is not known of such an end.
            with pytest.raises(UnreachableError, match=r"connection was closed.* or not"):
                cluster.request(method, PATH, body={}, deadline=Deadline(2 * LONG), doing="try")
    assert len(server.requests) == (method == "GET")


def test_what_a_handshake_offers_is_never_set_again() -> None:
    pool = open_pool("https://127.0.0.1", Trust(verify=False), Identity(), None)
    context = pool.connection_pool_kw["ssl_context"]
    # As urllib3 does with each connection, of which another thread's must notice nothing.
    context.set_alpn_protocols(["h2"])
    hello = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), hello, server_hostname="x").do_handshake()
    offered = hello.read()
    assert b"\x08http/1.1" in offered
    assert b"\x02h2" not in offered


@pytest.mark.parametrize("content", ["", "no certificate"])
def test_an_unusable_authority(content: str, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(content)
    options = {"host": "https://127.0.0.1", "api_key": "x", "ca_cert": str(tmp_path / "ca.pem")}
    with pytest.raises(CredentialsError, match="CA certificate"):
        get(connect(options))


@pytest.mark.parametrize("chunked", [False, True])
def test_a_compressed_answer(chunked: bool) -> None:
    data = gzip.compress(json.dumps(LARGE).encode())
    given: Any = answer(200, data, {"Content-Encoding": "gzip"})
    if chunked:
        pieces = [
            b"%x\r\n%s\r\n" % (len(data[i : i + 999]), data[i : i + 999])
            for i in range(0, len(data), 999)
        ]
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        given = head + b"".join(pieces) + b"0\r\n\r\n"
    with scripted([given]) as server:
        assert get(connect({"host": server.url})).body == LARGE
    assert server.headers(0)["accept-encoding"] == "gzip"


def test_a_compressed_refusal() -> None:
    data = gzip.compress(json.dumps(status(403, "not you")).encode())
    with (
        scripted([answer(403, data, {"Content-Encoding": "gzip"})]) as server,
        pytest.raises(ForbiddenError, match="not you"),
    ):
        get(connect({"host": server.url}))


def test_a_stream_is_not_to_be_compressed() -> None:
    with scripted([answer(200, "all of it", kind="text/plain")]) as server:
        pieces = connect({"host": server.url}).stream(
            PATH, deadline=Deadline(2 * LONG), doing="read"
        )
        assert b"".join(pieces) == b"all of it"
    assert server.headers(0)["accept-encoding"] == "identity"


def test_a_kubeconfig_can_forbid_to_compress() -> None:
    with scripted([FINE]) as server:
        kubeconfig = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "clusters": [
                {"name": "it", "cluster": {"server": server.url, "disable-compression": True}}
            ],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "me"}}],
            "users": [{"name": "me", "user": {}}],
        }
        get(connect({"kubeconfig_content": json.dumps(kubeconfig)}))
    assert server.headers(0)["accept-encoding"] == "identity"


RETRIED: list[tuple[str, bytes | Callable[[socket.socket], None]]] = [
    ("429 with Retry-After", answer(429, status(429, "slow down"), {"Retry-After": "1"})),
    ("429 without", answer(429, status(429, "slow down"))),
    ("500 of a webhook", answer(500, status(500, "failed calling webhook: timeout"))),
    ("500 of etcd", answer(500, status(500, "etcdserver: leader changed"))),
    ("500 with Retry-After", answer(500, status(500, "oops"), {"Retry-After": "1"})),
    ("503", answer(503, status(503, "starting"))),
    ("504", answer(504, status(504, "timed out"))),
    ("502 of a load balancer", answer(502, HTML, kind="text/html")),
    ("reset", reset),
    ("closed without an answer", lambda connection: connection.close()),
    ("cut body", lambda connection: connection.sendall(FINE[:-5])),
    ("cut before it was compressed whole", answer(200, SMALL[:-5], {"Content-Encoding": "gzip"})),
    ("not compressed as it says", answer(200, {"kind": "X"}, {"Content-Encoding": "gzip"})),
]


@pytest.mark.parametrize("first", [pair[1] for pair in RETRIED], ids=[pair[0] for pair in RETRIED])
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_passing_troubles_are_overcome(method: str, first: Any) -> None:
    body: Any = None
    if method == "PATCH":
        body = {"kind": "ConfigMap"}
    if method == "DELETE":
        body = {"preconditions": {"uid": "1"}}
    with scripted([first, FINE]) as server:
        found = connect({"host": server.url}).request(
            method,
            PATH,
            body=body,
            content_type=APPLY,
            deadline=Deadline(2 * LONG),
            doing="do it",
        )
    assert found.status == 200
    assert len(server.requests) == 2
    assert server.requests[0] == server.requests[1]


@pytest.mark.parametrize(
    ("method", "body"),
    [("POST", {"kind": "ConfigMap"}), ("PATCH", {"data": {}}), ("DELETE", None)],
)
@pytest.mark.parametrize(
    "first",
    [
        reset,
        answer(504, status(504, "timed out")),
        answer(500, status(500, "failed calling webhook")),
    ],
    ids=["reset", "504", "webhook"],
)
def test_what_may_have_been_done_is_not_done_twice(method: str, body: Any, first: Any) -> None:
    with scripted([first, FINE]) as server, pytest.raises(ClusterError) as caught:
        connect({"host": server.url}).request(
            method,
            PATH,
            body=body,
            content_type="application/merge-patch+json",
            deadline=Deadline(2 * LONG),
            doing="do it",
        )
    assert len(server.requests) == 1
    if first is reset:
        assert "It may have been carried out or not." in caught.value.message


def test_retry_after_is_obeyed() -> None:
    with scripted([answer(429, status(429, "slow"), {"Retry-After": "2"}), FINE]) as server:
        started = time.monotonic()
        get(connect({"host": server.url}))
    assert time.monotonic() - started >= 2


def test_retry_after_beyond_the_deadline_is_not_waited_for() -> None:
    with scripted([answer(429, status(429, "slow"), {"Retry-After": "60"})]) as server:
        started = time.monotonic()
        with pytest.raises(ClusterError, match="slow") as caught:
            get(connect({"host": server.url}), seconds=55)
    assert caught.value.status == 429
    assert time.monotonic() - started < LONG


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        (
            answer(404, status(404, 'configmaps "x" not found', "NotFound")),
            NotFoundError,
            "not found",
        ),
        (answer(404, HTML, kind="text/html"), ClusterError, "no Kubernetes object"),
        (answer(404, status(404, "no such path")), ClusterError, "no such path"),
        (answer(200, HTML, kind="text/html"), ClusterError, "HTTP status 200"),
        (answer(200, "[1, 2]"), ClusterError, "no Kubernetes object"),
        (answer(302, "", {"Location": "https://login.example"}), ClusterError, "status 302"),
        (answer(409, status(409, "conflict", "Conflict")), ConflictError, "conflict"),
        (answer(422, status(422, "selector is immutable", "Invalid")), RefusedError, "immutable"),
        (
            answer(500, status(500, "failed to create typed patch object (x): field not declared")),
            RefusedError,
            "field not declared",
        ),
        (answer(500, status(500, "etcd is full")), ClusterError, "etcd is full"),
    ],
)
def test_final_answers(given: bytes, kind: type[ClusterError], words: str) -> None:
    with scripted([given]) as server, pytest.raises(ClusterError, match=words) as caught:
        get(connect({"host": server.url}))
    assert type(caught.value) is kind
    assert caught.value.message.startswith("Cannot read ConfigMap n/x: ")
    assert len(server.requests) == 1


def test_a_foreign_page_is_quoted_without_secrets(tmp_path: Path) -> None:
    page = f"{HTML}{'x' * 5000}"
    identity = self_signed("127.0.0.1")
    with scripted([answer(403, page, kind="text/html")], identity.server_context(tmp_path)) as one:
        options = {
            "host": one.url,
            "username": "u",
            "password": "c4n4ry-password",
            "validate_certs": False,
        }
        with pytest.raises(ClusterError) as caught:
            get(connect(options))
    assert "Bad gateway of ********" in caught.value.message
    assert "c4n4ry" not in str(caught.value)
    assert len(caught.value.message) < 600


def test_a_server_that_never_answers() -> None:
    with scripted([lambda _connection: time.sleep(60)]) as server:
        started = time.monotonic()
        with pytest.raises((UnreachableError, DeadlineError), match="no answer in time"):
            get(connect({"host": server.url}), seconds=1)
    assert time.monotonic() - started < LONG


def test_a_body_that_drips_ends_with_the_deadline() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(FINE[:-9])
        for byte in FINE[-9:]:
            time.sleep(0.4 if byte != FINE[-1] else 60)
            connection.sendall(bytes([byte]))

    with scripted([drip]) as server:
        started = time.monotonic()
        with pytest.raises((UnreachableError, DeadlineError)):
            get(connect({"host": server.url}), seconds=1)
    assert time.monotonic() - started < LONG


def test_no_time_at_all() -> None:
    with scripted([FINE]) as server, pytest.raises(DeadlineError):
        get(connect({"host": server.url}), seconds=0)
    assert server.requests == []


def test_warnings_of_the_server() -> None:
    headers = {"Warning": '299 - "unknown field \\"spec.x\\"", 299 - "it is deprecated"'}
    with scripted([answer(200, {"kind": "X"}, headers)]) as server:
        found = get(connect({"host": server.url}))
    assert found.warnings == ['unknown field "spec.x"', "it is deprecated"]


def test_a_path_before_the_api() -> None:
    with scripted([FINE]) as server:
        get(connect({"host": f"{server.url}/k8s/clusters/c-1/"}))
    assert server.requests[0].startswith(f"GET /k8s/clusters/c-1{PATH} ".encode())


def test_a_query_as_the_api_server_reads_it() -> None:
    with scripted([FINE]) as server:
        connect({"host": server.url}).request(
            "GET",
            PATH,
            query={"force": True, "fieldManager": "a b", "dryRun": None},
            deadline=Deadline(LONG),
            doing="x",
        )
    assert server.requests[0].startswith(f"GET {PATH}?force=true&fieldManager=a+b HTTP".encode())


def through(parts: Parts, **options: Any) -> Cluster:
    return connect({"kubeconfig": str(parts.kubeconfig), **options})


def read(cluster: Cluster) -> int:
    path = "/api/v1/namespaces/kube-system"
    return cluster.request("GET", path, deadline=Deadline(LONG), doing="read it").status


def test_a_proxy_with_a_login(parts: Parts) -> None:
    with proxy() as between:
        url = between.url.replace("://", "://me:c4n4ry@")
        cluster = through(parts, proxy=url)
        assert read(cluster) == 200
    assert between.targets == [parts.server.removeprefix("https://")]
    assert between.logins == ["Basic bWU6YzRuNHJ5"]
    assert "c4n4ry" in cluster.secrets


def test_a_proxy_of_the_kubeconfig(parts: Parts) -> None:
    with proxy() as between:
        document = json.loads(json.dumps(parts.document))
        document["clusters"][0]["cluster"]["proxy-url"] = between.url
        content = json.dumps(document)
        assert read(connect({"kubeconfig_content": content})) == 200
        assert len(between.targets) == 1
        host = parts.server.removeprefix("https://").rpartition(":")[0]
        for more in ({"no_proxy": host}, {"proxy": ""}):
            assert read(connect({"kubeconfig_content": content, **more})) == 200
        assert len(between.targets) == 1


def test_a_proxy_that_refuses(parts: Parts) -> None:
    with (
        proxy(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as between,
        pytest.raises(UnreachableError, match=r"through a proxy: the proxy failed: .*407"),
    ):
        read(through(parts, proxy=between.url))
    assert len(between.targets) == 1


def test_a_proxy_that_is_not_there(parts: Parts) -> None:
    with deaf() as bound:
        cluster = through(parts, proxy=f"http://127.0.0.1:{bound.getsockname()[1]}")
        with pytest.raises(UnreachableError, match="the proxy failed: connection refused"):
            cluster.request("GET", "/api", deadline=Deadline(2), doing="read it")
