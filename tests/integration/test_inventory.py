# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin, with the real ansible-inventory on a real control plane."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.api import MERGE, Api, Request
from tests.integration.harness import ENVIRONMENT
from tests.integration.manifests import simple
from tools.environments.surroundings import surroundings

_NODES = [f"node-{number}" for number in range(5)]
_LABELS = {"pool": "edge", "topology.kubernetes.io/zone": "eu-west.1a"}
_MADE = "zone_eu_west_1a"


class Inventory:
    """Inventory files, and what ansible-inventory makes of them."""

    def __init__(self, api: Api, folder: Path):
        self._api = api
        self._folder = folder

    def file(self, name: str = "x.everynode_nodes.yml", /, **options: Any) -> Path:
        given = {
            "plugin": "everynode.kubernetes.nodes",
            "kubeconfig": str(self._api.cluster.kubeconfig),
            **options,
        }
        path = self._folder / name
        path.write_text(yaml.safe_dump(given))
        return path

    def run(self, path: Path, *arguments: str, **variables: str) -> str:
        done = self.tried(path, *arguments, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def tried(
        self, path: Path, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        seen = surroundings(ENVIRONMENT, proxies=False, own_home=True) | {
            "ANSIBLE_LOCAL_TEMP": str(self._folder / "local"),
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
            "JOB_ID": "inventory-test",
            **variables,
        }
        return subprocess.run(
            [ENVIRONMENT / "bin" / "ansible-inventory", "--inventory", str(path), *arguments],
            cwd=self._folder,
            env=seen,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )

    def listed(self, path: Path, *arguments: str, **variables: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self.run(path, "--list", *arguments, **variables), object_hook=_text
        )
        return found

    def requests(self, since: int) -> list[Request]:
        return self._api.requests(since, agent="awx-job=inventory-test")


def _text(value: dict[str, Any]) -> Any:
    """Ansible marks texts that it would not take for templates: what the cluster says is none."""
    return value.get("__ansible_unsafe", value)


@pytest.fixture
def inventory(api: Api, tmp_path: Path) -> Inventory:
    return Inventory(api, tmp_path)


@pytest.fixture
def zoned(api: Api) -> Iterator[None]:
    """node-1 is in a zone and in a pool, tainted and cordoned, while a test runs."""
    path = "/api/v1/nodes/node-1"
    taints = [{"key": "dedicated", "value": "gpu", "effect": "PreferNoSchedule"}]
    # The API server taints a cordoned node itself, but takes this list as it is.
    spec = {"taints": taints, "unschedulable": True}
    api.request("PATCH", path, body={"metadata": {"labels": _LABELS}, "spec": spec}, kind=MERGE)
    api.until_controllers_see(1, _LABELS)
    yield
    gone = {"labels": dict.fromkeys(_LABELS)}
    spec_gone = {"taints": None, "unschedulable": None}
    api.request("PATCH", path, body={"metadata": gone, "spec": spec_gone}, kind=MERGE)
    api.until_controllers_see(0, _LABELS)


def _variables(listed: Mapping[str, Any], host: str) -> dict[str, Any]:
    found: dict[str, Any] = listed["_meta"]["hostvars"][host]
    return found


def _hosts(listed: Mapping[str, Any], group: str) -> list[str]:
    return sorted(listed.get(group, {}).get("hosts", []))


@pytest.mark.usefixtures("zoned")
def test_hosts_groups_and_variables(inventory: Inventory) -> None:
    listed = inventory.listed(inventory.file(group_by_labels=["pool", "kubernetes.io/arch"]))
    assert sorted(listed["_meta"]["hostvars"]) == _NODES
    assert _hosts(listed, "kubernetes_nodes") == _NODES
    assert _hosts(listed, "ready") == _NODES
    for group in (_MADE, "label_pool_edge", "taint_dedicated_gpu_PreferNoSchedule"):
        assert _hosts(listed, group) == ["node-1"], sorted(listed)
    assert _hosts(listed, "unschedulable") == ["node-1"]
    found = _variables(listed, "node-1")
    assert found["node_labels"]["pool"] == "edge"
    assert found["node_zone"] == "eu-west.1a"
    assert {"key": "dedicated", "value": "gpu", "effect": "PreferNoSchedule"} in found[
        "node_taints"
    ]
    assert found["node_unschedulable"] is True
    assert _variables(listed, "node-0")["node_unschedulable"] is False
    assert found["node_ready"] is True
    assert found["node_conditions"]["Ready"] == "True"
    assert found["ansible_host"] == found["node_addresses"]["InternalIP"][0]
    assert "ansible_connection" not in found


def test_the_graph_shows_them(inventory: Inventory) -> None:
    shown = inventory.run(inventory.file(), "--graph")
    assert "@kubernetes_nodes:" in shown
    assert shown.count("node-3") == 2


@pytest.mark.usefixtures("zoned")
def test_constructed_groups_and_variables(inventory: Inventory) -> None:
    path = inventory.file(
        group_by=[],
        host_addresses=[],
        variable_prefix="kube_",
        compose={"ansible_connection": "'local'", "pool": "kube_labels.pool | default('none')"},
        groups={"cordoned": "kube_unschedulable"},
        keyed_groups=[{"key": "kube_labels.pool", "prefix": "pool"}],
        strict=False,
    )
    listed = inventory.listed(path)
    assert _hosts(listed, "cordoned") == ["node-1"]
    assert _hosts(listed, "pool_edge") == ["node-1"]
    assert "ready" not in listed
    assert _variables(listed, "node-0")["pool"] == "none"
    assert _variables(listed, "node-0")["ansible_connection"] == "local"
    assert "ansible_host" not in _variables(listed, "node-0")


@pytest.mark.usefixtures("zoned")
def test_only_nodes_with_these_labels(inventory: Inventory) -> None:
    listed = inventory.listed(inventory.file(label_selectors=["pool=edge"]))
    assert sorted(listed["_meta"]["hostvars"]) == ["node-1"]


@pytest.mark.usefixtures("zoned")
def test_only_nodes_of_a_daemonset(api: Api, namespace: str, inventory: Inventory) -> None:
    api.apply(simple("agent", namespace, nodeSelector={"pool": "edge"}), "tests")
    api.settled(namespace, "agent")
    listed = inventory.listed(inventory.file(daemonset="agent", namespace=namespace))
    assert sorted(listed["_meta"]["hostvars"]) == ["node-1"]
    pod = api.pods(namespace, "agent")[0]["metadata"]
    assert _variables(listed, "node-1")["node_pod"] == {
        "name": pod["name"],
        "ready": True,
        "revision": pod["labels"]["controller-revision-hash"],
    }
    missing = inventory.tried(inventory.file(daemonset="nobody", namespace=namespace), "--list")
    assert f"There is no DaemonSet {namespace}/nobody on https://" in missing.stderr
    assert "Check daemonset, namespace and cluster." in missing.stderr


def test_any_name_of_a_file_that_names_the_plugin(inventory: Inventory) -> None:
    assert "@kubernetes_nodes" in inventory.run(inventory.file("nodes.yaml"), "--graph")


def test_the_cache_saves_the_request_and_holds_no_secret(
    api: Api, inventory: Inventory, tmp_path: Path
) -> None:
    config = yaml.safe_load(api.cluster.kubeconfig.read_text())
    kept = tmp_path / "kept"
    options = {
        "kubeconfig": config,
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(kept),
    }
    path = inventory.file(**options)
    mark = api.mark()
    first = inventory.listed(path)
    assert len(inventory.requests(mark)) == 1
    mark = api.mark()
    assert inventory.listed(path) == first
    assert inventory.requests(mark) == []
    assert len(inventory.listed(path, "--flush-cache")["_meta"]["hostvars"]) == 5
    assert len(inventory.requests(mark)) == 1
    # Another choice is another inventory.
    inventory.listed(inventory.file(**options, label_selectors=["pool=none"]))
    assert len(inventory.requests(mark)) == 2
    texts = [file.read_text() for file in kept.iterdir()]
    assert any("node-0" in text for text in texts)
    user = config["users"][0]["user"]
    secrets = [str(value) for value in user.values()]
    assert secrets
    for text in texts:
        assert not any(secret in text for secret in secrets)


def test_another_cluster_is_no_hit_of_the_cache(
    api: Api, inventory: Inventory, tmp_path: Path
) -> None:
    """The same file leads elsewhere where the environment does, as with a credential of AWX."""
    text = api.cluster.kubeconfig.read_text()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(text.replace("https://127.0.0.1", "https://localhost"))
    options = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile"}
    path = inventory.file(kubeconfig=None, cache_connection=str(tmp_path / "kept"), **options)
    mark = api.mark()
    for kubeconfig, requests in ((api.cluster.kubeconfig, 1), (elsewhere, 2), (elsewhere, 2)):
        listed = inventory.listed(path, KUBECONFIG=str(kubeconfig))
        assert len(listed["_meta"]["hostvars"]) == 5
        assert len(inventory.requests(mark)) == requests


def test_a_misspelt_option_is_no_inventory_of_all_nodes(inventory: Inventory) -> None:
    done = inventory.tried(inventory.file(lable_selectors=["pool=edge"]), "--graph")
    assert done.returncode != 0
    assert "has no option lable_selectors (did you mean label_selectors?)" in done.stderr


def test_a_selector_that_is_none_is_never_sent(api: Api, inventory: Inventory) -> None:
    mark = api.mark()
    done = inventory.tried(inventory.file(label_selectors=["pool=edge", "pool=a=b"]), "--graph")
    assert done.returncode != 0
    assert 'label_selectors[1]: "pool=a=b" is no label selector' in done.stderr
    assert inventory.requests(mark) == []


def test_a_prefix_that_no_variable_can_have(api: Api, inventory: Inventory) -> None:
    mark = api.mark()
    done = inventory.tried(inventory.file(variable_prefix="k8s-"), "--graph")
    assert done.returncode != 0
    assert 'variable_prefix: "k8s-" is not how the name of a variable begins' in done.stderr
    assert inventory.requests(mark) == []
    hosts = inventory.listed(inventory.file(variable_prefix="k8s_"))["_meta"]["hostvars"]
    assert hosts["node-0"]["k8s_ready"]


@pytest.mark.usefixtures("zoned")
def test_all_hosts_or_none(inventory: Inventory) -> None:
    path = inventory.file(compose={"pool": "1 // (2 - node_name[-1] | int)"}, strict=True)
    done = inventory.tried(path, "--graph", ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="false")
    assert "Could not set pool for host node-2" in done.stderr
    assert "node-" not in done.stdout


def test_nodes_of_the_same_name_in_two_clusters(
    api: Api, inventory: Inventory, tmp_path: Path
) -> None:
    static = tmp_path / "hosts.yml"
    static.write_text(
        yaml.safe_dump(
            {"all": {"hosts": {"node-1": {"node_uid": "of another"}, "node-2": {"rack": 7}}}}
        )
    )
    refused = inventory.tried(static, "--inventory", str(inventory.file("z.yml")), "--list")
    assert refused.returncode != 0
    assert "node-1 is in the inventory already, as a node of another cluster" in refused.stderr
    path = inventory.file("z.yml", host_prefix="east-")
    listed = inventory.listed(static, "--inventory", str(path))
    assert _hosts(listed, "kubernetes_nodes") == [f"east-{name}" for name in _NODES]
    assert _variables(listed, "east-node-1")["node_name"] == "node-1"
    static.write_text(yaml.safe_dump({"all": {"hosts": {"node-2": {"rack": 7}}}}))
    merged = inventory.listed(static, "--inventory", str(inventory.file("z.yml")))
    assert _variables(merged, "node-2")["rack"] == 7
    assert _variables(merged, "node-2")["node_ready"] is True


def test_hosts_that_two_prefixes_give_the_same_name(inventory: Inventory, tmp_path: Path) -> None:
    static = tmp_path / "hosts.yml"
    # Of another inventory file with another prefix of its variables: a- before the node b-node-1.
    told = {"one_name": "b-node-1", "one_uid": "of another", "one_kubelet_version": "v1.35.0"}
    static.write_text(yaml.safe_dump({"all": {"hosts": {"a-b-node-1": told}}}))
    path = inventory.file("z.yml", host_prefix="a-b-")
    refused = inventory.tried(static, "--inventory", str(path), "--list")
    assert refused.returncode != 0
    assert "a-b-node-1 is in the inventory already, as a node of another" in refused.stderr


def test_a_group_of_two_labels_is_told(api: Api, inventory: Inventory) -> None:
    pools = {"node-1": "edge.a", "node-2": "edge-a", "node-3": "core"}

    def label(node: str, pool: str | None) -> None:
        body = {"metadata": {"labels": {"of-pool": pool}}}
        api.request("PATCH", f"/api/v1/nodes/{node}", body=body, kind=MERGE)

    for node, pool in pools.items():
        label(node, pool)
    try:
        done = inventory.tried(inventory.file(group_by_labels=["of-pool"]), "--list")
    finally:
        for node in pools:
            label(node, None)
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)
    assert _hosts(listed, "label_of_pool_edge_a") == ["node-1", "node-2"]
    assert _hosts(listed, "label_of_pool_core") == ["node-3"]
    told = (
        "label_of_pool_edge_a is made by the label of-pool=edge-a and by the label of-pool=edge.a."
    )
    # Ansible breaks lines, within words too.
    assert "".join(done.stderr.split()).count("".join(told.split())) == 1


def test_options_may_be_templates(api: Api, inventory: Inventory) -> None:
    path = inventory.file(kubeconfig="{{ lookup('ansible.builtin.env', 'WHERE_IT_IS') }}")
    listed = inventory.listed(path, WHERE_IT_IS=str(api.cluster.kubeconfig))
    assert len(listed["_meta"]["hostvars"]) == 5


def test_a_failure_explains_itself(inventory: Inventory, tmp_path: Path) -> None:
    done = inventory.tried(inventory.file(kubeconfig=str(tmp_path / "nothing")), "--list")
    assert done.returncode != 0
    assert str(tmp_path / "nothing") in done.stderr
    assert "Traceback" not in done.stderr
