# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP proxies: one makes a server look as far away as one wants, one counts what it sends."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator

_CHUNK = 65536

_Carry = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class CountingLink:
    """A port on loopback that leads to a server.

    Attributes:
        port: the port.
        received: how many bytes the server has sent so far, on all connections.
    """

    port = 0
    received = 0

    async def carry(
        self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter, port: int
    ) -> None:
        """Carry one connection's data both ways until both ends have finished."""
        server, to_server = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(
            _passed_on(client, to_server, lambda _size: None),
            _passed_on(server, to_client, self._count),
        )

    def _count(self, size: int) -> None:
        self.received += size


@contextlib.contextmanager
def counting_link(port: int) -> Iterator[CountingLink]:
    """A port on loopback that leads to `port` and counts what comes from there."""
    link = CountingLink()
    with _served(lambda reader, writer: link.carry(reader, writer, port)) as link.port:
        yield link


@contextlib.contextmanager
def slow_link(port: int, round_trip: float) -> Iterator[int]:
    """A port on loopback whose every connection to `port` has this round trip time, in seconds.

    Each direction is delayed by half of it, whatever the amount of data. The kernel accepts a
    connection at once, where over a real link the client waits for the server's SYN-ACK first: so
    what the client sends during its first round trip leaves only at the end of that.
    """
    with _served(lambda reader, writer: _carry_slowly(reader, writer, port, round_trip)) as slow:
        yield slow


@contextlib.contextmanager
def _served(carry: _Carry) -> Iterator[int]:
    """A port on loopback, each connection to which is carried on, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await carry(reader, writer)

    async def serve() -> asyncio.Server:
        return await asyncio.start_server(connected, "127.0.0.1", 0)

    server = asyncio.run_coroutine_threadsafe(serve(), loop).result()
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _passed_on(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, passed: Callable[[int], None]
) -> None:
    """Pass on what comes as it comes; a connection that breaks has ended."""
    with contextlib.suppress(ConnectionError):
        while piece := await source.read(_CHUNK):
            passed(len(piece))
            target.write(piece)
            await target.drain()
    target.close()


async def _carry_slowly(
    client: asyncio.StreamReader, to_client: asyncio.StreamWriter, port: int, round_trip: float
) -> None:
    """Carry one connection's data both ways until both ends have finished."""
    established = asyncio.get_running_loop().time() + round_trip
    server, to_server = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(
        _delayed(client, to_server, round_trip / 2, established),
        _delayed(server, to_client, round_trip / 2, established),
    )


async def _delayed(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, delay: float, not_before: float
) -> None:
    """Pass on what comes, `delay` seconds later; nothing sets out before `not_before`."""
    loop = asyncio.get_running_loop()
    on_its_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def arrive() -> None:
        while True:
            when, piece = await on_its_way.get()
            await asyncio.sleep(when - loop.time())
            if not piece:
                target.close()
                return
            target.write(piece)

    arriving = asyncio.create_task(arrive())
    with contextlib.suppress(ConnectionError):
        while piece := await source.read(_CHUNK):
            on_its_way.put_nowait((max(loop.time(), not_before) + delay, piece))
    on_its_way.put_nowait((max(loop.time(), not_before) + delay, b""))
    with contextlib.suppress(ConnectionError):
        await arriving
