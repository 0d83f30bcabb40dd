# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DaemonSet's life in a playbook, in-process and as a module: each whole result is the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.api import Api, Request
from tests.integration.harness import Play, Step, alike, both_ways, task
from tests.integration.manifests import at

_AGENT = {"name": "agent", "image": "example.test/agent:1"}
_NEWER = {"name": "agent", "image": "example.test/agent:2"}
_SECRET = {"name": "API_TOKEN", "value": "swordfish"}
_FULL: dict[str, Any] = {
    "name": "agent",
    "labels": {"tier": "node", "old": "1"},
    "description": "An agent",
    "containers": [{**_AGENT, "env": [_SECRET, {"name": "MODE", "value": "node"}]}],
    "tolerations": [{"operator": "Exists"}],
}
_FULLER: dict[str, Any] = {
    **_FULL,
    "labels": {"tier": "node"},
    "containers": [{**_NEWER, "env": [{**_SECRET, "value": "guppy"}]}],
}
_CHECK = {"check_mode": True}
_DIFF = {"diff": True}


def _info(name: str, /, **parameters: Any) -> dict[str, Any]:
    return {"name": name, "everynode.kubernetes.daemonset_info": parameters}


_TASKS = [
    task("absent before", name="agent", state="absent"),
    task("create, checked", **_FULL, change_cause="First") | _CHECK | _DIFF,
    task("create", **_FULL, change_cause="First") | _DIFF,
    task("again", **_FULL, change_cause="First"),
    task("again, checked", **_FULL, change_cause="First") | _CHECK | _DIFF,
    task("label only", **{**_FULL, "labels": {"tier": "edge"}}, change_cause="Unseen"),
    task("update, checked", **_FULLER, change_cause="Second") | _CHECK | _DIFF,
    task("update", **_FULLER, change_cause="Second") | _DIFF,
    task("update again", **_FULLER, change_cause="Second"),
    _info("shown", name="agent", include=["daemonset", "metadata", "pods"]),
    task("patch, checked", name="agent", state="patched", labels={"patched": "1"}) | _CHECK,
    task(
        "patch",
        name="agent",
        state="patched",
        labels={"patched": "1", "tier": None},
        annotations={"note": "a"},
        images={"agent": "example.test/agent:3"},
    )
    | _DIFF,
    task(
        "patch again",
        name="agent",
        state="patched",
        labels={"patched": "1", "tier": None},
        annotations={"note": "a"},
        images={"agent": "example.test/agent:3"},
    ),
    task("description", name="agent", state="patched", description="Another"),
    task("no description", name="agent", state="patched", annotations={"note": None}),
    task("patch unknown container", name="agent", state="patched", images={"agnet": "x:1"}),
    task("patch nothing there", name="other", state="patched", labels={"a": "b"}),
    task("restart, checked", name="agent", state="restarted") | _CHECK,
    task("restart", name="agent", state="restarted"),
    task("restart for a key", name="agent", state="restarted", restart_key="k1"),
    task("restart for it again", name="agent", state="restarted", restart_key="k1"),
    task("restart nothing", name="other", state="restarted"),
    task("restart nothing, checked", name="other", state="restarted") | _CHECK,
    task("selector", name="agent", containers=[_AGENT], selector={"match_labels": {"x": "y"}}),
    task("misspelt parameter", name="agent", contaniers=[_AGENT]),
    task("misspelt fields", name="agent", containers=[{**_AGENT, "imag": 1, "prots": []}]),
    task("wrong type", name="agent", containers=[_AGENT], wait_timeout="soon"),
    task("wrong choice", name="agent", state="gone"),
    task("two sources", name="agent", definition={}, src="other.yaml"),
    task("nothing asked for", name="agent"),
    task("no name", containers=[_AGENT]),
    task("no namespace", **{**_FULL, "namespace": "no-such-namespace"}),
    task("no namespace, checked", **{**_FULL, "namespace": "no-such-namespace"}) | _CHECK,
    task("delete, checked", name="agent", state="absent") | _CHECK | _DIFF,
    task("delete", name="agent", state="absent") | _DIFF,
    task("delete again", name="agent", state="absent"),
    _info("nothing shown", name="agent"),
]
_NAMES = [entry["name"] for entry in _TASKS]
_FAILING = {
    "patch unknown container",
    "patch nothing there",
    "restart nothing",
    "selector",
    "misspelt parameter",
    "misspelt fields",
    "wrong type",
    "wrong choice",
    "two sources",
    "nothing asked for",
    "no name",
    "no namespace",
}


