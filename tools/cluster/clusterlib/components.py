# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The six programs of a cluster and the commands that start them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from . import binaries
from .files import write_atomically
from .layout import STAGES
from .nodes import KUBELET_ADDRESS_TYPE, KUBELET_LABEL

# In the order of their start; all but the first two need the API server.
FIRST = ("etcd", "kube-apiserver")
THEN = ("kube-controller-manager", "kube-scheduler", "kwok", "kubelets")
ALL = (*FIRST, *THEN)
# Ports by use. The controller manager and the scheduler listen nowhere, nor does KWOK.
PORTS = ("api", "etcd", "etcd-peer", "kubelets")

# A request is one line: of a watch the one at its start, of anything else the one at its end.
# Leases and health checks would be most of the lines and tell nothing.
_AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- level: None
  resources: [{group: coordination.k8s.io, resources: [leases]}]
- level: None
  nonResourceURLs: ["/livez*", "/readyz*", "/healthz*"]
- level: Metadata
  verbs: [watch]
  omitStages: [ResponseComplete]
- level: Metadata
"""
# Simulated nodes have no heartbeat and are never given up for the lack of one: the stages turn them
# "not ready" or "unknown" on demand, a busy machine or its sleep does not. (With leases, a
# restarted KWOK would also wait for those of the one before to run out.)
_LEASE_SECONDS = 0
_GRACE = "87600h"
_KWOK_PARALLELISM = 16


@dataclass(frozen=True)
class Plan:
    """All that the commands depend on: the state folder, the ports, the audit log if wanted."""

    folder: Path
    ports: Mapping[str, int]
    audit_log: str | None

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return f"https://127.0.0.1:{self.ports['api']}"


def write_configuration(plan: Plan) -> None:
    """Write the files that the commands name."""
    write_atomically(plan.folder / "audit-policy.yaml", _AUDIT_POLICY)
    options = {
        "podPlayStageParallelism": _KWOK_PARALLELISM,
        "nodePlayStageParallelism": _KWOK_PARALLELISM,
        "nodeLeaseParallelism": _KWOK_PARALLELISM,
        "podsOnNodeSyncParallelism": _KWOK_PARALLELISM,
    }
    configuration = {
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokConfiguration",
        "options": options,
    }
    documents = [json.dumps(configuration)]
    documents += [_with_parts(file) for file in sorted(STAGES.glob("*.yaml"))]
    write_atomically(plan.folder / "kwok.yaml", "\n---\n".join(documents))


def command(component: str, plan: Plan) -> list[str]:
    """The command line of one component."""
    arguments = {
        "etcd": _etcd,
        "kube-apiserver": _api_server,
        "kube-controller-manager": _controller_manager,
        "kube-scheduler": _scheduler,
        "kwok": _kwok,
        "kubelets": _kubelets,
    }[component](plan)
    return [str(binaries.path_of(component)), *arguments]


def fingerprint(component: str, plan: Plan) -> str:
    """A short text that changes when the component must be restarted to be as planned."""
    digest = hashlib.sha256("\0".join(command(component, plan)).encode())
    for file in ("audit-policy.yaml",) if component == "kube-apiserver" else ():
        digest.update((plan.folder / file).read_bytes())
    if component == "kwok":
        digest.update((plan.folder / "kwok.yaml").read_bytes())
    return digest.hexdigest()[:16]


def log_file(component: str, plan: Plan) -> Path:
    """Where the component's output goes."""
    return plan.folder / "logs" / f"{component}.log"


def _with_parts(stages: Path) -> str:
    """The text of a file of stages, each @NAME@ in it replaced by the file parts/NAME."""

    def part(match: re.Match[str]) -> str:
        text = (STAGES / "parts" / match["name"]).read_text(encoding="utf-8").rstrip()
        return match["before"] + text.replace("\n", "\n" + match["indent"])

    pattern = r"^(?P<before>(?P<indent> *)[^@#\n]*)@(?P<name>[a-z.]+)@"
    return re.sub(pattern, part, stages.read_text(encoding="utf-8"), flags=re.MULTILINE)


