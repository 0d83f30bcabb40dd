# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python interpreters of this machine."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Debian's python3 comes without ensurepip, some hand-built ones without ssl: neither can hold a
# virtual environment that pip works in.
_PROBE = """
import json, sys
missing = []
for name in ("ensurepip", "ssl", "venv", "zlib"):
    try:
        __import__(name)
    except ImportError:
        missing.append(name)
print(json.dumps({"version": list(sys.version_info[:3]), "missing": missing}))
"""


@dataclass(frozen=True)
class Interpreter:
    """One that runs, its version, and the standard modules that it lacks."""

    path: Path
    version: tuple[int, int, int]
    missing: tuple[str, ...]

    @property
    def minor(self) -> tuple[int, int]:
        """Such as (3, 13)."""
        return self.version[:2]

    @property
    def dotted(self) -> str:
        """Such as 3.13.0."""
        return ".".join(str(part) for part in self.version)


def interpreters() -> list[Interpreter]:
    """Every Python 3 on PATH or under pyenv, in the order in which PATH would find them."""
    found = []
    seen = set()
    for path in _candidates():
        # Behind the links, so that a virtual environment that happens to be active does not count.
        real = path.resolve()
        if real not in seen:
            seen.add(real)
            interpreter = _probed(real)
            if interpreter:
                found.append(interpreter)
    return found


def folders() -> list[Path]:
    """The folders that hold interpreters: those of PATH, then those of pyenv.

    pyenv's shims are left out: they stand for versions that may not be active, and then fail
    with 127.
    """
    named = [Path(name) for name in os.environ.get("PATH", "").split(os.pathsep) if name]
    return [
        *(folder for folder in named if folder.name != "shims"),
        *sorted(pyenv().glob("versions/*/bin")),
    ]


def pyenv() -> Path:
    """Where pyenv keeps its versions, whether or not it is installed."""
    return Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()


def _candidates() -> Iterator[Path]:
    for folder in folders():
        for path in (folder / "python3", *sorted(folder.glob("python3.[0-9]*"))):
            if path.name.removeprefix("python3").strip(".0123456789") == "" and path.is_file():
                yield path


def _probed(path: Path) -> Interpreter | None:
    try:
        answer = subprocess.run(
            [path, "-I", "-c", _PROBE], capture_output=True, check=True, timeout=300
        )
        facts = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    major, minor, patch = facts["version"]
    return Interpreter(path, (major, minor, patch), tuple(facts["missing"]))
