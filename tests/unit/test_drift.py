# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who set which fields of a DaemonSet since we applied it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._views.drift import drift_of

_AGENT = 'k:{"name":"agent"}'
_EARLY, _LATE, _LATER = (f"2026-01-0{day}T00:00:00Z" for day in (1, 2, 3))


def entry(manager: str, fields: dict[str, Any], time: str, operation: str = "Update") -> Any:
    return {"manager": manager, "operation": operation, "fieldsV1": fields, "time": time}


def template(fields: dict[str, Any]) -> dict[str, Any]:
    return {"f:spec": {"f:template": {"f:spec": fields}}}


def container(fields: dict[str, Any]) -> dict[str, Any]:
    return template({"f:containers": {_AGENT: fields}})


OURS = entry(
    "everynode",
    {
        "f:metadata": {"f:labels": {"f:team": {}}},
        **container({".": {}, "f:name": {}, "f:args": {}}),
    },
    _EARLY,
    "Apply",
)


def live(*entries: Any, **pod: Any) -> dict[str, Any]:
    agent = {
        "name": "agent",
        "image": "example.test/agent:2",
        "args": ["--fast"],
        "env": [{"name": "API_TOKEN", "value": "hunter2-hunter2"}],
        "livenessProbe": {"httpGet": {"port": 80, "path": "/", "scheme": "HTTP"}},
    }
    return {
        "metadata": {
            "name": "agent",
            "namespace": "agents",
            "labels": {"team": "a", "kept": "yes"},
            "annotations": {"deprecated.daemonset.template.generation": "1", "seen": "x"},
            "managedFields": list(entries),
        },
        "spec": {
            "selector": {"matchLabels": {"app": "agent"}},
            "template": {"spec": {"containers": [agent], "dnsPolicy": "ClusterFirst", **pod}},
        },
        "status": {"numberReady": 1},
    }


def fields(*entries: Any, **pod: Any) -> list[tuple[str, Any, str]]:
    found = drift_of(live(OURS, *entries, **pod), "everynode")
    return [(one["field"], one["value"], one["manager"]) for one in found["fields"]]


def test_a_field_that_another_has_set_with_when_and_how() -> None:
    found = drift_of(
        live(OURS, entry("kubectl-edit", container({"f:image": {}}), _LATE)), "everynode"
    )
    assert found["applied_at"] == _EARLY
    assert found["fields"] == [
        {
            "field": "spec.template.spec.containers[agent].image",
            "value": "example.test/agent:2",
            "manager": "kubectl-edit",
            "operation": "Update",
            "changed_at": _LATE,
        }
    ]
    assert [one["manager"] for one in found["managers"]] == ["kubectl-edit", "everynode"]


def test_what_we_own_too_is_ours() -> None:
    assert not fields(entry("argocd", container({"f:args": {}}), _LATE, "Apply"))
    assert not fields(entry("everynode", container({"f:image": {}}), _LATE))


@pytest.mark.parametrize(
    "other",
    [
        entry("kube-controller-manager", container({"f:image": {}}), _LATE),
        {**entry("x", {"f:status": {"f:numberReady": {}}}, _LATE), "subresource": "status"},
        entry("everynode-restart", container({"f:image": {}}), _LATE, "Apply"),
        entry(
            "kubectl",
            {"f:metadata": {"f:annotations": {"f:deprecated.daemonset.template.generation": {}}}},
            _LATE,
        ),
        # Given as null.
        entry("kubectl", container({"f:command": {}}), _LATE),
    ],
    ids=["controller", "status", "helper", "bookkeeping", "absent"],
)
def test_what_is_no_drift(other: Any) -> None:
    assert not fields(other)


def test_the_latest_of_several_managers() -> None:
    one = entry("kubectl-edit", container({"f:image": {}}), _LATER)
    two = entry("argocd", container({"f:image": {}}), _LATE, "Apply")
    assert [name for _field, _value, name in fields(one, two)] == ["kubectl-edit"]
    assert [name for _field, _value, name in fields(two, one)] == ["kubectl-edit"]


def test_a_whole_that_another_added_is_one_field_and_keys_of_maps_are_their_own() -> None:
    added = entry(
        "kubectl-edit",
        {
            "f:metadata": {
                "f:annotations": {".": {}, "f:seen": {}},
                "f:labels": {"f:kept": {}},
            },
            **container(
                {
                    "f:env": {".": {}, 'k:{"name":"API_TOKEN"}': {".": {}, "f:name": {}}},
                    "f:livenessProbe": {".": {}, "f:httpGet": {".": {}, "f:port": {}}},
                }
            ),
        },
        _LATE,
    )
    assert fields(added) == [
        ("metadata.annotations.seen", "x", "kubectl-edit"),
        ("metadata.labels.kept", "yes", "kubectl-edit"),
        (
            "spec.template.spec.containers[agent].env[API_TOKEN]",
            {"name": "API_TOKEN", "value": "********"},
            "kubectl-edit",
        ),
        (
            "spec.template.spec.containers[agent].livenessProbe",
            {"httpGet": {"port": 80, "path": "/", "scheme": "HTTP"}},
            "kubectl-edit",
        ),
    ]


def test_what_the_server_filled_in_belongs_to_who_made_it_and_counts_only_later() -> None:
    filled_in = template({"f:dnsPolicy": {}})
    made = {"f:spec": {"f:selector": {}, **filled_in["f:spec"]}}
    assert [name for name, _value, _manager in fields(entry("kubectl", made, _EARLY))] == [
        "spec.selector"
    ]
    assert [name for name, _value, _manager in fields(entry("edit", filled_in, _LATE))] == [
        "spec.template.spec.dnsPolicy"
    ]


def test_secrets_that_are_given_are_hidden_and_long_texts_cut() -> None:
    found = drift_of(
        live(
            OURS,
            entry("x", template({"f:hostname": {}, "f:subdomain": {}}), _LATE),
            hostname="token-of-ours",
            subdomain="y" * 1500,
        ),
        "everynode",
        ["token-of-ours"],
    )
    assert [one["value"] for one in found["fields"]] == [
        "********",
        "y" * 1000 + "... (500 more characters)",
    ]


def test_many_fields_are_bounded() -> None:
    labels: dict[str, Any] = {f"f:l{number}": {} for number in range(130)}
    obj = live(OURS, entry("x", {"f:metadata": {"f:labels": labels}}, _LATE))
    obj["metadata"]["labels"] = {f"l{number}": "x" for number in range(130)}
    found = drift_of(obj, "everynode")
    assert (len(found["fields"]), found["left_out"]) == (100, 30)


def test_without_an_apply_of_ours_it_only_says_who_made_it() -> None:
    found = drift_of(live(entry("helm", container({"f:image": {}}), _LATE)), "everynode")
    assert found == {
        "manager": "everynode",
        "applied_at": None,
        "fields": [],
        "left_out": 0,
        "managers": [{"manager": "helm", "operation": "Update", "changed_at": _LATE}],
    }
