# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restarting: every pod is replaced, and nothing that comes later undoes it."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tests.integration.api import MERGE, Api, eventually, uids
from tests.integration.harness import Play, both_ways, task
from tests.integration.held import at_rest, back_again
from tests.integration.makers import owners
from tests.integration.manifests import simple
from tests.integration.pod_watch import PodWatch
from tests.integration.rollouts.refusing import no_pods
from tests.integration.verbs import Tasks

_AGENT: dict[str, Any] = {
    "name": "agent",
    "containers": [{"name": "agent", "image": "example.test/agent:1"}],
    "pod_annotations": {"note": "kept"},
}
_RESTART = {"name": "agent", "state": "restarted", "wait": True}
_RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
_KEY = "everynode.kubernetes/restart-key"


def _annotations(api: Api, tasks: Tasks) -> dict[str, str]:
    template = api.daemonset(tasks.namespace, "agent")["spec"]["template"]
    found: dict[str, str] = template["metadata"].get("annotations", {})
    return found


def test_every_pod_is_replaced_and_a_later_present_keeps_it_so(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_AGENT, wait=True)
    before = uids(api.pods(tasks.namespace, "agent"))
    done = tasks.ok(**_RESTART)
    after = uids(api.pods(tasks.namespace, "agent"))
    assert done.changed
    assert len(after) == len(before) == 5
    assert after.isdisjoint(before)
    when = _annotations(api, tasks)[_RESTARTED_AT]
    tasks.same(**_AGENT)
    newer = {**_AGENT, "labels": {"newer": "1"}, "pod_annotations": None}
    tasks.ok(**newer, wait=True)
    assert _annotations(api, tasks) == {_RESTARTED_AT: when}
    assert ("everynode-restart", "Apply") in owners(api.daemonset(tasks.namespace, "agent"))


def test_two_restarts_in_one_second_are_two(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_AGENT, wait=True)
    moments = set()
    for _time in range(3):
        assert tasks.ok(name="agent", state="restarted").changed
        moments.add(_annotations(api, tasks)[_RESTARTED_AT])
    assert len(moments) == 3
    assert api.daemonset(tasks.namespace, "agent")["metadata"]["generation"] == 4


def test_a_key_restarts_once(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_AGENT)
    given = {"name": "agent", "state": "restarted"}
    assert tasks.ok(**given, restart_key="one").changed
    before = api.daemonset(tasks.namespace, "agent")["metadata"]["generation"]
    tasks.same(**given, restart_key="one")
    tasks.same(**given, restart_key="one", check=True)
    tasks.same(**_AGENT)
    assert tasks.ok(**given, restart_key="two", check=True).changed
    assert api.daemonset(tasks.namespace, "agent")["metadata"]["generation"] == before
    assert tasks.ok(**given, restart_key="two").changed
    # A restart without a key is none for another one.
    assert tasks.ok(**given).changed
    tasks.same(**given, restart_key="two")
    assert tasks.ok(**given, restart_key="one").changed
    assert _annotations(api, tasks)[_KEY] == "one"


def test_it_goes_on_after_kubectl_and_before_it(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_AGENT, wait=True)
    api.kubectl("rollout", "restart", "daemonset/agent", "-n", tasks.namespace)
    assert tasks.ok(**_RESTART).changed
    before = uids(api.pods(tasks.namespace, "agent"))
    # kubectl refuses two within a second.
    time.sleep(1)
    api.kubectl("rollout", "restart", "daemonset/agent", "-n", tasks.namespace)
    api.settled(tasks.namespace, "agent")
    assert uids(api.pods(tasks.namespace, "agent")).isdisjoint(before)
    tasks.same(**_AGENT)


def test_what_another_tool_made_is_restarted_and_stays_its_own(api: Api, tasks: Tasks) -> None:
    api.kubectl("apply", "-f", "-", stdin=simple("agent", tasks.namespace))
    api.settled(tasks.namespace, "agent")
    before = uids(api.pods(tasks.namespace, "agent"))
    tasks.ok(**_RESTART)
    live = api.daemonset(tasks.namespace, "agent")
    assert uids(api.pods(tasks.namespace, "agent")).isdisjoint(before)
    assert owners(live) == {
        ("kubectl-client-side-apply", "Update"),
        ("everynode-restart", "Apply"),
    }
    # Applying the file again keeps the annotation, which kubectl never had in it.
    api.kubectl("apply", "-f", "-", stdin=simple("agent", tasks.namespace))
    assert _RESTARTED_AT in _annotations(api, tasks)


_ON_DELETE: dict[str, Any] = {**_AGENT, "update_strategy": {"type": "OnDelete"}}


