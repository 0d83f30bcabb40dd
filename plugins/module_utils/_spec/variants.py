# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One agent in variants for different hardware: each node runs exactly one of them. Pure."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._base.errors import Fault, InputError
from .checks.findings import quoted
from .checks.syntax import DNS_LABEL, LABEL_KEY, LABEL_VALUE
from .fields import type_of
from .presets import required
from .spelling import normalise

# On each DaemonSet of an agent with variants: the agent's name.
VARIANT_LABEL = "everynode.kubernetes/variant-of"
_OWN_KEYS = ("name", "values")
# Only one of the DaemonSets makes these; their pods share them.
_SHARED = (
    "service_account",
    "priority_class",
    "services",
    "persistent_volume_claims",
    "other_objects",
)


def variants_of(settings: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The settings of each DaemonSet of an agent, the common one first.

    Nodes differ by the values of one label, so that no node can be meant by two variants: a node
    whose label changes gets the pod of another. The common one runs on all nodes that no variant is
    for, those without the label included; it makes the account, the priority class, the Services,
    the claims and the other objects for all.

    Args:
        settings: the parameters of ``node_agent`` that all have in common; with a name.
        wanted: ``label``, the label's key; ``variants``, each with a ``name`` that its DaemonSet's
            ends in, the ``values`` of the label, and parameters that take the place of the common
            ones (dictionaries are merged, lists of what has a name by that name).

    Raises:
        InputError: with all faults.
    """
    _check(settings, wanted)
    if not wanted:
        return [dict(settings)]
    label, variants = str(wanted["label"]), wanted["variants"]
    taken = [str(value) for one in variants for value in one["values"]]
    common = _on_nodes(_common(settings), settings["name"], label, "NotIn", taken)
    return [common, *(_variant(settings, one, label) for one in variants)]


def _variant(settings: Mapping[str, Any], one: Mapping[str, Any], label: str) -> dict[str, Any]:
    base = {key: value for key, value in settings.items() if key not in _SHARED}
    if settings.get("service_account"):
        named = settings["service_account"].get("name") or settings.get("service_account_name")
        base["service_account_name"] = named or settings["name"]
    if settings.get("priority_class"):
        named = settings["priority_class"].get("name") or settings.get("priority_class_name")
        base["priority_class_name"] = named or f"{settings['namespace']}.{settings['name']}"
    own = {key: value for key, value in one.items() if key not in _OWN_KEYS}
    made = merged(base, own)
    made["name"] = f"{settings['name']}-{one['name']}"
    values = [str(value) for value in one["values"]]
    return _on_nodes(made, settings["name"], label, "In", values)


def _common(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The common settings, whose Services select the pods of all variants."""
    made = dict(settings)
    if settings.get("services"):
        made["services"] = [
            {"selector": {VARIANT_LABEL: settings["name"]}, **one} for one in settings["services"]
        ]
    return made


def _on_nodes(
    settings: dict[str, Any], agent: str, label: str, operator: str, values: Sequence[str]
) -> dict[str, Any]:
    """Settings for the nodes whose label has, or has not, one of these values."""
    made = dict(settings)
    for kind in ("labels", "pod_labels"):
        made[kind] = {**(settings.get(kind) or {}), VARIANT_LABEL: agent}
    if values:
        expression = {"key": label, "operator": operator, "values": list(dict.fromkeys(values))}
        # The user may write either spelling; faults are told where the parameters are read.
        affinity, _faulty, _doubts = normalise(
            settings.get("affinity") or {}, type_of("affinity"), "affinity"
        )
        made["affinity"] = required({"affinity": affinity or {}}, [expression])["affinity"]
    return made


def merged(base: Any, over: Any) -> Any:
    """A value laid over another: dictionaries by key, lists of what has a name by that name."""
    if isinstance(base, dict) and isinstance(over, dict):
        return {
            **copy.deepcopy(base),
            **{key: merged(base.get(key), value) for key, value in over.items()},
        }
    if _is_named(base) and _is_named(over):
        news = {one["name"]: one for one in over}
        kept = [merged(one, news.pop(one["name"], {})) for one in base]
        return [*kept, *news.values()]
    return copy.deepcopy(over)


def _is_named(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) and "name" in one for one in value)


def _check(settings: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    faults = list(_faults(settings, wanted))
    if faults:
        raise InputError(faults)


def _faults(settings: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[Fault]:
    if not settings.get("name"):
        yield Fault("name", "is missing")
    if not wanted:
        return
    for key in wanted:
        if key not in ("label", "variants"):
            yield Fault(f"variants.{key}", "unknown field, allowed: label, variants")
    if not LABEL_KEY.holds(str(wanted.get("label") or "")):
        yield Fault("variants.label", "is missing, or is no key of a label")
    if not isinstance(wanted.get("variants"), list):
        yield Fault("variants.variants", "is missing: it is a list of variants")
        return
    yield from _variant_faults(wanted["variants"])


def _variant_faults(variants: Sequence[Any]) -> Iterator[Fault]:
    names: set[str] = set()
    owners: dict[str, str] = {}
    for index, one in enumerate(variants):
        path = f"variants.variants[{index}]"
        if not isinstance(one, dict):
            yield Fault(path, "expects a dictionary")
            continue
        name = one.get("name")
        if not isinstance(name, str) or not DNS_LABEL.holds(name):
            yield Fault(f"{path}.name", "is missing, or is no part of a name")
        elif name in names:
            yield Fault(f"{path}.name", f"{quoted(name)} is the name of another variant")
        names.add(str(name))
        values = one.get("values")
        if not isinstance(values, list) or not values:
            yield Fault(f"{path}.values", "is missing: the values that the label has there")
            continue
        for number, value in enumerate(map(str, values)):
            where = f"{path}.values[{number}]"
            if not LABEL_VALUE.holds(value):
                yield Fault(where, f"{quoted(value)} is no value of a label")
            elif owners.get(value, str(name)) != str(name):
                problem = f"{quoted(value)} is a value of the variant {owners[value]}, too"
                yield Fault(where, f"{problem}: a node would run both")
            owners.setdefault(value, str(name))
