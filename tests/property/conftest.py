# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the property tests share."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.integration.api import Api
from tests.integration.verbs import Tasks
from tests.support.cluster import Cluster

# The same examples in each run, so that a gate that passed goes on to pass; the environment
# variable set to "random" asks for others. How long it takes to make up one says only how busy
# the machine is.
_AT_LEISURE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fixed", _AT_LEISURE, derandomize=True, database=None)
settings.register_profile("random", _AT_LEISURE)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


@pytest.fixture(scope="session")
def api(cluster: Cluster) -> Api:
    """The API server of this run's cluster."""
    return Api(cluster)


@pytest.fixture(scope="module")
def tasks(api: Api, request: pytest.FixtureRequest) -> Iterator[Tasks]:
    """Tasks in a namespace of the test's file."""
    namespace = f"property-{_topic(request).replace('_', '-')}"
    api.add_namespace(namespace)
    yield Tasks(api, namespace)
    api.remove_namespace(namespace)


@pytest.fixture(scope="module")
def counts(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """How many examples came to what; shown at the end of the test's file."""
    found: Counter[str] = Counter()
    yield found
    print(f"\n{_topic(request)}: {dict(found)}")


def _topic(request: pytest.FixtureRequest) -> str:
    return str(request.module.__name__).rpartition("test_")[2]
