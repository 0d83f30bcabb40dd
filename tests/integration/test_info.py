# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What daemonset_info shows: one or many, with their rollouts and the pods of each node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.api import Api, eventually
from tests.integration.manifests import NOWHERE
from tests.integration.verbs import Tasks

_CONTAINERS = [{"name": "agent", "image": "example.test/agent:1"}]


def _names(result: dict[str, Any]) -> list[str]:
    return [shown["name"] for shown in result["daemonsets"]]


@pytest.fixture
def three(tasks: Tasks) -> Tasks:
    """A namespace with three DaemonSets of two tiers."""
    for name, tier in (("a", "node"), ("b", "node"), ("c", "edge")):
        tasks.ok(
            name=name,
            labels={"tier": tier},
            containers=_CONTAINERS,
            node_selector=NOWHERE if name != "a" else None,
            wait=True,
        )
    return tasks


def test_all_of_a_namespace(three: Tasks) -> None:
    found = three.info()
    assert _names(found.result) == ["a", "b", "c"]
    assert not found.changed
    assert [request.verb for request in found.requests] == ["list"]
    shown = found.result["daemonsets"][0]
    assert shown["namespace"] == three.namespace
    assert shown["rollout"]["ready"]
    assert shown["rollout"]["desired"] == 5
    assert found.result["found"] == 3
    assert found.result["denied_namespaces"] == []
    assert not shown.keys() & {"daemonset", "pods", "metadata", "revisions", "reasons"}


def test_the_objects_and_their_pods(three: Tasks) -> None:
    found = three.info(include=["daemonset", "pods"])
    assert [request.verb for request in found.requests] == ["list", "list"]
    shown = found.result["daemonsets"][0]
    assert shown["daemonset"]["kind"] == "DaemonSet"
    assert "managedFields" not in shown["daemonset"]["metadata"]
    assert [len(one["pods"]) for one in found.result["daemonsets"]] == [5, 0, 0]


def test_the_pods_of_each_node(three: Tasks, api: Api) -> None:
    (shown,) = three.info(name="a", include=["pods"]).result["daemonsets"]
    pods = {pod["metadata"]["name"]: pod for pod in api.pods(three.namespace, "a")}
    assert [pod["node"] for pod in shown["pods"]] == sorted(
        pod["spec"]["nodeName"] for pod in pods.values()
    )
    for pod in shown["pods"]:
        real = pods[pod["name"]]
        assert pod["ready"]
        assert pod["phase"] == "Running"
        assert pod["ip"] == real["status"]["podIP"]
        assert pod["revision"] == real["metadata"]["labels"]["controller-revision-hash"]
        assert pod["images"] == {"agent": "example.test/agent:1"}
        assert pod["reason"] is None


def test_quotas_are_shown_where_they_are_asked_for(tasks: Tasks, api: Api) -> None:
    quota = {"metadata": {"name": "few"}, "spec": {"hard": {"count/daemonsets.apps": "3"}}}
    path = f"/api/v1/namespaces/{tasks.namespace}/resourcequotas"
    api.request("POST", path, body=quota)

    def counted() -> bool | None:
        return "used" in api.request("GET", f"{path}/few").get("status", {}) or None

    eventually(counted, "the quota is counted")
    tasks.ok(name="agent", containers=_CONTAINERS)
    found = tasks.info(include=["quotas"])
    (shown,) = found.result["quotas"]
    assert shown == {
        "name": "few",
        "namespace": tasks.namespace,
        "hard": {"count/daemonsets.apps": "3"},
        "used": {"count/daemonsets.apps": "1"},
    }
    assert [request.verb for request in found.requests] == ["list", "list"]
    assert "quotas" not in tasks.info().result
    assert tasks.info(include=["quotas"], impersonate_user="nobody").result["failed"]


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        ({"name": "b"}, ["b"]),
        ({"name": "none"}, []),
        ({"label_selectors": ["tier=node"]}, ["a", "b"]),
        ({"label_selectors": ["tier in (edge, other)"]}, ["c"]),
        ({"label_selectors": ["tier=node", "tier!=node"]}, []),
        ({"field_selectors": ["metadata.name=c"]}, ["c"]),
        ({"name": "a", "label_selectors": ["tier=edge"]}, []),
    ],
)
def test_a_selection(three: Tasks, selection: dict[str, Any], names: list[str]) -> None:
    assert _names(three.info(**selection).result) == names


