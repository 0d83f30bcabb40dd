# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a rollout: when it ends, how it ends badly, and what is seen meanwhile."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import daemonset_wait

from tests.integration.api import Api, daemonsets, eventually, uids
from tests.integration.harness import both_ways, playbook, run, task
from tests.integration.manifests import NOWHERE
from tests.integration.verbs import Outcome, Tasks

# A task that takes so many seconds is stuck.
_HANGS = 120
_AGENT = {"name": "agent", "image": "example.test/agent:1"}
_NEWER = {"name": "agent", "image": "example.test/agent:2"}


def _agent(**parameters: Any) -> dict[str, Any]:
    return {"name": "agent", "containers": [_AGENT], "wait": True, **parameters}


def _simulated(mode: str, **more: str) -> dict[str, Any]:
    """Parameters with which the pods behave in a way, on chosen nodes where `on` names them."""
    prefix = "everynode.kubernetes/simulate"
    options = {f"{prefix}-{key}": value for key, value in more.items()}
    return {"pod_annotations": {prefix: mode, **options}}


def test_ready_is_every_pod_of_the_new_template_and_available(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent())
    first = api.pods(tasks.namespace, "agent")
    done = tasks.ok(**_agent(containers=[_NEWER]))
    live = api.daemonset(tasks.namespace, "agent")
    pods = api.pods(tasks.namespace, "agent")
    assert done.result["rollout"]["ready"]
    assert done.result["rollout"]["updated"] == done.result["rollout"]["available"] == 5
    assert live["status"]["observedGeneration"] == live["metadata"]["generation"] == 2
    assert len(pods) == 5
    assert uids(pods).isdisjoint(uids(first))
    assert {pod["spec"]["containers"][0]["image"] for pod in pods} == {_NEWER["image"]}


def test_what_is_ready_already_costs_one_request(tasks: Tasks) -> None:
    tasks.ok(**_agent())
    tasks.same(**_agent())


def test_waiting_is_one_watch(tasks: Tasks) -> None:
    slow = _simulated("slow-start", seconds="2")
    started = time.monotonic()
    done = tasks.ok(**_agent(**slow))
    assert time.monotonic() - started >= 1
    asked = [request.verb for request in done.requests]
    # Before it is made, pods are looked for that it would take over.
    assert asked == ["get", "list", "patch", "watch"]
    assert done.progress
    assert done.progress[-1].endswith("all 5 pods are updated and available")


def test_pods_must_have_been_ready_for_min_ready_seconds(tasks: Tasks) -> None:
    started = time.monotonic()
    done = tasks.ok(**_agent(min_ready_seconds=2))
    # The server keeps only whole seconds of when a pod got ready.
    assert time.monotonic() - started >= 1
    assert done.result["rollout"]["available"] == 5


def test_no_eligible_node_is_ready(tasks: Tasks) -> None:
    done = tasks.ok(**_agent(node_selector=NOWHERE))
    assert done.result["rollout"]["ready"]
    assert done.result["rollout"]["desired"] == 0
    assert done.result["rollout"]["message"] == "no node is eligible"


def test_on_delete_ends_once_the_controller_has_seen_it(api: Api, tasks: Tasks) -> None:
    strategy = {"update_strategy": {"type": "OnDelete"}}
    tasks.ok(**_agent(**strategy))
    api.settled(tasks.namespace, "agent")
    before = uids(api.pods(tasks.namespace, "agent"))
    done = tasks.ok(**_agent(containers=[_NEWER], **strategy))
    assert done.changed
    assert done.result["rollout"]["ready"]
    assert "0 of 5 pods run this template" in done.result["rollout"]["message"]
    assert "OnDelete" in done.result["rollout"]["message"]
    assert uids(api.pods(tasks.namespace, "agent")) == before


@pytest.mark.parametrize("state", ["present", "waited for"])
def test_on_delete_waits_for_the_first_pods(api: Api, tasks: Tasks, state: str) -> None:
    strategy = {"update_strategy": {"type": "OnDelete"}}
    slow = _agent(**_simulated("slow-start", seconds="2"), **strategy)
    if state == "present":
        done = tasks.ok(**slow).result["rollout"]
    else:
        tasks.ok(**{**slow, "wait": False})
        waited = tasks.ok(verb=daemonset_wait.VERB, name="agent")
        done = waited.result["daemonsets"][0]["rollout"]
    assert (done["updated"], done["available"]) == (5, 5)
    assert api.daemonset(tasks.namespace, "agent")["status"]["numberAvailable"] == 5
    tasks.same(**slow)


def test_on_delete_tells_why_the_first_pods_do_not_come(tasks: Tasks) -> None:
    strategy = {"update_strategy": {"type": "OnDelete"}, "failure_grace_seconds": 1}
    for changed in (True, False):
        failed = tasks.fails(**_agent(**_simulated("image-pull"), **strategy))
        assert failed.changed == changed
        assert failed.result["rollout"]["failed_by"] == "cause"
        assert failed.result["rollout"]["reasons"][0]["cause"] == "ImagePull"


