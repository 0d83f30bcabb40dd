# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture of a tour for the README: reads what `tools/demo` printed, writes an SVG.

python3 -m tools.environments run demo tools/demo | python3 -m tools.tour.picture >docs/demo.svg
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from html import escape

_COLUMNS = 96
_CHARACTER = 7.8
_LINE = 17
_MARGIN = 16
_STYLES = (
    (re.compile(r"^(TASK|PLAY)\b"), "title"),
    (re.compile(r"^changed:"), "changed"),
    (re.compile(r"^ok:|^\+"), "good"),
    (re.compile(r"^-"), "gone"),
    (re.compile(r"^  everynode-demo"), "progress"),
    (re.compile(r"^\[ERROR\]"), "gone"),
)


def main() -> None:
    """Read the tour from the standard input, write the picture to the standard output."""
    lines = list(_playbook(sys.stdin.read().splitlines()))
    width = int(_COLUMNS * _CHARACTER + 2 * _MARGIN)
    height = len(lines) * _LINE + 2 * _MARGIN
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" role="img">'
    )
    print(f"<title>{escape(lines[0])}</title>")
    print(
        "<style>text{font:13px ui-monospace,Menlo,Consolas,monospace;fill:#d6deeb;"
        "white-space:pre}.title{font-weight:bold;fill:#fff}.changed{fill:#ecc48d}"
        ".good{fill:#7fdb8f}.gone{fill:#ff8b7b}.progress{fill:#82aaff}</style>"
    )
    print(f'<rect width="{width}" height="{height}" rx="8" fill="#0b1622"/>')
    for number, line in enumerate(lines):
        style = next((name for pattern, name in _STYLES if pattern.search(line)), "")
        named = f' class="{style}"' if style else ""
        y = _MARGIN + (number + 1) * _LINE - 5
        print(f'<text x="{_MARGIN}" y="{y}" xml:space="preserve"{named}>{escape(line)}</text>')
    print("</svg>")


def _playbook(lines: Iterable[str]) -> Iterator[str]:
    """The playbook's part of the tour, without its banners' stars and its recap.

    Of a failure only what it says: neither where the task stands nor all of its result.
    """
    inside = is_failure = False
    for line in lines:
        inside = (inside or line.startswith("PLAY [")) and not line.startswith("PLAY RECAP")
        if line.startswith("[ERROR]"):
            is_failure = True
            yield from textwrap.wrap(line, _COLUMNS, subsequent_indent="  ")
            yield ""
        elif line.startswith("TASK ["):
            is_failure = False
        if inside and not is_failure:
            yield re.sub(r" \*+$", "", line)[:_COLUMNS]


if __name__ == "__main__":
    main()
