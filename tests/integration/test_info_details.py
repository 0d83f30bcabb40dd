# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What daemonset_info finds out on demand: the revisions, what is wrong, and where no pod is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.api import MERGE, Api, eventually
from tests.integration.harness import alike, both_ways
from tests.integration.manifests import NOWHERE
from tests.integration.rollbacks import back, observed
from tests.integration.verbs import Tasks

_SIMULATE = "everynode.kubernetes/simulate"


def _agent(number: int | str, **more: Any) -> dict[str, Any]:
    container = {"name": "agent", "image": f"example.test/agent:{number}"}
    return {"name": "agent", "containers": [container], **more}


def _details(tasks: Tasks, *asked: str, **parameters: Any) -> dict[str, Any]:
    (shown,) = tasks.info(name="agent", include=list(asked), **parameters).result["daemonsets"]
    found: dict[str, Any] = shown
    return found


def test_the_revisions_of_a_rollout_that_has_not_ended(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent(1), change_cause="first", wait=True)
    broken = _agent("simulate-image-pull", change_cause="second")
    tasks.ok(**broken)
    eventually(lambda: len(_numbers(api, tasks)) == 2 or None, "one pod is of the second")
    asked = tasks.info(name="agent", include=["revisions", "pods"])
    assert [request.verb for request in asked.requests] == ["list", "list", "list"]
    shown = asked.result["daemonsets"][0]["revisions"]
    stored = {
        one["revision"]: one
        for one in api.request(
            "GET", f"/apis/apps/v1/namespaces/{tasks.namespace}/controllerrevisions"
        )["items"]
    }
    told = [("second", "simulate-image-pull", True, 1), ("first", "1", False, 4)]
    for number, (cause, tag, current, pods) in zip((2, 1), told, strict=True):
        one = stored[number]["metadata"]
        assert shown[2 - number] == {
            "revision": number,
            "current": current,
            "images": {"agent": f"example.test/agent:{tag}"},
            "change_cause": cause,
            "created": one["creationTimestamp"],
            "pods": pods,
            "template_hash": one["labels"]["controller-revision-hash"],
            "name": one["name"],
        }


def _numbers(api: Api, tasks: Tasks) -> set[str]:
    """The revisions that pods which are not ending are of."""
    return {
        pod["metadata"]["labels"]["controller-revision-hash"]
        for pod in api.pods(tasks.namespace, "agent")
        if "deletionTimestamp" not in pod["metadata"]
    }


def test_each_of_many_has_its_own_revisions(api: Api, tasks: Tasks) -> None:
    for name, numbers in (("a", (1, 2)), ("b", (3,))):
        for number in numbers:
            tasks.ok(**{**_agent(number), "name": name}, node_selector=NOWHERE)
            observed(api, tasks.namespace, name)
    back(tasks, name="a")
    observed(api, tasks.namespace, "a")
    found = tasks.info(include=["revisions"])
    assert len(found.requests) == 2
    told = {
        shown["name"]: [(one["revision"], one["current"]) for one in shown["revisions"]]
        for shown in found.result["daemonsets"]
    }
    assert told == {"a": [(3, True), (2, False)], "b": [(1, True)]}
    assert found.result["daemonsets"][0]["revisions"][0]["pods"] is None
    assert "revisions" not in tasks.info().result["daemonsets"][0]


