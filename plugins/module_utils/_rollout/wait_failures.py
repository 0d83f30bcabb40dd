# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a wait says that it failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._base.errors import RolloutError
from .._nodes import controller
from .._nodes.readiness import Verdict
from .explaining import Explanation

_ADVICE = {
    "timeout": "Mend the cause, or give it more time with wait_timeout.",
    "cause": "Mend the cause. To wait for longer all the same, set failure_grace_seconds or"
    " fail_early: false.",
    "no_progress": "Mend the cause, or give it more time with progress_deadline_seconds.",
}


def not_ready(
    name: str, found: Verdict, failed_by: str, seconds: float, why: Explanation
) -> RolloutError:
    """The failure of a wait for a DaemonSet that is not ready.

    Args:
        name: its namespace and name.
        found: how far it is.
        failed_by: ``timeout``, ``cause`` or ``no_progress``.
        seconds: how long the task had; with ``no_progress``, for how long there was none.
        why: what is known of the reasons.
    """
    words = {
        "timeout": f"is not ready after {seconds:g} seconds",
        "cause": "does not become ready, and waiting does not help",
        "no_progress": f"made no progress for {seconds:.0f} seconds",
    }
    causes = [one["cause"] for one in why.reasons]
    is_idle = found.state == "observing" or causes[:1] == [controller.CAUSE]
    details = {
        **found.as_result(),
        "ready": False,
        "reasons": why.reasons,
        "failed_by": failed_by,
    }
    return RolloutError(
        f"DaemonSet {name} {words[failed_by]}: {found.message}.{why.in_words()}",
        advice=controller.ADVICE if is_idle else _ADVICE[failed_by],
        details={"rollout": details},
    )


def was_deleted(live: Mapping[str, Any], found: Verdict) -> RolloutError:
    """The failure of a wait for a DaemonSet that went away meanwhile.

    Args:
        live: as it was last seen.
        found: ``deleted``, ``deleting``, or ``replaced`` where there is another of its name.
    """
    namespace, name = live["metadata"]["namespace"], live["metadata"]["name"]
    how = {
        "deleting": "is being deleted while the task waits",
        "replaced": "was deleted while the task waited, and another of its name was created",
    }.get(found.state, "was deleted while the task waited")
    rollout = {**found.as_result(), "failed_by": "deleted"}
    return RolloutError(
        f"DaemonSet {namespace}/{name} {how} for its rollout.",
        advice="Somebody or something else removed it: run the task again once that is settled.",
        details={"rollout": rollout},
    )
