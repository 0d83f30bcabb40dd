# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of an object, field by field."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster import kinds
from ansible_collections.everynode.kubernetes.plugins.module_utils._views.changes import changes_of

_AGENT = "spec.template.spec.containers[agent]"
_IMAGE: dict[str, Any] = {
    "f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"agent"}': {"f:image": {}}}}}}
}


def entry(manager: str, fields: dict[str, Any], time: str, operation: str = "Update") -> Any:
    return {"manager": manager, "operation": operation, "fieldsV1": fields, "time": time}


def daemonset(*entries: Any) -> dict[str, Any]:
    agent = {
        "name": "agent",
        "image": "example.test/agent:1",
        "args": ["--a", "--b"],
        "env": [{"name": "LEVEL", "value": "info"}, {"name": "PASSWORD", "value": "correct-horse"}],
        "ports": [{"containerPort": 80, "protocol": "TCP", "name": "web"}],
        "resources": {"limits": {"cpu": "1"}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {
            "name": "agent",
            "namespace": "agents",
            "labels": {"team": "a"},
            "resourceVersion": "1",
            "managedFields": list(entries),
        },
        "spec": {
            "selector": {"matchLabels": {"app": "agent"}},
            "template": {
                "metadata": {"labels": {"app": "agent"}},
                "spec": {
                    "containers": [agent],
                    "tolerations": [{"operator": "Exists"}],
                    "volumes": [{"name": "logs", "hostPath": {"path": "/var/log"}}],
                },
            },
        },
        "status": {"numberReady": 1},
    }


def changed(change: Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], Any]) -> Any:
    """(field, before, after) of a change of the object, its pod and its container."""
    before = daemonset()
    after = copy.deepcopy(before)
    pod = after["spec"]["template"]["spec"]
    change(after, pod, pod["containers"][0])
    return [
        (one["field"], one["before"], one["after"])
        for one in changes_of(before, after, "everynode")
    ]


_NEW_PORT = {"containerPort": 81, "protocol": "UDP"}
_SIDECAR = {"name": "sidecar", "image": "example.test/sidecar:1"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda obj, pod, agent: None, []),
        (lambda obj, pod, agent: obj["status"].update(numberReady=2), []),
        (lambda obj, pod, agent: obj["metadata"].update(resourceVersion="2", generation=3), []),
        (lambda obj, pod, agent: obj["metadata"].update(annotations={}), []),
        (
            lambda obj, pod, agent: agent.update(image="example.test/agent:2"),
            [(f"{_AGENT}.image", "example.test/agent:1", "example.test/agent:2")],
        ),
        (
            lambda obj, pod, agent: agent["args"].append("--c"),
            [(f"{_AGENT}.args", ["--a", "--b"], ["--a", "--b", "--c"])],
        ),
        (
            lambda obj, pod, agent: agent["env"].__setitem__(0, {"name": "LEVEL", "value": "warn"}),
            [(f"{_AGENT}.env[LEVEL].value", "info", "warn")],
        ),
        (
            lambda obj, pod, agent: agent["env"].pop(0),
            [(f"{_AGENT}.env[LEVEL]", {"name": "LEVEL", "value": "info"}, None)],
        ),
        (
            lambda obj, pod, agent: agent["env"].reverse(),
            [
                (
                    f"{_AGENT}.env",
                    [
                        {"name": "LEVEL", "value": "info"},
                        {"name": "PASSWORD", "value": "********"},
                    ],
                    [
                        {"name": "PASSWORD", "value": "********"},
                        {"name": "LEVEL", "value": "info"},
                    ],
                )
            ],
        ),
        (
            lambda obj, pod, agent: agent["env"][1].update(value="battery-staple"),
            [(f"{_AGENT}.env[PASSWORD].value", "********", "******** (2)")],
        ),
        (
            lambda obj, pod, agent: agent["ports"].insert(0, _NEW_PORT),
            [(f"{_AGENT}.ports[81,UDP]", None, _NEW_PORT)],
        ),
        (
            lambda obj, pod, agent: agent["resources"].update(requests={"cpu": "1"}),
            [(f"{_AGENT}.resources.requests.cpu", None, "1")],
        ),
        (
            lambda obj, pod, agent: pod["containers"].append(_SIDECAR),
            [("spec.template.spec.containers[sidecar]", None, _SIDECAR)],
        ),
        (
            lambda obj, pod, agent: pod.update(nodeSelector={"disk": "ssd"}),
            [("spec.template.spec.nodeSelector", None, {"disk": "ssd"})],
        ),
        (
            lambda obj, pod, agent: pod.pop("tolerations"),
            [("spec.template.spec.tolerations", [{"operator": "Exists"}], None)],
        ),
        (
            lambda obj, pod, agent: pod["volumes"][0]["hostPath"].update(path="/var/lib"),
            [("spec.template.spec.volumes[logs].hostPath.path", "/var/log", "/var/lib")],
        ),
        (
            lambda obj, pod, agent: pod.update(securityContext={"runAsUser": 1}),
            [("spec.template.spec.securityContext", None, {"runAsUser": 1})],
        ),
        (
            lambda obj, pod, agent: obj["metadata"].update(
                labels={"team": "b"}, annotations={"example.test/seen": "x"}
            ),
            [
                ("metadata.labels.team", "a", "b"),
                ("metadata.annotations[example.test/seen]", None, "x"),
            ],
        ),
        (
            lambda obj, pod, agent: agent.update(image="x" * 1100),
            [(f"{_AGENT}.image", "example.test/agent:1", "x" * 1000 + "... (100 more characters)")],
        ),
    ],
)
def test_a_change(change: Any, expected: list[Any]) -> None:
    assert changed(change) == expected


