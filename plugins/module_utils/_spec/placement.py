# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parameters of our own about pods, put into what the API has for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import presets
from .checks.findings import Place, quoted
from .checks.scheduling import CONTROLLER_TAINTS
from .checks.syntax import DNS_SUBDOMAIN, LABEL_VALUE
from .choices import KUBELET_ROOT

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def check_placement(settings: Mapping[str, Any]) -> Place:
    """The findings about parameters of our own that are no fields of the manifest.

    Their paths begin with the parameter's name.
    """
    place = Place(settings)
    names = place.child("node_names")
    if names.value == []:
        names.fault("names no node: leave it out where the pods shall run on all nodes")
    for name in place.elements("node_names"):
        DNS_SUBDOMAIN.check(name, "name of a node")
    for parameter in ("operating_systems", "architectures"):
        for value in place.elements(parameter):
            LABEL_VALUE.check(value, "value of a label")
    prefix = place.child("image_prefix")
    if prefix and (not str(prefix.value).strip("/") or "://" in str(prefix.value)):
        prefix.fault(f"{quoted(prefix.value)} is no beginning of an image's name, such as a host")
    root = place.child("kubelet_root")
    if root and not str(root.value).startswith("/"):
        root.fault(f"{quoted(root.value)} is no absolute path, such as {KUBELET_ROOT}")
    seconds = place.child("node_failure_toleration_seconds")
    if seconds:
        place.at_least("node_failure_toleration_seconds", 0)
        seconds.warn(
            "it has no effect: a DaemonSet's pods stay on a node that fails, as its controller lets"
            " them tolerate that for ever"
        )
    return place


def placed(pod: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """A pod's specification with what these parameters ask for."""
    made = dict(pod)
    if settings.get("tolerate"):
        made = presets.tolerated(made, settings["tolerate"])
    expressions = presets.requirements(settings)
    if expressions:
        made = presets.required(made, expressions)
    if settings.get("image_prefix"):
        made = presets.prefixed(made, settings["image_prefix"])
    if settings.get("harden"):
        made = presets.hardened(made)
    if settings.get("node_names"):
        affinity = dict(made.get("affinity") or {})
        node_affinity = dict(affinity.get("nodeAffinity") or {})
        required = dict(node_affinity.get(_REQUIRED) or {})
        required["nodeSelectorTerms"] = _named(
            required.get("nodeSelectorTerms") or [{}], settings["node_names"]
        )
        made["affinity"] = {**affinity, "nodeAffinity": {**node_affinity, _REQUIRED: required}}
    seconds = settings.get("node_failure_toleration_seconds")
    if seconds is not None:
        others = [one for one in made.get("tolerations") or [] if not _is_of_failures(one)]
        made["tolerations"] = [*others, *(_toleration(key, seconds) for key in CONTROLLER_TAINTS)]
    return made


def _named(terms: list[dict[str, Any]], names: list[str]) -> list[dict[str, Any]]:
    """Terms of which one has to hold, each for one node.

    By the node's name and not by its label ``kubernetes.io/hostname``, which may be another. A
    field takes one value, so there is a term for each name.
    """
    return [
        {
            **term,
            "matchFields": [
                *(term.get("matchFields") or []),
                {"key": "metadata.name", "operator": "In", "values": [name]},
            ],
        }
        for name in dict.fromkeys(names)
        for term in terms
    ]


def _toleration(key: str, seconds: int) -> dict[str, Any]:
    return {
        "key": key,
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": seconds,
    }


def _is_of_failures(toleration: Mapping[str, Any]) -> bool:
    """Whether the parameter says the same, and so takes its place."""
    return (
        toleration.get("key") in CONTROLLER_TAINTS
        and toleration.get("operator") == "Exists"
        and toleration.get("effect") == "NoExecute"
    )
