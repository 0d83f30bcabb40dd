# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs that cannot be read, or are not there, beside those that can."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.api import OURS, Api, eventually
from tests.integration.speakers import NODES, SPEAKER, Speakers, dead_kubelet, speakers

_SIMULATE, _ON = f"{OURS}simulate", f"{OURS}simulate-on"
_READ_DAEMONSET = {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["get"]}
_LIST_PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
_READ_LOGS = {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}


@pytest.fixture(scope="module")
def shared(api: Api) -> Iterator[Speakers]:
    with speakers(api, "logs-that-fail") as made:
        yield made


@pytest.fixture
def pods(shared: Speakers) -> Iterator[Speakers]:
    yield shared
    shared.forget()


def _by_node(result: dict[str, Any]) -> dict[str, Any]:
    return {log["node"]: log for log in result["logs"]}


def test_a_dead_node_does_not_lose_the_others(api: Api, pods: Speakers) -> None:
    pods.say("node-1", "one\npassword=swordfish\n")
    with dead_kubelet(api, "node-2"):
        done = pods.ok()
        exceeded = pods.fails(max_fail_percentage=19)
        enough = pods.ok(max_fail_percentage=20)
    logs = _by_node(done.result)
    assert [node for node, log in logs.items() if log["failed"]] == ["node-2"]
    assert "Is the kubelet of node-2 running?" in logs["node-2"]["msg"]
    assert logs["node-2"]["text"] == ""
    assert all(logs[node]["lines"] == 2 for node in NODES if node != "node-2")
    assert done.result["failed_nodes"] == ["node-2"]
    assert "The logs of 1 of 5 nodes could not be read" in done.warnings
    assert "node-2" in done.warnings
    assert enough.result["failed_nodes"] == ["node-2"]
    assert exceeded.result["error"]["kind"] == "batch"
    assert "max_fail_percentage allows (19 %)" in exceeded.result["msg"]
    # What was read is there all the same, and as it was written.
    assert _by_node(exceeded.result)["node-1"]["text"] == "one\npassword=swordfish\n"


def test_only_dead_nodes(api: Api, pods: Speakers) -> None:
    with dead_kubelet(api, "node-2"):
        failed = pods.fails(nodes=["node-2"], containers=None)
    assert failed.result["msg"].startswith("No log could be read: Cannot read the log of pod")
    assert failed.result["failed_nodes"] == ["node-2"]
    assert len(failed.result["logs"]) == 2


def test_a_kubelet_that_hangs(pods: Speakers, tmp_path: Path) -> None:
    """It opens a pipe, and nobody writes to it."""
    os.mkfifo(tmp_path / "pipe")
    pods.say("node-1", f"file:{tmp_path / 'pipe'}")
    try:
        done = pods.ok(timeout=6, concurrency=2, containers=None)
    finally:
        (tmp_path / "pipe").write_bytes(b"")
    logs = [log for log in done.result["logs"] if log["failed"]]
    # The time is that of the pod: the second container has none left.
    assert [(log["node"], log["container"]) for log in logs] == [
        ("node-1", "agent"),
        ("node-1", "sidecar"),
    ]
    for log in logs:
        assert "the time of 6 s for the pod was over before it began" in log["msg"]
        assert "Is the kubelet of node-1 running?" in log["msg"]
    assert done.result["failed_nodes"] == ["node-1"]


def test_names_that_are_not_there(pods: Speakers) -> None:
    done = pods.ok(nodes=["node-1", "node-1x"])
    logs = done.result["logs"]
    assert [(log["node"], log["failed"]) for log in logs] == [("node-1", False), ("node-1x", True)]
    assert logs[1]["pod"] is logs[1]["container"] is None
    assert done.result["failed_nodes"] == ["node-1x"]
    assert "There is no pod of DaemonSet logs-that-fail/agent on node-1x" in done.warnings
    failed = pods.fails(pods=["agent-gone1"])
    assert "has no pod agent-gone1" in failed.result["msg"]
    assert failed.result["failed_nodes"] == ["agent-gone1"]


