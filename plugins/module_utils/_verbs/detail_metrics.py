# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pods of DaemonSets use, where the cluster serves metrics (metrics.k8s.io)."""

from __future__ import annotations

from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ClusterError
from .._cluster.daemonsets import label_selector
from .._views.usage import small_metrics, usage_view
from .detail_reading import Reading

_GROUP = "/apis/metrics.k8s.io/v1beta1"
# They are served by a program beside the API server, which may be out of order for long.
_SECONDS = 10.0


def metrics(reading: Reading) -> list[dict[str, Any] | None]:
    """What the pods of each DaemonSet use; None, with a note, where that is not known."""
    measured: dict[str, dict[str, dict[str, Any]]] = {}
    homes = {
        namespace: those
        for namespace, those in reading.by_namespace().items()
        if any(one.pods is not None for one in those)
    }

    def take(namespace: str, one: dict[str, Any]) -> None:
        small = small_metrics(one)
        measured.setdefault(namespace, {})[small["name"]] = small

    def query(namespace: str) -> dict[str, str]:
        those = homes.get(namespace, ())
        if len(those) != 1:
            return {}
        return {"labelSelector": label_selector(those[0].live["spec"]["selector"])}

    deadline = Deadline(min(_SECONDS, reading.deadline.left()))
    try:
        refused = reading.visit(
            _GROUP, "pods", take, namespaces=homes, query=query, deadline=deadline
        ).refused
    except ClusterError as error:
        note = f"The metrics are not known: {error.message}"
        if error.status == 404:
            note = "The cluster serves no metrics of pods (metrics.k8s.io), so none are shown."
        reading.tell(reading.each, note)
        return [None] * len(reading.each)
    reading.tell_refused("metrics", refused)
    params = reading.task.params
    found: list[dict[str, Any] | None] = []
    for one in reading.each:
        if one.pods is None:
            reading.tell([one], "The metrics are not shown, as its pods are not known.")
        if one.pods is None or one.namespace in refused:
            found.append(None)
            continue
        own = measured.get(one.namespace, {})
        found.append(usage_view(one.template, one.pods, own, params["nodes"], params["max_pods"]))
    return found
