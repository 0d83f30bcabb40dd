# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What typed parameters offer beside the API's own fields, deeper than the top level.

A convenience stands for one field of the object that it is written in. It exists only where the
API has no field that says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .schema import FieldType


@dataclass(frozen=True, slots=True)
class Convenience:
    """A field of our own.

    Attributes:
        accepts: the type of what the user writes.
        field: the API field of the same object that it stands for.
        value: makes that field's value from what the user wrote, once that is of the right type.
        description: one sentence for the documentation.
    """

    accepts: FieldType
    field: str
    value: Callable[[Any], Any]
    description: str


def _pull_policy(always: bool) -> str:
    """Written out both ways: left alone, the API takes Always for images tagged ``latest``."""
    return "Always" if always else "IfNotPresent"


# By the type of the object that they are written in, then by name (snake_case).
CONVENIENCES: Mapping[str, Mapping[str, Convenience]] = {
    "Container": {
        "always_pull": Convenience(
            accepts=FieldType("boolean"),
            field="imagePullPolicy",
            value=_pull_policy,
            description="Whether the image is pulled at every start of the container. V(true) is"
            " the pull policy V(Always), V(false) is V(IfNotPresent).",
        ),
    },
}
