# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why there is no pod on a node."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.eligibility import (
    why_not,
    without_pod,
)

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def daemonset(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"uid": "ds"}, "spec": {"template": {"spec": spec}}}


def node(name: str = "n1", taints: list[dict[str, Any]] | None = None, **labels: str) -> Any:
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **labels}},
        "spec": {"taints": taints or []},
    }


def taint(key: str, effect: str, value: str = "") -> dict[str, Any]:
    made = {"key": key, "effect": effect}
    return {**made, "value": value} if value else made


def affinity(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(terms)}}}}


def label(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


def field(operator: str, *values: str) -> dict[str, Any]:
    return {"matchFields": [{"key": "metadata.name", "operator": operator, "values": list(values)}]}


def why(spec: dict[str, Any], of: dict[str, Any]) -> str | None:
    found = why_not(daemonset(**spec), of)
    return None if found is None else found.why


@pytest.mark.parametrize(
    ("spec", "of", "wanted"),
    [
        ({}, node(), None),
        ({}, {"metadata": {"name": "bare"}}, None),
        ({"nodeName": "n1"}, node(), None),
        ({"nodeName": "n2"}, node(), "node_name"),
        ({"nodeSelector": {"disk": "ssd"}}, node(disk="ssd"), None),
        ({"nodeSelector": {"disk": "ssd"}}, node(disk="hdd"), "node_selector"),
        ({"nodeSelector": {"disk": "ssd"}}, node(), "node_selector"),
        ({"nodeSelector": {"disk": ""}}, node(), "node_selector"),
        ({"nodeSelector": {"disk": ""}}, node(disk=""), None),
    ],
)
def test_names_and_selectors(spec: dict[str, Any], of: dict[str, Any], wanted: str | None) -> None:
    assert why(spec, of) == wanted


@pytest.mark.parametrize(
    ("term", "of", "fits"),
    [
        (label("disk", "In", "ssd", "nvme"), node(disk="nvme"), True),
        (label("disk", "In", "ssd"), node(disk="hdd"), False),
        (label("disk", "In", "ssd"), node(), False),
        (label("disk", "NotIn", "ssd"), node(disk="hdd"), True),
        (label("disk", "NotIn", "ssd"), node(disk="ssd"), False),
        (label("disk", "NotIn", "ssd"), node(), True),
        (label("disk", "Exists"), node(disk=""), True),
        (label("disk", "Exists"), node(), False),
        (label("disk", "DoesNotExist"), node(), True),
        (label("disk", "DoesNotExist"), node(disk=""), False),
        (label("cores", "Gt", "8"), node(cores="16"), True),
        (label("cores", "Gt", "8"), node(cores="8"), False),
        (label("cores", "Gt", "8"), node(cores="many"), False),
        (label("cores", "Gt", "many"), node(cores="16"), False),
        (label("cores", "Gt", "8"), node(), False),
        (label("cores", "Lt", "8"), node(cores="-1"), True),
        (label("cores", "Lt", "8"), node(cores="8"), False),
        (label("cores", "Lt", "8", "9"), node(cores="1"), False),
        (label("cores", "Gt", "1"), node(cores=str(2**63)), False),
        (label("cores", "Like", "8"), node(cores="8"), False),
        (field("In", "n1"), node(), True),
        (field("In", "n2"), node(), False),
        (field("NotIn", "n1"), node(), False),
        (field("NotIn", "n2"), node(), True),
        ({**label("disk", "Exists"), **field("In", "n1")}, node(disk="x"), True),
        ({**label("disk", "Exists"), **field("In", "n2")}, node(disk="x"), False),
        ({**label("disk", "Exists"), **field("In", "n1")}, node(), False),
        ({}, node(), False),
    ],
)
def test_required_affinity(term: dict[str, Any], of: dict[str, Any], fits: bool) -> None:
    assert why(affinity(term), of) == (None if fits else "affinity")


def test_one_term_is_enough_and_none_matches_nothing() -> None:
    terms: tuple[dict[str, Any], ...] = (label("disk", "In", "ssd"), {}, field("In", "n1"))
    assert why(affinity(*terms), node()) is None
    assert why(affinity(), node()) == "affinity"


def test_preferences_decide_nothing() -> None:
    preferred: dict[str, Any] = {
        "preferredDuringSchedulingIgnoredDuringExecution": [{"preference": {}}]
    }
    assert why({"affinity": {"nodeAffinity": preferred, "podAntiAffinity": {}}}, node()) is None


@pytest.mark.parametrize("effect", ["NoSchedule", "NoExecute"])
@pytest.mark.parametrize(
    ("toleration", "of", "fits"),
    [
        ({"operator": "Exists"}, ("a/b", "x"), True),
        ({"key": "a/b", "operator": "Exists"}, ("a/b", "x"), True),
        ({"key": "a/b", "value": "x"}, ("a/b", "x"), True),
        ({"key": "a/b", "operator": "Equal", "value": "x"}, ("a/b", "x"), True),
        ({"key": "a/b", "operator": "Equal", "value": "y"}, ("a/b", "x"), False),
        ({"key": "a/b"}, ("a/b", ""), True),
        ({"key": "a/c", "operator": "Exists"}, ("a/b", "x"), False),
        ({"key": "a/b", "operator": "Lt", "value": "5"}, ("a/b", "4"), True),
        ({"key": "a/b", "operator": "Lt", "value": "5"}, ("a/b", "5"), False),
        ({"key": "a/b", "operator": "Gt", "value": "5"}, ("a/b", "6"), True),
        ({"key": "a/b", "operator": "Gt", "value": "5"}, ("a/b", "x"), False),
        ({"key": "a/b", "operator": "Like", "value": "5"}, ("a/b", "5"), False),
    ],
)
def test_tolerations(
    toleration: dict[str, Any], of: tuple[str, str], fits: bool, effect: str
) -> None:
    tainted = node(taints=[taint(of[0], effect, of[1])])
    assert why({"tolerations": [toleration]}, tainted) == (None if fits else "taint")
    other = {**toleration, "effect": "PreferNoSchedule"}
    assert why({"tolerations": [other]}, tainted) == "taint"
    same = {**toleration, "effect": effect}
    assert why({"tolerations": [same]}, tainted) == (None if fits else "taint")


@pytest.mark.parametrize(
    ("key", "effect", "fits"),
    [
        ("node.kubernetes.io/not-ready", "NoExecute", True),
        ("node.kubernetes.io/unreachable", "NoExecute", True),
        ("node.kubernetes.io/disk-pressure", "NoSchedule", True),
        ("node.kubernetes.io/memory-pressure", "NoSchedule", True),
        ("node.kubernetes.io/pid-pressure", "NoSchedule", True),
        ("node.kubernetes.io/unschedulable", "NoSchedule", True),
        ("node.kubernetes.io/not-ready", "NoSchedule", False),
        ("node.kubernetes.io/unreachable", "NoSchedule", False),
        ("node.kubernetes.io/disk-pressure", "NoExecute", False),
        ("node.kubernetes.io/network-unavailable", "NoSchedule", False),
        ("node.cloudprovider.kubernetes.io/uninitialized", "NoSchedule", False),
        ("a/b", "PreferNoSchedule", True),
    ],
)
def test_what_the_controller_lets_pods_tolerate(key: str, effect: str, fits: bool) -> None:
    assert why({}, node(taints=[taint(key, effect)])) == (None if fits else "taint")


def test_pods_of_the_nodes_network_come_before_the_network() -> None:
    tainted = node(taints=[taint("node.kubernetes.io/network-unavailable", "NoSchedule")])
    assert why({"hostNetwork": True}, tainted) is None
    assert why({"hostNetwork": False}, tainted) == "taint"


def test_no_schedule_ends_no_pod() -> None:
    stays = why_not(daemonset(), node(taints=[taint("a/b", "NoSchedule", "x")]))
    assert stays is not None
    assert (stays.evidence, stays.pods_end) == ("not tolerated: a/b=x:NoSchedule", False)
    both = [taint("a/b", "NoSchedule", "x"), taint("c", "NoExecute")]
    ends = why_not(daemonset(), node(taints=both))
    assert ends is not None
    assert (ends.evidence, ends.pods_end) == ("not tolerated: c:NoExecute", True)


@pytest.mark.parametrize(
    ("spec", "of", "words"),
    [
        ({"nodeName": "n9"}, node(), "the template names node n9"),
        (
            {"nodeSelector": {"disk": "ssd"}},
            node(disk="hdd"),
            "disk=ssd is wanted, the node has 'hdd'",
        ),
        (
            {"nodeSelector": {"disk": "ssd"}},
            node(),
            "disk=ssd is wanted, the node has no such label",
        ),
        (
            affinity(label("disk", "In", "ssd", "nvme"), field("In", "n2")),
            node(),
            "not met: disk In (ssd, nvme) or metadata.name In (n2)",
        ),
        (
            affinity({**label("disk", "Exists"), **field("NotIn", "n1")}),
            node(),
            "not met: disk Exists and metadata.name NotIn (n1)",
        ),
        (affinity({}), node(), "no term can match a node"),
    ],
)
def test_the_evidence(spec: dict[str, Any], of: dict[str, Any], words: str) -> None:
    found = why_not(daemonset(**spec), of)
    assert found is not None
    assert found.evidence == words
    assert found.pods_end


def test_evidence_of_many_names_is_bounded() -> None:
    terms = [field("In", f"node-with-a-long-name-{n:04}") for n in range(5000)]
    found = why_not(daemonset(**affinity(*terms)), node())
    assert found is not None
    assert len(found.evidence) <= 300


def test_the_table_of_nodes_without_a_pod() -> None:
    nodes = [
        node("a", disk="ssd"),
        *(node(f"b{n:04}") for n in range(5000)),
        node("c", taints=[taint("x", "NoSchedule")], disk="ssd"),
        node("d", disk="ssd"),
    ]
    pods = [{"spec": {"nodeName": "a"}}, {"spec": {"nodeName": "b0000"}}]
    found = without_pod(daemonset(nodeSelector={"disk": "ssd"}), nodes, pods)
    assert found == [
        {
            "why": "node_selector",
            "count": 4999,
            "nodes": ["b0001", "b0002", "b0003", "b0004", "b0005"],
            "evidence": "disk=ssd is wanted, the node has no such label",
        },
        {
            "why": "not_created",
            "count": 1,
            "nodes": ["d"],
            "evidence": "the node is eligible",
        },
        {"why": "taint", "count": 1, "nodes": ["c"], "evidence": "not tolerated: x:NoSchedule"},
    ]


def _tainted(name: str, *keys: str) -> Any:
    return node(name, taints=[taint(key, "NoSchedule") for key in keys])


def test_what_is_in_the_way_of_several_nodes_is_told_apart() -> None:
    nodes = [
        *(_tainted(f"m{n}", "master") for n in range(3)),
        *(_tainted(f"g{n}", "gpu") for n in range(7)),
        _tainted("a1", "one"),
        _tainted("a2", "two"),
    ]
    found = without_pod(daemonset(), nodes, [])
    assert [(one["count"], one["nodes"][0], one["evidence"]) for one in found] == [
        (7, "g0", "not tolerated: gpu:NoSchedule"),
        (3, "m0", "not tolerated: master:NoSchedule"),
        (1, "a1", "not tolerated: one:NoSchedule"),
        (1, "a2", "not tolerated: two:NoSchedule"),
    ]
    nodes += [_tainted(f"b{n}", f"key-{n}") for n in range(2)]
    found = without_pod(daemonset(), nodes, [])
    assert [one["count"] for one in found] == [7, 4, 3]
    assert found[1]["nodes"] == ["a1", "a2", "b0", "b1"]
    assert found[1]["evidence"] == "not tolerated: one:NoSchedule"
    (group,) = without_pod(daemonset(), nodes[3:10], [], most=7)
    assert group["nodes"] == [f"g{n}" for n in range(7)]


def test_however_many_taints_there_are_the_table_is_bounded() -> None:
    nodes = [_tainted(f"n{n:04}", f"key-{n // 2}") for n in range(5000)]
    nodes += [node(f"z{n}", taints=[taint("x", "NoExecute", str(n))]) for n in range(100)]
    found = without_pod(daemonset(nodeSelector={"a": "b"}, nodeName=""), nodes, [])
    assert len(found) == 1
    found = without_pod(daemonset(), nodes, [])
    assert len(found) == 6
    assert sum(one["count"] for one in found) == 5100
    assert found[0]["nodes"][0] == "n0010"
