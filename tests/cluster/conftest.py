# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster that the tests of the cluster tool share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .simulation import Simulation
from .tool import Cluster, tool

PREFIX = f"t-{os.getpid()}"


@pytest.fixture(scope="package")
def audit_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("audit") / "audit.log"


@pytest.fixture(scope="package")
def shared(audit_log: Path) -> Iterator[Cluster]:
    """A cluster with two nodes and an audit log, for tests that leave it as it was."""
    name = f"{PREFIX}-shared"
    try:
        yield Cluster.up(name, "--nodes", "2", "--audit-log", str(audit_log))
    finally:
        tool("down", "--name", name)


@pytest.fixture
def simulation(shared: Cluster) -> Iterator[Simulation]:
    """A DaemonSet that the test makes, gone afterwards."""
    found = Simulation(shared)
    yield found
    found.delete()
