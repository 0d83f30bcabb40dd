# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of the API's types beside the API server's own schema."""

from __future__ import annotations

from tests.support.cluster import Cluster
from tools.generate.schema import TARGET, daemonset_table, fetch, module_text


def test_the_table_is_what_the_server_says(cluster: Cluster) -> None:
    document = fetch(str(cluster.kubeconfig))
    assert TARGET.read_text(encoding="utf-8") == module_text(daemonset_table(document))
