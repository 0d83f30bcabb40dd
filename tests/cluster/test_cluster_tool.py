# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster tool keeps what its README promises."""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import signal
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from .tool import Cluster, eventually, kubectl, listening_addresses, run, start, tool

COMPONENTS = {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"}
_PREFIX = f"t-{os.getpid()}"


@pytest.fixture(scope="module")
def audit_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("audit") / "audit.log"


@pytest.fixture(scope="module")
def shared(audit_log: Path) -> Iterator[Cluster]:
    """A cluster with two nodes and an audit log, for tests that leave it as it was."""
    name = f"{_PREFIX}-shared"
    try:
        yield Cluster.up(name, "--nodes", "2", "--audit-log", str(audit_log))
    finally:
        tool("down", "--name", name)


@pytest.fixture
def own_name() -> Iterator[str]:
    """The name of a cluster that a test may treat badly."""
    name = f"{_PREFIX}-own"
    yield name
    tool("down", "--name", name)


def test_up_again_changes_nothing_and_ends_with_the_kubeconfig(shared: Cluster) -> None:
    before = shared.processes()
    printed = tool("up", "--name", shared.name)
    assert set(before) == COMPONENTS
    assert printed == f"{shared.kubeconfig}\n"
    assert shared.processes() == before
    assert len(shared.get("nodes")["items"]) == 2


def test_every_port_is_on_loopback(shared: Cluster) -> None:
    addresses = listening_addresses(list(shared.processes().values()))
    loopback = "0100007F"
    assert addresses
    assert {address.split(":")[0] for address in addresses} == {loopback}


def test_kubernetes_says_its_version(shared: Cluster) -> None:
    versions = json.loads(shared.kubectl("version", "--output=json"))
    assert versions["serverVersion"]["gitVersion"] == "v1.36.3"
    assert versions["clientVersion"]["gitVersion"] == "v1.36.3"


def _request(kubeconfig: Path, path: str, *, certificate: bool = True) -> Any:
    with _opened(kubeconfig, path, certificate=certificate) as answer:
        return json.load(answer)


def _opened(kubeconfig: Path, path: str, *, certificate: bool = True) -> http.client.HTTPResponse:
    """The answer to a request with the standard library's strictest checks."""
    content = yaml.safe_load(kubeconfig.read_text())
    cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    if certificate:
        pair = kubeconfig.with_suffix(".pair.pem")
        pair.write_bytes(
            base64.b64decode(user["client-certificate-data"])
            + base64.b64decode(user["client-key-data"])
        )
        context.load_cert_chain(pair)
        pair.unlink()
    answer: http.client.HTTPResponse
    answer = urllib.request.urlopen(cluster["server"] + path, context=context)
    return answer


def test_certificates_pass_strict_checks(shared: Cluster) -> None:
    assert _request(shared.kubeconfig, "/api/v1/nodes")["kind"] == "NodeList"


def test_users_have_the_rights_that_rbac_gives_them(shared: Cluster) -> None:
    arguments = ("--name", shared.name, "--user", "jane", "--group", "readers")
    kubeconfig = Path(tool("kubeconfig", *arguments).strip())
    with pytest.raises(urllib.error.HTTPError, match="403"):
        _request(kubeconfig, "/api/v1/nodes")
    shared.kubectl(
        "create", "clusterrolebinding", "t-read", "--clusterrole=view", "--group=readers"
    )
    try:
        eventually(lambda: kubectl(kubeconfig, "auth", "can-i", "list", "pods") == "yes\n")
    finally:
        shared.kubectl("delete", "clusterrolebinding", "t-read")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        _request(shared.kubeconfig, "/api/v1/nodes", certificate=False)


def test_audit_log_has_a_request_as_soon_as_it_is_answered(
    shared: Cluster, audit_log: Path
) -> None:
    path = "/api/v1/namespaces/kube-system/configmaps?fieldSelector=metadata.name%3Dasked"
    _request(shared.kubeconfig, path)
    lines = [json.loads(line) for line in audit_log.read_text().splitlines()]
    found = [line for line in lines if line["requestURI"] == path]
    assert [line["stage"] for line in found] == ["ResponseComplete"]
    assert found[0]["verb"] == "list"
    assert found[0]["user"]["username"] == "admin"
    assert found[0]["userAgent"].startswith("Python-urllib")
    assert found[0]["responseStatus"]["code"] == 200
    assert not [line for line in lines if line["requestURI"].startswith("/readyz")]


def test_a_watch_is_one_line_in_the_audit_log_from_its_start(
    shared: Cluster, audit_log: Path
) -> None:
    path = "/api/v1/namespaces/kube-system/configmaps?watch=true&timeoutSeconds=1"

    def lines() -> list[dict[str, Any]]:
        parsed = [json.loads(line) for line in audit_log.read_text().splitlines()]
        return [line for line in parsed if line["requestURI"] == path]

    with _opened(shared.kubeconfig, path) as answer:
        assert len(lines()) == 1
        answer.read()
    # Ended by the server.
    assert [line["verb"] for line in lines()] == ["watch"]
    assert lines()[0]["responseStatus"]["code"] == 200


def test_nodes_come_and_go(shared: Cluster) -> None:
    def names() -> list[str]:
        return sorted(node["metadata"]["name"] for node in shared.get("nodes")["items"])

    _apply(shared, "daemons", {})
    try:
        tool("nodes", "4", "--name", shared.name)
        assert names() == ["node-0", "node-1", "node-2", "node-3"]
        eventually(lambda: _status(shared, "daemons").get("numberAvailable") == 4)
        tool("nodes", "2", "--name", shared.name)
        assert names() == ["node-0", "node-1"]
        assert {pod["spec"]["nodeName"] for pod in _pods(shared, "daemons")} == set(names())
    finally:
        _delete(shared, "daemons")


def _apply(
    cluster: Cluster, name: str, annotations: dict[str, str], image: str = "example/agent:1.0"
) -> None:
    containers = [
        {"name": "agent", "image": image},
        {"name": "sidecar", "image": "example/sidecar:1.0"},
    ]
    template = {
        "metadata": {"labels": {"app": name}, "annotations": annotations},
        "spec": {"containers": containers},
    }
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template},
    }
    cluster.kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(manifest))


