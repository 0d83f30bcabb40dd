# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of examples/consoles: made, edited and removed, each twice and in full."""

from __future__ import annotations

import json
from typing import Any

import yaml

from tests.integration.api import Api, eventually
from tests.integration.harness import Play, run
from tests.integration.verbs import Tasks
from tools.environments import places

_FOLDER = places.CHECKOUT / "examples" / "consoles"
_KINDS = ("configmaps", "secrets", "services", "persistentvolumeclaims")


class _Wizard:
    """One of the playbooks, in a namespace."""

    def __init__(self, api: Api, namespace: str, name: str):
        self._api = api
        self._namespace = namespace
        self._plays = yaml.safe_load((_FOLDER / f"{name}.yml").read_text())

    def part(self, tag: str) -> Play:
        """Run the tasks of a tag; what these nodes cannot give, such as a GPU, nobody waits for."""
        told = {
            "wizard_kubeconfig": str(self._api.cluster.kubeconfig),
            "wizard_namespace": self._namespace,
            "wizard_wait": False,
        }
        done = run(self._api, self._plays, "-e", json.dumps(told), "--tags", tag).done()
        assert done.steps, f"no task has the tag {tag}"
        return done

    def twice(self, tag: str) -> None:
        """Run them once, with every task changing something, and again, with none."""
        assert all(step.changed for step in self.part(tag).steps)
        again = self.part(tag)
        assert not any(step.changed for step in again.steps)
        assert not [request for request in again.requests if request.writes]

    def owned(self) -> dict[str, list[str]]:
        """The names of the objects with the label of an agent, by the name of their kind."""
        query = {"labelSelector": "everynode.kubernetes/agent"}
        found = {}
        for kind in _KINDS:
            path = f"/api/v1/namespaces/{self._namespace}/{kind}"
            items = self._api.request("GET", path, query=query)["items"]
            # A claim that is on its way goes once its protection ends.
            names = sorted(
                item["metadata"]["name"]
                for item in items
                if "deletionTimestamp" not in item["metadata"]
            )
            if names:
                found[kind] = names
        return found


def _containers(live: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in live["spec"]["template"]["spec"]["containers"]}


def _on_every_node(api: Api, namespace: str, name: str) -> bool:
    """Whether the controller makes a pod for each node that there is."""
    count = len(api.request("GET", "/api/v1/nodes")["items"])

    def counted() -> bool | None:
        status = api.daemonset(namespace, name)["status"]
        return status.get("desiredNumberScheduled") == count or None

    return eventually(counted, f"{name} is wanted on {count} nodes")


