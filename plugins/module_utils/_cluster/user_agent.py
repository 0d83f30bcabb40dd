# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the API server's audit log names us: version, ansible-core, and the AWX job where there is
one."""

from __future__ import annotations

import re
from collections.abc import Mapping

try:
    from ansible.module_utils.ansible_release import __version__ as _core_version
except ImportError:  # used as a plain library, without Ansible
    _core_version = ""

#: The version of the collection: equal to galaxy.yml's, which a test checks.
COLLECTION_VERSION = "0.1.0"

_JOB_VARIABLES = ("JOB_ID", "AWX_JOB_ID", "TOWER_JOB_ID")


def user_agent(environ: Mapping[str, str]) -> str:
    """The User-Agent header: ``everynode.kubernetes/1.0.0 (ansible-core 2.21.5; awx-job=42)``."""
    notes = []
    if _core_version:
        notes.append(f"ansible-core {_core_version}")
    job = next((environ[name] for name in _JOB_VARIABLES if environ.get(name)), "")
    job = re.sub(r"[^A-Za-z0-9._-]", "", job)[:64]
    if job:
        notes.append(f"awx-job={job}")
    comment = f" ({'; '.join(notes)})" if notes else ""
    return f"everynode.kubernetes/{COLLECTION_VERSION}{comment}"
