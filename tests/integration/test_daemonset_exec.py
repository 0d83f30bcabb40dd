# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command in the pods of a DaemonSet: where it runs, what is kept of it, and when it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.daemonset_exec import VERB

from tests.integration.api import MERGE, Api, eventually
from tests.integration.connection.plugins import Plugin
from tests.integration.manifests import NOWHERE
from tests.integration.verbs import Outcome, Tasks

NODES = [f"node-{number}" for number in range(5)]
_SIMULATE = "everynode.kubernetes/simulate"
_DEFAULT = "kubectl.kubernetes.io/default-container"

Run = Callable[..., Outcome]


@pytest.fixture(scope="module")
def agents(api: Api) -> Iterator[Tasks]:
    """A DaemonSet with a pod of two containers on each of the five nodes."""
    namespace = "commands"
    api.add_namespace(namespace)
    tasks = Tasks(api, namespace)
    tasks.ok(
        name="agent",
        containers=[
            {
                "name": "agent",
                "image": "example.test/agent:1",
                "env": [{"name": "COLOUR", "value": "green"}],
            },
            {"name": "helper", "image": "example.test/helper:1"},
        ],
    )
    api.settled(namespace, "agent")
    yield tasks
    api.remove_namespace(namespace)


@pytest.fixture
def run(agents: Tasks) -> Run:
    """Runs a command in the pods of that DaemonSet."""

    def carry_out(*command: str, **parameters: Any) -> Outcome:
        given: dict[str, Any] = {"name": "agent", **parameters}
        if command:
            given["command"] = list(command)
        return agents.run(verb=VERB, **given)

    return carry_out


def by_node(outcome: Outcome, key: str) -> dict[str, Any]:
    return {one["node"]: one[key] for one in outcome.result["nodes"]}


def asked_for(outcome: Outcome, word: str) -> list[str]:
    """The requests for a command with this word. They are in the audit log once they have ended,
    which is soon after the task has."""
    return [request.path for request in outcome.requests if f"command={word}" in request.path]


def test_it_runs_on_every_node(run: Run, agents: Tasks) -> None:
    done = run(shell='echo "$NODE_NAME $COLOUR"; echo for "$POD_NAME" >&2')
    assert not done.result.get("failed")
    assert done.changed
    pods = {
        pod["spec"]["nodeName"]: pod["metadata"]["name"]
        for pod in agents.api.pods(agents.namespace, "agent")
    }
    assert done.result["nodes"] == [
        {
            "node": node,
            "pod": pods[node],
            "container": "agent",
            "rc": 0,
            "stdout": f"{node} green",
            "stdout_lines": [f"{node} green"],
            "stderr": f"for {pods[node]}",
            "truncated": False,
            "failed": False,
            "msg": None,
        }
        for node in NODES
    ]
    assert done.result["failed_nodes"] == []
    assert done.result["highest_rc"] == 0
    asked = [request.path.partition("?")[0].rpartition("/")[2] for request in done.requests]
    assert asked[:2] == ["agent", "pods"]
    assert {*asked[2:]} <= {"exec"}


def test_it_runs_on_some_nodes(run: Run) -> None:
    done = run("true", nodes=["node-3", "node-1", "node-3"])
    assert by_node(done, "rc") == {"node-1": 0, "node-3": 0}
    # Of thousands of pods, one would be asked for.
    listed = [request.path for request in run("true", nodes=["node-4"]).requests]
    assert "fieldSelector=spec.nodeName%3Dnode-4" in listed[1]


def test_it_runs_in_some_pods(run: Run, agents: Tasks) -> None:
    pod = agents.api.pods(agents.namespace, "agent")[2]["metadata"]["name"]
    done = run("true", pods=[pod, "agent-gone"], max_fail_percentage=50)
    assert [(one["pod"], one["rc"]) for one in done.result["nodes"]] == [
        ("agent-gone", None),
        (pod, 0),
    ]
    assert done.result["failed_nodes"] == []
    assert "pod agent-gone: DaemonSet commands/agent has no pod agent-gone" in done.warnings


def test_an_empty_list_of_nodes_is_no_node(run: Run) -> None:
    done = run("true", "of-none", nodes=[])
    assert done.result["nodes"] == []
    assert not done.changed
    assert done.result["highest_rc"] is None
    assert done.warnings == ""
    assert asked_for(done, "of-none") == []
    assert run("true", pods=[]).result["nodes"] == []


