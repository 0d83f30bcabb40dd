# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module daemonset_logs, run inside the controller's process where possible."""

from __future__ import annotations

from typing import Any

from ..module_utils._verbs.daemonset_logs import VERB
from ..plugin_utils.in_process import VerbAction


class ActionModule(VerbAction):
    """See the module daemonset_logs."""

    verb = VERB

    def _prepared_args(self) -> dict[str, Any]:
        """The task's arguments; a folder on the controller is one beside the playbook, whichever
        folder that was started in.
        """
        args = super()._prepared_args()
        dest = args.get("dest")
        is_here = self._connection.transport in ("local", "ansible.builtin.local")
        if (
            is_here
            and isinstance(dest, str)
            and dest.strip()
            and not dest.startswith(("/", "~", "$"))
        ):
            args["dest"] = self._loader.path_dwim(dest)
        return args
