# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter to_manifest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.utils.display import Display

from ..module_utils._base.errors import Fault, InputError
from ..module_utils._spec.export import manifest_of
from ..module_utils._verbs.daemonset import VERB
from ..plugin_utils.arguments import unknown_names
from ..plugin_utils.conversion import converted

DOCUMENTATION = r"""
name: to_manifest
short_description: Turn the parameters of a task into the manifest of a DaemonSet
version_added: 0.1.0
author:
  - everynode contributors (@everynode)
description:
  - Makes of the parameters of the module M(everynode.kubernetes.daemonset) the manifest that the
    module would apply for a new DaemonSet, without a cluster.
  - The checks are those of the module. Every fault is reported at once, with its path.
  - Parameters that say nothing about the DaemonSet, such as those of the connection, are allowed
    and have no effect.
options:
  _input:
    description:
      - The parameters by name, as for the module with
        O(everynode.kubernetes.daemonset#module:state=present).
      - In place of O(everynode.kubernetes.daemonset#module:src), give the text of the file as
        O(everynode.kubernetes.daemonset#module:definition).
    type: dict
    required: true
notes:
  - The manifest has a namespace only where the parameters have one.
seealso:
  - plugin: everynode.kubernetes.from_manifest
    plugin_type: filter
  - module: everynode.kubernetes.daemonset
"""

EXAMPLES = r"""
- name: Write a manifest for a tool that applies what is in a repository
  ansible.builtin.copy:
    content: "{{ agent | everynode.kubernetes.to_manifest | to_nice_yaml(indent=2) }}"
    dest: deploy/agent.yaml
    mode: "0644"
  vars:
    agent:
      name: agent
      namespace: monitoring
      containers:
        - name: agent
          image: example/agent:1.4.2
      tolerations:
        - operator: Exists
"""

RETURN = r"""
_value:
  description: The manifest.
  type: dict
  sample:
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: agent, namespace: monitoring}
"""


def to_manifest(parameters: Any) -> Any:
    """The manifest that the module ``daemonset`` would apply for these parameters."""
    return converted(_manifest, parameters)


def _manifest(parameters: Any) -> dict[str, Any]:
    if not isinstance(parameters, dict):
        raise AnsibleFilterError("Invalid input: to_manifest takes a dictionary of parameters.")
    refusal = unknown_names(VERB, parameters)
    if refusal is not None:
        raise AnsibleFilterError(refusal)
    checked = ArgumentSpecValidator(VERB.argument_spec).validate(parameters)
    if checked.error_messages:
        raise AnsibleFilterError(f"Invalid input: {'; '.join(checked.error_messages)}.")
    params = checked.validated_parameters
    faults = list(_without_a_manifest(params))
    if faults:
        raise InputError(faults)
    manifest, warnings = manifest_of(params)
    for warning in warnings:
        Display().warning(warning)
    return manifest


def _without_a_manifest(params: dict[str, Any]) -> list[Fault]:
    """What cannot be turned into a manifest."""
    faults = []
    if params["state"] != "present":
        faults.append(Fault("state", f"{params['state']} has no manifest, only present has"))
    if params["src"] is not None:
        problem = "a filter reads no files: give the text of the file as definition"
        faults.append(Fault("src", problem))
    return faults


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"to_manifest": to_manifest}
