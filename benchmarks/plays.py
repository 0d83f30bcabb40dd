# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running plays, and when each of their tasks began and ended."""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).resolve().parent
WARM_UP = "warm up"
_OURS = "group/everynode.kubernetes.all"


class VoidError(Exception):
    """A measurement that says nothing, since what was measured went wrong."""


@dataclass(frozen=True)
class Run:
    """One playbook run.

    `seconds` has one entry for each task: from its start to the start of the next, on all hosts;
    so it holds all that a task costs, Ansible's own work included. Tasks named WARM_UP are left
    out. `changed` counts hosts and tasks. `ended` is when the last task ended, in Unix time.
    `peak_mib` is the most memory that Ansible's main process ever held, `worker_mib` the most that
    one of its workers or modules did, what it shares with the main process included.
    """

    seconds: tuple[float, ...]
    changed: int
    ended: float
    peak_mib: float
    worker_mib: float

    @property
    def median(self) -> float:
        """The median task, in seconds."""
        return statistics.median(self.seconds)


def run(
    tasks: Sequence[dict[str, Any]],
    *,
    hosts: int = 0,
    variables: dict[str, Any] | None = None,
    warm_up: bool = True,
    kubeconfig: Path | None = None,
) -> Run:
    """Run a play with these tasks, on localhost or on so many hosts with a local connection.

    With `warm_up`, the first task is run once more, before the others. With `kubeconfig`, our
    modules have it by default. Raises VoidError where a task fails, unless it has
    `ignore_errors`.
    """
    first = [{**tasks[0], "name": WARM_UP}] if warm_up else []
    play = {
        "hosts": "all" if hosts else "localhost",
        "gather_facts": False,
        "vars": variables or {},
        "module_defaults": {_OURS: {"kubeconfig": str(kubeconfig)}} if kubeconfig else {},
        "tasks": [*first, *tasks],
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        playbook, timeline = folder / "playbook.yml", folder / "timeline.jsonl"
        playbook.write_text(json.dumps([play]))
        command: list[str | Path] = ["ansible-playbook", playbook]
        if hosts:
            command += ["-i", _inventory(folder, hosts)]
        with (folder / "output").open("w+") as output:
            code = subprocess.run(
                command, stdout=output, stderr=output, env=_surroundings(timeline), check=False
            ).returncode
            output.seek(0)
            if code:
                raise VoidError(output.read()[-3000:])
        return _read(timeline)


def _surroundings(timeline: Path) -> dict[str, str]:
    return {
        **os.environ,
        "ANSIBLE_CALLBACK_PLUGINS": str(_FOLDER / "callbacks"),
        "ANSIBLE_CALLBACKS_ENABLED": "timeline",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "EVERYNODE_TIMELINE": str(timeline),
    }


def _inventory(folder: Path, hosts: int) -> Path:
    path = folder / "inventory.yml"
    each = {f"host-{number:02}": None for number in range(hosts)}
    variables = {"ansible_connection": "local", "ansible_python_interpreter": _PYTHON}
    path.write_text(yaml.safe_dump({"all": {"hosts": each, "vars": variables}}))
    return path


_PYTHON = "{{ ansible_playbook_python }}"


def _read(timeline: Path) -> Run:
    events = [json.loads(line) for line in timeline.read_text().splitlines()]
    failed = [event["message"] for event in events if event["event"] == "failed"]
    if failed:
        raise VoidError(failed[0])
    marks = [event for event in events if event["event"] in ("task", "end")]
    seconds = tuple(
        following["monotonic"] - mark["monotonic"]
        for mark, following in itertools.pairwise(marks)
        if mark.get("name") != WARM_UP
    )
    finished = [event for event in events if event["event"] == "ok"]
    return Run(
        seconds,
        changed=sum(event["changed"] for event in finished),
        ended=finished[-1]["clock"],
        peak_mib=marks[-1]["peak_kib"] / 1024,
        worker_mib=marks[-1]["worker_kib"] / 1024,
    )
