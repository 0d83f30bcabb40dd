# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manifests to parameters and back; that nothing is lost is shown against a server."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import InputError
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.export import (
    clean_manifest,
    manifest_of,
    task_of,
    task_parameters,
)

# As a console shows it: the server's fields and defaults, keys in no order, an indented block.
LIVE = """
    status: {numberReady: 3}
    kind: DaemonSet
    apiVersion: apps/v1
    metadata:
      name: disk-agent
      namespace: storage
      uid: 11111111-2222-3333-4444-555555555555
      resourceVersion: '90'
      generation: 1
      creationTimestamp: '2026-01-01T00:00:00Z'
      selfLink: /x
      managedFields: [{manager: x}]
      ownerReferences: [{kind: X, name: x, uid: x, apiVersion: v1}]
      labels: {app.kubernetes.io/managed-by: Helm}
      annotations:
        deprecated.daemonset.template.generation: '1'
        kubectl.kubernetes.io/last-applied-configuration: '{}'
        meta.helm.sh/release-name: disks
    spec:
      revisionHistoryLimit: 10
      selector: {matchLabels: {app: disk-agent}}
      updateStrategy:
        type: RollingUpdate
        rollingUpdate: {maxUnavailable: 1, maxSurge: 0}
      template:
        metadata:
          creationTimestamp: null
          annotations: {kubectl.kubernetes.io/restartedAt: '2026-01-02T00:00:00Z'}
          labels: {app: disk-agent}
        spec:
          hostname: disks
          hostPID: true
          dnsPolicy: ClusterFirst
          restartPolicy: Always
          schedulerName: default-scheduler
          securityContext: {}
          serviceAccount: disk-agent
          serviceAccountName: disk-agent
          terminationGracePeriodSeconds: 30
          volumes:
            - {name: plugins, hostPath: {path: /plugins/, type: ''}}
            - {name: cache, emptyDir: {}}
          tolerations:
            - {operator: Exists}
          containers:
            - name: main
              image: mirror.example/disk-agent:1.2
              imagePullPolicy: IfNotPresent
              resources: {}
              terminationMessagePath: /dev/termination-log
              terminationMessagePolicy: File
              command: [sh, -c, 'rm -f  /a']
              args: ['--path=$(NODE)', '{{ brace }}']
              env:
                - name: NODE
                  valueFrom: {fieldRef: {apiVersion: v1, fieldPath: spec.nodeName}}
              lifecycle:
                preStop: {httpGet: {path: /, port: '80', scheme: HTTP}}
"""
PARAMETERS: dict[str, Any] = {
    "name": "disk-agent",
    "namespace": "storage",
    "labels": {"app.kubernetes.io/managed-by": "Helm"},
    "annotations": {"meta.helm.sh/release-name": "disks"},
    "selector": {"match_labels": {"app": "disk-agent"}},
    "pod_labels": {"app": "disk-agent"},
    "containers": [
        {
            "name": "main",
            "image": "mirror.example/disk-agent:1.2",
            "command": ["sh", "-c", "rm -f  /a"],
            "args": ["--path=$(NODE)", "{{ brace }}"],
            "env": [{"name": "NODE", "value_from": {"field_ref": {"field_path": "spec.nodeName"}}}],
            "lifecycle": {"pre_stop": {"http_get": {"port": 80}}},
        }
    ],
    "volumes": [
        {"name": "plugins", "host_path": {"path": "/plugins/"}},
        {"name": "cache", "empty_dir": {}},
    ],
    "tolerations": [{"operator": "Exists"}],
    "host_pid": True,
    "service_account_name": "disk-agent",
    "definition": {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "spec": {"template": {"spec": {"hostname": "disks"}}},
    },
}


def manifest(**annotations: str) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "annotations": annotations},
        "spec": {
            "selector": {"matchLabels": {"app": "agent"}},
            "template": {
                "metadata": {"labels": {"app": "agent"}},
                "spec": {"containers": [{"name": "main", "image": "agent:1"}]},
            },
        },
    }


