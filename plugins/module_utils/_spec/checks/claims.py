# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of the template of a claim, in an ephemeral volume.

Source: pkg/apis/core/validation/validation.go, ValidatePersistentVolumeClaimTemplate.
"""

from __future__ import annotations

from ..quantity import parse_quantity
from .findings import Place, alternatives, quoted
from .metadata import check_annotations, check_label_selector, check_labels
from .syntax import DNS_LABEL, DNS_SUBDOMAIN

_ACCESS_MODES = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")


def check_claim_template(template: Place) -> None:
    """Check metadata and specification of a claim's template."""
    for key, value in template.entries("metadata"):
        if key == "labels":
            check_labels(value)
        elif key == "annotations":
            check_annotations(value)
        elif value.value not in ("", 0, [], {}):
            value.fault("only labels and annotations are allowed here")
    spec = template.child("spec")
    _check_access_modes(spec)
    _check_size(spec)
    check_label_selector(spec.child("selector"))
    spec.one_of("volumeMode", ("Filesystem", "Block"), empty=False)
    for key in ("storageClassName", "volumeAttributesClassName"):
        if spec.text(key):
            DNS_SUBDOMAIN.check(spec.child(key), "name of a class")
    _check_data_sources(spec)


def _check_access_modes(spec: Place) -> None:
    modes = spec.elements("accessModes")
    if not modes:
        spec.child("accessModes").fault("at least one access mode is needed")
    for mode in modes:
        if isinstance(mode.value, str) and mode.value not in _ACCESS_MODES:
            mode.fault(f"{quoted(mode.value)} is not allowed: use {alternatives(_ACCESS_MODES)}")
    names = set(spec.texts("accessModes"))
    if "ReadWriteOncePod" in names and names & set(_ACCESS_MODES[:3]):
        spec.child("accessModes").fault('"ReadWriteOncePod" cannot stand beside other modes')


def _check_size(spec: Place) -> None:
    size = spec.child("resources", "requests", "storage")
    if size.value is None:
        size.fault("the size of the claim is missing")
    elif isinstance(size.value, str | int | float) and not isinstance(size.value, bool):
        try:
            if parse_quantity(size.value) <= 0:
                size.fault(f"{quoted(size.value)} is not allowed: it must be more than 0")
        except ValueError as error:
            size.fault(str(error))


def _check_data_sources(spec: Place) -> None:
    source, reference = spec.child("dataSource"), spec.child("dataSourceRef")
    for place in (source, reference):
        if not isinstance(place.value, dict):
            continue
        place.require("name", "the name")
        kind = place.require("kind", "the kind")
        group = place.text("apiGroup")
        if group:
            DNS_SUBDOMAIN.check(place.child("apiGroup"), "API group")
        elif kind and kind != "PersistentVolumeClaim":
            place.child("kind").fault('without an apiGroup it must be "PersistentVolumeClaim"')
    namespace = reference.text("namespace")
    if namespace:
        DNS_LABEL.check(reference.child("namespace"), "name of a namespace")
    if not (source and reference):
        return
    keys = ("apiGroup", "kind", "name")
    if namespace:
        source.fault("it cannot stand beside a dataSourceRef with a namespace")
    elif any(source.child(key).value != reference.child(key).value for key in keys):
        source.fault("dataSource and dataSourceRef must name the same object")
