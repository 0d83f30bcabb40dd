# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The annotation in which a rollout in several steps is remembered: whether there is one, which is
all that most tasks ask; what is in it is `state`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ANNOTATION = "everynode.kubernetes/rollout"


def has_state(live: Mapping[str, Any] | None) -> bool:
    """Whether a live DaemonSet remembers a rollout, readable or not."""
    metadata = (live or {}).get("metadata") or {}
    return ANNOTATION in (metadata.get("annotations") or {})


def shown_metadata(live: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata without managedFields and without what is remembered."""
    metadata = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    annotations = metadata.get("annotations") or {}
    if ANNOTATION in annotations:
        metadata["annotations"] = {k: v for k, v in annotations.items() if k != ANNOTATION}
    return metadata
