# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of the volume sources of storage systems, most of them no longer in use.

Source: pkg/apis/core/validation/validation.go, validate*VolumeSource.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .findings import Place, alternatives, quoted
from .syntax import DNS_LABEL

_ISCSI_NAME = re.compile(
    r"(?=iqn).*iqn\.\d{4}-\d{2}\.[A-Za-z0-9.-]+:[^,;*&$|\s]+|eui.[A-Za-z0-9]{16}|naa.[A-Za-z0-9]{32}",
    re.ASCII,
)
_HOST_PORT = re.compile(r"(?:\[[^\[\]]*\]|[^:\[\]]*):[^:\[\]]*")
_RESERVED_DOMAINS = (".kubernetes.io", ".k8s.io")


def _required(*keys: str) -> Callable[[Place], None]:
    def check(source: Place) -> None:
        for key in keys:
            source.require(key, "it")

    return check


def _check_nfs(source: Place) -> None:
    source.require("server", "the server's name")
    path = source.require("path", "the path on the server")
    if path and not path.startswith("/"):
        source.child("path").fault(f"{quoted(path)} must be an absolute path")


def _check_iscsi(source: Place) -> None:
    source.require("targetPortal", "the target's address")
    if source.require("iqn", "the target's name"):
        _check_iscsi_name(source.child("iqn"))
    if source.child("initiatorName"):
        _check_iscsi_name(source.child("initiatorName"))
    source.between("lun", 0, 255)
    authenticated = source.is_true("chapAuthDiscovery") or source.is_true("chapAuthSession")
    if authenticated and not source.child("secretRef"):
        source.child("secretRef").fault("CHAP needs a Secret with the credentials")


def _check_iscsi_name(place: Place) -> None:
    text = place.value if isinstance(place.value, str) else ""
    if not _ISCSI_NAME.fullmatch(text):
        place.fault(
            f'{quoted(text)} is not a valid iSCSI name: "iqn.YYYY-MM.DOMAIN:NAME", "eui." and 16'
            ' or "naa." and 32 letters and digits'
        )


def _check_fc(source: Place) -> None:
    names, ids = source.elements("targetWWNs"), source.elements("wwids")
    if bool(names) == bool(ids):
        source.fault("give exactly one of targetWWNs and wwids")
    if names:
        if source.child("lun"):
            source.between("lun", 0, 255)
        else:
            source.child("lun").fault("targetWWNs need a lun beside them")


def _check_disk(key: str) -> Callable[[Place], None]:
    def check(source: Place) -> None:
        source.require(key, "the disk's name")
        source.between("partition", 0, 255)

    return check


def _check_quobyte(source: Place) -> None:
    registry = source.require("registry", "the registry's address")
    if registry and not all(map(_HOST_PORT.fullmatch, registry.split(","))):
        source.child("registry").fault("it must be HOST:PORT, or several of them with commas")
    if len(source.text("tenant").encode()) > 64:
        source.child("tenant").fault("at most 64 characters are allowed")
    source.require("volume", "the volume's name")


def _check_flocker(source: Place) -> None:
    if bool(source.text("datasetName")) == bool(source.text("datasetUUID")):
        source.fault("give exactly one of datasetName and datasetUUID")
    if "/" in source.text("datasetName"):
        source.child("datasetName").fault('it must not have a "/"')


def _check_monitors(*keys: str) -> Callable[[Place], None]:
    def check(source: Place) -> None:
        if not source.elements("monitors"):
            source.child("monitors").fault("at least one monitor is needed")
        for key in keys:
            source.require(key, "it")

    return check


def _check_cinder(source: Place) -> None:
    source.require("volumeID", "the volume's ID")
    if source.child("secretRef"):
        source.child("secretRef").require("name", "the Secret's name")


def _check_flex(source: Place) -> None:
    source.require("driver", "the driver's name")
    for key, value in source.entries("options"):
        if f".{key.split('/', 1)[0].lower()}".endswith(_RESERVED_DOMAINS):
            value.fault("the domains kubernetes.io and k8s.io are reserved")


def _check_azure_disk(source: Place) -> None:
    source.require("diskName", "the disk's name")
    address = source.require("diskURI", "the disk's address")
    source.one_of("cachingMode", ("None", "ReadOnly", "ReadWrite"), empty=False)
    kinds = ("Shared", "Dedicated", "Managed")
    kind = source.one_of("kind", kinds, empty=False) or "Shared"
    start = "/subscriptions/" if kind == "Managed" else "https://"
    if address and not address.startswith(start):
        source.child("diskURI").fault(
            f"a {kind} disk's address starts with {alternatives([start])}"
        )


def _check_storage_os(source: Place) -> None:
    if source.require("volumeName", "the volume's name"):
        DNS_LABEL.check(source.child("volumeName"))
    if source.text("volumeNamespace"):
        DNS_LABEL.check(source.child("volumeNamespace"))
    if source.child("secretRef"):
        source.child("secretRef").require("name", "the Secret's name")


NETWORK_SOURCES: dict[str, Callable[[Place], None]] = {
    "nfs": _check_nfs,
    "iscsi": _check_iscsi,
    "fc": _check_fc,
    "gcePersistentDisk": _check_disk("pdName"),
    "awsElasticBlockStore": _check_disk("volumeID"),
    "glusterfs": _required("endpoints", "path"),
    "quobyte": _check_quobyte,
    "flocker": _check_flocker,
    "cephfs": _check_monitors(),
    "rbd": _check_monitors("image"),
    "cinder": _check_cinder,
    "flexVolume": _check_flex,
    "azureFile": _required("secretName", "shareName"),
    "azureDisk": _check_azure_disk,
    "vsphereVolume": _required("volumePath"),
    "photonPersistentDisk": _required("pdID"),
    "portworxVolume": _required("volumeID"),
    "scaleIO": _required("gateway", "system", "volumeName"),
    "storageos": _check_storage_os,
}
