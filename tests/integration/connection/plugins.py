# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig's credential plugin for tests: it counts how often it was run."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_VERSION = "client.authentication.k8s.io/v1"

_SOURCE = """
import datetime, json, os, sys, time
folder = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(folder, "runs"), "a+") as runs:
    runs.write(f"{os.getpid()}\\n")
    runs.seek(0)
    number = len(runs.readlines())
with open(os.path.join(folder, "behaviour.json")) as file:
    behaviour = json.load(file)

def of_this_run(values):
    return values[min(number, len(values)) - 1]

time.sleep(of_this_run(behaviour["seconds"]))
sys.stderr.write(behaviour["stderr"])
if behaviour["code"]:
    sys.exit(behaviour["code"])
status = behaviour["first"] if number == 1 else behaviour["status"]
if behaviour["valid"]:
    now = datetime.datetime.now(datetime.timezone.utc)
    end = now + datetime.timedelta(seconds=of_this_run(behaviour["valid"]))
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
        valid_seconds: Sequence[float] = (),
        seconds: Sequence[float] = (0,),
        code: int = 0,
        stderr: str = "",
    ) -> None:
        """From now on: this status (another in the very first run) or this text, after so many
        seconds (those of the first run, of the second, ..., of all others), or this failure."""
        behaviour = {
            "seconds": list(seconds),
            "code": code,
            "stderr": stderr,
            "raw": raw,
            "valid": list(valid_seconds),
            "frame": {"apiVersion": _VERSION, "kind": "ExecCredential"},
            "status": status,
            "first": status if first is None else first,
        }
        (self._folder / "behaviour.json").write_text(json.dumps(behaviour))

    @property
    def runs(self) -> int:
        """How often it was started."""
        return len(self._pids())

    @property
    def started(self) -> Path:
        """A file that is there once it was started."""
        return self._folder / "runs"

    def end(self) -> None:
        """End those that still run."""
        for pid in self._pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _pids(self) -> list[int]:
        return (
            [int(line) for line in self.started.read_text().split()]
            if self.started.exists()
            else []
        )

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
