# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two who want different values of one field: told plainly, and decided by the user."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api import Api
from tests.integration.manifests import NOWHERE, at, simple
from tests.integration.verbs import Tasks

_IMAGE = ("spec", "template", "spec", "containers", 0, "image")
_FIELD = 'spec.template.spec.containers[name="agent"].image'


def _agent(image: str = "example.test/agent:1", **parameters: Any) -> dict[str, Any]:
    return {
        "name": "agent",
        "containers": [{"name": "agent", "image": image}],
        "node_selector": NOWHERE,
        **parameters,
    }


def _set_image(api: Api, namespace: str) -> None:
    api.kubectl("set", "image", "daemonset/agent", "agent=example.test/agent:9", "-n", namespace)


@pytest.mark.parametrize("check", [True, False])
def test_a_conflict_names_the_field_its_manager_and_the_ways_out(
    api: Api, tasks: Tasks, check: bool
) -> None:
    tasks.ok(**_agent())
    _set_image(api, tasks.namespace)
    failed = tasks.fails(**_agent("example.test/agent:2"), check=check)
    message = failed.result["msg"]
    assert failed.result["error"] == {"kind": "conflict", "status": 409}
    assert failed.result["conflicts"] == [{"field": _FIELD, "manager": "kubectl-set"}]
    for word in (_FIELD, "kubectl-set", "adopt: [kubectl]", "force_conflicts: true", "leave"):
        assert word in message
    assert not failed.changed
    assert at(api.daemonset(tasks.namespace, "agent"), _IMAGE) == "example.test/agent:9"


def test_what_another_changed_back_to_ours_is_no_conflict(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent())
    _set_image(api, tasks.namespace)
    # The field is shared once both want the same.
    done = tasks.ok(**_agent("example.test/agent:9"))
    assert done.changed
    tasks.same(**_agent("example.test/agent:9"))


@pytest.mark.parametrize("way", [{"force_conflicts": True}, {"adopt": ["kubectl"]}])
def test_either_way_out_takes_the_field_over(api: Api, tasks: Tasks, way: dict[str, Any]) -> None:
    tasks.ok(**_agent())
    _set_image(api, tasks.namespace)
    wanted = _agent("example.test/agent:2")
    predicted = tasks.ok(**wanted, **way, check=True)
    assert predicted.changed
    assert at(predicted.result["daemonset"], _IMAGE) == "example.test/agent:2"
    assert tasks.ok(**wanted, **way).changed
    assert at(api.daemonset(tasks.namespace, "agent"), _IMAGE) == "example.test/agent:2"
    tasks.same(**wanted, **way)
    tasks.same(**wanted)


def test_adopting_spares_the_fields_of_others(api: Api, tasks: Tasks) -> None:
    manifest = simple("agent", tasks.namespace, nodeSelector=NOWHERE)
    api.kubectl("apply", "-f", "-", stdin=manifest)
    other = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": tasks.namespace, "labels": {"team": "night"}},
        "spec": {"minReadySeconds": 3},
    }
    api.apply(other, "operator")
    tasks.ok(definition=manifest, adopt=["kubectl"])
    live = api.daemonset(tasks.namespace, "agent")
    assert live["metadata"]["labels"] == {"team": "night"}
    assert live["spec"]["minReadySeconds"] == 3
    failed = tasks.fails(definition=manifest, min_ready_seconds=5, adopt=["kubectl"])
    assert failed.result["conflicts"] == [{"field": "spec.minReadySeconds", "manager": "operator"}]
    tasks.ok(definition=manifest, min_ready_seconds=5, adopt=["operator"])
    live = api.daemonset(tasks.namespace, "agent")
    assert live["spec"]["minReadySeconds"] == 5
    assert "labels" not in live["metadata"]


