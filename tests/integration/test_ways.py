# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way a task is run, and that everything around a task works either way."""

from __future__ import annotations

import getpass
import sys
from typing import Any

import pytest

from tests.integration.api import Api
from tests.integration.harness import Play, both_ways, playbook, run, task
from tests.integration.manifests import NOWHERE
from tests.integration.verbs import Tasks

_CONTAINERS = [{"name": "agent", "image": "example.test/agent:1"}]
_AGENT: dict[str, Any] = {
    "name": "agent",
    "containers": _CONTAINERS,
    "node_selector": NOWHERE,
}
_LINE = "everynode.kubernetes.daemonset: "
_TWO_HOSTS = "[all]\none ansible_connection=local\ntwo ansible_connection=local\n"


# Only root becomes another user without a password; anybody else becomes who they are.
_BECOME = "ansible.builtin.su" if getpass.getuser() == "root" else "as_it_is"
_AS_IT_IS = '''
from ansible.plugins.become import BecomeBase

DOCUMENTATION = """
name: as_it_is
short_description: Becomes the user who one is
options:
  become_user: {description: Not used., default: root, vars: [{name: ansible_become_user}]}
  become_exe: {description: Not used., default: "", vars: [{name: ansible_become_exe}]}
  become_flags: {description: Not used., default: "", vars: [{name: ansible_become_flags}]}
  become_pass: {description: Not used., vars: [{name: ansible_become_password}]}
"""


class BecomeModule(BecomeBase):
    name = "as_it_is"

    def build_become_command(self, cmd, shell):
        super().build_become_command(cmd, shell)
        return self._build_success_command(cmd, shell) if cmd else cmd
'''
_FILES = {"become_plugins/as_it_is.py": _AS_IT_IS.encode()}


def _ways(play: Play) -> list[str]:
    """The way that each task was run, as the debug lines say."""
    return [line.split(_LINE)[1] for line in play.output.splitlines() if _LINE in line]


def _is_there(api: Api, namespace: str) -> bool:
    return api.exists(namespace, "agent")


