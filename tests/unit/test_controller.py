# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DaemonSet controller that does not act: how that is known, and what is said of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.deadline import Deadline
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes import controller
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.diagnosis import (
    in_words,
    reasons,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.explaining import (
    Explanation,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.following import (
    Following,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.observing import (
    Silence,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.patience import (
    Patience,
)

_NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
_SAID = "the DaemonSet controller has not seen this version for 15 s"


def _time(seconds_ago: float) -> str:
    return (_NOW - timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _lease(seconds_ago: float | None, holder: str = "cp-1", lasts: int | None = 15) -> Any:
    spec = {"holderIdentity": holder, "leaseDurationSeconds": lasts}
    if seconds_ago is not None:
        spec["renewTime"] = _time(seconds_ago)
    return {"spec": spec}


@pytest.mark.parametrize(
    ("lease", "words", "is_idle"),
    [
        (None, "; the lease of kube-controller-manager could not be read", False),
        ({}, "; there is no lease of kube-controller-manager to tell whether it runs", False),
        (_lease(40), ": kube-controller-manager (cp-1) has not renewed its lease for 40 s", True),
        (_lease(40, lasts=None), ": kube-controller-manager (cp-1) has not renewed", True),
        (_lease(2, holder=""), ": no kube-controller-manager holds the lease", True),
        ({"metadata": {}}, ": no kube-controller-manager holds the lease", True),
        (_lease(2), ", although kube-controller-manager (cp-1) renewed its lease 2 s ago", False),
        # It lasts longer, or clocks differ.
        (_lease(40, lasts=60), ", although kube-controller-manager (cp-1)", False),
        (_lease(24), ", although kube-controller-manager (cp-1)", False),
        (_lease(-500), ", although kube-controller-manager (cp-1) renewed its lease 0 s", False),
        (_lease(None), "; kube-controller-manager (cp-1) has not said when", False),
    ],
)
def test_what_the_lease_says(lease: Any, words: str, is_idle: bool) -> None:
    found = controller.unseen(15.2, lease, _NOW)
    assert found.evidence.startswith(_SAID + words)
    assert (found.cause, found.heals) == ("ControllerIdle", True)
    idle = controller.idle(lease, _NOW)
    assert (idle is not None) is is_idle
    if idle is not None:
        assert idle.evidence.startswith(f"the DaemonSet controller does nothing{words}")


def _live(observed: int, desired: int = 3, changed: float | None = None) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "namespace": "ns",
        "name": "agent",
        "uid": "one",
        "generation": 2,
        "annotations": {"deprecated.daemonset.template.generation": "2"},
    }
    if changed is not None:
        entry = {"manager": "everynode", "time": _time(changed), "fieldsV1": {"f:spec": {}}}
        metadata["managedFields"] = [entry]
    status = {
        "observedGeneration": observed,
        "desiredNumberScheduled": desired,
        "currentNumberScheduled": desired,
        "updatedNumberScheduled": desired,
        "numberReady": desired,
        "numberAvailable": desired,
    }
    return {"metadata": metadata, "spec": {}, "status": status}


@pytest.mark.parametrize(
    ("live", "seconds"),
    [
        (_live(1, changed=20), 20),
        (_live(1, changed=15), 15),
        (_live(1, changed=14), None),
        (_live(2, changed=20), None),
        (_live(1), None),
    ],
)
def test_for_how_long_it_was_not_seen(live: dict[str, Any], seconds: float | None) -> None:
    assert controller.unseen_for(live, _NOW) == seconds


def _pod(node: str, number: str, ready: str = "True") -> dict[str, Any]:
    labels = {"pod-template-generation": number}
    conditions = [{"type": "Ready", "status": ready}]
    return {
        "metadata": {"name": f"agent-{node}", "uid": node, "labels": labels},
        "spec": {"nodeName": node},
        "status": {"phase": "Running", "conditions": conditions},
    }


def test_what_was_not_seen_is_told_first_and_of_all_nodes() -> None:
    pods = [_pod("a", "1"), _pod("b", "1", ready="False")]
    found = reasons(
        _live(1), pods, events=[], now=_NOW, controller=controller.unseen(15, _lease(40), _NOW)
    )
    assert [(one["cause"], one["count"], one["nodes"]) for one in found] == [
        ("ControllerIdle", 3, []),
        ("NotReady", 1, ["b"]),
    ]
    assert in_words(found).startswith(f"ControllerIdle on 3: {_SAID}: kube-controller-manager")


def test_before_any_node_is_counted_there_is_no_number() -> None:
    found = reasons(_live(0, desired=0), [], now=_NOW, controller=controller.unseen(15, {}, _NOW))
    assert in_words(found).startswith(f"ControllerIdle: {_SAID}; there is no lease")


def test_what_it_has_seen_and_does_nothing_about_is_told_of_the_nodes() -> None:
    pods = [_pod("a", "2"), _pod("b", "1")]
    idle = controller.idle(_lease(40), _NOW)
    (found,) = reasons(_live(2), pods, events=[], now=_NOW, controller=idle)
    # One has an old pod, one has none.
    assert (found["cause"], found["count"], found["nodes"]) == ("ControllerIdle", 2, ["b"])


def _following(**patience: Any) -> Following:
    return Following(_live(1), Patience(**patience), 0.0)


def _look(one: Following, now: float, *more: dict[str, Any]) -> None:
    told = controller.unseen(one.unseen_seconds(now, last=True) or 0.0, {}, _NOW)
    found = {"cause": told.cause, "count": 3, "nodes": [], "evidence": told.evidence}
    one.looked(Explanation([found | {"heals": True}, *more], pods=[]), now - 0.1, now)


@pytest.mark.parametrize(("grace", "long"), [(60, 15.0), (5, 5.0), (0, 1.0)])
def test_a_leader_election_is_waited_for_before_it_is_told(grace: float, long: float) -> None:
    one = _following(grace_seconds=grace)
    assert one.unseen_seconds(long - 0.1) is None
    assert one.unseen_seconds(long) == long
    assert one.unseen_seconds(0.5, last=True) == 0.5
    one.see(_live(2), long)
    assert one.unseen_seconds(long + 100, last=True) is None


def test_it_is_looked_at_however_long_pods_have_to_be_ready() -> None:
    live = _live(1)
    live["spec"]["minReadySeconds"] = 600
    assert Following(live, Patience(), 0.0).wants_look(5.0)


def test_the_line_is_told_less_and_less_often() -> None:
    one = _following()
    assert one.line(5.0) == "ns/agent: the controller has not seen the change yet"
    lines = []
    for second in range(15, 300, 5):
        _look(one, float(second))
        lines.append(one.line(float(second)))
    assert len(set(lines)) == 5
    assert lines[0].startswith(f"ns/agent: {_SAID}; there is no lease of kube-controller-manager")


def test_the_pods_of_the_version_before_do_not_end_the_wait() -> None:
    one = _following(grace_seconds=10)
    crash = {"cause": "CrashLoop", "count": 3, "nodes": ["a"], "evidence": "x", "heals": False}
    for second in (15.0, 30.0, 60.0):
        _look(one, second, crash)
        assert one.fails_by(second) == ""


def test_a_lack_of_progress_ends_it() -> None:
    one = _following(progress_deadline_seconds=30)
    assert one.fails_by(29.0) == ""
    assert one.fails_by(30.0) == "no_progress"


@pytest.mark.parametrize("pods", [[], None])
def test_the_failure_says_what_to_look_at(pods: list[dict[str, Any]] | None) -> None:
    one = _following()
    _look(one, 15.0)
    told = controller.unseen(60, _lease(70), _NOW)
    reason = {"cause": told.cause, "count": 3, "nodes": [], "evidence": told.evidence}
    why = Explanation([reason | {"heals": True}], pods=pods)
    one.fail("timeout", why, Deadline(60), 60.0)
    assert one.error is not None
    assert "is not ready after 60 seconds: the controller has not seen the change" in str(one.error)
    assert "has not seen this version for 60 s: kube-controller-manager (cp-1)" in str(one.error)
    assert "runs and leads" in str(one.error)


def test_words_are_kept_until_it_is_time_for_others() -> None:
    silence = Silence()
    for passed, words in ((14.0, "a"), (15.0, "b"), (29.0, "c"), (31.0, "d"), (61.0, "e")):
        silence.note(passed, words)
        if passed < 15:
            assert silence.told == ""
        if passed == 29:
            assert silence.told == "b"
    assert silence.told == "d"
