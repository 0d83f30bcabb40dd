# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles of all agents, as tasks of one play and as objects of a cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..environments import places

Object = dict[str, Any]

ROLES = places.CHECKOUT / "roles"
PUBLISHED = Path(__file__).with_name("published.yml")
_COLLECTION = "everynode.kubernetes"
_LABEL = "everynode.kubernetes/agent"
# What an agent's rights are made of.
_RIGHTS = "serviceaccounts,roles,rolebindings,clusterroles,clusterrolebindings"


class RunError(Exception):
    """A command has failed, with what it said in the message."""


@dataclass(frozen=True)
class Agent:
    """What a role has made with its defaults: the DaemonSet, and the objects of its rights."""

    daemonset: Object
    rights: list[Object]


def names() -> list[str]:
    """The roles of agents; the role `node_agent`, which they share, is none."""
    return sorted(role.name for role in ROLES.iterdir() if role.name != "node_agent")


def table() -> dict[str, dict[str, Any]]:
    """What is published for each role."""
    read: dict[str, dict[str, Any]] = yaml.safe_load(PUBLISHED.read_text())
    return read


def tasks(roles: list[str] | None = None, **more: Any) -> list[dict[str, Any]]:
    """A task for each role, which keeps it with its defaults, and with what it cannot do without.

    Args:
        roles: these instead of all.
        more: variables for all of them.
    """
    needed = table()
    return [
        {
            "name": name,
            "ansible.builtin.include_role": {"name": f"{_COLLECTION}.{name}"},
            "vars": {**needed.get(name, {}).get("variables", {}), **more},
        }
        for name in (names() if roles is None else roles)
    ]


def kept(kubeconfig: Path, roles: list[str], kubectl: Path) -> dict[str, Agent]:
    """Run the roles on a cluster, and read back what they have made.

    Raises:
        RunError: a role or kubectl has failed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _play(folder, kubeconfig, roles)
        made = {role: json.loads((folder / f"{role}.json").read_text()) for role in roles}
    daemonsets = _listed(kubectl, kubeconfig, "daemonsets")
    rights = _listed(kubectl, kubeconfig, _RIGHTS, "--selector", _LABEL)
    return {role: _agent(place, daemonsets, rights) for role, place in made.items()}


def as_stored(kubectl: Path, kubeconfig: Path, daemonset: Object) -> Object:
    """A DaemonSet as the API server would store it, defaults filled in; nothing is made.

    Raises:
        RunError: the server would refuse it.
    """
    metadata = {"name": daemonset["metadata"]["name"], "namespace": "default"}
    asked = json.dumps({**daemonset, "metadata": metadata})
    arguments = ("create", "--dry-run=server", "--output=json", "--filename=-")
    stored: Object = json.loads(_run([kubectl, "--kubeconfig", kubeconfig, *arguments], asked))
    return stored


def _play(folder: Path, kubeconfig: Path, roles: list[str]) -> None:
    steps = []
    for task in tasks(roles, node_agent_wait=False):
        # Where it went, as only the role knows its name.
        where = "node_agent__results.results[0].daemonset.metadata"
        note = {"content": "{{ " + where + " | to_json }}", "dest": f"{folder}/{task['name']}.json"}
        steps += [task, {"ansible.builtin.copy": {**note, "mode": "0600"}}]
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable},
        "module_defaults": {f"group/{_COLLECTION}.all": {"kubeconfig": str(kubeconfig)}},
        "tasks": steps,
    }
    playbook = folder / "play.yml"
    playbook.write_text(json.dumps([play]))
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(places.collections())}
    command: list[str | Path]
    command = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", playbook]
    _run(command, environment=environment)


def _agent(place: Mapping[str, Any], daemonsets: list[Object], rights: list[Object]) -> Agent:
    namespace, name = place["namespace"], place["name"]
    (daemonset,) = (
        one
        for one in daemonsets
        if (one["metadata"]["namespace"], one["metadata"]["name"]) == (namespace, name)
    )
    owner = f"{namespace}.{name}"
    return Agent(daemonset, list(_labelled(rights, owner)))


def _labelled(objects: list[Object], owner: str) -> Iterator[Object]:
    return (one for one in objects if one["metadata"]["labels"][_LABEL] == owner)


def _listed(kubectl: Path, kubeconfig: Path, kinds: str, *more: str) -> list[Object]:
    arguments = ("get", kinds, "--all-namespaces", "--output=json", *more)
    listed = json.loads(_run([kubectl, "--kubeconfig", kubeconfig, *arguments]))
    return list(listed["items"])


def _run(
    command: list[str | Path], given: str = "", environment: Mapping[str, str] | None = None
) -> str:
    ended = subprocess.run(
        command, input=given, env=environment, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise RunError((ended.stdout + ended.stderr)[-3000:])
    return ended.stdout