def _delete(cluster: Cluster, name: str) -> None:
    cluster.kubectl("delete", "daemonset", name, "--cascade=foreground", "--timeout=20s")


def _status(cluster: Cluster, name: str) -> dict[str, Any]:
    status: dict[str, Any] = cluster.get("daemonset", name)["status"]
    return status


def _pods(cluster: Cluster, name: str) -> list[dict[str, Any]]:
    pods: list[dict[str, Any]] = cluster.get("pods", f"--selector=app={name}")["items"]
    return pods


def _simulated(mode: str, **more: str) -> dict[str, str]:
    prefix = "everynode.kubernetes/simulate"
    return {prefix: mode, **{f"{prefix}-{key}": value for key, value in more.items()}}


@pytest.fixture
def simulation(shared: Cluster) -> Iterator[str]:
    """The name of a DaemonSet that the test creates."""
    yield "simulation"
    _delete(shared, "simulation")


def _when_settled(cluster: Cluster, name: str) -> dict[str, dict[str, Any]]:
    """The pods by node, once the one on node-0 is ready and the one on node-1 has a status."""

    def settled() -> dict[str, dict[str, Any]]:
        pods = {pod["spec"].get("nodeName"): pod for pod in _pods(cluster, name)}
        ready = {node for node, pod in pods.items() if _ready(pod)["status"] == "True"}
        known = "containerStatuses" in pods.get("node-1", {}).get("status", {})
        return pods if ready == {"node-0"} and known else {}

    found: dict[str, dict[str, Any]] = eventually(settled)
    return found


def _ready(pod: dict[str, Any]) -> dict[str, Any]:
    conditions = pod["status"].get("conditions", [])
    return next((item for item in conditions if item["type"] == "Ready"), {"status": "absent"})


def _container(pod: dict[str, Any], name: str = "agent") -> dict[str, Any]:
    statuses: list[dict[str, Any]] = pod["status"]["containerStatuses"]
    return next(status for status in statuses if status["name"] == name)


def _events(cluster: Cluster, pod: dict[str, Any]) -> set[str]:
    events = cluster.get("events", f"--field-selector=involvedObject.uid={pod['metadata']['uid']}")
    return {event["reason"] for event in events["items"]}


def test_ordinary_pods_are_ready_with_all_that_a_kubelet_reports(
    shared: Cluster, simulation: str
) -> None:
    _apply(shared, simulation, {})
    eventually(lambda: _status(shared, simulation).get("numberAvailable") == 2)
    pods = _pods(shared, simulation)
    assert len({pod["status"]["podIP"] for pod in pods}) == 2
    for pod in pods:
        conditions = {item["type"]: item["status"] for item in pod["status"]["conditions"]}
        assert conditions["Ready"] == conditions["ContainersReady"] == "True"
        assert pod["status"]["hostIP"]
        for status in pod["status"]["containerStatuses"]:
            assert status["containerID"].startswith("containerd://")
            assert status["imageID"].startswith(f"{status['image']}@sha256:")
            assert status["state"]["running"]["startedAt"]


