# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the results of daemonset and node_agent say of the fields that change."""

from __future__ import annotations

from typing import Any

from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import node_agent

from tests.integration.api import Api
from tests.integration.harness import alike, both_ways, task
from tests.integration.verbs import Outcome, Tasks

_IMAGE = "spec.template.spec.containers[agent].image"
_KEPT = "kubectl.kubernetes.io/restartedAt"


def _agent(**more: Any) -> dict[str, Any]:
    containers = [
        {
            "name": "agent",
            "image": "example.test/agent:1",
            "env": [{"name": "LEVEL", "value": "info"}],
        }
    ]
    return {"name": "agent", "labels": {"team": "a"}, "containers": containers, **more}


def _told(outcome: Outcome) -> list[tuple[Any, ...]]:
    names = ("change", "field", "before", "after", "manager")
    return [tuple(one[name] for name in names) for one in outcome.result["changes"]]


def _with_image(image: str) -> list[dict[str, Any]]:
    return [{"name": "agent", "image": image, "env": [{"name": "LEVEL", "value": "info"}]}]


def test_each_state_tells_what_it_changes(tasks: Tasks) -> None:
    made = tasks.ok(**_agent())
    assert _told(made) == [("created", None, None, None, None)]
    assert made.result["changes"][0]["object"] == f"DaemonSet {tasks.namespace}/agent"
    assert tasks.same(**_agent()).result["changes"] == []

    newer = _agent(containers=_with_image("example.test/agent:2"))
    expected = [("changed", _IMAGE, "example.test/agent:1", "example.test/agent:2", "everynode")]
    predicted = tasks.ok(check=True, **newer)
    assert _told(predicted) == expected
    real = tasks.ok(**newer)
    assert real.result["changes"] == predicted.result["changes"]
    assert real.result["changes"][0]["changed_at"]

    patched = tasks.ok(state="patched", name="agent", labels={"team": "b", "tier": "x"})
    assert _told(patched) == [
        ("changed", "metadata.labels.team", "a", "b", "everynode"),
        ("changed", "metadata.labels.tier", None, "x", None),
    ]
    restarted = tasks.ok(state="restarted", name="agent")
    assert [one["field"] for one in restarted.result["changes"]] == [
        f"spec.template.metadata.annotations[{_KEPT}]"
    ]
    again = tasks.ok(state="restarted", name="agent", restart_key="x", check=True)
    assert {one["manager"] for one in again.result["changes"]} == {"everynode-restart", None}
    paused = tasks.ok(state="paused", name="agent", check=True)
    assert ("changed", "spec.updateStrategy.type", "RollingUpdate", "OnDelete") in [
        one[:4] for one in _told(paused)
    ]
    for check in (True, False):
        gone = tasks.ok(state="absent", name="agent", check=check)
        assert _told(gone) == [("deleted", None, None, None, None)]
    assert tasks.ok(state="absent", name="agent").result["changes"] == []
    missing = tasks.ok(state="restarted", name="agent", check=True)
    assert missing.result["changes"] == []


def test_who_had_changed_it_and_when(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent())
    where = ("-n", tasks.namespace, "daemonset/agent")
    api.kubectl("set", "image", *where, "agent=example.test/agent:hot", "--field-manager=hotfix")
    api.kubectl("label", *where, "team-", "more=label")
    found = tasks.ok(check=True, force_conflicts=True, **_agent())
    assert _told(found) == [
        ("changed", "metadata.labels.team", None, "a", None),
        ("changed", _IMAGE, "example.test/agent:hot", "example.test/agent:1", "hotfix"),
    ]
    entries = api.daemonset(tasks.namespace, "agent")["metadata"]["managedFields"]
    times = {entry["manager"]: entry["time"] for entry in entries}
    assert found.result["changes"][1]["changed_at"] == times["hotfix"]
    # Nothing is asked for it: the lists are those of the pods that would restart.
    assert [one.verb for one in found.requests if one.verb != "list"] == ["get", "patch"]


def test_ownership_alone(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent(labels={}))
    api.kubectl("label", "-n", tasks.namespace, "daemonset/agent", "team=a")
    taken = tasks.ok(**_agent())
    assert _told(taken) == [("taken_over", "metadata.labels.team", "a", "a", "kubectl-label")]
    given = tasks.ok(**_agent(labels={}))
    assert _told(given) == [("given_up", "metadata.labels.team", "a", "a", "everynode")]


