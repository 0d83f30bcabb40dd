# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of modules that wait for a rollout; their specification is WAIT_SPEC in
module_utils/_rollout.
"""

from __future__ import annotations


class ModuleDocFragment:
    """Options for waiting."""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether the task ends only once the rollout has ended. It is ready when the controller has
        seen the change and the pod of every eligible node runs this template and is available.
      - With the update strategy C(OnDelete) the task waits only until the controller has seen the
        change.
      - A DaemonSet without an eligible node is ready.
      - The task watches; it does not poll. Progress is shown while it waits, where the callback for
        the standard output is Ansible's C(default) or that of AWX.
      - With O(state=absent), it ends once the DaemonSet and its pods are gone.
    type: bool
    default: true
  wait_timeout:
    description:
      - The time that the whole task has, in seconds. When it is over, the task fails and names the
        reasons by node.
      - It must be more than O(min_ready_seconds), as no pod could be available in time otherwise.
    type: int
    default: 600
    aliases: [upgrade_timeout_seconds]
"""
