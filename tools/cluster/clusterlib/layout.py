# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where everything lies: the sources beside this package, and the cache outside the checkout."""

from __future__ import annotations

import os
import re
from pathlib import Path

from .console import ClusterError

TOOL = Path(__file__).resolve().parent.parent
MODULES = TOOL / "modules"
STAGES = TOOL / "stages"

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")


def cache() -> Path:
    """The cache folder: $EVERYNODE_CACHE, else everynode-kubernetes in the user's cache folder."""
    chosen = os.environ.get("EVERYNODE_CACHE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser().resolve() / "everynode-kubernetes"


def clusters() -> Path:
    """The folder that holds one folder for each cluster."""
    return cache() / "clusters"


def cluster_folder(name: str) -> Path:
    """The state folder of one cluster; ClusterError for a name that does not fit in a path."""
    if not _NAME.fullmatch(name):
        raise ClusterError(
            f"{name!r} is no name for a cluster: use up to 40 lower-case letters, digits and "
            "inner dashes"
        )
    return clusters() / name


def cluster_names() -> list[str]:
    """The names of all clusters that have a state folder."""
    folder = clusters()
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if _NAME.fullmatch(entry.name))
