# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of metadata: names, labels, annotations, selectors, the description.

Source: k8s.io/apimachinery pkg/api/validation/objectmeta.go and pkg/apis/meta/v1/validation.
"""

from __future__ import annotations

from ..descriptions import DESCRIPTION_ANNOTATIONS
from .findings import Place, alternatives, quoted
from .syntax import DNS_LABEL, DNS_SUBDOMAIN, LABEL_KEY, LABEL_VALUE, as_prefix

DESCRIPTION_LIMIT = 512
_DESCRIPTION_CONSOLE_LIMIT = 256
# KubeSphere's second name of an object, for people.
_ALIAS_ANNOTATION = "kubesphere.io/alias-name"
_ALIAS_CONSOLE_LIMIT = 63
_ANNOTATIONS_LIMIT = 256 * 1024
_STANDARD_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")
_SELECTOR_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def check_metadata(manifest: Place) -> None:
    """Check the DaemonSet's own metadata."""
    metadata = manifest.child("metadata")
    name = metadata.require("name", "the DaemonSet's name")
    if name and DNS_SUBDOMAIN.check(metadata.child("name"), "name of a DaemonSet"):
        _warn_of_long_name(metadata.child("name"))
    namespace = metadata.child("namespace")
    if namespace.value not in (None, ""):
        DNS_LABEL.check(namespace, "name of a namespace")
    prefix = metadata.text("generateName")
    if not DNS_SUBDOMAIN.holds(as_prefix(prefix or "a")):
        DNS_SUBDOMAIN.check(metadata.child("generateName"), "prefix of a name")
    check_labels(metadata.child("labels"))
    check_annotations(metadata.child("annotations"))
    _check_finalizers(metadata)
    for key in DESCRIPTION_ANNOTATIONS:
        check_description(metadata.child("annotations", key))
    alias = metadata.text("annotations", _ALIAS_ANNOTATION)
    if len(alias) > _ALIAS_CONSOLE_LIMIT:
        metadata.child("annotations", _ALIAS_ANNOTATION).warn_of_console(
            f"an alias of {len(alias)} characters: consoles take at most {_ALIAS_CONSOLE_LIMIT}"
        )


def check_description(place: Place) -> None:
    """Check the length of a description, counted in characters and not in bytes."""
    if not isinstance(place.value, str):
        return
    length = len(place.value)
    if length > DESCRIPTION_LIMIT:
        place.fault(f"a description has at most {DESCRIPTION_LIMIT} characters, this one {length}")
    elif length > _DESCRIPTION_CONSOLE_LIMIT:
        place.warn_of_console(
            f"a description of {length} characters: some consoles take at most"
            f" {_DESCRIPTION_CONSOLE_LIMIT}"
        )


def check_labels(place: Place) -> None:
    """Check the keys and values of labels, or of what selects by labels."""
    for key, value in place.entries():
        if not LABEL_KEY.holds(key):
            value.fault(_bad_key(key))
        LABEL_VALUE.check(value)


def check_annotations(place: Place) -> None:
    """Check the keys of annotations and their size together; their values are free."""
    total = 0
    for key, value in place.entries():
        if not LABEL_KEY.holds(key.lower()):
            value.fault(_bad_key(key))
        total += len(key.encode()) + (
            len(value.value.encode()) if isinstance(value.value, str) else 0
        )
    if total > _ANNOTATIONS_LIMIT:
        place.fault(
            f"annotations may take {_ANNOTATIONS_LIMIT // 1024} KiB together,"
            f" these take {total:,} bytes"
        )


def _bad_key(key: str) -> str:
    return f"{quoted(key)} is not a valid key: {LABEL_KEY.allowed}"


def check_label_selector(place: Place) -> None:
    """Check a selector by labels.

    Source: k8s.io/apimachinery pkg/apis/meta/v1/validation ValidateLabelSelector.
    """
    check_labels(place.child("matchLabels"))
    for expression in place.objects("matchExpressions"):
        check_expression(expression, _SELECTOR_OPERATORS)


def check_expression(place: Place, operators: tuple[str, ...], *, values: bool = True) -> None:
    """Check one expression over labels: key, operator and values.

    Args:
        operators: those allowed here.
        values: whether the values have to be label values.
    """
    if place.require("key", "the key of a label"):
        LABEL_KEY.check(place.child("key"), "label key")
    operator = place.text("operator")
    count = len(place.elements("values"))
    if operator not in operators:
        shown = quoted(operator) if operator else "nothing"
        place.child("operator").fault(
            f"the operator must be {alternatives(operators)}, not {shown}"
        )
    elif operator in ("In", "NotIn") and not count:
        place.child("values").fault(f'the operator "{operator}" needs at least one value')
    elif operator in ("Exists", "DoesNotExist") and count:
        place.child("values").fault(f'the operator "{operator}" takes no values')
    elif operator in ("Gt", "Lt") and count != 1:
        place.child("values").fault(f'the operator "{operator}" takes exactly one value')
    if values:
        for value in place.elements("values"):
            LABEL_VALUE.check(value)


def check_selector(spec: Place) -> None:
    """Check the DaemonSet's selector, where there is one, against its pod labels."""
    selector = spec.child("selector")
    if not isinstance(selector.value, dict):
        return
    known = len(selector.findings)
    check_label_selector(selector)
    if len(selector.findings) > known:
        return
    pairs = list(selector.child("matchLabels").entries())
    expressions = selector.objects("matchExpressions")
    if not pairs and not expressions:
        selector.fault(
            "an empty selector is not allowed: give matchLabels, or no selector to have one made"
        )
    labels = {
        key: value.value
        for key, value in spec.child("template", "metadata", "labels").entries()
        if isinstance(value.value, str)
    }
    for key, value in pairs:
        if isinstance(value.value, str) and labels.get(key) != value.value:
            have = f"{quoted(labels[key])}" if key in labels else "no such label"
            value.fault(
                f"the selector wants the pod label {key}={value.value}, the pods have {have}"
            )
    for expression in expressions:
        if not _matches(expression, labels):
            expression.fault(f"the pod labels do not match {_shown(expression)}")


def _matches(expression: Place, labels: dict[str, str]) -> bool:
    label = labels.get(expression.text("key"))
    values = expression.texts("values")
    return {
        "In": label is not None and label in values,
        "NotIn": label is None or label not in values,
        "Exists": label is not None,
        "DoesNotExist": label is None,
    }.get(expression.text("operator"), True)


def _shown(expression: Place) -> str:
    values = expression.texts("values")
    listed = f" ({', '.join(values)})" if values else ""
    return f"the expression {expression.text('key')} {expression.text('operator')}{listed}"


def _warn_of_long_name(place: Place) -> None:
    if not DNS_LABEL.holds(place.value):
        place.warn_of_console(
            f"{quoted(place.value)} has dots or more than 63 characters,"
            " which consoles do not take for a name"
        )


def _check_finalizers(metadata: Place) -> None:
    for finalizer in metadata.elements("finalizers"):
        valid = LABEL_KEY.check(finalizer, "finalizer")
        if valid and "/" not in finalizer.value and finalizer.value not in _STANDARD_FINALIZERS:
            finalizer.fault(f"{quoted(finalizer.value)} needs a domain: example.com/NAME")
    names = metadata.texts("finalizers")
    if "orphan" in names and "foregroundDeletion" in names:
        metadata.child("finalizers").fault(
            'the finalizers "orphan" and "foregroundDeletion" exclude each other'
        )
