# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that hold only if nobody else changed the object, or if there is none."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.deadline import Deadline
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import ConflictError
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster import daemonsets
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.applying import apply
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.connect import connect
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.objects import How
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.daemonset import VERB

from tests.integration.api import Api
from tests.integration.harness import alike, both_ways, task
from tests.integration.manifests import NOWHERE, simple
from tests.integration.verbs import Outcome, Tasks

_AGENT: dict[str, Any] = {
    "name": "agent",
    "containers": [{"name": "agent", "image": "example.test/agent:1"}],
    "node_selector": NOWHERE,
}


def _version(tasks: Tasks) -> str:
    version = tasks.api.daemonset(tasks.namespace, "agent")["metadata"]["resourceVersion"]
    return str(version)


def _relabelled(tasks: Tasks, value: str) -> None:
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": tasks.namespace, "labels": {"by": value}},
    }
    tasks.api.apply(manifest, "somebody")


def _refused(failed: Outcome, *words: str) -> None:
    assert failed.result["error"]["kind"] == "conflict", failed.result["msg"]
    for word in (*words, "Nothing was changed."):
        assert word in failed.result["msg"]
    assert failed.writes == []
    assert not failed.changed


@pytest.mark.parametrize("check", [False, True])
def test_an_existing_one_stays_as_it_is(tasks: Tasks, check: bool) -> None:
    assert tasks.ok(**_AGENT, fail_if_exists=True).changed
    before = tasks.api.settled(tasks.namespace, "agent")

    failed = tasks.fails(**_AGENT, labels={"a": "b"}, fail_if_exists=True, check=check)

    _refused(failed, f"{tasks.namespace}/agent already", before["metadata"]["creationTimestamp"])
    assert len(failed.requests) == 1
    assert tasks.api.daemonset(tasks.namespace, "agent") == before


@pytest.mark.parametrize("check", [False, True])
def test_a_change_of_what_was_seen(tasks: Tasks, check: bool) -> None:
    tasks.ok(**_AGENT)
    tasks.api.settled(tasks.namespace, "agent")
    seen = _version(tasks)

    tasks.same(**_AGENT, resource_version=seen)
    done = tasks.ok(**_AGENT, labels={"a": "b"}, resource_version=seen, check=check)

    assert done.changed
    assert [request.verb for request in done.requests] == ["get", "patch"]
    assert (_version(tasks) == seen) is check


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    "asked",
    [{**_AGENT, "labels": {"a": "b"}}, {"name": "agent", "state": "patched", "labels": {"a": "b"}}],
    ids=["present", "patched"],
)
def test_a_change_of_what_is_there_no_more(
    tasks: Tasks, asked: dict[str, Any], check: bool
) -> None:
    tasks.ok(**_AGENT)
    tasks.api.settled(tasks.namespace, "agent")
    seen = _version(tasks)
    _relabelled(tasks, "another")

    failed = tasks.fails(**asked, resource_version=seen, check=check)

    _refused(failed, f"resource version {seen} any more", _version(tasks), "somebody")
    assert tasks.ok(**asked, resource_version=_version(tasks), check=check).changed


def test_a_version_of_what_was_deleted(tasks: Tasks) -> None:
    failed = tasks.fails(**_AGENT, resource_version="1")
    _refused(failed, "There is no DaemonSet")
    assert not tasks.api.exists(tasks.namespace, "agent")


def _late(tasks: Tasks, **how: Any) -> None:
    """Apply what was made from an object that has changed since it was read."""
    options = {"kubeconfig": str(tasks.api.cluster.kubeconfig)}
    checked = ArgumentSpecValidator(VERB.argument_spec).validate(options)
    cluster, deadline = connect(checked.validated_parameters), Deadline(30)
    live = daemonsets.read(cluster, tasks.namespace, "agent", deadline)
    assert live is not None
    _relabelled(tasks, "late")
    intent = simple("agent", tasks.namespace, nodeSelector=NOWHERE)
    intent["metadata"]["labels"] = {"ours": "1"}
    version = live["metadata"]["resourceVersion"]
    asked = How("everynode", resource_version=version, **how)
    apply(cluster, intent, live, asked, deadline)


def test_a_change_between_reading_and_writing(tasks: Tasks) -> None:
    tasks.ok(definition=simple("agent", tasks.namespace, nodeSelector=NOWHERE))
    tasks.api.settled(tasks.namespace, "agent")
    with pytest.raises(ConflictError, match="it has just been changed"):
        _late(tasks)
    assert tasks.api.daemonset(tasks.namespace, "agent")["metadata"]["labels"] == {"by": "late"}


def test_a_change_between_reading_and_adopting(api: Api, tasks: Tasks) -> None:
    manifest = simple("agent", tasks.namespace, nodeSelector=NOWHERE)
    api.kubectl("create", "-f", "-", stdin=manifest)
    api.settled(tasks.namespace, "agent")
    with pytest.raises(ConflictError, match="it has just been changed"):
        _late(tasks, adopt=("kubectl",))
    assert api.daemonset(tasks.namespace, "agent")["metadata"]["labels"] == {"by": "late"}


def test_adopting_what_was_seen(api: Api, tasks: Tasks) -> None:
    manifest = simple("agent", tasks.namespace, nodeSelector=NOWHERE)
    api.kubectl("create", "-f", "-", stdin=manifest)
    api.settled(tasks.namespace, "agent")
    asked = {"definition": manifest, "adopt": ["kubectl"], "labels": {"ours": "1"}}
    assert tasks.ok(**asked, resource_version=_version(tasks)).changed
    assert api.daemonset(tasks.namespace, "agent")["metadata"]["labels"] == {"ours": "1"}


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"state": "absent", "resource_version": "1"}, "resource_version"),
        ({"state": "restarted", "resource_version": "1"}, "resource_version"),
        ({"state": "absent", "fail_if_exists": True}, "fail_if_exists"),
        ({**_AGENT, "fail_if_exists": True, "resource_version": "1"}, "fail_if_exists"),
    ],
)
def test_guards_that_guard_nothing(tasks: Tasks, asked: dict[str, Any], path: str) -> None:
    failed = tasks.fails(**{"name": "agent", **asked})
    assert [fault["path"] for fault in failed.result["faults"]] == [path]
    assert failed.requests == []


def test_in_a_playbook_both_ways(api: Api, two_namespaces: tuple[str, str]) -> None:
    seen = "{{ seen.daemonsets[0].metadata.resource_version }}"
    patch = {"name": "agent", "state": "patched", "resource_version": seen}
    info = {"name": "agent", "include": ["metadata"]}
    look = {"everynode.kubernetes.daemonset_info": info, "register": "seen"}
    tasks = [
        task("create", **_AGENT, fail_if_exists=True),
        task("create again", **_AGENT, fail_if_exists=True),
        {"name": "look", **look},
        task("change", **patch, labels={"a": "b"}),
        task("change late", **patch, labels={"a": "c"}),
    ]
    here, there = both_ways(api, two_namespaces, tasks)
    # What was seen is another version in each.
    for name in ("create", "create again"):
        alike(here.step(name), there.step(name), two_namespaces)
    states = {step.task: step.status for step in here.steps}
    assert states == {step.task: step.status for step in there.steps}
    assert [name for name, status in states.items() if status == "failed"] == [
        "create again",
        "change late",
    ]
    assert "any more: it is at" in here.step("change late").message
    assert here.step("change").changed
