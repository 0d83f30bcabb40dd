# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a place in the manifest back to what the user wrote, in the user's own spelling.

Nothing is noted while values are read and merged, but for the origin of merged lists: the way back
is looked up in what the user wrote when a message needs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .fields import PARAMETERS
from .names import Path, show_path, snake, writes_snake
from .overlay import ListOrigins
from .schema import type_at
from .spelling import known_keys


class _Trace(NamedTuple):
    """How far a path can be followed in one source."""

    depth: int
    shown: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the parts of a manifest come from.

    Attributes:
        typed: the task's parameters as the user wrote them, by name.
        definition: the definition as the user wrote it, or None.
        origin: the parameter that the definition came in.
        moved: parameters that go to another place than the table of parameters says, by name.
        origins: where elements of merged lists come from.
    """

    typed: Mapping[str, Any]
    definition: Mapping[str, Any] | None = None
    origin: str = "definition"
    moved: Mapping[str, Path] = field(default_factory=dict)
    origins: ListOrigins = field(default_factory=dict)

    def user_path(self, path: Path) -> str:
        """The path that the user wrote for a place in the manifest.

        Of a place that nobody wrote (what is missing), the part behind what was written is in the
        same spelling as that.
        """
        parameter = self._parameter(path, given=True)
        typed = definition = None
        if parameter is not None:
            name, start = parameter
            typed = self._follow(name, self.typed[name], path, len(start), source=1)
        if self.definition is not None:
            definition = self._follow(self.origin, self.definition, path, 0, source=0)
        if typed is not None and (definition is None or typed.depth >= definition.depth):
            return typed.shown
        if definition is not None:
            return definition.shown
        parameter = self._parameter(path, given=False)
        if parameter is None:
            return show_path(path)
        name, start = parameter
        return show_path([name, *_spelled(path, len(start), in_snake=True)])

    def _parameter(self, path: Path, *, given: bool) -> tuple[str, Path] | None:
        """The parameter that stands for a place or for something around it, with its own place."""
        found: tuple[str, Path] | None = None
        for name, start in self._places():
            if given and self.typed.get(name) is None:
                continue
            if path[: len(start)] == start and (found is None or len(start) > len(found[1])):
                found = (name, start)
        return found

    def _places(self) -> list[tuple[str, Path]]:
        return [*PARAMETERS.items(), *self.moved.items()]

    def _follow(self, name: str, value: Any, path: Path, start: int, *, source: int) -> _Trace:
        parts: list[str | int] = [name]
        in_snake = source == 1
        depth = start
        while depth < len(path):
            if isinstance(value, Mapping):
                in_snake = writes_snake(value, otherwise=in_snake)
            step = self._step(value, path, depth, source)
            if step is None:
                break
            part, value, is_last = step
            parts.append(part)
            depth += 1
            if is_last:
                return _Trace(depth, show_path(parts))
        return _Trace(depth, show_path([*parts, *_spelled(path, depth, in_snake=in_snake)]))

    def _step(
        self, value: Any, path: Path, depth: int, source: int
    ) -> tuple[str | int, Any, bool] | None:
        """The user's key for the next part of a path, what it holds, whether it is our own."""
        part = path[depth]
        if isinstance(part, int):
            index = self._index(path[:depth], part, source)
            if not isinstance(value, Sequence) or index is None or index >= len(value):
                return None
            return index, value[index], False
        if not isinstance(value, Mapping):
            return None
        expected = type_at(path[:depth])
        if expected is None or expected.ref is None:
            return (part, value[part], False) if part in value else None
        known = known_keys(expected.ref, source == 1)
        found: tuple[str | int, Any, bool] | None = None
        for key, item in value.items():
            entry = known.get(key)
            if entry is None or entry.field != part:
                continue
            if entry.convenience is None:
                return str(key), item, False
            # Where the user wrote the API's field too, most of what stands there is from that.
            found = (str(key), item, True)
        return found

    def _index(self, path: Path, index: int, source: int) -> int | None:
        merged = self.origins.get(path)
        return index if merged is None else merged[index][source]


def _spelled(path: Path, start: int, *, in_snake: bool) -> list[str | int]:
    """The rest of a path in one spelling; keys of maps are the user's own and stay."""
    parts: list[str | int] = []
    for depth in range(start, len(path)):
        part = path[depth]
        holder = type_at(path[:depth])
        of_object = holder is not None and holder.ref is not None
        parts.append(snake(part) if in_snake and of_object and isinstance(part, str) else part)
    return parts
