# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one row of docs/console-fields.md means: parameters, and what becomes of them.

The unit tests look at faults and warnings, the integration tests at what the API
server holds afterwards and at the second run, which must find nothing to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .case import full_path

AGENT = {"name": "agent", "image": "registry.example/agent:1"}
# Nothing stands there.
ABSENT = object()


@dataclass(frozen=True)
class Row:
    """One thing that a user can say, or cannot.

    Attributes:
        ids: the rows that it belongs to.
        what: what is special about it, for the test's report.
        asks: the parameters, without the name; without containers, there is one.
        gives: values by their dotted paths in the manifest, see case.py.
        refuses: the parameter that a fault is about; empty where all is well.
        warns: the parameter that a warning is about.
        says: words of the fault or warning.
    """

    ids: str
    what: str
    asks: Mapping[str, Any]
    gives: Mapping[str, Any] = field(default_factory=dict)
    refuses: str = ""
    warns: str = ""
    says: str = ""

    @property
    def name(self) -> str:
        """A name for the test's report."""
        return f"{self.ids} {self.what}"

    @property
    def parameters(self) -> dict[str, Any]:
        """All parameters of the task, but the namespace."""
        defaults: dict[str, Any] = {"name": "agent"}
        if "definition" not in self.asks:
            defaults["containers"] = [AGENT]
        return {**defaults, **self.asks}

    def compare(self, manifest: Mapping[str, Any]) -> None:
        """Make sure that a manifest holds what is said here."""
        for where, value in self.gives.items():
            found = _at(manifest, full_path(where))
            # True equals 1 in Python, and never in a manifest.
            assert found is value or (found == value and type(found) is type(value)), where


def _at(manifest: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        try:
            manifest = manifest[part]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return manifest


def row(ids: str, what: str, gives: Mapping[str, Any], /, **asks: Any) -> Row:
    """What is taken without a word."""
    return Row(ids, what, asks, gives)


def of_container(ids: str, what: str, gives: Mapping[str, Any], /, **fields: Any) -> Row:
    """What is taken as part of a container."""
    return Row(ids, what, {"containers": [{**AGENT, **fields}]}, gives)


def surprising(ids: str, what: str, warns: str, says: str, /, **asks: Any) -> Row:
    """What is taken with a warning."""
    return Row(ids, what, asks, warns=warns, says=says)


def refused(ids: str, what: str, refuses: str, says: str, /, **asks: Any) -> Row:
    """What is not taken."""
    return Row(ids, what, asks, refuses=refuses, says=says)


def refused_in_container(ids: str, what: str, refuses: str, says: str, /, **fields: Any) -> Row:
    """What is not taken as part of a container."""
    asks = {"containers": [{**AGENT, **fields}]}
    return Row(ids, what, asks, refuses=f"containers[0].{refuses}", says=says)
