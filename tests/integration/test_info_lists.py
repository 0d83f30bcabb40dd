# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of daemonset_info: over namespaces, of which some may not be read; searched, filtered by
state, sorted and in pages; and the pods of thousands of nodes, of which some are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.api import MERGE, Api, daemonsets, eventually
from tests.integration.harness import alike, both_ways
from tests.integration.manifests import NOWHERE
from tests.integration.verbs import Outcome, Tasks

_RBAC = "rbac.authorization.k8s.io"
_SIMULATE = "everynode.kubernetes/simulate"
_BROKEN = "example.test/agent:simulate-image-pull"


def _agent(name: str = "agent", image: str = "example.test/agent:1", **more: Any) -> dict[str, Any]:
    return {"name": name, "containers": [{"name": "agent", "image": image}], **more}


def _idle(name: str, **more: Any) -> dict[str, Any]:
    return _agent(name, node_selector=NOWHERE, wait=True, **more)


def _look(tasks: Tasks, **parameters: Any) -> Outcome:
    """A list of no certain namespace, with all that it asked for, wherever."""
    mark = tasks.api.mark()
    found = tasks.info(**{"namespace": None, **parameters})
    return Outcome(found.result, tasks.api.requests(mark))


def _shown(found: Outcome) -> list[str]:
    assert not found.result.get("failed"), found.result["msg"]
    return [f"{one['namespace']}/{one['name']}" for one in found.result["daemonsets"]]


@pytest.fixture
def places(api: Api, two_namespaces: tuple[str, str]) -> tuple[Tasks, Tasks]:
    """Two namespaces, with b and a, and with a-2 and c; all have the label of the first."""
    here, there = (Tasks(api, one) for one in two_namespaces)
    for tasks, names in ((here, ("b", "a")), (there, ("a-2", "c"))):
        for name in names:
            tasks.ok(**_idle(name, labels={"of": here.namespace}))
    return here, there


@pytest.fixture
def viewer(api: Api, places: tuple[Tasks, Tasks]) -> str:
    """A user with the ClusterRole view in the first of the two namespaces."""
    name = f"viewer-{places[0].namespace}"
    binding = {
        "metadata": {"name": name},
        "subjects": [{"apiGroup": _RBAC, "kind": "User", "name": name}],
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": "view"},
    }
    path = f"/apis/{_RBAC}/v1/namespaces/{places[0].namespace}/rolebindings"
    api.request("POST", path, body=binding)
    _until_allowed(api, name, "pods", places[0].namespace)
    return name


def _until_allowed(api: Api, user: str, resource: str, namespace: str = "") -> None:
    asked = {"namespace": namespace, "verb": "list", "resource": resource}
    review = {"spec": {"user": user, "resourceAttributes": asked}}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    eventually(
        lambda: api.request("POST", path, body=review)["status"]["allowed"] or None,
        f"{user} may list {resource}",
    )


def _may_in_cluster(api: Api, user: str, group: str, resource: str) -> str:
    """Give a user the right to list a kind in the whole cluster: the name of role and binding."""
    name = f"{user}-{resource}"
    roles, bindings = (f"/apis/{_RBAC}/v1/cluster{kind}" for kind in ("roles", "rolebindings"))
    rules = [{"apiGroups": [group], "resources": [resource], "verbs": ["list"]}]
    api.request("POST", roles, body={"metadata": {"name": name}, "rules": rules})
    binding = {
        "metadata": {"name": name},
        "subjects": [{"apiGroup": _RBAC, "kind": "User", "name": user}],
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": name},
    }
    api.request("POST", bindings, body=binding)
    return name


@pytest.fixture
def also_in_cluster(api: Api, viewer: str) -> Iterator[Callable[[str, str], None]]:
    """Gives the viewer the right to list a kind of a group in the whole cluster."""
    made = []

    def give(group: str, resource: str) -> None:
        made.append(_may_in_cluster(api, viewer, group, resource))
        if not group:
            _until_allowed(api, viewer, resource)

    yield give
    for name in made:
        for kind in ("roles", "rolebindings"):
            api.request("DELETE", f"/apis/{_RBAC}/v1/cluster{kind}/{name}")


