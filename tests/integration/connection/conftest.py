# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster's address and logins, taken apart, so that tests can put them together otherwise."""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

# It opens a file once, for the life of the process: before the first test, not in one.
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster import (
    exec_cache as _opened_once,  # noqa: F401
)

from tests.integration.api import Api


@dataclass(frozen=True)
class Parts:
    """What the administrator's kubeconfig consists of.

    Attributes:
        kubeconfig: its path.
        document: its content.
        server: the API server's URL.
        ca: the path of the CA's certificate.
        certificate: the path of the client certificate.
        key: the path of its key.
        uid: the uid of the namespace kube-system.
    """

    kubeconfig: Path
    document: dict[str, Any]
    server: str
    ca: Path
    certificate: Path
    key: Path
    uid: str

    def with_user(self, **user: Any) -> dict[str, Any]:
        """A kubeconfig for the same cluster with another user."""
        context = {"cluster": "it", "user": "someone", "namespace": "kube-public"}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "mine",
            "clusters": [{"name": "it", "cluster": self.document["clusters"][0]["cluster"]}],
            "contexts": [{"name": "mine", "context": context}],
            "users": [{"name": "someone", "user": user}],
        }


@pytest.fixture(scope="session")
def parts(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Parts:
    document = yaml.safe_load(api.cluster.kubeconfig.read_text())
    folder = tmp_path_factory.mktemp("parts")
    server = document["clusters"][0]["cluster"]
    user = document["users"][0]["user"]

    def file_of(entry: dict[str, str], name: str) -> Path:
        if f"{name}-data" not in entry:
            return Path(entry[name])
        path = folder / name
        path.write_bytes(base64.b64decode(entry[f"{name}-data"]))
        return path

    found = api.request("GET", "/api/v1/namespaces/kube-system")
    return Parts(
        kubeconfig=api.cluster.kubeconfig,
        document=document,
        server=server["server"],
        ca=file_of(server, "certificate-authority"),
        certificate=file_of(user, "client-certificate"),
        key=file_of(user, "client-key"),
        uid=found["metadata"]["uid"],
    )


@pytest.fixture
def token(api: Api, namespace: str) -> Callable[[], str]:
    """Makes tokens of a service account that may read DaemonSets of its namespace, nothing else."""
    account = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    rights = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    api.request("POST", account, body={"metadata": {"name": "reader"}})
    rule = {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["get", "list"]}
    api.request("POST", f"{rights}/roles", body={"metadata": {"name": "reader"}, "rules": [rule]})
    group = "rbac.authorization.k8s.io"
    binding = {
        "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": namespace}],
    }
    api.request("POST", f"{rights}/rolebindings", body=binding)
    api.until_allowed(f"system:serviceaccount:{namespace}:reader", rule, namespace)

    def make() -> str:
        body = {"spec": {"expirationSeconds": 3600}}
        answer = api.request("POST", f"{account}/reader/token", body=body)
        return str(answer["status"]["token"])

    return make


@pytest.fixture(autouse=True)
def empty_temporary_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Whatever a test does, nothing lies in TMPDIR when it is over, and no file has stayed open."""
    folder = tmp_path_factory.mktemp("tmpdir")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    before = _anonymous_files()
    yield folder
    assert list(folder.iterdir()) == []
    assert _anonymous_files() <= before


def _anonymous_files() -> int:
    found = 0
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found += "memfd:" in os.readlink(f"/proc/self/fd/{name}")
    return found
