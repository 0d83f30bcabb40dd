# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Offline checks of the objects beside an agent's DaemonSet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .._base.errors import Fault
from .checks.findings import Place
from .checks.metadata import check_annotations, check_labels
from .checks.syntax import CONFIG_KEY, DNS_LABEL, DNS_SUBDOMAIN
from .names import show_path, snake
from .quantity import parse_quantity

_PORTS = (1, 65535)
_LONGEST_SESSION = 86400
_HIGHEST_PRIORITY = 1_000_000_000


def check_object(path: str, manifest: Mapping[str, Any]) -> list[Fault]:
    """The faults of an object, each with the path of the parameter that it was made from."""
    place = Place(manifest)
    kind = str(manifest["kind"])
    metadata = place.child("metadata")
    check_labels(metadata.child("labels"))
    check_annotations(metadata.child("annotations"))
    if "Role" not in kind:
        rule = DNS_LABEL if kind in ("Namespace", "Service") else DNS_SUBDOMAIN
        rule.check(metadata.child("name"), f"name of a {kind}")
    check = _CHECKS.get(kind)
    if check is not None:
        check(place)
    return [
        Fault(f"{path}{_shown(finding.path)}", finding.problem)
        for finding in place.findings
        if not finding.warning
    ]


def _shown(path: tuple[str | int, ...]) -> str:
    """The rest of a path in the words of the parameters."""
    steps = [step for step in path if step not in ("metadata", "spec")]
    if not steps:
        return ""
    first, *rest = [snake(step) if isinstance(step, str) else step for step in steps]
    return "." + show_path([first, *rest])


def _check_configuration(place: Place) -> None:
    for name in ("data", "binaryData"):
        for key, value in place.entries(name):
            if not CONFIG_KEY.holds(key):
                value.fault(f"is no key of a {place.text('kind')}: {CONFIG_KEY.allowed}")


def _check_service(place: Place) -> None:
    spec = place.child("spec")
    ports = spec.objects("ports")
    kind = spec.text("type") or "ClusterIP"
    names: set[str] = set()
    seen: set[tuple[int | None, str]] = set()
    for port in ports:
        number = port.between("port", *_PORTS)
        protocol = port.text("protocol") or "TCP"
        if number is None and port.get("port") is None:
            port.child("port").fault("is missing")
        if (number, protocol) in seen:
            port.child("port").fault(f"{number} of {protocol} is there twice")
        seen.add((number, protocol))
        name = port.text("name")
        if len(ports) > 1 and not name:
            port.child("name").fault("is missing: each of several ports needs one")
        if name and name in names:
            port.child("name").fault(f'"{name}" is there twice')
        names.add(name)
        if port.integer("nodePort") is not None:
            port.between("nodePort", *_PORTS)
            if kind == "ClusterIP":
                port.child("nodePort").fault("needs the type NodePort or LoadBalancer")
    if kind == "ClusterIP" and spec.get("externalTrafficPolicy") is not None:
        spec.child("externalTrafficPolicy").fault("needs the type NodePort or LoadBalancer")
    if kind != "LoadBalancer":
        for key in ("loadBalancerIP", "loadBalancerClass", "loadBalancerSourceRanges"):
            if spec.get(key):
                spec.child(key).fault("needs the type LoadBalancer")
    spec.child("sessionAffinityConfig", "clientIP").between("timeoutSeconds", 1, _LONGEST_SESSION)


def _check_claim(place: Place) -> None:
    spec = place.child("spec")
    amount = spec.get("resources", "requests", "storage")
    try:
        if amount is not None and parse_quantity(amount) <= 0:
            spec.child("capacity").fault("must be more than nothing")
    except ValueError:
        spec.child("capacity").fault("is no quantity, such as 10Gi")


def _check_priority(place: Place) -> None:
    value = place.integer("value")
    if value is None:
        place.child("value").fault("is missing")
    if value is not None and value > _HIGHEST_PRIORITY:
        place.child("value").fault(f"{value} is too high: at most {_HIGHEST_PRIORITY}")


def _check_role(place: Place) -> None:
    for rule in place.objects("rules"):
        if not rule.get("verbs"):
            rule.child("verbs").fault("is missing: a rule without verbs allows nothing")


_CHECKS: Mapping[str, Callable[[Place], None]] = {
    "ConfigMap": _check_configuration,
    "Secret": _check_configuration,
    "Service": _check_service,
    "PersistentVolumeClaim": _check_claim,
    "PriorityClass": _check_priority,
    "Role": _check_role,
    "ClusterRole": _check_role,
}