def test_no_such_daemonset(pods: Speakers) -> None:
    failed = pods.fails(name="absent")
    assert failed.result["error"]["kind"] == "not_found"


def test_no_such_container(pods: Speakers) -> None:
    failed = pods.fails(containers=["agent", "sidecars", "nothing-like-it"])
    assert failed.result["error"]["kind"] == "invalid_input"
    faults = {fault["path"]: fault["problem"] for fault in failed.result["faults"]}
    assert faults == {
        "containers[1]": "no pod has a container sidecars; did you mean sidecar?",
        "containers[2]": "no pod has a container nothing-like-it: there are agent, prepare,"
        " sidecar",
    }
    assert not [request for request in failed.requests if request.path.endswith("/log")]


def test_wrong_parameters_cost_no_request(pods: Speakers) -> None:
    failed = pods.fails(search="(", tail_lines=0)
    assert {fault["path"] for fault in failed.result["faults"]} == {"search", "tail_lines"}
    assert failed.requests == []


def test_containers_that_have_not_started(api: Api, namespace: str) -> None:
    pods = Speakers(api, namespace)
    waits = {_SIMULATE: "image-pull", _ON: "node-1"}
    pods.tasks.ok(**SPEAKER, pod_annotations=waits)

    def waiting() -> bool | None:
        states = {
            pod["spec"].get("nodeName"): [
                one["state"] for one in pod["status"].get("containerStatuses", [])
            ]
            for pod in api.pods(namespace, "agent")
        }
        # Before that it waits for something else.
        last = "ImagePullBackOff"
        return (
            len(states) == 5
            and all(states.values())
            and all(one.get("waiting", {}).get("reason") == last for one in states["node-1"])
            and all(
                "running" in one
                for node, some in states.items()
                if node != "node-1"
                for one in some
            )
        ) or None

    eventually(waiting, "one node waits for its image")
    done = pods.ok()
    log = _by_node(done.result)["node-1"]
    assert (log["text"], log["failed"]) == ("", False)
    assert "Container agent of pod agent-" in log["msg"]
    assert "it has not started, so it has no log yet (" in log["msg"]
    assert done.result["failed_nodes"] == []
    # Nothing but what waits: the task has found out what there is.
    assert pods.ok(nodes=["node-1"]).result["logs"][0]["msg"] == log["msg"]


def test_pods_that_are_not_scheduled(api: Api, namespace: str) -> None:
    pods = Speakers(api, namespace)
    greedy = {**SPEAKER["containers"][0], "resources": {"requests": {"cpu": "100000"}}}
    pods.tasks.ok(**{**SPEAKER, "containers": [greedy]})
    eventually(lambda: len(api.pods(namespace, "agent")) == 5 or None, "the pods are made")
    logs = pods.ok().result["logs"]
    assert [log["node"] for log in logs] == NODES
    assert [log["text"] for log in logs] == [""] * 5
    assert all("has no log: it has not started." in log["msg"] for log in logs)


def test_before_the_last_restart(api: Api, namespace: str) -> None:
    pods = Speakers(api, namespace)
    crashes = {
        _SIMULATE: "crash-loop",
        _ON: "node-1",
        f"{OURS}simulate-container": "agent",
        f"{OURS}previous-log": "fatal: no licence on $(NODE_NAME)\n",
    }
    pods.tasks.ok(**SPEAKER, pod_annotations=crashes)

    def crashed() -> bool | None:
        found = [
            one.get("restartCount")
            for pod in api.pods(namespace, "agent")
            if pod["spec"].get("nodeName") == "node-1"
            for one in pod["status"].get("containerStatuses", [])
            if one["name"] == "agent"
        ]
        return any(found) or None

    eventually(crashed, "it has crashed")
    logs = _by_node(pods.ok(previous=True, search="fatal").result)
    assert logs["node-1"]["text"] == "fatal: no licence on node-1\n"
    assert [node for node, log in logs.items() if log["msg"] is None] == ["node-1"]


