# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task shows as its difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._base.redaction import redact_pair
from .._cluster import kinds, objects
from .verb import Task


def difference(
    task: Task, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The difference of one object, as Ansible shows it: what a user controls, without secrets.

    Either may be None, for one that was made or removed.
    """
    old, new = redact_pair(objects.controllable(before), objects.controllable(after), task.secrets)
    header = kinds.called(before or after or {})
    return {"before": old, "after": new, "before_header": header, "after_header": header}