def _slow(seconds: int) -> dict[str, str]:
    """The annotations of pods that take a while to start."""
    simulate = "everynode.kubernetes/simulate"
    return {simulate: "slow-start", f"{simulate}-seconds": str(seconds), "note": "kept"}


@pytest.mark.parametrize(("share", "most"), [(None, 1), ("40%", 2)])
def test_under_on_delete_the_pods_are_replaced(
    api: Api, tasks: Tasks, share: str | None, most: int
) -> None:
    strategy = {"type": "OnDelete", "rolling_update": {"max_unavailable": share}}
    given = _ON_DELETE if share is None else {**_ON_DELETE, "update_strategy": strategy}
    # Slow enough for those that are replaced together to be seen together.
    given = {**given, "pod_annotations": _slow(2)}
    tasks.ok(**given)
    api.settled(tasks.namespace, "agent")
    with PodWatch(api, tasks.namespace) as seen:
        checked = tasks.ok(**_RESTART, check=True)
        assert seen.created() == set()
        done = tasks.ok(**_RESTART)
    assert checked.changed
    assert checked.result["rollout"]["restarts"] == done.result["rollout"]["restarts"]
    assert done.result["rollout"]["restarts"]["pods"] == 5
    assert set(seen.restarts_by_node().values()) == {1}
    assert len(seen.restarted_nodes()) == 5
    assert seen.most_unavailable() == most
    assert done.result["rollout"]["updated"] == 5
    tasks.same(**given)


def test_under_on_delete_without_wait_pods_run_on(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_ON_DELETE)
    api.settled(tasks.namespace, "agent")
    with PodWatch(api, tasks.namespace) as seen:
        done = tasks.ok(**{**_RESTART, "wait": False})
        assert done.changed
        assert "OnDelete" in done.warnings
        assert seen.created() == set()
        # Another run with the key does what the first one left undone.
        keyed = {**_RESTART, "restart_key": "one"}
        assert tasks.ok(**{**keyed, "wait": False}).changed
        assert tasks.ok(**keyed, check=True).changed
        assert tasks.ok(**keyed).changed
    assert set(seen.restarts_by_node().values()) == {1}
    again = tasks.ok(**keyed)
    assert not again.changed
    assert again.writes == []


def test_under_on_delete_an_interrupted_restart_goes_on(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_ON_DELETE)
    api.settled(tasks.namespace, "agent")
    keyed = {**_RESTART, "restart_key": "one"}
    with PodWatch(api, tasks.namespace) as seen:
        # The job ends, and its pods are slow: one is done by then, or two.
        tasks.ok(**{**_ON_DELETE, "pod_annotations": _slow(4)})
        stopped = tasks.fails(**keyed, wait_timeout=8)
        before = seen.restarted_nodes()
        assert stopped.changed
        assert 1 <= len(before) < 5
        assert tasks.ok(**keyed).changed
    assert set(seen.restarts_by_node().values()) == {1}
    assert len(seen.restarted_nodes()) == 5
    assert seen.most_unavailable() == 1


def test_a_restart_for_a_key_leaves_later_templates_alone(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_ON_DELETE)
    api.settled(tasks.namespace, "agent")
    keyed = {**_RESTART, "restart_key": "one"}
    tasks.ok(**keyed)
    tasks.ok(**{**_ON_DELETE, "pod_annotations": {"note": "another"}})
    with PodWatch(api, tasks.namespace) as seen:
        assert not tasks.ok(**keyed).changed
        # kubectl refuses two within a second.
        time.sleep(1)
        api.kubectl("rollout", "restart", "daemonset/agent", "-n", tasks.namespace)
        assert not tasks.ok(**keyed).changed
    assert seen.deleted() == set()


def test_under_on_delete_a_restart_stops_at_what_does_not_come_back(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_ON_DELETE)
    api.settled(tasks.namespace, "agent")
    broken = [{"name": "agent", "image": "example.test/agent:simulate-image-pull"}]
    tasks.ok(**{**_ON_DELETE, "containers": broken})
    keyed = {**_RESTART, "restart_key": "one", "failure_grace_seconds": 1}
    with PodWatch(api, tasks.namespace) as seen:
        failed = tasks.fails(**keyed)
        # Nor does another run take the next one down.
        tasks.fails(**keyed)
    assert failed.changed
    assert failed.result["rollout"]["reasons"][0]["cause"] == "ImagePull"
    assert len(seen.ever_unavailable()) == 1
    tasks.ok(**_ON_DELETE)
    tasks.ok(**_RESTART)