def _user(api: Api, pods: Speakers, name: str, *rules: dict[str, Any]) -> dict[str, str]:
    return {"impersonate_user": api.user_with(list(rules), pods.namespace, name)}


def test_these_rights_are_enough(api: Api, pods: Speakers) -> None:
    user = _user(api, pods, "reader", _READ_DAEMONSET, _LIST_PODS, _READ_LOGS)
    assert len(pods.ok(**user).result["logs"]) == 5


@pytest.mark.parametrize(
    ("missing", "resource", "verb"),
    [
        (_READ_DAEMONSET, "daemonsets", "get"),
        (_LIST_PODS, "pods", "list"),
        (_READ_LOGS, "pods/log", "get"),
    ],
    ids=["daemonsets", "pods", "logs"],
)
def test_the_right_that_is_missing_is_told(
    api: Api, pods: Speakers, missing: dict[str, Any], resource: str, verb: str
) -> None:
    rules = [rule for rule in (_READ_DAEMONSET, _LIST_PODS, _READ_LOGS) if rule != missing]
    user = _user(api, pods, f"lacks-{resource.replace('/', '-')}", *rules)
    failed = pods.fails(**user, concurrency=1)
    assert failed.result["error"] == {"kind": "forbidden", "status": 403}
    assert f'resources: ["{resource}"], verbs: ["{verb}"]' in failed.result["msg"]
    # One refusal holds for all pods.
    assert len([one for one in failed.requests if one.status == 403]) == 1


def test_the_secrets_of_the_connection_are_hidden(api: Api, pods: Speakers, tmp_path: Path) -> None:
    api.kubectl("create", "serviceaccount", "reader", "-n", pods.namespace)
    api.kubectl(
        "create", "rolebinding", "reader-views", "-n", pods.namespace,
        "--clusterrole=view", f"--serviceaccount={pods.namespace}:reader",
    )  # fmt: skip
    token = api.kubectl("create", "token", "reader", "-n", pods.namespace).strip()
    pods.say("node-1", f"got {token} here\nand password=swordfish\n")
    given = {"api_key": token, "host": api.server, "validate_certs": False, "kubeconfig": None}
    eventually(
        lambda: not pods.run(**given, nodes=["node-0"]).result.get("failed") or None,
        "the account has its rights",
    )
    log = pods.one(**given, nodes=["node-1"])
    # What a container writes is its own matter, all else stays as it is.
    assert log["text"] == "got ******** here\nand password=swordfish\n"
    for limit in range(5, 20):
        log = pods.one(**given, nodes=["node-1"], tail_lines=-1, max_bytes=limit)
        assert log["text"] == "got ******** here\nand"[:limit]
        assert log["truncated"]
    pods.ok(**given, nodes=["node-1"], dest=str(tmp_path))
    assert token not in (tmp_path / "node-1.agent.log").read_text()


def test_a_pod_that_goes_away_meanwhile(
    api: Api, namespaces: Callable[[], str], tmp_path: Path
) -> None:
    """It is listed, and gone once its turn has come."""
    with speakers(api, namespaces() + "-x") as pods:
        os.mkfifo(tmp_path / "pipe")
        pods.say("node-0", f"file:{tmp_path / 'pipe'}")
        gone = pods.pod("node-1")["metadata"]["name"]

        def remove() -> None:
            # This is open once the first log is being read.
            with (tmp_path / "pipe").open("wb") as pipe:
                api.kubectl("delete", "pod", gone, "-n", pods.namespace, "--now")
                pipe.write(b"one\n")

        thread = threading.Thread(target=remove)
        thread.start()
        done = pods.ok(concurrency=1, timeout=300)
        thread.join()
    logs = _by_node(done.result)
    assert logs["node-0"]["text"] == "one\n"
    assert f'pods "{gone}" not found' in logs["node-1"]["msg"]
    assert done.result["failed_nodes"] == ["node-1"]
