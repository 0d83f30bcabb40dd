# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin nodes: the nodes of a cluster as hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: nodes
short_description: The nodes of a Kubernetes cluster as inventory hosts
version_added: 0.1.0
author:
  - everynode contributors (@everynode)
description:
  - Makes a host of each node of a cluster, with its addresses, labels, taints and conditions as
    variables, and groups by label, taint, condition, role and zone.
  - All hosts are in the group C(kubernetes_nodes). A node that is ready is in C(ready), any other
    in C(not_ready), one that is cordoned in C(unschedulable) as well. Others have names such as
    C(zone_eu_west_1a), C(role_control_plane), C(taint_dedicated_gpu_NoSchedule),
    C(condition_MemoryPressure) or C(label_pool_edge). What may not stand in the name of a group
    becomes C(_). Where that makes one group of several labels or the like, a warning names them.
  - The file's name ends in C(everynode_nodes.yml) or C(everynode_nodes.yaml), or it has another
    name that ends in C(.yml) or C(.yaml). It always says C(plugin=everynode.kubernetes.nodes).
  - How to reach a host is not decided here, since some run tasks on the nodes by SSH, and others
    only ask the API server about them. A host gets its node's address as C(ansible_host), and no
    C(ansible_connection). So tasks for the API server say C(delegate_to=localhost), as in the
    playbook C(everynode.kubernetes.rolling_update); or O(compose) sets C(ansible_connection) to
    C(local) for all hosts.
  - It needs the right to list nodes and, for O(daemonset), to get that and to list pods.
options:
  plugin:
    description:
      - It is always V(everynode.kubernetes.nodes).
    type: str
    required: true
    choices: [everynode.kubernetes.nodes]
  label_selectors:
    description:
      - Only nodes whose labels match all of these, such as V(pool=edge) or V(!virtual).
    type: list
    elements: str
    default: []
  daemonset:
    description:
      - Only nodes that have a pod of this DaemonSet, or should have one.
      - The variable C(node_pod) tells of that pod. It is none where there is no pod yet.
    type: str
  namespace:
    description:
      - The namespace of O(daemonset); that of the context, or else C(default), where it is not
        given.
    type: str
  group_by:
    description:
      - By what groups are made. The group of all nodes is always there.
    type: list
    elements: str
    choices: [condition, role, taint, zone]
    default: [condition, role, taint, zone]
  group_by_labels:
    description:
      - Keys of labels. Each value of them becomes a group.
    type: list
    elements: str
    default: []
  host_addresses:
    description:
      - Which address of a node becomes C(ansible_host). It is that of the first type that a node
        has.
      - With an empty list no C(ansible_host) is set.
    type: list
    elements: str
    choices: [InternalIP, ExternalIP, Hostname, InternalDNS, ExternalDNS]
    default: [InternalIP, ExternalIP, Hostname]
  variable_prefix:
    description:
      - What the names of the variables begin with.
    type: str
    default: node_
  host_prefix:
    description:
      - What the names of the hosts begin with, before that of the node, such as V(production-).
      - It is for inventories of several clusters with nodes of the same names. Such a node is
        refused otherwise. Tasks then say C(node_name) instead of C(inventory_hostname).
    type: str
    default: ""
extends_documentation_fragment:
  - everynode.kubernetes.connection
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
notes:
  - Every option of the connection may be a template, such as a lookup that gets a password.
  - Credentials also come from where the modules take them, such as C(KUBECONFIG) and the variables
    C(K8S_AUTH_*) that a credential of AWX sets.
  - The cache holds what the hosts' variables hold, and nothing of the connection. Its entries are
    told apart by the API server that the options and the environment lead to. Which hosts are ready
    may be of another time, then; C(ansible-inventory --flush-cache) and the task
    C(meta=refresh_inventory) read it anew.
  - Where the cluster cannot be asked, Ansible goes on without its nodes, and only warns. With
    C(any_unparsed_is_failed=true) in the section C([inventory]) of C(ansible.cfg), or
    C(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true), it fails.
  - Where C(enable_plugins) is set in C(ansible.cfg), this plugin or C(auto) has to be among them.
