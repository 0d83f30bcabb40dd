# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task of the module daemonset in a process of its own, which a test can kill.

Started as a program it reads the task's parameters as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tools.environments import places

if TYPE_CHECKING:
    from tests.integration.rollouts.scenes import Scene


def started(scene: Scene, image: str) -> subprocess.Popen[str]:
    """A process that updates a scene."""
    place = {
        "kubeconfig": str(scene.tasks.api.cluster.kubeconfig),
        "namespace": scene.tasks.namespace,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", __name__], stdin=subprocess.PIPE, cwd=places.CHECKOUT, text=True
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(scene.parameters(image, **place)))
    process.stdin.close()
    return process


def _carry_out(parameters: dict[str, Any]) -> None:
    sys.path.insert(0, str(places.collections()))
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
    from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import daemonset
    from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.verb import (
        Task,
        carry_out,
    )

    checked = ArgumentSpecValidator(daemonset.VERB.argument_spec).validate(parameters)
    task = Task(
        checked.validated_parameters, check_mode=False, diff_mode=False, progress=lambda _line: None
    )
    carry_out(daemonset.VERB, task)


if __name__ == "__main__":
    _carry_out(json.load(sys.stdin))
