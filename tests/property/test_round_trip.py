# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manifest to parameters to manifest, on manifests that nobody thought of: nothing is lost."""

from __future__ import annotations

from typing import Any

from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import InputError
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.export import (
    task_parameters,
)
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.integration.api import Api, RefusedByServerError
from tests.integration.test_round_trip import made_by_server, round_trip
from tests.property.test_checks import manifests


@st.composite
def with_nulls(draw: st.DrawFn) -> dict[str, Any]:
    """A manifest in which a few fields of the first container and of the pod are null or empty."""
    manifest = draw(manifests())
    pod = manifest["spec"]["template"]["spec"]
    nothing: st.SearchStrategy[Any] = st.sampled_from((None, [], {}, "", 0, False))
    for target, keys in (
        (pod, ("affinity", "tolerations", "nodeSelector", "hostNetwork", "dnsPolicy")),
        (pod["containers"][0], ("args", "env", "resources", "stdin", "workingDir")),
        (manifest["metadata"], ("labels", "annotations")),
    ):
        for key in draw(st.lists(st.sampled_from(keys), max_size=1)):
            target[key] = draw(nothing)
    return manifest


@settings(
    max_examples=1000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(manifest=with_nulls())
def test_nothing_is_lost(api: Api, manifest: dict[str, Any]) -> None:
    try:
        expected = made_by_server(api, manifest)
    except RefusedByServerError:
        return
    try:
        note(f"parameters: {task_parameters(manifest)}")
        ours = round_trip(manifest)
    except InputError as error:
        # The one rule of the project's own that these manifests can break.
        if "share its ports" not in str(error):
            raise
        return
    assert made_by_server(api, ours) == expected
    assert made_by_server(api, round_trip(expected)) == expected