def test_a_live_object_becomes_tidy_parameters() -> None:
    assert task_parameters(LIVE) == PARAMETERS


def test_parameters_come_in_the_order_of_the_documentation() -> None:
    assert list(task_parameters(LIVE))[:3] == ["name", "namespace", "labels"]
    assert list(task_parameters(LIVE))[-1] == "definition"


def test_the_source_is_left_alone() -> None:
    source = manifest(a="b")
    before = copy.deepcopy(source)

    task_parameters(source)

    assert source == before


def test_a_task_calls_the_module_by_its_full_name() -> None:
    assert task_of(LIVE) == {
        "name": "Keep DaemonSet disk-agent",
        "everynode.kubernetes.daemonset": PARAMETERS,
    }


def test_a_clean_manifest_has_only_what_its_author_decides() -> None:
    clean = clean_manifest(LIVE)

    assert list(clean) == ["apiVersion", "kind", "metadata", "spec"]
    assert clean["metadata"].keys() == {"name", "namespace", "labels", "annotations"}
    assert clean["spec"].keys() == {"selector", "template"}
    assert clean == manifest_of(PARAMETERS)[0]


@pytest.mark.parametrize(
    ("annotations", "parameters"),
    [
        ({"kubernetes.io/description": "x"}, {"description": "x"}),
        (
            {"kpanda.io/describe": "x", "a": "b"},
            {
                "description": "x",
                "description_annotation": "kpanda.io/describe",
                "annotations": {"a": "b"},
            },
        ),
        (
            {"kubesphere.io/description": "x", "kubernetes.io/description": "y"},
            {"description": "y", "annotations": {"kubesphere.io/description": "x"}},
        ),
        (
            {"kubernetes.io/description": ""},
            {"annotations": {"kubernetes.io/description": ""}},
        ),
    ],
)
def test_descriptions(annotations: dict[str, str], parameters: dict[str, Any]) -> None:
    found = task_parameters(manifest(**annotations))

    assert {key: found[key] for key in found if "desc" in key or "ann" in key} == parameters
    assert manifest_of(found)[0]["metadata"]["annotations"] == annotations


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("kind: Pod", "manifest: is Pod, not a DaemonSet"),
        ("```yaml\nkind: DaemonSet\n```", "manifest: "),
        ("", "manifest: is empty"),
        ({**manifest(), "sepc": {}}, "manifest.sepc: unknown field, did you mean spec?"),
    ],
)
def test_wrong_manifests(source: Any, message: str) -> None:
    with pytest.raises(InputError) as told:
        task_parameters(source)

    assert message in told.value.message


def test_all_faults_at_once_in_the_manifests_own_spelling() -> None:
    source = manifest()
    source["spec"]["minReadySeconds"] = "soon"
    source["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"hostPrt": 1}]

    with pytest.raises(InputError) as told:
        task_parameters(source)

    assert {fault.path for fault in told.value.faults} == {
        "manifest.spec.minReadySeconds",
        "manifest.spec.template.spec.containers[0].ports[0].hostPrt",
    }


def test_a_new_daemonset_gets_what_the_module_would_give_it() -> None:
    made, warnings = manifest_of(
        {
            "name": "agent",
            "containers": [{"name": "main", "image": "agent"}],
            "update_strategy": {"rolling_update": {"max_surge": 1}},
            "change_cause": "first",
        }
    )

    assert made["metadata"] == {
        "name": "agent",
        "annotations": {"kubernetes.io/change-cause": "first"},
    }
    assert made["spec"]["selector"] == {"matchLabels": {"app.kubernetes.io/name": "agent"}}
    assert made["spec"]["template"]["metadata"]["labels"] == {"app.kubernetes.io/name": "agent"}
    assert made["spec"]["updateStrategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert "has no tag" in " ".join(warnings)