@dataclass(frozen=True)
class Life:
    """The same tasks, both ways, and the namespaces in which they were run."""

    here: Play
    there: Play
    namespaces: tuple[str, str]

    def step(self, name: str) -> Step:
        return self.here.step(name)

    def asked(self, name: str) -> list[tuple[str, str, bool]]:
        """The verb, the last word of the path and whether it wrote, of each request of a task, but
        for those of its wait.
        """
        return [
            (request.verb, request.path.split("?")[0].rsplit("/", 1)[1], request.writes)
            for request in _but_for_the_wait(self.here.requests_of(name))
        ]


def _but_for_the_wait(requests: list[Request]) -> list[Request]:
    """What a task asked for until its last write: what it reads after that depends on how fast the
    rollout is. All of it, where it wrote nothing.
    """
    writes = [number for number, one in enumerate(requests, 1) if one.writes]
    return requests[: writes[-1]] if writes else requests


@pytest.fixture(scope="module")
def life(api: Api) -> Iterator[Life]:
    namespaces = ("life-in-process", "life-as-module")
    for name in namespaces:
        api.add_namespace(name)
    plays = both_ways(api, namespaces, _TASKS, files={"other.yaml": b"kind: DaemonSet\n"})
    yield Life(*plays, namespaces)
    for name in namespaces:
        api.remove_namespace(name)


@pytest.mark.parametrize("name", _NAMES)
def test_both_ways_give_the_same_result(life: Life, name: str) -> None:
    alike(life.here.step(name), life.there.step(name), life.namespaces)


def _without_versions(path: str) -> str:
    """A path below its namespace; pods are listed as they were at the moment of the change."""
    below = path.rsplit("/namespaces/", maxsplit=1)[-1].split("/", 1)[-1]
    return re.sub(r"resourceVersion=\d+", "resourceVersion=", below)


@pytest.mark.parametrize("name", _NAMES)
def test_both_ways_ask_the_server_the_same(life: Life, name: str) -> None:
    asked = [
        [(one.verb, _without_versions(one.path)) for one in _but_for_the_wait(requests)]
        for requests in (life.here.requests_of(name), life.there.requests_of(name))
    ]
    assert asked[0] == asked[1]


@pytest.mark.parametrize("name", _NAMES)
def test_only_what_must_fails(life: Life, name: str) -> None:
    step = life.step(name)
    assert (step.status == "failed") == (name in _FAILING), step.result


def test_every_result_names_the_server_and_its_arguments(life: Life, api: Api) -> None:
    for step in life.here.steps:
        # A parameter that there is not is told before there are arguments.
        if step.task != "misspelt parameter":
            assert step.result["invocation"]["module_args"], step.task
        if step.status == "ok":
            assert step.result["server"]["host"] == api.server, step.task


def test_no_secret_is_in_any_result_or_output(life: Life) -> None:
    for play in (life.here, life.there):
        shown = str([step.result for step in play.steps]) + play.output
        assert "swordfish" not in shown
        assert "guppy" not in shown
    changed = life.step("update, checked").result["diff"]
    token = ("spec", "template", "spec", "containers", 0, "env", 0, "value")
    assert at(changed["before"], token) != at(changed["after"], token)


def test_a_change_costs_two_requests_and_again_one(life: Life) -> None:
    read, apply = ("get", "agent", False), ("patch", "agent", True)
    assert life.asked("again") == [read]
    assert life.asked("update again") == [read]
    assert life.asked("again, checked") == [read]
    for name in ("create", "label only", "update", "patch"):
        # Before it makes one, a task looks at the pods that are there.
        asked = life.asked(name)
        assert [one for one in asked if name != "create" or one[0] != "list"] == [read, apply], name
    assert life.asked("absent before") == [read]
    assert life.asked("delete again") == [read]


@pytest.mark.parametrize("name", [name for name in _NAMES if name.endswith("checked")])
def test_check_mode_writes_nothing(life: Life, name: str) -> None:
    written = [request for request in life.here.requests_of(name) if request.writes]
    # How a removal is only checked is in the body, which the audit log does not have.
    assert [request.verb for request in written] in ([], ["delete"])
    assert life.step(name.removesuffix(", checked")).status in ("ok", "failed")


@pytest.mark.parametrize("name", ["create", "update", "delete"])
def test_check_mode_predicts_the_difference(life: Life, name: str) -> None:
    predicted, done = life.step(f"{name}, checked").result, life.step(name).result
    assert predicted["changed"] is done["changed"] is True
    assert predicted["diff"] == done["diff"]


