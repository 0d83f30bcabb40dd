# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the comparison, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

_TOP = """\
<!--
Copyright (c) 2026 everynode contributors
GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later

Written by tools/agents/compare.py.
-->

# Agents beside their published manifests

Each table has every difference between what a role makes with its defaults and what the project of
the agent publishes: volumes and mounts, tolerations and nodes, security, namespaces of the node,
ports, probes, resources, priority, updates, and rights. Both have been through the same API server,
so a default that is spelled out is no difference. Versions, arguments, variables and names are not
compared. A dash stands for nothing, or for what Kubernetes does anyway. Rights are compared where
the project publishes them beside the manifest.

What a role would change in your cluster, it says itself, before it does it:

```yaml
- name: Which DaemonSets there are now
  everynode.kubernetes.daemonset_info:
    all_namespaces: true

- name: What the role would change
  ansible.builtin.include_role:
    name: everynode.kubernetes.node_exporter
    apply:
      check_mode: true
      diff: true
```

Every difference can be taken back by the role's variables or its `NAME_settings`.
"""


class Row(Protocol):
    """What the page says of one difference."""

    @property
    def what(self) -> str:
        """The fact."""

    @property
    def published(self) -> str:
        """As the project has it."""

    @property
    def ours(self) -> str:
        """As the role has it."""

    @property
    def why(self) -> str:
        """The reason."""


def text(
    table: Mapping[str, Mapping[str, Any]],
    differences: Mapping[str, Sequence[Row]],
    alone: Sequence[str],
) -> str:
    """The page.

    Args:
        table: what is published for each role.
        differences: of the roles that were compared.
        alone: the roles that were not.
    """
    parts = [_TOP]
    for role, rows in differences.items():
        parts.append("\n".join(_section(role, table[role], rows)))
    if alone:
        listed = ", ".join(f"`{role}`" for role in alone)
        parts.append(
            "## Without a published manifest to compare with\n\n"
            f"{listed}: their READMEs say what they do on a node, and why.\n"
        )
    return "\n".join(parts)


def _section(role: str, entry: Mapping[str, Any], rows: Sequence[Row]) -> Iterator[str]:
    yield f"## {role}\n"
    yield _origin(entry)
    if "variables" in entry:
        yield "The role has these variables, to be about the same:\n"
        yield from (f"- `{name}: {_value(value)}`" for name, value in entry["variables"].items())
        yield ""
    if not rows:
        yield "There is no difference.\n"
        return
    yield "| | published | role | why |"
    yield "|---|---|---|---|"
    for row in rows:
        yield f"| {row.what} | {row.published or '-'} | {row.ours or '-'} | {row.why} |"
    yield ""


def _origin(entry: Mapping[str, Any]) -> str:
    parts = []
    if "path" in entry:
        parts.append(f"Published in {entry['repository']}, `{entry['path']}`.")
    if "rights" not in entry:
        parts.append("Rights are not compared.")
    elif entry.get("rights_path") != entry.get("path"):
        only = "" if "path" in entry else "Only rights are compared. "
        parts.append(f"{only}Rights: {entry['repository']}, `{entry['rights_path']}`.")
    return " ".join(parts) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
