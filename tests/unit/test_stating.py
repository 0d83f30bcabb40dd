# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least that has to be stated to get from one template to another."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.clearing import cleared
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.fieldset import (
    set_of_intent,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.history import TEMPLATE
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout.stating import (
    beside,
    stated,
)

_NAME = {"name": "a", "image": "a:1"}


def _pod(*containers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"spec": {"containers": list(containers), **more}}


def _a(**more: Any) -> dict[str, Any]:
    return {**_NAME, **more}


@pytest.mark.parametrize(
    ("target", "live", "ours", "wanted"),
    [
        # What is ours takes the value that shall be.
        (_pod(_a()), _pod(_a(image="a:2")), _pod(_a(image="a:2")), _pod(_a())),
        # What is ours and shall not be is left out.
        (
            _pod(_a()),
            _pod(_a(tty=True), hostPID=True),
            _pod(_a(tty=True), hostPID=True),
            _pod(_a()),
        ),
        # What was there, and is not, is stated.
        (
            _pod(_a(args=["x"]), _NAME | {"name": "b"}, hostPID=True),
            _pod(_a()),
            _pod(_a()),
            _pod(_a(args=["x"]), _NAME | {"name": "b"}, hostPID=True),
        ),
        # What others hold with this value is theirs.
        (_pod(_a(tty=True)), _pod(_a(tty=True)), _pod({"name": "a"}), _pod({"name": "a"})),
        (_pod(_a()), _pod(_a()), {}, None),
        # What others hold with another value is stated, with what names it.
        (_pod(_a()), _pod(_a(image="a:2")), {}, _pod(_a())),
        # Defaults are left to the server, but where they are ours.
        (_pod(_a(), dnsPolicy="ClusterFirst"), _pod(_a(), dnsPolicy="None"), {}, None),
        (
            _pod(_a(), dnsPolicy="ClusterFirst"),
            _pod(_a(), dnsPolicy="Default"),
            _pod(_a(), dnsPolicy="Default"),
            _pod(_a(), dnsPolicy="ClusterFirst"),
        ),
        # A zero that the server does not store stays ours.
        (
            _pod(_a()),
            _pod(_a(image="a:2")),
            _pod(_a(image="a:2"), hostNetwork=False),
            _pod(_a(), hostNetwork=None),
        ),
        # A port's default protocol is no part of its name.
        (
            _pod(_a(ports=[{"containerPort": 1, "protocol": "TCP"}])),
            _pod(_a()),
            _pod(_a()),
            _pod(_a(ports=[{"containerPort": 1}])),
        ),
        (
            _pod(_a(ports=[{"containerPort": 1, "protocol": "UDP"}])),
            _pod(_a()),
            _pod(_a()),
            _pod(_a(ports=[{"containerPort": 1, "protocol": "UDP"}])),
        ),
        # An empty object may say something.
        (
            _pod(_a(), volumes=[{"name": "v", "emptyDir": {}}]),
            _pod(_a()),
            _pod(_a()),
            _pod(_a(), volumes=[{"name": "v", "emptyDir": {}}]),
        ),
        (
            _pod(_a(resources={})),
            _pod(_a(resources={"limits": {"cpu": "1"}})),
            _pod(_a(resources={"limits": {"cpu": "1"}})),
            _pod(_a()),
        ),
    ],
)
def test_the_least_is_stated(
    target: dict[str, Any], live: dict[str, Any], ours: dict[str, Any], wanted: Any
) -> None:
    owned = set_of_intent({"spec": {"template": ours}}).get("f:spec", {}).get("f:template", {})
    assert stated(target, live, owned, TEMPLATE) == wanted


def test_what_differs_is_named_by_its_outermost_path() -> None:
    key = 'k:{"name":"a"}'
    target = _pod(_a(env=[{"name": "X", "value": "1"}]), tolerations=[{"key": "x"}])
    found = _pod(_a(image="a:2"), _NAME | {"name": "b"}, tolerations=[], dnsPolicy="ClusterFirst")
    assert set(beside(target, found, TEMPLATE)) == {
        ("f:spec", "f:containers", key, "f:image"),
        ("f:spec", "f:containers", key, "f:env"),
        ("f:spec", "f:containers", 'k:{"name":"b"}'),
        ("f:spec", "f:tolerations"),
    }
    assert list(beside(target, target, TEMPLATE)) == []


def test_an_order_that_counts_is_a_difference() -> None:
    one, two = {"name": "i", "image": "i"}, {"name": "j", "image": "j"}
    left, right = _pod(_a(), initContainers=[one, two]), _pod(_a(), initContainers=[two, one])
    assert list(beside(left, right, TEMPLATE)) == [("f:spec", "f:initContainers")]


def test_what_nobody_owns_is_cleared_by_null() -> None:
    paths = [
        ("f:spec", "f:serviceAccountName"),
        ("f:spec", "f:containers", 'k:{"name":"a"}', "f:resources", "f:requests"),
        # Items, and keys of maps, cannot be null.
        ("f:spec", "f:containers", 'k:{"name":"b"}'),
        ("f:spec", "f:nodeSelector", "f:x"),
    ]
    given = _pod({"name": "c"})
    done = cleared(given, paths[:2], TEMPLATE)
    assert done == _pod(
        {"name": "c"},
        {"name": "a", "resources": {"requests": None}},
        serviceAccountName=None,
        serviceAccount=None,
    )
    assert given == _pod({"name": "c"})
    assert cleared(given, paths[2:], TEMPLATE) == given