def test_two_playbooks_with_two_names_share_an_object(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent(labels={"one": "1"}))
    tasks.ok(**_agent(labels={"two": "2"}, field_manager="second"))
    labels = api.daemonset(tasks.namespace, "agent")["metadata"]["labels"]
    assert labels == {"one": "1", "two": "2"}
    tasks.same(**_agent(labels={"one": "1"}))
    tasks.same(**_agent(labels={"two": "2"}, field_manager="second"))
    tasks.ok(**_agent(field_manager="second"))
    assert api.daemonset(tasks.namespace, "agent")["metadata"]["labels"] == {"one": "1"}


def test_a_race_for_an_adoption_is_run_again(api: Api, tasks: Tasks) -> None:
    manifest = simple("agent", tasks.namespace)
    api.kubectl("apply", "-f", "-", stdin=manifest)
    # The controller writes the status of new pods all the while.
    done = tasks.ok(definition=manifest, adopt=["kubectl"], wait=True)
    assert done.changed


def test_an_update_by_our_own_name_is_taken_in(api: Api, tasks: Tasks) -> None:
    manifest = simple("agent", tasks.namespace, nodeSelector=NOWHERE)
    path = f"/apis/apps/v1/namespaces/{tasks.namespace}/daemonsets"
    api.request("POST", path, query={"fieldManager": "everynode"}, body=manifest)
    done = tasks.ok(**_agent("example.test/agent:2"))
    assert done.changed
    tasks.same(**_agent("example.test/agent:2"))


@pytest.mark.parametrize("check", [True, False])
def test_what_is_adopted_is_no_conflict(api: Api, tasks: Tasks, check: bool) -> None:
    tasks.ok(**_agent())
    _set_image(api, tasks.namespace)
    theirs = simple("agent", tasks.namespace)
    theirs["spec"] = {"minReadySeconds": 3}
    api.apply(theirs, "operator")
    wanted = _agent("example.test/agent:2", min_ready_seconds=5)
    failed = tasks.fails(**wanted, adopt=["kubectl"], check=check)
    assert failed.result["conflicts"] == [{"field": "spec.minReadySeconds", "manager": "operator"}]
    assert "operator" in failed.result["msg"]
    assert "kubectl-set" not in failed.result["msg"]


def _pod_of(api: Api, tasks: Tasks) -> dict[str, Any]:
    found: dict[str, Any] = api.daemonset(tasks.namespace, "agent")["spec"]["template"]["spec"]
    return found


_ONE_OF: dict[str, tuple[tuple[Any, ...], Any, Any]] = {
    "volume": (
        ("volumes",),
        [{"name": "data", "hostPath": {"path": "/data"}}],
        [{"name": "data", "emptyDir": {"medium": "Memory"}}],
    ),
    "probe": (
        ("containers", 0, "readinessProbe"),
        {"httpGet": {"port": 80, "path": "/"}, "periodSeconds": 5},
        {"tcpSocket": {"port": 80}, "periodSeconds": 5},
    ),
    "variable": (
        ("containers", 0, "env"),
        [{"name": "MODE", "value": "fast"}],
        [{"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "modes", "key": "m"}}}],
    ),
}


@pytest.mark.parametrize("case", _ONE_OF)
def test_adopting_is_predicted_where_one_of_two_excludes_the_other(
    api: Api, tasks: Tasks, case: str
) -> None:
    (*steps, last), former, wanted = _ONE_OF[case]

    def agent(value: Any) -> dict[str, Any]:
        manifest = simple("agent", tasks.namespace, nodeSelector=NOWHERE)
        at(manifest["spec"]["template"]["spec"], tuple(steps))[last] = value
        return manifest

    api.kubectl("apply", "-f", "-", stdin=agent(former))
    told = tasks.ok(definition=agent(wanted), adopt=["kubectl"], check=True, diff=True)
    done = tasks.ok(definition=agent(wanted), adopt=["kubectl"], diff=True)
    assert told.result["diff"] == done.result["diff"]
    found = at(_pod_of(api, tasks), (*steps, last))
    kind = set(wanted if case == "probe" else wanted[0])
    assert kind <= set(found if case == "probe" else found[0])
