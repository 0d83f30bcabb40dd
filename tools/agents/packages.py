# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages of an agent: found, downloaded and unpacked by apt and dpkg, with nothing installed.

What is unpacked stays in the cache, by the versions of the packages. No root is needed.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..environments import places

_SECONDS = 300
# Every program needs these, so every machine has them.
_ALWAYS_THERE = re.compile(r"libc6|libgcc-s1|libstdc\+\+6|libcrypt1")
# One line of apt-get --print-uris: the address, the file's name, its size and hash.
_URI = re.compile(r"'[^']+' (?P<file>(?P<package>[^_ ]+)_(?P<version>[^_ ]+)_[^ ]+\.deb) ")


class UnavailableError(Exception):
    """An agent cannot be had on this machine, with the reason in the message."""


@dataclass(frozen=True)
class Agent:
    """An agent that Debian has. `extra` are libraries of its plugins, which it only recommends."""

    name: str
    package: str
    program: str
    extra: str = ""


@dataclass(frozen=True)
class Unpacked:
    """An agent that can be run: its files below `folder`, as they would be below /."""

    agent: Agent
    version: str
    folder: Path

    @property
    def program(self) -> Path:
        """The agent's program."""
        return self.folder / self.agent.program

    def libraries(self) -> str:
        """What LD_LIBRARY_PATH has to be for it."""
        found = [*self.folder.glob("usr/lib/*-linux-gnu*"), *self.folder.glob("lib/*-linux-gnu*")]
        return os.pathsep.join(map(str, found))


AGENTS = {
    agent.name: agent
    for agent in (
        Agent(
            "collectd",
            "collectd-core",
            "usr/sbin/collectd",
            extra=r"libmicrohttpd\d+.*|libprotobuf-c\d+.*",
        ),
        Agent("gmond", "ganglia-monitor", "usr/sbin/gmond"),
        Agent("node_exporter", "prometheus-node-exporter", "usr/bin/prometheus-node-exporter"),
    )
}


@functools.cache
def unpacked(name: str) -> Unpacked:
    """An agent, downloaded and unpacked where that was not done before.

    Raises:
        UnavailableError: apt or dpkg are not here, or have no such package.
    """
    agent = AGENTS[name]
    packages = [agent.package, *sorted(_libraries(agent))]
    printed = _run("apt-get", "download", "--print-uris", *packages)
    files = {found["package"]: found for found in _URI.finditer(printed)}
    if agent.package not in files:
        raise UnavailableError(f"apt names no file of {agent.package}")
    version = files[agent.package]["version"].replace("%3a", ":")
    key = hashlib.sha256("\n".join(sorted(one["file"] for one in files.values())).encode())
    folder = places.cache() / "agents" / f"{agent.package}-{version}-{key.hexdigest()[:8]}"
    if not folder.is_dir():
        _unpack(packages, folder)
    return Unpacked(agent, version, folder)


def _libraries(agent: Agent) -> set[str]:
    """The libraries that an agent needs, and those that these need."""
    found = wanted = set(_depends([agent.package], agent.extra))
    # apt takes its time for each start, so it is asked for a whole layer at once.
    while wanted:
        wanted = set(_depends(sorted(wanted))) - found
        found = found | wanted
    return found


def _depends(packages: list[str], extra: str = "") -> Iterator[str]:
    """Libraries that packages depend on, and those of their recommendations that are `extra`."""
    for line in _run("apt-cache", "depends", *packages).splitlines():
        kind, _, name = line.strip(" |").partition(": ")
        is_library = kind in ("Depends", "PreDepends") and name.startswith("lib")
        is_extra = kind in ("Recommends", "Suggests") and extra and re.fullmatch(extra, name)
        if (is_library or is_extra) and not _ALWAYS_THERE.fullmatch(name):
            yield name


def _unpack(packages: list[str], folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as name:
        downloads, files = Path(name) / "packages", Path(name) / "files"
        downloads.mkdir()
        # As root, apt would hand the download to a user who may not write here.
        _run("apt-get", "download", "-o", "APT::Sandbox::User=root", *packages, folder=downloads)
        for package in sorted(downloads.glob("*.deb")):
            _run("dpkg-deb", "-x", str(package), str(files))
        try:
            files.rename(folder)
        except OSError:
            # Somebody else was faster.
            if not folder.is_dir():
                raise


def _run(command: str, *arguments: str, folder: Path | None = None) -> str:
    if not shutil.which(command):
        raise UnavailableError(f"there is no {command} here")
    try:
        ended = subprocess.run(
            [command, *arguments],
            cwd=folder,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise UnavailableError(f"{command} took more than {_SECONDS} s") from late
    if ended.returncode:
        told = (ended.stderr.strip().splitlines() or ["without a word"])[-1]
        raise UnavailableError(f"{command} failed: {told}")
    return ended.stdout
