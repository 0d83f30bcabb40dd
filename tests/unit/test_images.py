# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of images, and the user's policy for them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import InputError
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.build import build
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.checks.images import (
    DOCKER_HUB,
    Image,
    read_image,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.patch import read_patch

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("nginx", Image(f"{DOCKER_HUB}/library/nginx", "", "")),
        ("nginx:1.27", Image(f"{DOCKER_HUB}/library/nginx", "1.27", "")),
        ("team/agent:1", Image(f"{DOCKER_HUB}/team/agent", "1", "")),
        (f"{DOCKER_HUB}/nginx", Image(f"{DOCKER_HUB}/library/nginx", "", "")),
        (f"index.{DOCKER_HUB}/team/agent", Image(f"{DOCKER_HUB}/team/agent", "", "")),
        ("localhost/agent:1", Image("localhost/agent", "1", "")),
        ("registry:5000/agent", Image("registry:5000/agent", "", "")),
        ("registry.example:5000/a/b:1", Image("registry.example:5000/a/b", "1", "")),
        (f"registry.example/a@{DIGEST}", Image("registry.example/a", "", DIGEST)),
        (f"registry.example/a:1@{DIGEST}", Image("registry.example/a", "1", DIGEST)),
    ],
)
def test_the_parts_of_a_name(name: str, image: Image) -> None:
    assert read_image(name) == image


def faults_of(policy: Any, *images: str, **params: Any) -> list[str]:
    containers = [{"name": f"c{n}", "image": image} for n, image in enumerate(images)]
    given = {"name": "agent", "containers": containers, "image_policy": policy, **params}
    try:
        build(given, context_namespace="default")
    except InputError as error:
        return [str(fault) for fault in error.faults]
    return []


@pytest.mark.parametrize(
    ("policy", "image", "says"),
    [
        ({"require_digest": True}, f"a@{DIGEST}", ""),
        ({"require_digest": True}, "a:1", "require_digest"),
        ({"require_digest": False}, "a:1", ""),
        ({"forbid_latest": True}, "a:1", ""),
        ({"forbid_latest": True}, "a", "has no tag, which image_policy.forbid_latest"),
        ({"forbid_latest": True}, "a:latest", 'has the tag "latest"'),
        ({"forbidLatest": "yes"}, "a:latest", 'has the tag "latest"'),
        ({"forbid_latest": True}, f"a:latest@{DIGEST}", ""),
        ({"forbid_latest": True, "require_digest": True}, "a", "require_digest"),
        ({"allowed_registries": ["registry.example"]}, "registry.example/a:1", ""),
        ({"allowed_registries": ["registry.example"]}, "registry.example.evil/a:1", "comes from"),
        ({"allowed_registries": ["registry.example"]}, "evil/registry.example/a:1", DOCKER_HUB),
        ({"allowed_registries": ["registry.example"]}, "a:1", f"comes from {DOCKER_HUB}"),
        ({"allowed_registries": ["registry.example/team/"]}, "registry.example/team/a:1", ""),
        ({"allowed_registries": ["registry.example/team"]}, "registry.example/teams/a:1", "team"),
        ({"allowed_registries": ["registry.example"]}, "registry.example:5000/a:1", ":5000"),
        ({"allowed_registries": [f"{DOCKER_HUB}/library"]}, "nginx:1", ""),
        ({"allowed_registries": [f"index.{DOCKER_HUB}"]}, "team/agent:1", ""),
        ({"allowed_registries": ["a.example", "b.example"]}, "b.example/x:1", ""),
        ({}, "a:1", ""),
    ],
)
def test_a_policy(policy: Any, image: str, says: str) -> None:
    found = faults_of(policy, image)
    assert [one.partition(": ")[0] for one in found] == ["containers[0].image"] * bool(says)
    assert says in "".join(found)


def test_every_image_is_named() -> None:
    found = faults_of(
        {"require_digest": True, "allowed_registries": ["registry.example"]},
        "a:1",
        f"registry.example/a@{DIGEST}",
        init_containers=[{"name": "first", "image": "registry.example/first:1"}],
        volumes=[{"name": "data", "image": {"reference": f"data@{DIGEST}"}}],
    )
    assert [one.partition(": ")[0] for one in found] == [
        "containers[0].image",
        "containers[0].image",
        "init_containers[0].image",
        "volumes[0].image.reference",
    ]


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({"allowed_registries": []}, "image_policy.allowed_registries: is empty"),
        ({"allowed_registries": ["https://r.example"]}, "image_policy.allowed_registries[0]: "),
        ({"allowed_registries": "r.example"}, "image_policy.allowed_registries: expects a list"),
        ({"allow_latest": True}, "image_policy.allow_latest: unknown field"),
        ({"require_digest": "perhaps"}, "image_policy.require_digest: expects true or false"),
        ([], "image_policy: expects a dictionary"),
    ],
)
def test_a_policy_that_cannot_be(policy: Any, told: str) -> None:
    (fault,) = faults_of(policy, f"r.example/a@{DIGEST}")
    assert fault.startswith(told)


def test_a_policy_holds_for_a_partial_update_too() -> None:
    params = {
        "images": {"agent": "a:1", "other": f"a@{DIGEST}"},
        "image_policy": {"require_digest": True},
    }
    with pytest.raises(InputError) as caught:
        read_patch(params)
    (fault,) = caught.value.faults
    assert fault.path == "images.agent"
    read_patch({**params, "image_policy": None})
