# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A manifest from a file on the controller, clear or vaulted, and parameters laid over it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.integration.api import Api
from tests.integration.harness import both_ways, task
from tests.integration.manifests import NOWHERE, at, full, simple
from tests.integration.verbs import Tasks

_CANARY = "canary-in-the-vault"


def _file(**spec: Any) -> bytes:
    manifest = simple("agent", **spec)
    return yaml.safe_dump(manifest).encode()


def _vaulted(content: bytes, folder: Path, password: str) -> bytes:
    (folder / "password").write_text(password)
    (folder / "secret.yaml").write_bytes(content)
    vault = Path(sys.prefix) / "bin" / "ansible-vault"
    secret, key = str(folder / "secret.yaml"), str(folder / "password")
    command = [str(vault), "encrypt", "--vault-password-file", key, secret]
    subprocess.run(command, check=True, capture_output=True)
    return (folder / "secret.yaml").read_bytes()


def test_a_file_beside_the_playbook_or_in_its_folder_for_files(
    api: Api, two_namespaces: tuple[str, str]
) -> None:
    files = {"agent.yaml": _file(nodeSelector=NOWHERE), "files/other.yaml": _file()}
    tasks = [
        task("create", src="agent.yaml"),
        task("again", src="agent.yaml"),
        task("other", src="other.yaml", name="other", node_selector=NOWHERE),
    ]
    for play, namespace in zip(
        both_ways(api, two_namespaces, tasks, files=files), two_namespaces, strict=True
    ):
        play.done()
        assert [step.changed for step in play.steps] == [True, False, True]
        assert len(play.requests_of("again")) == 1
        assert api.exists(namespace, "agent")
        assert api.exists(namespace, "other")


def test_a_vaulted_file_is_read_and_never_shown(
    api: Api, two_namespaces: tuple[str, str], tmp_path: Path
) -> None:
    plain = _file(nodeSelector=NOWHERE).decode()
    # In a comment, so that nothing but the text of the file has it.
    content = f"# {_CANARY}\n{plain}".encode()
    wrong = content.replace(b"containers:", b"contaniers:")
    files = {
        "agent.yaml": _vaulted(content, tmp_path, "open sesame"),
        "wrong.yaml": _vaulted(wrong, tmp_path, "open sesame"),
        "password": b"open sesame",
    }
    assert _CANARY.encode() not in files["agent.yaml"]
    tasks = [
        task("create", src="agent.yaml") | {"diff": True},
        task("wrong", src="wrong.yaml"),
        task("wrong arguments", src="agent.yaml", wait_timeout="soon"),
    ]
    arguments = ("-vvvv", "--vault-password-file", "password")
    for play, namespace in zip(
        both_ways(api, two_namespaces, tasks, *arguments, files=files),
        two_namespaces,
        strict=True,
    ):
        assert play.step("create").changed
        assert "contaniers" in play.step("wrong").message
        assert play.step("wrong arguments").status == "failed"
        assert api.exists(namespace, "agent")
        assert _CANARY not in play.output
        assert _CANARY not in str(play.steps)


def test_a_vaulted_file_without_its_password_is_told(
    api: Api, two_namespaces: tuple[str, str], tmp_path: Path
) -> None:
    files = {"agent.yaml": _vaulted(_file(), tmp_path, "open sesame")}
    for play in both_ways(api, two_namespaces, [task("create", src="agent.yaml")], files=files):
        assert play.step("create").status == "failed"
        assert "agent.yaml" in play.step("create").message
        assert "vault" in play.step("create").message.lower()
        assert play.requests == []


def test_parameters_are_laid_over_a_definition(api: Api, tasks: Tasks) -> None:
    manifest = full("agent", tasks.namespace)
    tasks.ok(
        definition=manifest,
        name="other",
        labels={"tier": "edge"},
        node_selector=NOWHERE,
        containers=[
            {
                "name": "agent",
                "image": "mirror.example.test/agent:2",
                "env": [{"name": "MODE", "value": "edge"}, {"name": "NEW", "value": "1"}],
                "ports": [{"container_port": 53, "protocol": "UDP", "name": "dns-udp"}],
            }
        ],
        tolerations=[{"operator": "Exists"}],
        update_strategy={"type": "OnDelete"},
    )
    assert not api.exists(tasks.namespace, "agent")
    live = api.daemonset(tasks.namespace, "other")
    pod = live["spec"]["template"]["spec"]
    agent, extra = pod["containers"]
    assert live["metadata"]["labels"] == {"tier": "edge", "extra-label": "1"}
    assert agent["image"] == "mirror.example.test/agent:2"
    assert {v["name"]: v["value"] for v in agent["env"]} == {
        "MODE": "edge",
        "EXTRA": "1",
        "NEW": "1",
    }
    ports = {(p["containerPort"], p["protocol"]): p.get("name") for p in agent["ports"]}
    assert ports == {(53, "TCP"): "dns-tcp", (53, "UDP"): "dns-udp", (8081, "TCP"): "extra"}
    assert extra["name"] == "extra-container"
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert live["spec"]["updateStrategy"] == {"type": "OnDelete"}
    assert at(live, ("spec", "template", "spec", "volumes", 1, "name")) == "extra-volume"


def test_the_namespace_is_the_parameter_or_else_the_definitions_or_else_the_contexts(
    api: Api, tasks: Tasks
) -> None:
    manifest = simple("agent", tasks.namespace, nodeSelector=NOWHERE)
    tasks.ok(definition=manifest, namespace=None)
    assert api.exists(tasks.namespace, "agent")
    tasks.ok(definition=simple("other", "nowhere", nodeSelector=NOWHERE))
    assert api.exists(tasks.namespace, "other")
    checked = tasks.ok(definition=simple("third", nodeSelector=NOWHERE), namespace=None, check=True)
    assert checked.result["daemonset"]["metadata"]["namespace"] == "default"


def test_no_selector_is_the_live_one_or_else_the_name(api: Api, tasks: Tasks) -> None:
    containers = [{"name": "agent", "image": "example.test/agent:1"}]
    tasks.ok(name="one", containers=containers, node_selector=NOWHERE)
    selector = api.daemonset(tasks.namespace, "one")["spec"]["selector"]
    assert selector == {"matchLabels": {"app.kubernetes.io/name": "one"}}
    made = simple("two", tasks.namespace, nodeSelector=NOWHERE)
    made["spec"]["selector"] = {"matchLabels": {"app": "old"}}
    made["spec"]["template"]["metadata"]["labels"] = {"app": "old"}
    api.kubectl("apply", "-f", "-", stdin=made)
    tasks.ok(name="two", containers=containers, node_selector=NOWHERE, adopt=["kubectl"])
    live = api.daemonset(tasks.namespace, "two")
    assert live["spec"]["selector"] == {"matchLabels": {"app": "old"}}
    assert live["spec"]["template"]["metadata"]["labels"] == {"app": "old"}
    tasks.same(name="two", containers=containers, node_selector=NOWHERE)