def test_a_list_of_all_namespaces_is_one_request(places: tuple[Tasks, Tasks]) -> None:
    here, there = places
    found = _look(
        here,
        all_namespaces=True,
        label_selectors=[f"of={here.namespace}"],
        name_contains="A",
        states=["no_nodes", "ready"],
        sort_by="name",
        include=["daemonset", "metadata"],
    )
    assert _shown(found) == [f"{here.namespace}/a", f"{there.namespace}/a-2"]
    (request,) = found.requests
    assert request.verb == "list"
    assert request.path.startswith("/apis/apps/v1/daemonsets?")
    assert found.result["found"] == 2
    assert found.result["denied_namespaces"] == []


def test_some_namespaces_are_a_request_each(places: tuple[Tasks, Tasks]) -> None:
    here, there = places
    names = [there.namespace, here.namespace, there.namespace]
    found = _look(here, namespaces=names)
    both = sorted((here.namespace, there.namespace))
    by_namespace = {here.namespace: ["a", "b"], there.namespace: ["a-2", "c"]}
    assert _shown(found) == [f"{one}/{name}" for one in both for name in by_namespace[one]]
    assert sorted(request.namespace for request in found.requests) == both


def test_a_page_of_a_sorted_list(places: tuple[Tasks, Tasks]) -> None:
    here, there = places
    asked = {"namespaces": [here.namespace, there.namespace], "sort_by": "name"}
    everything = _shown(_look(here, **asked))
    assert [one.split("/")[1] for one in everything] == ["a", "a-2", "b", "c"]
    pages = [_look(here, **asked, limit=3, offset=offset) for offset in (0, 3, 6)]
    assert [_shown(one) for one in pages] == [everything[:3], everything[3:], []]
    assert [one.result["found"] for one in pages] == [4, 4, 4]
    assert _shown(_look(here, **asked, descending=True)) == everything[::-1]
    # What was made first comes first.
    made = _shown(_look(here, **{**asked, "sort_by": "created"}))
    assert set(made) == set(everything)
    times = [here.api.daemonset(*one.split("/"))["metadata"]["creationTimestamp"] for one in made]
    assert times == sorted(times)


def test_details_are_read_for_what_is_shown(places: tuple[Tasks, Tasks]) -> None:
    here, there = places
    names = [here.namespace, there.namespace]
    found = _look(here, namespaces=names, sort_by="name", limit=1, include=["pods"])
    assert _shown(found) == [f"{here.namespace}/a"]
    lists = [request for request in found.requests if "/pods?" in request.path]
    assert [request.namespace for request in lists] == [here.namespace]
    assert "labelSelector=" in lists[0].path


@pytest.mark.parametrize("everywhere", [True, False])
def test_namespaces_that_may_not_be_read_are_told(
    places: tuple[Tasks, Tasks], viewer: str, everywhere: bool
) -> None:
    here, there = places
    found = _look(
        here,
        namespaces=[here.namespace, there.namespace],
        all_namespaces=everywhere,
        include=["pods", "quotas"],
        impersonate_user=viewer,
    )
    assert _shown(found) == [f"{here.namespace}/a", f"{here.namespace}/b"]
    assert found.result["denied_namespaces"] == [there.namespace]
    assert "The DaemonSets of 1 namespace may not be listed" in found.warnings
    assert there.namespace in found.warnings
    assert [one["pods"] for one in found.result["daemonsets"]] == [[], []]
    assert found.result["quotas"] == []
    # What may not be listed is not asked for pods and quotas.
    paths = [request.path for request in found.requests if there.namespace == request.namespace]
    assert len(paths) == 1


