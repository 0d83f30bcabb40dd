# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows about the DaemonSet itself: names, texts, labels, updates, sources."""

from __future__ import annotations

import json

from .row import ABSENT, AGENT, Row, refused, row, surprising

_MANIFEST = {
    "kind": "DaemonSet",
    "apiVersion": "apps/v1",
    "metadata": {
        "name": "agent",
        "uid": "5d3c5d5f-9c56-4d0e-9d6c-1b2d3b1f6f00",
        "resourceVersion": "90999552",
        "generation": 1,
        "creationTimestamp": "2023-01-01T00:00:00Z",
        "annotations": {"deprecated.daemonset.template.generation": "1", "note": "kept"},
    },
    "spec": {
        "selector": {"matchLabels": {"app": "agent"}},
        "template": {
            "metadata": {"labels": {"app": "agent"}, "creationTimestamp": None},
            "spec": {
                "containers": [{**AGENT, "resources": {}}, {"name": "side", "image": "side:1"}],
                "securityContext": {},
                "volumes": [{"name": "tmp", "emptyDir": {}}],
            },
        },
    },
    "status": {"desiredNumberScheduled": 4},
}
_FOLDED = f"""\
    kind: DaemonSet
    apiVersion: apps/v1
    metadata: {{name: agent}}
    spec:
      selector: {{matchLabels: {{app: agent}}}}
      template:
        metadata: {{labels: {{app: agent}}}}
        spec:
          containers:
            - name: agent
              image: {AGENT["image"]}
              args:
                - >-
                  --path=/var/lib
                  /x
                - $(NODE)
              env: [{{name: NODE, value: "1"}}]
"""

_SOURCES: list[Row] = [
    row(
        "D1 D18 D19 K8 K10 K12 K30", "from an image", {"C.name": "agent", "C.image": AGENT["image"]}
    ),
    row("D1 D58 K9 L77", "from a manifest", {"P.containers.1.name": "side"}, definition=_MANIFEST),
    row(
        "D58 L86",
        "JSON text",
        {"P.containers.1.name": "side"},
        definition=json.dumps(_MANIFEST),
    ),
    row(
        "D58 Y4",
        "YAML text, indented as a whole",
        {"C.args": ["--path=/var/lib /x", "$(NODE)"]},
        definition=_FOLDED,
    ),
    row(
        "K9 D58",
        "a manifest, then adjusted",
        {
            "C.image": "registry.example/agent:2",
            "P.containers.1.image": "side:1",
            "M.labels.a": "b",
        },
        definition=_MANIFEST,
        containers=[{"name": "agent", "image": "registry.example/agent:2"}],
        labels={"a": "b"},
    ),
    row(
        "K9 Y7",
        "what only the server sets is left out, and empty objects stay",
        {"P.volumes.0.emptyDir": {}, "M.annotations.note": "kept", "P.securityContext": {}},
        definition=_MANIFEST,
    ),
    refused("D1 K9", "nothing to run", "containers", "is empty", containers=[]),
    refused(
        "D58",
        "another kind",
        "definition",
        "Deployment",
        definition={**_MANIFEST, "kind": "Deployment"},
    ),
    refused(
        "L31",
        "claim templates",
        "definition.spec.volumeClaimTemplates",
        "claim templates",
        definition={**_MANIFEST, "spec": {**_MANIFEST["spec"], "volumeClaimTemplates": []}},  # type: ignore[dict-item]
    ),
    refused(
        "K1",
        "replicas",
        "definition.spec.replicas",
        "one pod on each node",
        definition={**_MANIFEST, "spec": {**_MANIFEST["spec"], "replicas": 3}},  # type: ignore[dict-item]
    ),
]

