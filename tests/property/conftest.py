# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the property tests share."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from tests.integration.api import Api
from tests.support.cluster import Cluster

# The same examples in each run, so that a gate that passed goes on to pass; the environment
# variable set to "random" asks for others.
settings.register_profile("fixed", derandomize=True, database=None, deadline=None)
settings.register_profile("random", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


@pytest.fixture(scope="session")
def api(cluster: Cluster) -> Api:
    """The API server of this run's cluster."""
    return Api(cluster)