def test_a_daemonset_without_pods(tasks: Tasks) -> None:
    containers = [{"name": "agent", "image": "example.test/agent:1"}]
    tasks.ok(name="agent", containers=containers, node_selector=NOWHERE)
    done = tasks.ok(verb=VERB, name="agent", command=["true"])
    assert done.result["nodes"] == []
    assert not done.changed
    assert done.warnings == "Nothing was run, since the DaemonSet has no such pods."


def test_a_node_without_a_pod_has_failed_and_the_others_run(run: Run) -> None:
    done = run("echo", "here", nodes=["node-2", "nodde-3", "node-77"])
    assert done.result["failed"]
    assert done.changed
    assert by_node(done, "stdout") == {"node-2": "here", "nodde-3": "", "node-77": ""}
    assert done.result["failed_nodes"] == ["nodde-3", "node-77"]
    assert by_node(done, "rc") == {"node-2": 0, "nodde-3": None, "node-77": None}
    assert "echo failed on 2 of 3 nodes (max_fail_percentage is 0):" in done.result["msg"]
    assert "did you mean node-3?" in done.result["msg"]
    assert "on node-77." in done.result["msg"]


def test_no_such_daemonset(agents: Tasks) -> None:
    done = agents.run(verb=VERB, name="agant", command=["true"])
    assert done.result["error"] == {"kind": "not_found", "status": 404}
    assert "There is no DaemonSet commands/agant" in done.result["msg"]


@pytest.mark.parametrize(
    ("share", "fails"), [(0, True), (39, True), (40, False), (41, False), (100, False)]
)
def test_more_than_a_share_must_fail(run: Run, share: int, fails: bool) -> None:
    text = 'case "$NODE_NAME" in node-1) exit 3;; node-4) echo no >&2; exit 7;; esac'
    done = run(shell=text, max_fail_percentage=share)
    assert done.result.get("failed", False) is fails
    assert done.changed
    assert by_node(done, "rc") == {
        "node-0": 0,
        "node-1": 3,
        "node-2": 0,
        "node-3": 0,
        "node-4": 7,
    }
    assert done.result["failed_nodes"] == ["node-1", "node-4"]
    assert done.result["highest_rc"] == 7
    assert by_node(done, "msg")["node-4"] == "/bin/sh ended with 7."
    told = done.result["msg"] if fails else done.warnings
    assert told == (
        f"/bin/sh failed on 2 of 5 nodes (max_fail_percentage is {share}):"
        "\n  - node-1: it ended with 3"
        "\n  - node-4: it ended with 7: no"
    )
    if fails:
        assert done.result["error"] == {"kind": "batch", "status": None}


def test_the_same_failure_is_told_once(run: Run) -> None:
    done = run("nowhere", "to", "go")
    assert done.result["msg"] == (
        "nowhere failed on 5 of 5 nodes (max_fail_percentage is 0):"
        "\n  - node-0, node-1, node-2, node-3, node-4: Cannot run nowhere in container agent of the"
        " pod: the container has no program nowhere. Name one that is in its image; what only a"
        " shell knows (pipes, variables, built-in commands) needs a shell: sh, -c and the text."
    )
    assert not done.changed
    assert set(by_node(done, "rc").values()) == {None}
    assert done.result["nodes"][0]["pod"] in done.result["nodes"][0]["msg"]
    denied = run("/etc/passwd", nodes=["node-0"])
    assert "the container's user may not execute /etc/passwd" in denied.result["msg"]


def test_what_was_written_until_the_time_was_over_is_kept(run: Run) -> None:
    text = 'echo begun; test "$NODE_NAME" = node-2 && exec sleep 941.4213; echo ended'
    done = run(shell=text, timeout=6, max_fail_percentage=20)
    assert not done.result.get("failed")
    assert by_node(done, "stdout") == {
        node: "begun" if node == "node-2" else "begun\nended" for node in NODES
    }
    late = next(one for one in done.result["nodes"] if one["node"] == "node-2")
    assert late["rc"] is None
    assert late["failed"]
    assert "it had not ended after 6 s" in late["msg"]
    assert "node-2: Cannot run /bin/sh in container agent of the pod to the end" in done.warnings
    assert "941.4213" not in done.warnings


def test_what_is_too_much_is_thrown_away(run: Run) -> None:
    text = "head -c 300000 /dev/zero | tr '\\0' x; echo >&2; echo ab >&2; exit 4"
    done = run(shell=text, nodes=["node-0"], max_bytes=1000, max_fail_percentage=100)
    (one,) = done.result["nodes"]
    assert (one["rc"], one["stdout"], one["stderr"]) == (4, "x" * 1000, "\nab")
    assert one["truncated"]
    # All nodes have an equal part of the whole.
    done = run(shell="printf 0123456789", max_total_bytes=40)
    assert set(by_node(done, "stdout").values()) == {"0123"}
    assert all(by_node(done, "truncated").values())
    # Half a character is no character.
    (one,) = run("printf", "aé", nodes=["node-0"], max_bytes=2).result["nodes"]
    assert (one["stdout"], one["truncated"]) == ("a", True)


