# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module daemonset_logs in playbooks: the same in-process and as a module; its examples."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gates.documentation import text
from tests.integration.api import OURS, Api, eventually
from tests.integration.harness import alike, both_ways, playbook, run
from tests.integration.speakers import SPEAKER, Speakers
from tests.integration.verbs import Tasks
from tools.environments import places

_TEXT = "café on $(NODE_NAME)\r\n\x00\x1b[31m{{ 1 + 1 }} error\nno end"


@pytest.fixture
def two_speakers(api: Api, two_namespaces: tuple[str, str]) -> tuple[str, str]:
    """Two namespaces with the same DaemonSet."""
    for namespace in two_namespaces:
        annotations = {f"{OURS}log.agent": _TEXT, f"{OURS}log.sidecar": "one\ntwo\n"}
        Tasks(api, namespace).ok(**SPEAKER, pod_annotations=annotations)
    for namespace in two_namespaces:
        api.settled(namespace, "agent")
    return two_namespaces


def _task(name: str, /, **parameters: Any) -> dict[str, Any]:
    return {
        "name": name,
        "everynode.kubernetes.daemonset_logs": {"name": "agent", **parameters},
        "ignore_errors": True,
    }


def test_the_same_both_ways(api: Api, two_speakers: tuple[str, str]) -> None:
    tasks = [
        _task("all"),
        _task("search", search="error", nodes=["node-1"]),
        _task("unknown node", nodes=["node-1", "node-9"]),
        _task("only an unknown node", nodes=["node-9"]),
        _task("together", max_total_bytes=30),
        _task("previous", previous=True),
        _task("faults", search="(", tail_lines=0, mode=600, dest="/dev/null"),
        _task("either", nodes=[], pods=[]),
        _task("unknown parameter", tail=5),
        _task("no container", containers=["agnt"]),
        _task("times", since_time="2026-01-01T00:00:00Z"),
        _task("hidden") | {"no_log": True},
    ]
    unquoted = _task("a time without quotes", since_time=datetime(2026, 1, 1, tzinfo=UTC))
    here, there = both_ways(api, two_speakers, [*tasks, unquoted])
    for task in tasks:
        alike(here.step(task["name"]), there.step(task["name"]), two_speakers)
    for play in (here, there):
        assert play.step("all").status == "ok"
        shown = play.step("all").result["logs"][0]["text"]
        assert shown == "café on node-0\r\n\x00\x1b[31m{{ 1 + 1 }} error\nno end"
        assert play.step("search").result["counts"] == {"node-1": 1}
        assert play.step("faults").status == "failed"
        lines = play.step("times").result["logs"][1]["lines"]
        assert play.step("a time without quotes").result["logs"][1]["lines"] == lines == 2
        assert "no end" not in play.stdout


@pytest.mark.parametrize("arguments", [(), ("--check", "--diff")], ids=["run", "check"])
def test_the_same_files_both_ways(
    api: Api, two_speakers: tuple[str, str], arguments: tuple[str, ...]
) -> None:
    files = {"dest": "logs/{{ inventory_hostname }}", "mode": "0640"}
    tasks = [_task("files", **files), _task("again", **files)]
    for play in both_ways(api, two_speakers, tasks, *arguments):
        assert play.step("files").changed
        # In check mode there is still nothing.
        assert play.step("again").changed == bool(arguments)
        (folder,) = {Path(log["path"]).parent for log in play.step("files").result["logs"]}
        assert folder.is_absolute()
        assert folder.parts[-2:] == ("logs", "localhost")


def test_a_folder_beside_the_playbook(api: Api, two_speakers: tuple[str, str]) -> None:
    """Wherever ansible-playbook was started, and as another way to run it would find it."""
    for namespace, ways in zip(two_speakers, ("auto", "never"), strict=True):
        show = {
            "name": "found",
            "ansible.builtin.command": {"cmd": "ls -l {{ playbook_dir }}/logs"},
        }
        tasks = [_task("files", dest="logs", nodes=["node-1"]), show]
        variables = {"everynode_in_process": ways}
        play = run(api, playbook(api, namespace, tasks, vars=variables)).done()
        lines = play.step("found").result["stdout_lines"][1:]
        assert sorted(line.split()[-1] for line in lines) == [
            "node-1.agent.log",
            "node-1.sidecar.log",
        ]
        assert {line.split()[0].rstrip(".+") for line in lines} == {"-rw-------"}


def test_the_examples(api: Api, namespace: str) -> None:
    """All of them, but for the namespace, where that DaemonSet crashes on two nodes."""
    module = places.CHECKOUT / "plugins" / "modules" / "daemonset_logs.py"
    examples = yaml.safe_load(text(module, "EXAMPLES").replace(": logging\n", f": {namespace}\n"))
    crashes = {
        f"{OURS}simulate": "crash-loop",
        f"{OURS}simulate-on": "node-1,node-2",
        f"{OURS}previous-log": "fatal: no licence\n",
        f"{OURS}log": "connected\nerror: it broke\nrefused\n",
    }
    Tasks(api, namespace).ok(
        name="log-shipper",
        containers=[{"name": "shipper", "image": "example.test/shipper:1"}],
        pod_annotations=crashes,
    )

    def crashed() -> bool | None:
        restarts = {
            pod["spec"]["nodeName"]: pod["status"]["containerStatuses"][0]["restartCount"]
            for pod in api.pods(namespace, "log-shipper")
            if pod["status"].get("containerStatuses")
        }
        return (len(restarts) == 5 and restarts["node-1"] and restarts["node-2"]) or None

    eventually(crashed, "it has crashed on two nodes")
    play = run(api, playbook(api, "default", examples)).done()
    steps = {step.task: step for step in play.steps}
    assert set(steps) == {example["name"] for example in examples}
    assert len(steps["The last lines of all pods"].result["logs"]) == 5
    shown = steps["Show them by node"].result["results"]
    assert "error: it broke" in shown[0]["msg"]
    counts = steps["How often each node failed to send something in the last hour"].result
    assert set(counts["counts"].values()) == {2}
    crashed_logs = steps["Why the containers on two nodes crashed"].result["logs"]
    assert [log["text"] for log in crashed_logs] == ["fatal: no licence\n"] * 2
    files = steps["All logs as files, for a ticket"]
    assert files.changed
    assert files.result["logs"][0]["path"].endswith("/logs/localhost/node-0.shipper.log")


def test_an_absolute_folder(api: Api, namespace: str, tmp_path: Path) -> None:
    """It is taken as it is, in an asynchronous task as well."""
    pods = Speakers(api, namespace)
    pods.tasks.ok(**SPEAKER)
    api.settled(namespace, "agent")
    asynchronous = _task("files", dest=str(tmp_path / "logs")) | {"async": 300, "poll": 1}
    play = run(api, playbook(api, namespace, [asynchronous])).done()
    assert play.step("files").changed
    assert len(list((tmp_path / "logs").iterdir())) == 10
