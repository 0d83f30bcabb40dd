# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module daemonset_exec, run inside the controller's process where possible."""

from __future__ import annotations

from ..module_utils._verbs.daemonset_exec import VERB
from ..plugin_utils.in_process import VerbAction


class ActionModule(VerbAction):
    """See the module daemonset_exec."""

    verb = VERB
