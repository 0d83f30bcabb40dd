# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What applying an intent would change in a live object."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.compare import (
    align,
    differences,
)


def daemonset(pod: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"spec": {**spec, "template": {"spec": pod}}}


def container(**more: Any) -> dict[str, Any]:
    return {"containers": [{"name": "a", **more}]}


def unchanged(intent: dict[str, Any], live: dict[str, Any]) -> bool:
    return not differences(align(intent, live), live)


@pytest.mark.parametrize(
    ("intent", "live"),
    [
        pytest.param(
            container(resources={"limits": {"cpu": "0.5", "memory": "1024Mi"}}),
            container(resources={"limits": {"cpu": "500m", "memory": "1Gi"}}),
            id="quantities by meaning",
        ),
        pytest.param({"tolerations": None}, {}, id="null is absent"),
        pytest.param({"tolerations": []}, {}, id="empty list is absent"),
        pytest.param({"hostNetwork": False}, {}, id="false that is not stored"),
        pytest.param(
            container(env=[{"name": "E", "value": ""}]),
            container(env=[{"name": "E"}]),
            id="empty env value that is not stored",
        ),
        pytest.param(
            {"tolerations": [{"key": "a"}, {"key": "b"}]},
            {"tolerations": [{"key": "b"}, {"key": "a"}]},
            id="order of tolerations",
        ),
        pytest.param(
            {"volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "emptyDir": {}}]},
            {"volumes": [{"name": "b", "emptyDir": {}}, {"name": "a", "emptyDir": {}}]},
            id="order of volumes",
        ),
        pytest.param(
            container(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]),
            container(env=[{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]),
            id="order of env without references",
        ),
        pytest.param(
            container(ports=[{"containerPort": 53}, {"containerPort": 53, "protocol": "UDP"}]),
            container(
                ports=[
                    {"containerPort": 53, "protocol": "UDP"},
                    {"containerPort": 53, "protocol": "TCP"},
                ]
            ),
            id="ports by number and protocol",
        ),
        pytest.param(
            container(),
            {"containers": [{"name": "sidecar", "image": "x"}, {"name": "a"}]},
            id="somebody else's sidecar",
        ),
        pytest.param(
            container(env=[{"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]),
            container(
                env=[
                    {"name": "N", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "x"}}}
                ]
            ),
            id="default inside an atomic object",
        ),
    ],
)
def test_nothing_would_change(intent: dict[str, Any], live: dict[str, Any]) -> None:
    assert unchanged(daemonset(intent), daemonset(live))


@pytest.mark.parametrize(
    ("intent", "live"),
    [
        pytest.param(container(image="a:2"), container(image="a:1"), id="value"),
        pytest.param({"hostNetwork": False}, {"hostNetwork": True}, id="false over true"),
        pytest.param({"automountServiceAccountToken": False}, {}, id="false that would be stored"),
        pytest.param({"dnsPolicy": None}, {"dnsPolicy": "ClusterFirst"}, id="null over a default"),
        pytest.param(container(args=["a", "b"]), container(args=["b", "a"]), id="order of args"),
        pytest.param(
            {"containers": [{"name": "a"}, {"name": "b"}]},
            {"containers": [{"name": "b"}, {"name": "a"}]},
            id="order of containers",
        ),
        pytest.param(
            container(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)"}]),
            container(env=[{"name": "B", "value": "$(A)"}, {"name": "A", "value": "1"}]),
            id="order of env with references",
        ),
        pytest.param(
            {"tolerations": [{"key": "a"}]},
            {"tolerations": [{"key": "a", "operator": "Exists"}]},
            id="more inside an atomic list",
        ),
        pytest.param(
            {"tolerations": [{"key": "a"}]}, {"tolerations": [{"key": "a"}] * 2}, id="length"
        ),
        pytest.param(
            container(
                env=[{"name": "N", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}]
            ),
            container(
                env=[
                    {
                        "name": "N",
                        "valueFrom": {
                            "configMapKeyRef": {"name": "c", "key": "k", "optional": True}
                        },
                    }
                ]
            ),
            id="more inside an atomic object",
        ),
        pytest.param(
            container(livenessProbe={"httpGet": {"port": "80"}}),
            container(livenessProbe={"httpGet": {"port": 80}}),
            id="a port's name is no number",
        ),
        pytest.param({"volumes": [{"name": "a"}]}, {}, id="new item"),
    ],
)
def test_something_would_change(intent: dict[str, Any], live: dict[str, Any]) -> None:
    assert not unchanged(daemonset(intent), daemonset(live))


def test_paths_name_the_items() -> None:
    intent = daemonset(container(image="a:2"))
    live = daemonset(container(image="a:1"))
    assert differences(intent, live) == ["spec.template.spec.containers[a].image"]


def test_new_items_follow_those_that_are_there() -> None:
    intent = daemonset({"tolerations": [{"key": "new"}, {"key": "b"}, {"key": "a"}]})
    live = daemonset({"tolerations": [{"key": "a"}, {"key": "b"}]})
    aligned = align(intent, live)["spec"]["template"]["spec"]["tolerations"]
    assert [t["key"] for t in aligned] == ["a", "b", "new"]
