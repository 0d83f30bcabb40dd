# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters: input as Ansible hands it over, failures as Ansible expects them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.everynode.kubernetes.plugins.filter.from_manifest import (
    FilterModule as FromManifest,
)
from ansible_collections.everynode.kubernetes.plugins.filter.to_manifest import (
    FilterModule as ToManifest,
)

to_manifest = ToManifest().filters()["to_manifest"]
from_manifest = FromManifest().filters()["from_manifest"]

AGENT: dict[str, Any] = {"name": "agent", "containers": [{"name": "main", "image": "agent:1"}]}


def test_there_and_back() -> None:
    made = to_manifest({**AGENT, "host_network": "yes", "min_ready_seconds": "10"})

    assert made["spec"]["minReadySeconds"] == 10
    assert from_manifest(made) == {
        **AGENT,
        "selector": {"match_labels": {"app.kubernetes.io/name": "agent"}},
        "pod_labels": {"app.kubernetes.io/name": "agent"},
        "host_network": True,
        "min_ready_seconds": 10,
    }


def test_parameters_of_the_connection_have_no_effect() -> None:
    assert to_manifest({**AGENT, "context": "production", "wait": False}) == to_manifest(AGENT)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ([AGENT], "takes a dictionary"),
        ({**AGENT, "cntainers": []}, "no parameter cntainers (did you mean containers?)"),
        ({**AGENT, "state": "gone"}, "value of state must be one of"),
        ({**AGENT, "state": "absent"}, "state: absent has no manifest"),
        ({**AGENT, "src": "agent.yaml"}, "src: a filter reads no files"),
        ({"name": "agent"}, "containers: is missing"),
        ({**AGENT, "name": "A", "min_ready_seconds": -1}, "2 faults"),
    ],
)
def test_wrong_parameters(parameters: Any, message: str) -> None:
    with pytest.raises(AnsibleFilterError) as told:
        to_manifest(parameters)

    assert message in str(told.value)


def test_a_wrong_manifest() -> None:
    with pytest.raises(AnsibleFilterError, match="manifest: is Pod, not a DaemonSet"):
        from_manifest({"kind": "Pod"})
