# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of annotations of pods that Kubernetes reads.

Source: pkg/apis/core/validation/validation.go, ValidatePodSpecificAnnotations and
validateAppArmorAnnotationsAndFieldsMatchOnCreate.
"""

from __future__ import annotations

import json
import re

from .findings import Place, quoted
from .scheduling import check_toleration
from .syntax import check_relative_path

_MIRROR = "kubernetes.io/config.mirror"
_TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations"
_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP = "container.seccomp.security.alpha.kubernetes.io/"
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
_LOCAL = "localhost/"
_SECCOMP_NAMES = ("runtime/default", "docker/default", "unconfined")
_COST = re.compile(r"0|-[0-9]+|[1-9][0-9]*", re.ASCII)


def check_pod_annotations(template: Place) -> None:
    """Check the annotations of the pod template that mean something to the server."""
    pod = template.child("spec")
    for key, value in template.entries("metadata", "annotations"):
        if not isinstance(value.value, str):
            continue
        if key == _MIRROR and not pod.text("nodeName"):
            value.fault("it belongs to static pods, never to a DaemonSet")
        elif key == _TOLERATIONS and value.value:
            _check_tolerations(value)
        elif key == _DELETION_COST:
            _check_cost(value)
        elif key == _SECCOMP_POD or key.startswith(_SECCOMP):
            _check_seccomp(value)
        elif key.startswith(_APPARMOR):
            _check_apparmor(value, key.removeprefix(_APPARMOR), pod)
    _check_same_profiles(template)


def _check_tolerations(place: Place) -> None:
    try:
        tolerations = json.loads(place.value)
    except (ValueError, RecursionError):
        tolerations = None
    if not isinstance(tolerations, list):
        place.fault("its text must be a list of tolerations in JSON")
        return
    for toleration in tolerations:
        if isinstance(toleration, dict):
            inner = Place(toleration)
            check_toleration(inner)
            for finding in inner.findings:
                if not finding.warning:
                    place.fault(f"{'.'.join(map(str, finding.path))}: {finding.problem}")


def _check_cost(place: Place) -> None:
    if not _COST.fullmatch(place.value) or not -(2**31) <= int(place.value) < 2**31:
        place.fault("it must be an integer of 32 bits")


def _check_seccomp(place: Place) -> None:
    if place.value.startswith(_LOCAL):
        check_relative_path(Place(place.value.removeprefix(_LOCAL), place.path, place.findings))
    elif place.value not in _SECCOMP_NAMES:
        place.fault('it must be "runtime/default", "unconfined" or "localhost/PATH"')


def _check_apparmor(place: Place, name: str, pod: Place) -> None:
    containers = [*pod.objects("containers"), *pod.objects("initContainers")]
    if all(container.text("name") != name for container in containers):
        place.fault(f"the pod has no container {quoted(name)}")
    if place.value not in ("", "runtime/default", "unconfined") and not place.value.startswith(
        _LOCAL
    ):
        place.fault('it must be "runtime/default", "unconfined" or "localhost/NAME"')


def _check_same_profiles(template: Place) -> None:
    """Check that old annotations and the fields that took their place say the same."""
    pod = template.child("spec")
    annotations = template.child("metadata", "annotations")
    of_pod = pod.child("securityContext")
    _check_same(of_pod.child("seccompProfile"), annotations.child(_SECCOMP_POD))
    for container in (*pod.objects("containers"), *pod.objects("initContainers")):
        name = container.text("name")
        context = container.child("securityContext")
        _check_same(context.child("seccompProfile"), annotations.child(_SECCOMP + name))
        own = context.child("appArmorProfile")
        if pod.text("os", "name") != "windows":
            profile = own if own else of_pod.child("appArmorProfile")
            _check_same(profile, annotations.child(_APPARMOR + name))


def _check_same(profile: Place, annotation: Place) -> None:
    if not isinstance(profile.value, dict) or not isinstance(annotation.value, str):
        return
    spelled = {
        "Unconfined": ("unconfined",),
        "RuntimeDefault": ("runtime/default", "docker/default"),
        "Localhost": (_LOCAL + profile.text("localhostProfile"),),
    }
    if profile.path[-1] == "appArmorProfile":
        spelled["RuntimeDefault"] = ("runtime/default",)
    kind = profile.text("type")
    if kind in spelled and annotation.value not in spelled[kind]:
        annotation.fault(
            f"it says something else than {'.'.join(map(str, profile.path[-2:]))}: take it out"
        )