def _in_background(tasks: Tasks, **parameters: Any) -> tuple[threading.Thread, list[Outcome]]:
    """A task that waits by now."""
    found: list[Outcome] = []
    mark = tasks.api.mark()
    thread = threading.Thread(target=lambda: found.append(tasks.run(**parameters)))
    thread.start()

    def watches() -> bool | None:
        asked = tasks.api.requests(mark, namespace=tasks.namespace)
        return any(one.verb == "watch" for one in asked) or None

    eventually(watches, "it waits")
    return thread, found


def test_a_deletion_meanwhile_is_told(api: Api, tasks: Tasks) -> None:
    thread, found = _in_background(tasks, **_agent(**_simulated("never-ready")))
    api.request("DELETE", f"{daemonsets(tasks.namespace)}/agent")
    thread.join(_HANGS)
    (outcome,) = found
    assert outcome.result["failed"]
    assert outcome.result["changed"]
    assert "was deleted while the task waited" in outcome.result["msg"]
    assert outcome.result["rollout"]["state"] == "deleted"


def test_another_made_meanwhile_is_not_taken_for_it(api: Api, tasks: Tasks) -> None:
    thread, found = _in_background(tasks, **_agent(**_simulated("never-ready")))
    api.request("DELETE", f"{daemonsets(tasks.namespace)}/agent")
    tasks.ok(**_agent(wait=False))
    thread.join(_HANGS)
    assert found[0].result["failed"]
    assert "was deleted" in found[0].result["msg"]


@pytest.mark.parametrize(
    ("mode", "cause"),
    [
        ("image-pull", "ImagePull"),
        ("crash-loop", "CrashLoop"),
        ("never-ready", "ProbeFailed"),
    ],
)
def test_a_time_out_names_the_reasons_and_their_nodes(tasks: Tasks, mode: str, cause: str) -> None:
    simulated = _simulated(mode, on="node-1,node-3")
    tasks.ok(**_agent(wait=False, **simulated))
    tasks.until_reasons({cause: 2})
    simulated["labels"] = {"tier": "node"}
    failed = tasks.fails(**_agent(wait_timeout=5, **simulated))
    assert failed.changed
    assert failed.result["error"]["kind"] == "rollout"
    message = failed.result["msg"]
    assert "not ready after 5 seconds" in message
    assert "3 of 5" in message
    (reason,) = failed.result["rollout"]["reasons"]
    assert reason["cause"] == cause
    assert reason["count"] == 2
    assert reason["nodes"] == ["node-1", "node-3"]
    assert reason["cause"] in message
    assert "node-1" in message
    assert failed.result["rollout"]["available"] == 3
    assert failed.result["rollout"]["failed_by"] == "timeout"
    # The same again is no change and fails as well: it is still not ready.
    again = tasks.fails(**_agent(wait_timeout=2, **simulated))
    assert not again.changed


def test_a_pod_that_fits_on_no_node_is_named(tasks: Tasks) -> None:
    huge = {**_AGENT, "resources": {"requests": {"cpu": "1000"}}}
    tasks.ok(**_agent(containers=[huge], wait=False))
    eventually(lambda: _unschedulable(tasks) == 5 or None, "the scheduler has looked at each")
    failed = tasks.fails(**_agent(containers=[huge], failure_grace_seconds=1, wait_timeout=60))
    (reason,) = failed.result["rollout"]["reasons"]
    assert reason["cause"] == "Unschedulable"
    assert reason["count"] == 5
    assert len(reason["nodes"]) == 5
    assert "Insufficient cpu: the pod requests more cpu than the" in reason["evidence"]
    # No node will ever have so much.
    assert not reason["heals"]
    assert failed.result["rollout"]["failed_by"] == "cause"


