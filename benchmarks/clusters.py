# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster of the benchmarks, and what its API server wrote down about requests."""

from __future__ import annotations

import collections
import contextlib
import datetime
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
_TOOL = CHECKOUT / "tools" / "cluster" / "cluster"
_SETTLE_SECONDS = 120
_GONE_SECONDS = 900


@dataclass(frozen=True)
class Cluster:
    """A control plane with simulated nodes, and its API server's audit log."""

    name: str
    kubeconfig: Path
    kubectl: Path
    audit_log: Path

    @property
    def port(self) -> int:
        """The API server's port on loopback."""
        return int(self._server.rsplit(":", 1)[1])

    def set_nodes(self, count: int) -> None:
        """Make it so many nodes."""
        _tool("nodes", str(count), "--name", self.name)

    def run_kubectl(self, *arguments: str | Path) -> str:
        """What kubectl prints. Raises CalledProcessError where it fails."""
        command = [self.kubectl, "--kubeconfig", self.kubeconfig, *arguments]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def measure_kubectl(self, *arguments: str | Path) -> tuple[float, float]:
        """The seconds and the memory, in MiB, of a command. Raises CalledProcessError."""
        command = [self.kubectl, "--kubeconfig", self.kubeconfig, *arguments]
        started = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            _pid, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        return time.monotonic() - started, used.ru_maxrss / 1024

    def kubeconfig_for_port(self, port: int, path: Path) -> Path:
        """A copy of the kubeconfig that leads to another port of loopback."""
        path.write_text(
            self.kubeconfig.read_text().replace(self._server, f"https://127.0.0.1:{port}")
        )
        return path

    def wait_until_ready(self, namespace: str) -> None:
        """Wait until every DaemonSet of a namespace runs everywhere. Raises TimeoutError."""
        give_up = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < give_up:
            listed = self.run_kubectl("-n", namespace, "get", "daemonsets", "-o", "json")
            if all(map(_is_ready, json.loads(listed)["items"])):
                return
            time.sleep(1)
        raise TimeoutError(f"the DaemonSets of {namespace} are not ready")

    def wait_until_no_pods(self) -> None:
        """Wait until the pods of what is gone are gone too. Raises TimeoutError."""
        give_up = time.monotonic() + _GONE_SECONDS
        while self.run_kubectl("get", "pods", "--all-namespaces", "--output=name").split():
            if time.monotonic() > give_up:
                raise TimeoutError("pods of what is gone are still there")
            time.sleep(2)

    @contextlib.contextmanager
    def requests(self) -> Iterator[list[dict[str, Any]]]:
        """The requests that are made inside, as the audit log has them; filled at the end.

        Only those of this kubeconfig's user: the cluster's own components have their own. One that
        lasts, such as a watch, has a line when it starts and one when it ends: it is there once.
        """
        with self.audit_log.open() as log:
            log.seek(0, 2)
            made: list[dict[str, Any]] = []
            yield made
            entries = {entry["auditID"]: entry for entry in map(json.loads, log)}.values()
            made += [entry for entry in entries if entry["user"].get("username") == "admin"]

    def last_status_write(self, namespace: str, name: str, before: float) -> float:
        """When the status of a DaemonSet was last written before a moment; both in Unix time."""
        written = [
            _moment(entry["stageTimestamp"])
            for entry in map(json.loads, self.audit_log.open())
            if (entry.get("objectRef") or {}).get("resource") == "daemonsets"
            and entry["objectRef"].get("subresource") == "status"
            and entry["objectRef"].get("namespace") == namespace
            and entry["objectRef"].get("name") == name
        ]
        return max(moment for moment in written if moment <= before)

    @property
    def _server(self) -> str:
        content = yaml.safe_load(self.kubeconfig.read_text())
        return str(content["clusters"][0]["cluster"]["server"])


@contextlib.contextmanager
def cluster(nodes: int, name: str) -> Iterator[Cluster]:
    """A cluster of the benchmarks' own, gone at the end."""
    with tempfile.TemporaryDirectory() as folder:
        audit_log = Path(folder) / "audit.log"
        # What an interrupted run may have left.
        _tool("down", "--name", name)
        try:
            printed = _tool(
                "up", "--name", name, "--nodes", str(nodes), "--audit-log", str(audit_log)
            )
            kubeconfig = Path(printed.splitlines()[-1])
            yield Cluster(name, kubeconfig, Path(_tool("path", "kubectl").strip()), audit_log)
        finally:
            _tool("down", "--name", name)


def by_verb(requests: Iterable[Mapping[str, Any]]) -> str:
    """How many requests there were of each kind, such as ``1 get daemonsets``; what is not about
    objects is what an API server can do.
    """
    counted = collections.Counter(
        f"{entry['verb']} {(entry.get('objectRef') or {}).get('resource', 'capabilities')}"
        for entry in requests
    )
    return ", ".join(f"{count} {what}" for what, count in sorted(counted.items()))


def _tool(*arguments: str) -> str:
    return subprocess.run([_TOOL, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def _is_ready(daemonset: dict[str, Any]) -> bool:
    status = daemonset["status"]
    return bool(
        status.get("observedGeneration") == daemonset["metadata"]["generation"]
        and status["desiredNumberScheduled"] > 0
        and status["desiredNumberScheduled"]
        == status.get("numberAvailable", 0)
        == status.get("updatedNumberScheduled", 0)
    )


def _moment(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()
