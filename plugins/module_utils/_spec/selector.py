# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The selector, which cannot change, and the pod labels that have to match it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from .._base.errors import Fault, InputError
from .checks.findings import Place
from .checks.metadata import check_selector
from .names import Path

NAME_LABEL = "app.kubernetes.io/name"

_LONGEST_LABEL_VALUE = 63


def settled(
    spec: Mapping[str, Any],
    *,
    name: str,
    live: Mapping[str, Any] | None,
    user_path: Callable[[Path], str],
) -> dict[str, Any]:
    """A DaemonSetSpec with its selector, and with the pod labels that the selector asks for.

    Args:
        spec: the spec that is asked for, with or without a selector.
        name: the DaemonSet's name.
        live: the selector of the DaemonSet on the server, or None where there is none.
        user_path: gives the user's path for a path of the manifest.

    Raises:
        InputError: the selector is not the live one, which the API never changes
            (ValidateDaemonSetUpdate in pkg/apis/apps/validation/validation.go), or the pod labels
            contradict the selector.
    """
    completed = dict(spec)
    if "selector" in spec:
        if live is None:
            return completed
        if differs(spec["selector"], live):
            raise _changed(live, user_path)
    # The same selector in another order is a change to the API, and refused: the live one is taken.
    completed["selector"] = copy.deepcopy(dict(live)) if live else _default(name, user_path)
    add_selected_labels(completed)
    _check_labels(completed, user_path, is_new=live is None)
    return completed


def add_selected_labels(spec: dict[str, Any]) -> None:
    """Adds the labels that the selector asks for to the pod labels, where they are missing."""
    wanted = spec["selector"].get("matchLabels") or {}
    template = spec["template"] = dict(spec["template"])
    metadata = template["metadata"] = dict(template.get("metadata") or {})
    labels = metadata.get("labels") or {}
    missing = {key: value for key, value in wanted.items() if labels.get(key) is None}
    if missing:
        metadata["labels"] = {**labels, **missing}


def _default(name: str, user_path: Callable[[Path], str]) -> dict[str, Any]:
    if len(name) > _LONGEST_LABEL_VALUE:
        problem = (
            f"has {len(name)} characters; without a selector the pods are selected by the label"
            f" {NAME_LABEL}, which takes {_LONGEST_LABEL_VALUE}: give a selector"
        )
        raise InputError([Fault(user_path(("metadata", "name")), problem)])
    return {"matchLabels": {NAME_LABEL: name}}


def _changed(live: Mapping[str, Any], user_path: Callable[[Path], str]) -> InputError:
    problem = (
        f"is not that of the existing DaemonSet ({shown(live)}), and a selector cannot be changed:"
        " leave it out, or have the DaemonSet deleted and created again with on_selector_change"
    )
    return InputError([Fault(user_path(("spec", "selector")), problem)])


def _meaning(selector: Mapping[str, Any]) -> tuple[Any, ...]:
    """The selector without the order of its parts."""
    expressions = selector.get("matchExpressions") or []
    return selector.get("matchLabels") or {}, sorted(
        (one.get("key") or "", one.get("operator") or "", sorted(one.get("values") or []))
        for one in expressions
    )


def differs(selector: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Whether two selectors select by other labels; the order of their parts means nothing."""
    return _meaning(selector) != _meaning(live)


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a selector matches these labels (LabelSelectorAsSelector in k8s.io/apimachinery)."""
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _meets(one, labels.get(one["key"])) for one in selector.get("matchExpressions") or []
    )


def _meets(expression: Mapping[str, Any], label: str | None) -> bool:
    values = expression.get("values") or []
    return {
        "In": label is not None and label in values,
        "NotIn": label is None or label not in values,
        "Exists": label is not None,
        "DoesNotExist": label is None,
    }[expression["operator"]]


def shown(selector: Mapping[str, Any]) -> str:
    """A selector as kubectl writes it."""
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for one in selector.get("matchExpressions") or []:
        values = f" ({', '.join(one['values'])})" if one.get("values") else ""
        parts.append(f"{one.get('key')} {one.get('operator')}{values}")
    return ", ".join(parts)


def _check_labels(
    spec: Mapping[str, Any], user_path: Callable[[Path], str], *, is_new: bool
) -> None:
    """Checks the pod labels against a selector that the user did not write."""
    place = Place(spec)
    check_selector(place)
    problems = [finding.problem for finding in place.findings if not finding.warning]
    if not problems:
        return
    selector = shown(spec["selector"])
    whose = (
        f"the selector where none is given is {selector}: change the label, or give a selector"
        if is_new
        else f"the existing DaemonSet's selector is {selector} and cannot be changed"
    )
    path = user_path(("spec", "template", "metadata", "labels"))
    raise InputError([Fault(path, f"{problem}; {whose}") for problem in problems])
