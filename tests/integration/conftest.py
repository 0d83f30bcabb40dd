# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces that come and go, and the tests' own view of the cluster."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

import pytest

from tests.integration.api import Api
from tests.integration.verbs import Tasks
from tests.support.cluster import Cluster

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def api(cluster: Cluster) -> Api:
    return Api(cluster)


@pytest.fixture
def namespaces(api: Api, request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """Makes a namespace at each call; all are removed in the end."""
    made = []

    def make() -> str:
        word = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40].strip("-")
        name = f"{word}-{next(_numbers)}"
        api.add_namespace(name)
        made.append(name)
        return name

    yield make
    for name in made:
        api.remove_namespace(name)


@pytest.fixture
def namespace(namespaces: Callable[[], str]) -> str:
    return namespaces()


@pytest.fixture
def two_namespaces(namespaces: Callable[[], str]) -> tuple[str, str]:
    return namespaces(), namespaces()


@pytest.fixture
def tasks(api: Api, namespace: str) -> Tasks:
    return Tasks(api, namespace)
