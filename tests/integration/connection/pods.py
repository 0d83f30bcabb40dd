# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single pods on simulated nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.integration.api import Api, RefusedByServerError, eventually

MERGE = "application/merge-patch+json"


def path_of(namespace: str, name: str) -> str:
    """The API path of a pod."""
    return f"/api/v1/namespaces/{namespace}/pods/{name}"


def add(
    api: Api,
    namespace: str,
    name: str = "agent",
    *,
    node: str = "node-0",
    containers: Sequence[str] = ("main",),
    annotations: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    reason: str = "",
) -> str:
    """Make a pod and wait until its containers run, or wait for that reason; its name."""
    variables = [{"name": key, "value": value} for key, value in (env or {}).items()]
    manifest = {
        "metadata": {"name": name, "annotations": dict(annotations or {})},
        "spec": {
            "nodeName": node,
            "containers": [
                {"name": each, "image": "example/agent:1", "env": variables} for each in containers
            ],
        },
    }

    def made() -> bool | None:
        try:
            api.request("POST", f"/api/v1/namespaces/{namespace}/pods", body=manifest)
        except RefusedByServerError as error:
            # A new namespace gets its account from the controller manager.
            if "error looking up service account" not in str(error):
                raise
            return None
        return True

    eventually(made, f"pod {name} is made")

    def settled() -> bool | None:
        status = api.request("GET", path_of(namespace, name))["status"]
        states = [each["state"] for each in status.get("containerStatuses", [])]
        return (bool(states) and all(_is(state, reason) for state in states)) or None

    eventually(settled, f"pod {name} is there")
    return name


def _is(state: Mapping[str, Any], reason: str) -> bool:
    if reason:
        return bool(state.get("waiting", {}).get("reason") == reason)
    return "running" in state
