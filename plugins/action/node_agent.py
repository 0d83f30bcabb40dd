# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module node_agent, run inside the controller's process where possible."""

from __future__ import annotations

from ..module_utils._verbs.node_agent import VERB
from ..plugin_utils.in_process import VerbAction, import_once

# What the filters of the role of that name import, and kinds that most agents come with.
import_once(
    "_spec.api_schema_core",
    "_spec.api_schema_rbac",
    "_spec.export",
    "_spec.tidy",
    "_spec.variants",
)


class ActionModule(VerbAction):
    """See the module node_agent."""

    verb = VERB
