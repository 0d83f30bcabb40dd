# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolling back: to which revision, what goes back and what stays, and what comes after it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import node_agent

from tests.integration.api import Api, uids
from tests.integration.harness import alike, both_ways
from tests.integration.manifests import NOWHERE, at, full, simple
from tests.integration.rollbacks import back, history, image, no_way_back, observed, template
from tests.integration.verbs import Tasks

_MARK = "kubectl.kubernetes.io/restartedAt"


def _image(number: int) -> str:
    return f"example.test/agent:{number}"


def _agent(number: int, **more: Any) -> dict[str, Any]:
    """A version of the agent; it runs nowhere unless it is told otherwise."""
    container = {"name": "agent", "image": _image(number)}
    return {
        "name": "agent",
        "containers": [container],
        "node_selector": NOWHERE,
        "change_cause": f"release {number}",
        **more,
    }


def _everywhere(number: int) -> dict[str, Any]:
    return _agent(number, node_selector=None)


@pytest.fixture
def three(api: Api, tasks: Tasks) -> Tasks:
    """An agent at its third version, which runs nowhere."""
    for number in (1, 2, 3):
        tasks.ok(**_agent(number))
        observed(api, tasks.namespace)
    return tasks


def test_every_pod_goes_back_once(api: Api, tasks: Tasks) -> None:
    for number in (1, 2):
        tasks.ok(**_everywhere(number), wait=True)
    before = uids(api.pods(tasks.namespace, "agent"))

    told = back(tasks, check=True)
    done = back(tasks, wait=True)

    pods = api.pods(tasks.namespace, "agent")
    assert done.changed
    assert done.result["rollout"]["ready"]
    assert done.result["rollout"]["rolled_back"] == {
        "from_revision": 2,
        "to_revision": 1,
        "images": {"agent": _image(1)},
        "change_cause": "release 1",
    }
    for outcome, nodes in ((told, [f"node-{number}" for number in range(5)]), (done, [])):
        assert outcome.result["rollout"]["restarts"] == {
            "pods": 5,
            "nodes": nodes,
            "message": "5 pods restart, at most 1 at a time",
        }
    assert {pod["spec"]["containers"][0]["image"] for pod in pods} == {_image(1)}
    assert len(uids(pods)) == len(before) == 5
    assert uids(pods).isdisjoint(before)
    assert done.progress[0] == f"{tasks.namespace}/agent: back to revision 1"


def test_a_later_present_of_the_old_definition_finds_nothing_to_do(api: Api, tasks: Tasks) -> None:
    for number in (1, 2):
        tasks.ok(**_everywhere(number), wait=True)
    back(tasks, wait=True)
    before = uids(api.pods(tasks.namespace, "agent"))
    tasks.same(**_everywhere(1))
    assert uids(api.pods(tasks.namespace, "agent")) == before
    # The newer one goes forward again.
    assert tasks.ok(**_everywhere(2), wait=True).changed
    assert image(api, tasks.namespace) == _image(2)
    assert uids(api.pods(tasks.namespace, "agent")).isdisjoint(before)


def test_twice_goes_back_and_forth(api: Api, three: Tasks) -> None:
    assert back(three).changed
    assert image(api, three.namespace) == _image(2)
    observed(api, three.namespace)
    # The revision has a new number now, as with kubectl.
    assert history(api, three.namespace) == {1: _image(1), 3: _image(3), 4: _image(2)}
    assert back(three).changed
    assert image(api, three.namespace) == _image(3)


def test_going_forward_again_is_told(api: Api, tasks: Tasks) -> None:
    """As after a rollback, when what is "previous" is what one came from."""
    tasks.ok(**_agent(1))
    observed(api, tasks.namespace)
    # The times of revisions are whole seconds.
    time.sleep(1.1)
    tasks.ok(**_agent(2))
    observed(api, tasks.namespace)
    assert back(tasks).warnings == ""
    observed(api, tasks.namespace)
    told = back(tasks, check=True).warnings
    assert f"Revision 2 is newer than the template that {tasks.namespace}/agent has" in told
    assert back(tasks, to_revision=2, check=True).warnings == ""
    assert back(tasks).warnings == told


