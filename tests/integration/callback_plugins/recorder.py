# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes each result of a playbook run, whole, as a line of JSON."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: recorder
type: notification
short_description: Writes each result as a line of JSON
description:
  - Into the file that the variable E(EVERYNODE_RECORD) names.
"""


class CallbackModule(CallbackBase):
    """See the documentation above."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "recorder"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._started: dict[str, float] = {}

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """Note when the task began on a host."""
        self._started[f"{host.get_name()} {task._uuid}"] = time.time()

    def v2_runner_on_ok(self, result: Any) -> None:
        """Write a success."""
        self._write("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Write a failure."""
        self._write("failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """Write that a task was skipped."""
        self._write("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Write that a host was not reached."""
        self._write("unreachable", result)

    def _write(self, status: str, result: Any) -> None:
        # Until ansible-core 2.18 they have an underscore, since 2.19 those warn.
        modern = hasattr(result, "result")
        host = (result.host if modern else result._host).get_name()
        task = result.task if modern else result._task
        record = {
            "host": host,
            "task": task.name,
            "status": status,
            "started": self._started.get(f"{host} {task._uuid}", 0.0),
            "ended": time.time(),
            "result": result.result if modern else result._result,
        }
        with open(os.environ["EVERYNODE_RECORD"], "a", encoding="utf-8") as file:
            file.write(json.dumps(record, default=str) + "\n")
