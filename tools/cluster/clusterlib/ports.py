# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Free ports on the loopback address for clusters side by side."""

from __future__ import annotations

import random
import socket
from collections.abc import Collection, Iterable

from .console import ClusterError

# Below the range from which Linux takes the ports of outgoing connections.
_FIRST, _LAST = 20000, 31999


def choose(uses: Iterable[str], avoid: Collection[int]) -> dict[str, int]:
    """A port for each use: all different, free on 127.0.0.1 and not in `avoid`."""
    shuffled = random.sample(range(_FIRST, _LAST + 1), k=_LAST + 1 - _FIRST)
    free = (port for port in shuffled if port not in avoid and _is_free(port))
    try:
        return {use: next(free) for use in uses}
    except StopIteration:
        message = f"too few free ports between {_FIRST} and {_LAST} on 127.0.0.1"
        raise ClusterError(message) from None


def are_free(ports: Collection[int]) -> bool:
    """Whether nobody listens on any of these ports of 127.0.0.1."""
    return all(_is_free(port) for port in ports)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do it: a port whose last connections are only fading out counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
