# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ends a wait before its time, what is excused, and what a wait asks of the API server."""

from __future__ import annotations

import functools
import itertools
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import daemonset_wait

from tests.integration.api import MERGE, Api, daemonsets, eventually
from tests.integration.held import Gate, back_again
from tests.integration.manifests import simple
from tests.integration.verbs import Outcome, Tasks

_PREFIX = "everynode.kubernetes/simulate"
_NODE_LABEL = "everynode.kubernetes/kubelet"
# Long enough that a test that waits for it fails by it.
_LONG = 120
# Otherwise nodes that are not ready are not eligible for new pods.
_EVERYWHERE: dict[str, Any] = {"tolerations": [{"operator": "Exists"}]}


def _agent(mode: str = "", **parameters: Any) -> dict[str, Any]:
    """A task; a mode makes pods fail, options of it are in `simulate`."""
    options = parameters.pop("simulate", {})
    found: dict[str, Any] = {
        "name": "agent",
        "containers": [{"name": "agent", "image": "example.test/agent:1"}],
        "wait": True,
        "wait_timeout": _LONG,
        **parameters,
    }
    if mode:
        more = {f"{_PREFIX}-{key}": value for key, value in options.items()}
        found["pod_annotations"] = {_PREFIX: mode, **more}
    return found


def _asked(outcome: Outcome) -> list[str]:
    """What was asked for, in words such as ``list pods``."""
    return [
        f"{request.verb} {request.path.partition('?')[0].rpartition('/')[2]}"
        for request in outcome.requests
    ]


@pytest.fixture
def not_ready(api: Api) -> Iterator[Callable[..., None]]:
    """Takes nodes away; all come back in the end."""
    taken: list[str] = []

    def set_to(name: str, value: str) -> None:
        body = {"metadata": {"labels": {_NODE_LABEL: value}}}
        api.request("PATCH", f"/api/v1/nodes/{name}", body=body, kind=MERGE)

    def is_ready(name: str) -> bool | None:
        found = api.request("GET", f"/api/v1/nodes/{name}")["status"]["conditions"]
        return any(one["type"] == "Ready" and one["status"] == "True" for one in found) or None

    def is_gone(name: str) -> bool | None:
        found = api.request("GET", f"/api/v1/nodes/{name}")["metadata"]["labels"]
        return (found[_NODE_LABEL] == "stopped" and not is_ready(name)) or None

    def take(*names: str) -> None:
        for name in names:
            taken.append(name)
            set_to(name, "not-ready")
            eventually(functools.partial(is_gone, name), f"{name} is gone")

    yield take
    for name in taken:
        set_to(name, "running")
    back_again(api, *taken)


@pytest.mark.parametrize(
    ("mode", "cause", "told"),
    [("image-pull", "ImagePull", "not found"), ("crash-loop", "CrashLoop", "exit code 1")],
)
def test_a_cause_that_does_not_heal_ends_it(tasks: Tasks, mode: str, cause: str, told: str) -> None:
    given = {"simulate": {"on": "node-1,node-3"}, "failure_grace_seconds": 1}
    tasks.ok(**_agent(mode, **given, wait=False))
    tasks.until_reasons({cause: 2})
    failed = tasks.fails(**_agent(mode, **given, labels={"tier": "node"}))
    rollout = failed.result["rollout"]
    assert failed.changed
    assert rollout["failed_by"] == "cause"
    (reason,) = rollout["reasons"]
    assert (reason["cause"], reason["count"], reason["heals"]) == (cause, 2, False)
    assert reason["nodes"] == ["node-1", "node-3"]
    assert "waiting does not help: 3 of 5" in failed.result["msg"]
    assert f"{cause} on 2 (node-1, node-3)" in failed.result["msg"]
    assert told in failed.result["msg"]
    assert "failure_grace_seconds" in failed.result["msg"]


def test_what_may_heal_does_not_end_it_and_a_lack_of_progress_does(tasks: Tasks) -> None:
    given = {"simulate": {"on": "node-4"}, "failure_grace_seconds": 1}
    tasks.ok(**_agent("never-ready", **given, wait=False))
    tasks.until_reasons({"ProbeFailed": 1})
    failed = tasks.fails(**_agent("never-ready", **given, progress_deadline_seconds=4))
    assert failed.result["rollout"]["failed_by"] == "no_progress"
    # And how long the last look took.
    told = re.search(r"made no progress for (\d+) seconds: 4 of 5", failed.result["msg"])
    assert told is not None, failed.result["msg"]
    assert int(told.group(1)) >= 4
    assert "(node-4)" in failed.result["msg"]


