# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of causes."""

from __future__ import annotations

from typing import Any

from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes import diagnosis


def pod(node: str = "n1", ready: str = "False", **status: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": ready}, *status.pop("conditions", [])]
    return {
        "metadata": {"name": f"p-{node}", "uid": f"uid-{node}"},
        "spec": {"nodeName": node},
        "status": {"phase": "Running", "conditions": conditions, **status},
    }


def waiting(reason: str, message: str = "", last: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "containerStatuses": [
            {
                "name": "c",
                "ready": False,
                "state": {"waiting": {"reason": reason, "message": message}},
                "lastState": {"terminated": last} if last else {},
            }
        ]
    }


def daemonset(desired: int, **status: int) -> dict[str, Any]:
    return {
        "metadata": {"uid": "ds", "name": "x", "namespace": "n"},
        "spec": {"template": {"spec": {}}},
        "status": {"desiredNumberScheduled": desired, **status},
    }


def test_reasons_are_grouped_and_bounded() -> None:
    pods = [pod(f"n{i:04}", **waiting("ErrImagePull", "x" * 5000)) for i in range(5000)]
    groups = diagnosis.reasons(daemonset(5000), pods)
    assert len(groups) == 1
    assert groups[0]["cause"] == "ImagePull"
    assert groups[0]["count"] == 5000
    assert groups[0]["nodes"] == ["n0000", "n0001", "n0002", "n0003", "n0004"]
    assert len(diagnosis.in_words(groups)) < 1000