def test_a_removal_that_was_only_checked_removed_nothing(life: Life) -> None:
    assert life.step("delete").changed


def test_differences_show_what_a_user_can_control(life: Life) -> None:
    made = life.step("create").result["diff"]
    assert made["before"] == {}
    assert set(made["after"]) == {"apiVersion", "kind", "metadata", "spec"}
    assert set(made["after"]["metadata"]) == {"name", "namespace", "labels", "annotations"}
    removed = life.step("delete").result["diff"]
    assert removed["after"] == {}
    assert removed["before"]["kind"] == "DaemonSet"


def test_what_is_no_longer_named_is_gone_and_what_is_patched_is_added(life: Life) -> None:
    updated = life.step("update").result["daemonset"]
    assert updated["metadata"]["labels"] == {"tier": "node"}
    env = at(updated, ("spec", "template", "spec", "containers", 0, "env"))
    assert [variable["name"] for variable in env] == ["API_TOKEN"]
    patched = life.step("patch").result["daemonset"]
    assert patched["metadata"]["labels"] == {"patched": "1"}
    assert patched["metadata"]["annotations"]["note"] == "a"
    container = patched["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "example.test/agent:3"
    assert container["env"] == env
    assert not life.step("patch again").changed
    assert life.asked("patch again") == [("get", "agent", False)]


def test_the_description_is_an_annotation(life: Life) -> None:
    def annotations(name: str) -> dict[str, str]:
        found: dict[str, str] = life.step(name).result["daemonset"]["metadata"]["annotations"]
        return found

    assert annotations("create")["kubernetes.io/description"] == "An agent"
    assert annotations("description")["kubernetes.io/description"] == "Another"
    assert "note" not in annotations("no description")
    assert annotations("no description")["kubernetes.io/description"] == "Another"


def test_the_cause_of_a_change_is_written_only_when_the_template_changes(life: Life) -> None:
    def cause(name: str) -> str:
        annotations = life.step(name).result["daemonset"]["metadata"]["annotations"]
        return str(annotations.get("kubernetes.io/change-cause"))

    assert cause("create") == "First"
    assert cause("label only") == "First"
    assert cause("update") == "Second"
    assert cause("update again") == "Second"


def test_what_is_shown_has_a_pod_on_every_node(life: Life) -> None:
    (shown,) = life.step("shown").result["daemonsets"]
    assert shown["rollout"]["ready"]
    assert [pod["node"] for pod in shown["pods"]] == [f"node-{n}" for n in range(5)]
    assert {pod["images"]["agent"] for pod in shown["pods"]} == {"example.test/agent:2"}
    assert life.step("nothing shown").result["daemonsets"] == []


def test_a_restart_is_done_once_for_a_key(life: Life) -> None:
    assert life.step("restart").changed
    assert life.step("restart for a key").changed
    assert not life.step("restart for it again").changed


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("patch unknown container", ["images", "agnet", "agent"]),
        ("patch nothing there", ["There is no DaemonSet", "/other", "state: present"]),
        ("restart nothing", ["There is no DaemonSet", "/other"]),
        ("selector", ["selector", "cannot be changed"]),
        ("misspelt parameter", ["contaniers", "containers"]),
        (
            "misspelt fields",
            ["2 faults", "containers[0].imag", "image", "containers[0].prots", "ports"],
        ),
        ("wrong type", ["wait_timeout"]),
        ("wrong choice", ["state", "present, patched, absent, restarted"]),
        ("two sources", ["definition", "src"]),
        ("nothing asked for", ["containers"]),
        ("no name", ["name"]),
        ("no namespace", ["no-such-namespace", "does not exist"]),
    ],
)
def test_a_failure_says_what_and_where(life: Life, name: str, words: list[str]) -> None:
    message = life.step(name).message
    for word in words:
        assert word in message
    assert "Traceback" not in message


@pytest.mark.parametrize(
    "name",
    [
        "misspelt parameter",
        "misspelt fields",
        "wrong type",
        "wrong choice",
        "two sources",
        "nothing asked for",
        "no name",
    ],
)
def test_wrong_input_is_never_sent(life: Life, name: str) -> None:
    assert life.here.requests_of(name) == []
    assert life.there.requests_of(name) == []


def test_what_may_still_be_created_is_a_warning_in_check_mode(life: Life) -> None:
    checked = life.step("restart nothing, checked").result
    assert checked["changed"]
    assert "There is no DaemonSet" in checked["warnings"][0]
    checked = life.step("no namespace, checked").result
    assert checked["changed"]
    assert "no-such-namespace" in checked["warnings"][0]
