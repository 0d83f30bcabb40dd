# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets of owned fields: what applying an intent makes ours, and reading an intent back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster import (
    fieldset,
)

PORTS = ("f:spec", "f:template", "f:spec", "f:containers", 'k:{"name":"a"}', "f:ports")


def daemonset(**pod: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": "x", "uid": "1"},
        "spec": {"template": {"spec": pod}},
    }


def pod_set(fields: dict[str, Any]) -> dict[str, Any]:
    return {"f:spec": {"f:template": {"f:spec": fields}}}


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        pytest.param({"hostNetwork": True}, {"f:hostNetwork": {}}, id="scalar"),
        pytest.param({"priorityClassName": None}, {"f:priorityClassName": {}}, id="null"),
        pytest.param({"securityContext": {}}, {"f:securityContext": {}}, id="empty object"),
        pytest.param({"tolerations": []}, {"f:tolerations": {}}, id="empty atomic list"),
        pytest.param({"tolerations": [{"key": "a"}]}, {"f:tolerations": {}}, id="atomic list"),
        pytest.param({"nodeSelector": {"a": "b"}}, {"f:nodeSelector": {}}, id="atomic map"),
        pytest.param(
            {"containers": [{"name": "a", "image": "b"}]},
            {"f:containers": {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:image": {}}}},
            id="list keyed by name",
        ),
        pytest.param(
            {"containers": [{"name": "a", "resources": {"limits": {"cpu": "1"}}}]},
            {
                "f:containers": {
                    'k:{"name":"a"}': {
                        ".": {},
                        "f:name": {},
                        "f:resources": {"f:limits": {"f:cpu": {}}},
                    }
                }
            },
            id="free map",
        ),
        pytest.param(
            {"volumes": [{"name": "v", "emptyDir": {}}]},
            {"f:volumes": {'k:{"name":"v"}': {".": {}, "f:name": {}, "f:emptyDir": {}}}},
            id="empty source",
        ),
    ],
)
def test_set_of_intent(pod: dict[str, Any], expected: dict[str, Any]) -> None:
    assert fieldset.set_of_intent(daemonset(**pod)) == pod_set(expected)


def test_identity_and_server_fields_are_never_owned() -> None:
    intent = daemonset(hostPID=True)
    intent["status"] = {"numberReady": 1}
    assert fieldset.set_of_intent(intent) == pod_set({"f:hostPID": {}})


def test_protocol_defaults_to_tcp_in_a_port_key() -> None:
    ports = [{"containerPort": 53}, {"containerPort": 53, "protocol": "UDP"}]
    intent = daemonset(containers=[{"name": "a", "ports": ports}])
    owned = fieldset.subset(fieldset.set_of_intent(intent), PORTS)
    assert set(owned) == {
        'k:{"containerPort":53,"protocol":"TCP"}',
        'k:{"containerPort":53,"protocol":"UDP"}',
    }
    tcp = owned['k:{"containerPort":53,"protocol":"TCP"}']
    assert tcp == {".": {}, "f:containerPort": {}}


def test_union_keeps_members_that_have_members_below() -> None:
    left: dict[str, Any] = {"f:labels": {}}
    right: dict[str, Any] = {"f:labels": {"f:a": {}}}
    assert fieldset.union(left, right) == {"f:labels": {".": {}, "f:a": {}}}


def test_without_splits_a_set() -> None:
    fields: dict[str, Any] = {"f:m": {"f:annotations": {"f:a": {}, "f:b": {}}}, "f:s": {}}
    kept, taken = fieldset.without(fields, (("f:m", "f:annotations", "f:b"), ("f:none",)))
    assert kept == {"f:m": {"f:annotations": {"f:a": {}}}, "f:s": {}}
    assert taken == {"f:m": {"f:annotations": {"f:b": {}}}}
    assert "f:b" in fields["f:m"]["f:annotations"]


def test_readable_paths() -> None:
    path = (*PORTS, 'k:{"containerPort":53,"protocol":"UDP"}', "f:hostPort")
    assert fieldset.readable(path) == (
        "spec.template.spec.containers[name=a].ports[containerPort=53,protocol=UDP].hostPort"
    )
    assert (
        fieldset.readable(("f:metadata", "f:labels", "f:app.io/x")) == "metadata.labels[app.io/x]"
    )


def test_the_last_intent_is_read_back_without_what_others_added() -> None:
    intent = daemonset(
        hostNetwork=False,
        containers=[{"name": "a", "image": "i", "env": [{"name": "E", "value": ""}]}],
    )
    live = daemonset(
        dnsPolicy="ClusterFirst",
        containers=[
            {"name": "sidecar", "image": "s"},
            {"name": "a", "image": "i", "imagePullPolicy": "Always", "env": [{"name": "E"}]},
        ],
    )
    owned = fieldset.set_of_intent(intent)
    back = fieldset.from_owned(live, owned)
    assert back["spec"]["template"]["spec"] == {
        "hostNetwork": None,
        "containers": [{"name": "a", "image": "i", "env": [{"name": "E", "value": None}]}],
    }
    assert fieldset.set_of_intent(back) == owned