def test_without_the_right_to_read_nodes_what_fits_nowhere_may_fit_later(
    api: Api, tasks: Tasks
) -> None:
    huge = {**_AGENT, "resources": {"requests": {"cpu": "1000"}}}
    tasks.ok(**_agent(containers=[huge], wait=False))
    eventually(lambda: _unschedulable(tasks) == 5 or None, "the scheduler has looked at each")
    rules = [
        {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    ]
    user = api.user_with(rules, tasks.namespace, "shortsighted")
    given = {"failure_grace_seconds": 1, "wait_timeout": 4, "impersonate_user": user}
    failed = tasks.fails(**_agent(containers=[huge], **given))
    assert failed.result["rollout"]["failed_by"] == "timeout"
    assert failed.result["rollout"]["reasons"][0]["heals"]


def _unschedulable(tasks: Tasks) -> int:
    pods = tasks.api.pods(tasks.namespace, "agent")
    conditions = [one for pod in pods for one in pod["status"].get("conditions") or []]
    return sum(one.get("reason") == "Unschedulable" for one in conditions)


def test_waiting_for_a_removal_is_until_the_pods_are_gone(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent(**_simulated("slow-stop", seconds="2")))
    started = time.monotonic()
    tasks.ok(name="agent", state="absent", wait=True)
    assert time.monotonic() - started >= 1
    assert api.request("GET", f"/api/v1/namespaces/{tasks.namespace}/pods")["items"] == []


def test_a_removal_without_the_right_to_see_pods_says_so(api: Api, tasks: Tasks) -> None:
    rules = [{"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["*"]}]
    user = api.user_with(rules, tasks.namespace, "blind")
    tasks.ok(**_agent())
    removed = tasks.ok(name="agent", state="absent", wait=True, impersonate_user=user)
    assert removed.changed
    assert "could not wait until all of" in removed.warnings


def test_orphans_are_left(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent())
    before = uids(api.pods(tasks.namespace, "agent"))
    tasks.ok(name="agent", state="absent", wait=True, propagation_policy="Orphan")
    assert not api.exists(tasks.namespace, "agent")
    pods = api.request("GET", f"/api/v1/namespaces/{tasks.namespace}/pods")["items"]
    assert uids(pods) == before


def test_foreground_removal_ends_with_the_pods_gone(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent())
    tasks.ok(name="agent", state="absent", wait=True, propagation_policy="Foreground")
    assert not api.exists(tasks.namespace, "agent")
    assert api.request("GET", f"/api/v1/namespaces/{tasks.namespace}/pods")["items"] == []


def test_a_removal_whose_pods_are_held_says_by_what(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent(wait=True))
    pods = f"/api/v1/namespaces/{tasks.namespace}/pods"
    (name,) = (
        pod["metadata"]["name"]
        for pod in api.pods(tasks.namespace, "agent")
        if pod["spec"]["nodeName"] == "node-1"
    )
    held = {"metadata": {"finalizers": ["example.test/held"]}}
    api.request("PATCH", f"{pods}/{name}", body=held, kind="application/merge-patch+json")
    failed = tasks.fails(name="agent", state="absent", wait=True, wait_timeout=30)
    words = "1 of its pods is left (nodes: node-1), held by finalizers: example.test/held"
    assert words in failed.result["msg"]
    assert not api.exists(tasks.namespace, "agent")
    freed = {"metadata": {"finalizers": None}}
    api.request("PATCH", f"{pods}/{name}", body=freed, kind="application/merge-patch+json")


def test_a_removal_that_is_held_says_by_what(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent(node_selector=NOWHERE))
    path = f"{daemonsets(tasks.namespace)}/agent"
    held = {"metadata": {"finalizers": ["example.test/held"]}}
    api.request("PATCH", path, body=held, kind="application/merge-patch+json")
    failed = tasks.fails(name="agent", state="absent", wait=True, wait_timeout=4)
    assert failed.changed
    assert "example.test/held" in failed.result["msg"]
    refused = tasks.fails(**_agent(node_selector=NOWHERE))
    assert "is being deleted" in refused.result["msg"]
    assert "example.test/held" in refused.result["msg"]
    freed = {"metadata": {"finalizers": None}}
    api.request("PATCH", path, body=freed, kind="application/merge-patch+json")
    tasks.ok(name="agent", state="absent", wait=True)
    assert not api.exists(tasks.namespace, "agent")


_SLOW = task("create", **_agent(**_simulated("slow-start", seconds="2")))


def test_progress_is_shown_where_a_person_reads(api: Api, namespace: str) -> None:
    play = run(api, playbook(api, namespace, [_SLOW])).done()
    lines = [line.strip() for line in play.stdout.splitlines() if f"{namespace}/agent: " in line]
    assert lines[-1] == f"{namespace}/agent: all 5 pods are updated and available"
    assert len(lines) >= 2


_JSON_CALLBACK = '''
import json
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: one_document
type: stdout
short_description: Prints one JSON document at the end
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "one_document"

    def __init__(self):
        super().__init__()
        self.found = []

    def v2_runner_on_ok(self, result):
        self.found.append(result.task.name)

    def v2_playbook_on_stats(self, stats):
        self._display.display(json.dumps(self.found))
'''


def test_another_output_stays_as_it_is(api: Api, namespace: str) -> None:
    play = run(
        api,
        playbook(api, namespace, [_SLOW]),
        variables={"ANSIBLE_STDOUT_CALLBACK": "one_document"},
        files={"callback_plugins/one_document.py": _JSON_CALLBACK.encode()},
    ).done()
    assert json.loads(play.stdout) == ["create"]


def test_a_failed_rollout_is_the_same_both_ways(api: Api, two_namespaces: tuple[str, str]) -> None:
    soon = {"failure_grace_seconds": 1, "wait_timeout": 60}
    failing = _agent(**_simulated("image-pull", on="node-2"), **soon)
    for play in both_ways(api, two_namespaces, [task("fails", **failing)]):
        step = play.step("fails")
        assert step.status == "failed"
        assert step.changed
        assert "node-2" in step.message
        assert "ImagePull on 1 (node-2)" in step.message
