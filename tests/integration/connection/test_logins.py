# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to name a cluster and to log in to it, on the real API server."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.deadline import Deadline
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import (
    CredentialsError,
    ForbiddenError,
    UnauthorizedError,
    WrongClusterError,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.connect import connect
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.connection import (
    Cluster,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.resolve import resolve

from tests.integration.api import Api
from tests.integration.connection.conftest import Parts
from tests.integration.connection.plugins import Plugin
from tests.integration.connection.servers import LONG

REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


def whoami(cluster: Cluster) -> dict[str, Any]:
    """The user that the API server takes us for."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = cluster.request(
        "POST", REVIEW, body=body, deadline=Deadline(LONG), doing="ask who I am"
    )
    user: dict[str, Any] = answer.body["status"]["userInfo"]
    return user


def write(path: Path, document: dict[str, Any]) -> str:
    path.write_text(yaml.safe_dump(document))
    return str(path)


def test_kubeconfig_by_path(parts: Parts) -> None:
    cluster = connect({"kubeconfig": str(parts.kubeconfig)})
    assert "system:masters" in whoami(cluster)["groups"]
    context = parts.document["current-context"]
    assert cluster.describe() == {"host": parts.server, "context": context}
    assert cluster.namespace == "default"


@pytest.mark.parametrize("form", [json.dumps, yaml.safe_dump])
def test_kubeconfig_by_content(parts: Parts, form: Callable[[Any], str]) -> None:
    cluster = connect({"kubeconfig_content": form(parts.document)})
    assert "system:masters" in whoami(cluster)["groups"]


def test_files_beside_the_kubeconfig(parts: Parts, tmp_path: Path) -> None:
    document = parts.with_user(**{"client-certificate": "a/c.pem", "client-key": "a/k.pem"})
    cluster = {"server": parts.server, "certificate-authority": "ca.pem"}
    document["clusters"][0]["cluster"] = cluster
    (tmp_path / "a").mkdir()
    (tmp_path / "ca.pem").write_bytes(parts.ca.read_bytes())
    (tmp_path / "a" / "c.pem").write_bytes(parts.certificate.read_bytes())
    (tmp_path / "a" / "k.pem").write_bytes(parts.key.read_bytes())
    found = connect({"kubeconfig": write(tmp_path / "config", document)})
    assert "system:masters" in whoami(found)["groups"]
    assert found.namespace == "kube-public"


def test_files_merged_the_first_wins(
    parts: Parts, token: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = parts.with_user(token=token())
    first = {key: document[key] for key in ("current-context", "contexts")}
    second = {key: document[key] for key in ("clusters", "users")}
    second["current-context"] = "another"
    paths = [
        write(tmp_path / "one", first),
        str(tmp_path / "missing"),
        write(tmp_path / "two", second),
    ]
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(paths))
    cluster = connect({})
    assert whoami(cluster)["username"].endswith(":reader")
    assert cluster.context == "mine"


def test_context(parts: Parts, token: Callable[[], str], tmp_path: Path) -> None:
    document = parts.with_user(token=token())
    document["users"].append({"name": "admin", "user": parts.document["users"][0]["user"]})
    document["contexts"].append({"name": "other", "context": {"cluster": "it", "user": "admin"}})
    path = write(tmp_path / "config", document)
    assert whoami(connect({"kubeconfig": path}))["username"].endswith(":reader")
    other = connect({"kubeconfig": path, "context": "other"})
    assert "system:masters" in whoami(other)["groups"]
    assert other.describe()["context"] == "other"


def test_host_and_api_key_need_no_kubeconfig(
    parts: Parts, token: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    given = token()
    cluster = connect({"host": parts.server, "api_key": given, "ca_cert": str(parts.ca)})
    assert whoami(cluster)["username"].endswith(":reader")
    assert cluster.describe() == {"host": parts.server, "context": None}
    assert given in cluster.secrets


def test_api_key_wins_over_the_kubeconfigs_certificate(
    parts: Parts, token: Callable[[], str]
) -> None:
    cluster = connect({"kubeconfig": str(parts.kubeconfig), "api_key": token()})
    assert whoami(cluster)["username"].endswith(":reader")


def test_client_certificate(parts: Parts) -> None:
    options = {
        "host": parts.server,
        "client_cert": str(parts.certificate),
        "client_key": str(parts.key),
        "ca_cert": str(parts.ca),
    }
    assert "system:masters" in whoami(connect(options))["groups"]


def test_host_beside_a_kubeconfig_takes_the_servers_place(parts: Parts) -> None:
    document = {**parts.document, "clusters": [dict(parts.document["clusters"][0])]}
    server = parts.document["clusters"][0]["cluster"]
    document["clusters"][0]["cluster"] = {**server, "server": "https://192.0.2.1:1"}
    options = {"kubeconfig_content": json.dumps(document), "host": parts.server}
    assert "system:masters" in whoami(connect(options))["groups"]


def test_variables_of_awx(
    parts: Parts, token: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("K8S_AUTH_HOST", parts.server)
    monkeypatch.setenv("K8S_AUTH_API_KEY", token())
    monkeypatch.setenv("K8S_AUTH_VERIFY_SSL", "False")
    cluster = connect({})
    assert whoami(cluster)["username"].endswith(":reader")
    assert "not verified" in cluster.warnings[0]
    monkeypatch.setenv("K8S_AUTH_VERIFY_SSL", "True")
    monkeypatch.setenv("K8S_AUTH_SSL_CA_CERT", str(parts.ca))
    cluster = connect({})
    assert whoami(cluster)["username"].endswith(":reader")
    assert cluster.warnings == []


def test_a_named_kubeconfig_beats_the_variables_of_awx(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("K8S_AUTH_HOST", "https://192.0.2.1:1")
    monkeypatch.setenv("K8S_AUTH_API_KEY", "of-another-cluster")
    cluster = connect({"kubeconfig": str(parts.kubeconfig)})
    assert "system:masters" in whoami(cluster)["groups"]
    assert cluster.server == parts.server


def test_impersonation(parts: Parts) -> None:
    options = {
        "kubeconfig": str(parts.kubeconfig),
        "impersonate_user": "jane",
        "impersonate_groups": ["ops", "dev"],
    }
    user = whoami(connect(options))
    assert user["username"] == "jane"
    assert {"ops", "dev"} <= set(user["groups"])


def test_impersonation_by_variables(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_AUTH_IMPERSONATE_USER", "jane")
    monkeypatch.setenv("K8S_AUTH_IMPERSONATE_GROUPS", "ops, dev")
    user = whoami(connect({"kubeconfig": str(parts.kubeconfig)}))
    assert user["username"] == "jane"
    assert {"ops", "dev"} <= set(user["groups"])


def test_impersonation_by_the_kubeconfig(parts: Parts, tmp_path: Path) -> None:
    user = {
        "client-certificate": str(parts.certificate),
        "client-key": str(parts.key),
        "as": "somebody",
        "as-uid": "of-somebody",
        "as-groups": ["readers", "nosy"],
        "as-user-extra": {"example.test/why %": ["one", "two"]},
    }
    kubeconfig = write(tmp_path / "config", parts.with_user(**user))
    who = whoami(connect({"kubeconfig": kubeconfig}))
    assert who["username"] == "somebody"
    assert who["uid"] == "of-somebody"
    assert {"readers", "nosy"} <= set(who["groups"])
    assert "system:masters" not in who["groups"]
    assert who["extra"] == {"example.test/why %": ["one", "two"]}
    # As with kubectl, an option takes its place.
    other = whoami(connect({"kubeconfig": kubeconfig, "impersonate_user": "another"}))
    assert (other["username"], other.get("uid")) == ("another", None)


@pytest.mark.parametrize("alone", [{"as-groups": ["readers"]}, {"as-uid": "1"}])
def test_impersonation_of_nobody(parts: Parts, tmp_path: Path, alone: dict[str, Any]) -> None:
    kubeconfig = write(tmp_path / "config", parts.with_user(token="t", **alone))
    with pytest.raises(CredentialsError, match="without as"):
        connect({"kubeconfig": kubeconfig})


def test_a_pods_account_only_when_asked_for(
    parts: Parts, token: Callable[[], str], tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(token())
    (tmp_path / "ca.crt").write_bytes(parts.ca.read_bytes())
    (tmp_path / "namespace").write_text("somewhere")
    host, _, port = parts.server.removeprefix("https://").rpartition(":")
    environ = {
        "KUBERNETES_SERVICE_HOST": host,
        "KUBERNETES_SERVICE_PORT": port,
        "HOME": str(tmp_path),
    }
    target = resolve({"in_cluster": True}, environ, service_account=str(tmp_path))
    cluster = Cluster(target, "test")
    assert whoami(cluster)["username"].endswith(":reader")
    assert cluster.namespace == "somewhere"


def test_a_renewed_token_file_is_read_again(
    parts: Parts, token: Callable[[], str], tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_text("was-revoked")
    cluster = connect({"kubeconfig_content": json.dumps(parts.with_user(tokenFile=str(path)))})
    with pytest.raises(UnauthorizedError) as caught:
        whoami(cluster)
    assert f"(token file {path})" in caught.value.message
    path.write_text(token())
    assert whoami(cluster)["username"].endswith(":reader")


def test_exec_plugin_with_a_token(parts: Parts, token: Callable[[], str], tmp_path: Path) -> None:
    plugin = Plugin(tmp_path / "plugin", {"token": token()})
    cluster = connect({"kubeconfig_content": json.dumps(parts.with_user(**plugin.user()))})
    assert whoami(cluster)["username"].endswith(":reader")
    assert whoami(cluster)["username"].endswith(":reader")
    assert plugin.runs == 1


def test_exec_plugin_with_a_certificate(parts: Parts, tmp_path: Path) -> None:
    status = {
        "clientCertificateData": parts.certificate.read_text(),
        "clientKeyData": parts.key.read_text(),
    }
    plugin = Plugin(tmp_path / "plugin", status)
    cluster = connect({"kubeconfig_content": json.dumps(parts.with_user(**plugin.user()))})
    assert "system:masters" in whoami(cluster)["groups"]


def test_exec_plugin_is_run_again_after_401(
    parts: Parts, token: Callable[[], str], tmp_path: Path
) -> None:
    plugin = Plugin(tmp_path / "plugin", {"token": "was-revoked"})
    cluster = connect({"kubeconfig_content": json.dumps(parts.with_user(**plugin.user()))})
    with pytest.raises(UnauthorizedError, match="exec plugin"):
        whoami(cluster)
    assert plugin.runs == 2
    fresh = token()
    plugin.answers({"token": fresh})
    assert whoami(cluster)["username"].endswith(":reader")
    assert plugin.runs == 3
    assert fresh in cluster.secrets


def test_forbidden_names_user_verb_resource_and_the_rule(
    parts: Parts, token: Callable[[], str], namespace: str
) -> None:
    cluster = connect({"host": parts.server, "api_key": token(), "ca_cert": str(parts.ca)})
    path = f"/apis/apps/v1/namespaces/{namespace}/daemonsets"
    assert cluster.request("GET", path, deadline=Deadline(LONG), doing="list").status == 200
    with pytest.raises(ForbiddenError) as caught:
        cluster.request(
            "DELETE", f"{path}/x", deadline=Deadline(LONG), doing=f"delete DaemonSet {namespace}/x"
        )
    error = caught.value
    assert error.message.startswith(f"Cannot delete DaemonSet {namespace}/x: forbidden (403)")
    assert error.details["forbidden"] == {
        "user": f"system:serviceaccount:{namespace}:reader",
        "verb": "delete",
        "resource": "daemonsets",
        "group": "apps",
        "namespace": namespace,
    }
    assert 'apiGroups: ["apps"], resources: ["daemonsets"], verbs: ["delete"]' in error.advice


def test_unauthorized_names_the_credential(parts: Parts) -> None:
    canary = "c4n4ry-t0ken"
    cluster = connect({"host": parts.server, "api_key": canary, "ca_cert": str(parts.ca)})
    with pytest.raises(UnauthorizedError, match="the token of api_key") as caught:
        whoami(cluster)
    assert canary not in str(caught.value)
    content = json.dumps(parts.with_user(token=canary))
    with pytest.raises(UnauthorizedError, match="user 'someone' of the context 'mine' \\(token\\)"):
        whoami(connect({"kubeconfig_content": content}))


def test_a_token_never_goes_over_plain_http() -> None:
    cluster = connect({"host": "http://127.0.0.1:8080", "api_key": "c4n4ry"})
    with pytest.raises(CredentialsError, match="http, not https"):
        whoami(cluster)


def test_expected_cluster(parts: Parts, api: Api) -> None:
    since = api.mark()
    options = {"kubeconfig": str(parts.kubeconfig), "expected_cluster": parts.uid}
    for _turn in range(2):
        whoami(connect(options))
    whoami(connect({**options, "request_timeout": 7}))
    asked = [request.path for request in api.requests(since)]
    assert asked == ["/api/v1/namespaces/kube-system", *[REVIEW] * 3]


def test_another_cluster_than_the_expected(parts: Parts, api: Api) -> None:
    since = api.mark()
    options = {"kubeconfig": str(parts.kubeconfig), "expected_cluster": "0000-other"}
    with pytest.raises(WrongClusterError) as caught:
        whoami(connect(options))
    assert parts.uid in caught.value.message
    assert "0000-other" in caught.value.message
    assert [request.verb for request in api.requests(since)] == ["get"]


def test_the_audit_log_knows_version_and_job(
    parts: Parts, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOB_ID", "4711")
    since = api.mark()
    whoami(connect({"kubeconfig": str(parts.kubeconfig), "request_timeout": 8}))
    agent = api.requests(since)[0].agent
    assert agent.startswith("everynode.kubernetes/")
    assert "ansible-core 2." in agent
    assert agent.endswith("awx-job=4711)")


def test_an_encrypted_key_is_refused_and_not_asked_about(parts: Parts, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(parts.key.read_bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    user = {
        "client-certificate": str(parts.certificate),
        "client-key-data": base64.b64encode(locked).decode(),
    }
    content = json.dumps(parts.with_user(**user))
    with pytest.raises(CredentialsError, match="encrypted"):
        whoami(connect({"kubeconfig_content": content}))


def test_a_forked_process_gets_a_connection_of_its_own(parts: Parts) -> None:
    options = {"kubeconfig": str(parts.kubeconfig)}
    cluster = connect(options)
    assert connect(options) is cluster
    whoami(cluster)
    child = os.fork()
    if child == 0:
        good = False
        try:
            other = connect(options)
            good = other is not cluster and "system:masters" in whoami(other)["groups"]
        finally:
            os._exit(0 if good else 1)
    _pid, status = os.waitpid(child, 0)
    assert status == 0
    assert "system:masters" in whoami(cluster)["groups"]
