# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A namespace that is missing: told, or made with the DaemonSet."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.api import Api
from tests.integration.harness import Play, alike, both_ways, task
from tests.integration.manifests import NOWHERE
from tests.integration.verbs import Tasks

_AGENT: dict[str, Any] = {
    "name": "agent",
    "containers": [{"name": "agent", "image": "registry.example/agent:1"}],
    "node_selector": NOWHERE,
}


def _there(api: Api, name: str) -> dict[str, Any] | None:
    found = api.request(
        "GET", "/api/v1/namespaces", query={"fieldSelector": f"metadata.name={name}"}
    )
    return next(iter(found["items"]), None)


@pytest.fixture
def missing(api: Api) -> Iterator[str]:
    """The name of a namespace that does not exist; gone afterwards, too."""
    name = f"missing-{uuid.uuid4().hex[:8]}"
    yield name
    if _there(api, name):
        api.remove_namespace(name)


@pytest.fixture
def nowhere(api: Api, missing: str) -> Tasks:
    return Tasks(api, missing)


@pytest.mark.parametrize("asked", [{}, {"create_namespace": False}])
def test_without_being_asked_to_nothing_is_made(nowhere: Tasks, asked: dict[str, Any]) -> None:
    failed = nowhere.fails(**_AGENT, **asked)
    assert f"the namespace {nowhere.namespace} does not exist" in failed.result["msg"]
    assert "create_namespace: true" in failed.result["msg"]
    assert failed.result["error"] == {"kind": "not_found", "status": 404}
    assert not failed.changed
    assert _there(nowhere.api, nowhere.namespace) is None


def test_checked_then_made_then_found(nowhere: Tasks) -> None:
    asked = {**_AGENT, "create_namespace": True}
    checked = nowhere.ok(**asked, check=True, diff=True)
    assert checked.changed
    assert checked.result["namespace_created"]
    assert "does not exist yet" in checked.warnings
    assert "checked offline only" in checked.warnings
    assert not checked.writes
    assert _there(nowhere.api, nowhere.namespace) is None

    made = nowhere.ok(**asked, diff=True)
    assert made.changed
    assert made.result["namespace_created"]
    assert made.warnings == ""
    for outcome in (checked, made):
        headers = [part["after_header"] for part in outcome.result["diff"]]
        assert headers == [
            f"Namespace {nowhere.namespace}",
            f"DaemonSet {nowhere.namespace}/agent",
        ]
        assert [part["before"] for part in outcome.result["diff"]] == [{}, {}]
    namespace = _there(nowhere.api, nowhere.namespace)
    assert namespace is not None
    # Only the name is ours.
    assert set(namespace["metadata"].get("labels", {})) == {"kubernetes.io/metadata.name"}

    same = nowhere.same(**asked)
    assert same.result["namespace_created"] is False


def test_one_that_is_there_costs_nothing_and_stays_as_it_is(tasks: Tasks) -> None:
    before = _there(tasks.api, tasks.namespace)
    made = tasks.ok(**_AGENT, create_namespace=True, diff=True)
    assert [request.verb for request in made.requests] == ["get", "list", "patch"]
    assert made.result["namespace_created"] is False
    assert made.result["diff"]["after_header"] == f"DaemonSet {tasks.namespace}/agent"
    assert tasks.ok(name="agent", state="absent", create_namespace=True).changed
    assert _there(tasks.api, tasks.namespace) == before


def test_a_namespace_made_for_what_the_server_refuses(nowhere: Tasks) -> None:
    # More than etcd stores in one object.
    env = [{"name": "LARGE", "value": "x" * 1_700_000}]
    refused = {**_AGENT, "containers": [{**_AGENT["containers"][0], "env": env}]}
    failed = nowhere.fails(**refused, create_namespace=True)
    assert failed.changed
    assert f"The namespace {nowhere.namespace} has been created." in failed.result["msg"]
    assert _there(nowhere.api, nowhere.namespace) is not None


def test_faults_come_before_the_namespace(nowhere: Tasks) -> None:
    failed = nowhere.fails(name="agent", create_namespace=True)
    assert failed.result["error"]["kind"] == "invalid_input"
    assert _there(nowhere.api, nowhere.namespace) is None


_TASKS = [
    task("check", **_AGENT, create_namespace=True) | {"check_mode": True},
    task("make", **_AGENT, create_namespace=True) | {"diff": True},
    task("again", **_AGENT, create_namespace=True),
]


@pytest.fixture(scope="module")
def plays(api: Api) -> Iterator[tuple[Play, Play, tuple[str, str]]]:
    names = ("new-in-process", "new-as-module")
    yield *both_ways(api, names, _TASKS), names
    for name in names:
        if _there(api, name):
            api.remove_namespace(name)


@pytest.mark.parametrize("name", ["check", "make", "again"])
def test_both_ways(plays: tuple[Play, Play, tuple[str, str]], name: str) -> None:
    here, there, names = plays
    alike(here.step(name), there.step(name), names)
    assert here.step(name).changed == (name != "again"), here.output