def test_failing_early_can_be_switched_off(tasks: Tasks) -> None:
    failed = tasks.fails(
        **_agent(
            "image-pull",
            simulate={"on": "node-1"},
            fail_early=False,
            failure_grace_seconds=1,
            wait_timeout=5,
        )
    )
    assert failed.result["rollout"]["failed_by"] == "timeout"
    assert "not ready after 5 seconds" in failed.result["msg"]


_PULL = "ImagePull on node-2"


@pytest.mark.parametrize("budget", ["1", "20%"])
def test_a_budget_excuses_nodes_and_says_which(tasks: Tasks, budget: str) -> None:
    given = {"simulate": {"on": "node-2"}, "unavailable_budget": budget, "failure_grace_seconds": 1}
    tasks.ok(**_agent("image-pull", **given, wait=False))
    tasks.until_reasons({"ImagePull": 1})
    done = tasks.ok(**_agent("image-pull", **given))
    rollout = done.result["rollout"]
    assert rollout["ready"]
    assert rollout["available"] == 4
    assert rollout["excused"]["count"] == 1
    assert rollout["excused"]["nodes"] == ["node-2"]
    assert "unavailable_budget" in rollout["excused"]["why"]
    (reason,) = rollout["excused"]["reasons"]
    assert (reason["cause"], reason["nodes"]) == ("ImagePull", ["node-2"])
    assert "not found" in reason["evidence"]
    assert done.progress[-1].endswith(f"1 excused: 1 within unavailable_budget ({_PULL})")


def test_more_than_the_budget_is_a_failure(tasks: Tasks) -> None:
    failed = tasks.fails(
        **_agent(
            "image-pull",
            simulate={"on": "node-2,node-3"},
            unavailable_budget="1",
            failure_grace_seconds=1,
        )
    )
    assert failed.result["rollout"]["failed_by"] == "cause"
    assert "excused" not in failed.result["rollout"]


