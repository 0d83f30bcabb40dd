# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share: the collection as Ansible sees it, a real cluster for those that ask."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from tests.support.cluster import Cluster, running
from tools.environments import places
from tools.environments.surroundings import names_a_cluster, names_a_proxy

# Importable as ansible_collections.everynode.kubernetes, as inside Ansible.
sys.path.insert(0, str(places.collections()))

# The gates come without these. Here it holds for a pytest that is started by hand, too: no test
# may reach a server that tools/cluster did not start.
for _name in list(os.environ):
    if names_a_cluster(_name) or names_a_proxy(_name):
        del os.environ[_name]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of this run's own, with five nodes and an audit log, gone when the run ends.

    Where it cannot be had, every test that wants it is an error: none is skipped.
    """
    # Each process has one of its own, so that runs side by side never meet.
    name = f"test-{os.getpid()}"
    audit_log = tmp_path_factory.mktemp("cluster") / "audit.log"
    with running(name, nodes=5, audit_log=audit_log) as started:
        yield started
