# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo`, on a cluster that is not its own: it works, and leaves nothing behind."""

from __future__ import annotations

import json
import signal
import subprocess
import time

from tests.integration.api import eventually
from tests.support.cluster import Cluster
from tools.environments import places

_TOOL = places.CHECKOUT / "tools" / "demo"


def _tour(cluster: Cluster) -> list[str]:
    return [str(_TOOL), "--kubeconfig", str(cluster.kubeconfig)]


def _left_behind(cluster: Cluster) -> list[str]:
    """The tour's namespaces that are there."""
    tool = places.CHECKOUT / "tools" / "cluster" / "cluster"
    kubectl = subprocess.run([tool, "path", "kubectl"], check=True, capture_output=True, text=True)
    command = [kubectl.stdout.strip(), "--kubeconfig", str(cluster.kubeconfig)]
    listed = subprocess.run(
        [*command, "get", "namespaces", "-o", "json"], check=True, capture_output=True, text=True
    )
    names = [item["metadata"]["name"] for item in json.loads(listed.stdout)["items"]]
    return [name for name in names if name.startswith("everynode-demo")]


def test_the_tour_shows_everything_and_leaves_nothing(cluster: Cluster) -> None:
    done = subprocess.run(
        [*_tour(cluster), "-e", json.dumps({"demo_pod_annotations": {}, "demo_wait_seconds": 900})],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PRIVILEGED" in done.stdout.split("PLAY")[0]
    assert "ok=9    changed=4" in done.stdout
    assert "rescued=1" in done.stdout
    assert "It was rolled back" in done.stdout
    table = [line.split() for line in done.stdout.splitlines() if line.strip().startswith("node-")]
    assert table
    assert {(line[1], line[2], line[4]) for line in table} == {
        ("Running", "yes", "hwameistor/local-disk-manager:v0.6.2")
    }
    # Where the cluster is slow, the namespace may end after the tour.
    eventually(lambda: not _left_behind(cluster) or None, "nothing is left behind", within=600)


def test_an_interrupted_tour_leaves_nothing(cluster: Cluster) -> None:
    with subprocess.Popen(
        _tour(cluster),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as tour:
        assert tour.stdout is not None
        for line in tour.stdout:
            if line.startswith("TASK"):
                break
        time.sleep(0.5)
        tour.send_signal(signal.SIGTERM)
        rest = tour.stdout.read()
        assert tour.wait() == 130, rest
    # Where the cluster is slow, the namespace may end after the tour.
    eventually(lambda: not _left_behind(cluster) or None, "nothing is left behind", within=600)


def test_no_kubeconfig_is_said_in_a_line() -> None:
    done = subprocess.run(
        [_TOOL, "--kubeconfig", "/nowhere"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "demo: There is no kubeconfig file /nowhere.\n"