def test_what_is_no_text_is_shown_all_the_same(run: Run) -> None:
    (one,) = run("printf", r"a\377\000b\r\nc\n\n", nodes=["node-0"]).result["nodes"]
    assert one["stdout"] == "a\ufffd\0b\r\nc"
    assert one["stdout_lines"] == ["a\ufffd\0b", "c"]


def test_it_reads_what_it_is_given(run: Run) -> None:
    done = run("od", "-An", "-c", stdin="Grün", nodes=["node-0", "node-1"])
    assert {text.split()[-1] for text in by_node(done, "stdout").values()} == {"\\n"}
    for stdin, more, size in [("ab", {}, 3), ("ab", {"stdin_add_newline": False}, 2), ("", {}, 0)]:
        (one,) = run("wc", "-c", stdin=stdin, nodes=["node-0"], **more).result["nodes"]
        assert one["stdout"] == str(size)
    big = "x" * 3_000_000
    assert set(by_node(run("wc", "-c", stdin=big), "stdout").values()) == {"3000001"}
    assert not run("true", stdin=big).result.get("failed")
    # Nothing at all is there to be read.
    assert not run("cat").result.get("failed")


def test_the_container_is_chosen(run: Run, agents: Tasks) -> None:
    done = run(shell='echo "$CONTAINER_NAME"', container="helper", nodes=["node-0"])
    assert by_node(done, "stdout") == {"node-0": "helper"}
    wrong = run("true", "of-nowhere", container="helpre")
    assert wrong.result["msg"] == (
        "Invalid input: container: no pod has a container helpre; did you mean helper?"
    )
    assert asked_for(wrong, "of-nowhere") == []
    wrong = run("true", container="other")
    assert "no pod has a container other: there are agent, helper" in wrong.result["msg"]


def test_the_default_container_is_that_of_the_pod(api: Api, tasks: Tasks) -> None:
    containers = [{"name": name, "image": "example.test/x:1"} for name in ("one", "two")]
    sidecar = {"name": "side", "image": "example.test/x:1", "restart_policy": "Always"}
    tasks.ok(
        name="both",
        containers=containers,
        init_containers=[sidecar],
        pod_annotations={_DEFAULT: "two"},
    )
    api.settled(tasks.namespace, "both")
    say = {"verb": VERB, "name": "both", "shell": 'echo "$CONTAINER_NAME"'}
    assert set(by_node(tasks.ok(**say), "stdout").values()) == {"two"}
    assert set(by_node(tasks.ok(**say, container="side"), "stdout").values()) == {"side"}


def test_a_container_that_does_not_run(api: Api, tasks: Tasks) -> None:
    tasks.ok(
        name="agent",
        containers=[{"name": "agent", "image": "example.test/agent:1"}],
        pod_annotations={_SIMULATE: "image-pull", f"{_SIMULATE}-on": "node-1"},
    )

    def waits() -> bool | None:
        pods = api.pods(tasks.namespace, "agent")
        reasons = [
            one["state"].get("waiting", {}).get("reason", "")
            for pod in pods
            for one in pod["status"].get("containerStatuses", [])
        ]
        return (len(reasons) == 5 and "ImagePullBackOff" in reasons) or None

    eventually(waits, "a pod cannot pull its image")
    done = tasks.run(verb=VERB, name="agent", command=["true"], max_fail_percentage=20)
    assert not done.result.get("failed"), done.result["msg"]
    assert done.result["failed_nodes"] == ["node-1"]
    (failed,) = [one for one in done.result["nodes"] if one["failed"]]
    assert "does not run: it waits (ImagePullBackOff). The pod's phase is Pending." in failed["msg"]
    assert sorted(by_node(done, "rc").items()) == [
        (node, None if node == "node-1" else 0) for node in NODES
    ]


def test_a_node_whose_kubelet_is_dead(run: Run, api: Api) -> None:
    def set_kubelet(value: str) -> None:
        body = {"metadata": {"labels": {"everynode.kubernetes/kubelet": value}}}
        api.request("PATCH", "/api/v1/nodes/node-4", body=body, kind=MERGE)

    set_kubelet("stopped")
    try:
        done = run("true")
    finally:
        set_kubelet("running")
    assert done.result["failed_nodes"] == ["node-4"]
    assert (
        "node-4: Cannot run true in container agent of the pod: the API server does not reach"
        in (done.result["msg"])
    )
    assert by_node(done, "rc")["node-3"] == 0


