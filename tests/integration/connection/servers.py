# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small servers on real sockets for what a healthy API server never does."""

from __future__ import annotations

import datetime
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# Seconds: less than whatever is waited for in vain here would take, and far more than it takes not
# to wait for it, also on a machine that is busy.
LONG = 30

Answer = bytes | Callable[[socket.socket], None]


def answer(
    status: int,
    body: Any,
    headers: Mapping[str, str] | None = None,
    kind: str = "application/json",
) -> bytes:
    """A whole HTTP answer; a text or bytes for `body` are sent as they are."""
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    content = text.encode() if isinstance(text, str) else text
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def status(code: int, message: str, reason: str = "", **details: Any) -> dict[str, Any]:
    """A Kubernetes Status."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
        "details": details,
    }


def silent(_connection: socket.socket) -> None:
    """An end of an answer that does not come while a test lasts."""
    time.sleep(2 * LONG)


@contextmanager
def deaf() -> Iterator[socket.socket]:
    """A socket whose port is nobody else's, and refuses connections until it listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


def reset(connection: socket.socket) -> None:
    """An answer that is none: the connection is reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def stream(*pieces: bytes, end: Callable[[socket.socket], None] | None = None) -> Answer:
    """A chunked answer, one chunk a piece, then its proper end or what `end` does."""

    def send(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in pieces:
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        if end is None:
            connection.sendall(b"0\r\n\r\n")
        else:
            end(connection)

    return send


@dataclass
class Scripted:
    """A running server: where it is, and the requests that it got, in their order."""

    url: str
    requests: list[bytes] = field(default_factory=list)

    def headers(self, number: int) -> dict[str, str]:
        """The headers of a request, names in lower case."""
        lines = self.requests[number].split(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}


@contextmanager
def scripted(
    answers: Sequence[Answer],
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    *,
    closed_at_first: int = 0,
) -> Iterator[Scripted]:
    """A server that gives these answers, one a request; the last one again and again.

    So many connections are closed in the handshake first, as by a load balancer without servers.
    """
    listener = socket.create_server((host, 0))
    server = Scripted(f"{'https' if tls else 'http'}://{host}:{listener.getsockname()[1]}")
    left = answers if isinstance(answers, list) else list(answers)
    to_close = list(range(closed_at_first))

    def serve(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if to_close:
                connection.recv(65536)
                to_close.pop()
                return
            wrapped = tls.wrap_socket(connection, server_side=True) if tls else connection
            while request := _read_request(wrapped):
                server.requests.append(request)
                given = left.pop(0) if len(left) > 1 else left[0]
                if callable(given):
                    given(wrapped)
                    wrapped.close()
                    return
                wrapped.sendall(given)

    with _accepting(listener, serve):
        yield server


@contextmanager
def blunt(content: bytes) -> Iterator[str]:
    """A server that answers the same to whatever comes, as one without TLS does to a handshake."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.recv(65536)
            connection.sendall(content)

    with _accepting(listener, serve):
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@dataclass
class Proxy:
    """A running HTTP proxy: its URL, and where it was asked to connect to, with which login.

    While `flows` is not set it holds back whatever comes. `returned` counts the pieces of answers.
    """

    url: str
    targets: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    flows: threading.Event = field(default_factory=threading.Event)
    returned: int = 0


@contextmanager
def proxy(refusal: bytes | None = None, tls: ssl.SSLContext | None = None) -> Iterator[Proxy]:
    """A proxy that tunnels, or answers CONNECT with a refusal; of https where it has TLS."""
    listener = socket.create_server(("127.0.0.1", 0))
    scheme, host = ("http", "127.0.0.1") if tls is None else ("https", "localhost")
    running = Proxy(f"{scheme}://{host}:{listener.getsockname()[1]}")
    running.flows.set()

    def serve(accepted: socket.socket) -> None:
        with suppress(OSError), accepted, ExitStack() as stack:
            connection = accepted
            if tls is not None:
                connection = stack.enter_context(tls.wrap_socket(accepted, server_side=True))
            head = _read_request(connection).decode()
            target = head.split()[1]
            running.targets.append(target)
            running.logins += [
                line.partition(":")[2].strip()
                for line in head.split("\r\n")
                if line.lower().startswith("proxy-authorization:")
            ]
            if refusal is not None:
                connection.sendall(refusal)
                return
            host, _, port = target.rpartition(":")
            with socket.create_connection((host, int(port))) as onward:
                connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")

                def count() -> None:
                    running.returned += 1

                pipe = (onward, connection, running.flows, count)
                back = threading.Thread(target=_pump, args=pipe, daemon=True)
                back.start()
                _pump(connection, onward, running.flows)
                back.join()

    with _accepting(listener, serve):
        yield running


@contextmanager
def _accepting(listener: socket.socket, serve: Callable[[socket.socket], None]) -> Iterator[None]:
    open_ones: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            open_ones.append(connection)
            # What was sent must not wait here for an acknowledgement: a reset would throw it away.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield
    finally:
        # close() alone does not wake accept() up.
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_ones:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        thread.join()


def _pump(
    source: socket.socket,
    sink: socket.socket,
    flows: threading.Event,
    handed_on: Callable[[], None] = lambda: None,
) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            flows.wait()
            sink.sendall(data)
            handed_on()
        sink.shutdown(socket.SHUT_WR)


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    wanted = int(lengths[0].partition(b":")[2]) if lengths else 0
    while len(body) < wanted:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@dataclass(frozen=True)
class Identity:
    """A self-signed certificate with its key, as PEM."""

    certificate: str
    key: str

    def server_context(self, folder: Path) -> ssl.SSLContext:
        """TLS for a server that shows it."""
        (folder / "server.crt").write_text(self.certificate)
        (folder / "server.key").write_text(self.key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.crt", folder / "server.key")
        return context


def self_signed(name: str, days: int = 1) -> Identity:
    """A certificate for a host name, its own authority; `days` below 0: expired since so long."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    start = now + datetime.timedelta(days=min(days, 0) - 1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Identity(certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode())
