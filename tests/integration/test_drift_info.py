# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drift that daemonset_info shows, from what the API server keeps of field managers."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.api import Api
from tests.integration.verbs import Tasks

_POD = "spec.template.spec"
_AGENT = f"{_POD}.containers[agent]"


def _agent(**more: Any) -> dict[str, Any]:
    containers = [{"name": "agent", "image": "example.test/agent:1", "args": ["--a"]}]
    return {"name": "agent", "labels": {"team": "a"}, "containers": containers, **more}


def _drift(tasks: Tasks, **more: Any) -> dict[str, Any]:
    found = tasks.info(name="agent", include=["drift"], **more)
    assert not found.result.get("failed"), found.result["msg"]
    assert [request.verb for request in found.requests] == ["list"]
    drift: dict[str, Any] = found.result["daemonsets"][0]["drift"]
    return drift


def _fields(tasks: Tasks, **more: Any) -> dict[str, tuple[Any, str]]:
    fields = _drift(tasks, **more)["fields"]
    return {one["field"]: (one["value"], one["manager"]) for one in fields}


def _edit(api: Api, tasks: Tasks, change: dict[str, Any], manager: str = "kubectl-edit") -> None:
    api.kubectl(
        *("patch", "-n", tasks.namespace, "daemonset/agent", "--type=strategic"),
        *("-p", json.dumps(change), f"--field-manager={manager}"),
    )


def _with_pod(pod: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"template": {"spec": pod}}}


def test_nothing_of_ours_and_nothing_of_the_controller_is_drift(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent(wait=True))
    tasks.ok(state="restarted", name="agent", restart_key="one")
    tasks.ok(state="paused", name="agent")
    tasks.ok(state="resumed", name="agent")
    api.settled(tasks.namespace, "agent")
    found = _drift(tasks)
    assert found["fields"] == []
    assert found["applied_at"]


def test_what_kubectl_changed_and_added(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent())
    sidecar = {"name": "sidecar", "image": "example.test/sidecar:1"}
    variables = [{"name": "API_TOKEN", "value": "correct-horse"}]
    agent = {"name": "agent", "image": "example.test/agent:2", "args": ["--b"], "env": variables}
    pod = {"containers": [agent, sidecar], "hostNetwork": True, "nodeSelector": {"disk": "ssd"}}
    _edit(api, tasks, _with_pod(pod))
    where = ("-n", tasks.namespace, "daemonset/agent")
    api.kubectl("label", *where, "--overwrite", "team=b")
    api.kubectl("rollout", "restart", *where)
    found = _fields(tasks)
    restarted = found.pop("spec.template.metadata.annotations[kubectl.kubernetes.io/restartedAt]")
    assert restarted[1] == "kubectl-rollout"
    added = found.pop(f"{_POD}.containers[sidecar]")
    assert added[0]["image"] == "example.test/sidecar:1"
    assert found == {
        "metadata.labels.team": ("b", "kubectl-label"),
        f"{_AGENT}.args": (["--b"], "kubectl-edit"),
        f"{_AGENT}.env[API_TOKEN]": ({"name": "API_TOKEN", "value": "********"}, "kubectl-edit"),
        f"{_AGENT}.image": ("example.test/agent:2", "kubectl-edit"),
        f"{_POD}.hostNetwork": (True, "kubectl-edit"),
        f"{_POD}.nodeSelector": ({"disk": "ssd"}, "kubectl-edit"),
    }
    # Each of them belongs to somebody else, seen from there.
    assert _fields(tasks, field_manager="other") == {}
    assert _drift(tasks, field_manager="other")["applied_at"] is None

    tasks.ok(force_conflicts=True, **_agent())
    left = _fields(tasks)
    assert f"{_AGENT}.image" not in left
    assert f"{_POD}.containers[sidecar]" in left


def test_what_another_tool_made_before_us(api: Api, tasks: Tasks) -> None:
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": tasks.namespace, "labels": {"made": "by-hand"}},
        "spec": {
            "selector": {"matchLabels": {"app": "agent"}},
            "template": {
                "metadata": {"labels": {"app": "agent"}},
                "spec": {
                    "containers": [
                        {
                            "name": "agent",
                            "image": "example.test/agent:1",
                            "args": ["--a"],
                            "ports": [{"containerPort": 80}],
                        }
                    ]
                },
            },
        },
    }
    api.kubectl("create", "-f", "-", stdin=manifest)
    assert _drift(tasks)["managers"][0]["manager"] == "kubectl-create"
    tasks.ok(**_agent(selector={"match_labels": {"app": "agent"}}))
    # What the server filled in is not told.
    assert set(_fields(tasks)) == {f"{_AGENT}.ports[80,TCP]", "metadata.labels.made"}
    tasks.ok(adopt=["kubectl"], **_agent(selector={"match_labels": {"app": "agent"}}))
    assert _fields(tasks) == {}