def test_under_on_delete_what_was_taken_down_before_counts(api: Api, tasks: Tasks) -> None:
    """Neither a node whose pod nobody makes any more nor one whose pod does not end is passed
    over by the runs that come after the one that was stopped there.
    """
    tasks.ok(**_ON_DELETE)
    api.settled(tasks.namespace, "agent")
    quota = no_pods(api, tasks.namespace)
    keyed = {**_RESTART, "restart_key": "one", "failure_grace_seconds": 1}
    with PodWatch(api, tasks.namespace) as seen:
        for _time in range(2):
            failed = tasks.fails(**keyed)
            assert "Quota on 1 (node-0)" in failed.result["msg"]
            assert "4 were not begun" in failed.result["msg"]
        assert seen.ever_unavailable() == {"node-0"}
        api.request("DELETE", quota)
        eventually(lambda: _is_made(api, tasks), "it is made")
        held = _on(api, tasks, "node-1")
        api.request("PATCH", held, body={"metadata": {"finalizers": ["x.test/held"]}}, kind=MERGE)
        for _time in range(2):
            # Longer than the grace, after which a node that has lost its pod is passed over.
            stuck = tasks.fails(**keyed, progress_deadline_seconds=12)
            assert "Terminating on 1 (node-1): held by finalizers" in stuck.result["msg"]
        assert seen.ever_unavailable() == {"node-0", "node-1"}
        api.request("PATCH", held, body={"metadata": {"finalizers": None}}, kind=MERGE)
        tasks.ok(**keyed)
    assert set(seen.restarts_by_node().values()) == {1}
    assert seen.most_unavailable() == 1


def _is_made(api: Api, tasks: Tasks) -> bool | None:
    """Whether all pods are there again. The longer the controller has tried to make one in vain,
    the longer it is until it tries again, unless the DaemonSet changes.
    """
    path = f"/apis/apps/v1/namespaces/{tasks.namespace}/daemonsets/agent"
    look = {"metadata": {"annotations": {"example.test/look": str(time.monotonic())}}}
    api.request("PATCH", path, body=look, kind=MERGE)
    pods = [pod for pod in api.pods(tasks.namespace, "agent") if "nodeName" in pod["spec"]]
    return len(pods) == 5 or None


def _on(api: Api, tasks: Tasks, node: str) -> str:
    """The path of a node's pod."""
    pods = api.pods(tasks.namespace, "agent")
    (name,) = (pod["metadata"]["name"] for pod in pods if pod["spec"].get("nodeName") == node)
    return f"/api/v1/namespaces/{tasks.namespace}/pods/{name}"


def test_under_on_delete_a_dead_node_may_be_left_out_by_each_run(api: Api, tasks: Tasks) -> None:
    """Also by the run that comes after its pod was taken down."""
    tasks.ok(**_ON_DELETE)
    api.settled(tasks.namespace, "agent")
    keyed = {**_RESTART, "restart_key": "one", "progress_deadline_seconds": 6}
    node = "/api/v1/nodes/node-0"
    dead = {"metadata": {"labels": {"everynode.kubernetes/kubelet": "unreachable"}}}
    api.request("PATCH", node, body=dead, kind=MERGE)
    eventually(lambda: _is_away(api, node), "node-0 is away")
    try:
        failed = tasks.fails(**keyed)
        assert "NodeNotReady on 1 (node-0)" in failed.result["msg"]
        tasks.fails(**keyed)
        tasks.ok(**keyed, ignore_not_ready_nodes="1")
        done = {pod["spec"]["nodeName"] for pod in api.pods(tasks.namespace, "agent")}
        assert done == {f"node-{number}" for number in range(5)}
    finally:
        back = {"metadata": {"labels": {"everynode.kubernetes/kubelet": "running"}}}
        api.request("PATCH", node, body=back, kind=MERGE)
        back_again(api, "node-0")
    tasks.ok(**keyed)


def _is_away(api: Api, node: str) -> bool | None:
    conditions = api.request("GET", node)["status"]["conditions"]
    return any(c["type"] == "Ready" and c["status"] != "True" for c in conditions) or None


def test_under_on_delete_the_end_of_the_time_says_what_was_done(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_ON_DELETE)
    api.settled(tasks.namespace, "agent")
    tasks.ok(**{**_ON_DELETE, "pod_annotations": _slow(300)})
    failed = tasks.fails(**_RESTART, wait_timeout=8)
    assert "0 of 5 pods are restarted and available, 4 were not begun" in failed.result["msg"]
    assert failed.result["rollout"]["reasons"][0]["nodes"] == ["node-0"]


