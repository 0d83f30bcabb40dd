# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks that are measured: ours, those of kubernetes.core, and those of Ansible itself."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

Task = dict[str, Any]

OURS = "ours"
CORE = "core"
KUBECTL = "kubectl"
# A namespace each, so that no tool meets what another has made.
NAMESPACES = {who: f"bench-{who}" for who in (OURS, CORE, KUBECTL)}
PING: Task = {"name": "ping", "ansible.builtin.ping": {}}
DEBUG: Task = {"name": "debug", "ansible.builtin.debug": {"msg": "nothing"}}
# Runs our modules as kubernetes.core's are run: in a process of their own.
AS_MODULE = {"everynode_in_process": "never"}

_MANIFEST = yaml.safe_load((Path(__file__).resolve().parent / "agent.yml").read_text())


def manifest(name: str, who: str) -> dict[str, Any]:
    """The agent's DaemonSet, under a name and in the namespace of who manages it."""
    made: dict[str, Any] = copy.deepcopy(_MANIFEST)
    made["metadata"] |= {"name": name, "namespace": NAMESPACES[who]}
    return made


def ours(definition: Any, kubeconfig: Path, **more: Any) -> Task:
    """A task of everynode.kubernetes.daemonset."""
    arguments = {"kubeconfig": str(kubeconfig), "definition": definition, **more}
    return {"name": "daemonset", "everynode.kubernetes.daemonset": arguments}


def core(definition: Any, kubeconfig: Path, **more: Any) -> Task:
    """A task of kubernetes.core.k8s."""
    arguments = {"kubeconfig": str(kubeconfig), "definition": definition, **more}
    return {"name": "k8s", "kubernetes.core.k8s": arguments}


def looped(task: Task) -> Task:
    """The same task once for each of the variable `manifests`; its definition has to be `item`."""
    control = {"label": "{{ item.metadata.name }}"}
    return {**task, "loop": "{{ manifests }}", "loop_control": control}
