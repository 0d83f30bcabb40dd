# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory makes of nodes: variables and groups."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.plugin_utils.node_hosts import (
    KINDS,
    address_of,
    groups_of,
    is_another,
    merged,
    variables_of,
)

_ROLE = "node-role.kubernetes.io/"


def _node(**parts: Any) -> dict[str, Any]:
    labels, spec, status = (parts.get(name, {}) for name in ("labels", "spec", "status"))
    return {"metadata": {"name": "node-7", "labels": labels}, "spec": spec, "status": status}


def _groups(node: dict[str, Any], *keys: str) -> set[str]:
    found = groups_of(variables_of(node), KINDS, keys)
    return {group.name for group in found} - {"kubernetes_nodes"}


_READY = {"conditions": [{"type": "Ready", "status": "True"}]}
_TAINT = {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (_node(), {"not_ready"}),
        (_node(status=_READY), {"ready"}),
        (
            _node(status={"conditions": [{"type": "Ready", "status": "Unknown"}]}),
            {"not_ready"},
        ),
        (
            _node(
                status={
                    "conditions": [
                        {"type": "Ready", "status": "True"},
                        {"type": "DiskPressure", "status": "True"},
                        {"type": "PIDPressure", "status": "False"},
                    ]
                }
            ),
            {"ready", "condition_DiskPressure"},
        ),
        (
            _node(status=_READY, spec={"unschedulable": True, "taints": [_TAINT]}),
            {"ready", "unschedulable", "taint_dedicated_gpu_NoSchedule"},
        ),
        (
            _node(status=_READY, spec={"taints": [{"key": "virtual", "effect": "NoExecute"}]}),
            {"ready", "taint_virtual_NoExecute"},
        ),
        (
            _node(status=_READY, labels={f"{_ROLE}control-plane": "", _ROLE: "nothing"}),
            {"ready", "role_control-plane"},
        ),
        (
            _node(
                status=_READY,
                labels={
                    "topology.kubernetes.io/zone": "eu-west-1a",
                    "topology.kubernetes.io/region": "eu-west-1",
                },
            ),
            {"ready", "zone_eu-west-1a", "region_eu-west-1"},
        ),
        (
            _node(status=_READY, labels={"failure-domain.beta.kubernetes.io/zone": "z"}),
            {"ready", "zone_z"},
        ),
    ],
)
def test_groups(node: dict[str, Any], expected: set[str]) -> None:
    assert _groups(node) == expected


def test_groups_by_labels_and_only_those_that_are_wanted() -> None:
    node = _node(status=_READY, labels={"pool": "edge", "gpu": "", "other": "x"})
    assert _groups(node, "pool", "gpu", "missing") == {"ready", "label_pool_edge", "label_gpu"}
    assert [group.name for group in groups_of(variables_of(node), [], [])] == ["kubernetes_nodes"]


def test_what_makes_a_group_is_told_where_that_is_more_than_one() -> None:
    taints = [_TAINT, {"key": "spot", "effect": "NoExecute"}]
    labels = {"pool": "edge", "gpu": "", f"{_ROLE}worker": "", "topology.kubernetes.io/zone": "a"}
    node = _node(status=_READY, labels=labels, spec={"taints": taints, "unschedulable": True})
    sources = {
        group.name: {group.source}
        for group in groups_of(variables_of(node), KINDS, ["pool", "gpu"])
    }
    assert merged(sources) == ""
    for group, source in (
        ("label_pool_edge", "the label pool=edge"),
        ("label_gpu", "the label gpu"),
        ("role_worker", "the role worker"),
        ("zone_a", "the zone a"),
        ("taint_dedicated_gpu_NoSchedule", "the taint dedicated=gpu:NoSchedule"),
        ("taint_spot_NoExecute", "the taint spot:NoExecute"),
    ):
        told = merged({**sources, group: {*sources[group], "another"}})
        assert f": {group} is made by another and by {source}. " in told
    many = {f"label_pool_{number}": {"one", "two"} for number in range(7)}
    assert "label_pool_4 is made by one and by two; and 2 more. To" in merged(many)
    assert "label_pool_5" not in merged(many)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, False),
        ({"ansible_host": "192.0.2.1", "uid": "of-the-users-own"}, False),
        ({"node_uid": "this", "node_kubelet_version": "v1"}, False),
        ({"node_uid": "that"}, True),
        ({"node_uid": "that", "node_kubelet_version": "v1"}, True),
        ({"other_uid": "that", "other_kubelet_version": "v1"}, True),
        ({"uid": "that", "kubelet_version": None}, True),
    ],
)
def test_a_host_that_is_a_node_of_another_cluster(
    variables: dict[str, Any], expected: bool
) -> None:
    assert is_another(variables, "this", "node_") == expected


def test_addresses_in_the_order_that_is_wanted() -> None:
    addresses = [
        {"type": "Hostname", "address": "seven"},
        {"type": "InternalIP", "address": "10.0.0.7"},
        {"type": "InternalIP", "address": "fd00::7"},
    ]
    found = variables_of(_node(status={"addresses": addresses}))
    assert found["addresses"] == {"Hostname": ["seven"], "InternalIP": ["10.0.0.7", "fd00::7"]}
    assert address_of(found, ["ExternalIP", "InternalIP"]) == "10.0.0.7"
    assert address_of(found, ["Hostname"]) == "seven"
    assert address_of(found, ["ExternalIP"]) is None
    assert address_of(found, []) is None


def test_annotations_are_no_variables() -> None:
    node = _node()
    node["metadata"]["annotations"] = {"token": "secret"}
    assert "secret" not in str(variables_of(node))
