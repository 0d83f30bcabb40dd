# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which programs a cluster is made of, and their builds in the cache."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from .console import ClusterError, say
from .files import lock
from .gotool import find_go
from .layout import MODULES, cache

_BUILD = ("build", "-trimpath", "-buildvcs=false", "-mod=readonly")
_STRIP = "-s -w"
# What the server tells of itself, and what clients send as their user agent.
_VERSION_PACKAGES = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
_SIGN_OF_LIFE_SECONDS = 15.0


@dataclass(frozen=True)
class Binary:
    """A program to build: the Go module folder here, the package in it, the usual seconds cold."""

    name: str
    module: str
    package: str
    usual_seconds: int


BINARIES = (
    Binary("certificates", "certificates", ".", 15),
    Binary("kubelets", "kubelets", ".", 20),
    Binary("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok", 60),
    Binary("etcd", "etcd", "go.etcd.io/etcd/server/v3", 30),
    Binary("kube-apiserver", "kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", 150),
    Binary(
        "kube-controller-manager",
        "kubernetes",
        "k8s.io/kubernetes/cmd/kube-controller-manager",
        45,
    ),
    Binary("kube-scheduler", "kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler", 10),
    Binary("kubectl", "kubernetes", "k8s.io/kubernetes/cmd/kubectl", 15),
)
# The module whose version names the build; a folder without one is our own program.
_MAIN_MODULES = {
    "kubernetes": "k8s.io/kubernetes",
    "etcd": "go.etcd.io/etcd/server/v3",
    "kwok": "sigs.k8s.io/kwok",
}


def path_of(name: str) -> Path:
    """Where the program called `name` is once it is built."""
    for binary in BINARIES:
        if binary.name == name:
            return _folder(binary.module) / name
    raise ClusterError(f"no program {name}: there are {', '.join(b.name for b in BINARIES)}")


def version_key() -> str:
    """One text that changes whenever any program of the cluster does."""
    return " ".join(sorted({_folder(binary.module).name for binary in BINARIES}))


def ensure_built() -> None:
    """Build what is not in the cache yet; an interrupted build goes on with the next program."""
    if not _missing():
        return
    with lock("build", "builds the programs of the test cluster"):
        missing = _missing()
        if not missing:
            return
        go = find_go()
        seconds = sum(binary.usual_seconds for binary in missing)
        say(
            f"Building {len(missing)} programs of the test cluster into {cache() / 'bin'}, once: "
            f"about {max(1, round(seconds / 60))} min on two cores, downloads included."
        )
        for number, binary in enumerate(missing, start=1):
            _build(go, binary, f"[{number}/{len(missing)}]")


def _missing() -> list[Binary]:
    return [binary for binary in BINARIES if not path_of(binary.name).is_file()]


def _folder(module: str) -> Path:
    """The folder of one module's builds: keyed by the version and by all that goes into them."""
    digest = hashlib.sha256()
    for file in sorted((MODULES / module).iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    digest.update("\0".join((*_BUILD, _linker_flags(module))).encode())
    return cache() / "bin" / f"{module}-{_version(module)}-{digest.hexdigest()[:8]}"


def _version(module: str) -> str:
    if module not in _MAIN_MODULES:
        return "own"
    text = (MODULES / module / "go.mod").read_text(encoding="utf-8")
    match = re.search(rf"^require {re.escape(_MAIN_MODULES[module])} (v\S+)$", text, re.MULTILINE)
    if not match:
        raise ClusterError(f"{MODULES / module}/go.mod does not require {_MAIN_MODULES[module]}")
    return match[1]


def _linker_flags(module: str) -> str:
    if module != "kubernetes":
        return _STRIP
    # Kubernetes' own build sets these; without them everything says that it is v0.0.0.
    version = _version(module)
    major, minor = version.lstrip("v").split(".")[:2]
    variables = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    settings = [f"-X {p}.{key}={val}" for p in _VERSION_PACKAGES for key, val in variables.items()]
    return " ".join((_STRIP, *settings))


def _build(go: Path, binary: Binary, counter: str) -> None:
    folder = _folder(binary.module)
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob(".*.partial"):
        leftover.unlink()
    partial = folder / f".{binary.name}.{os.getpid()}.partial"
    say(f"{counter} {binary.name} {_version(binary.module)} (usually {binary.usual_seconds} s)")
    started = time.monotonic()
    command = [str(go), *_BUILD, f"-ldflags={_linker_flags(binary.module)}"]
    command += ["-o", str(partial), binary.package]
    # Settings of the user's own Go work (a workspace, a vendor flag) must not reach into this.
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"}
    environment["GOTOOLCHAIN"] = "local"
    with tempfile.TemporaryFile(mode="w+", encoding="utf-8", errors="replace") as output:
        with subprocess.Popen(
            command,
            cwd=MODULES / binary.module,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            try:
                _wait(process, started)
            except BaseException:
                # Go's compilers and linkers are processes of their own.
                os.killpg(process.pid, signal.SIGKILL)
                raise
        if process.returncode != 0:
            output.seek(0)
            tail = "".join(output.readlines()[-30:])
            raise ClusterError(f"building {binary.name} failed:\n{tail}")
    os.replace(partial, path_of(binary.name))
    say(f"{counter} {binary.name} built in {time.monotonic() - started:.0f} s")


def _wait(process: subprocess.Popen[bytes], started: float) -> None:
    while True:
        try:
            process.wait(_SIGN_OF_LIFE_SECONDS)
            return
        except subprocess.TimeoutExpired:
            say(f"      ... still building, {time.monotonic() - started:.0f} s")
