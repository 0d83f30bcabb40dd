# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manifest to parameters to manifest: the API server makes the same object of both ends."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.export import (
    clean_manifest,
    manifest_of,
    task_parameters,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.fields import PARAMETERS
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.parse import (
    parse_definition,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.yaml_text import (
    read_documents,
)

from tests.cases import CASES, Case, good_manifest
from tests.cases.case import REMOVED, fine
from tests.integration.api import Api, RefusedByServerError

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
SEEDS = CORPUS.with_name("seeds")
_BLOCK = re.compile(r"^ *```yaml\n(.*?)^ *```$", re.M | re.S)
# What is another at each request.
_OF_THE_REQUEST = ("uid", "creationTimestamp", "managedFields", "resourceVersion", "generation")
# Has a key twice, so it is not read at all.
_TWO_VALUES = "kubernetes_kops__p_models_cloudup_resources_addons_metadata-proxy"
_VOLUMES: dict[str, dict[str, Any]] = {
    "logs": {"hostPath": {"path": "/x"}},
    "iscsi": {"iscsi": {"targetPortal": "a:1", "iqn": "iqn.2001-04.a:b", "lun": 0}},
    "rbd": {"rbd": {"monitors": ["a"], "image": "x"}},
    "azure": {"azureDisk": {"diskName": "a", "diskURI": "https://a/b"}},
    "scale": {
        "scaleIO": {
            "gateway": "g",
            "system": "s",
            "secretRef": {"name": "x"},
            "volumeName": "v",
        }
    },
    "secret": {"secret": {"secretName": "x"}},
    "projected": {"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
    "downward": {
        "downwardAPI": {"items": [{"path": "x", "fieldRef": {"fieldPath": "metadata.name"}}]}
    },
    "ephemeral": {
        "ephemeral": {
            "volumeClaimTemplate": {
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "1Gi"}},
                }
            }
        }
    },
}
# Fields that the server fills in, as it does, and values that it does not store.
_WRITTEN_OUT: dict[str, dict[str, Any]] = {
    "null in maps": {"M.labels.x": None, "M.annotations.y": None, "P.nodeSelector": {"z": None}},
    "null in objects": {"P.hostNetwork": None, "P.affinity": None, "C.env.0.valueFrom": None},
    "null lists and objects": {"C.args": None, "P.tolerations": None, "P.securityContext": None},
    "empty lists": {"C.args": [], "C.env": [], "P.tolerations": [], "P.imagePullSecrets": []},
    "empty maps": {"P.nodeSelector": {}, "M.annotations": {}, "C.resources.limits": {}},
    "empty objects": {
        "C.securityContext": {},
        "P.affinity": {},
        "P.dnsConfig": {},
        "C.lifecycle": {},
    },
    "empty objects of the server": {"C.resources": {}, "P.securityContext": {}},
    "zeros": {"S.minReadySeconds": 0, "S.revisionHistoryLimit": 0, "C.stdin": False},
    "zeros that count": {"P.terminationGracePeriodSeconds": 0, "C.securityContext.runAsUser": 0},
    "no resources": {"C.resources": {"limits": {}, "requests": {}}},
    "an empty strategy": {"S.updateStrategy": {}},
    "the default strategy": {
        "S.updateStrategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0},
        }
    },
    "a strategy without its type": {"S.updateStrategy": {"rollingUpdate": {"maxSurge": 0}}},
    "OnDelete": {"S.updateStrategy": {"type": "OnDelete"}},
    "OnDelete with numbers": {
        "S.updateStrategy": {"type": "OnDelete", "rollingUpdate": {"maxUnavailable": 1}}
    },
    "OnDelete with all numbers": {
        "S.updateStrategy": {
            "type": "OnDelete",
            "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0},
        }
    },
    "OnDelete with nothing": {"S.updateStrategy": {"type": "OnDelete", "rollingUpdate": {}}},
    "a surge": {"S.updateStrategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": "10%"}}},
    "a surge of nothing": {"S.updateStrategy": {"rollingUpdate": {"maxSurge": "0%"}}},
    "both accounts": {"P.serviceAccount": "a", "P.serviceAccountName": "a"},
    "the old account": {"P.serviceAccount": "a"},
    "two accounts": {"P.serviceAccount": "a", "P.serviceAccountName": "b"},
    "a volume of nothing": {"V.hostPath": REMOVED, "V.emptyDir": {}},
    "a volume of defaults": {"V.hostPath.type": "", "P.volumes.1.configMap.defaultMode": 420},
    "a projected volume of nothing": {"V.hostPath": REMOVED, "V.projected": {"sources": []}},
    "the host's port": {"P.hostNetwork": True, "C.ports.0.hostPort": 9100},
    "no host port": {"C.ports.0.hostPort": 0},
    "a request as its limit": {"C.resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}},
    "pull policies of digests": {"C.imagePullPolicy": "IfNotPresent"},
    "always with a tag": {"C.image": "a:1", "C.imagePullPolicy": "Always"},
    "always with latest": {"C.image": "a:latest", "C.imagePullPolicy": "Always"},
    "always without tag": {"C.image": "r.example:5000/a/b", "C.imagePullPolicy": "Always"},
    "missing with latest": {"C.image": "a", "C.imagePullPolicy": "IfNotPresent"},
    "an image that is none": {"C.image": "A:latest", "C.imagePullPolicy": "Always"},
    "latest with a digest": {
        "C.image": "a:latest@sha256:" + "b" * 64,
        "C.imagePullPolicy": "IfNotPresent",
    },
    "a digest alone": {"C.image": "a@sha256:" + "b" * 64, "C.imagePullPolicy": "Always"},
    "a probe of defaults": {
        "C.livenessProbe": {
            "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
            "timeoutSeconds": 1,
            "initialDelaySeconds": 0,
        },
        "C.readinessProbe": {"grpc": {"port": 80, "service": ""}},
        "C.lifecycle": {"preStop": {"httpGet": {"path": "/", "port": "metrics"}}},
    },
    "defaults of a pod that are none of a template": {"P.enableServiceLinks": True},
    "volumes with defaults of their own": {
        "P.volumes": [{"name": name, **source} for name, source in _VOLUMES.items()]
    },
    "fields of the pod": {
        "C.env.1.valueFrom.fieldRef.apiVersion": "v1",
        "C.env.0": {
            "name": "CPU",
            "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}},
        },
    },
    "no parameter for it": {"P.hostname": "h", "T.metadata.name": "n", "P.subdomain": "s"},
    "finalizers": {"M.finalizers": ["example.com/x"]},
    "a description": {"M.annotations.kubernetes/io|description": "what it does"},
    "no description": {"M.annotations.kubernetes/io|description": ""},
    "a description of a console": {"M.annotations.kpanda/io|describe": "what it does"},
    "descriptions": {
        "M.annotations.kubesphere/io|description": "one",
        "M.annotations.kubernetes/io|description": "two",
    },
}


