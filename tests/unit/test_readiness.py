# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict on a DaemonSet."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.readiness import verdict


def daemonset(status: dict[str, int], strategy: str = "RollingUpdate") -> dict[str, Any]:
    return {
        "metadata": {"generation": 2, "uid": "u1"},
        "spec": {"updateStrategy": {"type": strategy}, "template": {"spec": {}}},
        "status": status,
    }


def counts(desired: int, updated: int, available: int, observed: int = 2) -> dict[str, int]:
    return {
        "observedGeneration": observed,
        "desiredNumberScheduled": desired,
        "updatedNumberScheduled": updated,
        "numberAvailable": available,
    }


@pytest.mark.parametrize(
    ("obj", "state"),
    [
        pytest.param(daemonset({}), "observing", id="no status yet"),
        pytest.param(daemonset(counts(3, 3, 3, observed=1)), "observing", id="generation"),
        pytest.param(daemonset(counts(3, 2, 3)), "updating", id="old pods are available too"),
        pytest.param(daemonset(counts(3, 3, 2)), "starting", id="not available"),
        pytest.param(daemonset(counts(3, 3, 3)), "ready", id="all"),
        pytest.param(daemonset(counts(0, 0, 0)), "ready", id="no eligible node"),
        pytest.param(daemonset(counts(0, 0, 0, observed=1)), "observing", id="none, unseen"),
        pytest.param(daemonset(counts(3, 0, 3), "OnDelete"), "ready", id="OnDelete"),
        pytest.param(
            daemonset(counts(3, 3, 3, observed=1), "OnDelete"),
            "observing",
            id="OnDelete unseen",
        ),
    ],
)
def test_verdict(obj: dict[str, Any], state: str) -> None:
    found = verdict(obj)
    assert found.state == state
    assert found.ready == (state == "ready")


def test_an_object_on_its_way_out_is_not_ready() -> None:
    obj = daemonset(counts(1, 1, 1))
    obj["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert verdict(obj).state == "deleting"
