# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of simulated pods, and commands in them, as kubectl gets them."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import PREFIX
from .tool import Cluster, eventually, tool

POD = "speaker"
OURS = "everynode.kubernetes"


def _add_pod(cluster: Cluster, **annotations: str) -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": POD,
            "annotations": {
                f"{OURS}/{key.replace('_', '-')}": text for key, text in annotations.items()
            },
        },
        "spec": {
            "nodeName": "node-1",
            "containers": [
                {
                    "name": "agent",
                    "image": "example/agent:1",
                    "env": [{"name": "COLOUR", "value": "green"}],
                },
                {"name": "sidecar", "image": "example/sidecar:1"},
            ],
        },
    }
    cluster.kubectl("create", "--filename=-", stdin=json.dumps(manifest))
    eventually(lambda: len(cluster.get("pod", POD)["status"].get("containerStatuses", [])) == 2)


@pytest.fixture
def pod(shared: Cluster) -> Iterator[str]:
    """The name of a pod that the test creates."""
    yield POD
    shared.kubectl("delete", "pod", POD, "--grace-period=0", "--force")


def _exec(
    cluster: Cluster, *words: str, stdin: bytes = b"", container: str = "agent"
) -> subprocess.CompletedProcess[bytes]:
    program = tool("path", "kubectl").strip()
    command = [program, f"--kubeconfig={cluster.kubeconfig}", "exec", "--stdin", POD]
    return subprocess.run(
        [*command, f"--container={container}", "--", *words],
        input=stdin,
        capture_output=True,
        check=False,
    )


def test_a_pod_says_something_by_itself(shared: Cluster, pod: str) -> None:
    _add_pod(shared)
    lines = shared.kubectl("logs", pod, "--container=sidecar").splitlines()
    assert lines == ["sidecar: starting on node-1", "sidecar: ready"]


def test_annotations_say_what_is_in_the_logs(shared: Cluster, pod: str, tmp_path: Path) -> None:
    file = tmp_path / "sidecar.log"
    file.write_text("from a file\n")
    _add_pod(
        shared,
        **{
            "log": "one\n$(CONTAINER_NAME) of $(POD_NAME) on $(NODE_NAME)\nthree\n",
            "log.sidecar": f"file:{file}",
        },
    )
    shown = "one\nagent of speaker on node-1\nthree\n"
    assert shared.kubectl("logs", pod, "--container=agent") == shown
    assert shared.kubectl("logs", pod, "--container=agent", "--tail=1") == "three\n"
    assert shared.kubectl("logs", pod, "--container=agent", "--limit-bytes=2") == "on"
    stamped = shared.kubectl("logs", pod, "--container=agent", "--timestamps", "--tail=1")
    assert stamped.startswith("20")
    assert stamped.endswith("Z three\n")
    assert (
        shared.kubectl("logs", pod, "--container=agent", "--since-time=2099-01-01T00:00:00Z") == ""
    )
    assert shared.kubectl("logs", pod, "--container=sidecar") == "from a file\n"
    # What is written later is there later.
    file.write_text("written over\n")
    assert shared.kubectl("logs", pod, "--container=sidecar") == "written over\n"


def test_a_crash_leaves_a_log(shared: Cluster, pod: str) -> None:
    _add_pod(shared, simulate="crash-loop", simulate_container="agent", previous_log="fatal\n")
    state = ("logs", pod, "--container=agent")
    eventually(lambda: shared.get("pod", pod)["status"]["containerStatuses"][0]["restartCount"])
    assert shared.kubectl(*state, "--previous") == "fatal\n"
    assert "a simulated crash" in shared.kubectl(*state)
    with pytest.raises(AssertionError, match="previous terminated container"):
        shared.kubectl("logs", pod, "--container=sidecar", "--previous")


def test_a_log_is_followed_until_the_pod_is_gone(shared: Cluster) -> None:
    _add_pod(shared, log="one\ntwo\n")
    program = tool("path", "kubectl").strip()
    command = [program, f"--kubeconfig={shared.kubeconfig}", "logs", "--follow", POD]
    with subprocess.Popen([*command, "--container=agent"], stdout=subprocess.PIPE) as follower:
        assert follower.stdout is not None
        assert follower.stdout.readline() == b"one\n"
        assert follower.poll() is None
        shared.kubectl("delete", "pod", POD, "--grace-period=0", "--force")
        assert follower.stdout.read() == b"two\n"
    assert follower.returncode == 0


def test_commands_run(shared: Cluster, pod: str) -> None:
    _add_pod(shared)
    done = _exec(shared, "sh", "-c", "cat; echo err >&2; exit 7", stdin=b"\x00\xff in")
    assert (done.returncode, done.stdout) == (7, b"\x00\xff in")
    assert done.stderr.startswith(b"err\n")
    variables = _exec(shared, "env", container="sidecar").stdout.decode().split()
    assert {"POD_NAME=speaker", "NODE_NAME=node-1", "CONTAINER_NAME=sidecar"} <= set(variables)
    assert not any("EVERYNODE" in variable for variable in variables)
    assert b"COLOUR=green" in _exec(shared, "env").stdout
    assert b"executable file not found" in _exec(shared, "nowhere").stderr
    assert _exec(shared, "pwd").stdout == b"/\n"


def _asked(connection: http.client.HTTPSConnection, path: str) -> None:
    connection.request("POST", path)
    connection.getresponse()


def test_nobody_but_the_api_server_is_served(shared: Cluster) -> None:
    node = shared.get("node", "node-1")
    port = node["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"]
    pki = shared.folder / "pki"
    tool("kubeconfig", "--name", shared.name, "--user", "joe")
    for user in (None, pki / "admin", shared.folder / "users" / "joe"):
        context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        if user is not None:
            context.load_cert_chain(f"{user}.crt", f"{user}.key")
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=60)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            _asked(connection, "/exec/default/speaker/agent?command=id&output=1")


def test_a_cluster_on_other_ports_finds_its_kubelets() -> None:
    name = f"{PREFIX}-ports"
    try:
        cluster = Cluster.up(name, "--nodes", "2")
        node = cluster.get("node", "node-1")
        port = node["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"]
        for component in cluster.processes():
            tool("stop-component", name, component)
        with socket.create_server(("127.0.0.1", port)):
            Cluster.up(name)
        _add_pod(cluster)
        assert "ready" in cluster.kubectl("logs", POD, "--container=agent")
        tool("stop-component", name, "kubelets")
        with pytest.raises(AssertionError, match="refused"):
            cluster.kubectl("logs", POD, "--container=agent")
        tool("start-component", name, "kubelets")
        assert "ready" in cluster.kubectl("logs", POD, "--container=agent")
    finally:
        tool("down", "--name", name)
