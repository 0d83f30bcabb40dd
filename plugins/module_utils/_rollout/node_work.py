# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far one node has come on its way to its new pod, and when that has failed. No I/O."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from .._nodes.trouble import Trouble
from .._spec.rollout import Check

# How far a node has come.
OLD, NO_POD, CREATED, READY, AVAILABLE, PROVEN = range(6)


@dataclass(frozen=True)
class Proof:
    """What a new pod has to show.

    Attributes:
        min_ready_seconds: how long it has to be ready to count as available.
        soak_seconds: how long it is looked at afterwards.
        max_pod_restarts: how often its containers may restart, all together; None for any number.
        verify: a command in the pod, which has to end with 0, or None.
        grace_seconds: how long a trouble that waiting does not heal may last.
        progress_deadline_seconds: how long a node may come no further, whatever the reason.
    """

    min_ready_seconds: int = 0
    soak_seconds: int = 0
    max_pod_restarts: int | None = 0
    verify: Check | None = None
    grace_seconds: float = 60
    progress_deadline_seconds: float = 600


@dataclass
class NodeOutcome:
    """What became of one node.

    Attributes:
        node: its name.
        old_uid: the pod that was deleted there, if any.
        new_uid: the pod of the wanted revision, if there was one.
        updated: whether that is available and proven.
        trouble: what keeps, or kept, it from that; None where nothing is wrong or nothing was done.
        restarts: how often the containers of the new pod restarted.
        verify: the result of the command in the pod: command, rc, stdout, stderr.
        touched: whether a pod was deleted there.
        gone: whether the node left the cluster, or should run no pod any more: no failure.
    """

    node: str
    old_uid: str | None = None
    new_uid: str | None = None
    updated: bool = False
    trouble: Trouble | None = None
    restarts: int = 0
    verify: dict[str, Any] | None = None
    touched: bool = False
    gone: bool = False

    @property
    def failed(self) -> bool:
        """Whether the node counts as a failure."""
        return self.trouble is not None and not self.gone


class Work:
    """One node's way, with its clocks (monotonic).

    Attributes:
        outcome: what the caller gets.
        started: whether it is under way.
        ended: whether it has failed, or its node is gone: nothing changes that any more.
        deletions: how many pods were deleted there.
        reached: the farthest point: ``OLD`` to ``PROVEN``.
        trouble: what is wrong now.
        ends_by: the moment until which pods that were deleted there may take to end; 0 for none.
        asked: when something was last read about the node.
        node_seen: the node, as it was then; None where it was not, or could not be, read.
        events: about its new pod, as they were then.
        explained: whether nothing more is to be read about why it failed.
        verified: the uid of the pod in which the command ended with 0.
    """

    def __init__(self, node: str):
        self.outcome = NodeOutcome(node)
        self.started = False
        self.ended = False
        self.deletions = 0
        self.reached = OLD
        self.trouble: Trouble | None = None
        self.ends_by = 0.0
        self.asked = 0.0
        self.node_seen: dict[str, Any] | None = None
        self.events: list[dict[str, Any]] = []
        self.explained = False
        self.verified = ""
        self._moved = time.monotonic()
        self._bad_since: float | None = None

    @property
    def node(self) -> str:
        """The node's name."""
        return self.outcome.node

    @property
    def is_busy(self) -> bool:
        """Whether its pod is not available because of us: it is under way, and has not ended."""
        return self.started and not self.ended and not self.outcome.updated

    @property
    def has_settled(self) -> bool:
        """Whether there is nothing to wait for."""
        return self.ended or self.outcome.updated

    @property
    def is_bad(self) -> bool:
        """Whether what is wrong with it now does not heal by waiting."""
        return self.trouble is not None and not self.trouble.heals

    def start(self) -> None:
        """Let the clocks run from now."""
        self.started = True
        self._moved = time.monotonic()

    def seconds_still(self) -> float:
        """For how long the node has not come further."""
        return time.monotonic() - self._moved

    def reach(self, point: int, trouble: Trouble | None) -> None:
        """Note where the node is now, and what is wrong with it."""
        if self.outcome.updated and point < PROVEN:
            # It was well, and is not any more: its time begins again.
            self._moved = time.monotonic()
        self.outcome.updated = point == PROVEN
        if point > self.reached:
            self.reached, self._moved = point, time.monotonic()
        self.trouble = trouble
        if point >= AVAILABLE and trouble is None:
            self._bad_since = None
        elif self.is_bad and self._bad_since is None:
            # A crashing container runs now and then: only being available ends this.
            self._bad_since = time.monotonic()

    def judge(self, proof: Proof) -> None:
        """Give the node up where its time is over."""
        if self.has_settled:
            return
        is_bad = self.is_bad and self._bad_for() >= proof.grace_seconds
        # A pod that is ready cannot come further before it has been so for long enough, nor one
        # that is looked at by a command before that has ended.
        patience = proof.progress_deadline_seconds
        if self.reached == READY:
            patience += proof.min_ready_seconds
        if self.reached == AVAILABLE and proof.verify is not None:
            patience += proof.verify.timeout_seconds
        # And one that was deleted may take its own time to end.
        still = time.monotonic() - max(self._moved, self.ends_by)
        if is_bad or still >= patience:
            self.fail(self.trouble)

    def fail(self, trouble: Trouble | None) -> None:
        """End as a failure."""
        self.ended = True
        self.outcome.updated = False
        self.outcome.trouble = trouble or Trouble("Starting", "the pod did not start in time", True)

    def leave(self, trouble: Trouble) -> None:
        """End as a node that needs no pod any more."""
        self.fail(trouble)
        self.outcome.gone = True

    def _bad_for(self) -> float:
        return 0.0 if self._bad_since is None else time.monotonic() - self._bad_since
