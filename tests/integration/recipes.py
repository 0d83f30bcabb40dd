# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recipes of docs/recipes.md: their files, and the commands that the page runs them with."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.integration.api import Api
from tests.integration.harness import ENVIRONMENT, Play, run_in
from tools.environments import places
from tools.environments.surroundings import surroundings

PAGE = places.CHECKOUT / "docs" / "recipes.md"
_SECTION = re.compile(r"^## (.+?)$(.*?)(?=^## |\Z)", re.M | re.S)
_FILE = re.compile(r"^```yaml\n# (\S+)\n(.*?)^```$", re.M | re.S)
_CRON = re.compile(r"^```cron\n(?:\S+ ){5}(.*?)\n```$", re.M)
_SHELL = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)


def titles() -> list[str]:
    """The titles of all recipes, in the order of the page."""
    return [title for title, _text in _SECTION.findall(PAGE.read_text())]


@dataclass
class Recipe:
    """A recipe, laid out in a folder, for the cluster of a kubeconfig."""

    title: str
    folder: Path
    api: Api
    kubeconfig: Path
    commands: list[str]
    # What crontabs run.
    jobs: list[str]
    environment: Path = ENVIRONMENT

    def run(self, command: str, *more: str, variables: Mapping[str, str] | None = None) -> Play:
        """Run a command of the page, with arguments `more` that make it quicker, or fail."""
        assert command in self.commands, f"{self.title!r} shows no {command!r}: {self.commands}"
        program, *arguments = shlex.split(command)
        assert program == "ansible-playbook"
        seen = {"KUBECONFIG": str(self.kubeconfig), **(variables or {})}
        return run_in(
            self.api,
            self.folder,
            [*arguments, *more],
            variables=seen,
            environment=self.environment,
        )

    def mailed(self, job: str) -> str:
        """What cron mails of a job: all that it prints. It ends with 0."""
        done = subprocess.run(
            ["sh", "-c", job.replace("/srv/fleet", str(self.folder))],
            env=surroundings(self.environment, proxies=False, own_home=True)
            | {"KUBECONFIG": str(self.kubeconfig)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=900,
        )
        return done.stdout + done.stderr


def recipe(title: str, folder: Path, api: Api, kubeconfig: Path | None = None) -> Recipe:
    """Take a recipe from the page, and write its files."""
    text = dict(_SECTION.findall(PAGE.read_text()))[title]
    for name, content in _FILE.findall(text):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    commands = [
        line
        for block in _SHELL.findall(text)
        for line in block.replace("\\\n", "").splitlines()
        if line
    ]
    jobs = _CRON.findall(text)
    return Recipe(title, folder, api, kubeconfig or api.cluster.kubeconfig, commands, jobs)
