# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The levels of pod security beside the API server's warnings, on pods that nobody thought of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cases.case import edited
from tests.cases.pod_security import BREACHES, HARMLESS, SecurityCase, restricted_manifest
from tests.integration.api import Api, RefusedByServerError
from tests.integration.pod_security import assert_server_says_the_same, watched_namespaces


@pytest.fixture(scope="module")
def watched(api: Api) -> Iterator[dict[str, str]]:
    with watched_namespaces(api) as names:
        yield names


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases=st.lists(st.sampled_from([*BREACHES, *HARMLESS]), max_size=5))
def test_the_server_says_the_same(
    api: Api, watched: dict[str, str], cases: list[SecurityCase]
) -> None:
    """Several edits of one pod, each of which breaks a control or is harmless alone."""
    manifest: dict[str, Any] = restricted_manifest()
    for case in cases:
        try:
            manifest = edited(manifest, case.edits)
        except TypeError:
            # An earlier edit has taken away what this one changes.
            continue
    try:
        assert_server_says_the_same(api, watched, manifest)
    except RefusedByServerError:
        # Some exclude each other.
        return
