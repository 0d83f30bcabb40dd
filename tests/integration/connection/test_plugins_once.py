# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A credential plugin is run once by all the workers of a playbook, until its token expires.

The workers are real forks: of a process that has imported the collection and nothing else, as
Ansible's main process has.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.deadline import Deadline
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import (
    CredentialsError,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.connect import connect
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.exec_plugin import (
    ExecPlugin,
)

from tests.integration.api import eventually
from tests.integration.connection.conftest import Parts
from tests.integration.connection.plugins import Plugin
from tests.integration.connection.servers import LONG

VERSION = "client.authentication.k8s.io/v1"

# Forks workers in rounds; each connects and makes a request. Prints what each round took and met.
_MAIN = """
import json, os, sys, time
# As the action plugins do, in Ansible's main process.
import ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.exec_cache
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.deadline import Deadline
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import ClusterError
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.connect import connect

options = json.loads(sys.argv[1])
workers, rounds, later, victim_of = json.loads(sys.argv[2])
clock = time.time

def work():
    try:
        path = "/apis/apps/v1/daemonsets?limit=1"
        connect(options).request("GET", path, deadline=Deadline(120), doing="work")
        return 0
    except ClusterError as error:
        return {"forbidden": 0, "credentials": 2, "unauthorized": 3}.get(error.kind, 4)

def fork():
    child = os.fork()
    if child == 0:
        os._exit(work())
    return child

for turn in range(rounds):
    time.time = lambda: clock() + turn * later
    if victim_of:
        victim = fork()
        while not os.path.exists(victim_of):
            time.sleep(0.01)
        os.kill(victim, 9)
        os.waitpid(victim, 0)
    started = time.monotonic()
    children = [fork() for _worker in range(workers)]
    codes = sorted({os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children})
    print(json.dumps([codes, time.monotonic() - started]), flush=True)
"""


def playbook(
    parts: Parts,
    plugin: Plugin,
    *,
    workers: int,
    rounds: int = 1,
    later: float = 0,
    with_a_victim: bool = False,
) -> list[tuple[list[int], float]]:
    """For each round the different exit codes of its workers, and the seconds that it took.

    By their clock each round is so many seconds `later` than the one before. The victim is a worker
    of its own, killed as soon as the plugin was started for it.
    """
    options = {"kubeconfig_content": json.dumps(parts.with_user(**plugin.user()))}
    victim_of = str(plugin.started) if with_a_victim else None
    plan = json.dumps([workers, rounds, later, victim_of])
    path = os.pathsep.join(entry for entry in sys.path if entry)
    done = subprocess.run(
        [sys.executable, "-c", _MAIN, json.dumps(options), plan],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return [(codes, took) for codes, took in map(json.loads, done.stdout.splitlines())]


@pytest.fixture
def plugin(tmp_path: Path, token: Callable[[], str]) -> Plugin:
    return Plugin(tmp_path / "plugin", {"token": token()})


def test_twenty_hosts_and_five_tasks(
    parts: Parts, plugin: Plugin, token: Callable[[], str]
) -> None:
    plugin.answers({"token": token()}, seconds=(0.5,))
    rounds = playbook(parts, plugin, workers=20, rounds=5)
    assert [codes for codes, _took in rounds] == [[0]] * 5
    assert plugin.runs == 1


def test_until_it_expires(parts: Parts, plugin: Plugin, token: Callable[[], str]) -> None:
    # A token counts as expired 10 s early.
    plugin.answers({"token": token()}, valid_seconds=(600, 3600))
    rounds = playbook(parts, plugin, workers=3, rounds=2, later=591)
    assert [codes for codes, _took in rounds] == [[0], [0]]
    assert plugin.runs == 2


def test_a_killed_worker_blocks_nobody(
    parts: Parts, plugin: Plugin, token: Callable[[], str]
) -> None:
    # What was started for the killed worker runs on.
    plugin.answers({"token": token()}, seconds=(2 * LONG, 0))
    rounds = playbook(parts, plugin, workers=5, with_a_victim=True)
    plugin.end()
    assert rounds[0][0] == [0]
    assert rounds[0][1] < LONG
    # The one of the killed worker, and one for the others.
    assert plugin.runs == 2


def test_a_rejected_token_is_renewed_once_for_all(
    parts: Parts, plugin: Plugin, token: Callable[[], str]
) -> None:
    plugin.answers({"token": token()}, first={"token": "was-revoked"}, seconds=(0.5,))
    rounds = playbook(parts, plugin, workers=10)
    assert rounds[0][0] == [0]
    assert plugin.runs == 2


def test_a_failure_is_shared_by_those_who_waited(parts: Parts, plugin: Plugin) -> None:
    # All of them ask while it runs, or within the three seconds for which a failure is kept.
    plugin.answers({}, seconds=(5,), code=1, stderr="no session\n")
    rounds = playbook(parts, plugin, workers=10)
    assert rounds[0][0] == [2]
    assert plugin.runs == 1


def request(parts: Parts, plugin: Plugin, **user: object) -> None:
    content = json.dumps(parts.with_user(**plugin.user(**user)))
    cluster = connect({"kubeconfig_content": content})
    cluster.request("GET", "/version", deadline=Deadline(LONG), doing="read the version")


def test_a_failing_plugin_is_quoted_without_secrets(parts: Parts, plugin: Plugin) -> None:
    env = [{"name": "LOGIN_SECRET", "value": "c4n4ry-value"}]
    said = "session expired for c4n4ry-value, run: login --password c4n4ry2\n"
    plugin.answers({}, code=17, stderr=said)
    with pytest.raises(CredentialsError) as caught:
        request(parts, plugin, env=env, installHint="Install it from the shop.")
    message = str(caught.value)
    assert "failed with exit code 17: session expired for ********, run: login" in message
    assert message.endswith("Install it from the shop.")
    assert "c4n4ry" not in message


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("no json", "not JSON"),
        ("[]", "no ExecCredential"),
        ('{"kind": "ExecCredential", "status": {"token": "x"}}', "answered in None"),
        (
            json.dumps({"kind": "ExecCredential", "apiVersion": VERSION, "status": {}}),
            "neither a token nor",
        ),
    ],
)
def test_a_plugin_that_answers_something_else(
    parts: Parts, plugin: Plugin, raw: str, words: str
) -> None:
    plugin.answers({}, raw=raw)
    with pytest.raises(CredentialsError, match=words):
        request(parts, plugin)