_METADATA: list[Row] = [
    row("D15 K10", "63 characters", {"M.name": "a" * 63}, name="a" * 63),
    refused("D15", "capitals", "name", "lower-case", name="Agent"),
    refused("D15", "a dash at the end", "name", "lower-case", name="agent-"),
    surprising("D15 L84", "dots", "name", "consoles", name="agent.v1"),
    refused("D15 L84", "dots, strictly", "name", "consoles", name="agent.v1", strict_names=True),
    refused("D16", "no namespace's name", "namespace", "name of a namespace", namespace="No Space"),
    row(
        "D17 K11",
        "a description, 256 characters that are more bytes",
        {"M.annotations.kubernetes/io|description": "守" * 256},
        description="守" * 256,
    ),
    surprising("D17 K11 L73", "257 characters", "description", "256", description="守" * 257),
    surprising("D17", "512 characters", "description", "256", description="守" * 512),
    refused("D17", "513 characters", "description", "512", description="守" * 513),
    row(
        "D17 K11",
        "under the key of a console",
        {"M.annotations.kubesphere/io|description": "x"},
        description="x",
        description_annotation="kubesphere.io/description",
    ),
    row(
        "L73",
        "an alias",
        {"M.annotations.kubesphere/io|alias-name": "日志"},
        annotations={"kubesphere.io/alias-name": "日志"},
    ),
    row(
        "D57 K27",
        "labels and annotations of both kinds",
        {
            "M.labels": {"tier": "node"},
            "M.annotations.note": "a b",
            "T.metadata.labels.pod": "1",
            "T.metadata.annotations": {"scrape": "true"},
        },
        labels={"tier": "node"},
        annotations={"note": "a b"},
        pod_labels={"pod": 1},
        pod_annotations={"scrape": "true"},
    ),
    row(
        "L30",
        "JSON in an annotation",
        {"M.annotations.kubesphere/io|imagepullsecrets": '{"agent": "pull"}'},
        annotations={"kubesphere.io/imagepullsecrets": '{"agent": "pull"}'},
    ),
    row(
        "L62",
        "annotations of network plugins",
        {"T.metadata.annotations.k8s/v1/cni/cncf/io|networks": "macvlan"},
        pod_annotations={"k8s.v1.cni.cncf.io/networks": "macvlan"},
    ),
    refused("D57", "a bad label", "labels.tier", "label value", labels={"tier": "a b"}),
    row("D57", "true as a label", {"M.labels.tier": "true"}, labels={"tier": True}),
    row(
        "K27 Y1",
        "a selector of the user's",
        {"S.selector.matchLabels": {"app": "x"}, "T.metadata.labels": {"app": "x"}},
        selector={"match_labels": {"app": "x"}},
    ),
    row(
        "K27",
        "no selector",
        {
            "S.selector.matchLabels": {"app.kubernetes.io/name": "agent"},
            "T.metadata.labels": {"app.kubernetes.io/name": "agent"},
        },
        labels={"never": "selected"},
    ),
    row(
        "Y1",
        "a selector of expressions",
        {"S.selector.matchExpressions.0.values": ["x", "y"]},
        selector={"match_expressions": [{"key": "app", "operator": "In", "values": ["x", "y"]}]},
        pod_labels={"app": "y"},
    ),
    refused(
        "D57 Y1",
        "pod labels that the selector misses",
        "selector.match_labels.app",
        "the pods have",
        selector={"match_labels": {"app": "x"}},
        pod_labels={"app": "y"},
    ),
]


def _rolling(**fields: object) -> dict[str, object]:
    return {"type": "RollingUpdate", "rolling_update": fields}


