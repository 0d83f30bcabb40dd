# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual environments, each with the requirements that it is made from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Environment:
    """What one virtual environment needs. `seconds` is what making it usually takes."""

    name: str
    purpose: str
    oldest: tuple[int, int]
    newest: tuple[int, int]
    seconds: int
    prefer_oldest: bool = False
    # A package whose wheel holds collections, and those of them that are wanted.
    collections_from: str = ""
    collections: tuple[str, ...] = ()

    @property
    def requirements(self) -> str:
        """The file with the pinned packages, relative to the checkout."""
        return f"requirements/{self.name}.txt"


ENVIRONMENTS = {
    environment.name: environment
    for environment in (
        Environment("demo", "run playbooks", (3, 11), (3, 14), seconds=20),
        Environment("test", "run the tests and checks", (3, 12), (3, 14), seconds=45),
        Environment(
            "bench",
            "compare with kubernetes.core",
            (3, 12),
            (3, 14),
            seconds=30,
            collections_from="ansible==14.5.0",
            collections=("kubernetes/core",),
        ),
        Environment(
            "smoke-oldest",
            "test with the oldest supported versions",
            (3, 11),
            (3, 13),
            seconds=20,
            prefer_oldest=True,
        ),
        Environment("runner", "run jobs as AWX does", (3, 12), (3, 14), seconds=20),
        Environment(
            "importer", "import the collection as Galaxy does", (3, 12), (3, 13), seconds=25
        ),
    )
}