@pytest.mark.parametrize(
    "where",
    [
        {"to_revision": 1},
        {"to_image": _image(1)},
        {"to_image": {"agent": _image(1)}},
        {"to_image": f'{{"agent": "{_image(1)}"}}'},
    ],
    ids=["by its number", "by an image", "by a container's image", "by JSON"],
)
def test_to_a_revision(api: Api, three: Tasks, where: dict[str, Any]) -> None:
    assert back(three, **where).changed
    assert image(api, three.namespace) == _image(1)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"to_revision": 3}, "it has the template of revision 3 already"),
        ({"to_image": _image(3)}, f"it has the image {_image(3)} already"),
        (
            {"to_image": {"agent": _image(3)}},
            f"it has the image {_image(3)} for the container agent already",
        ),
    ],
    ids=["by its number", "by an image", "by a container's image"],
)
@pytest.mark.parametrize("check", [False, True])
def test_what_is_there_already_costs_no_write(
    api: Api, three: Tasks, where: dict[str, Any], said: str, check: bool
) -> None:
    before = api.daemonset(three.namespace, "agent")
    done = back(three, check=check, diff=True, **where)
    assert not done.changed
    assert [request.verb for request in done.requests] == ["get", "list"]
    message = done.result["rollout"]["message"]
    assert message == f"nothing to roll back, {said}; no node is eligible"
    assert done.result["rollout"]["rolled_back"] is None
    assert done.result["diff"]["before"] == done.result["diff"]["after"]
    assert api.daemonset(three.namespace, "agent") == before


def test_it_is_idempotent_with_a_number_or_an_image(three: Tasks, api: Api) -> None:
    assert back(three, to_image=_image(1)).changed
    observed(api, three.namespace)
    assert not back(three, to_image=_image(1)).changed
    # Its number was 1, and is 4 now.
    assert not back(three, to_revision=4).changed


@pytest.mark.parametrize(
    ("where", "missing"),
    [
        ({"to_revision": 9}, "no revision 9"),
        ({"to_image": "example.test/other:1"}, "no revision with the image example.test/other:1"),
        (
            {"to_image": {"other": _image(1)}},
            f"no revision with the image {_image(1)} for the container other",
        ),
    ],
    ids=["a number", "an image", "a container"],
)
def test_what_is_not_there_is_told_with_what_there_is(
    three: Tasks, where: dict[str, Any], missing: str
) -> None:
    failed = no_way_back(three, **where)
    message = failed.result["msg"]
    assert failed.result["error"]["kind"] == "not_found"
    assert f"has {missing}, so it cannot be rolled back" in message
    assert "Its revisions are: 3 (agent=example.test/agent:3, of " in message
    assert '"release 3", the current one); 2 (agent=' in message
    assert [one["revision"] for one in failed.result["revisions"]] == [3, 2, 1]
    assert "Beside the current one, 10 are kept (revision_history_limit)." in message
    assert failed.writes == []


def test_the_first_has_no_previous_one(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent(1))
    observed(api, tasks.namespace)
    tasks.ok(name="agent", state="restarted")
    observed(api, tasks.namespace)
    failed = no_way_back(tasks)
    # Two revisions that differ by the mark of a restart are one content.
    assert "has no revision that differs from what it has now" in failed.result["msg"]
    assert len(failed.result["revisions"]) == 2
    assert "There is no DaemonSet" in no_way_back(tasks, name="other").result["msg"]


def test_only_the_template_and_its_cause_go_back(api: Api, three: Tasks) -> None:
    """Changes outside of the template move the generation, and are no revisions."""
    changed = _agent(
        3,
        labels={"tier": "edge"},
        min_ready_seconds=7,
        update_strategy={"rolling_update": {"max_unavailable": 3}},
    )
    three.ok(**changed)
    live = observed(api, three.namespace)
    assert live["metadata"]["generation"] == 4
    assert back(three).changed
    after = api.daemonset(three.namespace, "agent")
    assert image(api, three.namespace) == _image(2)
    assert after["metadata"]["annotations"]["kubernetes.io/change-cause"] == "release 2"
    assert after["metadata"]["labels"]["tier"] == "edge"
    for field in ("minReadySeconds", "updateStrategy", "selector", "revisionHistoryLimit"):
        assert after["spec"][field] == live["spec"][field]