_R = "S.updateStrategy.rollingUpdate"
_UPDATES: list[Row] = [
    row(
        "D43 L69", "rolling", {"S.updateStrategy.type": "RollingUpdate"}, update_strategy=_rolling()
    ),
    row(
        "D43 L69",
        "lower case",
        {"S.updateStrategy.type": "OnDelete"},
        update_strategy={"type": "ondelete"},
    ),
    refused(
        "D44", "rebuild", "update_strategy.type", '"100%"', update_strategy={"type": "Recreate"}
    ),
    row(
        "D44 D45",
        "what a rebuild is",
        {f"{_R}.maxUnavailable": "100%"},
        update_strategy=_rolling(max_unavailable="100%"),
    ),
    row(
        "D45 L70",
        "a number",
        {f"{_R}.maxUnavailable": 2},
        update_strategy=_rolling(max_unavailable="2"),
    ),
    row(
        "D45",
        "a ratio",
        {f"{_R}.maxUnavailable": "25%"},
        update_strategy=_rolling(max_unavailable="25%"),
    ),
    row(
        "D45 L70",
        "nothing of ours",
        {
            "S.updateStrategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0},
            }
        },
    ),
    refused(
        "D45",
        "above 100 %",
        "update_strategy.rolling_update.max_unavailable",
        "100%",
        update_strategy=_rolling(max_unavailable="101%"),
    ),
    row(
        "Y20",
        "the numbers of both, as the API fills them in",
        {f"{_R}.maxUnavailable": 1, f"{_R}.maxSurge": 0, "S.revisionHistoryLimit": 10},
        update_strategy=_rolling(max_unavailable=1, max_surge=0),
        revision_history_limit=10,
    ),
    row(
        "D46",
        "surge alone",
        {f"{_R}.maxSurge": 1, f"{_R}.maxUnavailable": 0},
        update_strategy=_rolling(max_surge=1),
    ),
    row(
        "D46",
        "surge as a ratio",
        {f"{_R}.maxSurge": "10%", f"{_R}.maxUnavailable": 0},
        update_strategy=_rolling(max_surge="10%"),
    ),
    refused(
        "D46",
        "both, as the console's own defaults are",
        "update_strategy.rolling_update.max_surge",
        "only one of",
        update_strategy=_rolling(max_surge="25%", max_unavailable="25%"),
    ),
    refused(
        "D46",
        "neither",
        "update_strategy.rolling_update.max_unavailable",
        "both 0",
        update_strategy=_rolling(max_surge=0, max_unavailable=0),
    ),
    surprising(
        "D46 K18",
        "surge and a port of the node",
        "update_strategy.rolling_update.max_surge",
        "will hang",
        containers=[{**AGENT, "ports": [{"container_port": 80, "host_port": 80}]}],
        update_strategy=_rolling(max_surge=1),
    ),
    row("D47", "no revisions", {"S.revisionHistoryLimit": 0}, revision_history_limit=0),
    refused(
        "D47", "a boolean", "revision_history_limit", "whole number", revision_history_limit=True
    ),
    refused(
        "D47", "less than none", "revision_history_limit", "0 or more", revision_history_limit=-1
    ),
    row("D49 L71", "0", {"S.minReadySeconds": ABSENT}, min_ready_seconds=0),
    row("D49 L71", "text", {"S.minReadySeconds": 30}, min_ready_seconds="30"),
    refused(
        "D50",
        "less time than pods need",
        "wait_timeout",
        "min_ready_seconds",
        min_ready_seconds=600,
        wait=True,
        wait_timeout=600,
    ),
    surprising(
        "L18",
        "less time than a start may take",
        "wait_timeout",
        "startup probe",
        wait=True,
        wait_timeout=30,
        containers=[{**AGENT, "startup_probe": {"exec": {"command": ["true"]}}}],
        node_selector={"everynode.kubernetes/nowhere": "true"},
    ),
    refused(
        "D50",
        "the field of Deployments",
        "definition.spec.progressDeadlineSeconds",
        "wait_timeout",
        definition={**_MANIFEST, "spec": {**_MANIFEST["spec"], "progressDeadlineSeconds": 600}},  # type: ignore[dict-item]
    ),
    row("D51 L72", "0", {"P.terminationGracePeriodSeconds": 0}, termination_grace_period_seconds=0),
    row(
        "D51",
        "9999",
        {"P.terminationGracePeriodSeconds": 9999},
        termination_grace_period_seconds="9999",
    ),
    surprising(
        "D51",
        "10000",
        "termination_grace_period_seconds",
        "9999",
        termination_grace_period_seconds=10000,
    ),
    refused(
        "D51",
        "a boolean",
        "termination_grace_period_seconds",
        "whole number",
        termination_grace_period_seconds=False,
    ),
]

BASICS = [*_SOURCES, *_METADATA, *_UPDATES]
