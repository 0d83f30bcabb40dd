# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the collection, install it, look at it as a user would, and import it as Galaxy does."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..environments import places
from ..environments.making import environment
from ..environments.surroundings import surroundings
from .shipping import Shipped, ship

# Without containers the importer cannot run ansible-test; the gate `sanity` does.
_IMPORTER_SETTINGS = """\
[galaxy-importer]
LOG_LEVEL_MAIN = INFO
RUN_ANSIBLE_TEST = False
RUN_FLAKE8 = False
RUN_ANSIBLE_LINT = True
OFFLINE_ANSIBLE_LINT = True
CHECK_REQUIRED_TAGS = True
CHECK_CHANGELOG = True
"""
# What users run, each file of which has to reach them.
_SHIPPED = ("meta", "playbooks", "plugins", "roles")
# Development's own: none of it may reach a user.
_NOT_SHIPPED = ("benchmarks", "requirements", "tools", "tests/", "Makefile", ".ci")
_SHIPPED_ALL_THE_SAME = ("tests/", "tests/config.yml")


def main() -> int:
    """Do it all. Return 1 where something is wrong, after saying what."""
    shipped = ship("package")
    faults = [
        *_superfluous(shipped),
        *_missing(shipped),
        *_unreadable(shipped),
        *_imported(shipped),
    ]
    for fault in faults:
        print(f"ERROR: {fault}", flush=True)
    return 1 if faults else 0


def _superfluous(shipped: Shipped) -> Iterator[str]:
    with tarfile.open(shipped.archive) as opened:
        for name in opened.getnames():
            if name.startswith(_NOT_SHIPPED) and name not in _SHIPPED_ALL_THE_SAME:
                yield f"{name} is in the archive: add it to build_ignore in galaxy.yml"


def _missing(shipped: Shipped) -> Iterator[str]:
    for path in places.files():
        if path.parts[0] in _SHIPPED and not (shipped.folder / path).exists():
            yield f"{path} is not in the archive: see build_ignore in galaxy.yml"


def _unreadable(shipped: Shipped) -> Iterator[str]:
    """Let ansible-doc read every module out of what is installed."""
    seen = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(shipped.collections)}
    for module in sorted((shipped.folder / "plugins" / "modules").glob("*.py")):
        name = f"everynode.kubernetes.{module.stem}"
        show = ["ansible-doc", "-t", "module", name]
        if subprocess.run(show, env=seen, stdout=subprocess.DEVNULL, check=False).returncode:
            yield f"ansible-doc cannot show {name} once it is installed"


def _imported(shipped: Shipped) -> Iterator[str]:
    """Run Galaxy's importer. It reports success whatever it found, so its words are read."""
    scratch = shipped.archive.with_name("importer")
    scratch.mkdir()
    settings = scratch / "importer.cfg"
    settings.write_text(_IMPORTER_SETTINGS)
    folder = environment("importer")
    result = subprocess.run(
        [folder / "bin" / "python", "-m", "galaxy_importer.main", shipped.archive],
        cwd=scratch,
        env=_importer_surroundings(folder, settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(result.stdout, flush=True)
    for line in result.stdout.splitlines():
        if "ERROR" in line or "WARNING" in line:
            yield line
    if result.returncode or "completed successfully" not in result.stdout:
        yield f"the importer ended with {result.returncode}"


def _importer_surroundings(folder: Path, settings: Path) -> Mapping[str, str]:
    seen = surroundings(folder, proxies=True, own_home=True)
    # Of the two places where this collection could be found it shall see only the archive.
    del seen["ANSIBLE_COLLECTIONS_PATH"]
    return {**seen, "GALAXY_IMPORTER_CONFIG": str(settings)}


if __name__ == "__main__":
    sys.exit(main())
