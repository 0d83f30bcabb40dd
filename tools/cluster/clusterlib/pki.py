# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, certificates and kubeconfigs of a cluster."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from . import binaries
from .console import ClusterError
from .files import write_atomically

# A member of this group may do everything, whatever RBAC says.
_ADMINS = "system:masters"
_SERVER_HOSTS = ["127.0.0.1", "localhost", "kubernetes.default.svc", "kubernetes.default"]
# Client certificates of the components: file name -> (user, groups). The controller manager and
# the scheduler have the names to which the API server's built-in roles are bound.
_CLIENTS: dict[str, tuple[str, list[str]]] = {
    "admin": ("admin", [_ADMINS]),
    "kube-controller-manager": ("system:kube-controller-manager", []),
    "kube-scheduler": ("system:kube-scheduler", []),
    "kwok": ("kwok", [_ADMINS]),
    "kubelets": ("kubelets", [_ADMINS]),
    # The API server's own, for logs and commands; modules/kubelets knows the name.
    "kubelet-client": ("kube-apiserver-kubelet-client", []),
}


def create(pki: Path) -> None:
    """Make the authority and all that the components need, in the folder `pki`."""
    pki.mkdir(parents=True, exist_ok=True, mode=0o700)
    requests: list[dict[str, Any]] = [
        {
            "certificate": str(pki / "ca.crt"),
            "key": str(pki / "ca.key"),
            "authority": True,
            "name": "everynode test cluster",
        },
        {"key": str(pki / "service-account.key"), "publicKey": str(pki / "service-account.pub")},
        {**_leaf(pki, "server", "kube-apiserver", []), "hosts": _SERVER_HOSTS},
    ]
    requests += [_leaf(pki, file, user, groups) for file, (user, groups) in _CLIENTS.items()]
    _fulfil(requests)


def write_component_kubeconfigs(pki: Path, server: str) -> None:
    """Write the kubeconfig of each component beside its certificate."""
    for name in _CLIENTS:
        _write_kubeconfig(pki, name, server, pki / f"{name}.kubeconfig")


def write_admin_kubeconfig(pki: Path, server: str, target: Path) -> None:
    """Write the kubeconfig with which one may do everything."""
    _write_kubeconfig(pki, "admin", server, target)


def write_user_kubeconfig(
    pki: Path, server: str, folder: Path, user: str, groups: Sequence[str]
) -> Path:
    """Sign a client certificate for `user` in `groups`; the path of its kubeconfig in `folder`."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = quote(user, safe="@")
    _fulfil([{**_leaf(pki, name, user, list(groups), folder)}])
    target = folder / f"{name}.kubeconfig"
    _write_kubeconfig(pki, name, server, target, folder)
    return target


def _leaf(
    pki: Path, file: str, user: str, groups: list[str], folder: Path | None = None
) -> dict[str, Any]:
    target = folder or pki
    return {
        "certificate": str(target / f"{file}.crt"),
        "key": str(target / f"{file}.key"),
        "signer": str(pki / "ca.crt"),
        "signerKey": str(pki / "ca.key"),
        "name": user,
        "groups": groups,
    }


def _fulfil(requests: list[dict[str, Any]]) -> None:
    done = subprocess.run(
        [str(binaries.path_of("certificates"))],
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ClusterError(f"the certificates could not be made: {done.stderr.strip()}")


def _write_kubeconfig(
    pki: Path, name: str, server: str, target: Path, folder: Path | None = None
) -> None:
    source = folder or pki
    content = f"""\
apiVersion: v1
kind: Config
current-context: everynode-test
clusters:
- name: everynode-test
  cluster:
    server: {server}
    certificate-authority-data: {_base64(pki / "ca.crt")}
users:
- name: everynode-test
  user:
    client-certificate-data: {_base64(source / f"{name}.crt")}
    client-key-data: {_base64(source / f"{name}.key")}
contexts:
- name: everynode-test
  context:
    cluster: everynode-test
    user: everynode-test
"""
    write_atomically(target, content)


def _base64(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
