# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a check stands in the manifest, and what it found there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Path = tuple["str | int", ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a manifest, or that will surprise.

    Attributes:
        path: where in the manifest, in the API's spelling:
            ``("spec", "template", "spec", "containers", 0, "image")``.
        problem: what is wrong and what is allowed, a clause without a full stop. Never the value of
            an environment variable or of an annotation.
        warning: true where the server accepts it all the same.
        console: true where a console does not accept it.
    """

    path: Path
    problem: str
    warning: bool = False
    console: bool = False


class Place:
    """A value in the manifest, with its path; findings made below it come together in one list.

    A value of a type that does not belong there reads as absent: types are the converter's matter.
    A check of a large DaemonSet makes thousands of these and looks at more values still: hence no
    dataclass, and no Place where a value alone is asked for.

    Attributes:
        value: what stands there, None where it is absent.
        path: where that is, in the API's spelling.
        findings: what was found here, above and below.
    """

    __slots__ = ("findings", "path", "value")

    def __init__(self, value: Any, path: Path = (), findings: list[Finding] | None = None):
        self.value = value
        self.path = path
        self.findings = [] if findings is None else findings

    def __bool__(self) -> bool:
        return self.value is not None

    def child(self, *keys: str) -> Place:
        """The value under one or more keys, absent where any of them is."""
        return Place(self.get(*keys), self.path + keys, self.findings)

    def get(self, *keys: str) -> Any:
        """What stands under one or more keys, None where any of them is absent."""
        value = self.value
        for key in keys:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    def elements(self, *keys: str) -> list[Place]:
        """The elements of the list under the keys, nulls left out."""
        values = self.get(*keys)
        if not isinstance(values, list):
            return []
        path, findings = self.path + keys, self.findings
        return [
            Place(value, (*path, index), findings)
            for index, value in enumerate(values)
            if value is not None
        ]

    def objects(self, *keys: str) -> list[Place]:
        """The objects in the list under the keys."""
        return [each for each in self.elements(*keys) if isinstance(each.value, dict)]

    def entries(self, *keys: str) -> Iterator[tuple[str, Place]]:
        """The keys and values of the map under the keys, nulls left out."""
        values = self.get(*keys)
        if isinstance(values, dict):
            path, findings = self.path + keys, self.findings
            for key, value in values.items():
                if value is not None:
                    yield key, Place(value, (*path, key), findings)

    def text(self, *keys: str) -> str:
        """The text under the keys, empty where there is none."""
        value = self.get(*keys)
        return value if isinstance(value, str) else ""

    def texts(self, *keys: str) -> list[str]:
        """The texts in the list under the keys."""
        values = self.get(*keys)
        if not isinstance(values, list):
            return []
        return [value for value in values if isinstance(value, str)]

    def integer(self, *keys: str) -> int | None:
        """The integer under the keys, if there is one."""
        value = self.get(*keys)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def is_true(self, *keys: str) -> bool:
        """Whether the value under the keys is true."""
        return self.get(*keys) is True

    def fault(self, problem: str) -> None:
        """Note what the server would refuse."""
        self.findings.append(Finding(self.path, problem))

    def warn(self, problem: str) -> None:
        """Note what the server accepts and will surprise all the same."""
        self.findings.append(Finding(self.path, problem, warning=True))

    def warn_of_console(self, problem: str) -> None:
        """Note what the server accepts and a console does not: a fault with strict names."""
        self.findings.append(Finding(self.path, problem, warning=True, console=True))

    def require(self, key: str, what: str) -> str:
        """Return the text under a key; note a fault where it is missing or empty."""
        if self.get(key) in (None, ""):
            self.child(key).fault(f"{what} is missing")
        return self.text(key)

    def one_of(self, key: str, allowed: Iterable[str], *, empty: bool = True) -> str:
        """Return the text under a key; note a fault where it is none of those allowed.

        Args:
            empty: whether an empty text stands for the default.
        """
        text = self.get(key)
        if not isinstance(text, str):
            return ""
        if text not in allowed and not (empty and text == ""):
            choices = list(allowed)
            self.child(key).fault(
                f"{quoted(text)} is not allowed here: use {alternatives(choices)}"
            )
        return text

    def at_least(self, key: str, minimum: int) -> int | None:
        """Return the integer under a key; note a fault where it is below the minimum."""
        return self.between(key, minimum, None)

    def between(self, key: str, minimum: int, maximum: int | None) -> int | None:
        """Return the integer under a key; note a fault where it is out of the range."""
        number = self.integer(key)
        if number is not None:
            if maximum is None and number < minimum:
                self.child(key).fault(f"{number} is not allowed: it must be {minimum} or more")
            elif maximum is not None and not minimum <= number <= maximum:
                self.child(key).fault(
                    f"{number} is not allowed: it must be from {minimum} to {maximum}"
                )
        return number


def quoted(value: Any) -> str:
    """A value for a message: quoted as in JSON, cut where it is long."""
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def alternatives(choices: Iterable[str]) -> str:
    """Words for a choice: ``"A"``, ``"B" or "C"``."""
    words = [f'"{choice}"' for choice in choices]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
