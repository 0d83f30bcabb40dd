# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running playbooks with the real ansible-playbook, in-process and as a module, and comparing."""

from __future__ import annotations

import difflib
import json
import os
import re
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from tests.integration.api import Api, Request
from tools.environments.surroundings import surroundings

ENVIRONMENT = Path(sys.prefix)
_CALLBACKS = Path(__file__).parent / "callback_plugins"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_ADDRESS = re.compile(r"\b10(\.\d{1,3}){3}\b")
_POD = re.compile(r"\b(agent)-[a-z0-9]{5}\b")
# Values that no two runs share, by the name of their field.
# The controller's counts of the pods that run.
AVAILABILITY = frozenset(
    {
        "available",
        "ready_pods",
        "unavailable",
        "numberAvailable",
        "numberReady",
        "numberUnavailable",
    }
)

_OF_THE_RUN = frozenset({"resourceVersion", "resource_version", "revision", "ip", "age_seconds"})


@dataclass(frozen=True)
class Step:
    """One result of a task: of one host, or the only one."""

    task: str
    host: str
    status: str
    result: dict[str, Any]
    started: float
    ended: float

    @property
    def changed(self) -> bool:
        """Whether the task says that it changed something."""
        return bool(self.result["changed"])

    @property
    def message(self) -> str:
        """What a failed task says."""
        return str(self.result["msg"])


@dataclass(frozen=True)
class Play:
    """A run of ansible-playbook."""

    code: int
    stdout: str
    stderr: str
    steps: list[Step]
    job: str
    requests: list[Request] = field(default_factory=list)

    def step(self, task: str) -> Step:
        """The only result of the task of that name."""
        found = [step for step in self.steps if step.task == task]
        assert len(found) == 1, f"{len(found)} results of {task!r}:\n{self.output}"
        return found[0]

    def requests_of(self, task: str) -> list[Request]:
        """What the task of that name asked of the API server."""
        step = self.step(task)
        return [
            request
            for request in self.requests
            if step.started <= datetime.fromisoformat(request.received).timestamp() <= step.ended
        ]

    @property
    def output(self) -> str:
        """All that was printed."""
        return self.stdout + self.stderr

    def done(self) -> Play:
        """This, once it is certain that nothing failed."""
        assert self.code == 0, self.output
        return self


def task(name: str, /, **parameters: Any) -> dict[str, Any]:
    """A task of the module daemonset that goes on when it fails."""
    return {
        "name": name,
        "everynode.kubernetes.daemonset": parameters,
        "ignore_errors": True,
    }


def playbook(
    api: Api, namespace: str, tasks: Sequence[Mapping[str, Any]], **play: Any
) -> list[dict[str, Any]]:
    """A play on this machine whose tasks are told the cluster and the namespace."""
    defaults = {"kubeconfig": str(api.cluster.kubeconfig), "namespace": namespace}
    return [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": {"group/everynode.kubernetes.all": defaults},
            "tasks": list(tasks),
            **play,
        }
    ]


def run(
    api: Api,
    plays: Sequence[Mapping[str, Any]],
    *arguments: str,
    inventory: str | None = None,
    variables: Mapping[str, str] | None = None,
    files: Mapping[str, bytes] | None = None,
    environment: Path = ENVIRONMENT,
) -> Play:
    """Run a playbook, with `arguments` more and `files` beside it."""
    with tempfile.TemporaryDirectory(prefix="everynode-play-") as name:
        folder = Path(name)
        for path, content in (files or {}).items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_bytes(content)
        (folder / "playbook.yml").write_text(yaml.safe_dump(list(plays), sort_keys=False))
        given = ["playbook.yml", *arguments]
        if inventory is not None:
            (folder / "hosts").write_text(inventory)
            given += ["--inventory", "hosts"]
        return run_in(api, folder, given, variables=variables, environment=environment)


def run_in(
    api: Api,
    folder: Path,
    arguments: Sequence[str],
    *,
    variables: Mapping[str, str] | None = None,
    environment: Path = ENVIRONMENT,
) -> Play:
    """Run ansible-playbook in a folder, which keeps what is written there."""
    with tempfile.TemporaryDirectory(prefix="everynode-run-") as name:
        scratch = Path(name)
        record = scratch / "record.jsonl"
        record.touch()
        job = uuid.uuid4().hex[:12]
        seen = surroundings(environment, proxies=False, own_home=True) | {
            "ANSIBLE_CALLBACK_PLUGINS": str(_CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "recorder",
            "ANSIBLE_LOCAL_TEMP": str(scratch / "local"),
            "ANSIBLE_REMOTE_TMP": str(scratch / "remote"),
            "ANSIBLE_ASYNC_DIR": str(scratch / "async"),
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "EVERYNODE_RECORD": str(record),
            # In the User-Agent of each request, and so in the audit log.
            "JOB_ID": job,
            **(variables or {}),
        }
        since = api.mark()
        done = subprocess.run(
            [str(environment / "bin" / "ansible-playbook"), *arguments],
            cwd=folder,
            env=seen,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        steps = [Step(**json.loads(line)) for line in record.read_text().splitlines()]
        requests = api.requests(since, agent=f"awx-job={job}")
        return Play(done.returncode, done.stdout, done.stderr, steps, job, requests)


def both_ways(
    api: Api,
    namespaces: tuple[str, str],
    tasks: Sequence[Mapping[str, Any]],
    *arguments: str,
    handlers: Sequence[Mapping[str, Any]] = (),
    **options: Any,
) -> tuple[Play, Play]:
    """Run the same tasks in-process and as modules, each in a namespace of its own."""
    here, there = namespaces
    plays = [
        playbook(api, here, tasks, handlers=list(handlers)),
        playbook(
            api, there, tasks, handlers=list(handlers), vars={"everynode_in_process": "never"}
        ),
    ]
    # Since ansible-core 2.21 results are without the arguments unless this is set.
    options["variables"] = {"ANSIBLE_INJECT_INVOCATION": "1", **options.get("variables", {})}
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(run, api, play, *arguments, **options) for play in plays]
        first, second = (future.result() for future in running)
    return first, second


def alike(
    here: Step, there: Step, namespaces: tuple[str, str], *, but: Collection[str] = ()
) -> None:
    """Make sure that two whole results are the same, but for what no two runs share.

    That is names, uids, versions, times and addresses, and the keys in `but`, such as
    `AVAILABILITY` where a task ends before the controller has counted.
    """
    left = _neutral({"status": here.status, "result": here.result}, namespaces[0], but)
    right = _neutral({"status": there.status, "result": there.result}, namespaces[1], but)
    assert left == right, "\n" + _difference(left, right)


def _neutral(value: Any, namespace: str, but: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {
            _neutral(name, namespace, but): "OF THE RUN"
            if name in _OF_THE_RUN
            else _neutral(item, namespace, but)
            for name, item in value.items()
            if name not in but
        }
    if isinstance(value, list):
        return [_neutral(item, namespace, but) for item in value]
    if isinstance(value, str):
        text = value.replace(namespace, "NAMESPACE")
        for pattern, word in ((_UUID, "UID"), (_TIME, "TIME"), (_ADDRESS, "IP"), (_POD, r"\1-POD")):
            text = pattern.sub(word, text)
        return text
    return value


def _difference(left: Any, right: Any) -> str:
    here, there = (
        json.dumps(side, indent=1, sort_keys=True, default=str).splitlines()
        for side in (left, right)
    )
    lines = difflib.unified_diff(here, there, "in-process", "as a module", lineterm="", n=4)
    return os.linesep.join(lines)