def test_check_mode_runs_nothing(run: Run) -> None:
    done = run("false", "in-check", check=True)
    assert done.result["skipped"]
    assert not done.changed
    assert asked_for(done, "in-check") == []
    assert done.result["msg"] == ("It would run in 5 pods: node-0, node-1, node-2, node-3, node-4.")
    assert set(by_node(done, "rc").values()) == {None}
    assert done.result["highest_rc"] is None
    doomed = run("true", nodes=["node-1", "elsewhere"], check=True)
    assert doomed.result["failed"]
    assert "true cannot be run on 1 of 2 nodes" in doomed.result["msg"]
    some = run("true", nodes=["node-1", "elsewhere"], max_fail_percentage=50, check=True)
    assert some.result["msg"] == "It would run in 1 pod: node-1."


def test_who_may_only_look_is_told_so_once(agents: Tasks, api: Api) -> None:
    group = "rbac.authorization.k8s.io"
    binding = {
        "metadata": {"name": "viewer"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": "viewer"}],
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "view"},
    }
    path = f"/apis/{group}/v1/namespaces/{agents.namespace}/rolebindings"
    api.request("POST", path, body=binding)
    command = ["echo", "s3cr3t"]
    asked: dict[str, Any] = {"name": "agent", "impersonate_user": "viewer", "command": command}

    def may_look() -> bool | None:
        looked = agents.run(verb=VERB, **asked, check=True)
        return True if looked.result.get("skipped") else None

    eventually(may_look, "the rights are in force")
    done = agents.run(verb=VERB, **asked, concurrency=1, max_fail_percentage=100)
    assert done.result["failed"]
    assert not done.changed
    assert done.result["error"] == {"kind": "forbidden", "status": 403}
    message = done.result["msg"]
    assert message.count("Cannot run echo") == 1
    assert 'User "viewer" cannot get resource "pods/exec"' in message
    assert 'resources: ["pods/exec"], verbs: ["get", "create"]' in message
    assert "s3cr3t" not in message
    assert len(asked_for(done, "s3cr3t")) == 1
    assert [one["msg"] for one in done.result["nodes"]][1:] == ["It was not run."] * 4
    assert done.result["failed_nodes"] == NODES
    # Side by side, it is the same for those that had begun to ask.
    done = agents.run(verb=VERB, **asked, max_fail_percentage=100)
    assert done.result["msg"].count("Cannot run echo") == 1


def test_without_the_right_to_see_the_pods(agents: Tasks, api: Api) -> None:
    rule = {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["get"]}
    user = api.user_with([rule], agents.namespace, "blind")
    done = agents.fails(verb=VERB, name="agent", command=["true"], impersonate_user=user)
    assert "Cannot list the pods of DaemonSet commands/agent" in done.result["msg"]
    assert 'resources: ["pods"], verbs: ["list"]' in done.result["msg"]


def test_pods_that_are_not_scheduled_yet(api: Api, tasks: Tasks) -> None:
    resources = {"requests": {"cpu": "1000"}}
    container = {"name": "agent", "image": "example.test/agent:1", "resources": resources}
    tasks.ok(name="agent", containers=[container])
    eventually(lambda: len(api.pods(tasks.namespace, "agent")) == 5 or None, "the pods are made")
    done = tasks.fails(verb=VERB, name="agent", command=["true"], nodes=["node-3"])
    (one,) = done.result["nodes"]
    assert one["node"] == "node-3"
    assert one["msg"].endswith("does not run: it has not started. The pod's phase is Pending.")


