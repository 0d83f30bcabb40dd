# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes to light while the user's values are read, and the places that it is about."""

from __future__ import annotations

import re
from typing import Any

from .._base.errors import Fault
from .choices import KUBELET_ROOT
from .names import Path, show_path

# Where a value stands: the place of what holds it, the key as the user wrote it, the key in the
# API's spelling. The outermost place has the user's path and the manifest's path as its keys. Links
# instead of whole paths, because a path is needed only where something is wrong.
Place = tuple["Place | None", Any, Any]

_SECRET_NAME = re.compile(r"passw|secret|token|credential|private|api_?key|auth", re.IGNORECASE)
_LONGEST_SHOWN = 40


class Reading:
    """Collects what is wrong or doubtful in one pass over the user's values.

    Attributes:
        typed: whether task parameters are read, as opposed to a manifest; they have our
            conveniences, and are in snake_case where the user's own keys do not tell.
        faults: what is wrong, each with the path as the user wrote it.
        suspects: the places in the manifest that are not what the user meant, because of a fault;
            what later checks find there is no news.
        warnings: sentences for the user about values that may not be what was meant.
        volumes: volumes that conveniences need, each with the place that asks for it.
        kubelet_root: the kubelet's folder on the nodes.
    """

    __slots__ = ("faults", "kubelet_root", "suspects", "typed", "volumes", "warnings")

    def __init__(self, *, typed: bool, kubelet_root: str = KUBELET_ROOT):
        self.typed = typed
        self.kubelet_root = kubelet_root
        self.faults: list[Fault] = []
        self.suspects: list[Path] = []
        self.warnings: list[str] = []
        self.volumes: list[tuple[Place, dict[str, Any]]] = []

    def fault(self, place: Place, problem: str) -> None:
        """Notes that what stands at a place is wrong."""
        self.faults.append(Fault(user_path(place), problem))
        self.suspects.append(manifest_path(place))

    def warn(self, place: Place, doubt: str) -> None:
        """Notes that what stands at a place may not be what was meant."""
        self.warnings.append(f"{user_path(place)}: {doubt}.")


class Aside:
    """What one of our conveniences has to say beside the value that it writes.

    Attributes:
        beside: the user's key for the field that it writes to, where that is given too.
    """

    __slots__ = ("_place", "_reading", "beside")

    def __init__(self, reading: Reading, place: Place, beside: str | None):
        self._reading = reading
        self._place = place
        self.beside = beside

    @property
    def kubelet_root(self) -> str:
        """The kubelet's folder on the nodes."""
        return self._reading.kubelet_root

    def fault(self, problem: str, *keys: str) -> None:
        """Notes what is wrong with the convenience, or with what it has under the keys."""
        place = self._place
        for key in keys:
            place = (place, key, key)
        self._reading.fault(place, problem)

    def is_faulty(self, key: str) -> bool:
        """Whether what the convenience has under a key could not be read."""
        return manifest_path((self._place, key, key)) in self._reading.suspects

    def needs_volume(self, volume: dict[str, Any]) -> None:
        """Has the pod get a volume."""
        self._reading.volumes.append((self._place, volume))


def user_path(place: Place) -> str:
    """The place as the user wrote it, such as ``containers[1].ports[0].host_port``."""
    keys: list[str | int] = []
    outer, key, _name = place
    while outer is not None:
        keys.append(key)
        outer, key, _name = outer
    return show_path([key, *reversed(keys)])


def manifest_path(place: Place) -> Path:
    """The place in the manifest."""
    keys: list[str | int] = []
    outer, _name, key = place
    while outer is not None:
        keys.append(key)
        outer, _name, key = outer
    root: Path = key
    return (*root, *reversed(keys))


def shown(value: Any, place: Place) -> str:
    """A wrong scalar for a message; only its kind where its place looks secret."""
    if _SECRET_NAME.search(user_path(place)) or not isinstance(value, (str, int, float)):
        return kind_of(value)
    if isinstance(value, str) and len(value) > _LONGEST_SHOWN:
        return kind_of(value)
    return "true" if value is True else "false" if value is False else repr(plain(value))


def kind_of(value: Any) -> str:
    """What a value is, in the words of YAML."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return "text" if value else "empty text"
    for kinds, name in (
        (bool, "a boolean"),
        (int, "a whole number"),
        (float, "a decimal number"),
        (dict, "a dictionary"),
        ((list, tuple), "a list"),
        ((bytes, bytearray), "binary data"),
    ):
        if isinstance(value, kinds):
            return name
    return f"a {type(value).__name__}"


def plain(value: Any) -> Any:
    """A scalar without what Ansible attaches to it: its values are subclasses of str and int."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    return value
