# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role makes of its variables, by Ansible itself and without a cluster."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.environments import places

ROLES = places.CHECKOUT / "roles"
TRIED = places.CHECKOUT / "tests" / "roles"


def tried(role: str) -> dict[str, Any]:
    """The variables that the role is tried with everywhere."""
    read: dict[str, Any] = yaml.safe_load((TRIED / f"{role}.yml").read_text())["variables"]
    return read


def rendered(
    wanted: Mapping[str, tuple[str, Mapping[str, Any]]], folder: Path
) -> dict[str, dict[str, Any]]:
    """The parameters of node_agent that roles come to, by the names of `wanted`.

    Args:
        wanted: for each name a role, and the variables that are given to it.
        folder: an empty folder.
    """
    templates = folder / "templates"
    templates.mkdir()
    for role in {role for role, _variables in wanted.values()}:
        for template in (ROLES / role / "templates").iterdir():
            # Where a play looks for templates; roles of one play would look in their own folder.
            (templates / template.name).symlink_to(template)
    plays = [_play(name, role, given, folder) for name, (role, given) in wanted.items()]
    (folder / "play.yml").write_text(json.dumps(plays))
    command = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "play.yml"]
    command += ["-e", f"ansible_python_interpreter={sys.executable}"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in wanted}


def _play(name: str, role: str, given: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    read = [str(ROLES / role / part / "main.yml") for part in ("defaults", "vars")]
    (folder / f"{name}.variables.json").write_text(json.dumps(given))
    return {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars_files": [*read, f"{name}.variables.json"],
        "tasks": [
            {
                "name": "Keep what the role says",
                "ansible.builtin.copy": {
                    "content": "{{ " + role + "__agent | to_json }}",
                    "dest": str(folder / f"{name}.json"),
                    "mode": "0600",
                },
            }
        ],
    }
