# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restarting a DaemonSet: the annotation of ``kubectl rollout restart``, under a field manager of
its own.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping
from typing import Any

from .._base.deadline import Deadline
from .._cluster.applying import Applied, apply
from .._cluster.connection import Cluster
from .._cluster.objects import How

MANAGER = "everynode-restart"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
RESTART_KEY = "everynode.kubernetes/restart-key"


def template_annotations(live: dict[str, Any]) -> dict[str, str]:
    """The annotations of a DaemonSet's pod template."""
    found: dict[str, str] = live["spec"]["template"].get("metadata", {}).get("annotations") or {}
    return found


def is_on_delete(live: Mapping[str, Any]) -> bool:
    """Whether the controller leaves pods of another template alone until somebody deletes them."""
    return bool((live["spec"].get("updateStrategy") or {}).get("type") == "OnDelete")


def is_restarted_for(live: dict[str, Any], key: str | None) -> bool:
    """Whether the last keyed restart was for this key, so that there is nothing to do."""
    return key is not None and template_annotations(live).get(RESTART_KEY) == key


def once(
    cluster: Cluster, live: dict[str, Any], key: str | None, dry_run: bool, deadline: Deadline
) -> Applied:
    """Restart, but where the last keyed restart was for this key already.

    Under OnDelete the template is marked and no pod replaced, see `restarting.replace_pods`.
    """
    if is_restarted_for(live, key):
        return Applied(live, live, False)
    return restart(cluster, live, key, dry_run, deadline)


def pods_stay(live: dict[str, Any]) -> str:
    """A warning that a restart only marked the template."""
    metadata = live["metadata"]
    return (
        f"DaemonSet {metadata['namespace']}/{metadata['name']} has the update strategy OnDelete:"
        " its template is marked as restarted, but each pod runs on until somebody deletes it. A"
        " task with wait: true replaces them."
    )


def restart(
    cluster: Cluster, live: dict[str, Any], key: str | None, dry_run: bool, deadline: Deadline
) -> Applied:
    """Replace every pod, as ``kubectl rollout restart`` does.

    The annotation belongs to the field manager ``everynode-restart``, so that a later ``present``
    neither drops nor changes it. The object's uid goes along, so that a namesake made meanwhile is
    refused.
    """
    annotations = template_annotations(live)
    written = {RESTARTED_AT: _moment_after(annotations.get(RESTARTED_AT), deadline)}
    remembered = key if key is not None else annotations.get(RESTART_KEY)
    if remembered is not None:
        written[RESTART_KEY] = remembered
    return _write(cluster, live, written, dry_run, deadline)


def own(
    cluster: Cluster, live: dict[str, Any], annotations: dict[str, str], deadline: Deadline
) -> dict[str, Any]:
    """Make the annotations of a restart, which are there, those of ``everynode-restart``."""
    return _write(cluster, live, annotations, False, deadline).after


def _write(
    cluster: Cluster,
    live: dict[str, Any],
    annotations: dict[str, str],
    dry_run: bool,
    deadline: Deadline,
) -> Applied:
    intent = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {
            "name": live["metadata"]["name"],
            "namespace": live["metadata"]["namespace"],
            "uid": live["metadata"]["uid"],
        },
        "spec": {"template": {"metadata": {"annotations": annotations}}},
    }
    how = How(MANAGER, force=True, dry_run=dry_run)
    return apply(cluster, intent, live, how, deadline)


def _moment_after(last: str | None, deadline: Deadline) -> str:
    """Now, in whole seconds of UTC; a second later where the last restart was in this one."""
    while True:
        now = datetime.datetime.now(datetime.UTC)
        text = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        if text != last or deadline.passed():
            return text
        time.sleep(1 - now.microsecond / 1_000_000)