def test_a_plugin_that_is_not_there(parts: Parts, plugin: Plugin) -> None:
    with pytest.raises(CredentialsError, match="cannot be started: No such file") as caught:
        request(parts, plugin, command="no-such-plugin", installHint="Get it.")
    assert caught.value.advice == "Get it."


def test_a_plugin_that_wants_a_terminal(parts: Parts, plugin: Plugin) -> None:
    with pytest.raises(CredentialsError, match="wants a terminal"):
        request(parts, plugin, interactiveMode="Always")


def test_a_plugin_that_hangs_is_stopped_with_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"sleep 600 & echo $! > {pids}; wait"
    spec = {
        "apiVersion": VERSION,
        "command": "/bin/sh",
        "args": ["-c", script],
    }
    started = time.monotonic()
    with pytest.raises(CredentialsError, match=r"did not answer within 3 s and was stopped"):
        ExecPlugin(spec, {}, timeout=3).run()
    assert time.monotonic() - started < LONG
    state = Path(f"/proc/{pids.read_text().strip()}/stat")

    def ended() -> bool | None:
        try:
            return state.read_text().split()[2] == "Z" or None
        except (FileNotFoundError, ProcessLookupError):
            return True

    eventually(ended, "the plugin's child ends")


def test_a_plugin_is_told_the_cluster_when_it_asks(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    answer = json.dumps(
        {
            "apiVersion": VERSION,
            "kind": "ExecCredential",
            "status": {"token": "x"},
        }
    )
    script = f"printf %s \"$KUBERNETES_EXEC_INFO\" > {seen}; printf %s '{answer}'"
    cluster = {
        "server": "https://example.org",
        "certificate-authority": "/etc/ca.pem",
        "extensions": [{"name": "client.authentication.k8s.io/exec", "extension": {"a": 1}}],
    }
    spec = {
        "apiVersion": VERSION,
        "command": "/bin/sh",
        "args": ["-c", script],
        "provideClusterInfo": True,
    }
    assert ExecPlugin(spec, cluster).run() == ({"token": "x"}, None)
    told = json.loads(seen.read_text())
    assert told["kind"] == "ExecCredential"
    assert told["spec"]["interactive"] is False
    assert told["spec"]["cluster"]["server"] == "https://example.org"
    assert told["spec"]["cluster"]["config"] == {"a": 1}


def test_another_environment_is_another_login(
    parts: Parts, plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    for profile, runs in (("one", 1), ("two", 2), ("one", 2)):
        monkeypatch.setenv("AWS_PROFILE", profile)
        request(parts, plugin)
        assert plugin.runs == runs
