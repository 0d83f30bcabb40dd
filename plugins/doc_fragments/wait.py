# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of modules that wait for a rollout; their specification is WAIT_SPEC in
module_utils/_rollout.
"""

from __future__ import annotations


class ModuleDocFragment:
    """Options for waiting."""

    # For modules that do nothing but wait, too.
    PATIENCE = r"""
options:
  wait_timeout:
    description:
      - The time that the whole task has, in seconds. When it is over, the task fails and names the
        reasons by node.
      - It must be more than the DaemonSet's C(minReadySeconds), as no pod could be available in
        time otherwise.
    type: int
    default: 600
    aliases: [upgrade_timeout_seconds]
  unavailable_budget:
    description:
      - How many eligible nodes may lack an available pod of this template, whatever the reason, in
        a rollout that counts as ready all the same. It is a number or a percentage of the eligible
        nodes, rounded down, such as V(3) or V(10%).
      - The task still waits while pods come forward. It makes use of the budget only when nothing
        has moved for some seconds.
      - The nodes that were excused are told in RV(ignore:rollout.excused). To know them the task
        needs the right to list pods; without that to list nodes, it may know only how many they
        are.
    type: str
  ignore_not_ready_nodes:
    description:
      - How many nodes that are not Ready may lack their pod, as a number or percentage like
        O(unavailable_budget). It is a cap, so that an outage of many nodes is still noticed.
      - The nodes that were excused are told in RV(ignore:rollout.excused). To know them the task
        needs the rights to list pods and nodes.
    type: str
  fail_early:
    description:
      - Whether the task ends before O(wait_timeout) where waiting does not help, because a pod
        crashes again and again, its image cannot be pulled, a quota does not allow it, and the
        like.
      - Nodes that O(unavailable_budget) excuses do not end the task.
    type: bool
    default: true
  failure_grace_seconds:
    description:
      - How long such a cause must last before it ends the task, in seconds.
    type: int
    default: 60
  progress_deadline_seconds:
    description:
      - The task also ends when nothing has come forward for so many seconds. Progress is that one
        more pod is updated, ready or available, that the number of eligible nodes changes, or that
        somebody changes the DaemonSet.
      - The DaemonSet's C(minReadySeconds) come on top of it. While a pod that was deleted is within
        its own grace period, the time does not count.
    type: int
    default: 600
"""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether the task ends only once the rollout has ended. It is ready when the controller has
        seen the change and the pod of every eligible node runs this template and is available.
      - With the update strategy C(OnDelete), where pods of another template run, the task waits
        only until the controller has seen the change. Where there are none, as with a new
        DaemonSet, it waits for the pods.
      - A DaemonSet without an eligible node is ready.
      - The task watches; it does not poll. Progress is shown while it waits, where the callback for
        the standard output is Ansible's C(default) or C(minimal), or that of AWX.
      - Pods are listed only when nothing has come forward for some seconds, to find out why.
      - Where a DaemonSet is removed, the task ends once it and its pods are gone.
    type: bool
    default: true
"""