def made_by_server(api: Api, manifest: dict[str, Any]) -> dict[str, Any]:
    """What the server would make of a manifest: everything but what no manifest decides."""
    sent = copy.deepcopy(manifest)
    sent["metadata"]["namespace"] = "default"
    made = api.apply(sent, "tests", dry_run=True)
    for key in _OF_THE_REQUEST:
        made["metadata"].pop(key, None)
    made.pop("status", None)
    made["metadata"].get("annotations", {}).pop("deprecated.daemonset.template.generation", None)
    return made


def round_trip(source: Any) -> dict[str, Any]:
    """The manifest that comes of the parameters that a manifest becomes."""
    manifest, _warnings = manifest_of(task_parameters(source))
    return manifest


def assert_nothing_is_lost(api: Api, original: dict[str, Any]) -> None:
    expected = made_by_server(api, original)
    assert made_by_server(api, clean_manifest(original)) == expected
    assert made_by_server(api, round_trip(original)) == expected
    assert made_by_server(api, round_trip(json.dumps(original))) == expected
    # From the server's answer too, with all its defaults.
    assert made_by_server(api, round_trip(expected)) == expected


@pytest.mark.parametrize("case", [one for one in CASES if one.server_accepts], ids=lambda c: c.name)
def test_cases(api: Api, case: Case) -> None:
    manifest = case.manifest()
    if case.verdict == "fault":
        # One of the two things that the collection refuses and the server does not.
        assert made_by_server(api, clean_manifest(manifest)) == made_by_server(api, manifest)
        return
    assert_nothing_is_lost(api, manifest)


@pytest.mark.parametrize("edits", _WRITTEN_OUT.values(), ids=_WRITTEN_OUT)
def test_what_the_server_fills_in(api: Api, edits: dict[str, Any]) -> None:
    assert_nothing_is_lost(api, fine(edits).manifest())


def test_defaults_of_the_server_are_left_out(api: Api) -> None:
    original = good_manifest()
    made = made_by_server(api, original)
    made["metadata"].pop("namespace")

    assert len(json.dumps(made)) > len(json.dumps(original)) + 500
    assert task_parameters(made) == task_parameters(original)


if SEEDS.is_dir():

    def test_what_a_console_shows(api: Api) -> None:
        """With all that a live object has, indented as it stands on a page."""
        texts = [path.read_text() for path in sorted(SEEDS.glob("*.txt"))]
        blocks = [block for text in texts for block in _BLOCK.findall(text) if "DaemonSet" in block]
        assert blocks
        for block in blocks:
            # With a resourceVersion, the server would take nothing new.
            expected = made_by_server(api, parse_definition(block, origin="src"))
            assert made_by_server(api, clean_manifest(block)) == expected
            assert made_by_server(api, round_trip(block)) == expected


if CORPUS.is_dir():

    @pytest.mark.parametrize("path", sorted(CORPUS.glob("*.yaml")), ids=lambda path: path.name)
    def test_real_manifests(api: Api, path: Path) -> None:
        if path.name.startswith(_TWO_VALUES):
            return
        for document in read_documents(path.read_bytes()):
            if document["apiVersion"] != "apps/v1":
                continue
            # Some have a placeholder there.
            document["metadata"].pop("namespace", None)
            try:
                made_by_server(api, document)
            except RefusedByServerError:
                continue
            assert_nothing_is_lost(api, document)
            # The whole pod is in typed parameters, but for a few fields that hardly anybody uses.
            parameters = task_parameters(document)
            assert parameters.keys() - {"definition", "description"} <= PARAMETERS.keys()
            assert len(json.dumps(parameters.get("definition", {}))) < 250
