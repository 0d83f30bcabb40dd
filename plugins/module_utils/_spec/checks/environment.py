# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of environment variables and of references to them.

The value of a variable never gets into a message: it may be a secret.

Source: pkg/apis/core/validation/validation.go, ValidateEnv and ValidateEnvFrom.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..quantity import read_quantity
from .findings import Place, alternatives, quoted
from .syntax import (
    CONFIG_KEY,
    DNS_LABEL,
    DNS_SUBDOMAIN,
    ENV_NAME,
    LABEL_KEY,
    as_prefix,
    check_no_backsteps,
)

_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_ENV_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_FILE_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.labels",
    "metadata.annotations",
    "metadata.uid",
)
_RESOURCES = tuple(
    f"{kind}.{name}"
    for kind in ("limits", "requests")
    for name in ("cpu", "memory", "ephemeral-storage")
)
_HUGE_PAGES = ("limits.hugepages-", "requests.hugepages-")
_SUBSCRIPT = re.compile(r"(?P<field>.+?)\['(?P<key>.*)'\]", re.DOTALL)
# "$$(NAME)" is an escape; names in capitals tell references from a shell's "$(command)".
_REFERENCE = re.compile(r"(?<!\$)(?:\$\$)*\$\((?P<name>[A-Z_][A-Z0-9_]*)\)")
# Variables that the kubelet adds for the services of the namespace.
_SERVICE_VARIABLE = re.compile(r"[A-Z0-9_]+_(?:SERVICE_HOST|SERVICE_PORT|PORT)(?:_[A-Z0-9_]+)?")


def check_environment(container: Place, pod: Place) -> None:
    """Check ``env`` and ``envFrom`` of a container."""
    for variable in container.objects("env"):
        if variable.require("name", "the variable's name"):
            ENV_NAME.check(variable.child("name"))
        source = variable.child("valueFrom")
        if isinstance(source.value, dict):
            _check_source(source, pod, has_value=variable.child("value").value not in (None, ""))
    for source in container.objects("envFrom"):
        if source.text("prefix"):
            ENV_NAME.check(source.child("prefix"), "prefix of environment variables")
        given = [key for key in ("configMapRef", "secretRef") if source.child(key)]
        if len(given) != 1:
            source.fault(f"give exactly one of configMapRef and secretRef, not {_listed(given)}")
        for key in given:
            _check_object_name(source.child(key), trailing_dash=True)


def check_references(container: Place) -> None:
    """Warn where a command, an argument or a variable refers to a variable that is not there."""
    if container.elements("envFrom"):
        return
    names = {variable.text("name") for variable in container.objects("env")}
    for key in ("command", "args"):
        for word in container.elements(key):
            for name in _missing(word.value, names):
                word.warn(
                    f"refers to $({name}), but the container has no such environment variable:"
                    " the text stays as it is"
                )


def _missing(word: object, names: set[str]) -> Iterator[str]:
    if isinstance(word, str):
        for match in _REFERENCE.finditer(word):
            name = match["name"]
            if name not in names and not _SERVICE_VARIABLE.fullmatch(name):
                yield name


def _check_source(source: Place, pod: Place, *, has_value: bool) -> None:
    given = [key for key in _SOURCES if source.child(key)]
    if has_value and given:
        source.fault(f"value and valueFrom ({given[0]}) exclude each other")
    elif len(given) != 1:
        source.fault(f"give exactly one of {alternatives(_SOURCES)}, not {_listed(given)}")
    for key in given:
        place = source.child(key)
        if key == "fieldRef":
            check_field_reference(place, _ENV_FIELDS)
        elif key == "resourceFieldRef":
            check_resource_reference(place)
        elif key == "fileKeyRef":
            _check_file_key(place, pod)
        else:
            _check_object_name(place)
            if place.require("key", "the key"):
                CONFIG_KEY.check(place.child("key"))


def _listed(given: list[str]) -> str:
    return "none" if not given else f"{' and '.join(given)} at once"


