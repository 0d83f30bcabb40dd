# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback plugin that writes down when each task begins and ends, and how large Ansible grew."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

_SECONDS = 5


class CallbackModule(CallbackBase):
    """Writes one line of JSON for each event into the file that EVERYNODE_TIMELINE names."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "timeline"
    CALLBACK_NEEDS_ENABLED = True

    def _note(self, event: str, **more: Any) -> None:
        times = {"monotonic": time.monotonic(), "clock": time.time()}
        with Path(os.environ["EVERYNODE_TIMELINE"]).open("a") as file:
            file.write(json.dumps({"event": event, **times, **more}) + "\n")

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """A task begins, for all of its hosts."""
        self._note("task", name=task.get_name().strip())

    def v2_runner_on_ok(self, result: Any) -> None:
        """A host has finished a task."""
        self._note("ok", changed=bool(result.result.get("changed")))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A host has failed: the measurement is void, unless the play expects it."""
        if ignore_errors:
            self._note("ok", changed=bool(result.result.get("changed")))
        else:
            self._note("failed", message=str(result.result.get("msg")))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The playbook ends; this is Ansible's main process, and this the most it ever held."""
        status = dict(
            line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines()
        )
        # One that has ended counts only once it has been waited for.
        for worker in multiprocessing.active_children():
            worker.join(_SECONDS)
        workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        self._note("end", peak_kib=int(status["VmHWM"].split()[0]), worker_kib=workers)
