# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server made of other fields goes with them, though nobody owns it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api import Api
from tests.integration.manifests import NOWHERE
from tests.integration.verbs import Tasks

_MOUNT = {"name": "data", "mount_path": "/data"}
_CONTAINER = {"name": "agent", "image": "example.test/agent:1", "volume_mounts": [_MOUNT]}
_OF_THE_HOST = {"name": "data", "host_path": {"path": "/data"}}


def _agent(volume: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "name": "agent",
        "containers": [_CONTAINER],
        "volumes": [volume or _OF_THE_HOST],
        "node_selector": NOWHERE,
        **more,
    }


# What is there first, what comes after it, and how many writes that takes.
_CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], int]] = {
    "account goes": (_agent(service_account_name="account"), _agent(), 2),
    "another account": (
        _agent(service_account_name="account"),
        _agent(service_account_name="other"),
        1,
    ),
    "volume of nothing becomes another": (_agent({"name": "data"}), _agent(), 2),
    "volume becomes one of nothing": (_agent(), _agent({"name": "data"}), 1),
    "written volume becomes another": (_agent({"name": "data", "empty_dir": {}}), _agent(), 1),
    "both": (_agent({"name": "data"}, service_account_name="account"), _agent(), 2),
}


@pytest.mark.parametrize("name", _CHANGES)
def test_nothing_of_it_is_left(api: Api, tasks: Tasks, name: str) -> None:
    before, after, writes = _CHANGES[name]
    tasks.ok(**{**after, "name": "new"})
    wanted = _pod(api, tasks, "new")
    tasks.ok(**before)

    told = tasks.ok(**after, check=True, diff=True)
    assert _pod(api, tasks) != wanted
    done = tasks.ok(**after, diff=True)

    assert told.changed
    assert done.changed
    assert told.result["diff"] == done.result["diff"]
    assert _pod(api, tasks) == wanted
    assert len(told.writes) == 0
    assert len(done.writes) == writes
    tasks.same(**after)
    tasks.same(**after, check=True)


def test_what_others_own_stays(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent(service_account_name="account"))
    pod = {"serviceAccountName": "account", "serviceAccount": "account"}
    live = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": tasks.namespace},
        "spec": {"template": {"spec": pod}},
    }
    api.apply(live, manager="somebody")
    tasks.ok(**_agent())
    assert _pod(api, tasks)["serviceAccountName"] == "account"
    tasks.same(**_agent())


def _pod(api: Api, tasks: Tasks, name: str = "agent") -> dict[str, Any]:
    found: dict[str, Any] = api.daemonset(tasks.namespace, name)["spec"]["template"]["spec"]
    return found
