# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the DaemonSet controller acts, by what it has seen of an object and by its lease. Pure.

It heals by itself: another controller manager takes the lead once the lease of the one before is
over, and one that was restarted once it holds it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .pods import moment
from .readiness import is_seen
from .trouble import Trouble, trouble

CAUSE = "ControllerIdle"
ADVICE = (
    "See to it that the cluster's kube-controller-manager runs and leads: the rollout then goes on"
    " by itself."
)
# So long does a leader that died hold on, as a rule (--leader-elect-lease-duration).
ELECTION_SECONDS = 15.0
# Clocks of machines that keep time differ by less.
_CLOCKS_DIFFER = 10.0


def specified_at(daemonset: Mapping[str, Any]) -> datetime | None:
    """When what the DaemonSet asks for was changed last, by the times of those who own fields of
    its spec (KEP-555); None where it does not say. They are in whole seconds, as those of events.
    """
    entries = (daemonset.get("metadata") or {}).get("managedFields") or []
    times = [
        moment(one.get("time"))
        for one in entries
        if not one.get("subresource") and "f:spec" in (one.get("fieldsV1") or {})
    ]
    return max((time for time in times if time is not None), default=None)


def unseen_for(daemonset: Mapping[str, Any], now: datetime) -> float | None:
    """For how many seconds the controller has not seen the DaemonSet's generation, where that is
    longer than it takes to elect a leader; None otherwise, and where the object does not say when
    it was changed.
    """
    changed = None if is_seen(daemonset) else specified_at(daemonset)
    if changed is None:
        return None
    seconds = (now - changed).total_seconds()
    return seconds if seconds >= ELECTION_SECONDS else None


def unseen(seconds: float, lease: Mapping[str, Any] | None, now: datetime) -> Trouble:
    """The trouble of a DaemonSet whose generation the controller has not seen.

    Args:
        seconds: for how long.
        lease: that of the controller manager; empty where there is none, None where it could not
            be read.
        now: the time.
    """
    told = f"the DaemonSet controller has not seen this version for {seconds:.0f} s"
    return trouble(CAUSE, told + _evidence(lease, now), True)


def idle(lease: Mapping[str, Any] | None, now: datetime) -> Trouble | None:
    """The trouble of a DaemonSet that the controller has seen, and does nothing about; None where
    its lease does not prove that.

    Args:
        lease: as by `unseen`.
        now: the time.
    """
    if not lease or not _is_over(lease, now):
        return None
    told = "the DaemonSet controller does nothing"
    return trouble(CAUSE, told + _evidence(lease, now), True)


def _is_over(lease: Mapping[str, Any], now: datetime) -> bool:
    """Whether nobody holds the lease any more."""
    spec = lease.get("spec") or {}
    if not spec.get("holderIdentity"):
        return True
    age = _age(lease, now)
    lasts = float(spec.get("leaseDurationSeconds") or ELECTION_SECONDS)
    return age is not None and age > lasts + _CLOCKS_DIFFER


def _age(lease: Mapping[str, Any], now: datetime) -> float | None:
    """Seconds since the lease was renewed last."""
    renewed = moment((lease.get("spec") or {}).get("renewTime"))
    return None if renewed is None else max((now - renewed).total_seconds(), 0.0)


def _evidence(lease: Mapping[str, Any] | None, now: datetime) -> str:
    """What the lease says, as the end of a sentence."""
    if lease is None:
        return "; the lease of kube-controller-manager could not be read"
    if not lease:
        return "; there is no lease of kube-controller-manager to tell whether it runs"
    holder, age = (lease.get("spec") or {}).get("holderIdentity"), _age(lease, now)
    if not holder:
        return ": no kube-controller-manager holds the lease"
    if age is None:
        return f"; kube-controller-manager ({holder}) has not said when it renewed its lease"
    if _is_over(lease, now):
        return f": kube-controller-manager ({holder}) has not renewed its lease for {age:.0f} s"
    return (
        f", although kube-controller-manager ({holder}) renewed its lease {age:.0f} s ago: it is"
        " behind, or runs without this controller"
    )