def test_a_wrong_selector_is_told(three: Tasks) -> None:
    failed = three.info(label_selectors=["a=b", "tier in"], field_selectors=["spec.nothing=1"])
    assert failed.requests == []
    assert failed.result["faults"] == [
        {
            "path": "label_selectors[1]",
            "problem": '"tier in" is no label selector: the end where ( should be; allowed are key,'
            " !key, key=value, key!=value, key in (a, b) and key notin (a, b), and several of them"
            " with commas between",
        },
        {
            "path": "field_selectors[0]",
            "problem": '"spec.nothing=1" is no field selector: DaemonSets cannot be selected by the'
            ' field "spec.nothing"; allowed are metadata.name and metadata.namespace, each with =,'
            " == or != and a value",
        },
    ]


def test_a_selector_may_be_written_as_one_text(three: Tasks) -> None:
    """Ansible takes its commas for those of a list."""
    found = three.info(label_selectors="tier in (edge, other)", field_selectors="metadata.name=c")
    assert _names(found.result) == ["c"]


def test_all_namespaces(api: Api, three: Tasks, namespaces: Callable[[], str]) -> None:
    other = Tasks(api, namespaces())
    other.ok(name="d", labels={"tier": "node"}, containers=_CONTAINERS, node_selector=NOWHERE)
    found = three.info(all_namespaces=True, namespace=None, label_selectors=["tier=node"])
    places = [(shown["namespace"], shown["name"]) for shown in found.result["daemonsets"]]
    ours = [place for place in places if place[0] in (three.namespace, other.namespace)]
    assert ours == sorted([(three.namespace, "a"), (three.namespace, "b"), (other.namespace, "d")])
    failed = three.info(all_namespaces=True).result
    assert failed["failed"]
    assert "namespace" in failed["msg"]


@pytest.fixture
def reader(api: Api, namespace: str) -> str:
    """A user who may read DaemonSets, and nothing else."""
    rules = [{"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["get", "list"]}]
    return api.user_with(rules, namespace, "reader")


def test_without_the_right_to_see_pods_it_says_less(three: Tasks, reader: str) -> None:
    found = three.info(impersonate_user=reader, include=["pods"])
    assert _names(found.result) == ["a", "b", "c"]
    assert [shown["pods"] for shown in found.result["daemonsets"]] == [None] * 3
    assert "The pods are not shown" in found.warnings


def test_without_any_right_it_fails_plainly(three: Tasks) -> None:
    failed = three.info(impersonate_user="nobody").result
    assert failed["failed"]
    assert failed["error"] == {"kind": "forbidden", "status": 403}
    assert "nobody" in failed["msg"]


def test_what_is_wrong_with_a_pod_is_shown(tasks: Tasks) -> None:
    simulated = {
        "everynode.kubernetes/simulate": "crash-loop",
        "everynode.kubernetes/simulate-on": "node-2",
    }
    tasks.ok(name="agent", containers=_CONTAINERS, pod_annotations=simulated)
    tasks.until_reasons({"CrashLoop": 1})
    (shown,) = tasks.info(name="agent", include=["pods"]).result["daemonsets"]
    reasons = {pod["node"]: pod["reason"] for pod in shown["pods"]}
    assert reasons == {f"node-{n}": "CrashLoop" if n == 2 else None for n in range(5)}
    assert "agent" in shown["pods"][2]["evidence"]


def test_secrets_are_hidden(tasks: Tasks) -> None:
    env = [{"name": "API_TOKEN", "value": "swordfish"}]
    tasks.ok(name="agent", containers=[{**_CONTAINERS[0], "env": env}], node_selector=NOWHERE)
    assert "swordfish" not in str(tasks.info(name="agent", include=["daemonset"]).result)
