# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of the checkout that is not a link, for the tools that insist on one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from ..environments import places


def copy(name: str) -> Path:
    """Copy what git tracks or would track into a fresh tree; return .../everynode/kubernetes in it.

    ansible-test refuses to run outside a folder ansible_collections/NAMESPACE/NAME, and resolves
    links before it looks.
    """
    top = places.own() / name
    shutil.rmtree(top, ignore_errors=True)
    folder = top / "ansible_collections" / "everynode" / "kubernetes"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=places.CHECKOUT,
        check=True,
        stdout=subprocess.PIPE,
    )
    for entry in listed.stdout.split(b"\0"):
        source = places.CHECKOUT / os.fsdecode(entry)
        # A file that is deleted but not yet committed is still listed.
        if entry and (source.is_file() or source.is_symlink()):
            target = folder / os.fsdecode(entry)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    return folder
