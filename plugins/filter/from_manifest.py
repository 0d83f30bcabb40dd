# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter from_manifest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..module_utils._spec.export import task_parameters
from ..plugin_utils.conversion import converted

DOCUMENTATION = r"""
name: from_manifest
short_description: Turn the manifest of a DaemonSet into the parameters of a task
version_added: 0.1.0
author:
  - everynode contributors (@everynode)
description:
  - Makes of a manifest the parameters of the module M(everynode.kubernetes.daemonset) that say the
    same, without a cluster.
  - All names are in snake_case. What only the server sets is left out (C(status), C(uid),
    C(managedFields) and the like), and so are values that the server fills in by itself. What no
    parameter stands for remains in C(definition).
  - Nothing else is changed. Applied, the parameters give the same object as the manifest.
options:
  _input:
    description:
      - The manifest of one DaemonSet, as a dictionary or as YAML or JSON text. It may also be a
        live object, or a list with one DaemonSet in it.
    type: raw
    required: true
notes:
  - Text in the manifest that holds C({{) is no template to the filter. Where the result is written
    into a playbook, such text needs the tag C(!unsafe).
seealso:
  - plugin: everynode.kubernetes.to_manifest
    plugin_type: filter
  - module: everynode.kubernetes.daemonset
"""

EXAMPLES = r"""
- name: Show a manifest as the parameters of a task
  ansible.builtin.debug:
    msg: "{{ lookup('ansible.builtin.file', 'agent.yaml') | everynode.kubernetes.from_manifest }}"

- name: Write a manifest as a file of tasks
  ansible.builtin.copy:
    content: "{{ [task] | to_nice_yaml(indent=2) }}"
    dest: tasks/agent.yml
    mode: "0644"
  vars:
    manifest: "{{ lookup('ansible.builtin.file', 'agent.yaml') }}"
    task:
      name: Run the agent on every node
      everynode.kubernetes.daemonset: "{{ manifest | everynode.kubernetes.from_manifest }}"
"""

RETURN = r"""
_value:
  description: The parameters by name.
  type: dict
  sample:
    containers:
      - image: example/agent:1
        name: agent
    name: agent
    namespace: monitoring
    selector: {match_labels: {app: agent}}
"""


def from_manifest(manifest: Any) -> Any:
    """The parameters of the module ``daemonset`` that say the same as a manifest."""
    return converted(task_parameters, manifest)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"from_manifest": from_manifest}
