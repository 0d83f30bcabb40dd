# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the property tests share."""

from __future__ import annotations

import pytest

from tests.integration.api import Api
from tests.support.cluster import Cluster


@pytest.fixture(scope="session")
def api(cluster: Cluster) -> Api:
    """The API server of this run's cluster."""
    return Api(cluster)
