# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of the API's types beside the API server's own schema."""

from __future__ import annotations

from tests.support.cluster import Cluster
from tools.generate.schema import module_texts


def test_the_tables_are_what_the_server_says(cluster: Cluster) -> None:
    for path, text in module_texts(str(cluster.kubeconfig)).items():
        assert path.read_text(encoding="utf-8") == text, path.name