def _etcd(plan: Plan) -> list[str]:
    client = f"https://127.0.0.1:{plan.ports['etcd']}"
    peer = f"https://127.0.0.1:{plan.ports['etcd-peer']}"
    pki = plan.folder / "pki"
    return [
        "--name=test",
        f"--data-dir={plan.folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=test={peer}",
        "--client-cert-auth",
        f"--trusted-ca-file={pki / 'ca.crt'}",
        f"--cert-file={pki / 'server.crt'}",
        f"--key-file={pki / 'server.key'}",
        "--peer-client-cert-auth",
        f"--peer-trusted-ca-file={pki / 'ca.crt'}",
        f"--peer-cert-file={pki / 'server.crt'}",
        f"--peer-key-file={pki / 'server.key'}",
        # The data may be lost with the machine's power, and tests do not wait for a slow disk.
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _api_server(plan: Plan) -> list[str]:
    pki = plan.folder / "pki"
    arguments = [
        "--bind-address=127.0.0.1",
        f"--secure-port={plan.ports['api']}",
        # Nothing in the cluster connects to the "kubernetes" service, and its end points must not
        # be loopback addresses.
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.0.0.0/16",
        f"--etcd-servers=https://127.0.0.1:{plan.ports['etcd']}",
        f"--etcd-cafile={pki / 'ca.crt'}",
        f"--etcd-certfile={pki / 'admin.crt'}",
        f"--etcd-keyfile={pki / 'admin.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--tls-cert-file={pki / 'server.crt'}",
        f"--tls-private-key-file={pki / 'server.key'}",
        f"--service-account-key-file={pki / 'service-account.pub'}",
        f"--service-account-signing-key-file={pki / 'service-account.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        # All nodes' kubelets answer on one port of this machine: see nodes.py.
        f"--kubelet-preferred-address-types={KUBELET_ADDRESS_TYPE}",
        f"--kubelet-certificate-authority={pki / 'ca.crt'}",
        f"--kubelet-client-certificate={pki / 'kubelet-client.crt'}",
        f"--kubelet-client-key={pki / 'kubelet-client.key'}",
        "--profiling=false",
    ]
    if plan.audit_log:
        arguments += [
            f"--audit-policy-file={plan.folder / 'audit-policy.yaml'}",
            f"--audit-log-path={plan.audit_log}",
            # A request is answered only after its line is in the file.
            "--audit-log-mode=blocking",
            # In MB. A log that is rotated away under a test's eyes is worse than a large one.
            "--audit-log-maxsize=2000",
            "--audit-log-maxbackup=1",
        ]
    return arguments


def _controller_manager(plan: Plan) -> list[str]:
    pki = plan.folder / "pki"
    return [
        *_client_of("kube-controller-manager", plan),
        "--secure-port=0",
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        f"--root-ca-file={pki / 'ca.crt'}",
        f"--service-account-private-key-file={pki / 'service-account.key'}",
        f"--cluster-signing-cert-file={pki / 'ca.crt'}",
        f"--cluster-signing-key-file={pki / 'ca.key'}",
        f"--node-monitor-grace-period={_GRACE}",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
    ]


def _scheduler(plan: Plan) -> list[str]:
    return [
        *_client_of("kube-scheduler", plan),
        "--secure-port=0",
        "--leader-elect=false",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
    ]


def _kwok(plan: Plan) -> list[str]:
    return [
        *_client_of("kwok", plan),
        f"--config={plan.folder / 'kwok.yaml'}",
        "--manage-all-nodes=false",
        f"--manage-nodes-with-label-selector={KUBELET_LABEL} in (running,not-ready,unreachable)",
        f"--node-lease-duration-seconds={_LEASE_SECONDS}",
    ]


def _kubelets(plan: Plan) -> list[str]:
    return [
        f"--address=127.0.0.1:{plan.ports['kubelets']}",
        f"--pki={plan.folder / 'pki'}",
        f"--server={plan.server}",
    ]


def _client_of(component: str, plan: Plan) -> list[str]:
    return [f"--kubeconfig={plan.folder / 'pki' / f'{component}.kubeconfig'}"]
