# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where pods may run."""

from __future__ import annotations

from typing import Any

from .case import Case, fault, fine, newer, warned

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_NODE = "P.affinity.nodeAffinity"
_TERM = f"{_NODE}.{_REQUIRED}.nodeSelectorTerms.0"
_EXPRESSION = f"{_TERM}.matchExpressions.0"
_POD = "P.affinity.podAntiAffinity"
_ZONE = "topology.kubernetes.io/zone"


def _node(operator: str, *values: str, key: str = "a.example/b") -> dict[str, Any]:
    expression = {"key": key, "operator": operator, "values": list(values)}
    return {_NODE: {_REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}}


def _fields(key: str, operator: str, *values: str) -> dict[str, Any]:
    match = {"key": key, "operator": operator, "values": list(values)}
    return {_NODE: {_REQUIRED: {"nodeSelectorTerms": [{"matchFields": [match]}]}}}


def _toleration(**toleration: Any) -> dict[str, Any]:
    return {"P.tolerations": [toleration]}


def _term(**term: Any) -> dict[str, Any]:
    return {_POD: {_REQUIRED: [{"topologyKey": _ZONE, **term}]}}


def _spread(**constraint: Any) -> dict[str, Any]:
    complete = {"maxSkew": 1, "topologyKey": _ZONE, "whenUnsatisfiable": "DoNotSchedule"}
    return {"P.topologySpreadConstraints": [{**complete, **constraint}]}


_T = "P.tolerations.0"
_S = "P.topologySpreadConstraints.0"
_SELECTED = {"matchLabels": {"app": "agent"}}

_TOLERATIONS = [
    fine("P.tolerations", []),
    fine(_toleration(key="a", operator="Exists")),
    fine(_toleration(key="a.example/b", value="c")),
    fine(_toleration(key="a", operator="Equal", value="", effect="NoSchedule")),
    fine(_toleration(key="a", operator="", effect="")),
    fine(_toleration(operator="Exists", value="")),
    fine({"P.tolerations": [{"operator": "Exists"}] * 2}),
    fault(_toleration(), at=f"{_T}.key", says="missing"),
    fault(_toleration(operator="Equal", value="x"), at=f"{_T}.key", says='"Exists"'),
    fault(_toleration(key="a b", operator="Exists"), at=f"{_T}.key", says="taint"),
    fault(_toleration(key="a", operator="exists"), at=f"{_T}.operator", says='"Exists" or "Equal"'),
    fault(_toleration(operator="In"), at=f"{_T}.operator", says='"Exists" or "Equal"'),
    fault(_toleration(key="a", operator="Exists", value="b"), at=f"{_T}.value", says="no value"),
    fault(_toleration(key="a", value="b c"), at=f"{_T}.value", says="value of a taint"),
    fault(
        _toleration(key="a", operator="Exists", effect="NoRun"), at=f"{_T}.effect", says="NoExec"
    ),
    fine(_toleration(key="a", operator="Exists", effect="NoExecute", tolerationSeconds=0)),
    fine(_toleration(key="a", operator="Exists", effect="NoExecute", tolerationSeconds=-1)),
    fault(
        _toleration(key="a", operator="Exists", effect="NoSchedule", tolerationSeconds=9),
        at=f"{_T}.tolerationSeconds",
        says="NoExecute",
    ),
    fault(
        _toleration(key="a", operator="Exists", tolerationSeconds=9), at=f"{_T}.tolerationSeconds"
    ),
    warned(
        _toleration(
            key="node.kubernetes.io/unreachable",
            operator="Exists",
            effect="NoExecute",
            tolerationSeconds=300,
        ),
        at=f"{_T}.tolerationSeconds",
        says="no effect",
    ),
    newer(_toleration(key="a", operator="Gt", value="5"), at=f"{_T}.operator", says="feature"),
    fault(_toleration(key="a", operator="Lt", value="x"), at=f"{_T}.value", says="integer"),
]