def _check_object_name(place: Place, *, trailing_dash: bool = False) -> None:
    name = place.require("name", "the name of the ConfigMap or Secret")
    # As prefixes of generated names, those of envFrom may end in a dash.
    if name and not (trailing_dash and DNS_SUBDOMAIN.holds(as_prefix(name))):
        DNS_SUBDOMAIN.check(place.child("name"), "name of a ConfigMap or Secret")


def check_file_field(place: Place) -> None:
    """Check the field reference of a file in a downward API volume."""
    check_field_reference(place, _FILE_FIELDS)


def check_field_reference(place: Place, allowed: tuple[str, ...]) -> None:
    """Check a reference to a field of the pod.

    Args:
        allowed: the fields allowed here, besides single labels and annotations.
    """
    version = place.text("apiVersion")
    if version not in ("", "v1"):
        place.child("apiVersion").fault(f'{quoted(version)} is not allowed here: it is "v1"')
    path = place.require("fieldPath", "the path of the field")
    if not path:
        return
    subscript = _SUBSCRIPT.fullmatch(path)
    if subscript and subscript["field"] in ("metadata.labels", "metadata.annotations"):
        key = subscript["key"]
        if not LABEL_KEY.holds(key.lower() if "annotations" in subscript["field"] else key):
            place.child("fieldPath").fault(f"{quoted(key)} is not a valid key: {LABEL_KEY.allowed}")
    # The oldest clients' name for spec.nodeName, which the server still takes.
    elif path not in allowed and not (path == "spec.host" and "spec.nodeName" in allowed):
        place.child("fieldPath").fault(
            f"{quoted(path)} is not allowed here: use {alternatives(allowed)},"
            " or metadata.labels['KEY'] or metadata.annotations['KEY']"
        )


def check_resource_reference(place: Place, *, in_volume: bool = False) -> None:
    """Check a reference to a limit or request of a container.

    Args:
        in_volume: whether it stands in a volume, where the container must be named.
    """
    if in_volume:
        place.require("containerName", "the name of the container")
    resource = place.require("resource", "the name of the resource")
    if not resource:
        return
    if resource not in _RESOURCES and not resource.startswith(_HUGE_PAGES):
        place.child("resource").fault(
            f"{quoted(resource)} is not allowed here: use {alternatives(_RESOURCES)}"
            ' or "limits.hugepages-SIZE"'
        )
        return
    divisor = place.child("divisor")
    if divisor.value is not None and not _is_divisor(divisor.value, resource.endswith(".cpu")):
        allowed = "1m or 1" if resource.endswith(".cpu") else "1, 1k to 1E or 1Ki to 1Ei"
        divisor.fault(f"{quoted(divisor.value)} is not allowed here: use {allowed}")


def _is_divisor(value: str | int | float, cpu: bool) -> bool:
    """Tell whether the server's own spelling of the divisor is among those it allows."""
    try:
        divisor = read_quantity(value)
    except ValueError:
        return False
    amount = divisor.value
    if amount in (0, 1):
        return True
    if cpu:
        return not divisor.binary and not divisor.exponent_form and amount * 1000 == 1
    base = 1024 if divisor.binary else 1000
    return not divisor.exponent_form and amount in {base**power for power in range(1, 7)}


def _check_file_key(place: Place, pod: Place) -> None:
    if place.require("key", "the name of the variable in the file"):
        ENV_NAME.check(place.child("key"))
    if place.require("path", "the path of the file"):
        check_no_backsteps(place.child("path"))
    name = place.require("volumeName", "the name of the volume")
    if not name or not DNS_LABEL.check(place.child("volumeName"), "volume name"):
        return
    for volume in pod.objects("volumes"):
        if volume.text("name") == name:
            if not volume.child("emptyDir"):
                place.child("volumeName").fault(f"the volume {quoted(name)} is not an emptyDir")
            return
    place.child("volumeName").fault(f"there is no volume {quoted(name)}")
