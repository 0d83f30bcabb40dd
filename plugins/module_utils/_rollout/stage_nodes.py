# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nodes of a staged rollout: which have failed, are gone, or are left out."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from typing import Any

from .._base.words import natural
from .._nodes.pods import is_ending, is_ready, revision_of
from .._nodes.trouble import Trouble
from .._spec.rollout import Plan
from .held import Held
from .node_work import NodeOutcome
from .outcomes import reasons_of
from .patience import Patience
from .pod_table import Pod
from .surroundings import NOT_READY, Surroundings, away, look_around, may_excuse

# Of the nodes' labels and health.
_BETWEEN_LOOKS = 30.0


class StageNodes:
    """What one run knows of the nodes.

    Args:
        held: the DaemonSet, with its state.
        plan: how.
        patience: how long to put up with what.

    Attributes:
        failed: those that were put up with, and what became of each.
    """

    def __init__(self, held: Held, plan: Plan, patience: Patience):
        self.failed: dict[str, NodeOutcome] = {}
        self._held = held
        self._plan = plan
        self._patience = patience
        self._around = Surroundings()
        self._looked = -math.inf
        self._gone: set[str] = set()
        # Those that were not Ready any more when it was their turn.
        self._lost: dict[str, Trouble] = {}
        self._excused: set[str] = set()

    def look_around(self) -> None:
        """Read the nodes again, where that was a while ago."""
        if time.monotonic() - self._looked >= _BETWEEN_LOOKS:
            self._around = look_around(self._held, self._plan, self._patience)
            self._looked = time.monotonic()

    @property
    def labels(self) -> Mapping[str, Mapping[str, str]]:
        """The labels of each node, where the plan goes by them."""
        return self._around.labels

    @property
    def sick(self) -> dict[str, Trouble]:
        """The nodes that are left out, as they are not Ready and the task allows it."""
        return {**self._around.excused, **self._lost}

    @property
    def excused(self) -> list[str]:
        """Those of them that lack the new pod, as they were seen last."""
        return sorted(self._excused, key=natural)

    def why_excused(self) -> list[dict[str, Any]]:
        """What is wrong with these, in the shape of all reasons."""
        troubles = self.sick
        return reasons_of(NodeOutcome(node, trouble=troubles[node]) for node in self.excused)

    def revisions(self, standing: Mapping[str, Pod], new: str) -> dict[str, str]:
        """The revision of the pod on each node that takes part; empty on one that has failed
        without a pod, and where a new pod is ending: what comes after it may be another one.

        Args:
            standing: the pod of each node.
            new: the revision that is rolled out.
        """
        self._welcome_back(standing)
        sick = self.sick.keys()
        found = {node: revision_of(pod) for node, pod in standing.items()}
        ending = {node for node, pod in standing.items() if is_ending(pod) and found[node] == new}
        found |= dict.fromkeys(ending, "")
        self._excused = {node for node in sick & found.keys() if found[node] != new}
        self._excused |= self._lost.keys()
        found = dict.fromkeys(self.failed, "") | found
        return {node: one for node, one in found.items() if node not in self._gone | sick}

    def unwell(self, standing: Mapping[str, Pod], new: str) -> set[str]:
        """The nodes that take part and whose new pod is not ready, for no reason of the node's."""
        left_out = self._gone | self.sick.keys()
        found = {
            node
            for node, pod in standing.items()
            if node not in left_out
            and revision_of(pod) == new
            and not is_ready(pod)
            and not is_ending(pod)
        }
        return found - away(self._held, found)

    def left(self, standing: Mapping[str, Pod], outdated: Iterable[str]) -> list[str]:
        """Those of some nodes that neither failed nor are left out."""
        self._welcome_back(standing)
        left_out = self._gone | self.failed.keys() | self.sick.keys()
        return [node for node in outdated if node not in left_out]

    def take_in(self, outcomes: Iterable[NodeOutcome]) -> list[NodeOutcome]:
        """Note which nodes failed or are gone; returns those that are left out from now on."""
        lost = []
        for one in outcomes:
            if one.gone:
                self._gone.add(one.node)
            if one.failed and self._excuse(one):
                lost.append(one)
            elif one.failed:
                self.failed[one.node] = one
        return lost

    def _excuse(self, outcome: NodeOutcome) -> bool:
        """Leave a node out that is not Ready, where the task allows one more."""
        trouble = outcome.trouble
        if trouble is None or trouble.cause != NOT_READY:
            return False
        if not may_excuse(self._held, self._patience, len({*self.sick, outcome.node})):
            return False
        self._lost[outcome.node] = trouble
        return True

    def _welcome_back(self, standing: Mapping[str, Pod]) -> None:
        """Take nodes that were gone for those that are there again, where they have a pod."""
        self._gone = {
            node for node in self._gone if is_ending(pod := standing.get(node, {})) or not pod
        }