seealso:
  - module: everynode.kubernetes.daemonset_node
"""

EXAMPLES = r"""
# All nodes of the cluster of the current context, in cluster.everynode_nodes.yml
plugin: everynode.kubernetes.nodes

---
# The nodes that run an agent, by node pool, the edge first
plugin: everynode.kubernetes.nodes
kubeconfig: ~/.kube/production
daemonset: log-shipper
namespace: logging
group_by_labels:
  - pool
compose:
  is_edge: node_labels.pool | default('') == 'edge'
groups:
  arm: node_architecture == 'arm64'
keyed_groups:
  - key: node_kubelet_version
    prefix: kubelet

---
# One of two clusters, in inventory/production.everynode_nodes.yml: the nodes of this one are the
# group production, and their pattern in a play is kubernetes_nodes:&production
plugin: everynode.kubernetes.nodes
context: production
host_prefix: production-
groups:
  production: true

---
# Without SSH to the nodes: every task runs here, and asks the API server
plugin: everynode.kubernetes.nodes
host: https://192.0.2.10:6443
api_key: "{{ lookup('ansible.builtin.env', 'CLUSTER_TOKEN') }}"
label_selectors:
  - "!node-role.kubernetes.io/control-plane"
compose:
  ansible_connection: "'local'"
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: /tmp/everynode-inventory
cache_timeout: 300
"""

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from ansible import constants
from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ..module_utils._base.deadline import Deadline
from ..module_utils._base.errors import EverynodeError, Fault, InputError
from ..module_utils._base.redaction import redact_text
from ..module_utils._base.words import natural
from ..module_utils._cluster import daemonsets, objects
from ..module_utils._cluster.connect import connect
from ..module_utils._cluster.connection import Cluster
from ..module_utils._cluster.libraries import MISSING_LIBRARY
from ..module_utils._cluster.options import CONNECTION_SPEC
from ..module_utils._nodes.eligibility import why_not
from ..module_utils._nodes.pods import is_ending, is_ready, node_of, revision_of
from ..module_utils._spec.query_selectors import check_label_selectors
from ..plugin_utils.arguments import unknown_among
from ..plugin_utils.node_hosts import address_of, groups_of, is_another, merged, variables_of
from ..plugin_utils.plain import plain

_SUFFIXES = ("everynode_nodes.yml", "everynode_nodes.yaml")
_SECONDS = 120.0
_SUCH_AS = '"production-"'
# What a name of a variable may begin with (others are deprecated in ansible-core, until 2.23).
_PREFIX = re.compile("(?:[A-Za-z_][A-Za-z0-9_]*)?")
# What decides about the hosts, beside the cluster: another value makes another entry of the cache.
_DECIDES = ("label_selectors", "daemonset", "namespace")
_MAY_BE_TEMPLATES = frozenset({*CONNECTION_SPEC, "daemonset", "namespace"})


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """See the documentation."""

    NAME = "everynode.kubernetes.nodes"

    def verify_file(self, path: str) -> bool:
        """Whether a file is one of ours: by its name, or by the plugin that it names."""
        base: Any = super()
        if not base.verify_file(path):
            return False
        return path.endswith(_SUFFIXES) or (
            path.endswith((".yml", ".yaml")) and _names_plugin(path, self.NAME)
        )

    def set_options(
        self, task_keys: Any = None, var_options: Any = None, direct: Any = None
    ) -> None:
        """Take the options of the file: templates are filled in, and a kubeconfig may also be its
        content there.
        """
        if direct is not None:
            direct = {name: self._filled(name, value) for name, value in direct.items()}
            config = direct.get("kubeconfig")
            if isinstance(config, Mapping):
                direct["kubeconfig_content"] = json.dumps(plain(config), default=str)
                del direct["kubeconfig"]
            elif isinstance(config, str) and "\n" in config:
                direct["kubeconfig_content"] = direct.pop("kubeconfig")
        base: Any = super()
        base.set_options(task_keys=task_keys, var_options=var_options, direct=direct)

    def _filled(self, name: str, value: Any) -> Any:
        # Before the options are typed: a path would be made absolute, template and all.
        if name in _MAY_BE_TEMPLATES and isinstance(value, str) and self.templar.is_template(value):
            return self.templar.template(value)
        return value

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add the hosts and groups of a file to the inventory."""
        super().parse(inventory, loader, path, cache)
        read: Any = self._read_config_data
        self._refuse_unknown(read(path))
        if MISSING_LIBRARY is not None:
            raise AnsibleParserError(
                f"The inventory plugin {self.NAME} needs the Python library {MISSING_LIBRARY}."
            )
        self._add_all(self._hosts(path, cache))

    def _refuse_unknown(self, given: Mapping[str, Any]) -> None:
        """Ansible ignores what it does not know: with a misspelt selector, that is all nodes."""
        definitions = constants.config.get_configuration_definitions("inventory", self._load_name)
        known = [*definitions]
        for entry in definitions.values():
            known += entry.get("aliases") or []
        told = unknown_among(given, known)
        if told:
            raise AnsibleParserError(f"The inventory plugin {self.NAME} has no option {told}.")

    def _refuse_wrong(self) -> None:
        """Refuse selectors that the API server cannot read, and names that variables cannot have.

        Raises:
            InputError: there are some.
        """
        selectors = plain(self._option("label_selectors"))
        faults = check_label_selectors("label_selectors", selectors)
        prefix = self._option("variable_prefix")
        if not _PREFIX.fullmatch(prefix):
            problem = f'"{prefix}" is not how the name of a variable begins: letters, digits and _'
            faults = [*faults, Fault("variable_prefix", problem)]
        if faults:
            raise InputError(faults)

    def _hosts(self, path: str, may_read_cache: bool) -> list[dict[str, Any]]:
        """The variables of each host, from the cache where they are there and may be.

        Raises:
            AnsibleParserError: the cluster does not give them, and why.
        """
        cluster: Cluster | None = None
        try:
            self._refuse_wrong()
            cluster = connect({name: plain(self._option(name)) for name in CONNECTION_SPEC})
            if not self._option("cache"):
                return self._hosts_of(cluster, Deadline(_SECONDS))
            key = f"{self.get_cache_key(path)}_{self._digest(cluster)}"
            if may_read_cache:
                with contextlib.suppress(KeyError):
                    found: list[dict[str, Any]] = self._cache[key]
                    return found
            hosts = self._cache[key] = self._hosts_of(cluster, Deadline(_SECONDS))
            return hosts
        except EverynodeError as error:
            secrets = cluster.secrets if cluster is not None else ()
            message = f"{error.message} {error.advice}".strip()
            raise AnsibleParserError(redact_text(message, secrets)) from None
        finally:
            for warning in cluster.warnings if cluster is not None else ():
                self.display.warning(redact_text(warning, cluster.secrets if cluster else ()))

    def _digest(self, cluster: Cluster) -> str:
        """A short name for what decides about the hosts; it holds nothing secret.

        The cluster is the one that the options lead to now: a variable of the environment, such as
        KUBECONFIG or that of a credential of AWX, may make it another for the same file.
        """
        decides = {name: plain(self._option(name)) for name in _DECIDES}
        text = json.dumps([cluster.server, cluster.namespace, decides], default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def _option(self, name: str) -> Any:
        get: Any = self.get_option
        return get(name)

    def _hosts_of(self, cluster: Cluster, deadline: Deadline) -> list[dict[str, Any]]:
        query = {"labelSelector": ",".join(self._option("label_selectors"))}
        nodes, _version = objects.list_all(
            cluster,
            "/api/v1/nodes",
            {key: value for key, value in query.items() if value},
            deadline,
            "list the nodes",
        )
        name = plain(self._option("daemonset"))
        if not name:
            return [variables_of(node) for node in nodes]
        namespace = plain(self._option("namespace")) or cluster.namespace
        live = daemonsets.read(cluster, namespace, name, deadline)
        if live is None:
            raise AnsibleParserError(
                f"There is no DaemonSet {namespace}/{name} on {cluster.server}. Check daemonset,"
                " namespace and cluster."
            )
        pods = _pods_by_node(daemonsets.pods_of(cluster, live, deadline)[0])
        return [
            {**variables_of(node), "pod": pods.get(node["metadata"]["name"])}
            for node in nodes
            if node["metadata"]["name"] in pods or why_not(live, node) is None
        ]

    def _add_all(self, hosts: Iterable[Mapping[str, Any]]) -> None:
        """Add all hosts, or none where that fails: a play would not see that some are missing."""
        inventory: Any = self.inventory
        known = set(inventory.hosts)
        sources: dict[str, set[str]] = {}
        try:
            for variables in sorted(hosts, key=lambda host: natural(host["name"])):
                self._add(variables, sources)
        except Exception:
            for name in set(inventory.hosts) - known:
                inventory.remove_host(inventory.hosts[name])
            raise
        told = merged(sources)
        if told:
            self.display.warning(told)

    def _add(self, variables: Mapping[str, Any], sources: dict[str, set[str]]) -> None:
        """Add a host; ``sources`` is told what makes each of its groups."""
        # Ansible's own classes have no types.
        plugin: Any = self
        inventory: Any = self.inventory
        host = f"{self._option('host_prefix')}{variables['name']}"
        prefix = self._option("variable_prefix")
        self._refuse_namesake(host, variables["uid"], prefix)
        inventory.add_host(host)
        shown = {f"{prefix}{name}": value for name, value in variables.items()}
        address = address_of(variables, self._option("host_addresses"))
        if address is not None:
            shown["ansible_host"] = address
        for name, value in shown.items():
            inventory.set_variable(host, name, value)
        kinds, keys = self._option("group_by"), self._option("group_by_labels")
        for group in groups_of(variables, kinds, keys):
            name = self._sanitize_group_name(group.name)
            sources.setdefault(name, set()).add(group.source)
            inventory.add_child(inventory.add_group(name), host)
        strict = self._option("strict")
        plugin._set_composite_vars(self._option("compose"), shown, host, strict=strict)
        plugin._add_host_to_composed_groups(self._option("groups"), shown, host, strict=strict)
        plugin._add_host_to_keyed_groups(self._option("keyed_groups"), shown, host, strict=strict)

    def _refuse_namesake(self, host: str, uid: str, prefix: str) -> None:
        """Two clusters may have nodes of the same name, or prefixes that make them the same: no
        host is to be half of each.
        """
        inventory: Any = self.inventory
        found = inventory.get_host(host)
        if found is not None and is_another(found.vars, uid, prefix):
            raise AnsibleParserError(
                f"{host} is in the inventory already, as a node of another cluster. Give the hosts"
                f" of one of them another name with host_prefix, such as {_SUCH_AS}."
            )


def _names_plugin(path: str, name: str) -> bool:
    """Whether a file says that it is for a plugin; one that is no YAML is for another."""
    try:
        if os.path.getsize(path) > 1024 * 1024:
            return False
        with open(path, encoding="utf-8") as file:
            content = yaml.load(file, Loader=_Plain)
    except (OSError, ValueError, yaml.YAMLError):
        return False
    return isinstance(content, dict) and content.get("plugin") == name


class _Plain(yaml.SafeLoader):
    """Reads any tag, such as that of vaulted values, as nothing."""


_Plain.add_constructor(None, lambda _loader, _node: None)


def _pods_by_node(pods: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What a host tells of its pod: one that stays counts before one that is ending."""
    return {
        node_of(pod): {
            "name": pod["metadata"]["name"],
            "ready": is_ready(pod) and not is_ending(pod),
            "revision": revision_of(pod),
        }
        for pod in sorted(pods, key=lambda pod: not is_ending(pod))
    }
