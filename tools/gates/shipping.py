# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as users get it: built from this checkout, and installed where nothing else is."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..environments import places


@dataclass(frozen=True)
class Shipped:
    """The archive, and a folder for ANSIBLE_COLLECTIONS_PATH into which it is installed."""

    archive: Path
    collections: Path

    @property
    def folder(self) -> Path:
        """Where the collection itself lies."""
        return self.collections / "ansible_collections" / "everynode" / "kubernetes"


def ship(name: str) -> Shipped:
    """Build and install what git tracks or would track, in a fresh folder of that name.

    Raises CalledProcessError, after ansible-galaxy has said what is wrong.
    """
    top = places.own() / name
    shutil.rmtree(top, ignore_errors=True)
    source = top / "source"
    _copy(source)
    build = ["ansible-galaxy", "collection", "build", "--output-path", str(top)]
    subprocess.run(build, cwd=source, check=True)
    (archive,) = top.glob("*.tar.gz")
    collections = top / "installed"
    collections.mkdir()
    install = ["ansible-galaxy", "collection", "install", "-p", str(collections), str(archive)]
    seen = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections)}
    subprocess.run(install, check=True, env=seen)
    return Shipped(archive, collections)


def _copy(target: Path) -> None:
    """Copy without what git ignores: a build would take along whatever lies about."""
    for path in places.files():
        copied = target / path
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(places.CHECKOUT / path, copied, follow_symlinks=False)
