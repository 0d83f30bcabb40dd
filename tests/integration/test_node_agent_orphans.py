# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node agent over the pods and the configuration of a DaemonSet that is gone."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import node_agent

from tests.integration.api import Api, eventually
from tests.integration.verbs import Outcome, Tasks


def _agent(level: str) -> dict[str, Any]:
    return {
        "verb": node_agent.VERB,
        "name": "agent",
        "containers": [
            {
                "name": "agent",
                "image": "example.test/agent:1",
                "volume_mounts": [{"name": "conf", "mount_path": "/etc/agent"}],
            }
        ],
        "volumes": [{"name": "conf", "config_map": {"name": "conf"}}],
        "config_maps": [{"name": "conf", "data": {"level": level}}],
    }


def _actions(outcome: Outcome) -> dict[str, str]:
    return {one["name"]: one["action"] for one in outcome.result["objects"]}


def _config_maps(api: Api, namespace: str) -> set[str]:
    query = {"labelSelector": f"everynode.kubernetes/agent={namespace}.agent"}
    found = api.request("GET", f"/api/v1/namespaces/{namespace}/configmaps", query=query)
    return {one["metadata"]["name"] for one in found["items"]}


def _delete(api: Api, namespace: str, policy: str) -> None:
    """Delete the DaemonSet behind the task's back, and wait until that has come to its end."""
    path = f"/apis/apps/v1/namespaces/{namespace}"
    api.request("DELETE", f"{path}/daemonsets/agent", body={"propagationPolicy": policy})

    def ended() -> bool | None:
        left = [
            one
            for where in (f"/api/v1/namespaces/{namespace}/pods", f"{path}/controllerrevisions")
            for one in api.request("GET", where)["items"]
            if policy != "Orphan" or one["metadata"].get("ownerReferences")
        ]
        return not (left or api.exists(namespace, "agent")) or None

    eventually(ended, "the DaemonSet is gone")


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize(("policy", "becomes"), [("Orphan", "kept"), ("Foreground", "deleted")])
def test_check_mode_knows_what_becomes_of_former_configuration(
    api: Api, tasks: Tasks, policy: str, becomes: str, wait: bool
) -> None:
    tasks.ok(**_agent("info"), wait=True)
    (old,) = _config_maps(api, tasks.namespace)
    _delete(api, tasks.namespace, policy)
    checked = tasks.ok(**_agent("debug"), check=True)
    assert _actions(checked)[old] == becomes
    done = tasks.ok(**_agent("debug"), wait=wait)
    assert _actions(done) == _actions(checked)
    assert (old in _config_maps(api, tasks.namespace)) == (becomes == "kept")
    again = tasks.ok(**_agent("debug"))
    assert not again.changed
