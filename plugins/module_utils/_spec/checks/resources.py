# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of requests, limits and resource claims, of containers and of the pod.

Source: pkg/apis/core/validation/validation.go, validateResourceRequirements and
validatePodResourceConsistency; pkg/apis/core/helper/helpers.go for the kinds of resources.
"""

from __future__ import annotations

import math
from fractions import Fraction

from ..quantity import parse_quantity
from .findings import Place, quoted
from .syntax import DNS_LABEL, LABEL_KEY

_CONTAINER_RESOURCES = frozenset(("cpu", "memory", "ephemeral-storage"))
_POD_RESOURCES = frozenset(("cpu", "memory"))
_BYTES = frozenset(("memory", "ephemeral-storage"))
_HUGE_PAGES = "hugepages-"
_NATIVE = "kubernetes.io/"

Amounts = dict[str, Fraction]


def check_requirements(resources: Place, pod: Place) -> None:
    """Check the requests and limits of a container."""
    _check_both(resources, of_pod=False)
    claims = {claim.text("name") for claim in pod.objects("resourceClaims")}
    for claim in resources.objects("claims"):
        name = claim.require("name", "the name of the resource claim")
        if claim.text("request"):
            DNS_LABEL.check(claim.child("request"))
        if name and name not in claims:
            claim.child("name").fault(f"the pod has no resource claim {quoted(name)}")


def check_overhead(overhead: Place) -> None:
    """Check the resources that the pod takes besides its containers."""
    _check_huge_pages(overhead, set(_amounts(overhead, of_pod=False)))


def check_pod_resources(pod: Place) -> None:
    """Check requests and limits of the pod as a whole, and that its containers fit in."""
    resources = pod.child("resources")
    if not isinstance(resources.value, dict):
        return
    if pod.text("os", "name") == "windows":
        resources.fault("pods for Windows have no resources of the pod as a whole")
        return
    if resources.child("claims"):
        resources.child("claims").fault("claims belong to containers, not to the pod")
    limits, requests = _check_both(resources, of_pod=True)
    needed = _effective(pod, "requests")
    for name, amount in requests.items():
        if needed.get(name, Fraction(0)) > amount:
            resources.child("requests", name).fault("is less than what the containers request")
    needed = _effective(pod, "limits")
    for name, amount in limits.items():
        if name.startswith(_HUGE_PAGES) and needed.get(name, Fraction(0)) > amount:
            resources.child("limits", name).fault("is less than the limits of the containers")
    for container in pod.objects("containers"):
        for name, value in container.entries("resources", "limits"):
            own = _milli(value)
            if own is not None and name in limits and own > limits[name]:
                value.fault(f"is more than the pod's own limit of {name}")


def _check_both(resources: Place, *, of_pod: bool) -> tuple[Amounts, Amounts]:
    limits = _amounts(resources.child("limits"), of_pod=of_pod)
    requests = _amounts(resources.child("requests"), of_pod=of_pod)
    for name, amount in requests.items():
        place = resources.child("requests", name)
        limit = resources.child("limits", name)
        if _is_overcommittable(name):
            if name in limits and amount > limits[name]:
                place.fault(
                    f"the request {quoted(place.value)} is more than the limit"
                    f" {quoted(limit.value)}"
                )
        elif limit.value is None:
            place.fault(f"{name} needs a limit too, equal to the request")
        elif name in limits and amount != limits[name]:
            place.fault(
                f"the request {quoted(place.value)} must equal the limit {quoted(limit.value)}"
            )
    _check_huge_pages(resources, set(limits) | set(requests))
    return limits, requests


def _check_huge_pages(place: Place, names: set[str]) -> None:
    huge = sorted(name for name in names if name.startswith(_HUGE_PAGES))
    if huge and not names & _POD_RESOURCES:
        place.fault(f"{huge[0]} needs cpu or memory beside it")


def _amounts(place: Place, *, of_pod: bool) -> Amounts:
    """Return the amounts that are right in themselves; note faults for the others."""
    amounts: Amounts = {}
    for name, value in place.entries():
        if not _check_name(name, value, of_pod=of_pod):
            continue
        if isinstance(value.value, bool) or not isinstance(value.value, str | int | float):
            continue
        try:
            parse_quantity(value.value)
        except ValueError as error:
            value.fault(str(error))
            continue
        amount = _milli(value)
        if amount is not None and _check_amount(name, amount, value):
            amounts[name] = amount
            _warn_of_thousandths(name, value)
    return amounts


def _warn_of_thousandths(name: str, value: Place) -> None:
    """Warn of ``m`` behind an amount of bytes, which was probably meant to be ``Mi``."""
    text = value.value
    if name in _BYTES and isinstance(text, str) and text.strip().endswith("m"):
        number = text.strip().removesuffix("m")
        value.warn(
            f"{quoted(text)} is in thousandths of a byte: did you mean {quoted(number + 'Mi')}?"
        )


def _milli(value: Place) -> Fraction | None:
    """The amount as the server keeps it: rounded up to thousandths (SetDefaults_ResourceList)."""
    if isinstance(value.value, bool) or not isinstance(value.value, str | int | float):
        return None
    try:
        amount = parse_quantity(value.value)
    except ValueError:
        return None
    return Fraction(math.ceil(amount * 1000), 1000)


def _check_name(name: str, value: Place, *, of_pod: bool) -> bool:
    if not LABEL_KEY.holds(name):
        value.fault(f"{quoted(name)} is not a valid name of a resource: {LABEL_KEY.allowed}")
    elif of_pod and name not in _POD_RESOURCES and not name.startswith(_HUGE_PAGES):
        value.fault(f"{quoted(name)} is not a resource of pods: use cpu, memory or hugepages-SIZE")
    elif "/" not in name and name not in _CONTAINER_RESOURCES and not name.startswith(_HUGE_PAGES):
        value.fault(
            f"{quoted(name)} is not a resource: use cpu, memory, ephemeral-storage, hugepages-SIZE"
            " or a name with a domain such as nvidia.com/gpu"
        )
    elif _is_extended(name) and (
        name.startswith("requests.") or not LABEL_KEY.holds(f"requests.{name}")
    ):
        value.fault(f'{quoted(name)} is too long or begins with "requests.", which is reserved')
    else:
        return True
    return False


def _check_amount(name: str, amount: Fraction, value: Place) -> bool:
    shown = quoted(value.value)
    if amount < 0:
        value.fault(f"{shown} is not allowed: it must be 0 or more")
    elif _is_extended(name) and amount.denominator != 1:
        value.fault(f"{shown} is not allowed: {name} comes in whole numbers")
    elif name.startswith(_HUGE_PAGES) and not _is_multiple(name, amount):
        value.fault(f"{shown} is not a multiple of the page size in {quoted(name)}")
    else:
        return True
    return False


def _is_multiple(name: str, amount: Fraction) -> bool:
    try:
        size = parse_quantity(name.removeprefix(_HUGE_PAGES))
    except ValueError:
        return False
    return size > 0 and size.denominator == 1 and math.ceil(amount) % size == 0


def _is_extended(name: str) -> bool:
    return "/" in name and _NATIVE not in name


def _is_overcommittable(name: str) -> bool:
    return not _is_extended(name) and not name.startswith(_HUGE_PAGES)


def _effective(pod: Place, kind: str) -> Amounts:
    """What the containers need together, as the scheduler counts it.

    Source: k8s.io/component-helpers resource/helpers.go, AggregateContainerRequests.
    """
    total: Amounts = {}
    for container in pod.objects("containers"):
        _add(total, _of(container, kind))
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in pod.objects("initContainers"):
        own = _of(container, kind)
        if container.text("restartPolicy") == "Always":
            _add(total, own)
            _add(sidecars, own)
            _raise(peak, sidecars)
        else:
            _add(own, sidecars)
            _raise(peak, own)
    _raise(total, peak)
    return total


def _of(container: Place, kind: str) -> Amounts:
    amounts = ((name, _milli(value)) for name, value in container.entries("resources", kind))
    return {name: amount for name, amount in amounts if amount is not None}


def _add(total: Amounts, more: Amounts) -> None:
    for name, amount in more.items():
        total[name] = total.get(name, Fraction(0)) + amount


def _raise(total: Amounts, least: Amounts) -> None:
    for name, amount in least.items():
        total[name] = max(total.get(name, Fraction(0)), amount)
