# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things lie: this checkout, the cache outside it, and the checkout seen as a collection."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def cache() -> Path:
    """The folder for what is built once and used again by every checkout of this user."""
    named = os.environ.get("EVERYNODE_CACHE")
    if named:
        return Path(named).expanduser().absolute()
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(caches).expanduser().absolute() / "everynode-kubernetes"


def own() -> Path:
    """The part of the cache that belongs to this checkout alone, so that two of them never meet."""
    key = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]
    folder = cache() / "checkouts" / key
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def files() -> list[Path]:
    """What git tracks or would track, relative to the checkout: neither deleted nor ignored."""
    # Whoever owns the checkout: on build servers that is often somebody else.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listed = subprocess.run(
        [*command, "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        check=True,
        stdout=subprocess.PIPE,
    )
    named = [Path(os.fsdecode(name)) for name in listed.stdout.split(b"\0") if name]
    return [path for path in named if os.path.lexists(CHECKOUT / path)]


def collections() -> Path:
    """A folder for ANSIBLE_COLLECTIONS_PATH and sys.path that shows this checkout as a collection.

    A link is enough for playbooks, for imports and for mypy; ansible-test resolves links and needs
    what is installed (tools/gates/shipping.py).
    """
    folder = own() / "collections"
    link = folder / "ansible_collections" / "everynode" / "kubernetes"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink() or link.readlink() != CHECKOUT:
        # Made aside and moved into place: several processes may do this at once.
        aside = link.with_name(f".kubernetes-{os.getpid()}")
        aside.unlink(missing_ok=True)
        aside.symlink_to(CHECKOUT)
        aside.replace(link)
    return folder
