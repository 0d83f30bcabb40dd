# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig's credential plugin for tests: it counts how often it was run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_VERSION = "client.authentication.k8s.io/v1"

_SOURCE = """
import datetime, json, os, sys, time
folder = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(folder, "runs"), "a+") as runs:
    runs.write("run\\n")
    runs.seek(0)
    number = len(runs.readlines())
with open(os.path.join(folder, "behaviour.json")) as file:
    behaviour = json.load(file)
time.sleep(behaviour["seconds"])
sys.stderr.write(behaviour["stderr"])
if behaviour["code"]:
    sys.exit(behaviour["code"])
status = behaviour["first"] if number == 1 else behaviour["status"]
if behaviour["valid"]:
    now = datetime.datetime.now(datetime.timezone.utc)
    end = now + datetime.timedelta(seconds=behaviour["valid"])
    status["expirationTimestamp"] = end.isoformat()
print(behaviour["raw"] or json.dumps({**behaviour["frame"], "status": status}))
"""


class Plugin:
    """A plugin in a folder of its own, whose behaviour can be changed between runs."""

    def __init__(self, folder: Path, status: dict[str, Any]):
        self._folder = folder
        folder.mkdir(exist_ok=True)
        (folder / "plugin.py").write_text(_SOURCE)
        self.answers(status)

    def answers(
        self,
        status: dict[str, Any],
        *,
        first: dict[str, Any] | None = None,
        raw: str = "",
        valid_seconds: float | None = None,
        seconds: float = 0.0,
        code: int = 0,
        stderr: str = "",
    ) -> None:
        """From now on: this status (another in the very first run) or this text, after so many
        seconds, or this failure."""
        behaviour = {
            "seconds": seconds,
            "code": code,
            "stderr": stderr,
            "raw": raw,
            "valid": valid_seconds,
            "frame": {"apiVersion": _VERSION, "kind": "ExecCredential"},
            "status": status,
            "first": status if first is None else first,
        }
        (self._folder / "behaviour.json").write_text(json.dumps(behaviour))

    @property
    def runs(self) -> int:
        """How often it was started."""
        path = self._folder / "runs"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def user(self, **more: Any) -> dict[str, Any]:
        """The user of a kubeconfig who logs in with it."""
        return {
            "exec": {
                "apiVersion": _VERSION,
                "command": sys.executable,
                "args": [str(self._folder / "plugin.py")],
                "interactiveMode": "Never",
                **more,
            }
        }
