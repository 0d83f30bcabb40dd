# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of volumes: each has a name and at most one source, and that source is complete.

Source: pkg/apis/core/validation/validation.go, ValidateVolumes and validateVolumeSource. A volume
without a source is an emptyDir to the server.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ..quantity import parse_quantity
from .environment import check_file_field, check_resource_reference
from .findings import Place, alternatives, quoted
from .syntax import (
    DNS_LABEL,
    DNS_SUBDOMAIN,
    check_file_mode,
    check_file_path,
    check_no_backsteps,
    check_relative_path,
)

_HOST_PATH_TYPES = (
    "DirectoryOrCreate",
    "Directory",
    "FileOrCreate",
    "File",
    "Socket",
    "CharDevice",
    "BlockDevice",
)
_WINDOWS_PATH = re.compile(r"[A-Za-z]:|\\")
# clusterTrustBundle and podCertificate are the server's to check: it leaves out what is behind a
# feature that is off.
_PROJECTIONS = ("secret", "configMap", "downwardAPI", "serviceAccountToken")
_TOKEN_MINIMUM_SECONDS = 600
_TOKEN_MAXIMUM_SECONDS = 2**32


def check_volumes(pod: Place) -> None:
    """Check the volumes of a pod; identity.py checks that their names differ."""
    for volume in pod.objects("volumes"):
        if volume.require("name", "the volume's name"):
            DNS_LABEL.check(volume.child("name"), "volume name")
        sources = [key for key, value in volume.entries() if key != "name"]
        if len(sources) > 1:
            volume.fault(
                f"a volume has one source, this one has {len(sources)}:"
                f" {' and '.join(sorted(sources))}"
            )
            continue
        for key in sources:
            check = _SOURCES.get(key) or _check_of_network(key)
            if check and isinstance(volume.child(key).value, dict):
                check(volume.child(key))


# A module is compiled anew in each task, so what few tasks need is imported where it is used.


def _check_of_network(source: str) -> Callable[[Place], None] | None:
    from .network_volumes import NETWORK_SOURCES

    return NETWORK_SOURCES.get(source)


def _check_empty_dir(source: Place) -> None:
    limit = source.child("sizeLimit")
    if isinstance(limit.value, bool) or not isinstance(limit.value, str | int | float):
        return
    try:
        if parse_quantity(limit.value) < 0:
            limit.fault(f"{quoted(limit.value)} is not allowed: it must be 0 or more")
    except ValueError as error:
        limit.fault(str(error))


def _check_host_path(source: Place) -> None:
    path = source.require("path", "the path on the node")
    below = path and check_no_backsteps(source.child("path"))
    if below and not path.startswith("/") and not _WINDOWS_PATH.match(path):
        source.child("path").warn(f"{quoted(path)} is no absolute path on the node")
    source.one_of("type", _HOST_PATH_TYPES)


def _check_secret(source: Place) -> None:
    if source.child("name") and not source.child("secretName"):
        source.child("secretName").fault("the Secret's name is missing: here it is secretName")
    else:
        source.require("secretName", "the Secret's name")
    _check_items(source)


def _check_config_map(source: Place) -> None:
    source.require("name", "the ConfigMap's name")
    _check_items(source)


def _check_items(source: Place) -> None:
    check_file_mode(source, "defaultMode")
    for item in source.objects("items"):
        item.require("key", "the key")
        if item.require("path", "the file's path"):
            check_file_path(item.child("path"))
        check_file_mode(item, "mode")


def _check_downward_api(source: Place) -> None:
    check_file_mode(source, "defaultMode")
    for item in source.objects("items"):
        if item.require("path", "the file's path"):
            check_file_path(item.child("path"))
        check_file_mode(item, "mode")
        given = [key for key in ("fieldRef", "resourceFieldRef") if item.child(key)]
        if len(given) != 1:
            found = "none" if not given else "both"
            item.fault(f"give exactly one of fieldRef and resourceFieldRef, not {found}")
        for key in given:
            if key == "fieldRef":
                check_file_field(item.child(key))
            else:
                check_resource_reference(item.child(key), in_volume=True)


def _check_projected(source: Place) -> None:
    check_file_mode(source, "defaultMode")
    paths: set[str] = set()
    for projection in source.objects("sources"):
        given = [key for key in _PROJECTIONS if projection.child(key)]
        if len(given) > 1:
            projection.fault(f"give one of {alternatives(_PROJECTIONS)}, not {' and '.join(given)}")
            continue
        for key in given:
            _check_projection(projection.child(key), key)
            if key in ("secret", "configMap", "downwardAPI"):
                _check_paths(projection.child(key), paths)


def _check_projection(place: Place, kind: str) -> None:
    if kind == "downwardAPI":
        _check_downward_api(place)
    elif kind in ("secret", "configMap"):
        place.require("name", f"the name of the {'Secret' if kind == 'secret' else 'ConfigMap'}")
        _check_items(place)
    elif kind == "serviceAccountToken":
        seconds = place.child("expirationSeconds")
        if seconds:
            place.between("expirationSeconds", _TOKEN_MINIMUM_SECONDS, _TOKEN_MAXIMUM_SECONDS)
        if place.require("path", "the file's path"):
            check_file_path(place.child("path"))


def _check_paths(place: Place, paths: set[str]) -> None:
    for item in place.objects("items"):
        path = item.text("path")
        if path and path in paths:
            item.child("path").fault(f"a second file at {quoted(path)} in this volume")
        paths.add(path)


def _check_claim(source: Place) -> None:
    source.require("claimName", "the claim's name")


def _check_csi(source: Place) -> None:
    driver = source.require("driver", "the driver's name")
    if driver and (len(driver) > 63 or not DNS_SUBDOMAIN.holds(driver.lower())):
        source.child("driver").fault(
            f'{quoted(driver)} is not a valid name of a driver: letters, digits, "-" and ".",'
            " starting and ending with a letter or digit, at most 63 characters"
        )
    secret = source.child("nodePublishSecretRef")
    if secret and secret.require("name", "the Secret's name"):
        DNS_SUBDOMAIN.check(secret.child("name"), "name of a Secret")


def _check_ephemeral(source: Place) -> None:
    template = source.child("volumeClaimTemplate")
    if template:
        from .claims import check_claim_template

        check_claim_template(template)
    else:
        template.fault("the claim's template is missing")


def _check_image(source: Place) -> None:
    source.one_of("pullPolicy", ("Always", "IfNotPresent", "Never"))


def _check_git_repo(source: Place) -> None:
    source.require("repository", "the repository's address")
    check_relative_path(source.child("directory"))


_SOURCES = {
    "emptyDir": _check_empty_dir,
    "hostPath": _check_host_path,
    "secret": _check_secret,
    "configMap": _check_config_map,
    "downwardAPI": _check_downward_api,
    "projected": _check_projected,
    "persistentVolumeClaim": _check_claim,
    "csi": _check_csi,
    "ephemeral": _check_ephemeral,
    "image": _check_image,
    "gitRepo": _check_git_repo,
}
