# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of our own in playbooks, both ways, and what the controller makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api import Api
from tests.integration.harness import Play, alike, both_ways, task
from tests.integration.manifests import NOWHERE, at
from tests.integration.verbs import Tasks

_AGENT = {"name": "agent", "image": "example.test/agent:1"}
_POD = ("spec", "template", "spec")
_CONVENIENT: dict[str, Any] = {
    "name": "agent",
    "containers": [
        {
            **_AGENT,
            "always_pull": False,
            "gpu": {"resource": "nvidia.com/vgpu", "count": 1, "cores": 50, "memory_mb": 4096},
            "sync_host_timezone": True,
        }
    ],
    "node_names": ["node-0"],
    "node_failure_toleration_seconds": 300,
    "min_ready_seconds": 20,
    "upgrade_timeout_seconds": 21,
    "node_selector": NOWHERE,
}
_POLICY = {
    "image_policy": {
        "require_digest": True,
        "forbid_latest": True,
        "allowed_registries": ["registry.example/team"],
    }
}
_TASKS = [
    task("convenient", **_CONVENIENT),
    task("convenient again", **_CONVENIENT),
    task("short of time", **{**_CONVENIENT, "upgrade_timeout_seconds": 20}),
    task("strict", name="agent.v1", containers=[_AGENT], strict_names=True),
    task("not strict", name="agent.v1", containers=[_AGENT], node_selector=NOWHERE),
    task("policy", name="agent", containers=[_AGENT], **_POLICY),
    task("policy, patched", name="agent", state="patched", images={"agent": "a:1"}, **_POLICY),
    task(
        "only this resolver",
        name="resolver",
        containers=[_AGENT],
        dns_policy="{{ policy }}",
        dns_config={"nameservers": ["10.6.175.20"]},
        node_selector=NOWHERE,
    )
    | {"vars": {"policy": "None"}},
    task(
        "lost",
        name="resolver",
        containers=[_AGENT],
        dns_policy="{{ none }}",
        dns_config={"nameservers": ["10.6.175.20"]},
        node_selector=NOWHERE,
    ),
    task("thoughts", name="agent", containers=[_AGENT], node_selector=NOWHERE, extra_warnings=True),
]


@pytest.fixture
def plays(api: Api, two_namespaces: tuple[str, str]) -> tuple[Play, Play]:
    return both_ways(api, two_namespaces, _TASKS)


def test_both_ways(api: Api, two_namespaces: tuple[str, str], plays: tuple[Play, Play]) -> None:
    here, there = plays
    for one in _TASKS:
        alike(here.step(one["name"]), there.step(one["name"]), two_namespaces)

    assert here.step("convenient").changed
    assert not here.step("convenient again").changed
    assert len(here.requests_of("convenient again")) == 1
    (warning,) = here.step("convenient").result["warnings"]
    assert warning.startswith("node_failure_toleration_seconds: it has no effect")
    made = here.step("convenient").result["daemonset"]
    assert at(made, (*_POD, "containers", 0, "imagePullPolicy")) == "IfNotPresent"
    assert at(made, (*_POD, "containers", 0, "resources", "limits", "nvidia.com/gpumem")) == "4096"
    assert at(made, (*_POD, "volumes", 0, "hostPath", "path")) == "/etc/localtime"

    assert (
        "wait_timeout: 20 is not more than min_ready_seconds" in here.step("short of time").message
    )
    assert "name: " in here.step("strict").message
    assert here.step("not strict").changed
    assert here.requests_of("policy") == here.requests_of("policy, patched") == []
    assert "containers[0].image" in here.step("policy").message
    assert "images.agent" in here.step("policy, patched").message
    resolver = here.step("only this resolver").result["daemonset"]
    assert at(resolver, (*_POD, "dnsPolicy")) == "None"
    (warning,) = here.step("lost").result["warnings"]
    assert warning.startswith("dns_policy: it is empty")
    assert len(here.step("thoughts").result["warnings"]) == 2


def test_pods_on_named_nodes_only(api: Api, tasks: Tasks) -> None:
    asked = {"name": "agent", "containers": [_AGENT], "wait": True, "wait_timeout": 300}

    def nodes() -> set[str]:
        api.settled(tasks.namespace, "agent")
        return {pod["spec"]["nodeName"] for pod in api.pods(tasks.namespace, "agent")}

    everywhere = (tasks.ok(**asked), nodes())[1]
    assert len(everywhere) == 5
    named = sorted(everywhere)[1:3]

    done = tasks.ok(**asked, node_names=named)

    assert done.result["rollout"]["desired"] == 2
    assert nodes() == set(named)
    tasks.same(**asked, node_names=named)


def test_the_time_that_failing_nodes_are_tolerated_counts_for_nothing(
    api: Api, tasks: Tasks
) -> None:
    tasks.ok(
        name="agent",
        containers=[_AGENT],
        node_failure_toleration_seconds=5,
        wait=True,
        wait_timeout=300,
    )
    template = at(api.daemonset(tasks.namespace, "agent"), (*_POD, "tolerations"))
    assert [one["tolerationSeconds"] for one in template] == [5, 5]
    for pod in api.pods(tasks.namespace, "agent"):
        unlimited = {
            one["key"]
            for one in pod["spec"]["tolerations"]
            if one.get("effect") == "NoExecute" and "tolerationSeconds" not in one
        }
        assert unlimited >= {one["key"] for one in template}
