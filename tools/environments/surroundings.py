# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment variables that a command of this project runs with."""

from __future__ import annotations

import os
from pathlib import Path

from . import places
from .interpreters import pyenv

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_OF_OTHERS = ("ANSIBLE_", "AWX_", "TOWER_", "MOLECULE_", "PYTEST_", "COVERAGE_")
_OF_PYTHON = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "MYPYPATH")


def surroundings(environment: Path, *, proxies: bool, own_home: bool) -> dict[str, str]:
    """What a command sees: this environment and this collection, nothing of the user's clusters.

    An exported KUBECONFIG or K8S_AUTH_* variable must never lead a test or demo to a cluster that
    is not ours, nor a setting of the user's for Ansible change the outcome. What talks to clusters
    runs without `proxies`; what downloads packages keeps them. With `own_home`, ~/.kube/config and
    ~/.ansible are out of sight too.
    """
    kept = {name: value for name, value in os.environ.items() if _is_kept(name, proxies)}
    return kept | _ours(environment) | (_homely() if own_home else {})


def names_a_cluster(name: str) -> bool:
    """Whether a variable of that name leads to a cluster: kubectl's, kubernetes.core's, a pod's."""
    return name == "KUBECONFIG" or name.startswith(("K8S_AUTH_", "KUBERNETES_SERVICE_"))


def names_a_proxy(name: str) -> bool:
    """Whether a variable of that name puts a proxy in between, in either of its spellings."""
    return name.upper() in _PROXIES


def _is_kept(name: str, proxies: bool) -> bool:
    if names_a_cluster(name) or name.startswith(_OF_OTHERS) or name in _OF_PYTHON:
        return False
    return proxies or not names_a_proxy(name)


def _ours(environment: Path) -> dict[str, str]:
    own = places.own()
    settings = own / "ansible.cfg"
    if not settings.exists():
        settings.write_text("[defaults]\n")
    collections = [places.collections()]
    if (environment / "collections").is_dir():
        collections.append(environment / "collections")
    return {
        "PATH": os.pathsep.join([str(environment / "bin"), os.environ.get("PATH", os.defpath)]),
        "VIRTUAL_ENV": str(environment),
        "EVERYNODE_CACHE": str(places.cache()),
        # Python's own, and ansible-core insists on UTF-8.
        "LC_ALL": "C.UTF-8",
        # An empty file of ours keeps ~/.ansible.cfg and /etc/ansible/ansible.cfg away.
        "ANSIBLE_CONFIG": str(settings),
        "ANSIBLE_HOME": str(own / "ansible"),
        "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(map(str, collections)),
        "MYPYPATH": str(places.collections()),
    }


def _homely() -> dict[str, str]:
    """An empty home folder, without losing what packages and interpreters are found by."""
    home = places.own() / "home"
    home.mkdir(exist_ok=True)
    seen = {"HOME": str(home), "PYENV_ROOT": str(pyenv())}
    for settings in ("~/.config/pip/pip.conf", "~/.pip/pip.conf"):
        path = Path(settings).expanduser()
        if path.exists():
            seen.setdefault("PIP_CONFIG_FILE", os.environ.get("PIP_CONFIG_FILE", str(path)))
    return seen