def test_the_secrets_of_the_connection_are_not_in_what_a_command_writes(
    agents: Tasks, api: Api, tmp_path: Path
) -> None:
    """Here the token that a credential plugin gave. All else stays as it was written."""
    token = _token(api, agents.namespace)
    plugin = Plugin(tmp_path / "plugin", {"token": token})
    document = yaml.safe_load(api.cluster.kubeconfig.read_text())
    document["users"][0]["user"] = plugin.user()
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(document))
    given: dict[str, Any] = {
        "name": "agent",
        "nodes": ["node-0"],
        "kubeconfig": str(kubeconfig),
        "shell": "cat; echo PASSWORD=hunter22; cat /dev/null; echo it is $COLOUR >&2; exit 1",
        "stdin": f"<{token}>",
    }

    def allowed() -> dict[str, Any] | None:
        # The rights come into force one after the other.
        result = agents.run(verb=VERB, **given, max_fail_percentage=100).result
        return None if result.get("error", {}).get("kind") == "forbidden" else result

    (one,) = eventually(allowed, "the rights are in force")["nodes"]
    assert one["stdout"] == "<********>\nPASSWORD=hunter22"
    assert one["stderr"] == "it is green"
    failed = agents.fails(verb=VERB, **given).result
    assert failed["nodes"] == [one]
    told = agents.fails(verb=VERB, **{**given, "shell": "cat >&2; exit 1"}).result["msg"]
    assert told.endswith("node-0: it ended with 1: <********>")
    (cut,) = agents.run(verb=VERB, **given, max_bytes=40).result["nodes"]
    assert (cut["stdout"], cut["truncated"]) == ("<********", True)


def _token(api: Api, namespace: str) -> str:
    """The token of a service account that may run commands in pods."""
    rules = [
        {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get", "create"]},
    ]
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    api.request("POST", accounts, body={"metadata": {"name": "runner"}})
    api.request("POST", f"{rbac}/roles", body={"metadata": {"name": "runner"}, "rules": rules})
    binding = {
        "metadata": {"name": "runner"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "runner"},
        "subjects": [{"kind": "ServiceAccount", "name": "runner", "namespace": namespace}],
    }
    api.request("POST", f"{rbac}/rolebindings", body=binding)
    wanted = {"spec": {"expirationSeconds": 3600}}
    made = api.request("POST", f"{accounts}/runner/token", body=wanted)
    return str(made["status"]["token"])


def test_of_two_pods_of_a_node_the_one_that_stays(api: Api, tasks: Tasks) -> None:
    """A pod that ends slowly, and the one that has taken its place already."""
    agent: dict[str, Any] = {
        "name": "agent",
        "update_strategy": {
            "type": "RollingUpdate",
            "rolling_update": {"max_surge": "100%", "max_unavailable": 0},
        },
        "pod_annotations": {_SIMULATE: "slow-stop", f"{_SIMULATE}-seconds": "600"},
    }
    tasks.ok(**agent, containers=[{"name": "agent", "image": "example.test/agent:1"}])
    api.settled(tasks.namespace, "agent")
    old = {pod["metadata"]["name"] for pod in api.pods(tasks.namespace, "agent")}
    tasks.ok(**agent, containers=[{"name": "agent", "image": "example.test/agent:2"}])

    def pairs() -> bool | None:
        ending = [
            pod["metadata"]["name"]
            for pod in api.pods(tasks.namespace, "agent")
            if "deletionTimestamp" in pod["metadata"]
        ]
        return set(ending) == old or None

    eventually(pairs, "each node has a pod that ends")
    done = tasks.ok(verb=VERB, name="agent", shell='echo "$POD_NAME"')
    ran_in = by_node(done, "stdout")
    assert list(ran_in) == NODES
    assert ran_in == by_node(done, "pod")
    assert old.isdisjoint(ran_in.values())
    # By its name, the other one is reached as well.
    one = sorted(old)[0]
    done = tasks.ok(verb=VERB, name="agent", pods=[one], shell='echo "$POD_NAME"')
    assert [entry["stdout"] for entry in done.result["nodes"]] == [one]


def test_all_faults_are_told_at_once(tasks: Tasks) -> None:
    done = tasks.run(
        verb=VERB,
        name="a b",
        nodes=[""],
        command=["ls -l"],
        container=" ",
        timeout=0,
        concurrency=101,
        max_fail_percentage=101,
        max_bytes=0,
    )
    paths = [fault["path"] for fault in done.result["faults"]]
    assert paths == [
        "name",
        "nodes[0]",
        "command",
        "container",
        "timeout",
        "concurrency",
        "max_bytes",
        "max_fail_percentage",
    ]
    assert "give a list of words, such as [ls, -l, /tmp]" in done.result["msg"]
    assert done.requests == []


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({}, "command: it is missing"),
        ({"command": []}, "command: is empty"),
        ({"shell": " "}, "shell: is empty"),
        ({"command": ["true"], "shell": "true"}, "command: it cannot be given together with shell"),
        ({"command": ["echo", "a\0b"]}, "a character NUL"),
    ],
)
def test_commands_that_are_none(tasks: Tasks, parameters: dict[str, Any], problem: str) -> None:
    done = tasks.fails(verb=VERB, name="agent", **parameters)
    assert problem in done.result["msg"]
    assert done.result["error"]["kind"] == "invalid_input"
