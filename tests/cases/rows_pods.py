# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows about pods: network, and the nodes that they run on."""

from __future__ import annotations

from typing import Any

from .row import Row, refused, row, surprising

_REQUIRED = "required_during_scheduling_ignored_during_execution"
_PREFERRED = "preferred_during_scheduling_ignored_during_execution"
_A = "P.affinity"
_MUST = "requiredDuringSchedulingIgnoredDuringExecution"
_MAY = "preferredDuringSchedulingIgnoredDuringExecution"
_TERMS = f"{_A}.nodeAffinity.{_MUST}.nodeSelectorTerms"


def _searches(count: int) -> dict[str, Any]:
    return {"searches": [f"d{number}" for number in range(count)]}


_NETWORK: list[Row] = [
    row("D34 D35", "the node's", {"P.dnsPolicy": "Default"}, dns_policy="Default"),
    row(
        "D35 D37 Y16",
        "unset is the cluster's",
        {"P.dnsPolicy": "ClusterFirst", "P.schedulerName": "default-scheduler"},
    ),
    row(
        "D36",
        "the cluster's on the node's network",
        {"P.dnsPolicy": "ClusterFirstWithHostNet"},
        dns_policy="ClusterFirstWithHostNet",
        host_network=True,
    ),
    surprising(
        "D36",
        "without the node's network",
        "dns_policy",
        "hostNetwork",
        dns_policy="ClusterFirstWithHostNet",
    ),
    surprising(
        "D37",
        "with the node's network",
        "dns_policy",
        "ClusterFirstWithHostNet",
        dns_policy="ClusterFirst",
        host_network=True,
    ),
    row(
        "D38 D39",
        "none but this",
        {"P.dnsPolicy": "None", "P.dnsConfig.nameservers": ["10.6.175.20", "2001:db8::1"]},
        dns_policy="None",
        dns_config={"nameservers": ["10.6.175.20", "2001:db8::1"]},
    ),
    refused("D38", "none at all", "dns_config.nameservers", "at least one", dns_policy="None"),
    refused(
        "D39",
        "no address",
        "dns_config.nameservers[0]",
        "IP address",
        dns_config={"nameservers": ["dns.example"]},
    ),
    refused(
        "D39",
        "four",
        "dns_config.nameservers",
        "at most 3",
        dns_config={"nameservers": [f"10.0.0.{n}" for n in range(1, 5)]},
    ),
    row("D40", "6 domains", {"P.dnsConfig.searches.5": "d5"}, dns_config=_searches(6)),
    surprising("D40", "7 domains", "dns_config.searches", "at most 6", dns_config=_searches(7)),
    refused(
        "D40",
        "7 domains, strictly",
        "dns_config.searches",
        "at most 6",
        dns_config=_searches(7),
        strict_names=True,
    ),
    surprising("D40", "32 domains", "dns_config.searches", "at most 6", dns_config=_searches(32)),
    refused("D40", "33 domains", "dns_config.searches", "at most 32", dns_config=_searches(33)),
    surprising(
        "D40",
        "one domain twice",
        "dns_config.searches[1]",
        "twice",
        dns_config={"searches": ["a", "a"]},
    ),
    row(
        "D41",
        "options with and without a value",
        {
            "P.dnsConfig.options": [
                {"name": "ndots", "value": "2"},
                {"name": "single-request-reopen"},
            ]
        },
        dns_config={
            "options": [
                {"name": "ndots", "value": 2},
                {"name": "single-request-reopen", "value": None},
            ]
        },
    ),
    refused(
        "D41",
        "an option without a name",
        "dns_config.options[0].name",
        "missing",
        dns_config={"options": [{"value": "2"}]},
    ),
    row(
        "D42",
        "names for addresses",
        {"P.hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a.example", "b"]}]},
        host_aliases=[{"ip": "10.0.0.1", "hostnames": ["a.example", "b"]}],
    ),
    refused(
        "D42",
        "no address",
        "host_aliases[0].ip",
        "IP address",
        host_aliases=[{"ip": "a", "hostnames": ["b"]}],
    ),
    row(
        "Y18",
        "all of the node",
        {"P.hostNetwork": True, "P.hostPID": True, "P.hostIPC": True},
        host_network=True,
        host_pid="yes",
        host_ipc=True,
    ),
    row(
        "Y17",
        "the account by its old name too",
        {"P.serviceAccountName": "a", "P.serviceAccount": "a"},
        service_account_name="a",
    ),
    row("Y15", "restarted always", {"P.restartPolicy": "Always"}),
]

_TERM = {"topology_key": "kubernetes.io/os", "label_selector": {"match_labels": {"app": "db"}}}


def _node(term: dict[str, Any]) -> dict[str, Any]:
    required = {"node_selector_terms": [{"match_expressions": [term]}]}
    return {"affinity": {"node_affinity": {_REQUIRED: required}}}