_NODES = [
    fine("P.nodeSelector", {"kubernetes.io/os": "linux", "a": ""}),
    fault("P.nodeSelector", {"a": "b c"}, at="P.nodeSelector.a", says="label value"),
    fault("P.nodeSelector", {"a b": "c"}, at="P.nodeSelector.a b", says="key"),
    fine(_node("In", "a", "b")),
    fine(_node("Exists")),
    fine(_node("Gt", "5")),
    warned(_node("Gt", "many"), at=f"{_EXPRESSION}.values.0", says="no node will match"),
    fault(_node("Gt", "1", "2"), at=f"{_EXPRESSION}.values", says="exactly one"),
    fault(_node("In"), at=f"{_EXPRESSION}.values", says="at least one"),
    fault(_node("DoesNotExist", "a"), at=f"{_EXPRESSION}.values", says="no values"),
    fault(_node("in", "a"), at=f"{_EXPRESSION}.operator", says='"Gt" or "Lt"'),
    fault(_node("In", "a b"), at=f"{_EXPRESSION}.values.0", says="label value"),
    fault(_node("In", "a", key="a b"), at=f"{_EXPRESSION}.key", says="label key"),
    fault(_node("In", "a", key=""), at=f"{_EXPRESSION}.key", says="missing"),
    fault(_NODE, {_REQUIRED: {}}, at=f"{_NODE}.{_REQUIRED}.nodeSelectorTerms", says="at least one"),
    fine(_NODE, {_REQUIRED: {"nodeSelectorTerms": [{}]}}),
    fine(_NODE, {}),
    fine(_fields("metadata.name", "In", "node-1")),
    fault(
        _fields("metadata.uid", "In", "a"), at=f"{_TERM}.matchFields.0.key", says="metadata.name"
    ),
    fault(_fields("metadata.name", "Exists"), at=f"{_TERM}.matchFields.0.operator"),
    fault(_fields("metadata.name", "In", "a", "b"), at=f"{_TERM}.matchFields.0.values"),
    fault(_fields("metadata.name", "In", "A"), at=f"{_TERM}.matchFields.0.values.0", says="node"),
    fine(_NODE, {_PREFERRED: [{"weight": 100, "preference": {}}]}),
    fine(
        _NODE,
        {
            _PREFERRED: [
                {
                    "weight": 1,
                    "preference": {
                        "matchExpressions": [{"key": "a", "operator": "In", "values": ["b c"]}]
                    },
                }
            ]
        },
    ),
    *(
        fault(
            _NODE,
            {_PREFERRED: [{"weight": weight, "preference": {}}]},
            at=f"{_NODE}.{_PREFERRED}.0.weight",
            says="1 to 100",
        )
        for weight in (0, 101, -1)
    ),
    fault(_NODE, {_PREFERRED: [{"preference": {}}]}, at=f"{_NODE}.{_PREFERRED}.0.weight"),
]

_PODS = [
    fine(_term(labelSelector=_SELECTED, namespaces=["a"], namespaceSelector={})),
    fine(_term()),
    fault(_term(topologyKey=""), at=f"{_POD}.{_REQUIRED}.0.topologyKey", says="missing"),
    fault(_term(topologyKey="a b"), at=f"{_POD}.{_REQUIRED}.0.topologyKey", says="label key"),
    fault(_term(namespaces=["A"]), at=f"{_POD}.{_REQUIRED}.0.namespaces.0", says="namespace"),
    fault(
        _term(
            labelSelector={"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]}
        ),
        at=f"{_POD}.{_REQUIRED}.0.labelSelector.matchExpressions.0.operator",
        says='"DoesNotExist"',
    ),
    fault(
        _term(labelSelector={"matchLabels": {"a": "b c"}}),
        at=f"{_POD}.{_REQUIRED}.0.labelSelector.matchLabels.a",
    ),
    fine(_term(labelSelector=_SELECTED, matchLabelKeys=["x"], mismatchLabelKeys=["y"])),
    fault(_term(matchLabelKeys=["x"]), at=f"{_POD}.{_REQUIRED}.0.matchLabelKeys", says="beside"),
    fault(
        _term(labelSelector=_SELECTED, matchLabelKeys=["x"], mismatchLabelKeys=["x"]),
        at=f"{_POD}.{_REQUIRED}.0.matchLabelKeys.0",
        says="mismatchLabelKeys too",
    ),
    fault(
        _term(labelSelector=_SELECTED, matchLabelKeys=["a b"]),
        at=f"{_POD}.{_REQUIRED}.0.matchLabelKeys.0",
        says="label key",
    ),
    fine(_POD, {_PREFERRED: [{"weight": 1, "podAffinityTerm": {"topologyKey": _ZONE}}]}),
    fault(
        _POD,
        {_PREFERRED: [{"weight": 0, "podAffinityTerm": {"topologyKey": _ZONE}}]},
        at=f"{_POD}.{_PREFERRED}.0.weight",
    ),
    fault(
        "P.affinity.podAffinity",
        {_PREFERRED: [{"weight": 1, "podAffinityTerm": {}}]},
        at=f"P.affinity.podAffinity.{_PREFERRED}.0.podAffinityTerm.topologyKey",
        says="missing",
    ),
    fine(_spread(labelSelector=_SELECTED, minDomains=1, nodeTaintsPolicy="Honor")),
    fine(_spread(topologyKey="any key")),
    fault(_spread(maxSkew=0), at=f"{_S}.maxSkew", says="1 or more"),
    fault(_spread(whenUnsatisfiable="Never"), at=f"{_S}.whenUnsatisfiable", says="ScheduleAnyway"),
    fault(_spread(whenUnsatisfiable=""), at=f"{_S}.whenUnsatisfiable", says="missing"),
    fault(_spread(topologyKey=""), at=f"{_S}.topologyKey", says="missing"),
    fault(_spread(minDomains=0), at=f"{_S}.minDomains", says="1 or more"),
    fault(_spread(minDomains=1, whenUnsatisfiable="ScheduleAnyway"), at=f"{_S}.minDomains"),
    fault(_spread(nodeAffinityPolicy="honor"), at=f"{_S}.nodeAffinityPolicy", says="Honor"),
    fault(_spread(matchLabelKeys=["a"]), at=f"{_S}.matchLabelKeys", says="labelSelector"),
    fault(
        "P.topologySpreadConstraints",
        [{"maxSkew": 1, "topologyKey": _ZONE, "whenUnsatisfiable": "DoNotSchedule"}] * 2,
        at="P.topologySpreadConstraints.1.topologyKey",
        says="second",
    ),
]

SCHEDULING: list[Case] = [*_TOLERATIONS, *_NODES, *_PODS]
