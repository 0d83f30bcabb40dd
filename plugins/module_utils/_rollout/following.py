# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One DaemonSet whose rollout is waited for: what was seen of it, and what that means.

Nothing is asked of the cluster here, and the time is always given (in seconds of the monotonic
clock), so that the rules can be read, and tried, without either.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import EverynodeError, RolloutError
from .._base.words import count_of
from .._nodes.controller import CAUSE as CONTROLLER_IDLE
from .._nodes.readiness import STRICT, Verdict, could_be_excused, resolve_share, verdict
from .endings import Endings
from .explaining import Explanation
from .observing import Silence
from .patience import Patience
from .state import HALTED, HOLDING, PAUSED
from .wait_failures import not_ready, was_deleted

# Nothing has come forward for so long: worth a look at the pods. Later looks are further apart.
_LULL = 5.0
_LONGEST_PAUSE = 30.0
# For some milliseconds, the controller has not seen any change.
_UNSEEN_SECONDS = 1.0
_CAUSES_IN_LINE = 3


class Following:
    """One DaemonSet on its way.

    Args:
        live: as it is now.
        patience: what the wait puts up with.
        now: the time.
        to_the_last_step: whether a rollout in several steps (in stages, paused, a rebuild) that is
            remembered on the object has to have ended, too.

    Attributes:
        live: as it was last seen.
        found: what that means.
        error: why the wait for it failed; None so far.
        doubtful: whether the controller's count has to be checked by the pods, see `_doubt`.
        hopeless: whether a cause that does not heal by waiting has lasted for too long, on more
            nodes than may lack their pod.
    """

    def __init__(
        self,
        live: dict[str, Any],
        patience: Patience,
        now: float,
        *,
        to_the_last_step: bool = False,
    ):
        metadata = live["metadata"]
        self.live = live
        self.uid = str(metadata["uid"])
        self.name = f"{metadata['namespace']}/{metadata['name']}"
        self.found = verdict(live)
        self._to_the_last_step = to_the_last_step
        deleting = self.found.state == "deleting"
        self.error: EverynodeError | None = was_deleted(live, self.found) if deleting else None
        self.hopeless = False
        self.doubtful = False
        self._unseen = not (live.get("status") or {}).get("observedGeneration")
        self._patience = patience
        self._best = _score(live, self.found)
        self._progressed = now
        # Since when nothing has come forward, or nobody has looked why, and for how long that may
        # be; a look that is to come sooner.
        self._quiet_since = now
        self._pause = min(_LULL, max(patience.grace_seconds, 1.0))
        self._sooner = math.inf
        self._reasons: list[dict[str, Any]] = []
        self._endings = Endings()
        self._silence = Silence(patience.grace_seconds)
        # When a cause that does not heal was first seen, and how many looks have missed it since.
        self._since: dict[str, tuple[float, int]] = {}
        self.found = self._with_steps(self.found)

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.found.ready or self.error is not None

    def see(self, snapshot: dict[str, Any] | None, now: float) -> None:
        """Take note of the object as a watch tells it; None once it is gone."""
        if snapshot is None:
            self.found = Verdict(False, "deleted", "it was deleted", self.found.counts)
            self.error = was_deleted(self.live, self.found)
            return
        found = verdict(snapshot, uid=self.uid)
        if found.state in ("deleting", "replaced"):
            self.found = found
            self.error = was_deleted(self.live, found)
            return
        # A watch may begin before the change that is waited for.
        if snapshot["metadata"]["generation"] < self.live["metadata"]["generation"]:
            return
        self.live = snapshot
        score = _score(snapshot, found)
        if score[:2] != self._best[:2] or score > self._best:
            self._best, self._progressed = score, now
            self._endings = Endings()
            self._silence = Silence(self._patience.grace_seconds)
            self._quiet_since, self._sooner = now, math.inf
            self._reasons = [one for one in self._reasons if not one["heals"]]
        self.found = self._with_steps(self._doubt(found, now))

    def _with_steps(self, found: Verdict) -> Verdict:
        """The verdict where a rollout in several steps counts, which another task leads.

        Under OnDelete the controller has nothing to do, however few pods are updated. Where nobody
        goes on with it, there is nothing to wait for.
        """
        if not self._to_the_last_step or self.error is not None:
            return found
        from .remembered import steps

        told = steps(self.live)
        if not told:
            return found
        message = str(told["message"])
        found = replace(
            found, ready=False, state=str(told.get("state") or "unknown"), message=message
        )
        if told.get("kind") == PAUSED or told.get("phase") in (HOLDING, HALTED):
            details = {**found.as_result(), **told, "failed_by": "cause"}
            self.error = RolloutError(
                f"DaemonSet {self.name} is not rolled out: {message}.",
                advice="Go on with its rollout first; waiting does not help.",
                details={"rollout": details},
            )
        return found

    def _doubt(self, found: Verdict, now: float) -> Verdict:
        """The verdict, held back where a new DaemonSet seems to be ready at the first sight of it.

        It has adopted pods that ran already. The controller takes them for updated by the number
        of their template, which a namesake before it may have used for another one
        (pkg/controller/daemon/util/daemonset_util.go, IsPodUpdated).
        """
        if self._unseen and found.state != "observing":
            self._unseen = False
            self.doubtful = found.ready and found.counts["desired"] > 0
        if not (self.doubtful and found.ready):
            return found
        self._sooner = now
        told = "pods that ran already were adopted, and their template is being checked"
        return replace(found, ready=False, state="updating", message=told)

    def wakes(self) -> float:
        """When there is something to do although nothing is told."""
        return min(self._look_at(), self._stuck_at())

    def wants_look(self, now: float) -> bool:
        """Whether it is time to look at the pods."""
        return now >= self._look_at()

    def _look_at(self) -> float:
        return min(self._quiet_since + self._pause + self._takes_time(), self._sooner)

    def _takes_time(self) -> float:
        """Seconds for which nothing comes forward although all goes well: where every pod is ready,
        and has to have been so for a while. In a surge the controller tells the old pod's state as
        long as there is one, so that a new one that fails is not seen in its numbers.
        """
        spec, counts = self.live["spec"], self.found.counts
        if self.found.state == "observing" or counts["ready_pods"] < counts["desired"]:
            return 0.0
        least = float(spec.get("minReadySeconds") or 0)
        rolling = (spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
        return min(least, _LONGEST_PAUSE) if rolling.get("maxSurge") else least

    def _stuck_at(self) -> float:
        # A pod that was deleted may take its own grace period to end.
        return max(self._progressed, self._endings.last) + self._allowed_seconds()

    def _allowed_seconds(self) -> float:
        """How long nothing may come forward where no pod is ending."""
        least = float(self.live["spec"].get("minReadySeconds") or 0)
        return self._patience.progress_deadline_seconds + least

    def unseen_seconds(self, now: float, *, last: bool = False) -> float | None:
        """For how long the controller has not seen this generation, where that is worth a word: a
        leader election takes a while.

        Args:
            now: the time.
            last: whether the wait ends, so that it is told in any case.
        """
        if self.found.state != "observing":
            return None
        passed = now - self._progressed
        return passed if last or passed >= self._silence.long else None

    def is_stuck(self, now: float) -> bool:
        """Whether nothing has come forward for too long."""
        return now >= self._stuck_at()

    def fails_by(self, now: float) -> str:
        """What ends the wait before its time: ``cause``, ``no_progress``, or nothing."""
        return "cause" if self.hopeless else "no_progress" if self.is_stuck(now) else ""

    def looked(self, seen: Explanation, began: float, now: float) -> None:
        """Take note of what a look at the pods has shown.

        Args:
            seen: what it has shown.
            began: when the look began.
            now: the time.
        """
        self._reasons = seen.reasons
        is_late = began >= self._progressed + self._allowed_seconds()
        self._endings.note(seen.ending, now, is_late=is_late)
        told = next((one for one in self._reasons if one["cause"] == CONTROLLER_IDLE), None)
        if told is not None:
            self._silence.note(now - self._progressed, told["evidence"])
        self._count_lasting(now)
        self._quiet_since, self._sooner = now, math.inf
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        for first, _missed in self._since.values():
            grace_over = first + self._patience.grace_seconds
            if grace_over > now:
                self._sooner = min(self._sooner, max(grace_over, now + 1.0))
        if self.doubtful:
            self._check_adopted(seen)
        if self._progressed < began:
            self._excuse(seen)
            self.hopeless = self._is_hopeless(now)

    def _count_lasting(self, now: float) -> None:
        lasting = {one["cause"] for one in self._reasons if not one["heals"]}
        kept = {}
        for cause, (first, missed) in self._since.items():
            # A container that crashes again and again runs in between.
            if cause in lasting or not missed:
                kept[cause] = (first, 0 if cause in lasting else 1)
        for cause in lasting:
            kept.setdefault(cause, (now, 0))
        self._since = kept

    def _check_adopted(self, seen: Explanation) -> None:
        """Judge the pods that were adopted; without the rights for that the controller is right."""
        known = seen.pods is not None and seen.revision
        found = verdict(
            self.live,
            uid=self.uid,
            pods=seen.pods if known else None,
            revision=seen.revision if known else None,
            now=datetime.now(UTC),
        )
        if found.ready:
            self.doubtful, self.found = False, found
        elif verdict(self.live).ready:
            self.found = found
            self.error = RolloutError(
                f"DaemonSet {self.name} adopted pods that ran already, and {found.message}: it"
                " never replaces them.",
                advice="Replace them with state: restarted.",
                details={"rollout": {**found.as_result(), "failed_by": "cause"}},
            )

    def _is_hopeless(self, now: float) -> bool:
        if not self._patience.fail_early or not self._since:
            return False
        if self.found.state == "observing":
            # The pods are of the version before, and say nothing about this one.
            return False
        budget = self._patience.allowance.unavailable_budget
        spared = 0 if budget is None else resolve_share(budget, self.found.counts["desired"])
        if sum(one["count"] for one in self._reasons if not one["heals"]) <= spared:
            return False
        first = min(first for first, _missed in self._since.values())
        return now - first >= self._patience.grace_seconds

    def _excuse(self, seen: Explanation) -> None:
        """Make use of the allowance, if what lacks is within it."""
        allowance = self._patience.allowance
        if not could_be_excused(self.found, allowance):
            return
        found = verdict(
            self.live,
            allowance,
            uid=self.uid,
            pods=seen.pods,
            nodes=seen.nodes,
            now=datetime.now(UTC),
            by_numbers=seen.pods is None,
        )
        if found.ready:
            # Nobody else lacks a pod, so these are the reasons of the excused.
            causes = "; ".join(map(_briefly, seen.reasons[:_CAUSES_IN_LINE]))
            told = f"{found.message} ({causes})" if causes else found.message
            self.found = replace(found, message=told, reasons=tuple(seen.reasons))

    @property
    def wants_nodes(self) -> bool:
        """Whether a look has to read all nodes, too: only they tell where pods are wanted, also
        where the controller's numbers are late.
        """
        return self._patience.allowance != STRICT

    @property
    def causes(self) -> list[str]:
        """Why pods are not available, and on which nodes, as far as somebody has looked."""
        found = [_briefly(one) for one in self._reasons if one["cause"] != "Starting"]
        return found[:_CAUSES_IN_LINE]

    def line(self, now: float) -> str:
        """How far it is, for a person who waits; empty where that is not worth a line."""
        counts, found = self.found.counts, self.found
        if found.state == "observing" and now - self._progressed < _UNSEEN_SECONDS:
            # As after each change.
            return ""
        if found.state == "observing":
            return f"{self.name}: {self._silence.told or found.message}"
        if found.ready or found.state not in ("updating", "starting"):
            return f"{self.name}: {found.message}"
        told = (
            f"{counts['updated']} of {counts['desired']} updated, {counts['available']} available"
        )
        return f"{self.name}: {'; '.join([told, *self.causes])}"

    def fail(self, failed_by: str, why: Explanation, deadline: Deadline, now: float) -> None:
        """End the wait for it: without success, unless what lacks may be excused.

        Args:
            failed_by: ``timeout``, ``cause`` or ``no_progress``.
            why: what is known of the reasons.
            deadline: the task's.
            now: the time.
        """
        self._excuse(why)
        if self.found.ready:
            return
        if why.pods is None and self._reasons and not why.reasons:
            # The last look saw nothing, such as for lack of time; the one before it did.
            why = Explanation(self._reasons)
        if failed_by == "cause":
            # First what has ended the wait, though more nodes may wait for something else.
            why = replace(why, reasons=sorted(why.reasons, key=lambda one: bool(one["heals"])))
        passed = deadline.seconds if failed_by == "timeout" else now - self._progressed
        self.error = not_ready(self.name, self.found, failed_by, passed, why)


def _score(live: Mapping[str, Any], found: Verdict) -> tuple[Any, ...]:
    """What grows with progress. Its first two parts say what it is that comes forward."""
    counts = found.counts
    return (
        live["metadata"]["generation"],
        counts["desired"],
        found.state != "observing",
        counts["updated"],
        counts["available"],
        counts["ready_pods"],
    )


def _briefly(group: Mapping[str, Any]) -> str:
    """A cause and its nodes, as a progress line shows it."""
    nodes: Iterable[str] = group["nodes"]
    named = ", ".join(nodes)
    more = int(group["count"]) - len(group["nodes"])
    if not named:
        return f"{group['cause']} on {count_of(group['count'], 'node')}"
    return f"{group['cause']} on {named}" + (f" and {more} more" if more else "")