def test_all_namespaces_that_a_user_sees_are_tried(
    places: tuple[Tasks, Tasks], viewer: str, also_in_cluster: Callable[[str, str], None]
) -> None:
    here, there = places
    also_in_cluster("", "namespaces")
    found = _look(here, all_namespaces=True, impersonate_user=viewer)
    assert _shown(found) == [f"{here.namespace}/a", f"{here.namespace}/b"]
    denied = found.result["denied_namespaces"]
    assert {there.namespace, "default", "kube-system"} <= set(denied)
    assert here.namespace not in denied
    assert denied == sorted(denied)
    lists = [request for request in found.requests if request.path.startswith("/apis/apps/v1/")]
    # The whole cluster, and each namespace once.
    assert len(lists) == 2 + len(denied)


def test_without_a_namespace_that_may_be_read_it_fails(
    places: tuple[Tasks, Tasks], viewer: str
) -> None:
    here, there = places
    failed = _look(here, all_namespaces=True, impersonate_user=viewer).result
    assert failed["error"] == {"kind": "forbidden", "status": 403}
    assert "list DaemonSets in all namespaces" in failed["msg"]
    assert "list the namespaces" in failed["msg"]
    assert "parameter namespaces" in failed["msg"]
    others = [there.namespace, "default"]
    failed = _look(here, namespaces=others, impersonate_user=viewer).result
    assert failed["error"]["kind"] == "forbidden"
    assert "None of 2 namespaces may be read" in failed["msg"]


def test_pods_of_many_namespaces_are_one_list(
    api: Api, namespaces: Callable[[], str], places: tuple[Tasks, Tasks]
) -> None:
    here, _there = places
    names = [namespaces() for _turn in range(5)]
    for name in names:
        Tasks(api, name).ok(**_idle("more", labels={"of": here.namespace}))
    asked = {"label_selectors": [f"of={here.namespace}"], "include": ["pods"]}
    found = _look(here, all_namespaces=True, **asked)
    assert len(_shown(found)) == 9
    assert [request.verb for request in found.requests] == ["list", "list"]
    few = _look(here, all_namespaces=True, **asked, limit=2, sort_by="name", descending=True)
    assert len(_shown(few)) == 2
    assert all(request.namespace for request in few.requests[1:])


def test_pods_are_shown_where_they_may_be_listed(
    api: Api,
    namespaces: Callable[[], str],
    places: tuple[Tasks, Tasks],
    viewer: str,
    also_in_cluster: Callable[[str, str], None],
) -> None:
    here, _there = places
    for _turn in range(5):
        Tasks(api, namespaces()).ok(**_idle("more", labels={"of": here.namespace}))
    also_in_cluster("apps", "daemonsets")
    asked = {"label_selectors": [f"of={here.namespace}"], "include": ["pods"]}

    def listed() -> Outcome | None:
        found = _look(here, all_namespaces=True, **asked, impersonate_user=viewer)
        return found if not found.result.get("denied_namespaces", True) else None

    found = eventually(listed, "the viewer may list DaemonSets")
    pods = {one["namespace"]: one["pods"] for one in found.result["daemonsets"]}
    assert {name for name, listed in pods.items() if listed is not None} == {here.namespace}
    assert "The pods are not shown" in found.warnings
    assert "in 5 other namespaces" in found.warnings
    unknown = [one for one in found.result["daemonsets"] if one["pods"] is None]
    assert {one["pods_left_out"] for one in unknown} == {None}
    assert all("may not be listed" in one["notes"][0] for one in unknown)