def test_an_image_cannot_be_pulled_on_one_node(shared: Cluster, simulation: str) -> None:
    _apply(shared, simulation, _simulated("image-pull", on="node-1"))
    pod = _when_settled(shared, simulation)["node-1"]
    assert pod["status"]["phase"] == "Pending"
    assert "failed to pull" in _container(pod)["state"]["waiting"]["message"]
    assert "example/agent:1.0" in _container(pod)["state"]["waiting"]["message"]

    def reason() -> str:
        reasons = [_container(pod)["state"] for pod in _pods(shared, simulation)]
        return next(str(state["waiting"]["reason"]) for state in reasons if "waiting" in state)

    eventually(lambda: reason() == "ImagePullBackOff")
    assert "Failed" in _events(shared, pod)
    assert _status(shared, simulation)["numberUnavailable"] == 1


def test_one_container_crashes_again_and_again(shared: Cluster, simulation: str) -> None:
    _apply(
        shared, simulation, _simulated("crash-loop", on="node-1", container="agent", seconds="1")
    )
    pod = _when_settled(shared, simulation)["node-1"]
    status = _container(pod)
    assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert status["lastState"]["terminated"]["exitCode"] == 1
    assert "running" in _container(pod, "sidecar")["state"]
    assert "[agent]" in _ready(pod)["message"]
    first = status["restartCount"]

    def restarts() -> int:
        pods = {pod["spec"]["nodeName"]: pod for pod in _pods(shared, simulation)}
        count: int = _container(pods["node-1"])["restartCount"]
        return count

    eventually(lambda: restarts() >= first + 2)


def test_a_pod_runs_and_never_gets_ready(shared: Cluster, simulation: str) -> None:
    _apply(shared, simulation, _simulated("never-ready", on="node-1"))
    pod = _when_settled(shared, simulation)["node-1"]
    assert pod["status"]["phase"] == "Running"
    assert "running" in _container(pod)["state"]
    assert not _container(pod)["ready"]
    assert _ready(pod)["reason"] == "ContainersNotReady"
    assert "Unhealthy" in eventually(lambda: _events(shared, pod))


def test_a_pod_recovers_when_it_is_no_longer_asked_to_fail(
    shared: Cluster, simulation: str
) -> None:
    _apply(shared, simulation, _simulated("never-ready", on="node-1"))
    pod = _when_settled(shared, simulation)["node-1"]
    key = "everynode.kubernetes/simulate-"
    shared.kubectl("annotate", "pod", pod["metadata"]["name"], key)
    eventually(lambda: _status(shared, simulation).get("numberAvailable") == 2)


def test_a_pod_starts_slowly(shared: Cluster, simulation: str) -> None:
    _apply(shared, simulation, _simulated("slow-start", on="node-1", seconds="3"))
    pod = _when_settled(shared, simulation)["node-1"]
    assert pod["status"]["phase"] == "Running"
    eventually(lambda: _status(shared, simulation).get("numberAvailable") == 2)
    pods = {pod["spec"]["nodeName"]: pod for pod in _pods(shared, simulation)}
    started = _seconds(pods["node-1"]["status"]["startTime"])
    assert 2 <= _seconds(_ready(pods["node-1"])["lastTransitionTime"]) - started <= 5


def _seconds(time: str) -> int:
    hours, minutes, seconds = time.removesuffix("Z").split("T")[1].split(":")
    return (int(hours) * 60 + int(minutes)) * 60 + int(seconds)


def test_a_pod_stops_slowly(shared: Cluster, simulation: str) -> None:
    _apply(shared, simulation, _simulated("slow-stop", on="node-1", seconds="2"))
    eventually(lambda: _status(shared, simulation).get("numberAvailable") == 2)
    shared.kubectl("delete", "pod", f"--selector=app={simulation}", "--wait=false")

    def terminating() -> list[str]:
        pods = _pods(shared, simulation)
        return [p["spec"]["nodeName"] for p in pods if "deletionTimestamp" in p["metadata"]]

    eventually(lambda: terminating() == ["node-1"])
    eventually(lambda: not terminating())


def test_an_image_tag_makes_its_container_fail(shared: Cluster, simulation: str) -> None:
    _apply(
        shared,
        simulation,
        {"everynode.kubernetes/simulate-on": "node-1"},
        image="example/agent:simulate-image-pull",
    )
    pod = _when_settled(shared, simulation)["node-1"]
    assert "waiting" in _container(pod)["state"]
    assert "running" in _container(pod, "sidecar")["state"]


