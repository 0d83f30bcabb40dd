# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command in a pod: on the real API server, and on sockets that do what it never does."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.deadline import Deadline
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import (
    ClusterError,
    CredentialsError,
    DeadlineError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    UnauthorizedError,
    UnreachableError,
    UntrustedError,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster import (
    channels,
    pod_exec,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.channels import Output
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.connect import connect
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.connection import (
    Cluster,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.pod_exec import (
    ExecResult,
    run_in_pod,
)

from tests.integration.api import Api, eventually
from tests.integration.connection import pods
from tests.integration.connection.conftest import Parts
from tests.integration.connection.plugins import Plugin
from tests.integration.connection.servers import (
    LONG,
    answer,
    proxy,
    reset,
    scripted,
    self_signed,
    status,
)

CANARY = "c4n4ry-word"
# What no other process of this machine has on its command line; by far longer than any test.
NAP = f"{9000 + os.getpid()}.5"
V4 = ("v4.channel.k8s.io",)
MANY = bytes(range(256)) * 20_000


class Shell:
    """Runs commands in one pod."""

    def __init__(self, cluster: Cluster, namespace: str, pod: str):
        self.cluster = cluster
        self.namespace = namespace
        self.pod = pod

    def run(self, *command: str, seconds: float = 4 * LONG, **more: Any) -> ExecResult:
        return run_in_pod(
            self.cluster, self.namespace, self.pod, command, deadline=Deadline(seconds), **more
        )

    def by(self, cluster: Cluster) -> Shell:
        """The same with another connection."""
        return Shell(cluster, self.namespace, self.pod)


@pytest.fixture
def shell(api: Api, parts: Parts, namespace: str) -> Shell:
    pod = pods.add(api, namespace, env={"COLOUR": "green"})
    return Shell(connect({"kubeconfig": str(parts.kubeconfig)}), namespace, pod)


COMMANDS: list[tuple[str, list[str], bytes | None, ExecResult]] = [
    ("success", ["true"], None, ExecResult(0, b"", b"", False)),
    ("a failure", ["sh", "-c", "exit 3"], None, ExecResult(3, b"", b"", False)),
    ("127", ["sh", "-c", "exit 127"], None, ExecResult(127, b"", b"", False)),
    ("killed", ["sh", "-c", "kill -9 $$"], None, ExecResult(137, b"", b"", False)),
    (
        "both streams",
        ["sh", "-c", "echo out; echo err >&2; exit 1"],
        None,
        ExecResult(1, b"out\n", b"err\n", False),
    ),
    (
        "words stay words",
        ["echo", "a  b", "$HOME;&=%"],
        None,
        ExecResult(0, b"a  b $HOME;&=%\n", b"", False),
    ),
    ("no UTF-8", ["printf", "\\377\\000\\376"], None, ExecResult(0, b"\xff\x00\xfe", b"", False)),
    ("UTF-8", ["echo", "Grün 😀"], None, ExecResult(0, "Grün 😀\n".encode(), b"", False)),
    ("no stdin", ["cat"], None, ExecResult(0, b"", b"", False)),
    ("an empty stdin", ["cat"], b"", ExecResult(0, b"", b"", False)),
    ("stdin", ["cat"], b"a\xff\x00\n", ExecResult(0, b"a\xff\x00\n", b"", False)),
    ("stdin not read", ["true"], MANY, ExecResult(0, b"", b"", False)),
    ("stdin read in part", ["head", "-c", "3"], MANY, ExecResult(0, b"\x00\x01\x02", b"", False)),
]


@pytest.mark.parametrize(
    ("command", "stdin", "expected"), [c[1:] for c in COMMANDS], ids=[c[0] for c in COMMANDS]
)
def test_commands(shell: Shell, command: list[str], stdin: bytes | None, expected: Any) -> None:
    assert shell.run(*command, stdin=stdin) == expected


@pytest.mark.parametrize(("command", "expected"), [c[1::2] for c in COMMANDS[:10] if c[2] is None])
def test_servers_of_before(
    shell: Shell, command: list[str], expected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pod_exec, "_PROTOCOLS", V4)
    assert shell.run(*command) == expected


def test_much_goes_both_ways_at_once(shell: Shell) -> None:
    found = shell.run("cat", stdin=MANY, max_bytes=len(MANY))
    assert found == ExecResult(0, MANY, b"", False)


def test_the_beginning_of_much_is_kept_and_the_end_awaited(shell: Shell) -> None:
    text = "head -c 9000000 /dev/zero; head -c 3000000 /dev/zero >&2; echo late; exit 4"
    found = shell.run("sh", "-c", text)
    assert found == ExecResult(4, bytes(1024 * 1024), bytes(1024 * 1024), True)
    assert shell.run("sh", "-c", "echo 12345; exit 5", max_bytes=5) == ExecResult(
        5, b"12345", b"", True
    )
    assert shell.run("echo", "1234", max_bytes=5) == ExecResult(0, b"1234\n", b"", False)


def test_the_container_is_chosen(api: Api, parts: Parts, namespace: str) -> None:
    pods.add(api, namespace, containers=("one", "two"))
    both = Shell(connect({"kubeconfig": str(parts.kubeconfig)}), namespace, "agent")
    show = ("sh", "-c", "echo $CONTAINER_NAME on $NODE_NAME")
    assert both.run(*show, container="two").stdout == b"two on node-0\n"
    with pytest.raises(RefusedError, match="one two"):
        both.run(*show)
    with pytest.raises(RefusedError, match="container three is not valid"):
        both.run(*show, container="three")


def test_the_request_says_who_asks(api: Api, shell: Shell) -> None:
    mark = api.mark()
    shell.run("echo", "a b")

    def seen() -> list[Any] | None:
        return [
            r for r in api.requests(mark, namespace=shell.namespace) if "exec" in r.path
        ] or None

    (request,) = eventually(seen, "the request is in the audit log")
    assert request.verb == "get"
    assert "command=echo&command=a+b&" in request.path


def test_many_at_once_on_one_connection(shell: Shell) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: shell.run("echo", str(number)).stdout, range(24)))
    assert found == [f"{number}\n".encode() for number in range(24)]


def test_no_command(shell: Shell) -> None:
    with pytest.raises(RefusedError, match="none is given"):
        shell.run()


def test_a_program_that_is_not_there(shell: Shell) -> None:
    with pytest.raises(RefusedError) as caught:
        shell.run("nowhere", CANARY)
    assert caught.value.message == (
        f"Cannot run nowhere in pod {shell.namespace}/agent: the container has no program nowhere."
    )
    with pytest.raises(RefusedError, match="has no program /nowhere/x"):
        shell.run("/nowhere/x", CANARY)
    with pytest.raises(RefusedError, match="may not execute /etc/passwd"):
        shell.run("/etc/passwd", CANARY)


def test_a_pod_that_is_gone(shell: Shell) -> None:
    shell.pod = "gone"
    with pytest.raises(NotFoundError, match='pods "gone" not found') as caught:
        shell.run("true")
    assert "replaced" in caught.value.advice


def test_a_container_that_does_not_run(api: Api, parts: Parts, namespace: str) -> None:
    annotations = {"everynode.kubernetes/simulate": "image-pull"}
    pods.add(api, namespace, annotations=annotations, reason="ImagePullBackOff")
    waiting = Shell(connect({"kubeconfig": str(parts.kubeconfig)}), namespace, "agent")
    with pytest.raises(NotFoundError, match="the container does not run"):
        waiting.run("true")


def test_a_node_whose_kubelet_is_stopped(api: Api, parts: Parts, namespace: str) -> None:
    pods.add(api, namespace, node="node-4")

    def set_kubelet(value: str) -> None:
        body = {"metadata": {"labels": {"everynode.kubernetes/kubelet": value}}}
        api.request("PATCH", "/api/v1/nodes/node-4", body=body, kind=pods.MERGE)

    set_kubelet("stopped")
    try:
        away = Shell(connect({"kubeconfig": str(parts.kubeconfig)}), namespace, "agent")
        with pytest.raises(ClusterError, match="does not reach the pod's node") as caught:
            away.run("true")
        assert "10250" in caught.value.advice
    finally:
        set_kubelet("running")


@pytest.mark.parametrize("verbs", [[], ["get"], ["create"]])
def test_rights_that_are_missing(
    api: Api, parts: Parts, shell: Shell, namespace: str, verbs: list[str]
) -> None:
    rule = {"apiGroups": [""], "resources": ["pods/exec"], "verbs": verbs}
    other = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    user = api.user_with([rule, other] if verbs else [other], namespace, "".join(["jane", *verbs]))
    options = {"kubeconfig": str(parts.kubeconfig), "impersonate_user": user}
    with pytest.raises(ForbiddenError) as caught:
        shell.by(connect(options)).run("echo", CANARY)
    assert 'resources: ["pods/exec"], verbs: ["get", "create"]' in caught.value.advice


def test_rights_that_suffice(api: Api, parts: Parts, shell: Shell, namespace: str) -> None:
    rule = {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get", "create"]}
    user = api.user_with([rule], namespace, "joan")
    options = {"kubeconfig": str(parts.kubeconfig), "impersonate_user": user}

    def done() -> ExecResult | None:
        # Both rights come into force one after the other.
        try:
            return shell.by(connect(options)).run("true")
        except ForbiddenError:
            return None

    assert eventually(done, "the rights are in force").rc == 0


def test_a_command_that_takes_too_long_is_given_up(shell: Shell) -> None:
    with pytest.raises(DeadlineError, match=r"not ended after 3 s") as caught:
        shell.run("sleep", NAP, seconds=3)
    assert "may still run" in caught.value.advice
    assert NAP not in str(caught.value)
    eventually(lambda: True if not running(NAP) else None, "the simulation ends it")


def test_what_came_until_then_is_kept(shell: Shell) -> None:
    output = Output()
    text = "echo out; echo err >&2; sleep 600"
    with pytest.raises(DeadlineError):
        shell.run("sh", "-c", text, seconds=4, output=output)
    assert output == Output(True, bytearray(b"out\n"), bytearray(b"err\n"))
    output = Output()
    with pytest.raises(RefusedError):
        shell.run("nowhere", output=output)
    assert output == Output()


def test_neither_a_flood_nor_what_is_not_read_outlasts_the_deadline(shell: Shell) -> None:
    output = Output()
    with pytest.raises(DeadlineError):
        shell.run("yes", seconds=3, max_bytes=1000, output=output)
    assert output == Output(True, bytearray(b"y\n" * 500), bytearray(), True)
    with pytest.raises(DeadlineError):
        shell.run("sleep", "600", seconds=3, stdin=MANY)


def running(word: str) -> bool:
    """Whether a process on this machine has the word on its command line."""
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and word in (entry / "cmdline").read_text().split("\0"):
                return int(entry.name) != os.getpid()
        except OSError:
            continue
    return False


def test_a_connection_that_is_cut_while_the_command_runs(shell: Shell, parts: Parts) -> None:
    with ThreadPoolExecutor(1) as pool, ExitStack() as stack:
        between = stack.enter_context(proxy())
        cut = shell.by(connect({"kubeconfig": str(parts.kubeconfig), "proxy": between.url}))
        output = Output()
        future = pool.submit(cut.run, "sh", "-c", f"echo up; sleep {NAP}", output=output)
        eventually(lambda: output.stdout or None, "the command runs")
        stack.close()
        with pytest.raises(UnreachableError, match="through a proxy did not last") as caught:
            future.result()
    assert "may still run" in caught.value.advice
    assert NAP not in str(caught.value)


def test_silence_is_no_end_but_death_is(
    shell: Shell, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "_PING_SECONDS", 0.1)
    monkeypatch.setattr(channels, "_DEAD_SECONDS", 4.0)
    assert shell.run("sh", "-c", "sleep 5; echo done").stdout == b"done\n"
    with ThreadPoolExecutor(1) as pool, proxy() as between:
        dying = shell.by(connect({"kubeconfig": str(parts.kubeconfig), "proxy": between.url}))
        output = Output()
        future = pool.submit(dying.run, "sh", "-c", "echo up; sleep 600", output=output)
        eventually(lambda: output.stdout or None, "the command runs")
        before = between.returned
        eventually(lambda: between.returned > before + 1 or None, "a ping is answered")
        between.flows.clear()
        try:
            with pytest.raises(UnreachableError, match="no answer in time"):
                future.result()
        finally:
            between.flows.set()


def test_through_a_proxy_with_a_login(shell: Shell, parts: Parts) -> None:
    with proxy() as between:
        url = between.url.replace("://", "://me:c4n4ry@")
        cluster = connect({"kubeconfig": str(parts.kubeconfig), "proxy": url})
        assert shell.by(cluster).run("cat", stdin=MANY, max_bytes=len(MANY)).stdout == MANY
    assert between.targets == [parts.server.removeprefix("https://")]
    assert between.logins == ["Basic bWU6YzRuNHJ5"]


def test_a_proxy_that_refuses(shell: Shell, parts: Parts) -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with proxy(refusal) as between:
        cluster = connect({"kubeconfig": str(parts.kubeconfig), "proxy": between.url})
        with pytest.raises(UnreachableError, match=r"the proxy failed: .*407"):
            shell.by(cluster).run("true")


def test_through_a_proxy_that_is_reached_by_https(
    shell: Shell, parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = self_signed("localhost")
    options = {"kubeconfig": str(parts.kubeconfig)}
    with proxy(tls=identity.server_context(tmp_path)) as between:
        by_https = shell.by(connect({**options, "proxy": between.url}))
        with pytest.raises(UnreachableError, match=r"the proxy failed: self-signed certificate"):
            by_https.run("true")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.crt"))
        by_https = shell.by(connect({**options, "proxy": between.url}))
        assert by_https.run("cat", stdin=MANY, max_bytes=len(MANY)).stdout == MANY
        assert by_https.run("sh", "-c", "echo a; sleep 0.3; exit 5") == ExecResult(
            5, b"a\n", b"", False
        )
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda n: by_https.run("echo", str(n)).stdout, range(16)))
    assert found == [f"{number}\n".encode() for number in range(16)]
    assert set(between.targets) == {parts.server.removeprefix("https://")}


def test_a_server_of_http_behind_a_proxy_of_https_is_no_way() -> None:
    cluster = connect({"host": "http://127.0.0.1:2", "proxy": "https://127.0.0.1:1"})
    with pytest.raises(CredentialsError, match="a server of http through a proxy of https"):
        run_in_pod(cluster, "n", "p", ["true"], deadline=Deadline(LONG))


def test_a_rejected_token_is_renewed_once(
    api: Api, parts: Parts, shell: Shell, namespace: str, tmp_path: Path, token: Callable[[], str]
) -> None:
    rule = {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get", "create"]}
    rights = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles/reader"
    fresh = token()
    api.request("PATCH", rights, body={"rules": [rule]}, kind=pods.MERGE)
    plugin = Plugin(tmp_path / "plugin", {"token": fresh})
    plugin.answers({"token": fresh}, first={"token": "expired-c4n4ry"})
    cluster = connect({"kubeconfig_content": json.dumps(parts.with_user(**plugin.user()))})

    def done() -> ExecResult | None:
        try:
            return shell.by(cluster).run("cat", stdin=b"x")
        except ForbiddenError:
            return None

    assert eventually(done, "the rights are in force").stdout == b"x"
    assert plugin.runs == 2
    plugin.answers({"token": "expired-c4n4ry"})
    rejected = connect({"host": parts.server, "ca_cert": str(parts.ca), "api_key": "expired"})
    with pytest.raises(UnauthorizedError):
        shell.by(rejected).run("true")


def test_a_token_that_expires_for_many_at_once_is_renewed_once(
    api: Api, parts: Parts, shell: Shell, namespace: str, tmp_path: Path, token: Callable[[], str]
) -> None:
    rule = {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get", "create"]}
    rights = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles/reader"
    fresh = token()
    api.request("PATCH", rights, body={"rules": [rule]}, kind=pods.MERGE)
    known = connect({"host": parts.server, "ca_cert": str(parts.ca), "api_key": fresh})

    def may() -> bool | None:
        try:
            return shell.by(known).run("true").rc == 0
        except ForbiddenError:
            return None

    eventually(may, "the rights are in force")
    plugin = Plugin(tmp_path / "plugin", {"token": fresh})
    plugin.answers({"token": fresh}, first={"token": "expired-c4n4ry"}, seconds=(0.2,))
    mark = api.mark()
    many = shell.by(connect({"kubeconfig_content": json.dumps(parts.with_user(**plugin.user()))}))
    with ThreadPoolExecutor(40) as pool:
        found = list(pool.map(lambda number: many.run("echo", str(number)).stdout, range(80)))
    assert found == [f"{number}\n".encode() for number in range(80)]
    assert plugin.runs == 2

    def answers() -> list[int] | None:
        seen = [r.status for r in api.requests(mark) if "/exec" in r.path]
        return seen if len(seen) >= 80 else None

    refused = [code for code in eventually(answers, "all are in the audit log") if code == 401]
    assert 1 <= len(refused) <= 40


def test_the_server_has_to_prove_who_it_is(shell: Shell, parts: Parts, tmp_path: Path) -> None:
    login = {
        "host": parts.server,
        "client_cert": str(parts.certificate),
        "client_key": str(parts.key),
    }
    given = {**login, "ca_cert": str(parts.ca)}
    assert shell.by(connect(given)).run("true").rc == 0
    named = {**given, "tls_server_name": "kubernetes.default.svc"}
    assert shell.by(connect(named)).run("true").rc == 0
    with pytest.raises(UntrustedError):
        shell.by(connect({**given, "tls_server_name": "elsewhere"})).run("true")
    (tmp_path / "other.pem").write_text(self_signed("localhost").certificate)
    with pytest.raises(UntrustedError):
        shell.by(connect({**login, "ca_cert": str(tmp_path / "other.pem")})).run("true")
    assert shell.by(connect({**login, "validate_certs": False})).run("true").rc == 0


def asked(url: str, **more: Any) -> ExecResult:
    """Run a command by way of a server that is none of Kubernetes."""
    return run_in_pod(
        connect({"host": url}), "n", "p", ["echo", CANARY], deadline=Deadline(LONG), **more
    )


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        (reset, UnreachableError, "carried out or not"),
        (lambda connection: connection.close(), UnreachableError, "carried out or not"),
        (answer(503, status(503, "starting")), ClusterError, "starting"),
        (answer(500, status(500, "oops"), {"Retry-After": "1"}), ClusterError, "oops"),
        (answer(200, {"kind": "Pod"}), ClusterError, "status 200"),
        (answer(302, "", {"Location": "https://login.example"}), UnreachableError, "Redirect"),
        (answer(403, f"<p>no GET /x?command={CANARY}</p>", kind="text/html"), ClusterError, "403"),
        (answer(400, status(400, f"bad {CANARY}", "BadRequest")), RefusedError, "bad [*]"),
        (answer(101, "", {"Upgrade": "tea"}), UnreachableError, "carried out or not"),
    ],
)
def test_what_may_have_been_started_is_not_asked_for_again(
    given: Any, kind: type[ClusterError], words: str
) -> None:
    with scripted([given]) as server, pytest.raises(kind, match=words) as caught:
        asked(server.url)
    assert len(server.requests) == 1
    assert CANARY not in str(caught.value)


def test_what_was_not_started_is_asked_for_again() -> None:
    busy = answer(429, status(429, "slow down"))
    with scripted([busy, answer(404, status(404, "no pod", "NotFound"))]) as server:
        with pytest.raises(NotFoundError):
            asked(server.url)
        assert len(server.requests) == 2
        assert b"Sec-WebSocket-Protocol: v5.channel.k8s.io,v4.channel.k8s.io" in server.requests[0]
        with pytest.raises(NotFoundError):
            asked(server.url, stdin=b"")
        # The end of stdin cannot be told in version 4.
        assert b"Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n" in server.requests[2]
        assert server.headers(2)["user-agent"].startswith("everynode.kubernetes/")


def test_a_refusal_of_unknown_length_is_told_all_the_same() -> None:
    content = json.dumps(status(403, 'User "jane" cannot get resource "pods/exec"', "Forbidden"))

    def refuse(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 403 X\r\nConnection: close\r\n\r\n" + content.encode())

    with scripted([refuse]) as server, pytest.raises(ForbiddenError, match="jane"):
        asked(server.url)
    first, second = server.requests
    assert b"Upgrade: websocket" in first
    assert b"Upgrade" not in second


def test_without_the_library(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "websocket", None)
    with pytest.raises(CredentialsError, match="websocket-client"):
        shell.run("true")
