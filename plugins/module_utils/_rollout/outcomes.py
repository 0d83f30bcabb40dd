# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of nodes, as results and messages tell it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._nodes.trouble import MAX_NODES_NAMED
from .node_work import NodeOutcome


def reasons_of(outcomes: Iterable[NodeOutcome]) -> list[dict[str, Any]]:
    """Why nodes failed, grouped by cause, most frequent first, in the shape of all reasons."""
    groups: dict[tuple[str, bool], dict[str, Any]] = {}
    for outcome in outcomes:
        trouble = outcome.trouble
        if trouble is None or outcome.gone:
            continue
        new = {"cause": trouble.cause, "count": 0, "nodes": [], "evidence": trouble.evidence}
        group = groups.setdefault((trouble.cause, trouble.heals), new | {"heals": trouble.heals})
        group["count"] += 1
        if len(group["nodes"]) < MAX_NODES_NAMED:
            group["nodes"].append(outcome.node)
    return sorted(groups.values(), key=lambda group: (-int(group["count"]), group["cause"]))


def shown(outcome: NodeOutcome) -> dict[str, Any]:
    """One node's outcome as a result holds it."""
    trouble = outcome.trouble
    return {
        "node": outcome.node,
        "updated": outcome.updated,
        "touched": outcome.touched,
        "gone": outcome.gone,
        "restarts": outcome.restarts,
        "cause": trouble.cause if trouble else None,
        "evidence": trouble.evidence if trouble else None,
        "verify": outcome.verify,
    }