_T = f"affinity.node_affinity.{_REQUIRED}.node_selector_terms[0].match_expressions[0]"
_NODES: list[Row] = [
    row(
        "D2 K28 L52",
        "by labels, numbers and all",
        {"P.nodeSelector": {"disk": "ssd", "n": "1"}},
        node_selector={"disk": "ssd", "n": 1},
    ),
    row("K28", "true as a label", {"P.nodeSelector": {"gpu": "true"}}, node_selector={"gpu": True}),
    row(
        "D2 D53 L48 L50",
        "terms of which one suffices",
        {f"{_TERMS}.1.matchExpressions.0.operator": "DoesNotExist"},
        affinity={
            "node_affinity": {
                _REQUIRED: {
                    "node_selector_terms": [
                        {"match_expressions": [{"key": "a", "operator": "In", "values": ["b"]}]},
                        {"match_expressions": [{"key": "c", "operator": "DoesNotExist"}]},
                    ]
                }
            }
        },
    ),
    refused(
        "L48",
        "no term",
        f"affinity.node_affinity.{_REQUIRED}.node_selector_terms",
        "at least one term",
        affinity={"node_affinity": {_REQUIRED: {"node_selector_terms": []}}},
    ),
    row(
        "D53 L49",
        "preferred",
        {f"{_A}.nodeAffinity.{_MAY}.0.weight": 100},
        affinity={
            "node_affinity": {
                _PREFERRED: [
                    {
                        "weight": "100",
                        "preference": {"match_expressions": [{"key": "a", "operator": "Exists"}]},
                    }
                ]
            }
        },
    ),
    refused(
        "L49",
        "too heavy",
        f"affinity.node_affinity.{_PREFERRED}[0].weight",
        "from 1 to 100",
        affinity={"node_affinity": {_PREFERRED: [{"weight": 101, "preference": {}}]}},
    ),
    refused(
        "L50",
        "In without values",
        f"{_T}.values",
        "at least one value",
        **_node({"key": "a", "operator": "In"}),
    ),
    refused(
        "L50",
        "Exists with values",
        f"{_T}.values",
        "takes no values",
        **_node({"key": "a", "operator": "Exists", "values": ["b"]}),
    ),
    row(
        "L51",
        "Gt",
        {f"{_TERMS}.0.matchExpressions.0.values": ["5"]},
        **_node({"key": "a", "operator": "Gt", "values": [5]}),
    ),
    surprising(
        "L51",
        "Gt with a word",
        f"{_T}.values[0]",
        "no integer",
        **_node({"key": "a", "operator": "Gt", "values": ["b"]}),
    ),
    refused(
        "L51",
        "Gt with two",
        f"{_T}.values",
        "exactly one",
        **_node({"key": "a", "operator": "Gt", "values": ["1", "2"]}),
    ),
    row(
        "D54 D56 L53",
        "beside other pods",
        {
            f"{_A}.podAffinity.{_MUST}.0.topologyKey": "kubernetes.io/os",
            f"{_A}.podAffinity.{_MUST}.0.namespaces": ["db"],
        },
        affinity={"pod_affinity": {_REQUIRED: [{**_TERM, "namespaces": ["db"]}]}},
    ),
    row(
        "D55 L53 L54",
        "away from other pods",
        {f"{_A}.podAntiAffinity.{_MAY}.0.podAffinityTerm.topologyKey": "kubernetes.io/os"},
        affinity={"pod_anti_affinity": {_PREFERRED: [{"weight": 1, "pod_affinity_term": _TERM}]}},
    ),
    refused(
        "D56 L53",
        "no topology",
        f"affinity.pod_affinity.{_REQUIRED}[0].topology_key",
        "missing",
        affinity={"pod_affinity": {_REQUIRED: [{"label_selector": {}}]}},
    ),
    row(
        "D2 Y19",
        "a toleration of all, no effect added",
        {"P.tolerations": [{"key": "a", "operator": "Exists"}, {"operator": "Exists"}]},
        tolerations=[{"key": "a", "operator": "exists"}, {"operator": "Exists"}],
    ),
    refused(
        "Y19",
        "Exists with a value",
        "tolerations[0].value",
        "no value",
        tolerations=[{"key": "a", "operator": "Exists", "value": "b"}],
    ),
    refused(
        "Y19",
        "no key",
        "tolerations[0].key",
        "Exists",
        tolerations=[{"operator": "Equal", "value": "b"}],
    ),
    surprising(
        "D52",
        "a time that counts for nothing",
        "node_failure_toleration_seconds",
        "no effect",
        node_failure_toleration_seconds=300,
    ),
    refused(
        "D52",
        "less than no time",
        "node_failure_toleration_seconds",
        "0 or more",
        node_failure_toleration_seconds=-1,
    ),
    row(
        "L87",
        "by name",
        {f"{_TERMS}.0.matchFields.0.values": ["node-1"]},
        node_names=["node-1", "node-2"],
    ),
    refused("L87", "no name of a node", "node_names[0]", "name of a node", node_names=["Node 1"]),
    row("Y16", "another scheduler", {"P.schedulerName": "mine"}, scheduler_name="mine"),
]

PODS = [*_NETWORK, *_NODES]
