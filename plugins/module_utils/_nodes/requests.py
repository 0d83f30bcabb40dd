# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a pod requests, beside what its node has to give at all. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from .._spec.quantity import read_quantity


def beyond_the_node(pod: Mapping[str, Any], node: Mapping[str, Any], resource: str) -> str:
    """A sentence where a pod requests more of a resource than its node could give to it alone;
    empty where it does not, or that is not known.

    Args:
        pod: as the server has it.
        node: with ``status.allocatable``.
        resource: its name, such as ``cpu``.
    """
    has = ((node.get("status") or {}).get("allocatable") or {}).get(resource)
    wanted = requested(pod.get("spec") or {}, resource)
    if has is None or wanted is None or wanted <= _amount(has):
        return ""
    return f"the pod requests more {resource} than the {has} that the node has to give"


def requested(spec: Mapping[str, Any], resource: str) -> Fraction | None:
    """How much of a resource a pod takes from its node; None where a quantity cannot be read.

    As the scheduler counts it (component-helpers/resource/helpers.go, PodRequests): what is said
    for the pod as a whole; else all containers and sidecars together, or an init container with the
    sidecars that started before it where that is more. The overhead of the runtime class is added.
    """
    try:
        own = _request(spec, resource)
        return (own or _of_containers(spec, resource)) + _amount(
            (spec.get("overhead") or {}).get(resource)
        )
    except ValueError:
        return None


def _of_containers(spec: Mapping[str, Any], resource: str) -> Fraction:
    sidecars, most = Fraction(0), Fraction(0)
    for one in spec.get("initContainers") or []:
        wanted = _request(one, resource)
        if one.get("restartPolicy") == "Always":
            sidecars += wanted
            most = max(most, sidecars)
        else:
            most = max(most, sidecars + wanted)
    containers = [_request(one, resource) for one in spec.get("containers") or []]
    return max(sum(containers, sidecars), most)


def _request(holder: Mapping[str, Any], resource: str) -> Fraction:
    return _amount(((holder.get("resources") or {}).get("requests") or {}).get(resource))


def _amount(text: Any) -> Fraction:
    return Fraction(0) if text is None else read_quantity(text).value
