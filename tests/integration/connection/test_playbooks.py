# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection as playbooks use it, with the real ansible-playbook."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.api import Api, eventually
from tests.integration.connection.conftest import Parts
from tests.integration.connection.plugins import Plugin
from tests.integration.connection.servers import LONG, scripted, self_signed, silent
from tests.integration.harness import ENVIRONMENT, run
from tools.environments.surroundings import surroundings

CANARY = "c4n4ry-t0ken"


def play(*tasks: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [{"hosts": "all", "gather_facts": False, "tasks": list(tasks), **more}]


def look(namespace: str, **connection: Any) -> dict[str, Any]:
    return {"everynode.kubernetes.daemonset_info": {"namespace": namespace, **connection}}


def as_module(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return play(*tasks, vars={"everynode_in_process": "never"})


def test_a_plugin_is_run_once_by_twenty_hosts_and_five_tasks(
    api: Api, parts: Parts, namespace: str, token: Callable[[], str], tmp_path: Path
) -> None:
    plugin = Plugin(tmp_path / "plugin", {})
    plugin.answers({"token": token()}, seconds=(1,))
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(parts.with_user(**plugin.user())))
    tasks = [look(namespace, kubeconfig=str(kubeconfig)) for _turn in range(5)]
    hosts = "".join(f"host-{number} ansible_connection=local\n" for number in range(20))
    done = run(api, play(*tasks), inventory=hosts, variables={"ANSIBLE_FORKS": "10"}).done()
    assert len(done.steps) == 100
    assert len(done.requests) == 100
    assert plugin.runs == 1


@pytest.mark.parametrize("way", [lambda tasks: play(*tasks), as_module], ids=["here", "module"])
def test_nothing_is_left_on_a_disk_and_no_secret_is_shown(
    api: Api,
    parts: Parts,
    namespace: str,
    way: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
    empty_temporary_folder: Path,
    tmp_path: Path,
) -> None:
    """`empty_temporary_folder` looks at TMPDIR afterwards."""
    plugin = Plugin(tmp_path / "plugin", {})
    plugin.answers({}, code=1, stderr=f"the secret is --password={CANARY}")
    # Not as a text in the playbook: Ansible itself quotes that where a task failed.
    given = "{{ lookup('ansible.builtin.env', 'EVERYNODE_CANARY') }}"
    failing = parts.with_user(**plugin.user())
    key = parts.key.read_text()
    tasks = [
        look(namespace, kubeconfig=str(parts.kubeconfig)),
        look(namespace, kubeconfig=parts.document),
        {**look(namespace, kubeconfig=failing), "ignore_errors": True},
        {**look(namespace, host=parts.server, api_key=given), "ignore_errors": True},
        {
            **look(namespace, host=parts.server, api_key=given, ca_cert=str(parts.ca)),
            "ignore_errors": True,
        },
    ]
    done = run(
        api,
        way(tasks),
        "-vvv",
        inventory="localhost ansible_connection=local\n",
        variables={"TMPDIR": str(empty_temporary_folder), "EVERYNODE_CANARY": CANARY},
    ).done()
    assert [step.status for step in done.steps] == ["ok", "ok", "failed", "failed", "failed"]
    assert [step.result.get("error", {}).get("kind") for step in done.steps[2:]] == [
        "credentials",
        "untrusted",
        "unauthorized",
    ]
    assert CANARY not in done.output
    assert CANARY not in json.dumps([step.result for step in done.steps])
    for text in (key.splitlines()[1], parts.document["users"][0]["user"].get("client-key-data")):
        assert not text or text not in done.output


def test_nothing_is_left_of_a_task_that_was_killed(
    parts: Parts, empty_temporary_folder: Path, tmp_path: Path
) -> None:
    """`empty_temporary_folder` looks at TMPDIR afterwards."""
    with scripted([silent], self_signed("x").server_context(tmp_path)) as server:
        user = {"client-certificate": str(parts.certificate), "client-key": str(parts.key)}
        document = parts.with_user(**user)
        insecure = {"server": server.url, "insecure-skip-tls-verify": True}
        document["clusters"][0]["cluster"] = insecure
        (tmp_path / "playbook.yml").write_text(
            yaml.safe_dump(play(look("default", kubeconfig=document), hosts="localhost"))
        )
        running = subprocess.Popen(
            [ENVIRONMENT / "bin" / "ansible-playbook", "playbook.yml"],
            cwd=tmp_path,
            env=surroundings(ENVIRONMENT, proxies=False, own_home=True)
            | {
                "TMPDIR": str(empty_temporary_folder),
                "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            eventually(lambda: server.requests or None, "the task makes its request")
            workers = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
            assert workers
            for worker in workers:
                os.kill(int(worker), signal.SIGKILL)
            assert running.wait(LONG) != 0
        finally:
            running.kill()
