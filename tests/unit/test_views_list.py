# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a list shows of a DaemonSet: its state in a word, who made it, and in which order."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.daemonsets import (
    common_selector,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.annotation import (
    ANNOTATION,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.state import (
    FAILED,
    HALTED,
    HOLDING,
    PAUSED,
    REBUILD,
    ROLLING,
    STAGED,
    State,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._views.daemonset import (
    entry_view,
    metadata_view,
    object_view,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._views.selection import (
    in_order,
    page,
    selected,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._views.state import (
    STATES,
    state_word,
)

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def daemonset(
    desired: int = 3,
    updated: int = 3,
    available: int = 3,
    *,
    observed: int = 2,
    strategy: str = "RollingUpdate",
    annotations: dict[str, str] | None = None,
    **metadata: Any,
) -> dict[str, Any]:
    """A DaemonSet with these numbers."""
    return {
        "metadata": {
            "name": "agent",
            "namespace": "logging",
            "uid": "u1",
            "generation": 2,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "annotations": annotations or {},
            **metadata,
        },
        "spec": {
            "updateStrategy": {"type": strategy},
            "selector": {"matchLabels": {"app": "agent"}},
            "template": {
                "spec": {
                    "initContainers": [{"name": "first", "image": "example.test/first:1"}],
                    "containers": [{"name": "agent", "image": "example.test/agent:1"}],
                }
            },
        },
        "status": {
            "observedGeneration": observed,
            "desiredNumberScheduled": desired,
            "currentNumberScheduled": desired,
            "updatedNumberScheduled": updated,
            "numberAvailable": available,
        },
    }


def remembering(kind: str, phase: str, **metadata: Any) -> dict[str, Any]:
    """One in the middle of a rollout in several steps."""
    text = State(kind=kind, phase=phase, stage=1, stages=2).as_text()
    return daemonset(strategy="OnDelete", annotations={ANNOTATION: text}, **metadata)


@pytest.mark.parametrize(
    ("live", "word"),
    [
        pytest.param(daemonset(), "ready", id="ready"),
        pytest.param(daemonset(0, 0, 0), "no_nodes", id="no node"),
        pytest.param(daemonset(observed=1), "observing", id="not seen"),
        pytest.param(daemonset(0, 0, 0, observed=1), "observing", id="not seen, no node"),
        pytest.param(daemonset(updated=1), "updating", id="old pods"),
        pytest.param(daemonset(available=1), "starting", id="not available"),
        pytest.param(daemonset(updated=1, strategy="OnDelete"), "ready", id="OnDelete, old pods"),
        pytest.param(
            daemonset(available=1, strategy="OnDelete"), "starting", id="OnDelete, not available"
        ),
        pytest.param(remembering(PAUSED, HALTED), "paused", id="paused"),
        pytest.param(remembering(STAGED, ROLLING), "staged", id="staged, rolling"),
        pytest.param(remembering(STAGED, HOLDING), "staged", id="staged, between stages"),
        pytest.param(remembering(STAGED, FAILED), "staged", id="staged, failed"),
        pytest.param(remembering(STAGED, HALTED), "paused", id="staged, halted"),
        pytest.param(remembering(REBUILD, "filling"), "rebuilding", id="rebuilding"),
        pytest.param(daemonset(annotations={ANNOTATION: "{"}), "staged", id="remembers what?"),
        pytest.param(
            daemonset(deletionTimestamp="2026-01-01T00:00:00Z"), "deleting", id="deleting"
        ),
        pytest.param(
            remembering(PAUSED, HALTED, deletionTimestamp="2026-01-01T00:00:00Z"),
            "deleting",
            id="paused, and deleted",
        ),
    ],
)
def test_the_state_is_a_word(live: dict[str, Any], word: str) -> None:
    assert state_word(live) == word
    assert word in STATES
    assert entry_view(live)["state"] == word
    assert entry_view(live)["message"]


def test_pods_that_are_not_available_are_told_under_on_delete() -> None:
    shown = entry_view(daemonset(updated=2, available=1, strategy="OnDelete"))
    assert shown["message"].startswith("2 of 3 pods run this template; the others are replaced")
    assert shown["message"].endswith("; 1 of 3 pods are available")
    assert shown["rollout"]["ready"]


def _manager(name: str, time: str, **more: Any) -> dict[str, Any]:
    return {"manager": name, "operation": "Update", "apiVersion": "apps/v1", "time": time, **more}


def test_who_made_and_who_changed_it() -> None:
    managers = [
        _manager("kubectl-edit", "2026-01-03T00:00:00Z"),
        _manager("everynode", "2026-01-02T00:00:00Z", operation="Apply"),
        _manager("kube-controller-manager", "2026-01-04T00:00:00Z", subresource="status"),
    ]
    live = daemonset(managedFields=managers)
    shown = entry_view(live)
    assert (shown["created"], shown["created_by"]) == ("2026-01-01T00:00:00Z", "everynode")
    assert (shown["updated"], shown["updated_by"]) == ("2026-01-03T00:00:00Z", "kubectl-edit")
    by_console = daemonset(managedFields=managers, annotations={"kubesphere.io/creator": "ada"})
    assert entry_view(by_console)["created_by"] == "ada"
    nobody = entry_view(daemonset())
    assert (nobody["created_by"], nobody["updated"], nobody["updated_by"]) == (None, None, None)


@pytest.mark.parametrize(
    ("annotations", "told"),
    [
        ({}, None),
        ({"kubernetes.io/description": ""}, None),
        ({"kpanda.io/describe": "by one"}, "by one"),
        ({"kubesphere.io/description": "by the other"}, "by the other"),
        ({"kubesphere.io/description": "b", "kubernetes.io/description": "a"}, "a"),
    ],
)
def test_the_description_of_any_console(annotations: dict[str, str], told: str | None) -> None:
    assert entry_view(daemonset(annotations=annotations))["description"] == told


def test_a_list_shows_no_whole_object() -> None:
    live = daemonset(annotations={_LAST_APPLIED: "x" * 100_000}, labels={"tier": "node"})
    shown = entry_view(live)
    assert len(json.dumps(shown)) < 1_000
    assert shown["images"] == {"first": "example.test/first:1", "agent": "example.test/agent:1"}
    assert shown["labels"] == {"tier": "node"}
    assert shown["update_strategy"] == "RollingUpdate"


def test_the_metadata() -> None:
    owner = {"apiVersion": "v1", "kind": "Thing", "name": "a", "uid": "u2", "controller": True}
    text = State(kind=PAUSED, phase=HALTED).as_text()
    live = daemonset(
        annotations={_LAST_APPLIED: "{}", ANNOTATION: text, "note": "a"},
        labels={"tier": "node"},
        ownerReferences=[owner],
        finalizers=["example.test/wait"],
        resourceVersion="7",
        managedFields=[_manager("everynode", "2026-01-02T00:00:00Z", operation="Apply")],
    )
    assert metadata_view(live) == {
        "labels": {"tier": "node"},
        "annotations": {"note": "a"},
        "owners": [{"kind": "Thing", "name": "a", "uid": "u2"}],
        "finalizers": ["example.test/wait"],
        "uid": "u1",
        "generation": 2,
        "resource_version": "7",
        "created": "2026-01-01T00:00:00Z",
        "created_by": "everynode",
        "updated": "2026-01-02T00:00:00Z",
        "updated_by": "everynode",
        "deletion_began": None,
        "field_managers": [
            {
                "name": "everynode",
                "operation": "Apply",
                "subresource": None,
                "api_version": "apps/v1",
                "changed": "2026-01-02T00:00:00Z",
            }
        ],
    }
    whole = object_view(live)
    assert (whole["apiVersion"], whole["kind"]) == ("apps/v1", "DaemonSet")
    assert whole["metadata"]["annotations"] == {_LAST_APPLIED: "{}", "note": "a"}
    assert "managedFields" not in whole["metadata"]
    assert "managedFields" in live["metadata"]


def _named(name: str, namespace: str = "a", created: str = "1", **more: Any) -> dict[str, Any]:
    live = daemonset(**more)
    live["metadata"] |= {
        "name": name,
        "namespace": namespace,
        "creationTimestamp": f"2026-01-0{created}T00:00:00Z",
    }
    return live


_MANY = [
    _named("beta", "b", "1"),
    _named("Alpha", "b", "3"),
    _named("gamma", "a", "2", available=0),
    _named("alpha", "a", "3", desired=0, updated=0, available=0),
]


def _names(found: Any) -> list[str]:
    return [f"{one['metadata']['namespace']}/{one['metadata']['name']}" for one in found]


@pytest.mark.parametrize(
    ("sort_by", "descending", "names"),
    [
        ("namespace", False, ["a/alpha", "a/gamma", "b/Alpha", "b/beta"]),
        ("namespace", True, ["b/Alpha", "b/beta", "a/alpha", "a/gamma"]),
        ("name", False, ["b/Alpha", "a/alpha", "b/beta", "a/gamma"]),
        ("created", False, ["b/beta", "a/gamma", "a/alpha", "b/Alpha"]),
        ("created", True, ["a/alpha", "b/Alpha", "a/gamma", "b/beta"]),
        ("state", False, ["a/gamma", "a/alpha", "b/Alpha", "b/beta"]),
        ("state", True, ["b/Alpha", "b/beta", "a/alpha", "a/gamma"]),
    ],
)
def test_the_order(sort_by: str, descending: bool, names: list[str]) -> None:
    assert _names(in_order(reversed(_MANY), sort_by, descending)) == names


@pytest.mark.parametrize(
    ("text", "states", "names"),
    [
        (None, [], ["b/beta", "b/Alpha", "a/gamma", "a/alpha"]),
        ("ALP", [], ["b/Alpha", "a/alpha"]),
        ("", ["starting", "no_nodes"], ["a/gamma", "a/alpha"]),
        ("alpha", ["ready"], ["b/Alpha"]),
        ("delta", [], []),
    ],
)
def test_the_choice(text: str | None, states: list[str], names: list[str]) -> None:
    assert _names(selected(_MANY, name_contains=text, states=states)) == names


@pytest.mark.parametrize(
    ("limit", "offset", "shown"),
    [
        (None, 0, "abcde"),
        (2, 0, "ab"),
        (2, 4, "e"),
        (2, 9, ""),
        (None, 3, "de"),
        (9, 0, "abcde"),
    ],
)
def test_a_page(limit: int | None, offset: int, shown: str) -> None:
    found = [{"name": letter} for letter in "abcde"]
    assert [one["name"] for one in page(found, limit, offset)] == list(shown)


def _selecting(**labels: str) -> dict[str, Any]:
    return {"spec": {"selector": {"matchLabels": labels}}}


@pytest.mark.parametrize(
    ("daemonsets", "selector"),
    [
        ([], ""),
        ([_selecting(app="a", tier="x")], "app=a,tier=x"),
        ([_selecting(app="a", tier="x"), _selecting(app="b")], "app in (a,b)"),
        ([_selecting(app="a"), _selecting(app="a", tier="x")], "app in (a)"),
        ([_selecting(app="a"), _selecting(name="b")], ""),
        ([_selecting(app="a"), {"spec": {"selector": {"matchExpressions": []}}}], ""),
        ([_selecting(app=f"a{number}") for number in range(51)], "app"),
    ],
)
def test_one_selector_for_the_pods_of_many(daemonsets: list[dict[str, Any]], selector: str) -> None:
    assert common_selector(daemonsets) == selector
