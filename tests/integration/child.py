# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task of the module daemonset in a process of its own, which a test can kill.

Run as a program, it reads the task's parameters from its standard input, as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.integration.tap import Tap
from tools.environments import places


def run_through(tap: Tap, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """The result of a task that reaches the API server through a tap; None where it was killed."""
    with tempfile.TemporaryDirectory() as folder:
        kubeconfig = Path(folder, "kubeconfig")
        kubeconfig.write_text(json.dumps(_kubeconfig(tap.url)))
        with subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=places.CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            tap.pid = process.pid
            given = json.dumps({"kubeconfig": str(kubeconfig), **parameters})
            output, _nothing = process.communicate(given, timeout=300)
    if tap.killed:
        return None
    result: dict[str, Any] = json.loads(output)
    return result


def _kubeconfig(server: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "tap",
        "clusters": [{"name": "tap", "cluster": {"server": server}}],
        "contexts": [{"name": "tap", "context": {"cluster": "tap", "user": "nobody"}}],
        "users": [{"name": "nobody", "user": {}}],
    }


def _main() -> None:
    sys.path.insert(0, str(places.collections()))
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
    from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import daemonset
    from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.verb import (
        Task,
        carry_out,
    )

    checked = ArgumentSpecValidator(daemonset.VERB.argument_spec).validate(json.load(sys.stdin))
    result = carry_out(daemonset.VERB, Task(checked.validated_parameters))
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    _main()
