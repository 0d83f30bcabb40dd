# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Templates that run on other nodes: no stages can bring them.

Whatever the update strategy is, the controller ends the pods of nodes that are not eligible any
more, and makes those of nodes that are now, as soon as a template stands
(pkg/controller/daemon/daemon_controller.go, podsShouldBeOnNode). With each flip of the template all
of these pods would come and go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._base.errors import RolloutError
from .._base.words import count_of, natural, some_of
from .held import Held

# What decides on which nodes pods run; pods in the host's network tolerate one taint more.
_FIELDS = ("nodeName", "nodeSelector", "affinity", "tolerations", "hostNetwork")
_NAMED = 5


def refuse_elsewhere(held: Held, wanted: Mapping[str, Any]) -> None:
    """Refuse a template that runs on other nodes than the one that stands.

    Args:
        held: the DaemonSet.
        wanted: the new template, with the API's defaults.

    Raises:
        RolloutError: it does.
    """
    if _placement(wanted) == _placement(held.template):
        return
    from .._cluster import evidence
    from .._nodes.eligibility import name_of, why_not

    nodes = evidence.nodes(held.cluster, held.deadline)
    if nodes is None:
        held.warnings.append(
            f"The new template of DaemonSet {held.name} says otherwise on which nodes it runs."
            " Whether it is on others is not known, as listing nodes is forbidden; there it does"
            " not come, or go, in stages."
        )
        return
    new = {"spec": {"template": wanted}}
    leaves: list[str] = []
    comes: list[str] = []
    for node in nodes:
        was, will_be = why_not(held.live, node) is None, why_not(new, node) is None
        if was != will_be:
            (leaves if was else comes).append(name_of(node))
    told = [
        f"{words} {count_of(len(names), 'node')} ({some_of(sorted(names, key=natural), _NAMED)})"
        for words, names in (("no more on", leaves), ("also on", comes))
        if names
    ]
    if told:
        raise RolloutError(
            f"The new template of DaemonSet {held.name} runs on other nodes than the one that"
            f" stands: {', and '.join(told)}. Stages cannot bring that, as the controller ends and"
            " makes those pods all at once. Nothing was changed.",
            advice="Change what selects the nodes (node_selector, affinity, tolerations) in a task"
            " without rollout, before or after the rest.",
        )


def _placement(template: Mapping[str, Any]) -> dict[str, Any]:
    spec = template.get("spec") or {}
    found = {key: spec[key] for key in _FIELDS if spec.get(key)}
    if "affinity" in found:
        # That to other pods is the scheduler's, who may have them wait but moves none.
        found["affinity"] = found["affinity"].get("nodeAffinity")
    return found
