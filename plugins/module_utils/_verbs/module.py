# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running a verb as an ordinary module, in a process of its own."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .._cluster.libraries import MISSING_LIBRARY, MISSING_TRACEBACK
from .verb import Task, Verb, carry_out


def run_module(verb: Verb) -> None:
    """Parse the module's arguments, carry the verb out and exit."""
    module = AnsibleModule(
        argument_spec=verb.argument_spec,
        mutually_exclusive=[list(names) for names in verb.mutually_exclusive],
        supports_check_mode=True,
    )
    if MISSING_LIBRARY is not None:
        module.fail_json(msg=missing_required_lib(MISSING_LIBRARY), exception=MISSING_TRACEBACK)
    task = Task(module.params, check_mode=module.check_mode, diff_mode=module._diff)
    result = carry_out(verb, task)
    for text in result.pop("warnings", ()):
        module.warn(text)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
