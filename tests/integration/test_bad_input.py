# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong input: one clear message with every fault of the task, and nothing sent to the server."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.integration.api import Api, RefusedByServerError, eventually
from tests.integration.harness import both_ways, task
from tests.integration.manifests import simple
from tests.integration.verbs import Tasks

_AGENT = {"name": "agent", "image": "example.test/agent:1"}
_YAML = yaml.safe_dump(simple("agent"))


def _agent(**fields: Any) -> dict[str, Any]:
    return {"name": "agent", "containers": [{**_AGENT, **fields}]}


def _bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "\n".join(lines) + "\n" + _YAML


# The parameters, and what the message must say.
_WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a wrong name": ({**_agent(), "name": "Agent_1"}, ["name", "Agent_1", "lower"]),
    "a name that is too long": ({**_agent(), "name": "a" * 254}, ["name", "253"]),
    "a wrong namespace": ({**_agent(), "namespace": "No Space"}, ["namespace", "No Space"]),
    "a duplicate port": (
        _agent(ports=[{"container_port": 80}, {"container_port": 80}]),
        ["containers[0].ports[1]", "80"],
    ),
    "a duplicate container": (
        {"name": "agent", "containers": [_AGENT, _AGENT]},
        ["containers[1].name", "agent"],
    ),
    "a duplicate variable": (
        _agent(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
        ["containers[0].env[1]", "A"],
    ),
    "a mount without its volume": (
        _agent(volume_mounts=[{"name": "dta", "mount_path": "/data"}])
        | {"volumes": [{"name": "data", "empty_dir": {}}]},
        ["containers[0].volume_mounts[0].name", "dta", "data"],
    ),
    "a missing image": (
        {"name": "agent", "containers": [{"name": "agent"}]},
        ["containers[0].image"],
    ),
    "two sources for one volume": (
        _agent() | {"volumes": [{"name": "x", "empty_dir": {}, "host_path": {"path": "/x"}}]},
        ["volumes[0]", "one source", "emptyDir", "hostPath"],
    ),
    "no source for a volume given as null": (
        _agent() | {"volumes": [{"name": "x", "host_path": {}}]},
        ["volumes[0].host_path.path"],
    ),
    "a bad quantity": (
        _agent(resources={"limits": {"memory": "64 MB"}}),
        ["containers[0].resources.limits.memory", "64 MB"],
    ),
    "a request above its limit": (
        _agent(resources={"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}),
        ["containers[0].resources.requests.cpu"],
    ),
    "an unknown field": (_agent(imagePulPolicy="Always"), ["imagePulPolicy", "imagePullPolicy"]),
    "an unknown field deep down": (
        _agent(liveness_probe={"http_get": {"prt": 80}}),
        ["containers[0].liveness_probe.http_get.prt", "port"],
    ),
    "a key in both spellings": (
        _agent(image_pull_policy="Always", imagePullPolicy="Always"),
        ["containers[0]", "image_pull_policy", "imagePullPolicy"],
    ),
    "a wrong type": (_agent(args="--verbose"), ["containers[0].args", "list"]),
    "a wrong word": (_agent(image_pull_policy="Allways"), ["image_pull_policy", "Always"]),
    "a port out of range": (_agent(ports=[{"container_port": 70000}]), ["70000", "65535"]),
    "no containers": ({"name": "agent", "containers": []}, ["containers"]),
    "nothing at all": ({}, ["name"]),
    "text that is not YAML": ({"definition": "a: [1, 2"}, ["definition", "YAML"]),
    "YAML that is not a DaemonSet": (
        {"definition": _YAML.replace("DaemonSet", "Deployment")},
        ["definition", "Deployment", "DaemonSet"],
    ),
    "a list": ({"definition": "- 1\n- 2\n"}, ["definition"]),
    "nothing but comments": ({"definition": "# nothing\n---\n"}, ["definition"]),
    "two DaemonSets": (
        {"definition": f"{_YAML}---\n{_YAML}"},
        ["definition", "2 objects", "one task manages one"],
    ),
    "an old apiVersion": (
        {"definition": _YAML.replace("apps/v1", "extensions/v1beta1")},
        ["extensions/v1beta1", "apps/v1"],
    ),
    "a Markdown fence": (
        {"definition": f"```yaml\n{_YAML}```\n"},
        ["definition", "Markdown code fence"],
    ),
    "a bomb of aliases": ({"definition": _bomb()}, ["definition", "alias"]),
    "a deep nesting": ({"definition": "[" * 5000}, ["definition", "deep"]),
    "duplicate keys": (
        {"definition": _YAML.replace("kind: DaemonSet", "kind: DaemonSet\nkind: DaemonSet")},
        ["definition", "kind", "line"],
    ),
    "a tag": ({"definition": "!!python/object:os.system {}"}, ["definition", "tag"]),
    "a tab": ({"definition": "kind:\tDaemonSet\n\tname: x\n"}, ["definition", "tab"]),
    "binary text": ({"definition": "a\x00b"}, ["definition"]),
    "a template that was not rendered": (
        {"definition": _YAML.replace("example.test/agent:1", "{{ image }}")},
        ["template", "quotes"],
    ),
    "images when present": (_agent() | {"images": {"agent": "x:1"}}, ["images", "patched"]),
    "a restart key when present": (_agent() | {"restart_key": "x"}, ["restart_key", "restarted"]),
    "no time to wait": (_agent() | {"wait_timeout": 0}, ["wait_timeout", "0"]),
    "a long description": (_agent() | {"description": "x" * 513}, ["description", "512"]),
    "a selector that misses its pods": (
        _agent() | {"selector": {"match_labels": {"a": "b"}}, "pod_labels": {"a": "c"}},
        ["selector"],
    ),
}


@pytest.mark.parametrize("case", _WRONG)
def test_wrong_input_is_told_and_not_sent(tasks: Tasks, case: str) -> None:
    given, words = _WRONG[case]
    failed = tasks.fails(**given)
    message = failed.result["msg"]
    assert failed.result["error"]["kind"] == "invalid_input", message
    for word in words:
        assert word in message
    assert failed.requests == []
    assert not failed.changed


def test_all_faults_of_a_task_are_told_at_once(tasks: Tasks) -> None:
    failed = tasks.fails(
        name="Agent_1",
        labels={"-": "x"},
        wait_timeout=0,
        containers=[
            {"name": "a", "imag": "x", "ports": [{"container_port": 0}]},
            {"name": "a", "image": "x:1", "resources": {"limits": {"cpu": "lots"}}},
        ],
        volumes=[{"name": "v", "empty_dir": {}, "host_path": {"path": "/v"}}],
        update_strategy={"type": "Rolling"},
    )
    paths = {fault["path"] for fault in failed.result["faults"]}
    assert paths >= {
        "name",
        "wait_timeout",
        "containers[0].imag",
        "containers[0].ports[0].container_port",
        "containers[1].name",
        "containers[1].resources.limits.cpu",
        "volumes[0]",
        "update_strategy.type",
    }
    assert failed.requests == []


# What the offline checks cannot know the server still refuses, and its words are passed on.
def test_what_only_the_server_knows_is_explained(tasks: Tasks, api: Api) -> None:
    policy = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "none", "namespace": tasks.namespace},
        "spec": {"hard": {"count/daemonsets.apps": "0"}},
    }
    api.request("POST", f"/api/v1/namespaces/{tasks.namespace}/resourcequotas", body=policy)

    def refused() -> bool | None:
        try:
            api.apply(simple("probe", tasks.namespace), "tests", dry_run=True)
        except RefusedByServerError as error:
            return "exceeded quota" in str(error.body) or None
        return None

    eventually(refused, "the quota counts")
    failed = tasks.fails(**_agent())
    assert failed.result["error"]["kind"] == "forbidden"
    assert "quota" in failed.result["msg"]
    assert not api.exists(tasks.namespace, "agent")


