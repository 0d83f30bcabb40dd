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

from .conftest import PREFIX
from .tool import Cluster, eventually, kubectl, listening_addresses, run, start, tool

COMPONENTS = {
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kwok",
    "kubelets",
}


@pytest.fixture
def own_name() -> Iterator[str]:
    """The name of a cluster that a test may treat badly."""
    name = f"{PREFIX}-own"
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

    def may_list_pods() -> bool:
        try:
            return kubectl(kubeconfig, "auth", "can-i", "list", "pods") == "yes\n"
        except AssertionError:
            # As long as the answer is no, kubectl fails.
            return False

    try:
        eventually(may_list_pods)
    finally:
        shared.kubectl("delete", "clusterrolebinding", "t-read")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        _request(shared.kubeconfig, "/api/v1/nodes", certificate=False)


def _audited(log: Path) -> list[dict[str, Any]]:
    # Of a line that the server is just writing, there is but a part.
    return [json.loads(line) for line in log.read_bytes().split(b"\n")[:-1]]


def test_audit_log_has_a_request_as_soon_as_it_is_answered(
    shared: Cluster, audit_log: Path
) -> None:
    path = "/api/v1/namespaces/kube-system/configmaps?fieldSelector=metadata.name%3Dasked"
    _request(shared.kubeconfig, path)
    lines = _audited(audit_log)
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
        return [line for line in _audited(audit_log) if line["requestURI"] == path]

    with _opened(shared.kubeconfig, path) as answer:
        assert len(lines()) == 1
        answer.read()
    # Ended by the server.
    assert [line["verb"] for line in lines()] == ["watch"]
    assert lines()[0]["responseStatus"]["code"] == 200


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

    def lost() -> bool:
        # They may write new files into it meanwhile.
        shutil.rmtree(cluster.folder, ignore_errors=True)
        return not cluster.folder.exists()

    eventually(lost)
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