def test_a_pause_stops_a_restart_under_on_delete(api: Api, tasks: Tasks) -> None:
    tasks.ok(**{**_ON_DELETE, "pod_annotations": _slow(3)})
    api.settled(tasks.namespace, "agent")
    keyed = {**_RESTART, "restart_key": "one"}

    with PodWatch(api, tasks.namespace) as seen:

        def pause() -> None:
            eventually(lambda: seen.created() or None, "the first pod is replaced")
            Tasks(api, tasks.namespace).ok(name="agent", state="paused")

        thread = threading.Thread(target=pause)
        thread.start()
        failed = tasks.fails(**keyed, wait_timeout=240)
        thread.join()
        assert "as meanwhile it is paused" in failed.result["msg"]
        at_rest(api, tasks.namespace)
        seen.caught_up()
        before = len(seen.restarted_nodes())
        # Nor does another run go on with it, or one that restarts many.
        labelled = {"metadata": {"labels": {"set": "one"}}}
        path = f"/apis/apps/v1/namespaces/{tasks.namespace}/daemonsets/agent"
        api.request("PATCH", path, body=labelled, kind=MERGE)
        many = {"state": "restarted", "label_selectors": ["set=one"], "max_objects": 1}
        for given in (keyed, {**many, "restart_key": "one", "wait": True}):
            for check in (True, False):
                left = tasks.ok(**given, check=check)
                assert not left.changed
                assert left.writes == []
                assert "left alone, since it is paused" in left.warnings
        seen.caught_up()
        assert len(seen.restarted_nodes()) == before < 5
        tasks.ok(name="agent", state="resumed")
        tasks.ok(**keyed)
    assert set(seen.restarts_by_node().values()) == {1}
    assert len(seen.restarts_by_node()) == 5


def test_under_on_delete_a_change_of_others_stops_a_restart(api: Api, tasks: Tasks) -> None:
    tasks.ok(**{**_ON_DELETE, "pod_annotations": _slow(3)})
    api.settled(tasks.namespace, "agent")

    with PodWatch(api, tasks.namespace) as seen:

        def change() -> None:
            eventually(lambda: seen.created() or None, "the first pod is replaced")
            patch = {"spec": {"template": {"metadata": {"annotations": {"note": "changed"}}}}}
            path = f"/apis/apps/v1/namespaces/{tasks.namespace}/daemonsets/agent"
            api.request("PATCH", path, body=patch, kind=MERGE)

        thread = threading.Thread(target=change)
        thread.start()
        failed = tasks.fails(**_RESTART, wait_timeout=240)
        thread.join()
    assert "somebody changed its template" in failed.result["msg"]
    assert failed.changed
    # No pod was restarted twice.
    assert set(seen.restarts_by_node().values()) == {1}
    assert len(seen.restarts_by_node()) < 5


def test_on_delete_in_a_batch(api: Api, tasks: Tasks) -> None:
    names = ["first", "second"]
    for name in names:
        tasks.ok(**{**_ON_DELETE, "name": name, "labels": {"set": "one"}})
    tasks.ok(**{**_AGENT, "name": "rolling", "labels": {"set": "one"}})
    for name in [*names, "rolling"]:
        api.settled(tasks.namespace, name)
    before = {name: uids(api.pods(tasks.namespace, name)) for name in [*names, "rolling"]}
    given = {"state": "restarted", "label_selectors": ["set=one"], "max_objects": 3, "wait": True}
    done = tasks.ok(**given, restart_key="one")
    assert [entry["done"] for entry in done.result["daemonsets"]] == ["restarted"] * 3
    for name, pods in before.items():
        assert uids(api.pods(tasks.namespace, name)).isdisjoint(pods)
    assert not tasks.ok(**given, restart_key="one").changed


def test_check_mode_restarts_nothing(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_AGENT, wait=True)
    before = api.daemonset(tasks.namespace, "agent")["metadata"]["resourceVersion"]
    checked = tasks.ok(**_RESTART, check=True, diff=True)
    assert checked.changed
    assert checked.writes == []
    assert api.daemonset(tasks.namespace, "agent")["metadata"]["resourceVersion"] == before
    annotations = checked.result["diff"]["after"]["spec"]["template"]["metadata"]["annotations"]
    assert _RESTARTED_AT in annotations


@pytest.mark.parametrize("change", [True, False])
def test_a_handler_restarts_when_it_is_notified(
    api: Api, two_namespaces: tuple[str, str], change: bool
) -> None:
    for namespace in two_namespaces:
        Tasks(api, namespace).ok(**_AGENT, wait=True)
    before = [uids(api.pods(namespace, "agent")) for namespace in two_namespaces]
    changing = {
        "name": "configuration",
        "ansible.builtin.command": "true",
        "changed_when": change,
        "notify": "restart",
    }
    handler = task("restart", name="agent", state="restarted")
    plays: tuple[Play, Play] = both_ways(api, two_namespaces, [changing], handlers=[handler])
    for namespace, play, pods in zip(two_namespaces, plays, before, strict=True):
        play.done()
        assert ("restart" in {step.task for step in play.steps}) == change
        assert uids(api.pods(namespace, "agent")).isdisjoint(pods) == change