def test_a_budget_without_the_right_to_list_pods_is_judged_by_numbers(
    api: Api, tasks: Tasks
) -> None:
    rules = [{"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["*"]}]
    user = api.user_with(rules, tasks.namespace, "blind")
    done = tasks.ok(
        **_agent(
            "image-pull",
            simulate={"on": "node-2"},
            unavailable_budget="1",
            failure_grace_seconds=1,
            impersonate_user=user,
        )
    )
    assert done.result["rollout"]["excused"]["count"] == 1
    assert done.result["rollout"]["excused"]["nodes"] == []
    assert done.result["rollout"]["excused"]["reasons"] == []
    failed = tasks.fails(
        **_agent("image-pull", simulate={"on": "node-2"}, wait_timeout=5, impersonate_user=user)
    )
    assert "listing pods is forbidden" in failed.result["msg"]


def test_without_rights_there_is_less_to_say_and_that_is_said(api: Api, tasks: Tasks) -> None:
    rules = [
        {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    ]
    user = api.user_with(rules, tasks.namespace, "shortsighted")
    failed = tasks.fails(
        **_agent(
            "crash-loop",
            simulate={"on": "node-2"},
            failure_grace_seconds=1,
            impersonate_user=user,
        )
    )
    assert "CrashLoop on 1 (node-2)" in failed.result["msg"]
    for words in ("The nodes may not be read", "The events may not be read", "Logs may not be"):
        assert words in failed.result["msg"]


def test_nodes_that_are_not_ready_are_excused_up_to_the_cap(
    tasks: Tasks, not_ready: Callable[..., None]
) -> None:
    not_ready("node-1")
    done = tasks.ok(**_agent(**_EVERYWHERE, ignore_not_ready_nodes="1", failure_grace_seconds=1))
    rollout = done.result["rollout"]
    assert rollout["ready"]
    assert rollout["excused"]["nodes"] == ["node-1"]
    assert "ignore_not_ready_nodes" in rollout["excused"]["why"]
    assert [one["cause"] for one in rollout["excused"]["reasons"]] == ["NodeNotReady"]
    strict = tasks.fails(**_agent(**_EVERYWHERE, wait_timeout=5))
    assert [one["cause"] for one in strict.result["rollout"]["reasons"]] == ["NodeNotReady"]
    not_ready("node-3")
    failed = tasks.fails(
        **_agent(
            **_EVERYWHERE,
            containers=[{"name": "agent", "image": "example.test/agent:2"}],
            ignore_not_ready_nodes="1",
            failure_grace_seconds=1,
            wait_timeout=6,
        )
    )
    assert failed.result["rollout"]["failed_by"] == "timeout"
    assert "excused" not in failed.result["rollout"]


def test_a_broken_pod_on_a_good_node_is_not_excused_as_its_node(
    tasks: Tasks, not_ready: Callable[..., None]
) -> None:
    not_ready("node-1")
    failed = tasks.fails(
        **_agent(
            "image-pull",
            **_EVERYWHERE,
            simulate={"on": "node-2"},
            ignore_not_ready_nodes="2",
            failure_grace_seconds=1,
        )
    )
    assert failed.result["rollout"]["failed_by"] == "cause"


def test_while_all_goes_well_pods_are_not_listed(tasks: Tasks) -> None:
    done = tasks.ok(**_agent("slow-start", simulate={"seconds": "1"}))
    # Before it is made, pods are looked for that it would take over.
    assert _asked(done) == ["get agent", "list pods", "patch agent", "watch daemonsets"]
    # One node after the other, each in a second: nothing has to be looked into.
    done = tasks.ok(
        **_agent(
            "slow-start",
            simulate={"seconds": "1"},
            containers=[{"name": "agent", "image": "example.test/agent:2"}],
        )
    )
    # What restarts is forecast by one list before; the wait itself is the watch alone.
    assert _asked(done).index("watch daemonsets") == len(_asked(done)) - 1
    told = [line.removeprefix(f"{tasks.namespace}/agent: ") for line in done.progress]
    assert told[-1] == "all 5 pods are updated and available"
    assert any("of 5 updated" in line for line in told)
    assert all(one != other for one, other in itertools.pairwise(told))


def test_progress_names_what_fails_and_where(tasks: Tasks) -> None:
    given = {"simulate": {"on": "node-3"}, "failure_grace_seconds": 2}
    tasks.ok(**_agent("image-pull", **given, wait=False))
    tasks.until_reasons({"ImagePull": 1})
    failed = tasks.fails(**_agent("image-pull", **given))
    last = failed.progress[-1]
    assert last == f"{tasks.namespace}/agent: 5 of 5 updated, 4 available; ImagePull on node-3"


def _in_background(tasks: Tasks, **parameters: Any) -> tuple[threading.Thread, list[Outcome]]:
    found: list[Outcome] = []
    thread = threading.Thread(target=lambda: found.append(tasks.run(**parameters)))
    thread.start()
    eventually(lambda: tasks.api.exists(tasks.namespace, "agent") or None, "it is made")
    eventually(lambda: tasks.api.pods(tasks.namespace, "agent") or None, "it has pods")
    return thread, found


def test_one_that_is_deleted_while_its_finalizers_hold_it(api: Api, tasks: Tasks) -> None:
    thread, found = _in_background(tasks, **_agent("never-ready"))
    path = f"{daemonsets(tasks.namespace)}/agent"
    held = {"metadata": {"finalizers": ["example.test/held"]}}
    api.request("PATCH", path, body=held, kind=MERGE)
    api.request("DELETE", path)
    thread.join(_LONG + 60)
    assert found[0].result["rollout"]["failed_by"] == "deleted"
    assert found[0].result["rollout"]["state"] == "deleting"
    assert "is being deleted while the task waits" in found[0].result["msg"]
    api.request("PATCH", path, body={"metadata": {"finalizers": None}}, kind=MERGE)


def test_what_is_mended_meanwhile_becomes_ready(api: Api, tasks: Tasks) -> None:
    given = {"simulate": {"on": "node-1"}, "failure_grace_seconds": _LONG}
    thread, found = _in_background(tasks, **_agent("image-pull", **given))

    def broken() -> dict[str, Any] | None:
        pods = api.pods(tasks.namespace, "agent")
        return next((pod for pod in pods if pod["spec"].get("nodeName") == "node-1"), None)

    name = eventually(broken, "the broken pod is there")["metadata"]["name"]
    body = {"metadata": {"annotations": {_PREFIX: None}}}
    path = f"/api/v1/namespaces/{tasks.namespace}/pods/{name}"
    api.request("PATCH", path, body=body, kind=MERGE)
    thread.join(_LONG + 60)
    assert not found[0].result.get("failed"), found[0].result
    assert found[0].result["rollout"]["ready"]


def _changed_meanwhile(api: Api, tasks: Tasks, template: dict[str, Any]) -> Outcome:
    """A task during whose wait somebody else changes the pod template."""
    path = f"{daemonsets(tasks.namespace)}/agent"
    held = _agent("never-ready", on_failure="rollback")
    with ThreadPoolExecutor(1) as pool, Gate(api, tasks.namespace) as gate:
        gate.close()
        waiting = pool.submit(tasks.run, **held)
        eventually(lambda: api.exists(tasks.namespace, "agent") or None, "it is there")
        query = {"fieldManager": "somebody"}
        body = {"spec": {"template": template}}
        api.request(
            "PATCH", path, query=query, body=body, kind="application/strategic-merge-patch+json"
        )
        gate.open()
        return waiting.result()


def test_another_template_than_the_tasks_own_is_no_success(api: Api, tasks: Tasks) -> None:
    containers = [{"name": "agent", "image": "example.test/agent:theirs"}]
    failed = _changed_meanwhile(api, tasks, {"spec": {"containers": containers}}).result
    assert failed["failed"]
    assert failed["changed"]
    assert (
        'spec.template.spec.containers[agent].image is "example.test/agent:theirs" (by somebody)'
        ' instead of "example.test/agent:1"'
    ) in failed["msg"]
    assert failed["rollout"]["failed_by"] == failed["rollout"]["state"] == "overtaken"
    assert not failed["rollout"]["ready"]
    # What somebody else wanted is not taken back.
    live = api.daemonset(tasks.namespace, "agent")
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == containers[0]["image"]


def test_what_somebody_added_to_the_template_is_a_warning(api: Api, tasks: Tasks) -> None:
    annotations = {"example.test/injected": "yes"}
    done = _changed_meanwhile(api, tasks, {"metadata": {"annotations": annotations}})
    assert not done.result.get("failed"), done.result
    assert (
        'spec.template.metadata.annotations[example.test/injected] is "yes" (by somebody)'
    ) in done.warnings


def test_a_restart_meanwhile_is_none_of_its_business(api: Api, tasks: Tasks) -> None:
    annotations = {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}
    done = _changed_meanwhile(api, tasks, {"metadata": {"annotations": annotations}})
    assert not done.result.get("failed"), done.result
    assert done.warnings == ""


def test_adopted_pods_of_another_template_are_not_taken_for_updated(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent())
    tasks.ok(name="agent", state="absent", wait=True, propagation_policy="Orphan")
    newer = [{"name": "agent", "image": "example.test/agent:2"}]
    manifest = simple("agent", tasks.namespace, containers=newer)
    with ThreadPoolExecutor(1) as pool:
        mark = api.mark()
        asked: dict[str, Any] = {"name": "agent", "wait_for_missing": True, "wait_timeout": _LONG}
        waiting = pool.submit(tasks.run, verb=daemonset_wait.VERB, **asked)

        def watches() -> bool | None:
            return any(one.verb == "watch" for one in api.requests(mark)) or None

        eventually(watches, "it is watched")
        # A task of this collection would replace them.
        api.kubectl("apply", "-f-", stdin=manifest)
        failed = waiting.result()
    assert failed.result.get("failed"), failed.result
    assert "adopted pods that ran already, and 5 pods" in failed.result["msg"]
    assert "of another template" in failed.result["msg"]
    assert failed.result["rollout"]["failed_by"] == "cause"
    assert not failed.result["rollout"]["ready"]
    # What it advises helps.
    tasks.ok(name="agent", state="restarted", wait=True, wait_timeout=_LONG)
    images = {pod["spec"]["containers"][0]["image"] for pod in api.pods(tasks.namespace, "agent")}
    assert images == {"example.test/agent:2"}


def test_adopted_pods_of_the_same_template_are_ready(tasks: Tasks) -> None:
    tasks.ok(**_agent())
    tasks.ok(name="agent", state="absent", wait=True, propagation_policy="Orphan")
    done = tasks.ok(**_agent())
    assert done.result["rollout"]["updated"] == done.result["rollout"]["available"] == 5
