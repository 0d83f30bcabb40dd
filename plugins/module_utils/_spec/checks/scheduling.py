# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of where pods may run: node selector, affinity, tolerations, spread constraints.

Source: pkg/apis/core/validation/validation.go, validateAffinity, ValidateTolerations and
validateTopologySpreadConstraints.
"""

from __future__ import annotations

import re

from .findings import Place, alternatives, quoted
from .metadata import check_expression, check_label_selector, check_labels
from .syntax import DNS_LABEL, DNS_SUBDOMAIN, LABEL_KEY, LABEL_VALUE

_NODE_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_COMPARISONS = ("Lt", "Gt")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_INTEGER = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)
# The DaemonSet controller sets these on every pod, without a limit in time.
CONTROLLER_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def check_scheduling(pod: Place) -> None:
    """Check everything that decides where pods run."""
    check_labels(pod.child("nodeSelector"))
    affinity = pod.child("affinity")
    _check_node_affinity(affinity.child("nodeAffinity"))
    for kind in ("podAffinity", "podAntiAffinity"):
        for term in affinity.objects(kind, _REQUIRED):
            _check_pod_term(term)
        for weighted in affinity.objects(kind, _PREFERRED):
            _check_weight(weighted)
            _check_pod_term(weighted.child("podAffinityTerm"))
    for toleration in pod.objects("tolerations"):
        check_toleration(toleration)
    for constraint in pod.objects("topologySpreadConstraints"):
        _check_spread(constraint)


def _check_node_affinity(affinity: Place) -> None:
    required = affinity.child(_REQUIRED)
    if isinstance(required.value, dict):
        if not required.elements("nodeSelectorTerms"):
            required.child("nodeSelectorTerms").fault("at least one term is needed")
        for term in required.objects("nodeSelectorTerms"):
            _check_node_term(term, values=True)
    for preferred in affinity.objects(_PREFERRED):
        _check_weight(preferred)
        # The server takes any value in a preference.
        _check_node_term(preferred.child("preference"), values=False)


def _check_node_term(term: Place, *, values: bool) -> None:
    for expression in term.objects("matchExpressions"):
        check_expression(expression, _NODE_OPERATORS, values=values)
        _warn_of_words(expression)
    for match in term.objects("matchFields"):
        if match.text("key") != "metadata.name":
            match.child("key").fault('the key must be "metadata.name", the only field of nodes')
        if match.text("operator") not in ("In", "NotIn"):
            match.child("operator").fault('the operator must be "In" or "NotIn"')
        elif len(match.elements("values")) != 1:
            match.child("values").fault("exactly one name of a node is needed")
        for value in match.elements("values"):
            DNS_SUBDOMAIN.check(value, "name of a node")


def _warn_of_words(expression: Place) -> None:
    if expression.text("operator") in _COMPARISONS:
        for value in expression.elements("values"):
            if isinstance(value.value, str) and not re.fullmatch(r"[+-]?[0-9]+", value.value):
                value.warn(f"{quoted(value.value)} is no integer: no node will match")


def _check_weight(place: Place) -> None:
    if place.child("weight"):
        place.between("weight", 1, 100)
    else:
        place.child("weight").fault("the weight is missing: it must be from 1 to 100")


def _check_pod_term(term: Place) -> None:
    check_label_selector(term.child("labelSelector"))
    check_label_selector(term.child("namespaceSelector"))
    for namespace in term.elements("namespaces"):
        DNS_LABEL.check(namespace, "name of a namespace")
    if term.require("topologyKey", "the node label that tells topology domains apart"):
        LABEL_KEY.check(term.child("topologyKey"), "label key")
    _check_label_keys(term)


def _check_label_keys(place: Place) -> None:
    """Check matchLabelKeys and mismatchLabelKeys against the selector.

    Source: validation.go ValidateMatchLabelKeysAndMismatchLabelKeys.
    """
    mismatched = set(place.texts("mismatchLabelKeys"))
    for key in ("matchLabelKeys", "mismatchLabelKeys"):
        if place.elements(key) and not place.child("labelSelector"):
            place.child(key).fault("it needs a labelSelector beside it")
            continue
        for name in place.elements(key):
            LABEL_KEY.check(name, "label key")
    labels = set(dict(place.entries("labelSelector", "matchLabels")))
    for expression in place.objects("labelSelector", "matchExpressions"):
        labels_before = set(labels)
        labels.add(expression.text("key"))
        if expression.text("key") in labels_before & set(place.texts("matchLabelKeys")):
            expression.child("key").fault("it stands in matchLabelKeys too")
    for name in place.elements("matchLabelKeys"):
        if isinstance(name.value, str) and name.value in mismatched:
            name.fault(f"{quoted(name.value)} stands in mismatchLabelKeys too")


def check_toleration(toleration: Place) -> None:
    """Check one toleration."""
    key = toleration.text("key")
    operator = toleration.text("operator")
    if key:
        LABEL_KEY.check(toleration.child("key"), "key of a taint")
    elif operator in ("", "Equal", *_COMPARISONS):
        toleration.child("key").fault(
            'the key is missing: only with the operator "Exists" may it be left out,'
            " which tolerates every taint"
        )
    _check_operator(toleration, operator)
    toleration.one_of("effect", _EFFECTS)
    if toleration.child("tolerationSeconds"):
        if toleration.text("effect") != "NoExecute":
            toleration.child("tolerationSeconds").fault('it needs the effect "NoExecute"')
        elif key in CONTROLLER_TAINTS:
            toleration.child("tolerationSeconds").warn(
                f"it has no effect: the pods of a DaemonSet tolerate {key} for ever"
            )


def _check_operator(toleration: Place, operator: str) -> None:
    value = toleration.child("value")
    if operator in ("", "Equal"):
        if value:
            LABEL_VALUE.check(value, "value of a taint")
    elif operator == "Exists":
        if value.value not in (None, ""):
            value.fault('the operator "Exists" takes no value')
    elif operator in _COMPARISONS:
        number = toleration.text("value")
        if not _INTEGER.fullmatch(number) or not -(2**63) <= int(number) < 2**63:
            value.fault(f"{quoted(number)} is no integer, which the operator {operator} needs")
        toleration.child("operator").warn(
            f"the operator {operator} works only on servers with the feature"
            " TaintTolerationComparisonOperators"
        )
    else:
        toleration.one_of("operator", ("Exists", "Equal"))


def _check_spread(constraint: Place) -> None:
    if constraint.child("maxSkew"):
        constraint.at_least("maxSkew", 1)
    else:
        constraint.child("maxSkew").fault("maxSkew is missing: it must be 1 or more")
    constraint.require("topologyKey", "the node label that tells topology domains apart")
    constraint.require("whenUnsatisfiable", "what to do where it cannot be met")
    action = constraint.one_of("whenUnsatisfiable", ("DoNotSchedule", "ScheduleAnyway"))
    constraint.at_least("minDomains", 1)
    if constraint.child("minDomains") and action != "DoNotSchedule":
        constraint.child("minDomains").fault(
            f"it needs {alternatives(['DoNotSchedule'])} as whenUnsatisfiable"
        )
    for key in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        constraint.one_of(key, ("Honor", "Ignore"), empty=False)
    check_label_selector(constraint.child("labelSelector"))
    _check_label_keys(constraint)