def with_image(obj: dict[str, Any], image: str) -> dict[str, Any]:
    after = copy.deepcopy(obj)
    after["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return after


@pytest.mark.parametrize(
    ("entries", "manager"),
    [
        ([], None),
        ([entry("kubectl-edit", _IMAGE, "2026-01-02")], "kubectl-edit"),
        (
            [entry("x", _IMAGE, "2026-01-01"), entry("y", _IMAGE, "2026-01-02")],
            "y",
        ),
        # What we still own is as we have set it, whoever wants the same.
        (
            [entry("everynode", _IMAGE, "2026-01-01", "Apply"), entry("y", _IMAGE, "2026-01-02")],
            "everynode",
        ),
        ([{**entry("y", _IMAGE, "2026-01-02"), "subresource": "status"}], None),
    ],
)
def test_who_had_set_it(entries: list[Any], manager: str | None) -> None:
    before = daemonset(*entries)
    found = changes_of(before, with_image(before, "example.test/agent:2"), "everynode")
    assert [one["manager"] for one in found] == [manager]
    known = {one["manager"]: one["time"] for one in entries}
    assert [one["changed_at"] for one in found] == [known.get(manager)]


def test_what_is_made_and_what_is_removed_is_one_entry() -> None:
    nothing = dict.fromkeys(("field", "before", "after", "manager", "changed_at"))
    told = {"object": "DaemonSet agents/agent", **nothing}
    assert changes_of(None, daemonset(), "x") == [{**told, "change": "created"}]
    assert changes_of(daemonset(), None, "x") == [{**told, "change": "deleted"}]


def test_where_no_value_changes_it_tells_what_we_come_to_own() -> None:
    other = entry("kubectl", _IMAGE, "2026-01-02")
    ours = entry("everynode", _IMAGE, "2026-01-03", "Apply")
    (found,) = changes_of(daemonset(other), daemonset(other, ours), "everynode")
    assert found == {
        "object": "DaemonSet agents/agent",
        "change": "taken_over",
        "field": f"{_AGENT}.image",
        "before": "example.test/agent:1",
        "after": "example.test/agent:1",
        "manager": "kubectl",
        "changed_at": "2026-01-02",
    }
    (found,) = changes_of(daemonset(other, ours), daemonset(other), "everynode")
    assert (found["change"], found["manager"]) == ("given_up", "everynode")
    after = with_image(daemonset(other, ours), "example.test/agent:2")
    assert [one["change"] for one in changes_of(daemonset(other), after, "everynode")] == [
        "changed"
    ]


def test_a_secret_shows_that_it_changes_and_nothing_else() -> None:
    def secret(**data: str) -> dict[str, Any]:
        metadata = {"name": "keys", "namespace": "agents"}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}

    found = changes_of(secret(a="b25l", b="dHdv"), secret(a="dGhyZWU=", b="dHdv"), "everynode")
    assert [(one["field"], one["before"], one["after"]) for one in found] == [
        ("data.a", "********", "******** (3)")
    ]
    assert found[0]["object"] == "Secret agents/keys"


def test_given_secrets_are_hidden_wherever_they_are() -> None:
    before = daemonset()
    after = with_image(before, "example.test/hunter2hunter2:1")
    after["metadata"]["labels"]["hunter2hunter2"] = "x"
    found = changes_of(before, after, "everynode", ["hunter2hunter2"])
    assert "hunter2" not in str(found)
    assert len(found) == 2


def test_an_object_of_an_unknown_kind_is_compared_as_it_comes() -> None:
    kinds.remember(kinds.Kind("example.test/v1", "Policy", "policies"))

    def policy(**spec: Any) -> dict[str, Any]:
        metadata = {"name": "p", "namespace": "agents"}
        return {
            "apiVersion": "example.test/v1",
            "kind": "Policy",
            "metadata": metadata,
            "spec": spec,
        }

    found = changes_of(policy(a={"b": 1}, c=[1, 2]), policy(a={"b": 2}, c=[1]), "everynode")
    assert [(one["field"], one["before"], one["after"]) for one in found] == [
        ("spec.a.b", 1, 2),
        ("spec.c", [1, 2], [1]),
    ]
