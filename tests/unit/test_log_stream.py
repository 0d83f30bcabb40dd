# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is hidden, searched and kept of a log while it arrives, wherever it is cut into pieces."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._views.log_stream import (
    LONGEST_LINE,
    Kept,
    Search,
    count_lines,
    cut,
    hide,
    longest,
)


def pieces(text: bytes, size: int) -> list[bytes]:
    return [text[start : start + size] for start in range(0, len(text), size)]


each_size = pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1000])


@each_size
@pytest.mark.parametrize(
    ("text", "secrets", "shown"),
    [
        (b"nothing here", ["tok-123456"], b"nothing here"),
        (b"a tok-123456 b tok-123456", ["tok-123456"], b"a ******** b ********"),
        (b"tok-12345\n", ["tok-123456"], b"tok-12345\n"),
        (b"it is tok-12345", ["tok-123456"], b"it is ********"),
        (b"it is tok", ["tok-123456"], b"it is tok"),
        (b"tok-12345tok-123456", ["tok-123456"], b"tok-12345********"),
        (b"long-secret and secret", ["secret", "long-secret"], b"******** and ********"),
        ("Ünïcode: schlüssel".encode(), ["schlüssel"], "Ünïcode: ********".encode()),
        (b"one two", ["", "o", "two"], b"one two"),
        (b"\xff\xfetok-123456\x00", ["tok-123456"], b"\xff\xfe********\x00"),
        (b"", ["tok-123456"], b""),
        (b"as it is", [], b"as it is"),
    ],
)
def test_hiding(text: bytes, secrets: list[str], shown: bytes, size: int) -> None:
    assert b"".join(hide(pieces(text, size), secrets)) == shown


def test_the_longest_secret() -> None:
    assert longest([]) == 0
    assert longest(["ab", "ü"]) == 2


def found(expression: str, text: bytes, size: int = 5, **options: bool) -> tuple[bytes, Search]:
    search = Search(re.compile(expression), **options)
    return b"".join(search.lines(pieces(text, size))), search


@each_size
@pytest.mark.parametrize(
    ("expression", "text", "lines"),
    [
        ("err", b"an error\nfine\nerr", b"an error\nerr"),
        ("(?i)ERR", b"Error\n\n", b"Error\n"),
        ("^$", b"one\n\n\r\ntwo\n", b"\n\r\n"),
        ("e$", b"one\r\ntwo\r\nthree", b"one\r\nthree"),
        ("é", "café\nthe\n".encode(), "café\n".encode()),
        ("\ufffd", b"\xff\xfe\nfine\n", b"\xff\xfe\n"),
        ("b", b"a\rb\n", b"a\rb\n"),
        ("x", b"", b""),
    ],
)
def test_lines_that_match(expression: str, text: bytes, lines: bytes, size: int) -> None:
    shown, search = found(expression, text, size)
    assert shown == lines
    assert search.matches == count_lines(lines)
    assert not search.cut


def test_the_time_is_not_searched() -> None:
    text = b"2026-03-01T12:00:00Z error 12\n2026-03-01T12:00:01Z fine\n2026-03-01T12:00:01Z\n"
    assert found("^error", text, skips_time=True)[0] == text.splitlines(keepends=True)[0]
    assert found("2026", text, skips_time=True)[0] == b""
    assert found("^2026", text)[0] == text


@each_size
def test_a_line_without_bounds_is_cut(size: int) -> None:
    size *= 4000
    text = b"x" * (3 * LONGEST_LINE) + b" needle\nshort needle\n" + b"needle" * LONGEST_LINE
    shown, search = found("needle", text, size)
    assert shown == b"short needle\n" + (b"needle" * LONGEST_LINE)[:LONGEST_LINE]
    assert search.matches == 2
    assert search.cut
    shown, search = found("^x", text, size)
    assert shown == b"x" * LONGEST_LINE + b"\n"
    exact = b"y" * LONGEST_LINE + b"\n"
    shown, search = found("y", exact, size)
    assert (shown, search.cut) == (exact, False)


