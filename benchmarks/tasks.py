# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks that are measured: ours, those of kubernetes.core, and those of Ansible itself."""

from __future__ import annotations

import copy
import importlib
import sys
from pathlib import Path
from typing import Any

import yaml

from tools.environments import places

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
    return {
        "name": "daemonset",
        "everynode.kubernetes.daemonset": _arguments(definition, kubeconfig, more),
    }


def ours_wait(kubeconfig: Path, **more: Any) -> Task:
    """A task of everynode.kubernetes.daemonset_wait."""
    return {
        "name": "daemonset_wait",
        "everynode.kubernetes.daemonset_wait": _arguments(None, kubeconfig, more),
    }


def core(definition: Any, kubeconfig: Path, **more: Any) -> Task:
    """A task of kubernetes.core.k8s."""
    return {"name": "k8s", "kubernetes.core.k8s": _arguments(definition, kubeconfig, more)}


def looped(task: Task, items: list[Any]) -> Task:
    """The same task once for each item."""
    return {**task, "loop": items}


def our_code(name: str) -> Any:
    """What is imported from there: a module of the collection's plugins/module_utils."""
    # Where Ansible finds it, which is a path only from now on.
    folder = str(places.collections())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(
        f"ansible_collections.everynode.kubernetes.plugins.module_utils.{name}"
    )


def _arguments(definition: Any, kubeconfig: Path, more: dict[str, Any]) -> dict[str, Any]:
    given = {"definition": definition} if definition is not None else {}
    return {"kubeconfig": str(kubeconfig), **given, **more}