@pytest.mark.parametrize(("mode", "status"), [("not-ready", "False"), ("unreachable", "Unknown")])
def test_a_node_goes_away_and_comes_back(
    shared: Cluster, simulation: str, mode: str, status: str
) -> None:
    def kubelet(value: str) -> None:
        label = f"everynode.kubernetes/kubelet={value}"
        shared.kubectl("label", "node", "node-1", "--overwrite", label)

    def node_ready() -> str:
        conditions = shared.get("node", "node-1")["status"]["conditions"]
        return next(str(item["status"]) for item in conditions if item["type"] == "Ready")

    _apply(shared, simulation, {})
    eventually(lambda: _status(shared, simulation).get("numberAvailable") == 2)
    kubelet(mode)
    try:
        eventually(lambda: node_ready() == status)
        eventually(lambda: _kubelet(shared) == "stopped")
        pods = {pod["spec"]["nodeName"]: pod for pod in _pods(shared, simulation)}
        lost = pods["node-1"]["metadata"]["name"]
        shared.kubectl("delete", "pod", lost, "--wait=false")
    finally:
        kubelet("running")
    # The kubelet that is back ends the pod of before, and the controller makes another.
    eventually(lambda: node_ready() == "True")
    eventually(lambda: lost not in {p["metadata"]["name"] for p in _pods(shared, simulation)})
    eventually(lambda: _status(shared, simulation).get("numberAvailable") == 2)


def _kubelet(cluster: Cluster) -> str:
    labels = cluster.get("node", "node-1")["metadata"]["labels"]
    return str(labels["everynode.kubernetes/kubelet"])


def test_a_component_stops_and_starts(shared: Cluster) -> None:
    before = shared.processes()
    tool("stop-component", shared.name, "kube-scheduler")
    assert set(shared.processes()) == COMPONENTS - {"kube-scheduler"}
    tool("start-component", shared.name, "kube-scheduler")
    after = shared.processes()
    assert set(after) == COMPONENTS
    assert {name for name in after if after[name] != before[name]} == {"kube-scheduler"}


def test_clusters_side_by_side_and_nothing_left_after_down(shared: Cluster, own_name: str) -> None:
    # Two commands for one new cluster at once: one makes it, the other finds it.
    commands = [start("up", "--name", own_name, "--nodes", "1") for _ in range(2)]
    printed = {command.communicate()[0] for command in commands}
    assert [command.returncode for command in commands] == [0, 0]
    assert len(printed) == 1
    other = Cluster(own_name, Path(printed.pop().strip()))

    assert set(other.processes()) == COMPONENTS
    assert len(other.get("nodes")["items"]) == 1
    assert len(shared.get("nodes")["items"]) == 2
    listed = tool("status")
    assert f"{own_name}: running" in listed
    assert f"{shared.name}: running" in listed

    tool("down", "--name", own_name)
    assert other.processes() == {}
    assert not other.folder.exists()
    assert set(shared.processes()) == COMPONENTS
    assert own_name not in tool("status")
    assert "there is no cluster" in run("down", "--name", own_name).stderr


def _kill(cluster: Cluster) -> None:
    for pid in cluster.processes().values():
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: not cluster.processes())


def test_a_cluster_survives_and_what_is_broken_is_made_anew(own_name: str, tmp_path: Path) -> None:
    cluster = Cluster.up(own_name, "--nodes", "1")
    cluster.kubectl("create", "configmap", "kept")

    # An audit log later on costs a restart of the API server, no more.
    before = cluster.processes()
    log = tmp_path / "audit.log"
    Cluster.up(own_name, "--audit-log", str(log))
    after = cluster.processes()
    assert {name for name in after if after[name] != before[name]} == {"kube-apiserver"}
    cluster.kubectl("get", "configmap", "kept")
    assert '"name":"kept"' in log.read_text()

    # Like after a reboot: all is dead, the data is there.
    _kill(cluster)
    assert "stopped" in tool("status")
    assert Cluster.up(own_name) == cluster
    cluster.kubectl("get", "configmap", "kept")

    # Data that no etcd can read.
    _kill(cluster)
    for file in (cluster.folder / "etcd").rglob("*.wal"):
        file.write_bytes(b"broken")
    Cluster.up(own_name)
    assert "kept" not in cluster.kubectl("get", "configmaps", "--output=name")
    assert cluster.get("nodes")["items"]

    # The state is lost and the processes live on.
    left = cluster.processes()
    shutil.rmtree(cluster.folder)
    assert "half started" in tool("status")
    tool("down", "--name", own_name)
    assert left
    assert cluster.processes() == {}


def test_an_interrupted_start_leaves_no_process(own_name: str) -> None:
    folder = Path(tool("path", "kubectl")).parents[2] / "clusters" / own_name
    unborn = Cluster(own_name, folder / "kubeconfig")
    command = start("up", "--name", own_name)
    eventually(lambda: "etcd" in unborn.processes())
    command.send_signal(signal.SIGTERM)
    command.communicate()
    assert command.returncode != 0
    assert unborn.processes() == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("up", "--name", "../elsewhere"), "is no name for a cluster"),
        (("up", "--name", "t-x", "--audit-log", "/nowhere/audit.log"), "there is no folder"),
        (("nodes", "3", "--name", "t-absent"), "there is no cluster t-absent"),
        (("kubeconfig", "--name", "t-absent"), "there is no cluster t-absent"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