def kept(text: bytes, limit: int, size: int, *, keeps_end: bool) -> tuple[bytes, Kept, int]:
    file = io.BytesIO()
    most = 0
    it = Kept(file, limit, keeps_end=keeps_end)
    for piece in pieces(text, size):
        it.add(piece)
        most = max(most, len(file.getvalue()))
    lines = it.finish()
    assert most <= 2 * limit + size
    assert it.size == len(file.getvalue())
    return file.getvalue(), it, lines


@each_size
@pytest.mark.parametrize("keeps_end", [False, True])
def test_what_fits_is_kept_whole(size: int, keeps_end: bool) -> None:
    for limit in (13, 14, 1000):
        content, it, lines = kept(b"one\ntwo\nthree", limit, size, keeps_end=keeps_end)
        assert (content, it.is_cut, lines) == (b"one\ntwo\nthree", False, 3)


@each_size
def test_the_end_is_kept(size: int) -> None:
    text = b"".join(b"line %d\n" % number for number in range(100))
    content, it, lines = kept(text, 20, size, keeps_end=True)
    assert content == text[-20:] == b"e 97\nline 98\nline 99\n"[-20:]
    assert (it.is_cut, lines) == (True, 3)


@each_size
def test_the_beginning_is_kept(size: int) -> None:
    text = b"".join(b"line %d\n" % number for number in range(100))
    content, it, lines = kept(text, 20, size, keeps_end=False)
    assert (content, it.is_cut, lines) == (text[:20], True, 3)


# Characters of one, two, three and four bytes, and bytes that are none.
_TEXTS = ["aaaaaaaa", "éééé", "€€€€", "😀😀😀", "a😀é€", "a\n€\n"]


@pytest.mark.parametrize("keeps_end", [False, True])
@pytest.mark.parametrize("text", _TEXTS)
def test_no_character_is_cut(text: str, keeps_end: bool) -> None:
    whole = text.encode()
    for limit in range(1, len(whole)):
        content, it, _lines = kept(whole, limit, 3, keeps_end=keeps_end)
        shown = content.decode()
        assert shown in text
        assert it.is_cut
        # No more is left out than the character that the limit cuts.
        assert limit - len(content) < 4
        assert cut(whole, limit, keeps_end=keeps_end) == content
        assert text.endswith(shown) if keeps_end else text.startswith(shown)
    assert cut(whole, len(whole), keeps_end=keeps_end) == whole


@pytest.mark.parametrize("keeps_end", [False, True])
@pytest.mark.parametrize("byte", [0x00, 0x80, 0xBF, 0xFE, 0xFF])
def test_bytes_that_are_no_text_are_kept(byte: int, keeps_end: bool) -> None:
    whole = bytes([byte]) * 50
    content, _it, _lines = kept(whole, 20, 7, keeps_end=keeps_end)
    assert len(content) >= 17
    assert set(content) == {byte}


@pytest.mark.parametrize(
    ("text", "lines"), [(b"", 0), (b"\n", 1), (b"a", 1), (b"a\n", 1), (b"a\nb", 2), (b"\n\n", 2)]
)
def test_counting_lines(text: bytes, lines: int) -> None:
    assert count_lines(text) == lines
    assert kept(text, 100, 1, keeps_end=True)[2] == lines


def test_nothing_is_asked_for_before_it_is_needed() -> None:
    """Each part takes a piece, gives what it can, and only then asks for the next."""
    asked = 0

    def endless() -> Iterable[bytes]:
        nonlocal asked
        while True:
            asked += 1
            yield b"needle\n" * 10

    lines = Search(re.compile("needle")).lines(hide(endless(), ["secret"]))
    for _number in range(10):
        next(iter(lines))
    assert asked <= 2
