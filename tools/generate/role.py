# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes what follows from the module in the role ``node_agent``: its variables.

    python -m tools.generate.role

Every parameter of the module is a variable of the role, with the role's name before it.
"""

from __future__ import annotations

import importlib
import pathlib
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

_TOP = pathlib.Path(__file__).resolve().parents[2]
ROLE = _TOP / "roles" / "node_agent"
_HEADER = """\
# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Written by tools/generate/role.py.
---
"""
_MODULE = "node_agent"
_MARKUP = re.compile(r"\b[A-Z]\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
# What only the action plugin fills in.
_NOT_FOR_USERS = frozenset({"src_content", "secrets_content", "kubeconfig_content", "settings"})
# The connection is told by module_defaults, for all modules of a play alike.
_CONNECTION = "everynode.kubernetes.connection"
# Variables of the role's own, beside those of the module.
_OWN: Mapping[str, dict[str, Any]] = {
    "state": {
        "type": "str",
        "choices": ["present", "absent", "restarted"],
        "default": "present",
        "description": "Whether the agent is there, is not, or all of its pods are replaced.",
    },
    "agent": {
        "type": "dict",
        "default": {},
        "description": "Parameters of the module node_agent by their own names, as the role of an"
        " agent gives them. All variables are laid over them.",
    },
    "settings": {
        "type": "dict",
        "default": {},
        "description": "Parameters of the module node_agent by their own names, those of the"
        " connection too. They are laid over the variables; dictionaries are merged, and lists of"
        " what has a name by that name.",
    },
    "variant_label": {
        "type": "str",
        "description": "The key of the label by which nodes with other hardware differ.",
    },
    "variants": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "description": "The agent's variants for other hardware, each with a name, the values of"
        " the label, and parameters of its own; see the filter variants.",
    },
}


def parameters() -> dict[str, dict[str, Any]]:
    """The documentation of the module's parameters by name, with that of its fragments."""
    package = "plugins"
    source = importlib.import_module(f"{package}.modules.{_MODULE}").DOCUMENTATION
    documentation = yaml.safe_load(source)
    found: dict[str, dict[str, Any]] = {}
    for name in documentation["extends_documentation_fragment"]:
        if name == _CONNECTION:
            continue
        file, _dot, part = name.removeprefix("everynode.kubernetes.").partition(".")
        fragment = importlib.import_module(f"{package}.doc_fragments.{file}").ModuleDocFragment
        text = getattr(fragment, part.upper() or "DOCUMENTATION")
        found |= yaml.safe_load(text).get("options") or {}
    found |= documentation["options"]
    return {name: entry for name, entry in sorted(found.items()) if name not in _NOT_FOR_USERS}


def _plain(text: str) -> str:
    """A sentence without Ansible's markup, which would lead to options of the role."""
    while (plain := _MARKUP.sub(r"\1", text)) != text:
        text = plain
    return text


def _summary(entry: Mapping[str, Any]) -> str:
    description = entry["description"]
    first = description if isinstance(description, str) else description[0]
    return _plain(" ".join(first.split()))


def _option(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    yield f"      {ROLE.name}_{name}:"
    wrapped = textwrap.wrap(_summary(entry), 92, break_long_words=False, break_on_hyphens=False)
    yield "        description: >-"
    yield from (f"          {line}" for line in wrapped)
    for key in ("type", "elements"):
        if key in entry:
            yield f"        {key}: {entry[key]}"
    if entry.get("choices"):
        shown = yaml.safe_dump(entry["choices"], default_flow_style=True, width=1000).strip()
        yield f"        choices: {shown}"
    if name in _OWN and "default" in entry:
        yield f"        default: {yaml.safe_dump(entry['default']).splitlines()[0]}"


def argument_specs() -> str:
    """The text of meta/argument_specs.yml."""
    options = {**parameters(), **_OWN}
    lines = [
        "argument_specs:",
        "  main:",
        "    short_description: A node agent with all that it needs",
        "    description:",
        "      - Keeps one agent on the nodes of a cluster, with its account, rights,",
        "        configuration and Services, by the module node_agent. Every parameter of the",
        "        module is a variable of this role.",
        "    author:",
        "      - everynode contributors (@everynode)",
        "    version_added: 0.1.0",
        "    options:",
    ]
    for name in sorted(options):
        lines += _option(name, options[name])
    return _HEADER + "\n".join(lines) + "\n"


def settings() -> str:
    """The text of vars/main.yml: the parameters that are given, by their names in the module."""
    lines = ["node_agent__given:"]
    for name in parameters():
        if name != "state":
            lines.append(f'  {name}: "{{{{ node_agent_{name} | default(none) }}}}"')
    lines += [
        "node_agent__layers:",
        '  - "{{ node_agent__given }}"',
        '  - "{{ node_agent_settings }}"',
        'node_agent__label: "{{ node_agent_variant_label | default(none, true) }}"',
        "node_agent__arguments:",
        '  - "{{ node_agent__label }}"',
        '  - "{{ node_agent_variants }}"',
        '  - "{{ node_agent__layers }}"',
        "node_agent__all: >-",
        "  {{ node_agent_agent | everynode.kubernetes.variants(*node_agent__arguments) }}",
    ]
    return _HEADER + "\n".join(lines) + "\n"


FILES = {
    "meta/argument_specs.yml": argument_specs,
    "vars/main.yml": settings,
}


def main() -> int:
    """Runs the command line."""
    for name, text in FILES.items():
        path = ROLE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