def test_without_the_right_to_see_revisions_it_says_so(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent(1), node_selector=NOWHERE)
    rules = [{"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["get", "list"]}]
    reader = api.user_with(rules, tasks.namespace, "reader")
    found = tasks.info(include=["revisions"], impersonate_user=reader)
    assert found.result["daemonsets"][0]["revisions"] is None
    assert "The controllerrevisions are not shown" in found.warnings


def test_all_is_well(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent(1), wait=True)
    found = tasks.info(name="agent", include=["reasons"])
    (shown,) = found.result["daemonsets"]
    assert (shown["reasons"], shown["nodes_without_pod"], shown["notes"]) == ([], [], [])
    # Nothing about pods is read beside their list, and the nodes once.
    assert len(found.requests) == 2
    assert "reasons" not in tasks.info().result["daemonsets"][0]


def test_what_is_wrong_is_told_by_cause(api: Api, tasks: Tasks) -> None:
    annotations = {_SIMULATE: "crash-loop", f"{_SIMULATE}-on": "node-1,node-3"}
    tasks.run(**_agent(1), pod_annotations=annotations)

    def crashing() -> dict[str, Any] | None:
        reasons = _details(tasks, "reasons")["reasons"]
        found = [one for one in reasons if one["cause"] == "CrashLoop" and one["count"] == 2]
        return found[0] if len(reasons) == 1 and found else None

    reason = eventually(crashing, "two pods crash")
    assert reason["nodes"] == ["node-1", "node-3"]
    assert not reason["heals"]
    assert "exit code 1" in reason["evidence"]
    mark = api.mark()
    shown = _details(tasks, "reasons", "pods")
    asked = [(one.verb, one.path.partition("?")[0].rsplit("/", 1)[1]) for one in api.requests(mark)]
    # Of the crashing pods the events and a log, too.
    lists = ["daemonsets", "pods", "nodes", "events", "events"]
    assert asked[:5] == [("list", resource) for resource in lists]
    assert set(asked[5:]) <= {("get", "log")}
    assert len(shown["pods"]) == 5
    assert [one["cause"] for one in shown["reasons"]] == ["CrashLoop"]
    assert shown["nodes_without_pod"] == []


@pytest.fixture
def pools(api: Api) -> Iterator[None]:
    """node-0 is in a pool, and node-1 is tainted."""
    taint = [{"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}]
    for taints, pool, count in ((taint, "edge", 1), (None, None, 0)):
        api.request("PATCH", "/api/v1/nodes/node-1", body={"spec": {"taints": taints}}, kind=MERGE)
        labelled = {"metadata": {"labels": {"pool": pool}}}
        api.request("PATCH", "/api/v1/nodes/node-0", body=labelled, kind=MERGE)
        api.until_controllers_see(count, {"pool": "edge"})
        if pool:
            yield


@pytest.mark.usefixtures("pools")
def test_nodes_without_a_pod_are_told_with_why(tasks: Tasks) -> None:
    tasks.ok(**_agent(1), wait=True)
    (group,) = _details(tasks, "reasons")["nodes_without_pod"]
    assert (group["why"], group["count"], group["nodes"]) == ("taint", 1, ["node-1"])
    assert "dedicated=gpu:NoSchedule" in group["evidence"]
    tasks.ok(**_agent(1), node_selector={"pool": "edge"}, wait=True)
    shown = _details(tasks, "reasons")
    found = {group["why"]: (group["count"], group["nodes"]) for group in shown["nodes_without_pod"]}
    assert found == {"node_selector": (4, ["node-1", "node-2", "node-3", "node-4"])}
    assert "pool=edge is wanted" in shown["nodes_without_pod"][0]["evidence"]
    assert shown["reasons"] == []


@pytest.mark.usefixtures("pools")
def test_why_there_is_no_pod_on_certain_nodes(tasks: Tasks) -> None:
    tasks.ok(**_agent(1), node_selector={"pool": "edge"}, wait=True)
    shown = _details(tasks, "reasons", nodes=["node-0", "node-1", "node-3", "node-99"])
    (group,) = shown["nodes_without_pod"]
    assert (group["why"], group["nodes"]) == ("node_selector", ["node-1", "node-3"])
    assert group["evidence"] == "pool=edge is wanted, the node has no such label"
    assert shown["notes"] == ["There is no node node-99."]


def test_a_pod_that_may_not_be_made_is_told(api: Api, tasks: Tasks) -> None:
    quota = {"metadata": {"name": "few"}, "spec": {"hard": {"pods": "2"}}}
    api.request("POST", f"/api/v1/namespaces/{tasks.namespace}/resourcequotas", body=quota)
    tasks.ok(**_agent(1))

    def refused() -> dict[str, Any] | None:
        shown = _details(tasks, "reasons")
        causes = {one["cause"]: one["count"] for one in shown["reasons"]}
        return shown if causes == {"Quota": 3} else None

    shown = eventually(refused, "three pods are refused")
    assert "exceeded quota: few" in shown["reasons"][0]["evidence"]
    (group,) = shown["nodes_without_pod"]
    assert (group["why"], group["count"]) == ("not_created", 3)


@pytest.mark.parametrize("pods", [True, False])
def test_without_the_rights_to_nodes_and_events_it_tells_less(
    api: Api, tasks: Tasks, pods: bool
) -> None:
    annotations = {_SIMULATE: "image-pull"}
    tasks.ok(**_agent(1), pod_annotations=annotations)
    rules = [{"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["get", "list"]}]
    if pods:
        rules.append({"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]})
    reader = api.user_with(rules, tasks.namespace, "reader")

    def told() -> dict[str, Any] | None:
        shown = _details(tasks, "reasons", impersonate_user=reader)
        ready = not pods or [one["cause"] for one in shown["reasons"]] == ["ImagePull"]
        return shown if ready else None

    shown = eventually(told, "the pods fail")
    assert shown["nodes_without_pod"] is None
    assert "The nodes may not be read" in " ".join(shown["notes"])
    if pods:
        assert shown["reasons"][0]["count"] == 5
        assert "The events may not be read" in " ".join(shown["notes"])
    else:
        assert shown["reasons"] == []
        assert "listing pods is forbidden" in " ".join(shown["notes"])


def test_both_ways_say_the_same(api: Api, two_namespaces: tuple[str, str]) -> None:
    asked = {"name": "agent", "include": ["revisions", "reasons"]}
    steps = [
        {
            "name": "Make it",
            "everynode.kubernetes.daemonset": _agent(1, node_selector=NOWHERE),
        },
        {"name": "Look at it", "everynode.kubernetes.daemonset_info": asked},
    ]
    here, there = (play.done().step("Look at it") for play in both_ways(api, two_namespaces, steps))
    assert [one["current"] for one in here.result["daemonsets"][0]["revisions"]] == [True]
    alike(here, there, two_namespaces)
