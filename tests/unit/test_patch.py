# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The partial update, laid over what we own."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import InputError
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.patch import patched

OWNED: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {
        "name": "agent",
        "namespace": "system",
        "labels": {"team": "a", "tier": "b"},
        "annotations": {"kubernetes.io/description": "Old", "note": "n"},
    },
    "spec": {
        "template": {
            "spec": {
                "containers": [{"name": "agent", "image": "agent:1", "args": ["-v"]}],
                "initContainers": [{"name": "setup", "image": "setup:1"}],
            }
        }
    },
}
LIVE: dict[str, Any] = copy.deepcopy(OWNED)
LIVE["spec"]["template"]["spec"]["containers"].append({"name": "sidecar", "image": "proxy:1"})


def patch(**params: Any) -> Any:
    return patched({"name": "agent", **params}, OWNED, LIVE)


def faults_of(**params: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        patch(**params)
    return [str(fault) for fault in caught.value.faults]


def test_nothing_asked_changes_nothing() -> None:
    before = copy.deepcopy(OWNED)
    assert patch(labels={}, annotations=None, images={}) == before
    assert before == OWNED


def test_labels_and_annotations_merge_and_null_removes() -> None:
    metadata = patch(labels={"tier": None, "new": 1}, annotations={"note": None, "x": "y"})[
        "metadata"
    ]
    assert metadata["labels"] == {"team": "a", "new": "1"}
    assert metadata["annotations"] == {"kubernetes.io/description": "Old", "x": "y"}


def test_with_its_last_label_the_map_goes_away() -> None:
    assert "labels" not in patch(labels={"team": None, "tier": None})["metadata"]
    owned = {**OWNED, "metadata": {"name": "agent", "labels": {}}}
    intent = patched({"name": "agent", "labels": {"gone": None}}, owned, LIVE)
    assert intent["metadata"]["labels"] == {}


@pytest.mark.parametrize(
    ("params", "annotations"),
    [
        (
            {"description": "New"},
            {"kubernetes.io/description": "New", "note": "n"},
        ),
        ({"description": ""}, {"note": "n"}),
        (
            {"description": "New", "description_annotation": "kpanda.io/describe"},
            {"kubernetes.io/description": "Old", "note": "n", "kpanda.io/describe": "New"},
        ),
    ],
)
def test_the_description(params: dict[str, Any], annotations: dict[str, str]) -> None:
    intent = patch(**params)
    assert intent["metadata"]["annotations"] == annotations
    assert intent["spec"] == OWNED["spec"]


def test_images_of_containers_and_init_containers() -> None:
    pod = patch(images={"agent": "agent:2", "setup": "setup:2"})["spec"]["template"]["spec"]
    assert pod["containers"] == [{"name": "agent", "image": "agent:2", "args": ["-v"]}]
    assert pod["initContainers"] == [{"name": "setup", "image": "setup:2"}]


def test_a_container_of_somebody_else_is_left_to_the_server_to_judge() -> None:
    pod = patch(images={"sidecar": "proxy:2"})["spec"]["template"]["spec"]
    assert pod["containers"][1] == {"name": "sidecar", "image": "proxy:2"}


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        (
            {"images": {"agnt": "x:1"}},
            (
                "images.agnt: there is no such container, did you mean agent?"
                " the DaemonSet has agent, sidecar, setup"
            ),
        ),
        ({"images": {"agent": ""}}, "images.agent: expects an image, got empty text"),
        ({"images": {"agent": None}}, "images.agent: expects an image, got null"),
        (
            {"images": {"agent": 1.1}},
            "images.agent: expects text, got a decimal number; put it in quotes",
        ),
        ({"images": ["x:1"]}, "images: expects a dictionary, got a list"),
        (
            {"containers": []},
            (
                "containers: state patched does not take it, only labels, annotations, description,"
                " images"
            ),
        ),
        (
            {"definition": {}},
            (
                "definition: state patched does not take it, only labels, annotations, description,"
                " images"
            ),
        ),
        ({"labels": {"a": ["b"]}}, "labels.a: expects text, got a list; the filter to_json"),
        ({"labels": {"a b": "c"}}, "labels['a b']: "),
        ({"description": "x" * 513}, "description: "),
        ({"description": "x" * 513, "description_annotation": "a.example/b"}, "description: "),
    ],
)
def test_faults(params: dict[str, Any], fault: str) -> None:
    (found,) = faults_of(**params)
    assert found.startswith(fault)


def test_all_faults_come_at_once() -> None:
    assert len(faults_of(labels={"a b": "c"}, images={"agent": ""}, host_network=True)) == 3
