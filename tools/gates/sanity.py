# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run `ansible-test sanity` on the collection as users get it, without containers.

It tries every Python that this machine has. The checkout itself would not do: ansible-test insists
on a folder ansible_collections/NAMESPACE/NAME, and resolves links before it looks.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from ..environments import places
from ..environments.interpreters import folders, interpreters
from .shipping import ship

# ansible-test makes bare virtual environments and downloads a get-pip.py into them, from a server
# that package mirrors do not have. The interpreters' own pip can do what it is for.
_GET_PIP = """\
import subprocess
import sys

wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
subprocess.run([sys.executable, "-m", "ensurepip"], check=True)
subprocess.run([sys.executable, "-m", "pip", "install", "--upgrade", *wanted], check=True)
"""


def main() -> int:
    """Run it, with the arguments of our own command line passed on. Return its exit code."""
    # ansible-test keeps its virtual environments below HOME; every checkout may use them.
    home = places.cache() / "ansible-test" / Path(sys.prefix).name
    cached = home / ".ansible" / "test" / "cache"
    cached.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (cached / f"get_pip_{_pip_version().replace('.', '_')}.py").write_text(_GET_PIP)
        return subprocess.run(
            ["ansible-test", "sanity", "--color", "no", *sys.argv[1:]],
            cwd=ship("sanity").folder,
            env={**os.environ, "HOME": str(home), "PATH": _path()},
            check=False,
        ).returncode


def _pip_version() -> str:
    """The release of pip for which this ansible-test wants a get-pip.py."""
    found = find_spec("ansible_test")
    assert found, "no ansible-test in this environment"
    assert found.submodule_search_locations
    source = Path(found.submodule_search_locations[0], "_internal", "python_requirements.py")
    version = re.search(r"pip='([0-9.]+)'", source.read_text())
    assert version, f"{source} names no release of pip"
    return version[1]


def _path() -> str:
    """PATH with interpreters that run, and without pyenv's shims, which ansible-test trusts."""
    running = [found.path.parent for found in interpreters() if not found.missing]
    ours = Path(sys.prefix) / "bin"
    return os.pathsep.join(map(str, dict.fromkeys([ours, *running, *folders()])))


if __name__ == "__main__":
    sys.exit(main())
