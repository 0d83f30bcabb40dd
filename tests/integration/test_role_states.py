# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role has to be told: all that its agent needs to be there, its name alone to be gone."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.integration.api import Api
from tests.integration.harness import Play, playbook, run
from tools.environments import places

# Roles that have no default for all that they need.
_NEEDED = {
    "csi_node_driver": ["csi_node_driver_driver", "csi_node_driver_image"],
    "glusterfs": ["glusterfs_image"],
    "kube_proxy": ["kube_proxy_server"],
}


def _run(api: Api, namespace: str, role: str, **variables: Any) -> Play:
    given = {f"{role}_name": "agent", f"{role}_namespace": namespace, "node_agent_wait": False}
    included = {
        "name": "Keep it",
        "ansible.builtin.include_role": {"name": f"everynode.kubernetes.{role}"},
        "vars": {**given, **variables},
    }
    return run(api, playbook(api, namespace, [included]))


def _tried(role: str) -> dict[str, Any]:
    file = places.CHECKOUT / "tests" / "roles" / f"{role}.yml"
    found: dict[str, Any] = yaml.safe_load(file.read_text())["variables"]
    return found


@pytest.mark.parametrize("role", _NEEDED)
def test_by_its_name_alone_it_goes(api: Api, namespace: str, role: str) -> None:
    _run(api, namespace, role, **_tried(role)).done()
    assert api.exists(namespace, "agent")
    restarted = _run(api, namespace, role, **{f"{role}_state": "restarted"}).done()
    assert restarted.step("Keep the agent and each of its variants").changed
    gone = _run(api, namespace, role, **{f"{role}_state": "absent"}).done()
    assert gone.step("Keep the agent and each of its variants").changed
    assert not api.exists(namespace, "agent")
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    left = [item["metadata"]["name"] for item in api.request("GET", path)["items"]]
    assert left == ["kube-root-ca.crt"]


@pytest.mark.parametrize(
    ("role", "missing"), [(role, name) for role, names in _NEEDED.items() for name in names]
)
def test_what_it_needs_is_asked_for(api: Api, namespace: str, role: str, missing: str) -> None:
    given = {name: value for name, value in _tried(role).items() if name != missing}
    failed = _run(api, namespace, role, **given)
    assert failed.code != 0
    (said,) = [step for step in failed.steps if step.task.startswith("Make sure")]
    assert missing in said.message
    assert not failed.requests


@pytest.mark.parametrize("role", ["ceph_csi_node", "hwameistor_local_disk_manager"])
def test_what_is_built_on_another_is_checked_once(api: Api, namespace: str, role: str) -> None:
    done = _run(api, namespace, role, **_tried(role)).done()
    assert done.output.count("Validating arguments against arg spec") == 1
