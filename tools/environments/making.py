# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a virtual environment once, and finding it again."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from . import places
from .interpreters import Interpreter, interpreters
from .problems import SetupProblemError
from .table import ENVIRONMENTS, Environment

_HEARTBEAT_SECONDS = 15


def environment(name: str) -> Path:
    """The folder of a virtual environment, made first if need be.

    Interrupted half way it is made anew the next time, out of what pip has already downloaded.
    Raises SetupProblemError, which says what is missing.
    """
    wanted = ENVIRONMENTS[name]
    requirements = places.CHECKOUT / wanted.requirements
    interpreter = _suitable(wanted)
    recipe = f"{requirements.read_text()}{wanted.collections_from}{interpreter.path}"
    key = hashlib.sha256(recipe.encode()).hexdigest()[:12]
    folder = places.cache() / "environments" / f"{name}-{interpreter.dotted}-{key}"
    stamp = folder / ".complete"
    if not stamp.exists():
        with _lock(folder, f"the {name} environment"):
            if not stamp.exists():
                _make(wanted, interpreter, requirements, folder)
                stamp.touch()
    return folder


def _suitable(wanted: Environment) -> Interpreter:
    found = interpreters()
    fitting = [
        interpreter
        for interpreter in found
        if wanted.oldest <= interpreter.minor <= wanted.newest and not interpreter.missing
    ]
    if not fitting:
        raise SetupProblemError(_no_interpreter(wanted, found))
    if wanted.prefer_oldest:
        minor = min(interpreter.minor for interpreter in fitting)
        fitting = [interpreter for interpreter in fitting if interpreter.minor == minor]
    return max(fitting, key=lambda interpreter: interpreter.version)


def _no_interpreter(wanted: Environment, found: list[Interpreter]) -> str:
    oldest = ".".join(map(str, wanted.oldest))
    newest = ".".join(map(str, wanted.newest))
    lines = [f"To {wanted.purpose}, Python {oldest} to {newest} is needed. Found:"]
    for interpreter in found:
        lack = f", without {', '.join(interpreter.missing)}" if interpreter.missing else ""
        lines.append(f"  {interpreter.path}: {interpreter.dotted}{lack}")
    if not found:
        lines.append("  none on PATH, none under pyenv")
    lines.append(
        f"Install one, such as `pyenv install {newest}` or, on Debian and Ubuntu, `apt install "
        f"python{oldest} python{oldest}-venv`, and run the same command again."
    )
    return "\n".join(lines)


@contextlib.contextmanager
def _lock(folder: Path, what: str) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _tell(f"Another process is making {what}: waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(wanted: Environment, interpreter: Interpreter, requirements: Path, folder: Path) -> None:
    _tell(
        f"Making the {wanted.name} environment, to {wanted.purpose}, with Python "
        f"{interpreter.dotted} (once; usually about {wanted.seconds} s)"
    )
    started = time.monotonic()
    _run([interpreter.path, "-m", "venv", "--clear", folder], "make a virtual environment")
    python = folder / "bin" / "python"
    pip: list[str | Path] = [python, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    _run([*pip, "install", "--progress-bar", "off", "-r", requirements], "install packages")
    if wanted.collections_from:
        _unpack_collections(wanted, pip, folder)
    _tell(f"The {wanted.name} environment is ready ({time.monotonic() - started:.0f} s): {folder}")


def _unpack_collections(wanted: Environment, pip: list[str | Path], folder: Path) -> None:
    """Put some of the collections of a package into the environment, without its other ninety."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        download = [*pip, "download", "--progress-bar", "off", "--no-deps", "--dest", scratch]
        _run([*download, wanted.collections_from], "download collections")
        (wheel,) = Path(scratch).glob("*.whl")
        prefixes = tuple(f"ansible_collections/{name}/" for name in wanted.collections)
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.startswith(prefixes)]
            archive.extractall(folder / "collections", names)


def _run(command: list[str | Path], purpose: str) -> None:
    """Run a command quietly, but say that it still runs, and show its output if it fails."""
    surroundings = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX")
    }
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=surroundings
        )
        try:
            while True:
                try:
                    code = process.wait(_HEARTBEAT_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    _tell(f"  still at it after {time.monotonic() - started:.0f} s")
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if code:
            log.seek(0)
            last = "".join(f"  {line}" for line in log.readlines()[-20:])
            shown = " ".join(map(str, command))
            raise SetupProblemError(
                f"Could not {purpose}: `{shown}` ended with {code}. It said:\n{last}\n"
                "Where no package index can be reached, set a proxy, PIP_INDEX_URL or "
                "PIP_FIND_LINKS. Run the same command again to go on."
            )


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