def test_many_at_once_and_a_bound(tasks: Tasks) -> None:
    names = ["agent-a", "agent-b"]
    for name in names:
        tasks.ok(**_agent(name=name))
    chosen: dict[str, Any] = {"label_selectors": ["team=a"], "max_objects": 2}
    restarted = tasks.ok(state="restarted", **chosen)
    assert [one["object"] for one in restarted.result["changes"]] == [
        f"DaemonSet {tasks.namespace}/{name}" for name in names
    ]
    tasks.ok(**_agent(name="agent-a", labels={"team": "a"} | {f"l{n}": "x" for n in range(120)}))
    many = tasks.ok(check=True, **_agent(name="agent-a"))
    assert (len(many.result["changes"]), many.result["changes_left_out"]) == (100, 20)
    gone = tasks.ok(state="absent", **chosen)
    assert [one["change"] for one in gone.result["changes"]] == ["deleted"] * 2


def test_all_objects_of_an_agent_without_their_secrets(tasks: Tasks) -> None:
    def agent(level: str, password: str, **more: Any) -> dict[str, Any]:
        return {
            "verb": node_agent.VERB,
            **_agent(),
            "config_maps": [{"name": "conf", "data": {"level": level}, "versioned": False}],
            "secrets": [{"name": "keys", "data": {"password": password}, "versioned": False}],
            **more,
        }

    made = tasks.ok(**agent("info", "correct-horse"))
    assert [one["change"] for one in made.result["changes"]] == ["created"] * 3
    assert [one["object"].split()[0] for one in made.result["changes"]][-1] == "DaemonSet"
    assert tasks.ok(**agent("info", "correct-horse")).result["changes"] == []

    for check in (True, False):
        found = tasks.ok(check=check, **agent("warn", "battery-staple"))
        changes = {(one["object"].split()[0], one["field"]): one for one in found.result["changes"]}
        level = changes["ConfigMap", "data.level"]
        assert (level["before"], level["after"]) == ("info", "warn")
        password = changes["Secret", "data.password"]
        assert password["before"] != password["after"]
        assert "horse" not in str(found.result)
        assert "staple" not in str(found.result)
        assert len(changes) == 2
    gone = tasks.ok(verb=node_agent.VERB, name="agent", state="absent")
    assert [one["change"] for one in gone.result["changes"]] == ["deleted"] * 3


def test_both_ways_alike(api: Api, two_namespaces: tuple[str, str]) -> None:
    newer = _agent(containers=_with_image("example.test/agent:2"))
    steps = [
        task("create", **_agent()),
        task("predict", **newer) | {"check_mode": True},
        task("change", **newer),
        task("same", **newer),
    ]
    here, there = both_ways(api, two_namespaces, steps)
    for name in ("create", "predict", "change", "same"):
        one, other = (play.step(name).result["changes"] for play in (here, there))
        assert len(one) == (name != "same")
        for change in (*one, *other):
            change["object"] = change["changed_at"] = None
        assert one == other
    alike(here.step("change"), there.step("change"), two_namespaces)


def test_what_is_taken_over_from_another_tool(api: Api, tasks: Tasks) -> None:
    container = {"name": "agent", "image": "example.test/agent:1", "args": ["--a"]}
    labels = {"app": "agent"}
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": tasks.namespace, "labels": {"made": "by-hand"}},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
    api.kubectl("create", "-f", "-", stdin=manifest)
    wanted = _agent(adopt=["kubectl"], selector={"match_labels": labels}, pod_labels=labels)
    predicted, real = (tasks.ok(check=check, **wanted) for check in (True, False))
    assert _told(predicted) == _told(real)
    told = {field: (before, after, by) for _change, field, before, after, by in _told(real)}
    assert told["metadata.labels.made"] == ("by-hand", None, "kubectl-create")
    assert told["spec.template.spec.containers[agent].args"] == (["--a"], None, "kubectl-create")
    assert tasks.same(**wanted).result["changes"] == []


def test_what_is_taken_over_as_it_is(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent())
    api.kubectl("label", "-n", tasks.namespace, "daemonset/agent", "--overwrite", "team=b")
    api.kubectl("label", "-n", tasks.namespace, "daemonset/agent", "--overwrite", "team=a")
    predicted, real = (
        tasks.ok(check=check, adopt=["kubectl"], **_agent()) for check in (True, False)
    )
    assert _told(predicted) == _told(real)
    assert _told(real) == [("taken_over", "metadata.labels.team", "a", "a", "kubectl-label")]
