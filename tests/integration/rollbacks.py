# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of rolling back share: tasks of the module, and the history as it really is."""

from __future__ import annotations

from typing import Any

from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import daemonset_rollback

from tests.integration.api import Api, eventually
from tests.integration.verbs import Outcome, Tasks


def back(tasks: Tasks, **parameters: Any) -> Outcome:
    """A task of daemonset_rollback that must succeed."""
    return tasks.ok(verb=daemonset_rollback.VERB, **{"name": "agent", **parameters})


def no_way_back(tasks: Tasks, **parameters: Any) -> Outcome:
    """A task of daemonset_rollback that must fail."""
    return tasks.fails(verb=daemonset_rollback.VERB, **{"name": "agent", **parameters})


def template(api: Api, namespace: str, name: str = "agent") -> dict[str, Any]:
    """The pod template that the DaemonSet has."""
    found: dict[str, Any] = api.daemonset(namespace, name)["spec"]["template"]
    return found


def image(api: Api, namespace: str, name: str = "agent") -> str:
    """The image of the first container of the template."""
    return str(template(api, namespace, name)["spec"]["containers"][0]["image"])


def observed(api: Api, namespace: str, name: str = "agent") -> dict[str, Any]:
    """The DaemonSet once the controller has seen its last change, and has a revision of it."""

    def seen() -> dict[str, Any] | None:
        live = api.daemonset(namespace, name)
        is_seen = live["status"].get("observedGeneration") == live["metadata"]["generation"]
        return live if is_seen else None

    return eventually(seen, f"the controller sees DaemonSet {namespace}/{name}", every=0.02)


def history(api: Api, namespace: str, name: str = "agent") -> dict[int, str]:
    """The images of a DaemonSet's revisions by their numbers."""
    uid = api.daemonset(namespace, name)["metadata"]["uid"]
    path = f"/apis/apps/v1/namespaces/{namespace}/controllerrevisions"
    return {
        one["revision"]: one["data"]["spec"]["template"]["spec"]["containers"][0]["image"]
        for one in api.request("GET", path)["items"]
        if any(owner["uid"] == uid for owner in one["metadata"]["ownerReferences"])
    }
