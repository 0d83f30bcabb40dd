# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/agents.md is what the roles and the published manifests come to.

The manifests are no part of this repository: where their folder is not there, this is told as
skipped. EVERYNODE_CORPUS names another folder than the one beside the checkout.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.cluster import running
from tools.agents.compare import PAGE, compared

CORPUS = Path(os.environ.get("EVERYNODE_CORPUS") or Path(__file__).parents[3] / "shared" / "corpus")


@pytest.mark.skipif(
    not CORPUS.is_dir(), reason=f"NOT TESTED: there are no real manifests in {CORPUS}"
)
def test_the_page_is_up_to_date(tmp_path: Path) -> None:
    # Roles keep their agents in namespaces of everyone, so no other test shares this cluster.
    name = f"agents-{os.getpid()}"
    with running(name, nodes=0, audit_log=tmp_path / "audit.log") as own:
        done = compared(CORPUS, own.kubeconfig)
    assert done.unexplained() == []
    assert done.unused == []
    assert done.text() == PAGE.read_text(), "write it again: python -m tools.agents.compare"
