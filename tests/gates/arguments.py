# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real argument spec of a module, and values for what its examples leave to templates."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator

_STAND_INS: dict[str, Any] = {
    "bool": True,
    "dict": {},
    "float": 1.0,
    "int": 1,
    "json": "{}",
    "list": [],
    "raw": "templated",
}
_RULES = (
    "mutually_exclusive",
    "required_together",
    "required_one_of",
    "required_if",
    "required_by",
)


class _SeenError(Exception):
    """Ends a module's main() once it has said what its arguments are."""


def specification(module: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a module's main() hands to AnsibleModule."""
    seen: dict[str, Any] = {}

    def note(_self: object, **given: Any) -> None:
        seen.update(given)
        raise _SeenError

    monkeypatch.setattr("ansible.module_utils.basic.AnsibleModule.__init__", note)
    name = f"ansible_collections.everynode.kubernetes.plugins.modules.{module.stem}"
    with pytest.raises(_SeenError):
        importlib.import_module(name).main()
    return seen


def checked(
    specification: dict[str, Any], given: dict[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """The parameters that the module would see, and what Ansible itself would refuse in them."""
    spec = specification["argument_spec"]
    rules = {rule: specification.get(rule) for rule in _RULES}
    filled = {key: _filled(value, spec.get(key, {})) for key, value in given.items()}
    result = ModuleArgumentSpecValidator(spec, **rules).validate(filled)
    return result.validated_parameters, result.error_messages


def _filled(value: Any, option: dict[str, Any]) -> Any:
    """A value of the right type where the whole value is a template, as Ansible would make it."""
    if isinstance(value, str) and value.startswith("{{") and value.endswith("}}"):
        choices = option.get("choices")
        return choices[0] if choices else _STAND_INS.get(option.get("type", "str"), "templated")
    return value
