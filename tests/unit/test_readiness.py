# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict on a DaemonSet: by its numbers, and by pods and nodes where some are excused."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.readiness import (
    STRICT,
    Allowance,
    Verdict,
    could_be_excused,
    resolve_share,
    verdict,
)

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
NUMBER = "deprecated.daemonset.template.generation"


def daemonset(
    status: dict[str, int], strategy: str = "RollingUpdate", **spec: Any
) -> dict[str, Any]:
    return {
        "metadata": {
            "generation": 2,
            "uid": "u1",
            "annotations": {NUMBER: "2"},
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {"updateStrategy": {"type": strategy}, "template": {"spec": {}}, **spec},
        "status": status,
    }


def counts(
    desired: int, updated: int, available: int, observed: int = 2, current: int | None = None
) -> dict[str, int]:
    return {
        "observedGeneration": observed,
        "desiredNumberScheduled": desired,
        "currentNumberScheduled": desired if current is None else current,
        "updatedNumberScheduled": updated,
        "numberAvailable": available,
    }


@pytest.mark.parametrize(
    ("obj", "state"),
    [
        pytest.param(daemonset({}), "observing", id="no status yet"),
        pytest.param(daemonset(counts(3, 3, 3, observed=1)), "observing", id="generation"),
        pytest.param(daemonset(counts(3, 2, 3)), "updating", id="old pods are available too"),
        pytest.param(daemonset(counts(3, 3, 2)), "starting", id="not available"),
        pytest.param(daemonset(counts(3, 2, 4)), "updating", id="surge: both pods of a node"),
        pytest.param(daemonset(counts(3, 3, 3)), "ready", id="all"),
        pytest.param(daemonset(counts(3, 4, 4)), "ready", id="a node went a moment ago"),
        pytest.param(daemonset(counts(4, 3, 3)), "updating", id="a node came"),
        pytest.param(daemonset(counts(0, 0, 0)), "ready", id="no eligible node"),
        pytest.param(daemonset(counts(0, 0, 0, observed=1)), "observing", id="none, unseen"),
        pytest.param(daemonset(counts(3, 3, 3, observed=3)), "ready", id="seen later"),
        pytest.param(daemonset(counts(3, 0, 3), "OnDelete"), "ready", id="OnDelete"),
        pytest.param(daemonset(counts(3, 0, 0), "OnDelete"), "ready", id="OnDelete, none well"),
        pytest.param(
            daemonset(counts(3, 0, 0, current=0), "OnDelete"), "updating", id="OnDelete, no pod yet"
        ),
        pytest.param(
            daemonset(counts(3, 2, 1, current=2), "OnDelete"), "updating", id="OnDelete, first pods"
        ),
        pytest.param(
            daemonset(counts(3, 1, 2, current=2), "OnDelete"), "ready", id="OnDelete, one is old"
        ),
        pytest.param(daemonset(counts(3, 3, 2), "OnDelete"), "starting", id="OnDelete, all new"),
        pytest.param(daemonset(counts(3, 3, 3), "OnDelete"), "ready", id="OnDelete, all well"),
        pytest.param(
            daemonset(counts(3, 3, 3, observed=1), "OnDelete"),
            "observing",
            id="OnDelete unseen",
        ),
    ],
)
def test_verdict(obj: dict[str, Any], state: str) -> None:
    found = verdict(obj)
    assert found.state == state
    assert found.ready == (state == "ready")
    assert found.excused == ()
    assert "excused" not in found.as_result()


@pytest.mark.parametrize(
    ("strays", "told"),
    [
        (0, "available"),
        (1, "; 1 node that is not eligible has a pod, which is not updated"),
        (2, "; 2 nodes that are not eligible have a pod, which is not updated"),
    ],
)
def test_pods_on_nodes_that_are_not_eligible_are_told(strays: int, told: str) -> None:
    found = verdict(daemonset({**counts(3, 3, 3), "numberMisscheduled": strays}))
    assert found.ready
    assert found.message.endswith(told)


@pytest.mark.parametrize(
    ("strategy", "told"),
    [
        ("RollingUpdate", "1 pod is updated and available"),
        ("OnDelete", "1 pod is updated and available"),
    ],
)
def test_one_pod_is_one_pod(strategy: str, told: str) -> None:
    assert verdict(daemonset(counts(1, 1, 1), strategy)).message == told


def test_under_on_delete_it_is_told_how_many_pods_are_left_to_delete() -> None:
    found = verdict(daemonset(counts(3, 1, 3), "OnDelete"))
    assert found.message.startswith("1 of 3 pods run this template; the others are replaced when")


def test_ready_only_where_both_numbers_say_so() -> None:
    for desired, updated, available in itertools.product(range(4), repeat=3):
        found = verdict(daemonset(counts(desired, updated, available)))
        assert found.ready == (updated >= desired and available >= desired)
        assert found.ready or found.shortfall == desired - min(updated, available)
        assert found.as_result()["desired"] == desired


def test_an_object_on_its_way_out_is_not_ready() -> None:
    obj = daemonset(counts(1, 1, 1))
    obj["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert verdict(obj).state == "deleting"


@pytest.mark.parametrize("strategy", ["RollingUpdate", "OnDelete"])
def test_a_namesake_is_another_daemonset(strategy: str) -> None:
    obj = daemonset(counts(1, 1, 1), strategy)
    assert verdict(obj, uid="u1").ready
    found = verdict(obj, uid="u0")
    assert (found.ready, found.state) == (False, "replaced")


@pytest.mark.parametrize(
    ("text", "total", "up", "found"),
    [
        ("3", 10, False, 3),
        (3, 10, False, 3),
        ("0", 10, False, 0),
        ("10%", 25, False, 2),
        ("10%", 25, True, 3),
        ("10%", 5, False, 0),
        ("10%", 0, True, 0),
        ("100%", 7, False, 7),
        ("30", 10, False, 30),
    ],
)
def test_shares(text: str | int, total: int, up: bool, found: int) -> None:
    assert resolve_share(text, total, up=up) == found


# --- pods and nodes


def pod(
    node: str,
    revision: str = "new",
    ready: bool = True,
    number: str = "2",
    since: float = 100,
    made: str = "2026-01-01T01:00:00Z",
    ending: bool = False,
) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "name": f"p-{node}-{revision}",
        "uid": f"{node}-{revision}",
        "creationTimestamp": made,
        "labels": {"controller-revision-hash": revision, "pod-template-generation": number},
    }
    if ending:
        metadata["deletionTimestamp"] = "2026-01-01T12:00:00Z"
    condition = {
        "type": "Ready",
        "status": "True" if ready else "False",
        "lastTransitionTime": (NOW - timedelta(seconds=since)).isoformat(),
    }
    return {"metadata": metadata, "spec": {"nodeName": node}, "status": {"conditions": [condition]}}


def node(name: str, ready: str = "True", tainted: bool = False) -> dict[str, Any]:
    taints = [{"key": "a/b", "effect": "NoSchedule"}] if tainted else []
    return {
        "metadata": {"name": name},
        "spec": {"taints": taints},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def nodes(well: int, sick: int = 0, tainted: int = 0) -> list[dict[str, Any]]:
    """Nodes ``n00``, ``n01``, ...: first those that are Ready, then those that are not."""
    return [
        *(node(f"n{n:02}") for n in range(well)),
        *(node(f"n{n:02}", "Unknown") for n in range(well, well + sick)),
        *(node(f"t{n:02}", tainted=True) for n in range(tainted)),
    ]


def pods(well: int, old: int = 0, broken: int = 0) -> list[dict[str, Any]]:
    """Pods on ``n00``, ``n01``, ...: updated and available, then old ones, then not available."""
    return [
        *(pod(f"n{n:02}") for n in range(well)),
        *(pod(f"n{n:02}", "old", number="1") for n in range(well, well + old)),
        *(pod(f"n{n:02}", ready=False) for n in range(well + old, well + old + broken)),
    ]


def names(found: Verdict) -> list[str]:
    return [name for name, _why in found.excused]


BUDGET = "within unavailable_budget"
SICK = "the node is not Ready (ignore_not_ready_nodes)"


@pytest.mark.parametrize(
    ("budget", "old", "broken", "ready"),
    [
        ("1", 0, 1, True),
        ("1", 1, 0, True),
        ("1", 1, 1, False),
        ("2", 1, 1, True),
        ("10%", 0, 1, True),
        ("10%", 0, 2, False),
        ("19%", 0, 2, False),
        ("20%", 0, 2, True),
        ("0", 0, 1, False),
        (None, 0, 1, False),
        ("100%", 5, 5, True),
    ],
)
@pytest.mark.parametrize("nodes_known", [False, True])
def test_a_budget_in_numbers_and_percents(
    budget: str | None, old: int, broken: int, ready: bool, nodes_known: bool
) -> None:
    well = 10 - old - broken
    obj = daemonset(counts(10, 10 - old, 10 - broken))
    found = verdict(
        obj,
        Allowance(unavailable_budget=budget),
        pods=pods(well, old, broken),
        nodes=nodes(10) if nodes_known else None,
        revision="new",
    )
    assert found.ready is ready
    assert found.shortfall == old + broken
    if ready:
        assert names(found) == [f"n{n:02}" for n in range(well, 10)]
        result = found.as_result()["excused"]
        assert result == {
            "count": old + broken,
            "nodes": names(found)[:5],
            "why": f"{old + broken} {BUDGET}",
            "reasons": [],
        }
        assert f"{well} of 10 pods are updated and available" in found.message
    else:
        assert found.excused == ()
        assert found.state in ("updating", "starting")


@pytest.mark.parametrize(
    ("cap", "budget", "sick", "ready", "reasons"),
    [
        ("1", None, 1, True, {SICK: 1}),
        ("2", None, 1, True, {SICK: 1}),
        ("10%", None, 1, True, {SICK: 1}),
        ("10%", None, 2, False, {}),
        ("1", None, 2, False, {}),
        ("1", "1", 2, True, {SICK: 1, BUDGET: 1}),
        (None, None, 1, False, {}),
        (None, "1", 1, True, {BUDGET: 1}),
        ("0", None, 1, False, {}),
    ],
)
def test_nodes_that_are_not_ready_up_to_the_cap(
    cap: str | None, budget: str | None, sick: int, ready: bool, reasons: dict[str, int]
) -> None:
    obj = daemonset(counts(10, 10, 10 - sick))
    allowance = Allowance(budget, cap)
    found = verdict(obj, allowance, pods=pods(10 - sick, broken=sick), nodes=nodes(10 - sick, sick))
    assert found.ready is ready
    told = [why for _node, why in found.excused]
    assert {why: told.count(why) for why in told} == reasons
    if cap is not None and not ready:
        assert found.message.endswith(f"no more than {resolve_share(cap, 10)} may be excused")


def test_a_broken_pod_on_a_node_that_is_well_is_not_excused_for_another_node() -> None:
    obj = daemonset(counts(10, 10, 8))
    there = [*nodes(8), node("n08", "Unknown"), node("n09")]
    found = verdict(obj, Allowance(ignore_not_ready_nodes="5"), pods=pods(8, broken=2), nodes=there)
    assert not found.ready
    assert found.shortfall == 2


def test_without_the_nodes_none_is_excused_for_not_being_ready() -> None:
    obj = daemonset(counts(10, 10, 9))
    allowance = Allowance(ignore_not_ready_nodes="5")
    assert not verdict(obj, allowance, pods=pods(9, broken=1)).ready


def test_a_node_without_any_pod_lacks_one() -> None:
    obj = daemonset(counts(10, 9, 9))
    found = verdict(obj, Allowance("1"), pods=pods(9), nodes=nodes(10))
    assert names(found) == ["n09"]
    unnamed = verdict(obj, Allowance("1"), pods=pods(9))
    assert names(unnamed) == [""]
    told = {"count": 1, "nodes": [], "why": f"1 {BUDGET}", "reasons": []}
    assert unnamed.as_result()["excused"] == told


def test_nodes_that_are_not_eligible_lack_none() -> None:
    obj = daemonset(counts(10, 10, 9))
    found = verdict(obj, Allowance("1"), pods=pods(9, broken=1), nodes=nodes(10, tainted=9))
    assert names(found) == ["n09"]


def test_a_pod_where_none_should_be_makes_up_for_no_other() -> None:
    obj = daemonset(counts(10, 9, 9))
    all_pods = [*pods(8, 1, 1), pod("t00")]
    for there in (nodes(10, tainted=1), None):
        found = verdict(obj, Allowance("1"), pods=all_pods, nodes=there, revision="new")
        assert not found.ready
        assert found.shortfall == 2
    broken = [*pods(9, broken=1), pod("t00", ready=False)]
    found = verdict(obj, Allowance("1"), pods=broken, revision="new")
    assert found.ready
    assert names(found) == [""]


def test_a_surge_pod_covers_its_node_before_the_old_one_goes() -> None:
    obj = daemonset(counts(10, 9, 10))
    both = [*pods(9), pod("n09", "old", number="1"), pod("n09")]
    found = verdict(obj, Allowance("1"), pods=both, nodes=nodes(10))
    assert found.ready
    # The controller looks at the older of the two, and is believed.
    assert len(found.excused) == 1


def test_pods_on_their_way_out_are_not_available() -> None:
    obj = daemonset(counts(10, 10, 9))
    leaving = [*pods(9), pod("n09", ending=True)]
    assert names(verdict(obj, Allowance("1"), pods=leaving)) == ["n09"]


@pytest.mark.parametrize(
    ("since", "now", "ready"),
    [(100, NOW, True), (20, NOW, False), (-50, NOW, False), (100, None, False)],
)
def test_min_ready_seconds(since: float, now: datetime | None, ready: bool) -> None:
    obj = daemonset(counts(10, 10, 9), minReadySeconds=60)
    all_pods = [*pods(8), pod("n08", since=since), pod("n09", ready=False)]
    found = verdict(obj, Allowance("1"), pods=all_pods, nodes=nodes(10), now=now)
    assert found.ready is ready


def test_the_controllers_count_is_believed_where_it_is_lower() -> None:
    obj = daemonset(counts(10, 10, 7))
    found = verdict(obj, Allowance("2"), pods=pods(10), nodes=nodes(10))
    assert not found.ready
    assert found.shortfall == 3


# --- which template is live


def test_the_template_by_the_number_that_pods_carry() -> None:
    obj = daemonset(counts(3, 2, 3))
    old = [pod("n00"), pod("n01", number="1"), pod("n02", "old", number="1")]
    # The hash of n00 carries the number: n01 is of the same template, under an older number.
    assert names(verdict(obj, Allowance("1"), pods=old)) == ["n02"]


def test_the_template_by_how_many_pods_are_updated() -> None:
    obj = daemonset(counts(3, 1, 3))
    obj["metadata"]["annotations"] = {}
    old = [pod("n00"), pod("n01", "old"), pod("n02", "old")]
    assert names(verdict(obj, Allowance("2"), pods=old)) == ["n01", "n02"]


def test_a_template_that_nobody_knows_excuses_nobody() -> None:
    obj = daemonset(counts(4, 2, 4))
    obj["metadata"]["annotations"] = {}
    two_of_each = [pod("n00"), pod("n01"), pod("n02", "old"), pod("n03", "old")]
    assert not verdict(obj, Allowance("2"), pods=two_of_each).ready
    assert verdict(obj, Allowance("2"), pods=two_of_each, revision="new").ready


def test_pods_that_were_adopted_from_a_namesake_prove_nothing() -> None:
    obj = daemonset(counts(3, 3, 2))
    before = "2025-12-31T00:00:00Z"
    adopted = [pod(f"n0{n}", "old", n < 2, made=before) for n in range(3)]
    mixed = [*adopted[1:], pod("n00")]
    # All carry the number of the template; only the one that is younger than the DaemonSet counts.
    found = verdict(obj, Allowance("1"), pods=mixed)
    assert not found.ready
    assert found.shortfall == 2


def test_the_revision_proves_what_the_controller_counts_wrongly() -> None:
    obj = daemonset(counts(3, 3, 3))
    adopted = [pod(f"n0{n}", "old") for n in range(3)]
    assert verdict(obj, pods=adopted).ready
    found = verdict(obj, pods=adopted, revision="new")
    assert (found.ready, found.state) == (False, "updating")
    assert found.message.startswith("3 pods")
    assert verdict(obj, pods=pods(3), revision="new").ready
    # A pod on a node that was tainted later stays as it is.
    stray = [*pods(3), pod("t00", "old", number="1")]
    assert verdict(obj, pods=stray, nodes=nodes(3, tainted=1), revision="new").ready


# --- whether pods are worth reading, and where they cannot be read


@pytest.mark.parametrize(
    ("updated", "available", "allowance", "worth"),
    [
        (10, 9, STRICT, False),
        (10, 9, Allowance("1"), True),
        (9, 10, Allowance("1"), True),
        (9, 9, Allowance("1"), True),
        (8, 10, Allowance("1"), False),
        (8, 10, Allowance("1", "1"), True),
        (8, 10, Allowance(None, "20%"), True),
        (10, 10, Allowance("1"), False),
        (10, 9, Allowance("0"), False),
    ],
)
def test_worth_reading_pods(
    updated: int, available: int, allowance: Allowance, worth: bool
) -> None:
    current = verdict(daemonset(counts(10, updated, available)))
    assert could_be_excused(current, allowance) is worth


def test_a_change_that_was_not_seen_is_excused_by_nothing() -> None:
    obj = daemonset(counts(10, 10, 9, observed=1))
    allowance = Allowance("100%", "100%")
    assert not could_be_excused(verdict(obj), allowance)
    found = verdict(obj, allowance, pods=pods(9, broken=1), nodes=nodes(10), by_numbers=True)
    assert found.state == "observing"


@pytest.mark.parametrize(
    ("updated", "available", "budget", "ready"),
    [
        (10, 9, "1", True),
        (9, 10, "1", True),
        (9, 9, "1", False),
        (9, 9, "2", True),
        (10, 10, "1", True),
        (10, 9, None, False),
        (12, 9, "0", False),
    ],
)
def test_by_numbers_alone_where_pods_cannot_be_read(
    updated: int, available: int, budget: str | None, ready: bool
) -> None:
    obj = daemonset(counts(10, updated, available))
    found = verdict(obj, Allowance(budget), by_numbers=True)
    assert found.ready is ready
    assert not verdict(obj, Allowance(budget)).ready or updated == available == 10
    assert len(found.excused) == (max(20 - updated - available, 0) if ready else 0)


def test_the_excused_are_bounded_in_the_result() -> None:
    obj = daemonset(counts(5000, 5000, 2500))
    all_pods = [pod(f"n{n:04}", ready=n < 2500) for n in range(5000)]
    found = verdict(obj, Allowance("50%"), pods=all_pods)
    assert found.as_result()["excused"] == {
        "count": 2500,
        "nodes": ["n2500", "n2501", "n2502", "n2503", "n2504"],
        "why": f"2500 {BUDGET}",
        "reasons": [],
    }