def test_another_with_the_same_labels_is_never_taken_for_it(api: Api, tasks: Tasks) -> None:
    """Not even where its revisions carry numbers that are asked for."""
    twins = {"selector": {"match_labels": {"app": "twin"}}, "pod_labels": {"app": "twin"}}
    for number in (7, 8, 9):
        tasks.ok(**{**_agent(number, **twins), "name": "other"})
        observed(api, tasks.namespace, "other")
    for number in (1, 2):
        tasks.ok(**_agent(number, **twins))
        observed(api, tasks.namespace)
    assert "Its revisions are: 2 (" in no_way_back(tasks, to_revision=3).result["msg"]
    assert "no revision with" in no_way_back(tasks, to_image=_image(8)).result["msg"]
    back(tasks)
    assert image(api, tasks.namespace) == _image(1)
    shown = tasks.info(name="agent", include=["revisions"]).result["daemonsets"][0]["revisions"]
    assert {one["images"]["agent"] for one in shown} == {_image(1), _image(2)}


def test_a_restart_between_stays(api: Api, tasks: Tasks) -> None:
    for number in (1, 2):
        tasks.ok(**_agent(number))
        observed(api, tasks.namespace)
    tasks.ok(name="agent", state="restarted", restart_key="job-7")
    observed(api, tasks.namespace)
    marks = template(api, tasks.namespace)["metadata"]["annotations"]
    assert set(marks) == {_MARK, "everynode.kubernetes/restart-key"}

    # Revision 2 differs by the marks alone: it is in place.
    assert not back(tasks, to_revision=2).changed
    assert back(tasks).changed

    assert image(api, tasks.namespace) == _image(1)
    assert template(api, tasks.namespace)["metadata"]["annotations"] == marks
    tasks.same(**_agent(1))
    tasks.same(name="agent", state="restarted", restart_key="job-7")


def test_check_mode_predicts_what_happens(api: Api, tasks: Tasks) -> None:
    """A template with one of everything, against the least."""
    tasks.ok(definition=full("agent", tasks.namespace, nodeSelector=NOWHERE))
    first = observed(api, tasks.namespace)["spec"]["template"]
    tasks.ok(definition=simple("agent", tasks.namespace, nodeSelector=NOWHERE))
    before = observed(api, tasks.namespace)

    told = back(tasks, check=True, diff=True)
    assert told.writes == []
    assert api.daemonset(tasks.namespace, "agent") == before
    done = back(tasks, diff=True)

    assert told.changed
    assert done.changed
    assert told.result["diff"] == done.result["diff"]
    assert told.result["rollout"]["rolled_back"] == done.result["rollout"]["rolled_back"]
    assert done.result["diff"]["after"]["spec"]["template"] == first
    assert template(api, tasks.namespace) == first


def test_what_the_server_copied_goes_too(api: Api, tasks: Tasks) -> None:
    """The older name of the account is filled in by the server, and nobody's to drop."""
    tasks.ok(**_agent(1))
    first = observed(api, tasks.namespace)["spec"]["template"]
    container = {**_container(2), "resources": {"limits": {"cpu": "1"}}}
    more = _agent(2, service_account_name="account", containers=[container])
    tasks.ok(**more)
    observed(api, tasks.namespace)
    assert back(tasks).warnings == ""
    assert template(api, tasks.namespace) == first
    tasks.same(**_agent(1))


def test_a_volume_of_which_the_server_made_a_temporary_one_is_another_again(
    api: Api, tasks: Tasks
) -> None:
    """The temporary one is nobody's, and a volume is of one kind only."""
    container = {**_container(1), "volume_mounts": [{"name": "data", "mount_path": "/data"}]}
    volume = {"name": "data", "host_path": {"path": "/data"}}
    tasks.ok(**_agent(1, containers=[container], volumes=[volume]))
    first = observed(api, tasks.namespace)["spec"]["template"]
    tasks.ok(**_agent(1, containers=[container], volumes=[{"name": "data"}]))
    assert "emptyDir" in str(observed(api, tasks.namespace)["spec"]["template"])
    back(tasks)
    assert template(api, tasks.namespace) == first


def _container(number: int) -> dict[str, Any]:
    """The agent's only container."""
    return {"name": "agent", "image": _image(number)}


