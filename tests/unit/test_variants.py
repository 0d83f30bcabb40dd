# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variants of an agent: each node is meant by exactly one, and what they share is made once."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import InputError
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.variants import (
    merged,
    variants_of,
)

LABEL = "example.com/disks"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
COMMON: dict[str, Any] = {
    "name": "cache",
    "namespace": "storage",
    "containers": [
        {"name": "cache", "image": "example/cache:3", "args": ["--small"]},
        {"name": "side", "image": "example/side:1"},
    ],
}


def made(*variants: dict[str, Any], **common: Any) -> list[dict[str, Any]]:
    wanted = {"label": LABEL, "variants": list(variants)}
    return variants_of({**COMMON, **common}, wanted)


def expressions(settings: dict[str, Any]) -> list[dict[str, Any]]:
    (term,) = settings["affinity"]["nodeAffinity"][REQUIRED]["nodeSelectorTerms"]
    found: list[dict[str, Any]] = term["matchExpressions"]
    return found


def test_without_variants_there_is_one() -> None:
    assert variants_of(COMMON, {}) == [COMMON]


def test_every_value_of_the_label_belongs_to_exactly_one() -> None:
    common, large, huge = made(
        {"name": "large", "values": ["nvme", "ssd"]}, {"name": "huge", "values": ["array"]}
    )
    assert [one["name"] for one in (common, large, huge)] == [
        "cache",
        "cache-large",
        "cache-huge",
    ]
    assert expressions(common) == [
        {"key": LABEL, "operator": "NotIn", "values": ["nvme", "ssd", "array"]}
    ]
    assert expressions(large) == [{"key": LABEL, "operator": "In", "values": ["nvme", "ssd"]}]
    assert expressions(huge) == [{"key": LABEL, "operator": "In", "values": ["array"]}]


def test_all_carry_the_agents_name() -> None:
    label = {"everynode.kubernetes/variant-of": "cache"}
    for one in made({"name": "large", "values": ["nvme"]}, labels={"team": "x"}):
        assert one["labels"] == {"team": "x", **label}
        assert one["pod_labels"] == label


def test_a_variant_says_what_is_other() -> None:
    _common, large = made(
        {
            "name": "large",
            "values": ["nvme"],
            "containers": [{"name": "cache", "args": ["--large"]}],
            "priority_class_name": "system-node-critical",
        }
    )
    assert large["containers"] == [
        {"name": "cache", "image": "example/cache:3", "args": ["--large"]},
        {"name": "side", "image": "example/side:1"},
    ]
    assert large["priority_class_name"] == "system-node-critical"
    assert COMMON["containers"][0]["args"] == ["--small"]


def test_what_all_share_is_made_once() -> None:
    common, large = made(
        {"name": "large", "values": ["nvme"]},
        service_account={"rules": []},
        priority_class={"value": 1000},
        services=[{"headless": True}],
        other_objects=[{"kind": "CSIDriver"}],
    )
    assert common["other_objects"] == [{"kind": "CSIDriver"}]
    assert common["service_account"] == {"rules": []}
    assert common["services"] == [
        {"selector": {"everynode.kubernetes/variant-of": "cache"}, "headless": True}
    ]
    assert large["service_account_name"] == "cache"
    assert large["priority_class_name"] == "storage.cache"
    shared = {"service_account", "priority_class", "services", "other_objects"}
    assert not shared & set(large)


@pytest.mark.parametrize("camel", [True, False])
def test_the_affinity_of_all_holds_too(camel: bool) -> None:
    terms = [{"matchExpressions": [{"key": "pool", "operator": "Exists"}]}]
    affinity = (
        {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": terms}}}
        if camel
        else {
            "node_affinity": {
                "required_during_scheduling_ignored_during_execution": {
                    "node_selector_terms": [
                        {"match_expressions": [{"key": "pool", "operator": "Exists"}]}
                    ]
                }
            }
        }
    )
    for one in made({"name": "large", "values": ["nvme"]}, affinity=affinity):
        assert [each["key"] for each in expressions(one)] == ["pool", LABEL]


@pytest.mark.parametrize(
    ("variants", "fault"),
    [
        (
            [{"name": "a", "values": ["x"]}, {"name": "b", "values": ["y", "x"]}],
            (
                'variants.variants[1].values[1]: "x" is a value of the variant a, too: a node would'
                " run both"
            ),
        ),
        (
            [{"name": "a", "values": ["x"]}, {"name": "a", "values": ["y"]}],
            'variants.variants[1].name: "a" is the name of another variant',
        ),
        ([{"name": "A", "values": ["x"]}], "variants.variants[0].name: is missing, or"),
        ([{"name": "a"}], "variants.variants[0].values: is missing"),
        ([{"name": "a", "values": ["x y"]}], 'variants.variants[0].values[0]: "x y" is no value'),
        (["a"], "variants.variants[0]: expects a dictionary"),
    ],
)
def test_variants_that_overlap_or_are_wrong(variants: list[Any], fault: str) -> None:
    with pytest.raises(InputError) as caught:
        variants_of(COMMON, {"label": LABEL, "variants": variants})
    (found,) = caught.value.faults
    assert str(found).startswith(fault)


def test_merging_goes_by_names_and_keys() -> None:
    base = {"a": {"x": 1, "y": 2}, "l": [{"name": "n", "v": 1}], "p": [1, 2]}
    over = {"a": {"y": 3}, "l": [{"name": "n", "v": 2}, {"name": "m"}], "p": [3]}
    assert merged(base, over) == {
        "a": {"x": 1, "y": 3},
        "l": [{"name": "n", "v": 2}, {"name": "m"}],
        "p": [3],
    }
