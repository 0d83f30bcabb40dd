# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done with a log while it arrives, in memory that does not depend on its size.

Pieces are bytes, cut anywhere: in a line, in a character.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from .._base.redaction import MARKER

# A line is searched up to here, and shown up to here where it matches.
LONGEST_LINE = 65536

_BLOCK = 65536
_SHORTEST_SECRET = 4
_MOST_BYTES_OF_A_CHARACTER = 4


def hide(pieces: Iterable[bytes], secrets: Iterable[str]) -> Iterator[bytes]:
    """The log with a marker in the place of each of these texts, but for very short ones.

    So is what the log ends with where one of them begins so: it may have been cut there.
    """
    wanted = sorted(
        {one.encode() for one in secrets if len(one) >= _SHORTEST_SECRET}, key=len, reverse=True
    )
    if not wanted:
        yield from pieces
        return
    # The end may be the beginning of one, so it waits for what follows.
    held, rest = len(wanted[0]) - 1, b""
    for piece in pieces:
        rest += piece
        for secret in wanted:
            rest = rest.replace(secret, MARKER.encode())
        ready = max(0, len(rest) - held)
        if ready:
            yield rest[:ready]
            rest = rest[ready:]
    if rest:
        yield _without_beginning(rest, wanted)


def _without_beginning(end: bytes, secrets: Iterable[bytes]) -> bytes:
    """The end of a log without the beginning of a secret as its last bytes."""
    for secret in secrets:
        for length in range(len(secret) - 1, _SHORTEST_SECRET - 1, -1):
            if end.endswith(secret[:length]):
                return end[:-length] + MARKER.encode()
    return end


def longest(secrets: Iterable[str]) -> int:
    """The number of bytes of the longest of these texts, 0 where there are none."""
    return max((len(one.encode()) for one in secrets), default=0)


class Search:
    """The lines of a log that match an expression.

    Args:
        expression: searched in each line without its end; bytes that are no UTF-8 read as the
            replacement character.
        skips_time: whether each line begins with a time and a space, which are not searched.

    Attributes:
        matches: how many lines matched so far.
        cut: whether a line that matched was longer than ``LONGEST_LINE`` and is not whole.
    """

    def __init__(self, expression: re.Pattern[str], *, skips_time: bool = False):
        self._expression = expression
        self._skips_time = skips_time
        self.matches = 0
        self.cut = False

    def lines(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Those lines, each with its end."""
        for line, is_cut in _lines(pieces):
            if self._is_match(line):
                self.matches += 1
                self.cut = self.cut or is_cut
                yield line

    def _is_match(self, line: bytes) -> bool:
        if self._skips_time:
            line = line.partition(b" ")[2]
        text = line.removesuffix(b"\n").removesuffix(b"\r").decode(errors="replace")
        return self._expression.search(text) is not None


def _lines(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each line with its end, and whether something is left out before that."""
    begun, is_cut = bytearray(), False
    for piece in pieces:
        start = 0
        while start < len(piece):
            end = piece.find(b"\n", start) + 1
            stop = end or len(piece)
            room = LONGEST_LINE - len(begun)
            is_cut = is_cut or stop - start - bool(end) > room
            begun += piece[start : min(stop - bool(end), start + room)]
            if end:
                yield bytes(begun) + b"\n", is_cut
                begun, is_cut = bytearray(), False
            start = stop
    if begun:
        yield bytes(begun), is_cut


class Kept:
    """The beginning or the end of a log, in a file.

    Args:
        file: empty, to be read and written; on a disk or in memory. It never grows to more than
            twice the limit and a piece.
        limit: how many bytes are kept, 1 or more.
        keeps_end: whether the last ones are kept rather than the first.

    Attributes:
        is_cut: whether more has come than is kept.
        size: how many bytes are kept; final after :meth:`finish`.
    """

    def __init__(self, file: BinaryIO, limit: int, *, keeps_end: bool):
        self.file = file
        self._limit = limit
        self._keeps_end = keeps_end
        self.is_cut = False
        self.size = 0

    def add(self, piece: bytes) -> None:
        """Take a piece."""
        if not self._keeps_end and self.size + len(piece) > self._limit:
            piece = piece[: self._limit - self.size]
            self.is_cut = True
        self.file.write(piece)
        self.size += len(piece)
        if self.size > 2 * self._limit:
            self._move(self.size - self._limit)

    def finish(self) -> int:
        """Cut it to the limit, between characters; returns the number of its lines."""
        if self.size > self._limit:
            self._move(self.size - self._limit)
        if self.is_cut and self._keeps_end:
            self.file.seek(0)
            self._move(_half_character_before(self.file.read(_MOST_BYTES_OF_A_CHARACTER)))
        elif self.is_cut:
            self.file.seek(max(0, self.size - _MOST_BYTES_OF_A_CHARACTER))
            self.size -= _half_character_after(self.file.read(_MOST_BYTES_OF_A_CHARACTER))
            self.file.truncate(self.size)
        return self._count_lines()

    def _move(self, dropped: int) -> None:
        """Drop so many bytes at the beginning."""
        if not dropped:
            return
        self.is_cut = True
        source, target = dropped, 0
        while source < self.size:
            self.file.seek(source)
            block = self.file.read(min(_BLOCK, self.size - source))
            self.file.seek(target)
            self.file.write(block)
            source, target = source + len(block), target + len(block)
        self.file.truncate(target)
        self.file.seek(target)
        self.size = target

    def _count_lines(self) -> int:
        self.file.seek(0)
        count, last = 0, b"\n"
        while block := self.file.read(_BLOCK):
            count += block.count(b"\n")
            last = block[-1:]
        self.file.seek(0, os.SEEK_END)
        return count + (last != b"\n")


def cut(content: bytes, limit: int, *, keeps_end: bool) -> bytes:
    """The last or the first bytes of a text, not more than the limit, cut between characters."""
    if len(content) <= limit:
        return content
    if keeps_end:
        content = content[len(content) - limit :]
        return content[_half_character_before(content[:_MOST_BYTES_OF_A_CHARACTER]) :]
    content = content[:limit]
    return content[: limit - _half_character_after(content[-_MOST_BYTES_OF_A_CHARACTER:])]


def count_lines(content: bytes) -> int:
    """The number of lines, one without an end included."""
    return content.count(b"\n") + (not content.endswith(b"\n") and bool(content))


def _half_character_before(head: bytes) -> int:
    """How many bytes at the beginning are the rest of a character in UTF-8 that was cut."""
    for index, byte in enumerate(head[: _MOST_BYTES_OF_A_CHARACTER - 1]):
        if not _continues(byte):
            return index
    # Four such bytes in a row are no part of a character, so nothing here is text in UTF-8.
    return 0 if len(head) == _MOST_BYTES_OF_A_CHARACTER and _continues(head[-1]) else len(head[:3])


def _half_character_after(end: bytes) -> int:
    """How many bytes at the end are the beginning of a character in UTF-8 that was cut."""
    for index in range(1, min(len(end), _MOST_BYTES_OF_A_CHARACTER) + 1):
        byte = end[-index]
        if not _continues(byte):
            return index if index < _length_of_character(byte) else 0
    return 0


def _continues(byte: int) -> bool:
    return byte & 0b1100_0000 == 0b1000_0000


def _length_of_character(first: int) -> int:
    """How many bytes a character has that begins with this one (RFC 3629)."""
    if first >= 0b1111_0000:
        return 4
    if first >= 0b1110_0000:
        return 3
    return 2 if first >= 0b1100_0000 else 1