def test_under_on_delete_the_pods_that_stay_are_told(api: Api, tasks: Tasks) -> None:
    strategy = {"update_strategy": {"type": "OnDelete"}}
    tasks.ok(**_everywhere(1), wait=True)
    tasks.ok(**_everywhere(2), wait=True)
    tasks.ok(**_everywhere(2), **strategy, wait=True)
    before = api.pods(tasks.namespace, "agent")
    nodes = sorted(pod["spec"]["nodeName"] for pod in before)

    told = back(tasks, check=True)
    done = back(tasks, wait=True)

    for outcome in (told, done):
        assert outcome.result["rollout"]["outdated"] == {"pods": 5, "nodes": nodes}
        assert "5 of its pods keep another template until somebody deletes" in outcome.warnings
    assert uids(api.pods(tasks.namespace, "agent")) == uids(before)
    # And forth again: they are of that template.
    forth = back(tasks, wait=True)
    assert forth.result["rollout"]["outdated"] == {"pods": 0, "nodes": []}
    assert "keep another template" not in forth.warnings


def test_the_configuration_of_the_old_revision_is_there_still(api: Api, tasks: Tasks) -> None:
    """What is versioned goes back with the template."""

    def agent(level: str) -> dict[str, Any]:
        return {
            "verb": node_agent.VERB,
            "name": "agent",
            "containers": [_container(1)],
            "volumes": [{"name": "conf", "config_map": {"name": "conf"}}],
            "node_selector": NOWHERE,
            "config_maps": [{"name": "conf", "data": {"agent.conf": level}}],
        }

    names = []
    for level in ("info", "debug"):
        tasks.ok(**agent(level), wait=True)
        names.append(_config_map(api, tasks.namespace))
    assert len(set(names)) == 2

    back(tasks, wait=True)

    assert _config_map(api, tasks.namespace) == names[0]
    path = f"/api/v1/namespaces/{tasks.namespace}/configmaps/{names[0]}"
    assert api.request("GET", path)["data"] == {"agent.conf": "info"}
    again = tasks.ok(**agent("info"))
    assert _config_map(api, tasks.namespace) == names[0]
    assert again.result["daemonset"]["metadata"]["generation"] == 3


def _config_map(api: Api, namespace: str) -> str:
    return str(at(template(api, namespace), ("spec", "volumes", 0, "configMap", "name")))


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"to_revision": -1}, "to_revision"),
        ({"to_image": ""}, "to_image"),
        ({"to_image": {"agent": None}}, "to_image"),
        ({"to_image": "{agent"}, "to_image"),
        ({"to_image": ["example.test/agent:1"]}, "to_image"),
        ({"wait_timeout": 0}, "wait_timeout"),
    ],
)
def test_wrong_input_needs_no_cluster(tasks: Tasks, given: dict[str, Any], path: str) -> None:
    failed = no_way_back(tasks, kubeconfig="/nowhere", **given)
    assert [fault["path"] for fault in failed.result["faults"]] == [path]
    assert failed.requests == []


def test_all_faults_are_told_at_once(tasks: Tasks) -> None:
    wrong = {"name": "A b", "to_image": "", "wait_timeout": 0}
    failed = no_way_back(tasks, kubeconfig="/nowhere", **wrong)
    paths = {fault["path"] for fault in failed.result["faults"]}
    assert paths == {"name", "to_image", "wait_timeout"}


def test_both_ways_say_the_same(api: Api, two_namespaces: tuple[str, str]) -> None:
    steps: list[dict[str, Any]] = [
        {"name": f"Version {number}", "everynode.kubernetes.daemonset": _agent(number)}
        for number in (1, 2)
    ]
    ways: dict[str, dict[str, Any]] = {
        "Previous": {},
        "There already": {"to_image": _image(1)},
        "By its number": {"to_revision": 2},
        "Not there": {"to_revision": 9},
        "Both": {"to_revision": 1, "to_image": _image(1)},
    }
    steps += [
        {
            "name": name,
            "everynode.kubernetes.daemonset_rollback": {"name": "agent", **given},
            "ignore_errors": True,
        }
        for name, given in ways.items()
    ]
    plays = both_ways(api, two_namespaces, steps, "--diff")
    for name in ways:
        here, there = (play.step(name) for play in plays)
        alike(here, there, two_namespaces)
    states = [plays[0].step(name).status for name in ways]
    assert states == ["ok", "ok", "ok", "failed", "failed"]
    changes = [plays[0].step(name).changed for name in ways if name != "Both"]
    assert changes == [True, False, True, False]