@pytest.mark.parametrize(
    ("keywords", "way"),
    [
        ({}, "in-process"),
        ({"vars": {"everynode_in_process": "auto"}}, "in-process"),
        ({"vars": {"ansible_python_interpreter": sys.executable}}, "in-process"),
        (
            {"vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}},
            "in-process",
        ),
        ({"vars": {"ansible_python_interpreter": "auto_silent"}}, "in-process"),
        ({"vars": {"everynode_in_process": "never"}}, "as a module, since everynode_in_process"),
        (
            {"become": True, "become_method": _BECOME},
            "as a module, since it becomes another user",
        ),
        ({"async": 300, "poll": 1}, "as a module, since the task is asynchronous"),
    ],
)
def test_the_way_is_told_and_the_result_is_right(
    api: Api, namespace: str, keywords: dict[str, Any], way: str
) -> None:
    plays = playbook(api, namespace, [task("create", **_AGENT) | keywords])
    play = run(api, plays, "-vvv", files=_FILES).done()
    assert play.step("create").changed
    assert [line.startswith(way) for line in _ways(play)] == [True]
    assert _is_there(api, namespace)


def test_nothing_is_said_of_the_way_without_asking(api: Api, namespace: str) -> None:
    play = run(api, playbook(api, namespace, [task("create", **_AGENT)]), "-vv").done()
    assert _ways(play) == []


def test_a_task_can_be_left_alone_and_asked_for_later(api: Api, namespace: str) -> None:
    tasks = [
        task("create", **_AGENT) | {"async": 300, "poll": 0, "register": "job"},
        {
            "name": "later",
            "ansible.builtin.async_status": {"jid": "{{ job.ansible_job_id }}"},
            "register": "found",
            "until": "found is finished",
            "retries": 1000,
            "delay": 0.2,
        },
    ]
    play = run(api, playbook(api, namespace, tasks)).done()
    assert play.step("later").changed
    assert play.step("later").result["daemonset"]["metadata"]["name"] == "agent"
    assert _is_there(api, namespace)


def test_the_environment_of_a_task_leads_to_the_cluster(
    api: Api, two_namespaces: tuple[str, str]
) -> None:
    set_there = {"K8S_AUTH_KUBECONFIG": str(api.cluster.kubeconfig)}
    found = task("create", **_AGENT, kubeconfig="{{ omit }}") | {"environment": set_there}
    lost = task("lost", **_AGENT, kubeconfig="{{ omit }}")
    for play, namespace in zip(
        both_ways(api, two_namespaces, [found, lost]), two_namespaces, strict=True
    ):
        assert play.step("create").changed
        assert _is_there(api, namespace)
        # It is not left behind for the next task.
        assert play.step("lost").status == "failed"
        assert play.step("lost").result["error"]["kind"] == "credentials"


def test_a_delegated_task_runs_here(api: Api, namespace: str) -> None:
    delegated = task("create", **_AGENT) | {"delegate_to": "localhost"}
    inventory = "[all]\nfar.example.test ansible_host=192.0.2.1\n"
    play = run(
        api, playbook(api, namespace, [delegated], hosts="all"), "-vvv", inventory=inventory
    ).done()
    assert play.step("create").changed
    assert _ways(play) == ["in-process"]
    assert _is_there(api, namespace)


def test_a_remote_host_is_reached_as_ever(api: Api, namespace: str) -> None:
    inventory = "[all]\nfar.example.test ansible_host=127.0.0.1 ansible_port=1\n"
    play = run(
        api,
        playbook(api, namespace, [task("create", **_AGENT)], hosts="all"),
        "-vvv",
        inventory=inventory,
    )
    assert play.step("create").status == "unreachable"
    assert [line.startswith("as a module, since the connection is") for line in _ways(play)] == [
        True
    ]
    assert not _is_there(api, namespace)


def test_the_items_of_a_loop_share_a_connection_and_cost_one_request_each(
    api: Api, two_namespaces: tuple[str, str]
) -> None:
    many = task("many", **{**_AGENT, "name": "agent-{{ item }}"}) | {"loop": list(range(10))}
    again = {**many, "name": "again"}
    for play in both_ways(api, two_namespaces, [many, again]):
        results = play.step("many").result["results"]
        assert [item["changed"] for item in results] == [True] * 10
        assert not any(item["changed"] for item in play.step("again").result["results"])
        requests = play.requests_of("again")
        assert [request.verb for request in requests] == ["get"] * 10
        assert len({request.path for request in requests}) == 10


def test_the_switches_of_ansible_playbook_count(api: Api, two_namespaces: tuple[str, str]) -> None:
    tasks = [task("create", **_AGENT)]
    for play in both_ways(api, two_namespaces, tasks, "--check", "--diff"):
        step = play.step("create")
        assert step.changed
        assert step.result["diff"]["after"]["metadata"]["name"] == "agent"
        assert "example.test/agent:1" in play.stdout
    for play, namespace in zip(
        both_ways(api, two_namespaces, tasks, "--check"), two_namespaces, strict=True
    ):
        assert "diff" not in play.step("create").result
        assert not [request for request in play.requests if request.writes]
        assert not _is_there(api, namespace)


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_two_local_hosts_without_an_interpreter(api: Api, namespace: str, strategy: str) -> None:
    each = task("create", **{**_AGENT, "name": "agent-{{ inventory_hostname }}"})
    tasks = [each, {**each, "name": "again"}]
    plays = playbook(api, namespace, tasks, hosts="all", strategy=strategy)
    play = run(api, plays, "-vvv", inventory=_TWO_HOSTS).done()
    changed = {(step.task, step.host): step.changed for step in play.steps}
    assert changed == {
        ("create", "one"): True,
        ("create", "two"): True,
        ("again", "one"): False,
        ("again", "two"): False,
    }
    assert _ways(play) == ["in-process"] * 4
    assert "interpreter" not in play.output.lower().replace("python interpreter", "")
    for name in ("agent-one", "agent-two"):
        assert api.exists(namespace, name)


def test_output_says_nothing_that_was_not_asked_for(api: Api, namespace: str) -> None:
    play = run(api, playbook(api, namespace, [task("create", **_AGENT)])).done()
    assert play.stderr == ""
    assert "WARNING" not in play.stdout


def test_a_hidden_task_shows_nothing(api: Api, two_namespaces: tuple[str, str]) -> None:
    slow = {"everynode.kubernetes/simulate": "slow-start"}
    hidden = task("create", name="agent", containers=_CONTAINERS, pod_annotations=slow)
    for play in both_ways(api, two_namespaces, [hidden | {"no_log": True}]):
        assert "/agent:" not in play.stdout
        assert "censored" in play.step("create").result


def test_one_play_and_several_clusters(api: Api, namespace: str) -> None:
    inventory = (
        f"[all]\nours ansible_connection=local config={api.cluster.kubeconfig}\n"
        "nowhere ansible_connection=local config=/nonexistent/kubeconfig\n"
    )
    defaults = {"kubeconfig": "{{ config }}", "namespace": namespace}
    plays = playbook(
        api,
        namespace,
        [task("create", **_AGENT)],
        hosts="all",
        module_defaults={"group/everynode.kubernetes.all": defaults},
    )
    play = run(api, plays, inventory=inventory)
    status = {step.host: step.status for step in play.steps}
    assert status == {"ours": "ok", "nowhere": "failed"}
    assert _is_there(api, namespace)


def test_nothing_is_left_in_the_folder_for_temporary_files(
    api: Api, two_namespaces: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("temporary")
    tasks = [
        task("create", **_AGENT),
        task("again", **_AGENT),
        task("fails", **{**_AGENT, "containers": [{"name": "agent"}]}),
    ]
    both_ways(api, two_namespaces, tasks, variables={"TMPDIR": str(folder)})
    assert list(folder.iterdir()) == []


def test_the_same_object_both_ways(api: Api, namespace: str) -> None:
    """What one way made, the other finds unchanged."""
    tasks = [
        task("create", **_AGENT),
        task("as a module", **_AGENT) | {"vars": {"everynode_in_process": "never"}},
    ]
    play = run(api, playbook(api, namespace, tasks)).done()
    assert play.step("create").changed
    assert not play.step("as a module").changed
    assert len(play.requests_of("as a module")) == 1
    Tasks(api, namespace).same(**_AGENT)
