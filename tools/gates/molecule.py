# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every scenario of molecule, two at a time, on one cluster that is started for them.

python -m tools.gates.molecule [ARGUMENT OF `molecule test`]...
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.cluster import running
from tests.support.molecule import AUDIT_LOG, KUBECONFIG

from ..environments import places

_EACH = ("--all", "--workers", "2", "--continue-on-failure", "--report")


def main() -> int:
    """Run molecule; its exit code, which is not 0 where any scenario failed."""
    with tempfile.TemporaryDirectory() as folder:
        name = f"molecule-{os.getpid()}"
        audit_log = Path(folder, "audit.log")
        # Two nodes are enough for one of them to be unlike the other.
        with running(name, nodes=2, audit_log=audit_log) as cluster:
            seen = {
                **os.environ,
                KUBECONFIG: str(cluster.kubeconfig),
                AUDIT_LOG: str(audit_log),
                "NO_COLOR": "1",
            }
            command = ["molecule", "test", *(sys.argv[1:] or _EACH)]
            return subprocess.run(command, cwd=places.CHECKOUT, env=seen, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