_SOURCES = {
    "missing.yaml": None,
    "binary.yaml": b"\x7fELF\x02\x01\x01\x00\xff\xfe",
    "null.yaml": b"kind: Daemon\x00Set\n",
    "fenced.yaml": f"```yaml\n{_YAML}```\n".encode(),
    "two.yaml": f"{_YAML}---\n{_YAML}".encode(),
    "bomb.yaml": _bomb().encode(),
    "empty.yaml": b"",
    "utf16.yaml": _YAML.encode("utf-16"),
    "misspelt.yaml": _YAML.replace("containers:", "contaniers:").encode(),
    "huge.yaml": b"# " + b"x" * (4 << 20) + b"\n",
}
_TOLD = {
    "missing.yaml": ["missing.yaml", "Could not find"],
    "binary.yaml": ["binary.yaml", "UTF-8"],
    "null.yaml": ["src"],
    "fenced.yaml": ["src", "Markdown code fence"],
    "two.yaml": ["src", "2 objects"],
    "bomb.yaml": ["src", "alias"],
    "empty.yaml": ["src"],
    "utf16.yaml": ["utf16.yaml", "UTF-8"],
    "misspelt.yaml": ["src.spec.template.spec.contaniers", "containers"],
    "huge.yaml": ["huge.yaml", "larger"],
}


def test_wrong_files_are_told_and_not_sent(api: Api, two_namespaces: tuple[str, str]) -> None:
    tasks = [task(name, src=name) for name in _SOURCES]
    tasks.append(task("folder", src="."))
    files = {name: content for name, content in _SOURCES.items() if content is not None}
    plays = both_ways(api, two_namespaces, tasks, "-vvvv", files=files)
    for play in plays:
        assert play.requests == []
        for name, words in {**_TOLD, "folder": ["src"]}.items():
            step = play.step(name)
            assert step.status == "failed"
            for word in words:
                assert word in step.message, (name, step.message)
            assert "Traceback" not in step.message
        assert "Traceback (most recent call last)" not in play.output


def test_a_message_reads_well(tasks: Tasks) -> None:
    failed = tasks.fails(name="agent", containers=[{"name": "agent", "imag": "x:1"}])
    told = "Invalid input: containers[0].imag: unknown field, did you mean image?"
    assert failed.result["msg"] == told
    failed = tasks.fails(name="Agent", containers=[{"name": "agent", "imag": "x:1"}])
    first, *others = failed.result["msg"].splitlines()
    assert first == "Invalid input, 2 faults:"
    assert "  - containers[0].imag: unknown field, did you mean image?" in others
    assert [line for line in others if line.startswith("  - name: ")]
