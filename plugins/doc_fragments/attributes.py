# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module documents about check mode, differences and where it runs."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of the modules."""

    DOCUMENTATION = r"""
options: {}
requirements:
  - python >= 3.11
  - kubernetes >= 31.0.0
  - PyYAML >= 6.0
attributes:
  check_mode:
    description: Can run in check mode and predict what a run would do, without changing anything.
    support: full
  diff_mode:
    description: Returns what has changed, or in check mode would change, when it is run with
      C(--diff).
    support: full
  idempotent:
    description: A second run with the same parameters changes nothing.
    support: full
  action:
    description: Has an action plugin of the same name, which does the work in the controller's
      process where it can.
    support: full
    details:
      - The task runs in-process where the connection is C(local), with no C(become) and no
        C(async), where C(ansible_python_interpreter) is not set to another interpreter than the
        controller's, and where the controller has the kubernetes client. The result is the same as
        that of the module.
      - Set the variable C(everynode_in_process) to C(never) to run the module in every case.
  action_group:
    description: Takes its defaults from C(module_defaults) of the action group.
    support: full
    membership:
      - everynode.kubernetes.all
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - It only reads.
  diff_mode:
    support: N/A
    details:
      - It changes nothing.
"""