def test_dce(api: Api, namespace: str) -> None:
    wizard = _Wizard(api, namespace, "dce-wizard")
    wizard.twice("create")
    live = api.daemonset(namespace, "log-shipper")
    spec, pod = live["spec"], live["spec"]["template"]["spec"]
    shipper, rotator = _containers(live)["shipper"], _containers(live)["rotator"]
    assert "Ships the logs of each node" in live["metadata"]["annotations"].values()
    assert (shipper["imagePullPolicy"], rotator["imagePullPolicy"]) == ("Always", "IfNotPresent")
    assert shipper["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert shipper["securityContext"] == {"privileged": True, "runAsUser": 0}
    assert shipper["command"] == ["/bin/shipper"]
    assert set(shipper["lifecycle"]) == {"postStart", "preStop"}
    assert shipper["livenessProbe"]["httpGet"]["httpHeaders"][0]["value"] == "liveness"
    assert shipper["readinessProbe"]["successThreshold"] == 2
    assert shipper["startupProbe"]["failureThreshold"] == 30
    # What the pods refer to is what was made beside them.
    owned = wizard.owned()
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert owned["configmaps"] == [volumes["conf"]["configMap"]["name"]]
    assert owned["secrets"] == [volumes["login"]["secret"]["secretName"]]
    assert volumes["login"]["secret"]["defaultMode"] == 0o400
    assert owned["services"] == ["log-shipper", "log-shipper-edge", "log-shipper-nodes"]
    assert pod["dnsPolicy"] == "None"
    assert pod["dnsConfig"]["options"] == [{"name": "ndots", "value": "2"}, {"name": "edns0"}]
    assert pod["hostAliases"] == [{"ip": "10.6.175.30", "hostnames": ["collector.example"]}]
    assert spec["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": "25%", "maxSurge": 0}
    assert (spec["minReadySeconds"], spec["revisionHistoryLimit"]) == (5, 10)
    assert set(pod["affinity"]) == {"nodeAffinity", "podAffinity", "podAntiAffinity"}
    assert live["metadata"]["labels"]["team"] == "platform"
    assert spec["template"]["metadata"]["labels"]["tier"] == "node"
    assert _on_every_node(api, namespace, "log-shipper")

    wizard.twice("edit")
    edited = api.daemonset(namespace, "log-shipper")
    assert _containers(edited)["shipper"]["image"] == "example/log-shipper:1.5"
    assert _containers(edited)["rotator"] == rotator

    wizard.twice("remove")
    assert not api.exists(namespace, "log-shipper")
    assert wizard.owned() == {}


def test_kubesphere(api: Api, namespace: str) -> None:
    wizard = _Wizard(api, namespace, "kubesphere-wizard")
    wizard.twice("create")
    live = api.daemonset(namespace, "node-exporter")
    pod = live["spec"]["template"]["spec"]
    exporter = _containers(live)["exporter"]
    assert list(_containers(live)) == ["exporter", "relay"]
    assert [(port["containerPort"], port["protocol"]) for port in exporter["ports"]] == [
        (9100, "TCP"),
        (9100, "UDP"),
    ]
    assert exporter["ports"][0]["hostPort"] == 9100
    assert exporter["resources"]["limits"] == {"cpu": "200m", "memory": "128Mi"}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert volumes["history"]["persistentVolumeClaim"] == {"claimName": "exporter-history"}
    assert volumes["rules"]["persistentVolumeClaim"]["claimName"] == "exporter-rules"
    assert volumes["cache"]["emptyDir"] == {}
    assert volumes["proc"]["hostPath"]["path"] == "/proc"
    assert wizard.owned() == {"persistentvolumeclaims": ["exporter-history"]}
    assert pod["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert _on_every_node(api, namespace, "node-exporter")

    wizard.twice("edit")
    edited = api.daemonset(namespace, "node-exporter")
    assert "Measures each node, for the platform team" in edited["metadata"]["annotations"].values()
    assert edited["metadata"]["labels"]["tier"] == "platform"
    assert _containers(edited)["exporter"]["image"] == "example/node-exporter:1.10"
    # The new image is the only change of the template; the description is none.
    assert edited["metadata"]["generation"] == live["metadata"]["generation"] + 1

    wizard.twice("remove")
    assert not api.exists(namespace, "node-exporter")
    assert wizard.owned() == {}


def _for_hardware(kind: str, node: str, memory: str) -> dict[str, Any]:
    """An agent of which there is one DaemonSet for each kind of hardware."""
    labels = {"app": "encoder", "hardware": kind}
    container = {
        "name": "encoder",
        "image": "example/encoder:1",
        "args": [f"--profile={kind}"],
        "resources": {"requests": {"memory": memory}},
    }
    return {
        "name": f"encoder-{kind}",
        "selector": {"match_labels": labels},
        "pod_labels": labels,
        "containers": [container],
        "node_names": [node],
    }


def test_one_agent_for_two_kinds_of_hardware(api: Api, tasks: Tasks) -> None:
    both = [_for_hardware("small", "node-0", "64Mi"), _for_hardware("large", "node-1", "256Mi")]
    for asked in both:
        assert tasks.ok(**asked, wait=True, wait_timeout=300).changed
    for asked, node in zip(both, ("node-0", "node-1"), strict=True):
        assert not tasks.ok(**asked).changed
        # Each has the pods of its own nodes only.
        pods = api.pods(tasks.namespace, asked["name"])
        assert [pod["spec"]["nodeName"] for pod in pods] == [node]
        assert (
            pods[0]["spec"]["containers"][0]["resources"]["requests"]
            == (asked["containers"][0]["resources"]["requests"])
        )
    # One goes, the other stays.
    assert tasks.ok(name="encoder-small", state="absent").changed
    assert len(api.pods(tasks.namespace, "encoder-large")) == 1