@pytest.mark.parametrize(
    ("parameters", "paths"),
    [
        ({"namespace": "a", "namespaces": ["b"]}, ["namespace"]),
        ({"namespace": "a", "all_namespaces": True}, ["namespace"]),
        ({"namespace": None, "namespaces": []}, ["namespaces"]),
        ({"limit": 0, "offset": -1, "max_pods": 0}, ["limit", "offset", "max_pods"]),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_is_asked(
    tasks: Tasks, parameters: dict[str, Any], paths: list[str]
) -> None:
    mark = tasks.api.mark()
    failed = tasks.info(**parameters).result
    assert failed["error"]["kind"] == "invalid_input"
    assert [fault["path"] for fault in failed["faults"]] == paths
    assert tasks.api.requests(mark) == []


@pytest.fixture
def in_all_states(api: Api, tasks: Tasks) -> Iterator[Tasks]:
    """A DaemonSet in each state, which is its name."""
    strategy = {"rolling_update": {"max_unavailable": 1}}
    tasks.ok(**_idle("no-nodes"))
    tasks.ok(**_agent("starting", _BROKEN))
    for name in ("ready", "updating", "paused", "staged", "rebuilding", "deleting"):
        tasks.ok(**_agent(name, update_strategy=strategy), wait=True)
    tasks.ok(**_agent("updating", _BROKEN))
    tasks.ok(name="paused", state="paused")
    newer = {"wait": True, "wait_timeout": 300, "failure_grace_seconds": 1}
    stages = {"stages": [1], "until_stage": 1}
    tasks.ok(**_agent("staged", "example.test/agent:2"), **newer, rollout=stages)
    rebuild = {"rebuild": True, "on_failure": "fail"}
    tasks.fails(**_agent("rebuilding", _BROKEN), **newer, rollout=rebuild)
    path = f"{daemonsets(tasks.namespace)}/deleting"
    held = {"metadata": {"finalizers": ["example.test/held"]}}
    api.request("PATCH", path, body=held, kind=MERGE)
    api.request("DELETE", path)
    yield tasks
    api.request("PATCH", path, body={"metadata": {"finalizers": None}}, kind=MERGE)


def test_states_in_words(in_all_states: Tasks) -> None:
    tasks = in_all_states
    words = {"no_nodes", "starting", "ready", "updating", "paused", "staged", "rebuilding"}

    def settled() -> dict[str, Any] | None:
        found = {one["name"]: one for one in tasks.info().result["daemonsets"]}
        said = {name: one["state"] for name, one in found.items()}
        return found if said == {name: name.replace("-", "_") for name in said} else None

    found = eventually(settled, "each is in its state")
    assert {one["state"] for one in found.values()} == words | {"deleting"}
    assert found["no-nodes"]["message"] == "no node is eligible"
    assert found["staged"]["rollout"]["stage"] == 1
    assert "paused" in found["paused"]["message"]
    by_need = [one["state"] for one in tasks.info(sort_by="state").result["daemonsets"]]
    assert by_need == [
        "deleting",
        "rebuilding",
        "paused",
        "staged",
        "updating",
        "starting",
        "no_nodes",
        "ready",
    ]
    some = tasks.info(states=["paused", "deleting"]).result
    assert [one["name"] for one in some["daemonsets"]] == ["deleting", "paused"]
    assert some["found"] == 2


def test_what_a_list_shows_of_each(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent(labels={"tier": "node"}, description="Watches"), wait=True)
    edited = {"metadata": {"annotations": {"kubesphere.io/creator": "ada"}}}
    path = f"{daemonsets(tasks.namespace)}/agent"
    api.request("PATCH", path, query={"fieldManager": "editor"}, body=edited, kind=MERGE)
    found = tasks.info(include=["metadata"])
    (shown,) = found.result["daemonsets"]
    live = api.daemonset(tasks.namespace, "agent")
    metadata = live["metadata"]
    times = {one["manager"]: one["time"] for one in metadata["managedFields"]}
    assert shown == {
        "name": "agent",
        "namespace": tasks.namespace,
        "uid": metadata["uid"],
        "description": "Watches",
        "state": "ready",
        "message": "all 5 pods are updated and available",
        "rollout": shown["rollout"],
        "images": {"agent": "example.test/agent:1"},
        "update_strategy": "RollingUpdate",
        "labels": {"tier": "node"},
        "created": metadata["creationTimestamp"],
        "created_by": "ada",
        "updated": times["editor"],
        "updated_by": "editor",
        "notes": [],
        "metadata": shown["metadata"],
    }
    told = shown["metadata"]
    assert told["annotations"] == metadata["annotations"]
    assert told["resource_version"] == metadata["resourceVersion"]
    assert told["generation"] == metadata["generation"]
    assert {one["name"]: one["changed"] for one in told["field_managers"]} == times
    assert "everynode" in times


def test_the_unwell_are_shown_and_the_others_counted(tasks: Tasks) -> None:
    broken = {_SIMULATE: "crash-loop", f"{_SIMULATE}-on": "node-3"}
    tasks.run(**_agent(pod_annotations=broken))

    def crashing() -> Outcome | None:
        found = tasks.info(include=["pods"], max_pods=2)
        pods = {pod["node"]: pod["reason"] for pod in found.result["daemonsets"][0]["pods"]}
        told = pods.get("node-3") == "CrashLoop" and None in pods.values()
        return found if told and found.result["daemonsets"][0]["pods_left_out"] == 3 else None

    found = eventually(crashing, "one pod crashes, and others are well")
    (shown,) = found.result["daemonsets"]
    assert [pod["node"] for pod in shown["pods"]] == ["node-0", "node-3"]
    assert shown["pods_left_out"] == 3
    crashed = shown["pods"][1]["containers"][0]
    assert (crashed["state"], crashed["reason"]) == ("waiting", "CrashLoopBackOff")
    assert crashed["last_exit_code"] == 1


def test_the_pods_of_some_nodes(tasks: Tasks) -> None:
    tasks.ok(**_agent(), wait=True)
    found = tasks.info(include=["pods"], nodes=["node-1", "node-4", "node-7"])
    (shown,) = found.result["daemonsets"]
    assert [pod["node"] for pod in shown["pods"]] == ["node-1", "node-4"]
    assert shown["pods_left_out"] == 0
    assert shown["notes"] == ["There is no pod of it on node-7."]
    assert all(pod["age_seconds"] >= 0 and pod["host_ip"] for pod in shown["pods"])
    # Of thousands of pods, no others are sent: those of each node, and those on none.
    asked = [request.path.split("fieldSelector=")[1:] for request in found.requests]
    nodes = ["", "node-1", "node-4", "node-7"]
    assert [one[0].split("&")[0] for one in asked[1:]] == [f"spec.nodeName%3D{n}" for n in nodes]
    more = tasks.info(include=["pods", "revisions"], nodes=["node-1"])
    (shown,) = more.result["daemonsets"]
    assert [pod["node"] for pod in shown["pods"]] == ["node-1"]
    assert [one["pods"] for one in shown["revisions"]] == [5]
    many = tasks.info(include=["pods"], nodes=[f"node-{number}" for number in range(1, 9)])
    assert len(many.result["daemonsets"][0]["pods"]) == 4
    assert len(many.requests) == 2


def test_a_pod_that_is_not_scheduled_is_on_the_node_that_it_is_meant_for(tasks: Tasks) -> None:
    big = {"requests": {"cpu": "1000"}}
    container = {"name": "agent", "image": "example.test/agent:1", "resources": big}
    tasks.ok(name="agent", containers=[container])

    def waiting() -> dict[str, Any] | None:
        (shown,) = tasks.info(include=["pods"], nodes=["node-2"]).result["daemonsets"]
        pods: list[dict[str, Any]] = shown["pods"]
        return pods[0] if pods and pods[0]["reason"] == "Unschedulable" else None

    pod = eventually(waiting, "its pod does not fit on the node")
    assert (pod["node"], pod["phase"], pod["ready"]) == ("node-2", "Pending", False)
    assert "cpu" in pod["evidence"]


def test_both_ways_show_the_same(api: Api, two_namespaces: tuple[str, str]) -> None:
    everything = ["daemonset", "metadata", "pods", "quotas"]
    asked = {"states": ["ready"], "sort_by": "created", "include": everything, "max_pods": 2}
    steps = [
        {"name": "Make it", "everynode.kubernetes.daemonset": _agent()},
        {"name": "Look at it", "everynode.kubernetes.daemonset_info": asked},
        {"name": "Look at none", "everynode.kubernetes.daemonset_info": {"limit": 0}},
    ]
    here, there = both_ways(api, two_namespaces, steps)
    for step in ("Look at it", "Look at none"):
        alike(here.step(step), there.step(step), two_namespaces)
    (shown,) = here.step("Look at it").result["daemonsets"]
    assert (len(shown["pods"]), shown["pods_left_out"]) == (2, 3)
